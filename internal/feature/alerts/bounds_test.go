package alerts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/geo"
)

// TestExpiredReport: what nobody settled in a day is no case any more, even before it is
// forgotten: nothing is proposed, confirmed or added about it, and it stands in no queue.
func TestExpiredReport(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.network("bo", "cy")
		key, err := f.report("", smoke())
		must(t, err)
		c := f.first()
		advance(f, reportFor-time.Hour)
		_, err = f.report("", smoke()) // a case of its own: the first is too old to gather for
		must(t, err)
		m := f.message(c)
		must(t, f.Propose(ctx, as("bo"), "near", c.ID, m, true, 3))
		v, err := f.Case(ctx, as("cy"), "near", c.ID)
		must(t, err)
		advance(f, time.Hour)
		_, err = f.Confirm(ctx, as("cy"), "near", c.ID, v.Draft.Hash(), true, 3)
		wants(t, err, "alert.settled")
		wants(t, f.Propose(ctx, as("bo"), "near", c.ID, m, true, 3), "alert.settled")
		wants(t, f.Claim(ctx, as("bo"), "near", c.ID), "alert.settled")
		if v, err = f.Case(ctx, as("cy"), "near", c.ID); err != nil || v.Case.State != Expired {
			t.Errorf("%q, %v", v.Case.State, err)
		}
		if held, err := f.Held(ctx, key); err != nil || held.State != Expired {
			t.Errorf("its reporter sees %q, %v", held.State, err)
		}
		q, err := f.Queue(ctx, as("cy"), "near", Fresh, "", 0)
		must(t, err)
		if len(q.Cases) != 1 || q.Cases[0].ID == c.ID || q.Counts[Fresh] != 1 {
			t.Errorf("%d cases, counted as %d", len(q.Cases), q.Counts[Fresh])
		}
		if len(f.lines.all) != 0 {
			t.Error("something was sent")
		}
		must(t, f.Expire(ctx))
		_, err = f.Held(ctx, key)
		wants(t, err, "alert.no_report")
		wants(t, f.More(ctx, key, "It goes on"), "alert.no_report")
	})
}

// TestOutsideTheArea: nothing is reported to where nobody watches, and no alert names a cell
// outside its network's area.
func TestOutsideTheArea(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		in := smoke()
		in.Place = "Halle"
		_, err := f.report("", in)
		wants(t, err, "alert.nobody")
		_, err = f.report("", smoke())
		must(t, err)
		m := f.message(f.first())
		m.Cells = append(m.Cells, geo.GridAt(geo.Point{Lat: 51.48, Lon: 11.97}).String())
		slices.Sort(m.Cells)
		wants(t, f.Propose(t.Context(), as("bo"), "near", f.first().ID, m, true, 3), "alert.outside")
		if n := f.text("select cast(count(*) as text) from alert_report"); n != "1" {
			t.Errorf("%s reports are stored", n)
		}
		if n := f.text("select cast(count(*) as text) from alert_draft"); n != "0" {
			t.Errorf("%s drafts are stored", n)
		}
	})
}

// TestBuriedReport: among many reports of one thing, what a member saw is read first.
func TestBuriedReport(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		for i := range 60 {
			in := smoke()
			in.FirstHand, in.Note = "heard", fmt.Sprint("False ", i)
			_, err := f.report("", in)
			must(t, err)
		}
		in := smoke()
		in.Note = "Flames in the roof"
		_, err := f.report("eve", in)
		must(t, err)
		v, err := f.Case(t.Context(), as("cy"), "near", f.first().ID)
		must(t, err)
		if len(v.Reports) == 0 || !strings.Contains(fmt.Sprint(v.Reports[0]), "Flames in the roof") {
			t.Errorf("%d reports, the first %+v", len(v.Reports), v.Reports)
		}
	})
}

// TestWhatHoldsIsFound: an alert that holds is listed, however many came and went since.
func TestWhatHoldsIsFound(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		_, err := f.report("", smoke())
		must(t, err)
		c := f.first()
		now := f.clock.Now()
		must(t, f.DB.Write(t.Context(), func(tx *dbTx) error {
			n, err := f.Service.network(t.Context(), tx, "near")
			if err != nil {
				return err
			}
			for i := range 700 {
				m := f.message(c)
				a := Alert{ID: fmt.Sprintf("a%d", i), Chain: fmt.Sprintf("a%d", i), N: 1, Network: n.ID, Message: m, Hash: "h", Salt: "s", Sent: now.Add(-time.Duration(i) * time.Minute), Expires: now.Add(-time.Second)}
				if i == 699 {
					a.Sent, a.Expires = now.Add(-11*time.Hour-50*time.Minute), now.Add(10*time.Minute)
				}
				if err := insertAlert(t.Context(), tx, &a, false); err != nil {
					return err
				}
			}
			return nil
		}))
		for _, path := range []string{"/alerts", "/alerts?near=Leipzig", "/alerts?category=fire", "/alerts.atom"} {
			if a := f.browser("").Get(path).Want(t, 200, ""); !strings.Contains(a.Body, "/alerts/a699") {
				t.Errorf("%s lacks what holds", path)
			}
		}
	})
}
