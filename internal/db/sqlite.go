package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// minSQLite is the first version without a rare corruption race of the
// write-ahead log that goes back to 3.7.0.
const minSQLite = 3_051_003

func sqliteDSN(o Options, cacheKiB int, readOnly bool) string {
	v := url.Values{}
	for _, p := range []string{
		"busy_timeout(10000)", "journal_mode(wal)", "synchronous(full)", "foreign_keys(1)",
		"temp_store(memory)", "journal_size_limit(67108864)",
		"cache_size(-" + strconv.Itoa(cacheKiB) + ")",
	} {
		v.Add("_pragma", p)
	}
	if readOnly {
		v.Add("_pragma", "query_only(1)")
	}
	if o.SecureDelete {
		v.Add("_pragma", "secure_delete(1)")
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: o.URL}).EscapedPath(), RawQuery: v.Encode()}
	return u.String()
}

func (d *DB) openSQLite(ctx, run context.Context) error {
	o := &d.opt
	if o.Readers == 0 {
		o.Readers = max(2, runtime.GOMAXPROCS(0))
	}
	if o.CacheKiB == 0 {
		o.CacheKiB = 16 << 10
	}
	w, err := sql.Open("sqlite", sqliteDSN(*o, 2*o.CacheKiB, false))
	if err != nil {
		return fmt.Errorf("open %s: %w", o.URL, err)
	}
	d.sql = w
	w.SetMaxOpenConns(1)
	wc, err := newConn(ctx, w, true)
	if err != nil {
		return fmt.Errorf("open %s: %w", o.URL, err)
	}
	if err := checkSQLite(ctx, wc); err != nil {
		return errors.Join(err, wc.close())
	}
	wc.before = o.Before
	if err := d.openReaders(ctx); err != nil {
		return errors.Join(err, wc.close())
	}
	s := &sqliteWriter{db: d, conn: wc}
	l := &lane{db: d, queue: make(chan *write, maxQueue), begin: s.begin, end: func(context.Context) {}}
	d.lanes = []*lane{l}
	d.workers.Go(func() {
		l.run(context.WithoutCancel(run), 500*time.Millisecond, s.idle)
		if err := wc.close(); err != nil {
			o.Log.Error("close the database", "error", err)
		}
	})
	return nil
}

func (d *DB) openReaders(ctx context.Context) error {
	r, err := sql.Open("sqlite", sqliteDSN(d.opt, d.opt.CacheKiB, true))
	if err != nil {
		return err
	}
	d.readSQL = r
	d.readers = make(chan *conn, d.opt.Readers)
	for range d.opt.Readers {
		k, err := newConn(ctx, r, true)
		if err != nil {
			return fmt.Errorf("open a reader: %w", err)
		}
		d.readers <- k
	}
	return nil
}

func checkSQLite(ctx context.Context, k *conn) error {
	var v string
	if err := k.c.QueryRowContext(ctx, "select sqlite_version()").Scan(&v); err != nil {
		return fmt.Errorf("ask SQLite's version: %w", err)
	}
	var a, b, c int
	if _, err := fmt.Sscanf(v, "%d.%d.%d", &a, &b, &c); err != nil {
		return fmt.Errorf("read SQLite's version %q: %w", v, err)
	}
	if a*1_000_000+b*1000+c < minSQLite {
		return fmt.Errorf("SQLite %s is too old: 3.51.3 or newer is needed", v)
	}
	return nil
}

// sqliteWriter opens the transactions of the one lane, and notices when another
// process (an import, an operator's command) has written to the same file.
type sqliteWriter struct {
	db      *DB
	conn    *conn
	version int64 // pragma data_version: changes only by others' commits
}

func (s *sqliteWriter) begin(ctx context.Context, _ int) (*conn, error) {
	if _, err := s.conn.exec(ctx, "begin immediate"); err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	if err := s.look(ctx); err != nil {
		return nil, errors.Join(err, rollback(ctx, s.conn)) // or nothing could ever begin again
	}
	return s.conn, nil
}

func (s *sqliteWriter) idle(ctx context.Context) {
	if err := s.look(ctx); err != nil {
		s.db.opt.Log.Error("look for other processes' writes", "error", err)
	}
}

func (s *sqliteWriter) look(ctx context.Context) error {
	rows, err := s.conn.query(ctx, "pragma data_version")
	if err != nil {
		return err
	}
	defer rows.Close()
	var v int64
	for rows.Next() {
		if err := rows.Scan(&v); err != nil {
			return err
		}
	}
	if s.version != 0 && s.version != v {
		s.db.announce([]string{"*"})
	}
	s.version = v
	return rows.Err()
}

// closeReaders waits for the reads under way.
func (d *DB) closeReaders() error {
	if d.readSQL == nil {
		return nil
	}
	var errs []error
	for range cap(d.readers) {
		errs = append(errs, (<-d.readers).close())
	}
	return errors.Join(append(errs, d.readSQL.Close())...)
}

func (d *DB) readSQLite(ctx context.Context, fn func(*Tx) error) (err error) {
	var k *conn
	select {
	case k = <-d.readers:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { d.readers <- k }()
	if _, err := k.exec(context.WithoutCancel(ctx), "begin"); err != nil {
		return wrap(err)
	}
	// Also when fn panics: the connection goes back to the others.
	defer func() { err = errors.Join(err, rollback(context.WithoutCancel(ctx), k)) }()
	return fn(&Tx{conn: k, engine: SQLite, now: d.opt.Clock.Now()})
}
