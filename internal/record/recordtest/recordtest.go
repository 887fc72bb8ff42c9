// Package recordtest opens a public record for tests, on either engine.
package recordtest

import (
	"log/slog"
	"path/filepath"
	"testing"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/record"
	"convoke/internal/seal"
)

// Node is the name of the node whose record it is.
const Node = "node.example"

// Stand is a record with what it stands on.
type Stand struct {
	*record.Record
	DB    *db.DB
	Vault *seal.Vault
	Clock *clock.Manual
}

// Each runs f on SQLite and on PostgreSQL.
func Each(t *testing.T, f func(t *testing.T, s *Stand)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			f(t, Open(t, url(t), filepath.Join(dir, "keys.db"), filepath.Join(dir, "record-head.json")))
		})
	}
}

// Open opens a record as one process would: the database at url, the keys and the
// noted head in files.
func Open(t testing.TB, url, keysFile, headFile string) *Stand {
	t.Helper()
	return OpenBefore(t, url, keysFile, headFile, nil)
}

// OpenBefore is [Open] on a database of [dbtest.OpenBefore].
func OpenBefore(t testing.TB, url, keysFile, headFile string, before func(q string) error) *Stand {
	t.Helper()
	c := clock.NewManual(dbtest.Now)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	keys, err := db.Open(t.Context(), db.Options{
		URL: keysFile, Migrations: migrations.Keys, Clock: c, CacheKiB: 512, SecureDelete: true, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := keys.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := keys.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &Stand{DB: dbtest.OpenBefore(t, url, c, before), Clock: c}
	if s.Vault, err = seal.Open(keys, seal.BootKey{7, 7, 7}, c); err != nil {
		t.Fatal(err)
	}
	s.Record, err = record.Open(t.Context(), record.Deps{DB: s.DB, Vault: s.Vault, Log: log, Node: Node, HeadFile: headFile})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
