package members

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

// digestOf returns when the next mail is due; on says that somebody asked for it.
func digestOf(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (due int, on bool, err error) {
	err = tx.Get(ctx, "select due_day from digest where group_id = $1 and person_id = $2", []any{string(g), string(p)}, &due)
	if errors.Is(err, db.ErrNoRows) {
		return 0, false, nil
	}
	return due, err == nil, err
}

// digestBy returns db.ErrNoRows when no link has that hash.
func digestBy(ctx context.Context, tx *db.Tx, hash []byte) (g id.Group, p id.Person, err error) {
	err = tx.Get(ctx, "select group_id, person_id from digest where hash = $1", []any{hash}, &g, &p)
	return g, p, err
}

const (
	selectDigest = "select group_id, person_id, since_day from digest where "
	digestDue    = selectDigest + "due_day <= $1 order by due_day limit $2"
)

func scanDigest(scan func(...any) error) (a digestMail, err error) {
	err = scan(&a.Group, &a.Person, &a.From)
	return a, err
}

func dueDigests(ctx context.Context, tx *db.Tx, today, limit int) ([]digestMail, error) {
	return db.Query(ctx, tx, digestDue, []any{today, limit}, scanDigest)
}

func digestsOf(ctx context.Context, tx *db.Tx, p id.Person) ([]digestMail, error) {
	return db.Query(ctx, tx, selectDigest+"person_id = $1 order by group_id", []any{string(p)}, scanDigest)
}

// insertDigest leaves a row that is there as it is.
func insertDigest(ctx context.Context, tx *db.Tx, g id.Group, p id.Person, hash []byte, today int) error {
	_, err := tx.Exec(ctx, `insert into digest (group_id, person_id, hash, since_day, due_day) values ($1, $2, $3, $4, $5)
		on conflict (group_id, person_id) do nothing`, string(g), string(p), hash, today, day.After(today, every))
	if err != nil {
		return fmt.Errorf("store who wants a weekly mail: %w", err)
	}
	return nil
}

func putDigest(ctx context.Context, tx *db.Tx, g id.Group, p id.Person, since, due int) error {
	_, err := tx.Exec(ctx, "update digest set since_day = $3, due_day = $4 where group_id = $1 and person_id = $2", string(g), string(p), since, due)
	return err
}

func deleteDigest(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) error {
	_, err := tx.Exec(ctx, "delete from digest where group_id = $1 and person_id = $2", string(g), string(p))
	return err
}
