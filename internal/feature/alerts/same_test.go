package alerts

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// TestDuplicatesAreSeen: who checks a case sees what was reported to those that are the same,
// with its pictures, and it counts.
func TestDuplicatesAreSeen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy", "fay")
		in := smoke()
		in.FirstHand, in.Note = "heard", "somebody said so"
		_, err := f.report("", in)
		must(t, err)
		a := f.first()
		advance(f, 3*time.Hour)
		in = smoke()
		in.Photo = []byte("flames")
		key, err := f.report("gus", in) // a member saw it, with a picture
		must(t, err)
		b := f.first()
		must(t, f.Same(f.ctx(), as("bo"), "near", b.ID, a.ID))
		v, err := f.Case(f.ctx(), as("cy"), "near", a.ID)
		must(t, err)
		if len(v.Reports) != 2 || v.Case.Reports != 2 || v.Case.Members != 1 || v.Case.FirstHand != 1 {
			t.Errorf("%d reports of %+v", len(v.Reports), v.Case)
		}
		if _, err := f.Photo(f.ctx(), as("cy"), "near", a.ID, id.Hash(key)); err != nil {
			t.Errorf("its picture: %v", err)
		}
		must(t, f.Reopen(f.ctx(), as("fay"), "near", b.ID)) // it was something else
		v, err = f.Case(f.ctx(), as("cy"), "near", a.ID)
		must(t, err)
		if len(v.Reports) != 1 || v.Case.Reports != 1 || v.Case.Members != 0 || len(waiting(t, f, "near")) != 2 {
			t.Errorf("%d reports of %+v", len(v.Reports), v.Case)
		}
	})
}

// TestReporterOfADuplicate: who reported what is the same as a case does not verify that.
func TestReporterOfADuplicate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		_, err := f.report("", smoke())
		must(t, err)
		a := f.first()
		advance(f, 3*time.Hour)
		_, err = f.report("bo", smoke())
		must(t, err)
		b := f.first()
		must(t, f.Same(f.ctx(), as("bo"), "near", b.ID, a.ID))
		if _, err := f.send(a.ID, f.message(a), "bo", "cy"); !fault.HasCode(err, "alert.reporter") {
			t.Errorf("bo reported it and sends it: %v", err)
		}
	})
}

// TestSameAsSomethingElse: nobody takes a case out of the queue as the same as one of another
// kind, or one that is settled, and what they do is in the audit.
func TestSameAsSomethingElse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		var audited []string
		f.Audit = func(_ context.Context, _ *db.Tx, _ id.Person, action, _ string) error {
			audited = append(audited, action)
			return nil
		}
		f.network("bo", "cy")
		in := smoke()
		in.Category = "road"
		_, err := f.report("", in)
		must(t, err)
		a := f.first()
		must(t, f.Deny(f.ctx(), as("cy"), "near", a.ID))
		_, err = f.report("", smoke())
		must(t, err)
		b := f.first()
		audited = nil
		if err := f.Same(f.ctx(), as("bo"), "near", b.ID, a.ID); err == nil {
			t.Errorf("a fire is the same as a road that was denied; audited: %q; %d wait", audited, len(waiting(t, f, "near")))
		}
	})
}

// TestAddedToADuplicate: who reported a duplicate is heard when the other case was denied, or an
// alert came of it.
func TestAddedToADuplicate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		_, err := f.report("", smoke())
		must(t, err)
		a := f.first()
		advance(f, 3*time.Hour)
		key, err := f.report("", smoke())
		must(t, err)
		must(t, f.Same(f.ctx(), as("bo"), "near", f.text("select case_id from alert_report where hash = $1", id.Hash(key)), a.ID))
		must(t, f.Deny(f.ctx(), as("cy"), "near", a.ID))
		must(t, f.More(f.ctx(), key, "Flames now"))
		if all := waiting(t, f, "near"); len(all) != 1 || all[0].ID != a.ID {
			t.Errorf("%d cases wait", len(all))
		}
		_, err = f.send(a.ID, f.message(a), "bo", "cy")
		must(t, err)
		must(t, f.More(f.ctx(), key, "I was wrong, it is a barbecue"))
		if q := f.browser("bo").Get("/alerts/queue/near"); !strings.Contains(q.Text("main"), "2 reports, 2 additions by those who reported it") {
			t.Errorf("%s", q.Text("main"))
		}
	})
}

// TestDuplicatesAreSeenFirst: what a member saw is in sight, however many reports the case has
// with which it was put together.
func TestDuplicatesAreSeenFirst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		in := smoke()
		in.FirstHand = "heard"
		for range shownSeen + 1 {
			_, err := f.report("", in)
			must(t, err)
		}
		a := f.first()
		advance(f, 3*time.Hour)
		key, err := f.report("gus", smoke())
		must(t, err)
		must(t, f.Same(f.ctx(), as("bo"), "near", f.first().ID, a.ID))
		v, err := f.Case(f.ctx(), as("cy"), "near", a.ID)
		must(t, err)
		if len(v.Reports) != shownSeen || !slices.Equal(v.Reports[0].Hash, id.Hash(key)) || v.Case.Reports != shownSeen+2 {
			t.Errorf("%d of %d reports, the first %+v", len(v.Reports), v.Case.Reports, v.Reports[0])
		}
	})
}
