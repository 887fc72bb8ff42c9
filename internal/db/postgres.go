package db

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"convoke/internal/fault"
)

const (
	// pgLanes is how many commits of hot writes may be under way at once, over
	// all processes: a lane is one advisory lock.
	pgLanes = 8
	// pgLockSpace keeps our advisory locks apart from another program's.
	pgLockSpace = 0x636f6e76 // "conv"
	// pgContested is the lock of writes that have conflicted pgFree times: from then on they
	// take turns, so that each of them comes to its end however slow the machine is.
	pgContested = pgLanes
	pgChannel   = "convoke"
	pgFree      = 4
	pgRetries   = 40
	pgDoubled   = 4 // of them, at most, because of a value that is there already
	// pgSession ends the session of a host that is gone: others wait for its locks.
	pgSession = "set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3; set idle_in_transaction_session_timeout = '5min'"
)

func (d *DB) openPostgres(ctx, run context.Context) error {
	config, err := pgx.ParseConfig(d.opt.URL)
	if err != nil {
		return fmt.Errorf("open PostgreSQL: %w", err)
	}
	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, pgSession)
		return err
	}))
	d.sql, d.contest = pool, make(chan struct{}, 1)
	pool.SetMaxOpenConns(pgLanes + 24)
	pool.SetMaxIdleConns(pgLanes + 8)
	if err := pool.PingContext(ctx); err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	for i := range pgLanes {
		p := &pgLane{db: d, key: i}
		l := &lane{db: d, queue: make(chan *write, maxQueue/pgLanes), begin: p.begin, end: p.end}
		d.lanes = append(d.lanes, l)
		d.workers.Go(func() { l.run(context.WithoutCancel(run), time.Minute, func(context.Context) {}) })
	}
	d.workers.Go(func() { d.listen(run) })
	return nil
}

// pgLane takes an advisory lock before its snapshot, so that the same lane of
// another process has committed before this one reads: hot rows never conflict.
type pgLane struct {
	db   *DB
	key  int
	conn *conn
}

func (p *pgLane) begin(ctx context.Context, try int) (*conn, error) {
	if p.conn == nil {
		k, err := newConn(ctx, p.db.sql, false)
		if err != nil {
			return nil, err
		}
		k.before = p.db.opt.Before
		p.conn = k
	}
	if err := beginLocked(ctx, p.conn, append([]int{p.key}, contested(try)...)); err != nil {
		p.drop()
		return nil, fmt.Errorf("begin: %w", err)
	}
	return p.conn, nil
}

func (p *pgLane) end(ctx context.Context) {
	if p.conn != nil && unlock(ctx, p.conn) != nil {
		p.drop()
	}
}

func (p *pgLane) drop() {
	discard(p.conn)
	p.conn = nil
}

// contested is the lock that a write takes at some try, if any.
func contested(try int) []int {
	if try < pgFree {
		return nil
	}
	return []int{pgContested}
}

// beginLocked takes advisory locks, in this order, and then begins: what their last holder
// wrote is in the snapshot.
func beginLocked(ctx context.Context, k *conn, locks []int) error {
	for _, l := range locks {
		if _, err := k.exec(ctx, fmt.Sprintf("select pg_advisory_lock(%d, %d)", pgLockSpace, l)); err != nil {
			return err
		}
	}
	_, err := k.exec(context.WithoutCancel(ctx), "begin isolation level serializable")
	return err
}

func unlock(ctx context.Context, k *conn) error {
	_, err := k.exec(ctx, "select pg_advisory_unlock_all()")
	return err
}

// discard closes a connection in an unknown state; the server frees its locks.
func discard(k *conn) {
	_ = k.c.Raw(func(any) error { return driver.ErrBadConn }) // the pool closes it for that error alone
	_ = k.close()
}

func (d *DB) readPostgres(ctx context.Context, fn func(*Tx) error) (err error) {
	k, err := newConn(ctx, d.sql, false)
	if err != nil {
		return wrap(err)
	}
	defer k.close()
	if _, err := k.exec(ctx, "begin isolation level repeatable read read only"); err != nil {
		return wrap(err)
	}
	defer func() { err = errors.Join(err, rollback(context.WithoutCancel(ctx), k)) }()
	return fn(&Tx{conn: k, engine: Postgres, now: d.opt.Clock.Now()})
}

// writePostgres runs one write in a transaction of its own, again and again
// while it conflicts with others.
func (d *DB) writePostgres(ctx context.Context, fn func(*Tx) error) error {
	doubled := 0
	for try := range pgRetries {
		err := d.writeInTurn(ctx, fn, try)
		if !mayPass(err, &doubled) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause(try)):
		}
	}
	return errConflicts()
}

// pause is how long a transaction waits that conflicted, so that not all of them come
// again at once.
func pause(try int) time.Duration {
	return time.Duration(1+rand.IntN(4<<min(try, pgFree))) * time.Millisecond
}

func errConflicts() error {
	return fault.After(NotRecorded(errors.New("too many conflicts")), time.Second)
}

// writeInTurn is one try. Of the contested ones one of this process waits for those of others,
// so that they hold no more than one connection.
func (d *DB) writeInTurn(ctx context.Context, fn func(*Tx) error, try int) error {
	if try >= pgFree {
		select {
		case d.contest <- struct{}{}:
			defer func() { <-d.contest }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return d.writeOnce(ctx, fn, contested(try))
}

func (d *DB) writeOnce(ctx context.Context, fn func(*Tx) error, locks []int) error {
	k, err := newConn(ctx, d.sql, false)
	if err != nil {
		return wrap(err)
	}
	defer k.close()
	k.before = d.opt.Before
	if len(locks) > 0 {
		defer func() {
			if unlock(context.WithoutCancel(ctx), k) != nil {
				discard(k)
			}
		}()
	}
	if err := beginLocked(ctx, k, locks); err != nil {
		return wrap(err)
	}
	ctx = context.WithoutCancel(ctx)
	w := &write{ctx: ctx, fn: fn}
	w.tx = &Tx{conn: k, engine: Postgres, now: d.opt.Clock.Now(), write: true}
	if err := protect(w); err != nil {
		return errors.Join(err, rollback(ctx, k))
	}
	if err := d.notifyPeers(ctx, k, []*write{w}); err != nil {
		return errors.Join(err, rollback(ctx, k))
	}
	if _, err := k.exec(ctx, "commit"); err != nil {
		err = errors.Join(fmt.Errorf("commit: %w", err), rollback(ctx, k))
		if _, pg := codes(err); away(pg, err) {
			return unsure(err)
		}
		return err
	}
	for _, f := range w.tx.commits {
		f()
	}
	d.announce(w.tx.tags)
	return nil
}

// notifyPeers tells other processes which tags the batch touches, in the same
// transaction. SQLite's other processes look at the data version instead.
func (d *DB) notifyPeers(ctx context.Context, k *conn, batch []*write) error {
	if d.engine != Postgres {
		return nil
	}
	set := map[string]bool{}
	for _, w := range batch {
		if w.err == nil && w.tx != nil {
			for _, t := range w.tx.tags {
				set[t] = true
			}
		}
	}
	if len(set) == 0 {
		return nil
	}
	tags := make([]string, 0, len(set))
	for t := range set {
		tags = append(tags, t)
	}
	payload, err := json.Marshal(tags)
	if err != nil {
		return fmt.Errorf("encode tags: %w", err)
	}
	if len(payload) > 7900 { // PostgreSQL's limit is 8,000 bytes
		payload = []byte(`["*"]`)
	}
	if _, err := k.exec(ctx, "select pg_notify($1, $2)", pgChannel, string(payload)); err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

// listen passes on what other processes touched. While the connection is down
// nothing is known, so everything counts as touched when it is back.
func (d *DB) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := d.listenOnce(ctx); err != nil && ctx.Err() == nil {
			d.opt.Log.Warn("listening for other processes' writes broke; trying again", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

func (d *DB) listenOnce(ctx context.Context) error {
	c, err := pgx.Connect(ctx, d.opt.URL)
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	if _, err := c.Exec(ctx, "listen "+pgChannel); err != nil {
		return err
	}
	d.announce([]string{"*"})
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		var tags []string
		if err := json.Unmarshal([]byte(n.Payload), &tags); err != nil {
			tags = []string{"*"}
		}
		d.announce(tags)
	}
}
