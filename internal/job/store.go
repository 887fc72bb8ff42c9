package job

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
)

// lane is the key of all writes of the queue itself. On PostgreSQL it makes
// them share commits and never conflict, so that taking needs no row locks.
const lane = "job"

// grace is how long after its timeout a job is left to its process.
const grace = 10 * time.Second

// taken is a job that this process holds.
type taken struct {
	kind    *kind
	id      int64
	args    string
	unique  *string
	due     int64 // when it should have run, in microseconds
	attempt int   // this one; it also tells our lease from a later one
}

func insert(ctx context.Context, tx *db.Tx, kind, args string, unique *string, o Insert) error {
	// A job that failed before keeps its wait: else a busy key would use up
	// all attempts in no time.
	_, err := tx.Exec(ctx, `insert into job (kind, args, unique_key, priority, run_at, attempt, failed, error, created_at)
		values ($1, $2, $3, $4, $5, 0, false, '', $6)
		on conflict (unique_key) do update set run_at = excluded.run_at
		where job.attempt = 0 and excluded.run_at < job.run_at`,
		kind, args, unique, o.Priority, clock.Micros(o.RunAt), clock.Micros(tx.Now()))
	return err
}

// plant makes sure that a schedule has its one row, due at once when new and
// never later than a period from now.
func plant(ctx context.Context, tx *db.Tx, k *kind) error {
	now := tx.Now()
	_, err := tx.Exec(ctx, `insert into job (kind, args, unique_key, priority, run_at, attempt, failed, error, created_at)
		values ($1, '{}', $1, $2, $3, 0, false, '', $3) on conflict (unique_key) do nothing`,
		k.name, lowest/2, clock.Micros(now))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "update job set run_at = $1 where unique_key = $2 and attempt = 0 and run_at > $1",
		clock.Micros(now.Add(k.period)), k.name)
	return err
}

// take gives this process the next due job that it has a worker for, or nil.
// Each priority is asked for alone: the index then goes straight to what is
// due, past any number of jobs that are not.
func (q *Queue) take(ctx context.Context, tx *db.Tx) (*taken, error) {
	if len(q.names) == 0 {
		return nil, nil
	}
	args := []any{0, clock.Micros(tx.Now())}
	for _, n := range q.names {
		args = append(args, n)
	}
	for p := 0; p <= lowest; {
		args[0] = p
		var t taken
		var name string
		err := tx.Get(ctx, q.nextSQL, args, &t.id, &name, &t.args, &t.unique, &t.due, &t.attempt)
		if errors.Is(err, db.ErrNoRows) {
			p++
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("find a job: %w", err)
		}
		t.kind = q.kinds[name]
		if t.kind.period == 0 && t.attempt >= t.kind.attempts {
			if err := bury(ctx, tx, t.id); err != nil {
				return nil, err
			}
			continue
		}
		return &t, lease(ctx, tx, &t)
	}
	return nil, nil
}

// bury marks a job whose last attempt was never written down: it may be what
// ends the process, and must not do so for ever.
func bury(ctx context.Context, tx *db.Tx, id int64) error {
	_, err := tx.Exec(ctx, "update job set failed = true, unique_key = null, error = $1 where id = $2",
		"the process ended during the last attempt", id)
	if err != nil {
		return fmt.Errorf("give up a job: %w", err)
	}
	return nil
}

// lease keeps other processes from t until its time is over, and counts the
// attempt.
func lease(ctx context.Context, tx *db.Tx, t *taken) error {
	t.attempt++
	// From now on another job with the same key may wait; a schedule is one row
	// for ever.
	held := t.unique
	if t.kind.period == 0 {
		held = nil
	}
	_, err := tx.Exec(ctx, "update job set run_at = $1, attempt = $2, unique_key = $3 where id = $4",
		clock.Micros(tx.Now().Add(t.kind.timeout+grace)), t.attempt, held, t.id)
	if err != nil {
		return fmt.Errorf("take a job: %w", err)
	}
	return nil
}

func nextSQL(kinds int) string {
	var b strings.Builder
	b.WriteString(`select id, kind, args, unique_key, run_at, attempt from job
		where failed = false and priority = $1 and run_at <= $2 and kind in (`)
	for i := range kinds {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+3)
	}
	b.WriteString(") order by run_at limit 1")
	return b.String()
}

// finish writes down how t ended. It changes nothing when the lease ran out and
// another process has taken the job since.
func finish(ctx context.Context, tx *db.Tx, t *taken, o outcome) error {
	now := tx.Now()
	var err error
	switch {
	case o.stopped: // the process ends: as if it had not been tried
		err = again(ctx, tx, t, now, t.attempt-1, "")
	case o.wait > 0:
		err = again(ctx, tx, t, now.Add(o.wait), t.attempt-1, "")
	case o.err == nil && t.kind.period > 0:
		_, err = tx.Exec(ctx, "update job set run_at = $1, attempt = 0, error = '' where id = $2 and attempt = $3",
			nextRun(t.due, now, t.kind.period), t.id, t.attempt)
	case o.err == nil:
		_, err = tx.Exec(ctx, "delete from job where id = $1 and attempt = $2", t.id, t.attempt)
	case t.kind.period > 0: // a schedule never gives up
		wait := min(backoff(t.id, t.attempt), t.kind.period)
		err = again(ctx, tx, t, now.Add(wait), t.attempt, message(o.err))
	case t.attempt >= t.kind.attempts || hopeless(o.err):
		_, err = tx.Exec(ctx, "update job set failed = true, error = $1 where id = $2 and attempt = $3",
			message(o.err), t.id, t.attempt)
	default:
		err = again(ctx, tx, t, now.Add(backoff(t.id, t.attempt)), t.attempt, message(o.err))
	}
	if err != nil {
		return fmt.Errorf("finish a job: %w", err)
	}
	return nil
}

// hopeless reports an error that says itself that trying again is of no use.
func hopeless(err error) bool {
	var p interface{ Permanent() bool }
	return errors.As(err, &p) && p.Permanent()
}

// waits reports an error that says itself that it is no failure, and when to come
// back.
func waits(err error) time.Duration {
	var w interface{ RetryAfter() time.Duration }
	if errors.As(err, &w) {
		return w.RetryAfter()
	}
	return 0
}

// again lets t wait until at. It gets its unique key back unless another job
// took that place meanwhile.
func again(ctx context.Context, tx *db.Tx, t *taken, at time.Time, attempt int, msg string) error {
	unique := t.unique
	if unique != nil {
		var n int
		err := tx.Get(ctx, "select count(*) from job where unique_key = $1 and id <> $2", []any{*unique, t.id}, &n)
		if err != nil {
			return err
		}
		if n > 0 {
			unique = nil
		}
	}
	_, err := tx.Exec(ctx, "update job set run_at = $1, attempt = $2, error = $3, unique_key = $4 where id = $5 and attempt = $6",
		clock.Micros(at), attempt, msg, unique, t.id, t.attempt)
	return err
}

// nextRun is the first of due, due+period, ... that is later than now, in
// microseconds. It is counted from the first run and not from midnight, so that
// not all nodes of the world call each other in the same second.
func nextRun(due int64, now time.Time, period time.Duration) int64 {
	p := max(period.Microseconds(), 1)
	if late := clock.Micros(now) - due; late >= 0 {
		return due + (late/p+1)*p
	}
	return clock.Micros(now.Add(period)) // the clock was set back
}

// backoff is how long to wait after a failed attempt: its fourth power in
// seconds (1 s, 16 s, 81 s, ... as River does), and up to a fifth more or less,
// told by the id, so that what failed together does not come back together.
func backoff(id int64, attempt int) time.Duration {
	a := float64(min(attempt, 20))
	h := uint64(id)*0x9e3779b97f4a7c15 + uint64(attempt)*0xbf58476d1ce4e5b9
	h ^= h >> 31
	h *= 0x94d049bb133111eb
	spread := float64(h>>11) / (1 << 53) // 0 to 1
	return time.Duration(a * a * a * a * (0.8 + 0.4*spread) * float64(time.Second))
}

// message is what is kept of an error: valid text of at most 500 characters.
func message(err error) string {
	s := strings.ReplaceAll(strings.ToValidUTF8(err.Error(), "\uFFFD"), "\x00", "")
	if s == "" {
		s = "failed without a message"
	}
	if r := []rune(s); len(r) > 500 {
		s = string(r[:499]) + "…"
	}
	return s
}
