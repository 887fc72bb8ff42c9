package subscriptions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/geo"
)

// never is later than all times.
const never = math.MaxInt64

func insertBroadcast(ctx context.Context, tx *db.Tx, b *broadcast, cells []int64) error {
	text, err := json.Marshal(cells)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into alert_broadcast (alert_id, chain, n, kind, drill, category, cells, mended, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, b.alert, b.chain, b.n, string(b.kind), b.drill, b.category, string(text), b.mended, clock.Micros(b.mends))
	if err != nil {
		return fmt.Errorf("store what goes out: %w", err)
	}
	return nil
}

// newest is the last alert of a chain, or [db.ErrNoRows]. When what it says is over is known
// to [Alerts].
func newest(ctx context.Context, tx *db.Tx, chain string) (b broadcast, err error) {
	var cells string
	var expires int64
	err = tx.Get(ctx, `select alert_id, chain, n, kind, drill, category, cells, mended, expires_at from alert_broadcast
		where chain = $1 order by n desc limit 1`, []any{chain}, &b.alert, &b.chain, &b.n, &b.kind, &b.drill, &b.category, &cells, &b.mended, &expires)
	if err != nil {
		return b, err
	}
	b.mends = clock.FromMicros(expires)
	b.areas, err = areasOf(cells)
	return b, err
}

// areasOf are those that hear of some cells, which are as they are stored.
func areasOf(cells string) ([]geo.Area, error) {
	var at []geo.GridCell
	if err := json.Unmarshal([]byte(cells), &at); err != nil {
		return nil, fmt.Errorf("read the cells of an alert: %w", err)
	}
	return geo.AreasWith(at, levels()...), nil
}

func startRun(ctx context.Context, tx *db.Tx, b *broadcast, channel string) error {
	_, err := tx.Exec(ctx, `insert into alert_run (chain, channel, n, runner, lease_until, centre, after_id, wake_at) values ($1, $2, $3, '', 0, $4, '', $5)
		on conflict (chain, channel) do update set wake_at = excluded.wake_at`,
		b.chain, channel, b.n, beginning().area, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("start a broadcast: %w", err)
	}
	return nil
}

// dueRuns are those with something to do that no process has.
func dueRuns(ctx context.Context, tx *db.Tx, limit int) ([]sendJob, error) {
	return db.Query(ctx, tx, dueQuery, []any{clock.Micros(tx.Now()), limit}, func(scan func(...any) error) (a sendJob, err error) {
		return a, scan(&a.Chain, &a.Channel)
	})
}

const dueQuery = "select chain, channel from alert_run where wake_at <= $1 and lease_until <= $1 order by wake_at limit $2"

// cursor is how far the area of an alert was handed out: all of the areas before one, and of
// that the subscriptions up to one. It spares walking there again; who was reached stands in
// alert_reach alone.
type cursor struct {
	area  int64
	after string
}

func beginning() cursor { return cursor{area: math.MinInt64} }

// acquire takes the lease of a run for the newest alert of its chain, unless another process
// has it or there is nothing to do.
func acquire(ctx context.Context, tx *db.Tx, a sendJob, me string, until time.Time) (b broadcast, at cursor, ok bool, err error) {
	var n int64
	err = tx.Returning(ctx, `update alert_run set runner = $3, lease_until = $4 where chain = $1 and channel = $2
		and (runner = $3 or lease_until <= $5) and wake_at <= $5 returning n, centre, after_id`,
		[]any{a.Chain, a.Channel, me, clock.Micros(until), clock.Micros(tx.Now())}, &n, &at.area, &at.after)
	if errors.Is(err, db.ErrNoRows) {
		return b, at, false, nil
	}
	if err != nil {
		return b, at, false, err
	}
	if b, err = newest(ctx, tx, a.Chain); err != nil || b.n == n {
		return b, at, err == nil, err
	}
	at = beginning()
	_, err = tx.Exec(ctx, "update alert_run set n = $3, centre = $4, after_id = '' where chain = $1 and channel = $2", a.Chain, a.Channel, b.n, at.area)
	return b, at, err == nil, err
}

// keep notes how far a run is and holds its lease. It is not ok when another process has
// taken over.
func (r *run) keep(ctx context.Context, tx *db.Tx, at cursor, until time.Time) (ok bool, err error) {
	n, err := tx.Exec(ctx, `update alert_run set lease_until = $4, centre = $5, after_id = $6 where chain = $1 and channel = $2 and runner = $3`,
		r.chain, r.job.Channel, r.me, clock.Micros(until), at.area, at.after)
	return n == 1, err
}

// overtaken reports whether a newer alert of the chain has come.
func (r *run) overtaken(ctx context.Context, tx *db.Tx) (bool, error) {
	var n int64
	err := tx.Get(ctx, overtakenQuery, []any{r.chain}, &n)
	return n != r.n, err
}

const overtakenQuery = "select n from alert_broadcast where chain = $1 order by n desc limit 1"

// release gives the lease back. done says that nothing is left but what waits for its time.
// again says that there is something to do at once: the rest, or a newer alert.
func (r *run) release(ctx context.Context, tx *db.Tx, done bool) (again bool, err error) {
	newer, err := r.overtaken(ctx, tx)
	if err != nil {
		return false, err
	}
	wake := clock.Micros(tx.Now())
	if again = newer || !done; !again {
		if err := tx.Get(ctx, laterFirst, []any{r.alert, r.job.Channel}, &wake); errors.Is(err, db.ErrNoRows) {
			wake = never
		} else if err != nil {
			return false, err
		}
	}
	n, err := tx.Exec(ctx, "update alert_run set lease_until = 0, wake_at = $4, centre = $5, after_id = $6 where chain = $1 and channel = $2 and runner = $3",
		r.chain, r.job.Channel, r.me, wake, r.at.area, r.at.after)
	if err != nil || n == 0 {
		return false, err
	}
	return again, settleAir(ctx, tx, r.job, r.me, r.n)
}

const laterFirst = "select due_at from alert_later where alert_id = $1 and channel = $2 order by due_at limit 1"

func overChains(ctx context.Context, tx *db.Tx, expired time.Time, limit int) ([]string, error) {
	return db.Column[string](ctx, tx, `select distinct chain from alert_broadcast b where expires_at <= $1
		and not exists (select 1 from alert_broadcast later where later.chain = b.chain and later.expires_at > $1) limit $2`, clock.Micros(expired), limit)
}

func counts(ctx context.Context, tx *db.Tx, alert string) ([]Count, error) {
	all, err := db.Query(ctx, tx, countsQuery, []any{alert, int64(never)}, func(scan func(...any) error) (c Count, err error) {
		return c, scan(&c.Channel, &c.Delivered, &c.Failed, &c.Gone, &c.OptedOut, &c.Waiting)
	})
	return slices.DeleteFunc(all, func(c Count) bool { return c == Count{Channel: c.Channel} }), err
}

// countsQuery adds to what is counted what the process that sends has landed since it began.
const countsQuery = `with sent as (select chain, n from alert_broadcast where alert_id = $1)
	select ways.channel, coalesce(c.delivered, 0) + coalesce(a.delivered, 0), coalesce(c.failed, 0), coalesce(c.gone, 0), coalesce(c.opted_out, 0),
		(select count(*) from alert_later l where l.alert_id = $1 and l.channel = ways.channel and l.due_at < $2
			and not exists (select 1 from sent join alert_broadcast newer on newer.chain = sent.chain and newer.n > sent.n))
	from (select channel from alert_broadcast_count where alert_id = $1
		union select r.channel from alert_run r join sent on sent.chain = r.chain) as ways
	left join alert_broadcast_count c on c.alert_id = $1 and c.channel = ways.channel
	left join alert_air a on a.channel = ways.channel and a.chain = (select chain from sent) and a.n = (select n from sent)
	order by ways.channel`

// busyRuns counts the channels on which an alert, the newest of its chain, is under way.
func busyRuns(ctx context.Context, tx *db.Tx, alert string) (n int, err error) {
	err = tx.Get(ctx, `select count(*) from alert_run r join alert_broadcast b on b.chain = r.chain
		where b.alert_id = $1 and r.wake_at <= $2 and not exists (select 1 from alert_broadcast newer where newer.chain = b.chain and newer.n > b.n)`, []any{alert, clock.Micros(tx.Now())}, &n)
	return n, err
}

// lastNear is the last alert about somebody's area since they confirmed, "" if none: they may
// leave because of it.
func lastNear(ctx context.Context, tx *db.Tx, s *Subscription) (alert string, err error) {
	if !s.Confirmed {
		return "", nil
	}
	all, err := db.Query(ctx, tx, lastSaid, []any{s.Channel, clock.Micros(s.Ends.Add(-heldFor)), page}, func(scan func(...any) error) (x [2]string, err error) {
		return x, scan(&x[0], &x[1])
	})
	if err != nil {
		return "", err
	}
	for _, x := range all {
		areas, err := areasOf(x[1])
		if err != nil {
			return "", err
		}
		if b := (broadcast{areas: areas}); b.near(s.Area) {
			return x[0], nil
		}
	}
	return "", nil
}

// lastSaid is the last alert of each chain that was handed over to anybody on a channel since
// a moment, the newest first.
const lastSaid = `select b.alert_id, b.cells from alert_run r
	join alert_reach h on h.chain = r.chain and h.channel = r.channel and h.seq = (select seq from alert_reach l where l.chain = r.chain and l.channel = r.channel order by l.seq desc limit 1)
	join alert_broadcast b on b.chain = h.chain and b.n = h.n
	where r.channel = $1 and h.at > $2 order by h.at desc limit $3`

// tally is what one commit adds to the counts of an alert.
type tally struct{ delivered, failed, gone, optedOut int }

func addCount(ctx context.Context, tx *db.Tx, alert, channel string, t tally) error {
	if t == (tally{}) {
		return nil
	}
	_, err := tx.Exec(ctx, `insert into alert_broadcast_count (alert_id, channel, delivered, failed, gone, opted_out) values ($1, $2, $3, $4, $5, $6)
		on conflict (alert_id, channel) do update set delivered = alert_broadcast_count.delivered + excluded.delivered, failed = alert_broadcast_count.failed + excluded.failed,
		gone = alert_broadcast_count.gone + excluded.gone, opted_out = alert_broadcast_count.opted_out + excluded.opted_out`,
		alert, channel, t.delivered, t.failed, t.gone, t.optedOut)
	if err != nil {
		return fmt.Errorf("count what became of an alert: %w", err)
	}
	return nil
}
