package events

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

// Rows of ExactTable are of no use without a key: that of the scope which is
// ExactScope and then what is in ExactColumn.
const (
	ExactTable  = "exact_place"
	ExactColumn = "event_id"
	ExactScope  = "place:"
)

func exactScope(e id.Event) string { return ExactScope + string(e) }

// exactRow is an exact place as it is stored.
type exactRow struct {
	Release
	sealed  []byte // empty when the place was taken back
	version int
}

// set reports whether there is an exact place; r may be nil.
func (r *exactRow) set() bool { return r != nil && len(r.sealed) > 0 }

// exactRowOf is nil for an event that never had an exact place.
func exactRowOf(ctx context.Context, tx *db.Tx, e id.Event) (*exactRow, error) {
	var r exactRow
	var at *int64
	var start int64
	err := tx.Get(ctx, "select sealed, early, shown_at, starts_at, version from exact_place where event_id = $1", []any{string(e)},
		&r.sealed, &r.Early, &at, &start, &r.version)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil //nolint:nilnil // no place is no error
	}
	if err != nil {
		return nil, fmt.Errorf("read exact place: %w", err)
	}
	if at != nil {
		r.At = clock.FromMicros(*at)
	}
	r.Start = clock.FromMicros(start)
	return &r, nil
}

func putExact(ctx context.Context, tx *db.Tx, e id.Event, r *exactRow) error {
	var at any
	if !r.At.IsZero() {
		at = clock.Micros(r.At)
	}
	_, err := tx.Exec(ctx, `insert into exact_place (event_id, sealed, early, shown_at, starts_at, version) values ($1, $2, $3, $4, $5, $6)
		on conflict (event_id) do update set sealed = excluded.sealed, early = excluded.early, shown_at = excluded.shown_at,
		starts_at = excluded.starts_at, version = excluded.version`,
		string(e), r.sealed, r.Early, at, clock.Micros(r.Start), r.version)
	if err != nil {
		return fmt.Errorf("store exact place: %w", err)
	}
	return nil
}

// keepReleased keeps a place that everybody sees already shown when the event
// is moved: it is known, and people may be on their way.
func keepReleased(ctx context.Context, tx *db.Tx, old, e *Event) error {
	if old == nil || old.Start.Equal(e.Start) || !old.State.Listed() || old.State == Cancelled || old.State == Postponed {
		return nil
	}
	_, err := tx.Exec(ctx, "update exact_place set starts_at = $2 where event_id = $1 and starts_at = $3 and shown_at <= $4",
		string(e.ID), clock.Micros(e.Start), clock.Micros(old.Start), clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("keep exact place shown: %w", err)
	}
	return nil
}

// dueExact lists events whose exact place should be gone by now. It reads the
// places that are kept, not the events that there were.
func dueExact(ctx context.Context, tx *db.Tx, limit int) ([]string, error) {
	before := tx.Now().Add(-keepExact)
	return db.Column[string](ctx, tx, `select x.event_id from exact_place x join event e on e.id = x.event_id
		where e.ends_at <= $1 and (e.state <> $2 or e.ends_at <= $3) order by x.event_id limit $4`,
		clock.Micros(before), string(Postponed), clock.Micros(before.Add(-postponedFor)), limit)
}

func dropExact(ctx context.Context, tx *db.Tx, e id.Event) error {
	if _, err := tx.Exec(ctx, "delete from exact_place where event_id = $1", string(e)); err != nil {
		return fmt.Errorf("delete exact place: %w", err)
	}
	return nil
}
