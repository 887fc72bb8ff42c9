// Package dbtest runs a test on both engines: a fresh SQLite file copied from a
// migrated one, and a fresh PostgreSQL database cloned from a migrated one.
package dbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/migrations"
)

// Env names the variable with the address of a PostgreSQL server in which the
// tests may make databases.
const Env = "CONVOKE_TEST_POSTGRES"

// Now is where the clock of [Each] stands.
var Now = time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC)

// Each runs f on SQLite and on PostgreSQL, both with the whole schema.
func Each(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	EachClock(t, clock.NewManual(Now), f)
}

// EachClock is [Each] with the caller's clock.
func EachClock(t *testing.T, c clock.Clock, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, Open(t, SQLite(t), c))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, Open(t, Postgres(t), c))
	})
}

// Open opens a database made by [SQLite] or [Postgres] and closes it at the
// test's end.
func Open(t testing.TB, url string, c clock.Clock) *db.DB {
	t.Helper()
	return OpenBefore(t, url, c, nil)
}

// OpenBefore is [Open] with a function that is asked before each statement of a
// transaction that writes, as [Abort] has one.
func OpenBefore(t testing.TB, url string, c clock.Clock, before func(q string) error) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), db.Options{
		URL: url, Migrations: migrations.Main, Clock: c, CacheKiB: 2048, Before: before,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return d
}

var lite = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "convoke-dbtest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	p := filepath.Join(dir, "template.db")
	if err := migrate(p, migrations.Main); err != nil {
		return nil, err
	}
	return os.ReadFile(p)
})

func migrate(url string, files fs.FS) error {
	ctx := context.Background()
	d, err := db.Open(ctx, db.Options{URL: url, Migrations: files, Clock: clock.System{}})
	if err != nil {
		return err
	}
	if _, err := d.Migrate(ctx); err != nil {
		d.Close()
		return err
	}
	return d.Close()
}

// SQLite returns the path of a fresh migrated file.
func SQLite(t testing.TB) string {
	t.Helper()
	b, err := lite()
	if err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(t.TempDir(), "convoke.db")
	if err := os.WriteFile(p, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// server is the administrators' address, or a reason to skip.
func server(t testing.TB) string {
	t.Helper()
	s := os.Getenv(Env)
	if s == "" {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not set, and CI must test PostgreSQL", Env)
		}
		t.Skipf("%s is not set: PostgreSQL is not tested (make test sets it)", Env)
	}
	return s
}

func random() string {
	var b [6]byte
	rand.Read(b[:])
	return fmt.Sprintf("convoke_test_%x", b)
}

func admin(s, q string) error {
	a, err := sql.Open("pgx", s)
	if err != nil {
		return err
	}
	defer a.Close()
	_, err = a.Exec(q)
	return err
}

func named(s, name string) string {
	u, err := url.Parse(s)
	if err != nil {
		return s
	}
	u.Path = "/" + name
	return u.String()
}

var (
	pgMu       sync.Mutex
	pgTemplate string
)

// template is made once a test binary; PostgreSQL clones it file by file.
func template(s string) (string, error) {
	pgMu.Lock()
	defer pgMu.Unlock()
	if pgTemplate != "" {
		return pgTemplate, nil
	}
	name := random()
	if err := admin(s, "create database "+name); err != nil {
		return "", err
	}
	if err := migrate(named(s, name), migrations.Main); err != nil {
		return "", err
	}
	pgTemplate = name
	return name, nil
}

// Postgres returns the address of a fresh migrated database, dropped at the
// test's end. Without a server it skips, and in CI it fails.
func Postgres(t testing.TB) string {
	t.Helper()
	s := server(t)
	tpl, err := template(s)
	if err != nil {
		t.Fatal(err)
	}
	return clone(t, s, " template "+tpl)
}

// EmptyPostgres is [Postgres] without a schema.
func EmptyPostgres(t testing.TB) string {
	t.Helper()
	return clone(t, server(t), "")
}

func clone(t testing.TB, s, from string) string {
	t.Helper()
	name := random()
	var err error
	for range 20 { // a template in use by another clone is refused
		pgMu.Lock()
		err = admin(s, "create database "+name+from)
		pgMu.Unlock()
		if err == nil || !strings.Contains(err.Error(), "being accessed") {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin(s, "drop database if exists "+name+" with (force)"); err != nil {
			t.Errorf("drop test database: %v", err)
		}
	})
	return named(s, name)
}
