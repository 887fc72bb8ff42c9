package attendance

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

// rosterOf returns db.ErrNoRows for an event that takes no sign-ups here.
func rosterOf(ctx context.Context, tx *db.Tx, e id.Event) (roster, error) {
	var r roster
	var start, end int64
	var campaign *string
	err := tx.Get(ctx, `select capacity, open, going, waiting, queue, starts_at, ends_at, campaign_id,
		(select count(*) from slot where slot.event_id = roster.event_id) from roster where event_id = $1`,
		[]any{string(e)}, &r.Capacity, &r.Open, &r.Going, &r.Waiting, &r.Queue, &start, &end, &campaign, &r.Slots)
	r.Start, r.End = clock.FromMicros(start), clock.FromMicros(end)
	if campaign != nil {
		r.Campaign = id.Campaign(*campaign)
	}
	return r, err
}

func putRoster(ctx context.Context, tx *db.Tx, e id.Event, r roster) error {
	var campaign any
	if r.Campaign != "" {
		campaign = string(r.Campaign)
	}
	_, err := tx.Exec(ctx, `insert into roster (event_id, capacity, open, going, waiting, queue, starts_at, ends_at, campaign_id)
		values ($1, $2, $3, 0, 0, 0, $4, $5, $6) on conflict (event_id) do update set
		capacity = excluded.capacity, open = excluded.open, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
		queue = case when roster.queue < 0 then 0 else roster.queue end, campaign_id = excluded.campaign_id`,
		string(e), r.Capacity, r.Open, clock.Micros(r.Start), clock.Micros(r.End), campaign)
	if err != nil {
		return fmt.Errorf("store roster: %w", err)
	}
	return nil
}

// count changes the counters by what one sign-up adds or takes away.
func count(ctx context.Context, tx *db.Tx, e id.Event, going, waiting, queue int) error {
	_, err := tx.Exec(ctx, "update roster set going = going + $2, waiting = waiting + $3, queue = queue + $4 where event_id = $1",
		string(e), going, waiting, queue)
	if err != nil {
		return fmt.Errorf("count sign-up: %w", err)
	}
	return nil
}

func countNeeds(ctx context.Context, tx *db.Tx, e id.Event, needs []string, by int) error {
	for _, n := range needs {
		_, err := tx.Exec(ctx, `insert into access_need (event_id, need, people) values ($1, $2, $3)
			on conflict (event_id, need) do update set people = access_need.people + excluded.people`, string(e), n, by)
		if err != nil {
			return fmt.Errorf("count needs: %w", err)
		}
	}
	return nil
}

// insert stores a sign-up; ok is false when it is there already.
func insert(ctx context.Context, tx *db.Tx, e id.Event, hash []byte, s State, party, queue int, sealed []byte) (ok bool, err error) {
	n, err := tx.Exec(ctx, `insert into attendance (event_id, hash, state, party, queue, sealed) values ($1, $2, $3, $4, $5, $6)
		on conflict do nothing`, string(e), hash, string(s), party, queue, sealed)
	if err != nil {
		return false, fmt.Errorf("insert sign-up: %w", err)
	}
	return n == 1, nil
}

type row struct {
	hash   []byte
	state  State
	party  int
	queue  int
	sealed []byte
}

// rowOf returns db.ErrNoRows when the secret fits no sign-up.
func rowOf(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) (row, error) {
	r := row{hash: hash}
	err := tx.Get(ctx, "select state, party, queue, sealed from attendance where event_id = $1 and hash = $2",
		[]any{string(e), hash}, &r.state, &r.party, &r.queue, &r.sealed)
	return r, err
}

func update(ctx context.Context, tx *db.Tx, e id.Event, r row) error {
	_, err := tx.Exec(ctx, "update attendance set state = $3, party = $4, queue = $5, sealed = $6 where event_id = $1 and hash = $2",
		string(e), r.hash, string(r.state), r.party, r.queue, r.sealed)
	if err != nil {
		return fmt.Errorf("update sign-up: %w", err)
	}
	return nil
}

// admit gives a sign-up that waits a place at the event.
func admit(ctx context.Context, tx *db.Tx, e id.Event, hash []byte, party int) error {
	_, err := tx.Exec(ctx, "update attendance set state = 'going' where event_id = $1 and hash = $2", string(e), hash)
	if err != nil {
		return fmt.Errorf("admit: %w", err)
	}
	return count(ctx, tx, e, party, -party, 0)
}

func remove(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) error {
	_, err := tx.Exec(ctx, "delete from attendance where event_id = $1 and hash = $2", string(e), hash)
	if err != nil {
		return fmt.Errorf("delete sign-up: %w", err)
	}
	return nil
}

// ahead is how many people wait before queue number q.
func ahead(ctx context.Context, tx *db.Tx, e id.Event, q int) (int, error) {
	var n int
	err := tx.Get(ctx, "select coalesce(sum(party), 0) from attendance where event_id = $1 and state = 'waiting' and queue > 0 and queue < $2",
		[]any{string(e), q}, &n)
	return n, err
}

// firstWaiting is the next party in the queue of at most largest people. Those
// with queue 0 stand in the lines of slots.
func firstWaiting(ctx context.Context, tx *db.Tx, e id.Event, largest int) (row, bool, error) {
	var r row
	err := tx.Get(ctx, `select hash, state, party, queue, sealed from attendance
		where event_id = $1 and state = 'waiting' and queue > 0 and party <= $2 order by queue limit 1`, []any{string(e), largest},
		&r.hash, &r.state, &r.party, &r.queue, &r.sealed)
	if errors.Is(err, db.ErrNoRows) {
		return r, false, nil
	}
	return r, err == nil, err
}

// promotable lists events where somebody waits although there is room.
func promotable(ctx context.Context, tx *db.Tx, now int64, after string, limit int) ([]string, error) {
	return db.Column[string](ctx, tx, `select event_id from roster where waiting > 0 and open and ends_at > $1
		and (capacity = 0 or going < capacity) and event_id > $2 order by event_id limit $3`, now, after, limit)
}

// Need is how many sign-ups named one need.
type Need struct {
	Code   string
	People int
}

func needsOf(ctx context.Context, tx *db.Tx, e id.Event) ([]Need, error) {
	return db.Query(ctx, tx, "select need, people from access_need where event_id = $1 and people > 0 order by people desc, need",
		[]any{string(e)}, func(scan func(...any) error) (Need, error) {
			var n Need
			return n, scan(&n.Code, &n.People)
		})
}

// expired in a roster's queue says that its sign-ups and their key are gone.
const expired = -1

type endedRoster struct {
	event id.Event
	rows  bool // has sign-ups
}

// ended lists rosters whose sign-ups should be gone by now and are not known to
// be. One whose sign-ups were all cancelled counts too: copies of them exist in
// backups, and open while the key does.
func ended(ctx context.Context, tx *db.Tx, before int64, limit int) ([]endedRoster, error) {
	return db.Query(ctx, tx, `select r.event_id, exists (select 1 from attendance a where a.event_id = r.event_id)
		from roster r where r.ends_at < $1 and r.queue <> $2 order by r.event_id limit $3`, []any{before, expired, limit},
		func(scan func(...any) error) (endedRoster, error) {
			var e endedRoster
			return e, scan(&e.event, &e.rows)
		})
}

func markExpired(ctx context.Context, tx *db.Tx, e id.Event) error {
	if _, err := tx.Exec(ctx, "update roster set queue = $2 where event_id = $1", string(e), expired); err != nil {
		return fmt.Errorf("note expiry: %w", err)
	}
	return nil
}

// removeSome deletes up to limit sign-ups of an event and says how many.
func removeSome(ctx context.Context, tx *db.Tx, e id.Event, limit int) (int64, error) {
	return tx.Exec(ctx, `delete from attendance where event_id = $1 and hash in
		(select a.hash from attendance a where a.event_id = $1 limit $2)`, string(e), limit)
}

// Drift is an event, or one of its slots, whose counters differ from its rows.
type Drift struct {
	Event, Slot            string
	Going, Waiting         int // counted
	RowsGoing, RowsWaiting int // summed
}

// Drifts compares the counters of every event and slot whose rows are still kept; doctor
// calls it.
func Drifts(ctx context.Context, tx *db.Tx) ([]Drift, error) {
	ended := clock.Micros(tx.Now().Add(-keepFor))
	out, err := db.Query(ctx, tx, `select r.event_id, r.going, r.waiting, coalesce(s.going, 0), coalesce(s.waiting, 0)
		from roster r left join
		(select event_id, sum(case when state = 'going' then party else 0 end) as going,
			sum(case when state = 'waiting' then party else 0 end) as waiting from attendance group by event_id) s
		on s.event_id = r.event_id
		where r.ends_at >= $1 and (r.going <> coalesce(s.going, 0) or r.waiting <> coalesce(s.waiting, 0)) order by r.event_id`,
		[]any{ended},
		func(scan func(...any) error) (Drift, error) {
			var d Drift
			return d, scan(&d.Event, &d.Going, &d.Waiting, &d.RowsGoing, &d.RowsWaiting)
		})
	if err != nil {
		return nil, err
	}
	slots, err := slotDrifts(ctx, tx, ended)
	return append(out, slots...), err
}
