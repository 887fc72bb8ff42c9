package identity

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

type invitationRow struct {
	id      string
	group   id.Group // "" for the node
	role    string
	madeBy  id.Person // "" for the command line
	expires time.Time
}

func insertInvitation(ctx context.Context, tx *db.Tx, secret string, r invitationRow) error {
	_, err := tx.Exec(ctx, `insert into invitation (hash, id, group_id, role, made_by, expires_at, used_day)
		values ($1, $2, $3, $4, $5, $6, 0)`, id.Hash(secret), r.id, nullable(string(r.group)), r.role,
		nullable(string(r.madeBy)), clock.Micros(r.expires))
	if err != nil {
		return fmt.Errorf("insert invitation: %w", err)
	}
	return nil
}

func nullable(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// invitationByHash returns db.ErrNoRows for a link that does not work.
func invitationByHash(ctx context.Context, tx *db.Tx, hash []byte) (invitationRow, error) {
	var r invitationRow
	var group, by sql.NullString
	err := tx.Get(ctx, "select id, group_id, role, made_by from invitation where hash = $1 and used_day = 0 and expires_at > $2",
		[]any{hash, clock.Micros(tx.Now())}, &r.id, &group, &r.role, &by)
	r.group, r.madeBy = id.Group(group.String), id.Person(by.String)
	return r, err
}

// useInvitation changes a row only once, whoever races for it.
func useInvitation(ctx context.Context, tx *db.Tx, hash []byte) (int64, error) {
	return tx.Exec(ctx, "update invitation set used_day = $1 where hash = $2 and used_day = 0 and expires_at > $3",
		day(tx.Now()), hash, clock.Micros(tx.Now()))
}

func openInvitations(ctx context.Context, tx *db.Tx, g id.Group) ([]OpenInvitation, error) {
	return db.Query(ctx, tx, `select id, role, expires_at from invitation
		where group_id = $1 and used_day = 0 and expires_at > $2 order by expires_at desc, id desc`,
		[]any{string(g), clock.Micros(tx.Now())}, func(scan func(...any) error) (OpenInvitation, error) {
			var o OpenInvitation
			var at int64
			err := scan(&o.ID, &o.Role, &at)
			o.Ends = clock.FromMicros(at)
			return o, err
		})
}

func deleteInvitation(ctx context.Context, tx *db.Tx, g id.Group, iid string) (int64, error) {
	return tx.Exec(ctx, "delete from invitation where group_id = $1 and id = $2 and used_day = 0", string(g), iid)
}

func deleteInvitationsBy(ctx context.Context, tx *db.Tx, g id.Group, maker id.Person) error {
	_, err := tx.Exec(ctx, "delete from invitation where group_id = $1 and made_by = $2 and used_day = 0", string(g), string(maker))
	return err
}

// deleteLinks removes the unused links of a role that belong to a person, or
// with "" to nobody.
func deleteLinks(ctx context.Context, tx *db.Tx, role string, of id.Person) error {
	_, err := tx.Exec(ctx, "delete from invitation where role = $1 and group_id is null and coalesce(made_by, '') = $2 and used_day = 0",
		role, string(of))
	return err
}

// deleteLinksBy removes every unused link that a person made.
func deleteLinksBy(ctx context.Context, tx *db.Tx, maker id.Person) error {
	_, err := tx.Exec(ctx, "delete from invitation where made_by = $1 and used_day = 0", string(maker))
	return err
}
