package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"convoke/internal/db"
)

// Args are what a job is to do: a struct, stored as JSON. Fields may be added
// later and must not change their meaning, since rows outlive releases.
type Args interface {
	// Kind names the worker, as in "mail.send". It is called on the zero value
	// too.
	Kind() string
}

// Insert says when and how a job is to run. The zero value means at once.
type Insert struct {
	// RunAt is the earliest time; zero means the transaction's.
	RunAt time.Time
	// Unique, when not empty, keeps a second job of this kind with the same
	// Unique from being added while one waits; the earlier RunAt of the two
	// stays, and the arguments of the first. Once a job is taken the next one
	// may wait, since the running one may have looked already.
	Unique string
	// Priority orders what is due: 0 first, 9 last.
	Priority int
}

// lowest is the last priority.
const lowest = 9

// Enqueue adds a job to tx. No worker wakes for it; it is found within a
// second. [Queue.Enqueue] is quicker.
func Enqueue(ctx context.Context, tx *db.Tx, a Args, o Insert) error {
	if o.Priority < 0 || o.Priority > lowest {
		return fmt.Errorf("enqueue %s: priority %d is not 0 to %d", a.Kind(), o.Priority, lowest)
	}
	b, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("enqueue %s: %w", a.Kind(), err)
	}
	if o.RunAt.IsZero() {
		o.RunAt = tx.Now()
	}
	var unique *string
	if o.Unique != "" {
		u := a.Kind() + ":" + o.Unique
		unique = &u
	}
	if err := insert(ctx, tx, a.Kind(), string(b), unique, o); err != nil {
		return fmt.Errorf("enqueue %s: %w", a.Kind(), err)
	}
	return nil
}

// Enqueue adds a job to tx and wakes a worker of this process when it commits.
func (q *Queue) Enqueue(ctx context.Context, tx *db.Tx, a Args, o Insert) error {
	if err := Enqueue(ctx, tx, a, o); err != nil {
		return err
	}
	if !o.RunAt.After(tx.Now()) {
		tx.OnCommit(q.signal)
	}
	return nil
}

// Worker does one kind of job. Its context ends at the timeout, and when the
// process must stop. An error or a panic is a failed attempt; an error with a
// method RetryAfter() time.Duration of more than zero is none, and lets the job
// wait for that long.
type Worker[A Args] func(ctx context.Context, a A) error

// Option changes how one kind of job runs.
type Option func(*kind)

// MaxAttempts is how often a job is tried before it stays as failed; 12 unless
// told, which takes about half a day.
func MaxAttempts(n int) Option { return func(k *kind) { k.attempts = max(n, 1) } }

// Timeout bounds one attempt; 30 seconds unless told. A process that dies holds
// its jobs for the timeout and ten seconds more.
func Timeout(d time.Duration) Option { return func(k *kind) { k.timeout = d } }

// kind is how to run the jobs of one kind.
type kind struct {
	name     string
	run      func(ctx context.Context, args []byte) error
	attempts int
	timeout  time.Duration
	period   time.Duration // of a schedule, else 0
}

// Register names the worker of A's kind. It must be called before the queue
// runs, and panics when the kind has a worker already.
func Register[A Args](q *Queue, w Worker[A], opts ...Option) {
	var zero A
	q.add(&kind{name: zero.Kind(), run: func(ctx context.Context, b []byte) error {
		var a A
		if err := json.Unmarshal(b, &a); err != nil {
			return errors.New("the stored arguments cannot be read") // the cause quotes them
		}
		return w(ctx, a)
	}}, opts)
}

// Every runs fn once a period over all processes, first at once. Its time is
// kept in the database, so restarts neither skip nor repeat it; periods missed
// while no process ran are made up by one run. A run that fails is tried again,
// at the latest when the next period begins, and shows in [Queue.Failed] until
// one succeeds. It must be called before the queue runs.
func (q *Queue) Every(name string, period time.Duration, fn func(ctx context.Context) error, opts ...Option) {
	if period <= 0 {
		panic("job: schedule " + name + " has no period")
	}
	q.add(&kind{name: scheduled + name, period: period, run: func(ctx context.Context, _ []byte) error {
		return fn(ctx)
	}}, opts)
}

// scheduled begins the kinds of schedules.
const scheduled = "every:"

func (q *Queue) add(k *kind, opts []Option) {
	if _, ok := q.kinds[k.name]; ok {
		panic("job: two workers for " + k.name)
	}
	k.attempts, k.timeout = 12, 30*time.Second
	for _, o := range opts {
		o(k)
	}
	q.kinds[k.name] = k
	q.names = append(q.names, k.name)
	q.nextSQL = nextSQL(len(q.names))
}
