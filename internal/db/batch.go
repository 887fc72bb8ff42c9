package db

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"convoke/internal/fault"
)

// Limits of one lane. A batch is whatever waits when the last commit ends, so
// it grows by itself under load and nobody waits when the node is idle.
const (
	maxBatch = 2000
	maxQueue = 20000
)

// lane owns one writing connection and the goroutine that commits on it.
type lane struct {
	db      *DB
	queue   chan *write
	begin   func(context.Context, int) (*conn, error) // takes the lock, opens the transaction for a try
	end     func(context.Context)                     // gives the lock back
	mu      sync.RWMutex
	closing bool
}

type write struct {
	ctx  context.Context
	fn   func(*Tx) error
	err  error
	tx   *Tx
	done chan struct{}
	// doubled is how often a value was there already; see mayPass.
	doubled int
}

// do queues fn and waits for the commit that holds it. It does not leave early:
// whether something was recorded must be known.
func (l *lane) do(ctx context.Context, fn func(*Tx) error) error {
	w := &write{ctx: ctx, fn: fn, done: make(chan struct{})}
	if err := l.enqueue(w); err != nil {
		return err
	}
	<-w.done
	return w.err
}

func (l *lane) enqueue(w *write) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closing {
		return fault.After(NotRecorded(errors.New("closing")), 5*time.Second)
	}
	select {
	case l.queue <- w:
		return nil
	default:
		return fault.After(fault.Unavailable("db.busy",
			"Very many people are here at once. Nothing was recorded. Please send it again in a few seconds."), 3*time.Second)
	}
}

func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closing {
		l.closing = true
		close(l.queue)
	}
}

// run commits batch after batch until the queue is closed and empty. idle is
// called now and then when nothing waits.
func (l *lane) run(ctx context.Context, every time.Duration, idle func(context.Context)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	batch := make([]*write, 0, maxBatch)
	for {
		select {
		case w, ok := <-l.queue:
			if !ok {
				return
			}
			batch = l.collect(append(batch[:0], w))
			l.commit(ctx, batch)
		case <-tick.C:
			idle(ctx)
		}
	}
}

func (l *lane) collect(batch []*write) []*write {
	for len(batch) < maxBatch {
		select {
		case w, ok := <-l.queue:
			if !ok {
				return batch
			}
			batch = append(batch, w)
		default:
			return batch
		}
	}
	return batch
}

// commit runs the batch in one transaction and answers every caller.
//
// First without savepoints: most batches hold no failing write, and two
// statements a write are saved. When one that had written fails, everything is
// undone and the batch runs again, each write behind a savepoint.
func (l *lane) commit(ctx context.Context, batch []*write) {
	start := time.Now()
	err := errRerun
	for try := 0; try < pgRetries && errors.Is(err, errRerun); try++ {
		if try > 1 {
			time.Sleep(pause(try))
		}
		err = l.try(ctx, batch, try)
	}
	if errors.Is(err, errRerun) && len(batch) > 1 {
		for _, w := range batch { // conflicts with others: each on its own
			l.commit(ctx, []*write{w})
		}
		return
	}
	st := &l.db.batches
	st.batches.Add(1)
	st.writes.Add(int64(len(batch)))
	st.nanos.Add(int64(time.Since(start)))
	for n := int64(len(batch)); ; {
		if old := st.largest.Load(); n <= old || st.largest.CompareAndSwap(old, n) {
			break
		}
	}
	if errors.Is(err, errRerun) {
		err = errConflicts()
		batch[0].err = nil // the last conflict tells nobody anything
	} else if err != nil {
		if untrusted(err) {
			l.db.fail(err)
		}
		if _, pg := codes(err); errors.Is(err, errCommit) && away(pg, err) {
			err = unsure(err)
		} else {
			err = NotRecorded(err)
		}
	}
	l.answer(batch, err)
}

func (l *lane) answer(batch []*write, err error) {
	var tags []string
	for _, w := range batch {
		if err != nil && w.err == nil {
			w.err = err
		}
		if w.err == nil && w.tx != nil {
			tags = append(tags, w.tx.tags...)
			for _, f := range w.tx.commits {
				f()
			}
		}
	}
	// Caches must know before anybody is told that it worked.
	l.db.announce(tags)
	for _, w := range batch {
		close(w.done)
	}
}

// errCommit marks an error of the commit itself.
var errCommit = errors.New("the commit failed")

var errRerun = errors.New("run the batch again")

func (l *lane) try(ctx context.Context, batch []*write, try int) (err error) {
	k, err := l.begin(ctx, try)
	if err != nil {
		return err
	}
	defer l.end(ctx)
	wrote := false
	for _, w := range batch {
		if w.err = w.ctx.Err(); w.err != nil {
			continue // the caller left before it began
		}
		w.tx = &Tx{conn: k, engine: l.db.engine, now: l.db.opt.Clock.Now(), write: true}
		dirty, err := l.step(ctx, k, w, try > 0)
		if err != nil || dirty {
			return errors.Join(rollback(ctx, k), err, rerunIf(dirty))
		}
		wrote = wrote || w.tx.wrote
	}
	if !wrote {
		return rollback(ctx, k)
	}
	if err := l.db.notifyPeers(ctx, k, batch); err != nil {
		return errors.Join(rollback(ctx, k), err)
	}
	if _, err := k.exec(ctx, "commit"); err != nil {
		if retryable(err) {
			return errors.Join(rollback(ctx, k), errRerun)
		}
		return errors.Join(errCommit, fmt.Errorf("commit: %w", err), rollback(ctx, k))
	}
	return nil
}

func rerunIf(b bool) error {
	if b {
		return errRerun
	}
	return nil
}

// step runs one write. dirty means that the transaction must be undone and the
// batch run again.
func (l *lane) step(ctx context.Context, k *conn, w *write, careful bool) (dirty bool, err error) {
	if !careful {
		w.err = protect(w)
		return w.err != nil && (w.tx.wrote || w.tx.broken), nil
	}
	if _, err := k.exec(ctx, "savepoint w"); err != nil {
		return false, err
	}
	w.err = protect(w)
	if w.err != nil && mayPass(w.err, &w.doubled) {
		return true, nil
	}
	if w.err != nil {
		if _, err := k.exec(ctx, "rollback to savepoint w"); err != nil {
			return false, err
		}
		w.tx = nil
	}
	_, err = k.exec(ctx, "release savepoint w")
	if w.tx == nil { // undone: nothing to announce
		w.tx = &Tx{}
	}
	return false, err
}

// protect runs the function and turns a panic into an error: the writer must
// not die of one caller's mistake.
func protect(w *write) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a write: %v\n%s", p, debug.Stack())
			w.tx.wrote = true
		}
	}()
	err = w.fn(w.tx)
	if err == nil && w.tx.broken {
		// PostgreSQL would answer "commit" with a silent rollback.
		return errSwallowed
	}
	return err
}

// errSwallowed is a mistake of the caller's: the statement's error must end the
// write.
var errSwallowed = errors.New("a statement failed inside a write that returned no error")

func rollback(ctx context.Context, k *conn) error {
	if _, err := k.exec(ctx, "rollback"); err != nil {
		return fmt.Errorf("rollback: %w", err)
	}
	return nil
}
