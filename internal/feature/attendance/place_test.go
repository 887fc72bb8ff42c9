package attendance_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/notify"
)

// Those who have a place hear that the exact place has changed, and not where it
// is; who waits, and who left no address, hears nothing.
func TestExactPlaceIsTold(t *testing.T) {
	t.Parallel()
	offices(t, func(t *testing.T, o *office) {
		placed := func() {
			t.Helper()
			err := o.db.Write(t.Context(), func(tx *db.Tx) error {
				return o.PlaceChanged(context.WithoutCancel(t.Context()), tx, fact.PlaceChanged{Event: o.event})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		placed() // before it takes sign-ups
		o.change(func(f *fact.EventChanged) { f.Capacity = 3 })
		o.signUp(2, "first@example.org", "en")
		o.signUp(1, "", "en")
		o.signUp(1, "waits@example.org", "en")
		o.about.WasWhere = "New Bridge" // of an earlier move: not this message's news
		placed()
		if d := cmp.Diff([]string{"first@example.org"}, o.work()); d != "" {
			t.Fatal(d)
		}
		m := o.sink.Messages()[0]
		if m.Subject != "Changed: Riverside clean-up" || !strings.Contains(m.Text, "open your private link") || strings.Contains(m.Text, "New Bridge") {
			t.Errorf("%q\n%s", m.Subject, m.Text)
		}
		if o.class != notify.Soon {
			t.Errorf("class %d: it may come when all is over", o.class)
		}
		o.change(func(f *fact.EventChanged) { f.Capacity, f.Cancelled, f.State, f.OpensTo = 3, true, "cancelled", false })
		o.work()
		before := len(o.sink.Messages())
		placed()
		o.work()
		if n := len(o.sink.Messages()); n != before {
			t.Error("people are told where a cancelled event would have been")
		}
		o.noJobs()
	})
}
