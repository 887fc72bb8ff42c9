package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
)

const (
	workers = 4
	poll    = time.Second
	// drain is how long running jobs may go on when the process is to stop;
	// after that their contexts end and they get settle more.
	drain  = 20 * time.Second
	settle = 3 * time.Second
)

// Queue runs jobs. Register its workers and schedules first; then it is safe
// for concurrent use, and any number of queues, in any number of processes, may
// share a database.
type Queue struct {
	db    *db.DB
	clock clock.Clock
	log   *slog.Logger

	kinds   map[string]*kind
	names   []string
	nextSQL string
	wake    chan struct{}

	poll, drain, settle time.Duration
}

// New returns a queue on d. The clock must be the one of d.
func New(d *db.DB, c clock.Clock, log *slog.Logger) *Queue {
	return &Queue{
		db: d, clock: c, log: log, kinds: map[string]*kind{},
		wake: make(chan struct{}, 1), poll: poll, drain: drain, settle: settle,
	}
}

// signal wakes one idle worker. A worker that finds a job wakes the next, so
// one signal is enough for any number of jobs.
func (q *Queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends. Then it takes no more jobs, lets those that run end
// within 20 seconds, and interrupts the rest, which will run again. It returns
// an error when some did not heed even that, or when the schedules cannot be
// written at the start.
func (q *Queue) Run(ctx context.Context) error {
	if err := q.start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	jobs, interrupt := context.WithCancel(context.WithoutCancel(ctx))
	defer interrupt()
	var busy sync.WaitGroup
	for range workers {
		busy.Go(func() { q.work(ctx, jobs) })
	}
	busy.Go(func() { q.tick(ctx) })
	done := make(chan struct{})
	go func() { busy.Wait(); close(done) }()

	<-ctx.Done()
	if ended(done, q.drain) {
		return nil
	}
	q.log.Warn("interrupting jobs that still run")
	interrupt()
	if ended(done, q.settle) {
		return nil
	}
	return errors.New("some jobs did not stop; they will run again after their time")
}

func ended(done <-chan struct{}, within time.Duration) bool {
	t := time.NewTimer(within)
	defer t.Stop()
	select {
	case <-done:
		return true
	case <-t.C:
		return false
	}
}

// start writes the schedules that are not there yet.
func (q *Queue) start(ctx context.Context) error {
	err := q.db.WriteHot(ctx, lane, func(tx *db.Tx) error {
		for _, n := range q.names {
			if k := q.kinds[n]; k.period > 0 {
				if err := plant(ctx, tx, k); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write the schedules: %w", err)
	}
	return nil
}

// tick looks for due jobs each second: retries, later run times, and what other
// processes enqueued.
func (q *Queue) tick(ctx context.Context) {
	t := time.NewTicker(q.poll)
	defer t.Stop()
	for {
		q.signal()
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// outcome is how an attempt ended.
type outcome struct {
	err     error
	stopped bool          // interrupted because the process ends
	wait    time.Duration // it is no failure, and to be done then
}

// work is one worker: it writes down how the last job ended and takes the next
// in one transaction, which the other workers' share.
func (q *Queue) work(ctx, jobs context.Context) {
	var last *taken
	var how outcome
	for {
		next, err := q.exchange(ctx, last, how)
		if err != nil {
			q.log.Error("the job queue cannot write", "error", err)
			if ctx.Err() != nil {
				return // the lease ends by itself
			}
		} else {
			last = nil
		}
		if next == nil {
			if ctx.Err() != nil {
				return
			}
			select {
			case <-ctx.Done():
			case <-q.wake:
			}
			continue
		}
		q.signal()
		last, how = next, q.attempt(jobs, next)
	}
}

// exchange finishes last, unless nil, and takes the next job, unless ctx ended.
func (q *Queue) exchange(ctx context.Context, last *taken, how outcome) (next *taken, err error) {
	if last == nil && ctx.Err() != nil {
		return nil, nil
	}
	write := context.WithoutCancel(ctx)
	err = q.db.WriteHot(write, lane, func(tx *db.Tx) (err error) {
		next = nil
		if last != nil {
			if err := finish(write, tx, last, how); err != nil {
				return err
			}
		}
		if ctx.Err() == nil {
			next, err = q.take(write, tx)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return next, nil
}

// attempt runs t once.
func (q *Queue) attempt(jobs context.Context, t *taken) outcome {
	ctx, cancel := context.WithTimeout(jobs, t.kind.timeout)
	defer cancel()
	start := q.clock.Now()
	err := q.protect(ctx, t)
	o := outcome{err: err, stopped: err != nil && jobs.Err() != nil, wait: waits(err)}
	if err != nil && o.wait <= 0 {
		level := slog.LevelWarn
		if t.attempt >= t.kind.attempts {
			level = slog.LevelError
		}
		q.log.Log(ctx, level, "a job failed", "kind", t.kind.name, "job", t.id, "attempt", t.attempt,
			"of", t.kind.attempts, "took", q.clock.Now().Sub(start), "error", message(err))
	}
	return o
}

// protect makes a panic an error.
func (q *Queue) protect(ctx context.Context, t *taken) (err error) {
	defer func() {
		if p := recover(); p != nil {
			q.log.Error("a job panicked", "kind", t.kind.name, "job", t.id, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return t.kind.run(ctx, []byte(t.args))
}

// RunPending runs what is due, one job after the other, until nothing is, and
// returns how many attempts that were. Errors of jobs are joined into its own.
// It is for tests and commands; a server uses [Queue.Run].
func (q *Queue) RunPending(ctx context.Context) (int, error) {
	if err := q.start(ctx); err != nil {
		return 0, err
	}
	var last *taken
	var how outcome
	var failures []error
	for n := 0; ; n++ {
		next, err := q.exchange(ctx, last, how)
		if err != nil || next == nil {
			return n, errors.Join(append(failures, err, ctx.Err())...)
		}
		last, how = next, q.attempt(ctx, next)
		if how.err != nil {
			failures = append(failures, fmt.Errorf("job %s: %w", next.kind.name, how.err))
		}
	}
}
