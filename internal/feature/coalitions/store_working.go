package coalitions

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/id"
)

// Working is a group that works on something for another one.
type Working struct {
	Parent, Group id.Group
	Handle        string // of the group
	Purpose       string
	Listed        bool // the group said yes
}

const selectWorking = "select parent_id, group_id, handle, purpose, listed from working_group "

func scanWorking(scan func(...any) error) (Working, error) {
	var w Working
	return w, scan(&w.Parent, &w.Group, &w.Handle, &w.Purpose, &w.Listed)
}

// maxWorking bounds the working groups of one group.
const maxWorking = 200

// workingOf is the zero Working when a group is not asked and not listed.
func workingOf(ctx context.Context, tx *db.Tx, parent, g id.Group) (Working, error) {
	w, err := one(db.Query(ctx, tx, selectWorking+"where parent_id = $1 and group_id = $2", []any{string(parent), string(g)}, scanWorking))
	if errors.Is(err, db.ErrNoRows) {
		return Working{}, nil
	}
	return w, err
}

const workingInQuery = selectWorking + "where parent_id = $1 order by handle limit $2"

// workingIn are the working groups of a group, those that are only asked too.
func workingIn(ctx context.Context, tx *db.Tx, parent id.Group) ([]Working, error) {
	return db.Query(ctx, tx, workingInQuery, []any{string(parent), maxWorking}, scanWorking)
}

const worksForQuery = selectWorking + "where group_id = $1 order by parent_id limit $2"

// worksFor are the groups that a group works for, or is asked to.
func worksFor(ctx context.Context, tx *db.Tx, g id.Group) ([]Working, error) {
	return db.Query(ctx, tx, worksForQuery, []any{string(g), maxWorking}, scanWorking)
}

func putWorking(ctx context.Context, tx *db.Tx, w *Working) error {
	_, err := tx.Exec(ctx, `insert into working_group (parent_id, group_id, handle, purpose, listed) values ($1, $2, $3, $4, $5)
		on conflict (parent_id, group_id) do update set purpose = excluded.purpose, listed = excluded.listed`,
		string(w.Parent), string(w.Group), w.Handle, w.Purpose, w.Listed)
	if err != nil {
		return fmt.Errorf("store working group: %w", err)
	}
	return nil
}

func dropWorking(ctx context.Context, tx *db.Tx, parent, g id.Group) error {
	_, err := tx.Exec(ctx, "delete from working_group where parent_id = $1 and group_id = $2", string(parent), string(g))
	return err
}
