package job_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"convoke/internal/db"
	"convoke/internal/job"
)

func TestScheduleRunsOnceAPeriod(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		runs, fail := 0, error(nil)
		make := func(period time.Duration) *job.Queue {
			q := w.queue()
			q.Every("sweep", period, func(context.Context) error { runs++; return fail })
			return q
		}
		a, b := make(time.Hour), make(time.Hour)
		both := func(want int, when string) {
			t.Helper()
			runs = 0
			for _, q := range []*job.Queue{a, b, a} {
				_, _ = q.RunPending(ctx)
			}
			if runs != want {
				t.Fatalf("%s: %d runs, want %d", when, runs, want)
			}
		}
		both(1, "first")
		for range 3 {
			w.clock.Add(time.Hour - time.Second)
			both(0, "within the period")
			w.clock.Add(time.Second)
			both(1, "next period")
		}
		w.clock.Add(5*time.Hour + 59*time.Minute)
		both(1, "after a long sleep")
		w.clock.Add(time.Minute) // six hours since: still in step
		both(1, "in step again")
		fail = errors.New("full")
		w.clock.Add(time.Hour)
		both(1, "failing")
		failed, err := a.Failed(ctx)
		if err != nil || len(failed) != 1 || failed[0].Kind != "every:sweep" || failed[0].Error != "full" {
			t.Fatalf("%+v, %v", failed, err)
		}
		for range 20 { // it never gives up
			w.clock.Add(time.Hour)
			both(1, "failing on")
		}
		if err := b.Discard(ctx, failed[0].ID); err == nil {
			t.Error("a schedule was discarded")
		}
		fail = nil
		if err := b.Retry(ctx, failed[0].ID); err != nil {
			t.Fatal(err)
		}
		both(1, "asked to retry")
		if failed, err := a.Failed(ctx); err != nil || len(failed) != 0 {
			t.Errorf("%+v, %v", failed, err)
		}
		if w.rows() != 1 {
			t.Errorf("%d rows for one schedule", w.rows())
		}
		a, b = make(time.Minute), make(time.Minute) // a new release is more eager
		both(0, "new period begins")
		w.clock.Add(time.Minute)
		both(1, "new period")
	})
}

// While one process runs a schedule, another that starts must not.
func TestScheduleIsNotDoubledByAStart(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a, b := w.queue(), w.queue()
		doubled := -1
		a.Every("sweep", time.Second, func(ctx context.Context) error {
			w.clock.Add(5 * time.Second)
			var err error
			if doubled, err = b.RunPending(ctx); err != nil {
				return err
			}
			w.clock.Add(5 * time.Second) // the lease is longer than the period
			more, err := b.RunPending(ctx)
			doubled += more
			return err
		})
		b.Every("sweep", time.Second, func(context.Context) error { return nil })
		w.run(a, 1)
		if doubled != 0 {
			t.Errorf("the other process ran %d", doubled)
		}
	})
}

func running(t *testing.T, q *job.Queue) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- q.Run(ctx) }()
	return func() error { cancel(); return <-done }
}

// With an hour between polls only the wake-up at the commit can start a job.
func TestEnqueueWakes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		q, ran := w.queue(), make(chan int)
		q.Pace(time.Hour, time.Minute, time.Minute)
		job.Register(q, func(_ context.Context, a note) error { ran <- a.N; return nil })
		stop := running(t, q)
		for i := range 10 {
			err := w.db.Write(t.Context(), func(tx *db.Tx) error {
				return q.Enqueue(t.Context(), tx, note{i}, job.Insert{})
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := <-ran; got != i {
				t.Errorf("ran %d, want %d", got, i)
			}
			for w.rows() > 0 { // the worker is idle again when its job is gone
				if t.Context().Err() != nil {
					return
				}
			}
		}
		if err := stop(); err != nil || w.rows() != 0 {
			t.Errorf("%v; %d rows", err, w.rows())
		}
	})
}

func TestPollFindsWhatOthersEnqueue(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		q, ran := w.queue(), make(chan int)
		q.Pace(5*time.Millisecond, time.Minute, time.Minute)
		job.Register(q, func(_ context.Context, a note) error { ran <- a.N; return nil })
		stop := running(t, q)
		w.enqueue(note{7}, job.Insert{})
		if got := <-ran; got != 7 {
			t.Errorf("ran %d", got)
		}
		if err := stop(); err != nil || w.rows() != 0 {
			t.Errorf("%v; %d rows", err, w.rows())
		}
	})
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		began := make(chan struct{}, 4)
		start := func(drain, settle time.Duration, fn job.Worker[note]) (stop func() error) {
			q := w.queue()
			q.Pace(time.Hour, drain, settle)
			job.Register(q, func(ctx context.Context, a note) error { began <- struct{}{}; return fn(ctx, a) })
			stop = running(t, q)
			<-began
			return stop
		}
		// One that ends in time is finished, and nothing new begins.
		w.enqueue(note{1}, job.Insert{})
		finish := make(chan struct{})
		stop := start(time.Minute, time.Minute, func(context.Context, note) error { <-finish; return nil })
		stopped := make(chan error)
		go func() { stopped <- stop() }()
		close(finish)
		if err := <-stopped; err != nil || w.rows() != 0 {
			t.Fatalf("%v; %d rows", err, w.rows())
		}
		// One that does not is interrupted and is due again, untried.
		w.enqueue(note{2}, job.Insert{})
		stop = start(time.Millisecond, time.Minute, func(ctx context.Context, _ note) error { <-ctx.Done(); return ctx.Err() })
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		var attempt int
		err := w.db.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Get(t.Context(), "select attempt from job where run_at <= $1", []any{w.clock.Now().UnixMicro()}, &attempt)
		})
		if err != nil || attempt != 0 {
			t.Fatalf("attempt %d, %v", attempt, err)
		}
		// One that ignores even that is reported; its lease brings it back.
		deaf := make(chan struct{})
		stop = start(time.Millisecond, time.Millisecond, func(context.Context, note) error { <-deaf; return nil })
		if err := stop(); err == nil {
			t.Error("a job that did not stop was not reported")
		}
		close(deaf)
	})
}

func TestTimeoutIsAFailure(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		q := w.queue()
		job.Register(q, func(ctx context.Context, _ note) error { <-ctx.Done(); return ctx.Err() },
			job.Timeout(time.Millisecond), job.MaxAttempts(1))
		w.enqueue(note{}, job.Insert{})
		if err := w.run(q, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if s, err := q.Stats(t.Context()); err != nil || s.Failed != 1 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func TestTwoWorkersForOneKind(t *testing.T) {
	t.Parallel()
	q := job.New(nil, nil, nil)
	job.Register(q, func(context.Context, note) error { return nil })
	var caught atomic.Bool
	func() {
		defer func() { caught.Store(recover() != nil) }()
		job.Register(q, func(context.Context, note) error { return nil })
	}()
	if !caught.Load() {
		t.Error("no panic")
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id, n := rapid.Int64Min(1).Draw(t, "id"), rapid.IntRange(1, 40).Draw(t, "attempt")
		mid := time.Duration(min(n, 20)*min(n, 20)*min(n, 20)*min(n, 20)) * time.Second
		if got := job.Backoff(id, n); got < mid*8/10 || got > mid*12/10 {
			t.Fatalf("backoff %v, want about %v", got, mid)
		}
		text := rapid.String().Draw(t, "text") + string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		m := job.Message(errors.New(strings.Repeat(text, rapid.IntRange(1, 40).Draw(t, "times"))))
		if !utf8.ValidString(m) || strings.ContainsRune(m, 0) || utf8.RuneCountInString(m) > 500 || m == "" {
			t.Fatalf("message %q", m)
		}
		due, p := rapid.Int64Range(0, 1e15).Draw(t, "due"), time.Duration(rapid.Int64Range(1000, 1e15).Draw(t, "period"))
		now := time.UnixMicro(due + rapid.Int64Range(-1e12, 1e12).Draw(t, "late"))
		next := job.NextRun(due, now, p)
		if next <= now.UnixMicro() || next > now.UnixMicro()+p.Microseconds() {
			t.Fatalf("due %d, now %d, period %v: next %d", due, now.UnixMicro(), p, next)
		}
	})
	spread := map[time.Duration]bool{}
	for id := range int64(100) {
		spread[job.Backoff(id, 5).Truncate(10*time.Second)] = true
	}
	if len(spread) < 15 {
		t.Errorf("only %d different waits", len(spread))
	}
}
