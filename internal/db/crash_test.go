package db_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
)

// Environment of the child process of the tests in this file: the database to
// write to, a name for what this run writes, and whether to acknowledge early.
const (
	envCrashURL   = "CONVOKE_CRASH_URL"
	envCrashRun   = "CONVOKE_CRASH_RUN"
	envCrashEarly = "CONVOKE_CRASH_EARLY"
)

// crashWriters write at once in the child.
const crashWriters = 32

// TestCrashChild is not a test but the process that the others kill. It writes
// until then, and says each write on standard output after it was acknowledged.
func TestCrashChild(t *testing.T) {
	url := os.Getenv(envCrashURL)
	if url == "" {
		t.Skip("started by the tests of crashes")
	}
	d, err := db.Open(t.Context(), db.Options{URL: url, Migrations: migrations.Main, Clock: clock.System{}, CacheKiB: 2048})
	if err != nil {
		t.Fatal(err)
	}
	var out sync.Mutex
	say := func(row string) {
		out.Lock()
		defer out.Unlock()
		fmt.Fprintln(os.Stdout, "acknowledged", row)
	}
	early := os.Getenv(envCrashEarly) != ""
	var wg sync.WaitGroup
	for w := range crashWriters {
		wg.Go(func() {
			for i := 0; ; i++ {
				row := fmt.Sprintf("%s-%d-%d", os.Getenv(envCrashRun), w, i)
				if early {
					say(row)
				}
				if err := writeRow(t.Context(), d, row); err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				if !early {
					say(row)
				}
			}
		})
	}
	wg.Wait()
}

// writeRow adds a row and raises a counter, in the group commit.
func writeRow(ctx context.Context, d *db.DB, row string) error {
	q := "update setting set value = cast(cast(value as bigint) + 1 as text) where name = 'counter'"
	if d.Engine() == db.SQLite {
		q = strings.ReplaceAll(q, "bigint", "integer")
	}
	return d.WriteHot(ctx, "counter", func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, q); err != nil {
			return err
		}
		return put(ctx, tx, row, "x")
	})
}

// crash starts the child, kills it without warning after it has said some
// lines, and returns the rows that it said were written.
func crash(t *testing.T, url, run string, lines int, env ...string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestCrashChild$")
	cmd.Env = append(os.Environ(), append(env, envCrashURL+"="+url, envCrashRun+"="+run)...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var rows []string
	in := bufio.NewReader(out)
	for killed := false; ; {
		line, err := in.ReadString('\n')
		if row, ok := strings.CutPrefix(line, "acknowledged "); ok && err == nil {
			rows = append(rows, strings.TrimSpace(row))
		}
		if !killed && len(rows) >= lines {
			killed = true
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	_ = cmd.Wait() // it was killed
	if len(rows) < lines {
		t.Fatalf("the child ended by itself after %d lines: %s", len(rows), &complaints)
	}
	return rows
}

// survivors are the rows and the counter that a fresh start finds.
func survivors(t *testing.T, url string) (rows map[string]bool, counter int) {
	t.Helper()
	d := dbtest.Open(t, url, fixed())
	ctx := t.Context()
	rows = map[string]bool{}
	// A write waits for what the killed process may still have under way on the
	// server, so that counter and rows stand still.
	err := d.WriteHot(ctx, "counter", func(tx *db.Tx) error {
		clear(rows)
		names, err := db.Column[string](ctx, tx, "select name from setting where name <> 'counter'")
		for _, n := range names {
			rows[n] = true
		}
		if err != nil {
			return err
		}
		var v string
		if err := tx.Get(ctx, "select value from setting where name = 'counter'", nil, &v); err != nil {
			return err
		}
		_, err = fmt.Sscan(v, &counter)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows, counter
}

func crashDatabases(t *testing.T, f func(t *testing.T, url string)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := url(t)
			d := dbtest.Open(t, u, fixed())
			if err := d.Write(t.Context(), func(tx *db.Tx) error { return put(t.Context(), tx, "counter", "0") }); err != nil {
				t.Fatal(err)
			}
			f(t, u)
		})
	}
}

// Whenever the process is killed, all that it acknowledged is there afterwards,
// and a counter is what its rows say. (That a power cut loses nothing either is
// the work of fsync, which no test in this process can see.)
func TestCrashLosesNothing(t *testing.T) {
	t.Parallel()
	crashDatabases(t, func(t *testing.T, url string) {
		var said []string
		for i := range 4 {
			said = append(said, crash(t, url, fmt.Sprint("run", i), 1+rand.IntN(400))...)
			rows, counter := survivors(t, url)
			if lost := missing(said, rows); len(lost) > 0 {
				t.Fatalf("%d of %d acknowledged writes are lost: %.3q", len(lost), len(said), lost)
			}
			if counter != len(rows) {
				t.Fatalf("the counter says %d, and there are %d rows", counter, len(rows))
			}
		}
		t.Logf("%d acknowledged writes", len(said))
	})
}

func missing(said []string, rows map[string]bool) (lost []string) {
	for _, s := range said {
		if !rows[s] {
			lost = append(lost, s)
		}
	}
	return lost
}

// The check above sees a process that acknowledges before the commit.
func TestCrashCheckCanFail(t *testing.T) {
	t.Parallel()
	crashDatabases(t, func(t *testing.T, url string) {
		// One kill may fall between two batches; twenty do not.
		for i := range 20 {
			said := crash(t, url, fmt.Sprint("run", i), 1+rand.IntN(100), envCrashEarly+"=1")
			rows, _ := survivors(t, url)
			if len(missing(said, rows)) > 0 {
				return
			}
		}
		t.Error("acknowledged before the commit and killed twenty times, and nothing was lost")
	})
}
