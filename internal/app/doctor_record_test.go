package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"convoke/internal/app"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
)

// TestDoctorOfTheRecord damages a record in the ways that doctor looks for.
func TestDoctorOfTheRecord(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, settings(t, url(t)))
			i := petition(t, s.Node)
			signed(t, s.Node, i, 3)
			healthy(t, s)
			found := func(check, want string) {
				t.Helper()
				for _, f := range examine(t, s, false) {
					if f.Check == check && f.Status != app.OK && strings.Contains(f.Message, want) && f.Fix != "" {
						return
					}
				}
				t.Errorf("doctor does not find: %s %q", check, want)
			}
			change := func(q string, args ...any) {
				t.Helper()
				err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
					_, err := tx.Exec(t.Context(), q, args...)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			change("update box set counted = counted + 1")
			found("boxes", "counts 4 of 4 keys, its rows say 4 of 3")
			change("update box set counted = counted - 1")
			change("insert into setting (name, value) values ('record.restored', 'yes')")
			found("record", "halted since the restore")
			change("delete from setting where name = 'record.restored'")
			head := filepath.Join(s.Config.Data, "record-head.json")
			b, err := os.ReadFile(head)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(head, []byte(strings.Replace(string(b), `"size":`, `"size":9`, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			found("record", "were published and the database has")
			if err := os.WriteFile(head, b, 0o600); err != nil {
				t.Fatal(err)
			}
			var checkpoint string
			err = s.DB.Read(t.Context(), func(tx *db.Tx) error {
				return tx.Get(t.Context(), "select checkpoint from record_log where id = $1", []any{i.Log()}, &checkpoint)
			})
			if err != nil {
				t.Fatal(err)
			}
			set := "update record_log set checkpoint = $2 where id = $1"
			change(set, i.Log(), strings.Replace(checkpoint, "\n3\n", "\n4\n", 1))
			found("record logs", "its checkpoint is of another size or root")
			change(set, i.Log(), checkpoint)
			change("update record_tail set leaf = $2 where log_id = $1 and idx = 1", i.Log(), []byte("something else"))
			found("record logs", "its tiles make another root")
			change("delete from record_tail where log_id = $1 and idx = 1", i.Log())
			found("record logs", "is damaged")
		})
	}
}
