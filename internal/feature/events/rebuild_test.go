package events_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/events"
)

func TestRebuiltTextIndexIsTheSame(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		const n = 520 // more than one page
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			for i := range n {
				in := input()
				in.Title = fmt.Sprintf("Title word%d", i)
				in.AccessYes = []string{"step_free"}
				in.Lang = "de"
				if i == 3 {
					in.State = events.Draft
				}
				if _, err := f.CreateSample(t.Context(), tx, "g1", in); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		find := func() (out []string) {
			for _, q := range []events.Query{{Text: "word0"}, {Text: "word3"}, {Text: "word519"}, {Text: "title", Lang: "de"}, {Text: "gone"}} {
				q.Limit = 1000
				r, err := f.Search(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, fmt.Sprintf("%q finds %d", q.Text, len(r.Events)))
			}
			return out
		}
		want := find()
		if diff := cmp.Diff([]string{`"word0" finds 1`, `"word3" finds 0`, `"word519" finds 1`, `"title" finds 519`, `"gone" finds 0`}, want); diff != "" {
			t.Fatal(diff)
		}
		for _, spoil := range []string{
			"delete from event_text where rowid > 0",
			"delete from event_text where rowid in (select at_key from event order by at_key desc limit 7)",
			"insert into event_text (rowid, words) values (-5, 'gone')",
			"select 1",
		} {
			write(t, d, spoil)
			if err := f.RebuildText(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, find()); diff != "" {
				t.Errorf("after %q:\n%s", spoil, diff)
			}
			err := d.Read(t.Context(), func(tx *db.Tx) error {
				public, indexed, err := events.TextDrift(t.Context(), tx)
				if public != n-1 || indexed != n-1 {
					t.Errorf("after %q: %d public, %d indexed, want %d", spoil, public, indexed, n-1)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func write(t *testing.T, d *db.DB, q string) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), q)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}
