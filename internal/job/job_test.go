package job_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
	"convoke/internal/job"
)

type note struct{ N int }

func (note) Kind() string { return "test.note" }

type other struct{ S string }

func (other) Kind() string { return "test.other" }

// world is one database, one clock, and as many processes as a test opens.
type world struct {
	t     *testing.T
	url   string
	clock *clock.Manual
	db    *db.DB
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	for _, e := range []struct {
		name string
		url  func(testing.TB) string
	}{{"sqlite", dbtest.SQLite}, {"postgres", dbtest.Postgres}} {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, url: e.url(t), clock: clock.NewManual(dbtest.Now)}
			w.db = dbtest.Open(t, w.url, w.clock)
			f(t, w)
		})
	}
}

func (w *world) queue() *job.Queue { return w.queueOn(w.db) }

func (w *world) queueOn(d *db.DB) *job.Queue {
	return job.New(d, w.clock, slog.New(slog.NewTextHandler(w.t.Output(), nil)))
}

func (w *world) enqueue(a job.Args, o job.Insert) {
	w.t.Helper()
	ctx := w.t.Context()
	if err := w.db.Write(ctx, func(tx *db.Tx) error { return job.Enqueue(ctx, tx, a, o) }); err != nil {
		w.t.Fatal(err)
	}
}

// run is RunPending, which must make n attempts.
func (w *world) run(q *job.Queue, n int) error {
	w.t.Helper()
	got, err := q.RunPending(w.t.Context())
	if got != n {
		w.t.Fatalf("%d attempts, want %d (%v)", got, n, err)
	}
	return err
}

func (w *world) rows() (n int) {
	w.t.Helper()
	err := w.db.Read(w.t.Context(), func(tx *db.Tx) error {
		return tx.Get(w.t.Context(), "select count(*) from job", nil, &n)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestEachJobRunsOnceOnManyQueues(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		const n, queues = 2000, 4
		var mu sync.Mutex
		ran, total, all := map[int]int{}, 0, make(chan struct{})
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		second := dbtest.Open(t, w.url, w.clock)
		var wg sync.WaitGroup
		for i := range queues {
			q := w.queueOn([]*db.DB{w.db, second}[i%2])
			job.Register(q, func(_ context.Context, a note) error {
				mu.Lock()
				defer mu.Unlock()
				ran[a.N]++
				if total++; total == n {
					close(all)
				}
				return nil
			})
			wg.Go(func() {
				if err := q.Run(ctx); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() { // enqueued while the queues run
				for at := range n / queues / 20 {
					err := w.db.Write(ctx, func(tx *db.Tx) error {
						for j := range 20 {
							a := note{(i*n/queues/20+at)*20 + j}
							if err := q.Enqueue(ctx, tx, a, job.Insert{Priority: j % 10}); err != nil {
								return err
							}
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		<-all
		stop()
		wg.Wait()
		for i := range n {
			if ran[i] != 1 {
				t.Errorf("job %d ran %d times", i, ran[i])
			}
		}
		if got := w.rows(); got != 0 {
			t.Errorf("%d rows are left", got)
		}
	})
}

func TestJobIsKeptOnlyWithItsTransaction(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, boom := t.Context(), errors.New("boom")
		err := w.db.Write(ctx, func(tx *db.Tx) error {
			if err := job.Enqueue(ctx, tx, note{1}, job.Insert{}); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) || w.rows() != 0 {
			t.Errorf("%v; %d rows", err, w.rows())
		}
		err = w.db.Write(ctx, func(tx *db.Tx) error { return job.Enqueue(ctx, tx, note{1}, job.Insert{Priority: 10}) })
		if err == nil {
			t.Error("priority 10 was taken")
		}
	})
}

// A process that dies holds its job until the lease ends; when it was only
// slow, what it writes down then changes nothing.
func TestJobOfADeadProcessComesBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.enqueue(note{1}, job.Insert{})
		began, release := make(chan struct{}), make(chan struct{})
		slow := w.queue()
		job.Register(slow, func(context.Context, note) error {
			close(began)
			<-release
			return nil
		}, job.Timeout(20*time.Second))
		var wg sync.WaitGroup
		wg.Go(func() {
			if n, err := slow.RunPending(t.Context()); n != 1 || err != nil {
				t.Errorf("the slow process: %d, %v", n, err)
			}
		})
		<-began
		quick, fail := w.queue(), errors.New("not yet")
		job.Register(quick, func(context.Context, note) error { return fail }, job.Timeout(20*time.Second))
		w.clock.Add(29 * time.Second)
		w.run(quick, 0)
		w.clock.Add(time.Second)
		if err := w.run(quick, 1); !errors.Is(err, fail) {
			t.Error(err)
		}
		close(release)
		wg.Wait()
		if w.rows() != 1 {
			t.Fatal("a process without the lease finished the job")
		}
		fail = nil
		w.clock.Add(time.Hour)
		w.run(quick, 1)
		if w.rows() != 0 {
			t.Error("the job is still there")
		}
	})
}

// A job that ends the process each time is given up at last.
func TestDeadlyJobIsGivenUp(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.enqueue(note{1}, job.Insert{Unique: "u"})
		w.enqueue(note{2}, job.Insert{})
		ctx := t.Context()
		err := w.db.Write(ctx, func(tx *db.Tx) error { // as three dead processes leave it
			_, err := tx.Exec(ctx, "update job set attempt = 3 where args = $1", `{"N":1}`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		q := w.queue()
		var ran []int
		job.Register(q, func(_ context.Context, a note) error { ran = append(ran, a.N); return nil }, job.MaxAttempts(3))
		w.run(q, 1)
		if d := cmp.Diff([]int{2}, ran); d != "" {
			t.Error(d)
		}
		failed, err := q.Failed(ctx)
		if err != nil || len(failed) != 1 || failed[0].Error != "the process ended during the last attempt" {
			t.Errorf("%+v, %v", failed, err)
		}
	})
}

func TestUnique(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, q := t.Context(), w.queue()
		var ran []int
		fail := true
		again := false
		job.Register(q, func(ctx context.Context, a note) error {
			ran = append(ran, a.N)
			if again { // while one runs, the next may wait
				again = false
				w.enqueue(note{a.N + 100}, job.Insert{Unique: "a"})
			}
			if fail {
				return errors.New("no")
			}
			return nil
		})
		job.Register(q, func(context.Context, other) error { return nil })
		at := func(d time.Duration) time.Time { return dbtest.Now.Add(d) }
		w.enqueue(note{1}, job.Insert{Unique: "a", RunAt: at(time.Hour)})
		w.enqueue(note{2}, job.Insert{Unique: "a", RunAt: at(2 * time.Hour)})
		w.enqueue(note{3}, job.Insert{Unique: "b", RunAt: at(9 * time.Hour)})
		w.enqueue(other{}, job.Insert{Unique: "a", RunAt: at(9 * time.Hour)})
		w.enqueue(note{4}, job.Insert{RunAt: at(9 * time.Hour)})
		if w.rows() != 4 {
			t.Fatalf("%d rows, want 4", w.rows())
		}
		w.enqueue(note{5}, job.Insert{Unique: "a", RunAt: at(time.Minute)})
		w.clock.Set(at(time.Minute))
		if err := w.run(q, 1); err == nil {
			t.Error("the failure was lost")
		}
		// It waits for its second attempt and has its key again: no other comes,
		// nor does it run sooner.
		w.enqueue(note{6}, job.Insert{Unique: "a"})
		w.run(q, 0)
		fail, again = false, true
		w.clock.Set(at(2 * time.Minute))
		w.run(q, 2)
		if d := cmp.Diff([]int{1, 1, 101}, ran); d != "" {
			t.Error(d)
		}
		if s, err := q.Stats(ctx); err != nil || s.Waiting != 3 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func TestOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.enqueue(note{5}, job.Insert{Priority: 9})
		w.enqueue(note{4}, job.Insert{Priority: 1})
		w.enqueue(note{3}, job.Insert{Priority: 1, RunAt: dbtest.Now.Add(-time.Minute)})
		w.enqueue(note{6}, job.Insert{Priority: 9, RunAt: dbtest.Now.Add(time.Microsecond)})
		w.enqueue(note{1}, job.Insert{})
		w.enqueue(other{}, job.Insert{}) // no worker here: another process may have one
		q := w.queue()
		var ran []int
		job.Register(q, func(_ context.Context, a note) error { ran = append(ran, a.N); return nil })
		w.run(q, 4)
		if d := cmp.Diff([]int{1, 3, 4, 5}, ran); d != "" {
			t.Error(d)
		}
		if w.rows() != 2 {
			t.Errorf("%d rows, want the later job and the unknown one", w.rows())
		}
	})
}

func TestFailuresAreRetriedThenVisible(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, q := t.Context(), w.queue()
		calls := 0
		job.Register(q, func(context.Context, note) error {
			calls++
			if calls%2 == 0 {
				panic("hm")
			}
			return fmt.Errorf("call %d", calls)
		}, job.MaxAttempts(4))
		w.enqueue(note{1}, job.Insert{Unique: "u"})
		for attempt := 1; attempt <= 4; attempt++ {
			if err := w.run(q, 1); err == nil {
				t.Fatal("no error")
			}
			w.run(q, 0) // not at once
			w.clock.Add(2 * time.Duration(attempt*attempt*attempt*attempt) * time.Second)
		}
		w.run(q, 0)
		failed, err := q.Failed(ctx)
		if err != nil {
			t.Fatal(err)
		}
		want := []job.FailedJob{{Kind: "test.note", Args: `{"N":1}`, Error: "panic: hm", Attempt: 4, Created: dbtest.Now}}
		if len(failed) == 1 {
			want[0].ID = failed[0].ID
		}
		if d := cmp.Diff(want, failed); d != "" {
			t.Fatal(d)
		}
		w.enqueue(note{2}, job.Insert{Unique: "u", RunAt: dbtest.Now.Add(time.Hour)}) // a failed job keeps no key
		if s, err := q.Stats(ctx); err != nil || s != (job.Stats{Waiting: 1, Failed: 1}) {
			t.Errorf("%+v, %v", s, err)
		}
		if err := q.Retry(ctx, want[0].ID); err != nil {
			t.Fatal(err)
		}
		w.run(q, 1)
		if err := q.Retry(ctx, want[0].ID); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("retry of a job that waits: %v", err)
		}
		if err := q.Discard(ctx, want[0].ID); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("discard of a job that waits: %v", err)
		}
		for range 3 {
			w.clock.Add(10 * time.Minute)
			w.run(q, 1)
		}
		if err := q.Discard(ctx, want[0].ID); err != nil {
			t.Error(err)
		}
		if w.rows() != 1 {
			t.Errorf("%d rows, want 1", w.rows())
		}
	})
}

type later struct{}

func (later) Error() string             { return "later" }
func (later) RetryAfter() time.Duration { return 26 * time.Hour }

// TestWaiting: a job may wait for its turn any number of times.
func TestWaiting(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		q, calls := w.queue(), 0
		job.Register(q, func(context.Context, note) error {
			if calls++; calls <= 3 {
				return fmt.Errorf("ask: %w", later{})
			}
			return nil
		}, job.MaxAttempts(2))
		w.enqueue(note{1}, job.Insert{})
		for range 3 {
			_ = w.run(q, 1)
			w.clock.Add(26*time.Hour - time.Second)
			w.run(q, 0)
			w.clock.Add(time.Second)
		}
		if err := w.run(q, 1); err != nil || w.rows() != 0 || calls != 4 {
			t.Errorf("%v, %d rows, %d calls", err, w.rows(), calls)
		}
		if failed, err := q.Failed(t.Context()); err != nil || len(failed) != 0 {
			t.Errorf("%v, %v", failed, err)
		}
	})
}

func TestArgumentsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, q := t.Context(), w.queue()
		job.Register(q, func(context.Context, note) error { return nil }, job.MaxAttempts(1))
		w.enqueue(note{1}, job.Insert{})
		err := w.db.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `update job set args = '{"N":"secret"}'`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		w.run(q, 1)
		failed, err := q.Failed(ctx)
		if err != nil || len(failed) != 1 || failed[0].Error != "the stored arguments cannot be read" {
			t.Errorf("%+v, %v", failed, err)
		}
	})
}
