package events

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

const seriesColumns = "id, group_id, uid, rule, starts, minutes, all_day, zone, version, next_at"

// wallText is how a wall time is stored.
const wallText = "2006-01-02T15:04"

func scanSeries(scan func(...any) error) (series, error) {
	var x series
	var starts string
	var minutes, next int64
	err := scan(&x.ID, &x.Group, &x.UID, &x.Rule, &starts, &minutes, &x.AllDay, &x.Zone, &x.Version, &next)
	if err != nil {
		return x, fmt.Errorf("scan series: %w", err)
	}
	if x.Starts, err = time.Parse(wallText, starts); err != nil {
		return x, fmt.Errorf("scan series %s: %w", x.ID, err)
	}
	x.Length = time.Duration(minutes) * time.Minute
	if next > 0 {
		x.Next = clock.FromMicros(next)
	}
	return x, nil
}

// putSeries stores a new series, or a changed one.
func putSeries(ctx context.Context, tx *db.Tx, x *series) error {
	var next int64
	if !x.Next.IsZero() {
		next = clock.Micros(x.Next)
	}
	_, err := tx.Exec(ctx, "insert into series ("+seriesColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (id) do update set uid = excluded.uid, rule = excluded.rule, starts = excluded.starts, minutes = excluded.minutes,
		all_day = excluded.all_day, zone = excluded.zone, version = excluded.version, next_at = excluded.next_at`,
		x.ID, string(x.Group), x.UID, x.Rule, x.Starts.Format(wallText), int64(x.Length/time.Minute), x.AllDay, x.Zone, x.Version, next)
	if err != nil {
		return fmt.Errorf("store series: %w", err)
	}
	return nil
}

// oneSeries returns db.ErrNoRows when there is none.
func oneSeries(ctx context.Context, tx *db.Tx, where string, args ...any) (series, error) {
	all, err := db.Query(ctx, tx, "select "+seriesColumns+" from series where "+where, args, scanSeries)
	if err == nil && len(all) == 0 {
		err = db.ErrNoRows
	}
	if err != nil {
		return series{}, err
	}
	return all[0], nil
}

// dated is a date of a series that was decided. Event is "" where it does not
// take place.
type dated struct {
	Series string
	Day    int // yyyymmdd, its original
	Event  id.Event
	Own    int64 // parts that its event says itself
}

func scanDated(scan func(...any) error) (dated, error) {
	var k dated
	var event *string
	err := scan(&k.Series, &k.Day, &event, &k.Own)
	if event != nil {
		k.Event = id.Event(*event)
	}
	return k, err
}

// linkOf returns false for an event that does not repeat.
func linkOf(ctx context.Context, tx *db.Tx, e id.Event) (dated, bool, error) {
	all, err := db.Query(ctx, tx, "select series_id, day, event_id, own from series_date where event_id = $1", []any{string(e)}, scanDated)
	if err != nil || len(all) == 0 {
		return dated{}, false, err
	}
	return all[0], true, nil
}

// linksOf are those of several events.
func linksOf(ctx context.Context, tx *db.Tx, es []Event) (map[id.Event]dated, error) {
	out := map[id.Event]dated{}
	if len(es) == 0 {
		return out, nil
	}
	ids := make([]any, len(es))
	for i := range es {
		ids[i] = string(es[i].ID)
	}
	all, err := db.Query(ctx, tx, "select series_id, day, event_id, own from series_date"+amongst(ids), ids, scanDated)
	for _, k := range all {
		out[k.Event] = k
	}
	return out, err
}

// datesFrom lists the dates of a series from a day on, with and without event.
func datesFrom(ctx context.Context, tx *db.Tx, series string, day int) ([]dated, error) {
	return db.Query(ctx, tx, "select series_id, day, event_id, own from series_date where series_id = $1 and day >= $2 order by day",
		[]any{series, day}, scanDated)
}

// eventsFrom lists the events of a series from a day on, in the order of their
// original days.
func eventsFrom(ctx context.Context, tx *db.Tx, series string, day, limit int) ([]Event, error) {
	return db.Query(ctx, tx, selectEvents()+`join series_date d on d.event_id = e.id
		where d.series_id = $1 and d.day >= $2 order by d.day limit $3`, []any{series, day, limit}, scanEvent)
}

// lastEvents lists the newest events of a series, the last first.
func lastEvents(ctx context.Context, tx *db.Tx, series string, limit int) ([]Event, error) {
	return db.Query(ctx, tx, selectEvents()+`join series_date d on d.event_id = e.id
		where d.series_id = $1 order by d.day desc limit $2`, []any{series, limit}, scanEvent)
}

func hasDatesBefore(ctx context.Context, tx *db.Tx, series string, day int) (bool, error) {
	var one int
	err := tx.Get(ctx, "select 1 from series_date where series_id = $1 and day < $2 limit 1", []any{series, day}, &one)
	if errors.Is(err, db.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func putLink(ctx context.Context, tx *db.Tx, k dated) error {
	var event any
	if k.Event != "" {
		event = string(k.Event)
	}
	_, err := tx.Exec(ctx, `insert into series_date (series_id, day, event_id, own) values ($1, $2, $3, $4)
		on conflict (series_id, day) do update set event_id = excluded.event_id, own = excluded.own`, k.Series, k.Day, event, k.Own)
	if err != nil {
		return fmt.Errorf("store a date of a series: %w", err)
	}
	return nil
}

// dropLinksFrom forgets what was decided from a day on.
func dropLinksFrom(ctx context.Context, tx *db.Tx, series string, day int) error {
	if _, err := tx.Exec(ctx, "delete from series_date where series_id = $1 and day >= $2", series, day); err != nil {
		return fmt.Errorf("drop dates of a series: %w", err)
	}
	return nil
}

func moveLinksFrom(ctx context.Context, tx *db.Tx, from, to string, day int) error {
	if _, err := tx.Exec(ctx, "update series_date set series_id = $3 where series_id = $1 and day >= $2", from, day, to); err != nil {
		return fmt.Errorf("move dates of a series: %w", err)
	}
	return nil
}

// deleteDraft removes an event that was never public, and with it all that
// belongs to it. It returns false for any other.
func deleteDraft(ctx context.Context, tx *db.Tx, e *Event) (bool, error) {
	n, err := tx.Exec(ctx, "delete from event where id = $1 and state = $2 and not listed", string(e.ID), string(Draft))
	if err != nil {
		return false, fmt.Errorf("delete draft: %w", err)
	}
	return n == 1, nil
}

// dueSeries lists series that get dates now, behind those of a page before.
func dueSeries(ctx context.Context, tx *db.Tx, now, at int64, after string, limit int) ([]series, error) {
	return db.Query(ctx, tx, "select "+seriesColumns+` from series where next_at > 0 and next_at <= $1 and (next_at, id) > ($2, $3)
		order by next_at, id limit $4`, []any{now, at, after, limit}, scanSeries)
}
