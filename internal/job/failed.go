package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
)

// FailedJob is a job that used up its attempts, or a schedule whose last run
// failed.
type FailedJob struct {
	ID      int64
	Kind    string // "every:NAME" for a schedule
	Args    string // JSON
	Error   string // of the last attempt, at most 500 characters
	Attempt int
	Created time.Time
}

// listed bounds [Queue.Failed].
const listed = 500

// Failed lists the failed jobs, oldest first, at most 500.
func (q *Queue) Failed(ctx context.Context) ([]FailedJob, error) {
	var out []FailedJob
	err := q.db.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = db.Query(ctx, tx, `select id, kind, args, error, attempt, created_at from job
			where failed = true or (unique_key = kind and error <> '') order by id limit $1`, []any{listed},
			func(scan func(...any) error) (j FailedJob, err error) {
				var at int64
				err = scan(&j.ID, &j.Kind, &j.Args, &j.Error, &j.Attempt, &at)
				j.Created = clock.FromMicros(at)
				return j, err
			})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list failed jobs: %w", err)
	}
	return out, nil
}

// DropFailed deletes failed jobs of a kind that were made before t: what they
// were for is over, and they must not outlive it.
func (q *Queue) DropFailed(ctx context.Context, kind string, t time.Time) error {
	return q.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "delete from job where failed and kind = $1 and created_at < $2", kind, clock.Micros(t))
		return err
	})
}

// Retry makes a failed job due now with all its attempts before it. It returns
// a NotFound fault when there is no such job.
func (q *Queue) Retry(ctx context.Context, id int64) error {
	return q.change(ctx, id, func(tx *db.Tx) (int64, error) {
		tx.OnCommit(q.signal)
		return tx.Exec(ctx, `update job set failed = false, attempt = 0, run_at = $1
			where id = $2 and (failed = true or (unique_key = kind and error <> ''))`, clock.Micros(tx.Now()), id)
	})
}

// Discard deletes a failed job. It returns a NotFound fault when there is no
// such job; a schedule cannot be discarded.
func (q *Queue) Discard(ctx context.Context, id int64) error {
	return q.change(ctx, id, func(tx *db.Tx) (int64, error) {
		return tx.Exec(ctx, "delete from job where id = $1 and failed = true", id)
	})
}

func (q *Queue) change(ctx context.Context, id int64, f func(*db.Tx) (int64, error)) error {
	err := q.db.WriteHot(ctx, lane, func(tx *db.Tx) error {
		n, err := f(tx)
		if err == nil && n == 0 {
			return fault.NotFound("job.not_found", "There is no failed job with that number.")
		}
		return err
	})
	if err != nil && fault.Of(err) == nil {
		return fmt.Errorf("change job %d: %w", id, err)
	}
	return err
}

// Stats tells how the queue of all processes stands.
type Stats struct {
	Waiting int           // jobs and schedules, due or not, running ones too
	Failed  int           // used up their attempts
	Late    time.Duration // how long the oldest due job has waited
}

// Stats counts the jobs. It reads them all, so it is for an operator's command
// and for metrics scraped now and then.
func (q *Queue) Stats(ctx context.Context) (Stats, error) {
	var s Stats
	err := q.db.Read(ctx, func(tx *db.Tx) error {
		var oldest *int64
		err := tx.Get(ctx, `select count(*), coalesce(sum(case when failed = true then 1 else 0 end), 0),
			min(case when failed = false then run_at end) from job`, nil, &s.Waiting, &s.Failed, &oldest)
		if err != nil && !errors.Is(err, db.ErrNoRows) {
			return err
		}
		s.Waiting -= s.Failed
		if oldest != nil {
			s.Late = max(0, tx.Now().Sub(clock.FromMicros(*oldest)))
		}
		return nil
	})
	if err != nil {
		return Stats{}, fmt.Errorf("count jobs: %w", err)
	}
	return s, nil
}
