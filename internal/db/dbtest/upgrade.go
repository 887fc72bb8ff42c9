package dbtest

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/migrations"
)

// Upgrade fills, on both engines, a database as it was before a migration (named
// by how its file begins), and then shows it with the whole schema.
func Upgrade(t *testing.T, migration string, before, after func(t *testing.T, d *db.DB)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{
		"sqlite": func(t testing.TB) string { return t.TempDir() + "/old.db" }, "postgres": EmptyPostgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := url(t)
			d := migrated(t, at, until(t, migration))
			before(t, d)
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			d = migrated(t, at, migrations.Main)
			t.Cleanup(func() {
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			})
			after(t, d)
		})
	}
}

// until is all migrations before one.
func until(t *testing.T, migration string) fs.FS {
	t.Helper()
	old := fstest.MapFS{}
	all, err := fs.Glob(migrations.Main, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f >= migration {
			continue
		}
		b, err := fs.ReadFile(migrations.Main, f)
		if err != nil {
			t.Fatal(err)
		}
		old[f] = &fstest.MapFile{Data: b}
	}
	return old
}

func migrated(t *testing.T, url string, files fs.FS) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), db.Options{URL: url, Migrations: files, Clock: clock.NewManual(Now)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}
