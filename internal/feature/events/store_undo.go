package events

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/search"
)

// Run is one import that wrote something.
type Run struct {
	ID      string    `json:"id"`
	Source  string    `json:"source"` // its id
	Kind    string    `json:"kind"`   // csv, ics, osdi or mobilize
	Name    string    `json:"name"`   // of the source
	At      time.Time `json:"at"`     // when it began to write
	New     int       `json:"new"`
	Updated int       `json:"updated"`
	Removed int       `json:"removed"` // by an undo
}

// countRun notes what a batch of an import made and changed. The new events are
// those with row numbers from first to last.
func countRun(ctx context.Context, tx *db.Tx, run string, s Source, done outcome, first, last int64) error {
	_, err := tx.Exec(ctx, `insert into import_run (id, source_id, kind, name, at, made, changed, removed) values ($1, $2, $3, $4, $5, $6, $7, 0)
		on conflict (id) do update set made = import_run.made + excluded.made, changed = import_run.changed + excluded.changed`,
		run, s.ID, s.Kind, s.Name, clock.Micros(tx.Now()), done.fresh, done.changed)
	if err == nil && done.fresh > 0 {
		_, err = tx.Exec(ctx, `insert into import_row (run_id, event_id, made, sequence)
			select $1, id, $2, sequence from event where seq between $3 and $4`, run, true, first, last)
	}
	if err != nil {
		return fmt.Errorf("note the import: %w", err)
	}
	return nil
}

// noteChanged notes that an import changed an event, which it may have made.
func noteChanged(ctx context.Context, tx *db.Tx, run string, e *Event) error {
	_, err := tx.Exec(ctx, `insert into import_row (run_id, event_id, made, sequence) values ($1, $2, $3, $4)
		on conflict (run_id, event_id) do update set sequence = excluded.sequence`, run, string(e.ID), false, e.Sequence)
	if err != nil {
		return fmt.Errorf("note the change: %w", err)
	}
	return nil
}

func runsWhere(ctx context.Context, tx *db.Tx, rest string, args ...any) ([]Run, error) {
	return db.Query(ctx, tx, "select id, source_id, kind, name, at, made, changed, removed from import_run "+rest, args,
		func(scan func(...any) error) (Run, error) {
			var r Run
			var at int64
			err := scan(&r.ID, &r.Source, &r.Kind, &r.Name, &at, &r.New, &r.Updated, &r.Removed)
			r.At = clock.FromMicros(at)
			return r, err
		})
}

// oldRun is an import that can no longer be undone, if there is one.
func oldRun(ctx context.Context, tx *db.Tx) (run string, ok bool, err error) {
	err = tx.Get(ctx, `select id from import_run where at < $1 or id <= (select id from import_run order by id desc limit 1 offset $2) order by id limit 1`,
		[]any{clock.Micros(tx.Now().Add(-keepRuns)), maxRuns}, &run)
	if errors.Is(err, db.ErrNoRows) {
		return "", false, nil
	}
	return run, err == nil, err
}

// forgetRun removes up to n rows of an import, and with the last one the import.
func forgetRun(ctx context.Context, tx *db.Tx, run string, n int) error {
	gone, err := tx.Exec(ctx, `delete from import_row where run_id = $1 and event_id in
		(select r.event_id from import_row r where r.run_id = $1 order by r.event_id limit $2)`, run, n)
	if err == nil && gone < int64(n) {
		_, err = tx.Exec(ctx, "delete from import_run where id = $1", run)
	}
	if err != nil {
		return fmt.Errorf("forget an import: %w", err)
	}
	return nil
}

// runRow is an event that an import wrote.
type runRow struct {
	event    id.Event
	made     bool
	sequence int
}

// runRows reads up to n rows of an import behind an event.
func runRows(ctx context.Context, tx *db.Tx, run string, after id.Event, n int) ([]runRow, error) {
	return db.Query(ctx, tx, "select event_id, made, sequence from import_row where run_id = $1 and event_id > $2 order by event_id limit $3",
		[]any{run, string(after), n}, func(scan func(...any) error) (runRow, error) {
			var r runRow
			return r, scan(&r.event, &r.made, &r.sequence)
		})
}

// eventsOf reads the events of such rows: those that are still here.
func eventsOf(ctx context.Context, tx *db.Tx, run string, first, last id.Event) (map[id.Event]Event, error) {
	all, err := db.Query(ctx, tx, selectEvents()+"join import_row r on r.event_id = e.id where r.run_id = $1 and r.event_id between $2 and $3",
		[]any{run, string(first), string(last)}, scanEvent)
	out := make(map[id.Event]Event, len(all))
	for _, e := range all {
		out[e.ID] = e
	}
	return out, err
}

// removeImported deletes an event that an import made, and its words.
func removeImported(ctx context.Context, tx *db.Tx, run string, e *Event) error {
	if e.State.Listed() {
		if err := search.Remove(ctx, tx, e.AtKey); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, "delete from event where id = $1", string(e.ID))
	if err == nil {
		_, err = tx.Exec(ctx, "delete from import_row where run_id = $1 and event_id = $2", run, string(e.ID))
	}
	if err != nil {
		return fmt.Errorf("remove event: %w", err)
	}
	return nil
}

func countRemoved(ctx context.Context, tx *db.Tx, run string, n int) error {
	if _, err := tx.Exec(ctx, "update import_run set removed = removed + $2 where id = $1", run, n); err != nil {
		return fmt.Errorf("count what was removed: %w", err)
	}
	return nil
}

// dropSource forgets a source of which nothing is left.
func dropSource(ctx context.Context, tx *db.Tx, source string) error {
	_, err := tx.Exec(ctx, "delete from source where id = $1 and not sample and not exists (select 1 from event where source_id = $1)", source)
	if err != nil {
		return fmt.Errorf("drop the source: %w", err)
	}
	return nil
}
