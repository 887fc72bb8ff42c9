package alerts

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/fact"
	"convoke/internal/geo"
)

// own lets "far" say so many things of its own in a cell, which soon are over.
func (f *fixture) own(c geo.GridCell, times int) {
	f.t.Helper()
	for range times {
		_, err := f.report("", ReportInput{Category: "weather", Place: coordinates(c.Middle()), Network: "far", Ago: "0", FirstHand: "seen"})
		must(f.t, err)
		q, err := f.Queue(f.ctx(), as("dee"), "far", Fresh, "", 0)
		must(f.t, err)
		m := Message{Kind: fact.AlertNew, Category: "weather", Basis: Seen, Confidence: Certain, Cells: []string{c.String()}, Seen: f.clock.Now().Unix(), Lasts: 10}
		_, err = f.both("far", q.Cases[0].ID, m, "fay", "dee")
		must(f.t, err)
		advance(f, 11*time.Minute)
	}
}

// TestUpdateWaitsForRoom: an update that finds no room goes on when there is some, once, also
// when what was passed on ended meanwhile, and not when it was taken back.
func TestUpdateWaitsForRoom(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lasts  int // what was passed on
		before func(f *fixture, origin, copied string)
		want   fact.AlertKind
	}{
		"it stands still":    {240, func(*fixture, string, string) {}, fact.AlertUpdate},
		"it ended meanwhile": {45, func(*fixture, string, string) {}, fact.AlertUpdate},
		"we took it back": {240, func(f *fixture, _, copied string) {
			_, err := f.Withdraw(f.ctx(), as("fay"), "far", copied)
			must(f.t, err)
		}, fact.AlertWithdraw},
		"they took it back": {240, func(f *fixture, origin, _ string) {
			_, err := f.Withdraw(f.ctx(), as("bo"), "near", origin)
			must(f.t, err)
		}, fact.AlertWithdraw},
		"they are none of ours": {240, func(f *fixture, _, _ string) { must(f.t, f.Apart(f.ctx(), as("zoe"), "far", "near")) }, fact.AlertUpdate},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, f *fixture) {
				f.network("bo", "cy")
				f.far()
				_, err := f.report("", smoke())
				must(t, err)
				m := f.message(f.first())
				m.Lasts = c.lasts
				origin, err := f.send(f.first().ID, m, "bo", "cy")
				must(t, err)
				copied, err := f.Pass(f.ctx(), as("dee"), "far", origin)
				must(t, err)
				f.own(f.chain(copied)[0].cells()[0], 2)
				m.Kind, m.Lasts, m.Guidance = fact.AlertUpdate, 360, []string{"windows"}
				_, err = f.both("near", origin, m, "bo", "cy")
				must(t, err)
				must(t, f.CatchUp(f.ctx()))
				if all := f.chain(copied); len(all) != 1 {
					t.Fatalf("there was room: %d", len(all))
				}
				c.before(f, origin, copied)
				advance(f, time.Hour+30*time.Second)
				for range 2 {
					must(t, f.CatchUp(f.ctx()))
					advance(f, time.Minute)
				}
				of, its := f.chain(origin)[0], f.chain(copied)
				if len(its) != 2 || its[0].Kind != c.want {
					t.Fatalf("%d messages, the last of which is %s", len(its), its[0].Kind)
				}
				if c.want == fact.AlertUpdate && (its[0].Expires.After(of.Expires) || of.Expires.Sub(its[0].Expires) > time.Minute || !slices.Equal(its[0].Guidance, m.Guidance)) {
					t.Errorf("it says %v until %v, and what it comes from %v until %v", its[0].Guidance, its[0].Expires, of.Guidance, of.Expires)
				}
			})
		})
	}
}

// TestPassOnBesideFullCells: cells that had three alerts within this hour keep nobody else from
// hearing of a neighbour's; when all had them, nothing is passed on.
func TestPassOnBesideFullCells(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		f.far()
		full := geo.GridAt(geo.Point{Lat: 51.48, Lon: 11.97})
		f.own(full, perHour)
		_, err := f.report("", smoke())
		must(t, err)
		origin, err := f.send(f.first().ID, f.message(f.first()), "bo", "cy")
		must(t, err)
		copied, err := f.Pass(f.ctx(), as("dee"), "far", origin)
		must(t, err)
		if got := f.chain(copied)[0].cells(); len(got) != maxCells-1 || slices.Contains(got, full) {
			t.Errorf("%d cells", len(got))
		}
		advance(f, time.Minute)
		for i := range perHour { // now all are full
			f.exec(fmt.Sprintf("insert into alert_cell (cell, sent_at, alert_id, counts) select distinct cell, %d, alert_id, counts from alert_cell", clock.Micros(f.clock.Now())-int64(i)))
		}
		f.exec("delete from alert_passed")
		if _, err := f.Pass(f.ctx(), as("dee"), "far", origin); code(err) != "alert.often" {
			t.Errorf("all cells are full: %v", err)
		}
	})
}

// TestNeighboursTakeNoRoom: however often a neighbour corrects and updates what was passed on,
// the network has as much room as before for what it says itself; and mere updates are no more
// than three messages an hour.
func TestNeighboursTakeNoRoom(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		f.far()
		_, err := f.report("", smoke())
		must(t, err)
		m := f.message(f.first())
		origin, err := f.send(f.first().ID, m, "bo", "cy")
		must(t, err)
		copied, err := f.Pass(f.ctx(), as("dee"), "far", origin)
		must(t, err)
		area := f.areaCells()
		for i, kind := range []fact.AlertKind{fact.AlertCorrect, fact.AlertUpdate, fact.AlertUpdate, fact.AlertUpdate, fact.AlertCorrect} {
			m.Kind, m.Cells = kind, []string{area[i].String()} // it moves, so that there is room at the neighbour
			advance(f, time.Minute)
			_, err = f.both("near", origin, m, "bo", "cy")
			must(t, err)
		}
		var kinds []fact.AlertKind
		for _, a := range f.chain(copied) {
			kinds = append(kinds, a.Kind)
		}
		if want := []fact.AlertKind{fact.AlertCorrect, fact.AlertUpdate, fact.AlertCorrect, fact.AlertNew}; !slices.Equal(kinds, want) {
			t.Errorf("%v went out, the newest first", kinds)
		}
		f.own(f.chain(copied)[0].cells()[0], perHour-1)
	})
}
