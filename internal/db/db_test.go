package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
)

func count(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	err := d.Read(t.Context(), func(tx *db.Tx) error {
		return tx.Get(t.Context(), "select count(*) from setting", nil, &n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func put(ctx context.Context, tx *db.Tx, name, value string) error {
	_, err := tx.Exec(ctx, "insert into setting (name, value) values ($1, $2)", name, value)
	return err
}

func TestWriteIsKeptAndErrorsUndo(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		for _, write := range []func(func(*db.Tx) error) error{
			func(f func(*db.Tx) error) error { return d.Write(ctx, f) },
			func(f func(*db.Tx) error) error { return d.WriteHot(ctx, "k", f) },
		} {
			before := count(t, d)
			if err := write(func(tx *db.Tx) error { return put(ctx, tx, fmt.Sprint("a", before), "1") }); err != nil {
				t.Fatal(err)
			}
			boom := errors.New("boom")
			err := write(func(tx *db.Tx) error {
				if err := put(ctx, tx, fmt.Sprint("b", before), "1"); err != nil {
					return err
				}
				return boom
			})
			if !errors.Is(err, boom) {
				t.Fatalf("error = %v, want boom", err)
			}
			err = write(func(tx *db.Tx) error { return put(ctx, tx, fmt.Sprint("a", before), "2") })
			if !db.IsUnique(err) {
				t.Fatalf("second insert: %v, want a unique violation", err)
			}
			if err := write(func(tx *db.Tx) error { panic("hm") }); err == nil {
				t.Fatal("a panic was lost")
			}
			if got := count(t, d); got != before+1 {
				t.Fatalf("rows = %d, want %d", got, before+1)
			}
		}
	})
}

// An error that the function keeps to itself must not look like success: what
// came before it is gone on PostgreSQL.
func TestSwallowedErrorFails(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		for _, write := range []func(func(*db.Tx) error) error{
			func(f func(*db.Tx) error) error { return d.Write(ctx, f) },
			func(f func(*db.Tx) error) error { return d.WriteHot(ctx, "k", f) },
		} {
			err := write(func(tx *db.Tx) error {
				if err := put(ctx, tx, "a", "1"); err != nil {
					return err
				}
				_ = put(ctx, tx, "a", "2")
				return nil
			})
			if err == nil || count(t, d) != 0 {
				t.Fatalf("error %v, %d rows", err, count(t, d))
			}
		}
	})
}

// A reader that panics gives its connection back in order.
func TestPanicInRead(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for range 20 {
			func() {
				defer func() { _ = recover() }()
				_ = d.Read(t.Context(), func(*db.Tx) error { panic("hm") })
			}()
		}
		count(t, d)
	})
}

func TestReadCannotWrite(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Read(t.Context(), func(tx *db.Tx) error { return put(t.Context(), tx, "x", "y") })
		if err == nil {
			t.Fatal("a read wrote")
		}
	})
}

// Many writers at once, some failing: the good ones are kept, the bad ones are
// not, and a counter changed by all is exact.
func TestGroupCommit(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		if err := d.Write(ctx, func(tx *db.Tx) error { return put(ctx, tx, "n", "0") }); err != nil {
			t.Fatal(err)
		}
		const n = 400
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				err := d.WriteHot(ctx, "n", func(tx *db.Tx) error {
					q := "update setting set value = cast(cast(value as bigint) + 1 as text) where name = 'n'"
					if d.Engine() == db.SQLite {
						q = "update setting set value = cast(cast(value as integer) + 1 as text) where name = 'n'"
					}
					if _, err := tx.Exec(ctx, q); err != nil {
						return err
					}
					if err := put(ctx, tx, fmt.Sprint("row", i), "x"); err != nil {
						return err
					}
					if i%10 == 0 {
						return fault.Conflict("test.no", "No.")
					}
					return nil
				})
				if (err != nil) != (i%10 == 0) {
					t.Errorf("write %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		var v string
		err := d.Read(ctx, func(tx *db.Tx) error {
			return tx.Get(ctx, "select value from setting where name = 'n'", nil, &v)
		})
		if err != nil || v != fmt.Sprint(n-n/10) {
			t.Fatalf("counter = %s, %v; want %d", v, err, n-n/10)
		}
		if got := count(t, d); got != 1+n-n/10 {
			t.Fatalf("rows = %d", got)
		}
	})
}

// The write skew of two writers who each read what the other writes must not
// happen: the engines are serializable.
func TestSerializable(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		for round := range 20 {
			var wg sync.WaitGroup
			for _, me := range []string{"a", "b"} {
				wg.Go(func() {
					err := d.Write(ctx, func(tx *db.Tx) error {
						var n int
						q := "select count(*) from setting where name like $1"
						if err := tx.Get(ctx, q, []any{fmt.Sprintf("r%d-%%", round)}, &n); err != nil {
							return err
						}
						if n > 0 {
							return nil
						}
						return put(ctx, tx, fmt.Sprintf("r%d-%s", round, me), "x")
					})
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
		if got := count(t, d); got != 20 {
			t.Fatalf("%d rounds had a winner, want 20", got)
		}
	})
}

// Writers who each take the next number at once, as logs do, all get one: whoever comes
// second with a number takes another.
func TestNextNumbers(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		if err := d.Write(ctx, func(tx *db.Tx) error { return put(ctx, tx, "head", "0") }); err != nil {
			t.Fatal(err)
		}
		next := func(tx *db.Tx) error {
			var v string
			if err := tx.Get(ctx, "select value from setting where name = 'head'", nil, &v); err != nil {
				return err
			}
			for range 100 { // a slow write, so that they all meet
				if err := tx.Get(ctx, "select value from setting where name = 'head'", nil, &v); err != nil {
					return err
				}
			}
			n, err := strconv.Atoi(v)
			if err == nil {
				err = put(ctx, tx, fmt.Sprint("number ", n), "x")
			}
			if err == nil {
				_, err = tx.Exec(ctx, "update setting set value = $1 where name = 'head'", strconv.Itoa(n+1))
			}
			return err
		}
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				for range 20 {
					write := d.Write
					if i == 0 {
						write = func(ctx context.Context, fn func(*db.Tx) error) error { return d.WriteHot(ctx, "head", fn) }
					}
					if err := write(ctx, next); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if got := count(t, d); got != 1+12*20 {
			t.Fatalf("%d rows", got)
		}
		// What is there for good is refused, and nothing waits for it.
		err := d.Write(ctx, func(tx *db.Tx) error { return put(ctx, tx, "number 0", "y") })
		if !db.IsUnique(err) {
			t.Errorf("a number twice: %v", err)
		}
	})
}

func TestTouchReachesThisAndOtherProcesses(t *testing.T) {
	t.Parallel()
	for _, url := range []struct {
		name string
		make func(testing.TB) string
	}{{"sqlite", dbtest.SQLite}, {"postgres", dbtest.Postgres}} {
		t.Run(url.name, func(t *testing.T) {
			t.Parallel()
			u := url.make(t)
			here := dbtest.Open(t, u, fixed())
			there := dbtest.Open(t, u, fixed())
			mine, theirs := make(chan []string, 100), make(chan []string, 100)
			here.OnTouch(func(tags []string) { mine <- tags })
			there.OnTouch(func(tags []string) { theirs <- tags })
			// The other process looks once before anything is written.
			if err := there.Write(t.Context(), func(tx *db.Tx) error { return put(t.Context(), tx, "first", "") }); err != nil {
				t.Fatal(err)
			}
			err := here.Write(t.Context(), func(tx *db.Tx) error {
				tx.Touch("event:1")
				return put(t.Context(), tx, "a", "b")
			})
			if err != nil {
				t.Fatal(err)
			}
			has := func(c chan []string) {
				for tags := range c {
					for _, tag := range tags {
						if tag == "event:1" || tag == "*" {
							return
						}
					}
				}
			}
			has(mine)
			has(theirs)
		})
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), "insert into migration values ('999912312359_future', '', 0)")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Migrate(t.Context()); !errors.Is(err, db.ErrNewer) {
			t.Fatalf("migrate: %v, want ErrNewer", err)
		}
	})
}

// A write whose transaction began and got no further leaves the next ones alone.
func TestEndsBeforeAnyStatement(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stop dbtest.Abort
			d := dbtest.OpenBefore(t, url(t), clock.NewManual(dbtest.Now), stop.Before)
			for n := 1; ; n++ {
				stop.At(n)
				err := d.WriteHot(t.Context(), "k", func(tx *db.Tx) error { return put(t.Context(), tx, "a", "1") })
				aborted := stop.Off()
				if err == nil {
					break // on PostgreSQL a lock is given back after the commit
				}
				if !aborted || count(t, d) != 0 {
					t.Fatalf("statement %d: aborted %v, %v, %d rows", n, aborted, err, count(t, d))
				}
			}
			if n := count(t, d); n != 1 {
				t.Errorf("%d rows", n)
			}
		})
	}
}

// Writers who wait for their turn hold no connections that others need, and leave when their
// caller does.
func TestContestedWritersLeave(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t)
	d := dbtest.Open(t, url, fixed())
	other, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	if _, err := other.ExecContext(t.Context(), "select pg_advisory_lock(1668247158, 8)"); err != nil { // as one that hangs
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	const writers, free = 60, 4 // tries before they wait for their turn
	var left, tries atomic.Int32
	contested := make(chan struct{})
	for range writers {
		wg.Go(func() {
			err := d.Write(ctx, func(tx *db.Tx) error {
				if tries.Add(1) == writers*free {
					close(contested)
				}
				_, err := tx.Exec(ctx, "do $$ begin raise exception 'again' using errcode = '40001'; end $$")
				return err
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("a writer ended with %v", err)
			}
			left.Add(1)
		})
	}
	reading, done := context.WithTimeout(t.Context(), 20*time.Second)
	defer done()
	select {
	case <-contested:
	case <-reading.Done():
		t.Error("those who wait hold the connections of others")
	}
	for waiting, reads := 0, 0; waiting == 0 || reads < 1000; reads++ {
		err := d.Read(reading, func(tx *db.Tx) error {
			return tx.Get(reading, "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'advisory'", nil, &waiting)
		})
		if err != nil || waiting > 1 {
			t.Errorf("%d hold a connection while they wait, and others cannot read: %v", waiting, err)
			break
		}
	}
	if n := left.Load(); n != 0 {
		t.Errorf("%d writers did not wait", n)
	}
	cancel()
	wg.Wait()
}
