package db_test

import (
	"bufio"
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
)

func fixed() clock.Clock { return clock.NewManual(dbtest.Now) }

// Both engines must have the same tables, columns and nullability.
func TestSchemaParity(t *testing.T) {
	t.Parallel()
	lite := columns(t, dbtest.Open(t, dbtest.SQLite(t), fixed()), `
		select m.name, c.name, c."notnull" or c.pk > 0 from sqlite_schema m, pragma_table_info(m.name) c
		where m.type = 'table' and m.name not like 'sqlite_%' and m.name not like 'event_text%'`)
	pg := columns(t, dbtest.Open(t, dbtest.Postgres(t), fixed()), `
		select table_name, column_name, is_nullable = 'NO' from information_schema.columns
		where table_schema = 'public' and table_name not like 'event_text%'`)
	if d := cmp.Diff(lite, pg); d != "" {
		t.Errorf("the schemas differ (-sqlite +postgres):\n%s", d)
	}
	if len(lite) < 50 {
		t.Errorf("only %d columns were compared", len(lite))
	}
}

// An event that is removed takes its rows with it, or is taken out of them: each
// table must find them by an index.
func TestWhatBelongsToAnEventIsFound(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t), fixed())
	var refer, slow []string
	err := d.Read(t.Context(), func(tx *db.Tx) (err error) {
		const q = `select m.name from sqlite_schema m, pragma_foreign_key_list(m.name) f where m.type = 'table' and f."table" = 'event'`
		if refer, err = db.Column[string](t.Context(), tx, q); err != nil {
			return err
		}
		slow, err = db.Column[string](t.Context(), tx, q+` and not exists
			(select 1 from pragma_index_list(m.name) i, pragma_index_info(i.name) c where c.seqno = 0 and c.name = f."from")`)
		return err
	})
	if err != nil || len(refer) < 10 || len(slow) > 0 {
		t.Errorf("of %d tables these have no index on their event: %v; %v", len(refer), slow, err)
	}
}

func columns(t *testing.T, d *db.DB, q string) []string {
	t.Helper()
	var out []string
	err := d.Read(t.Context(), func(tx *db.Tx) error {
		return tx.Each(t.Context(), q, nil, func(scan func(...any) error) error {
			var table, column string
			var notnull bool
			if err := scan(&table, &column, &notnull); err != nil {
				return err
			}
			if column != "seq" && !(table == "job" && column == "id") {
				out = append(out, fmt.Sprint(table, ".", column, " ", notnull))
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(out)
	return out
}

// Released migrations are frozen: a change of one line here must be a new file.
func TestMigrationsAreFrozen(t *testing.T) {
	t.Parallel()
	f, err := os.Open("migrations/checksums.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	frozen := map[string]bool{}
	for s := bufio.NewScanner(f); s.Scan(); {
		frozen[s.Text()] = true
	}
	var now []string
	for _, e := range []db.Engine{db.SQLite, db.Postgres} {
		all, err := db.Migrations(migrations.Main, e)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			now = append(now, fmt.Sprintf("%s %s %s", m.Checksum, e, m.Name))
		}
	}
	for _, line := range now {
		if !frozen[line] {
			t.Errorf("not in migrations/checksums.txt: %s", line)
		}
	}
	if t.Failed() {
		t.Log("all:\n" + strings.Join(now, "\n"))
	}
}
