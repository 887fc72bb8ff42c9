package db

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"convoke/internal/clock"
)

// Engine is one of the two databases.
type Engine int

// The engines.
const (
	SQLite Engine = iota
	Postgres
)

// String is the engine's name in lower case.
func (e Engine) String() string {
	if e == Postgres {
		return "postgres"
	}
	return "sqlite"
}

// Options say which database to open and how.
type Options struct {
	// URL is a postgres:// address or the path of an SQLite file.
	URL string
	// Migrations is the schema: one folder of .sql files.
	Migrations fs.FS
	Clock      clock.Clock
	Log        *slog.Logger
	// Readers is the number of reading connections; 0 means one a processor.
	Readers int
	// CacheKiB bounds the page cache of each SQLite connection; 0 means 16 MiB.
	CacheKiB int
	// SecureDelete overwrites deleted rows with zeros in an SQLite file. See
	// [DB.Erase], which clears the write-ahead log too.
	SecureDelete bool
	// Before, of tests, is asked before each statement of a transaction that writes,
	// and of those around it. Its error is that of the statement, which does not run.
	Before func(q string) error
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine  Engine
	opt     Options
	sql     *sql.DB
	contest chan struct{} // held by the one contested write of this process; see writeInTurn
	readSQL *sql.DB       // SQLite only; PostgreSQL reads from the pool
	readers chan *conn    // of readSQL
	lanes   []*lane
	stop    context.CancelFunc
	workers sync.WaitGroup

	touched atomic.Pointer[func(tags []string)]
	failed  chan struct{} // closed when the disk can no longer be trusted
	failing sync.Once
	batches batchStats

	closing sync.Once
	closed  error // what closing said
}

// Engine tells which database this is.
func (d *DB) Engine() Engine { return d.engine }

// Open connects and checks the engine. It does not migrate; see [DB.Migrate].
func Open(ctx context.Context, o Options) (*DB, error) {
	d := &DB{opt: o, failed: make(chan struct{})}
	if d.opt.Log == nil {
		d.opt.Log = slog.New(slog.DiscardHandler)
	}
	// Writes outlive the context that opened the database; Close ends them.
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	d.stop = stop
	var err error
	if strings.HasPrefix(o.URL, "postgres://") || strings.HasPrefix(o.URL, "postgresql://") {
		d.engine = Postgres
		err = d.openPostgres(ctx, run)
	} else {
		err = d.openSQLite(ctx, run)
	}
	if err != nil {
		stop()
		if d.sql != nil {
			err = errors.Join(err, d.sql.Close())
		}
		return nil, err
	}
	return d, nil
}

// Close waits for the writes that are under way and closes the database. Called
// again, it returns the same.
func (d *DB) Close() error {
	d.closing.Do(func() { d.closed = d.close() })
	return d.closed
}

func (d *DB) close() error {
	for _, l := range d.lanes {
		l.close()
	}
	d.stop()
	d.workers.Wait()
	return errors.Join(d.closeReaders(), d.sql.Close())
}

// Failed is closed when a commit met an error after which the state of the
// file is unknown (a failed fsync). The process must then end: going on could
// acknowledge what is not kept. Recovery is a restart.
func (d *DB) Failed() <-chan struct{} { return d.failed }

func (d *DB) fail(err error) {
	d.failing.Do(func() {
		d.opt.Log.Error("the database can no longer be trusted; stopping", "error", err)
		close(d.failed)
	})
}

// OnTouch registers the one listener that learns, after each commit here or in
// another process, which tags were touched. The tag "*" means everything.
func (d *DB) OnTouch(f func(tags []string)) { d.touched.Store(&f) }

func (d *DB) announce(tags []string) {
	if len(tags) == 0 {
		return
	}
	if f := d.touched.Load(); f != nil {
		(*f)(tags)
	}
}

// Read runs fn on one consistent snapshot. fn cannot write.
func (d *DB) Read(ctx context.Context, fn func(*Tx) error) error {
	if d.engine == Postgres {
		return d.readPostgres(ctx, fn)
	}
	return d.readSQLite(ctx, fn)
}

// Write runs fn in one serializable transaction and returns after its durable
// commit. fn may run more than once and must have no effect but through tx. Its
// error undoes all that it did and is returned as it is.
func (d *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	if d.engine == Postgres {
		return d.writePostgres(ctx, fn)
	}
	return d.lanes[0].do(ctx, fn)
}

// WriteHot is [DB.Write] for rows that very many callers change at once: the
// writes of one key share commits and never conflict, on any process.
func (d *DB) WriteHot(ctx context.Context, key string, fn func(*Tx) error) error {
	return d.lanes[laneOf(key, len(d.lanes))].do(ctx, fn)
}

func laneOf(key string, n int) int {
	h := uint32(2166136261) // FNV-1a
	for i := range len(key) {
		h = (h ^ uint32(key[i])) * 16777619
	}
	return int(h % uint32(n))
}

// Stats tells how the group commit works, for metrics.
type Stats struct {
	Batches, Writes int64
	Queued          int
	Largest         int64
	CommitTime      time.Duration // total
}

type batchStats struct{ batches, writes, largest, nanos atomic.Int64 }

// Stats returns the counters since the start.
func (d *DB) Stats() Stats {
	s := Stats{
		Batches: d.batches.batches.Load(), Writes: d.batches.writes.Load(),
		Largest: d.batches.largest.Load(), CommitTime: time.Duration(d.batches.nanos.Load()),
	}
	for _, l := range d.lanes {
		s.Queued += len(l.queue)
	}
	return s
}
