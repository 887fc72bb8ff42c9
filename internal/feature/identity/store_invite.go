package identity

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

type invitationRow struct {
	id      string
	group   id.Group // "" for the node
	role    string
	madeBy  id.Person // "" for the command line
	expires time.Time
	event   id.Event // of a link to help with one event
	handle  string   // who alone may use it
}

func insertInvitation(ctx context.Context, tx *db.Tx, secret string, r invitationRow) error {
	_, err := insertOnce(ctx, tx, secret, r)
	return err
}

// insertOnce does nothing when there is a link with that secret.
func insertOnce(ctx context.Context, tx *db.Tx, secret string, r invitationRow) (fresh bool, err error) {
	n, err := tx.Exec(ctx, `insert into invitation (hash, id, group_id, role, made_by, expires_at, used_day, event_id, for_handle)
		values ($1, $2, $3, $4, $5, $6, 0, $7, $8) on conflict (hash) do nothing`, id.Hash(secret), r.id, nullable(string(r.group)), r.role,
		nullable(string(r.madeBy)), clock.Micros(r.expires), nullable(string(r.event)), r.handle)
	if err != nil {
		return false, fmt.Errorf("insert invitation: %w", err)
	}
	return n == 1, nil
}

// checkSame refuses a secret whose link is not like r, used or not.
func checkSame(ctx context.Context, tx *db.Tx, secret string, r invitationRow) error {
	var n int
	err := tx.Get(ctx, `select count(*) from invitation where hash = $1 and role = $2 and for_handle = $3
		and coalesce(group_id, '') = $4 and coalesce(event_id, '') = $5 and coalesce(made_by, '') = $6`,
		[]any{id.Hash(secret), r.role, r.handle, string(r.group), string(r.event), string(r.madeBy)}, &n)
	if err == nil && n == 0 {
		return errOther()
	}
	return err
}

func nullable(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// invitationByHash returns db.ErrNoRows for a link that does not work.
func invitationByHash(ctx context.Context, tx *db.Tx, hash []byte) (invitationRow, error) {
	var r invitationRow
	var group, by, event sql.NullString
	err := tx.Get(ctx, `select id, group_id, role, made_by, event_id, for_handle from invitation
		where hash = $1 and used_day = 0 and expires_at > $2`,
		[]any{hash, clock.Micros(tx.Now())}, &r.id, &group, &r.role, &by, &event, &r.handle)
	r.group, r.madeBy, r.event = id.Group(group.String), id.Person(by.String), id.Event(event.String)
	return r, err
}

// useInvitation changes a row only once, whoever races for it.
func useInvitation(ctx context.Context, tx *db.Tx, hash []byte) (int64, error) {
	return tx.Exec(ctx, "update invitation set used_day = $1 where hash = $2 and used_day = 0 and expires_at > $3",
		day.Of(tx.Now()), hash, clock.Micros(tx.Now()))
}

// These forget by which form a link was used, and by whom.
const (
	forgetOldUses = "update invitation set used_at = null, used_key = null, used_by = null where used_at > 0 and used_at <= $1"
	forgetUsesOf  = "update invitation set used_at = null, used_key = null, used_by = null where used_by = $1"
)

// noteUse remembers for a short while by which form a link was used, and the
// account whose words that form showed, or "".
func noteUse(ctx context.Context, tx *db.Tx, secret, key string, p id.Person) error {
	if !id.ValidSecret(key) {
		return nil
	}
	_, err := tx.Exec(ctx, "update invitation set used_at = $1, used_key = $2, used_by = $3 where hash = $4",
		clock.Micros(tx.Now()), keyHash(key), nullable(string(p)), id.Hash(secret))
	return err
}

// usedBefore finds a link that the same form used a short while ago, and the
// account whose words that form showed. It returns db.ErrNoRows when there is
// none.
func usedBefore(ctx context.Context, tx *db.Tx, secret, key string) (r invitationRow, by id.Person, err error) {
	var group, person, event sql.NullString
	err = tx.Get(ctx, "select group_id, role, used_by, event_id from invitation where hash = $1 and used_key = $2 and used_at > $3",
		[]any{id.Hash(secret), keyHash(key), clock.Micros(tx.Now().Add(-retryTime))}, &group, &r.role, &person, &event)
	r.group, r.event = id.Group(group.String), id.Event(event.String)
	return r, id.Person(person.String), err
}

// forgetUses ends the time in which the forms that made an account's words may
// ask for others.
func forgetUses(ctx context.Context, tx *db.Tx, p id.Person) error {
	_, err := tx.Exec(ctx, forgetUsesOf, string(p))
	return err
}

func openInvitations(ctx context.Context, tx *db.Tx, g id.Group) ([]OpenInvitation, error) {
	return db.Query(ctx, tx, `select id, role, expires_at from invitation
		where group_id = $1 and event_id is null and used_day = 0 and expires_at > $2 order by expires_at desc, id desc`,
		[]any{string(g), clock.Micros(tx.Now())}, func(scan func(...any) error) (OpenInvitation, error) {
			var o OpenInvitation
			var at int64
			err := scan(&o.ID, &o.Role, &at)
			o.Ends = clock.FromMicros(at)
			return o, err
		})
}

func deleteInvitation(ctx context.Context, tx *db.Tx, g id.Group, iid string) (int64, error) {
	return tx.Exec(ctx, "delete from invitation where group_id = $1 and event_id is null and id = $2 and used_day = 0", string(g), iid)
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
