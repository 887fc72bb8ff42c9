package grants

import (
	"context"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

// row is one of event_grant.
type row struct {
	id      string
	event   id.Event
	person  id.Person
	kind    Kind
	group   id.Group
	madeBy  id.Person // "" for nobody
	endsAt  time.Time
	madeDay int
}

// insert stores a grant; ok is false when the person has it already.
func insert(ctx context.Context, tx *db.Tx, r row) (ok bool, err error) {
	var by any
	if r.madeBy != "" {
		by = string(r.madeBy)
	}
	n, err := tx.Exec(ctx, `insert into event_grant (event_id, person_id, kind, id, group_id, made_by, day, ends_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (event_id, person_id, kind) do nothing`,
		string(r.event), string(r.person), string(r.kind), r.id, string(r.group), by, r.madeDay, clock.Micros(r.endsAt))
	if err != nil {
		return false, fmt.Errorf("insert grant: %w", err)
	}
	return n == 1, nil
}

const selectKinds = "select kind from event_grant where event_id = $1 and person_id = $2 and ends_at > $3"

// kindsOf are those that a person has for an event.
func kindsOf(ctx context.Context, tx *db.Tx, e id.Event, p id.Person) ([]Kind, error) {
	return db.Column[Kind](ctx, tx, selectKinds, string(e), string(p), clock.Micros(tx.Now()))
}

const selectGrants = `select g.id, g.event_id, g.person_id, p.handle, g.kind, g.day from event_grant g
	join person p on p.id = g.person_id where g.event_id = $1 and g.ends_at > $2 order by g.kind, g.day, p.handle`

// grantsOf lists who helps with an event.
func grantsOf(ctx context.Context, tx *db.Tx, e id.Event) ([]Grant, error) {
	return db.Query(ctx, tx, selectGrants, []any{string(e), clock.Micros(tx.Now())}, scanGrant)
}

func scanGrant(scan func(...any) error) (Grant, error) {
	var g Grant
	var since int
	err := scan(&g.ID, &g.Event, &g.Person, &g.Handle, &g.Kind, &since)
	g.Since = day.Time(since)
	return g, err
}

const selectHeldBy = `select g.id, g.event_id, g.person_id, p.handle, g.kind, g.day from event_grant g
	join person p on p.id = g.person_id where g.person_id = $1 and g.ends_at > $2 order by g.event_id desc, g.kind limit $3`

// heldBy lists what a person has, the newest events first.
func heldBy(ctx context.Context, tx *db.Tx, p id.Person, limit int) ([]Grant, error) {
	return db.Query(ctx, tx, selectHeldBy, []any{string(p), clock.Micros(tx.Now()), limit}, scanGrant)
}

// about lists every row about a person, ended or not, without handles.
func about(ctx context.Context, tx *db.Tx, p id.Person) ([]Grant, error) {
	return db.Query(ctx, tx, `select id, event_id, kind, day, person_id = $1 from event_grant where person_id = $1
		union all select id, event_id, kind, day, false from event_grant where made_by = $1 and person_id <> $1 order by 4, 1`,
		[]any{string(p)}, func(scan func(...any) error) (Grant, error) {
			var g Grant
			var since int
			err := scan(&g.ID, &g.Event, &g.Kind, &since, &g.Mine)
			g.Since = day.Time(since)
			return g, err
		})
}

func countOf(ctx context.Context, tx *db.Tx, e id.Event, k Kind) (int, error) {
	var n int
	err := tx.Get(ctx, "select count(*) from event_grant where event_id = $1 and kind = $2 and ends_at > $3",
		[]any{string(e), string(k), clock.Micros(tx.Now())}, &n)
	return n, err
}

// remove ends a grant of an event; false when there is none of that id.
func remove(ctx context.Context, tx *db.Tx, e id.Event, gid string) (bool, error) {
	n, err := tx.Exec(ctx, "delete from event_grant where event_id = $1 and id = $2", string(e), gid)
	if err != nil {
		return false, fmt.Errorf("delete grant: %w", err)
	}
	return n == 1, nil
}

// removeOf ends what somebody has of a group's events, and what they gave.
func removeOf(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) error {
	_, err := tx.Exec(ctx, "delete from event_grant where group_id = $1 and (person_id = $2 or made_by = $2)", string(g), string(p))
	if err != nil {
		return fmt.Errorf("end the grants of a former member: %w", err)
	}
	return nil
}

func setEnds(ctx context.Context, tx *db.Tx, e id.Event, at time.Time) error {
	_, err := tx.Exec(ctx, "update event_grant set ends_at = $2 where event_id = $1 and ends_at <> $2", string(e), clock.Micros(at))
	if err != nil {
		return fmt.Errorf("move the end of grants: %w", err)
	}
	return nil
}

const deleteEnded = `delete from event_grant where ends_at <= $1`

func removeEnded(ctx context.Context, tx *db.Tx) error {
	if _, err := tx.Exec(ctx, deleteEnded, clock.Micros(tx.Now())); err != nil {
		return fmt.Errorf("delete ended grants: %w", err)
	}
	return nil
}
