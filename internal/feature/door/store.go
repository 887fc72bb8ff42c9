package door

import (
	"context"
	"fmt"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

// totalOf returns db.ErrNoRows for an event that never had a door.
func totalOf(ctx context.Context, tx *db.Tx, e id.Event) (total, error) {
	var t total
	var start, end int64
	err := tx.Get(ctx, "select starts_at, ends_at, off, attended, walk_ins from door_total where event_id = $1", []any{string(e)},
		&start, &end, &t.off, &t.Attended, &t.WalkIns)
	t.start, t.end = clock.FromMicros(start), clock.FromMicros(end)
	return t, err
}

// putTotal makes the row of an event that gets its first door.
func putTotal(ctx context.Context, tx *db.Tx, e id.Event, t total) error {
	_, err := tx.Exec(ctx, `insert into door_total (event_id, starts_at, ends_at, off, attended, walk_ins, cleared)
		values ($1, $2, $3, $4, 0, 0, $5) on conflict do nothing`, string(e), clock.Micros(t.start), clock.Micros(t.end), t.off, false)
	if err != nil {
		return fmt.Errorf("store totals of doors: %w", err)
	}
	return nil
}

// moveTotal does nothing for an event without doors.
func moveTotal(ctx context.Context, tx *db.Tx, e id.Event, t total) error {
	_, err := tx.Exec(ctx, "update door_total set starts_at = $2, ends_at = $3, off = $4 where event_id = $1",
		string(e), clock.Micros(t.start), clock.Micros(t.end), t.off)
	if err != nil {
		return fmt.Errorf("move doors: %w", err)
	}
	return nil
}

const selectDoor = "select event_id, number, name, revoked, attended, walk_ins from door "

func scanDoor(scan func(...any) error) (Door, error) {
	var d Door
	return d, scan(&d.Event, &d.Number, &d.Name, &d.Revoked, &d.Attended, &d.WalkIns)
}

// doorsOf lists the doors of an event, of which there are few.
func doorsOf(ctx context.Context, tx *db.Tx, e id.Event) ([]Door, error) {
	return db.Query(ctx, tx, selectDoor+"where event_id = $1 order by number", []any{string(e)}, scanDoor)
}

// doorByHash returns db.ErrNoRows when there is none.
func doorByHash(ctx context.Context, tx *db.Tx, hash []byte) (Door, error) {
	return scanDoor(func(dest ...any) error { return tx.Get(ctx, selectDoor+"where hash = $1", []any{hash}, dest...) })
}

func doorName(ctx context.Context, tx *db.Tx, e id.Event, number int) (string, error) {
	var name string
	err := tx.Get(ctx, "select name from door where event_id = $1 and number = $2", []any{string(e), number}, &name)
	return name, err
}

func insertDoor(ctx context.Context, tx *db.Tx, e id.Event, number int, hash []byte, name string) error {
	_, err := tx.Exec(ctx, "insert into door (event_id, number, hash, name, revoked, attended, walk_ins) values ($1, $2, $3, $4, $5, 0, 0)",
		string(e), number, hash, name, false)
	if err != nil {
		return fmt.Errorf("insert door: %w", err)
	}
	return nil
}

// revoke says whether there is such a door.
func revoke(ctx context.Context, tx *db.Tx, e id.Event, number int) (bool, error) {
	n, err := tx.Exec(ctx, "update door set revoked = $3 where event_id = $1 and number = $2", string(e), number, true)
	if err != nil {
		return false, fmt.Errorf("revoke door: %w", err)
	}
	return n > 0, nil
}

// count changes the totals of an event and of one of its doors.
func count(ctx context.Context, tx *db.Tx, e id.Event, door int, by Count) error {
	if by == (Count{}) {
		return nil
	}
	_, err := tx.Exec(ctx, "update door_total set attended = attended + $2, walk_ins = walk_ins + $3 where event_id = $1",
		string(e), by.Attended, by.WalkIns)
	if err == nil {
		_, err = tx.Exec(ctx, "update door set attended = attended + $3, walk_ins = walk_ins + $4 where event_id = $1 and number = $2",
			string(e), door, by.Attended, by.WalkIns)
	}
	if err != nil {
		return fmt.Errorf("count at the door: %w", err)
	}
	return nil
}

const selectArrival = "select tap, door, hash, had_place, people from arrival "

func scanArrival(ctx context.Context, tx *db.Tx, where string, args ...any) (arrival, error) {
	var a arrival
	err := tx.Get(ctx, selectArrival+where, args, &a.tap, &a.door, &a.hash, &a.hadPlace, &a.people)
	return a, err
}

// arrivalByTap returns db.ErrNoRows when there was no such tap.
func arrivalByTap(ctx context.Context, tx *db.Tx, e id.Event, tap string) (arrival, error) {
	return scanArrival(ctx, tx, "where event_id = $1 and tap = $2", string(e), tap)
}

// arrivalOfSignUp returns db.ErrNoRows when they have not come.
func arrivalOfSignUp(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) (arrival, error) {
	return scanArrival(ctx, tx, "where event_id = $1 and hash = $2", string(e), hash)
}

// orNull keeps an absent hash null.
func orNull(hash []byte) any {
	if hash == nil {
		return nil
	}
	return hash
}

func insertArrival(ctx context.Context, tx *db.Tx, e id.Event, a arrival) error {
	_, err := tx.Exec(ctx, "insert into arrival (event_id, tap, door, hash, had_place, people) values ($1, $2, $3, $4, $5, $6)",
		string(e), a.tap, a.door, orNull(a.hash), a.hadPlace, a.people)
	if err != nil {
		return fmt.Errorf("insert arrival: %w", err)
	}
	return nil
}

func updateArrival(ctx context.Context, tx *db.Tx, e id.Event, a arrival) error {
	_, err := tx.Exec(ctx, "update arrival set hash = $3, had_place = $4, people = $5 where event_id = $1 and tap = $2",
		string(e), a.tap, orNull(a.hash), a.hadPlace, a.people)
	if err != nil {
		return fmt.Errorf("update arrival: %w", err)
	}
	return nil
}

// dueTotals lists events that ended before and whose taps are kept.
func dueTotals(ctx context.Context, tx *db.Tx, before int64, limit int) ([]string, error) {
	return db.Column[string](ctx, tx, "select event_id from door_total where not cleared and ends_at < $1 order by ends_at limit $2", before, limit)
}

func removeArrivals(ctx context.Context, tx *db.Tx, e id.Event, limit int) (int64, error) {
	return tx.Exec(ctx, `delete from arrival where event_id = $1 and tap in
		(select a.tap from arrival a where a.event_id = $1 limit $2)`, string(e), limit)
}

func markCleared(ctx context.Context, tx *db.Tx, e id.Event) error {
	if _, err := tx.Exec(ctx, "update door_total set cleared = $2 where event_id = $1", string(e), true); err != nil {
		return fmt.Errorf("note expiry: %w", err)
	}
	return nil
}

// Drift is an event whose totals differ from its arrivals.
type Drift struct {
	Event         string
	Total, Summed Count
}

// Drifts compares the totals of every event whose arrivals are still kept;
// doctor calls it.
func Drifts(ctx context.Context, tx *db.Tx) ([]Drift, error) {
	return db.Query(ctx, tx, `select t.event_id, t.attended, t.walk_ins, coalesce(s.attended, 0), coalesce(s.walk_ins, 0)
		from door_total t left join (select event_id, sum(case when had_place then people else 0 end) as attended,
			sum(case when had_place then 0 else people end) as walk_ins from arrival group by event_id) s on s.event_id = t.event_id
		where not t.cleared and t.ends_at >= $1 and (t.attended <> coalesce(s.attended, 0) or t.walk_ins <> coalesce(s.walk_ins, 0))
		order by t.event_id`, []any{clock.Micros(tx.Now().Add(-keepFor))}, func(scan func(...any) error) (Drift, error) {
		var d Drift
		return d, scan(&d.Event, &d.Total.Attended, &d.Total.WalkIns, &d.Summed.Attended, &d.Summed.WalkIns)
	})
}

// Recount sets the totals of an event and its doors to what its arrivals say.
func Recount(ctx context.Context, tx *db.Tx, e string) error {
	const sum = "(select coalesce(sum(a.people), 0) from arrival a where a.event_id = "
	for _, q := range []string{
		"update door_total set attended = " + sum + "door_total.event_id and a.had_place), walk_ins = " +
			sum + "door_total.event_id and not a.had_place) where event_id = $1",
		"update door set attended = " + sum + "door.event_id and a.door = door.number and a.had_place), walk_ins = " +
			sum + "door.event_id and a.door = door.number and not a.had_place) where event_id = $1",
	} {
		if _, err := tx.Exec(ctx, q, e); err != nil {
			return fmt.Errorf("count arrivals again: %w", err)
		}
	}
	return nil
}
