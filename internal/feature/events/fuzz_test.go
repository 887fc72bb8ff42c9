package events_test

import (
	"net/url"
	"testing"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/feature/events"
	"convoke/internal/geo"
	"convoke/internal/search"
)

// Any address of a search is either understood, and then its canonical form
// means the same, or answered with messages for its fields.
func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{
		"near=Leipzig&radius_km=25", "bbox=-10,40,10,50&q=litter", "from=2026-01-01&to=2026-02-01&kind=march,rally&kind=vigil",
		"when=past&lang=de&access=step_free&after=1z", "radius_km=NaN", "bbox=170,-10,-170,10", "limit=0", "kind=%ff", "after=zzzzzzzzzzzzzzzzzzz",
	} {
		f.Add(s)
	}
	g, err := geo.Load()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := url.ParseQuery(s)
		if err != nil {
			return
		}
		q, err := events.ParseQuery(v, g)
		if err != nil {
			if !fault.Is(err, fault.KindInvalid) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		again, err := events.ParseQuery(q.Values(), g)
		if err != nil {
			t.Fatalf("%q: its own form %q is refused: %v", s, q.Values().Encode(), err)
		}
		if a, b := q.Values().Encode(), again.Values().Encode(); a != b {
			t.Fatalf("%q: %q becomes %q", s, a, b)
		}
	})
}

// Whatever is typed into the form becomes an event that keeps the rules, or
// messages.
func FuzzInput(f *testing.F) {
	f.Add("Title", "2026-05-09", "10:00", "", "13:00", "", "Leipzig", "10", "de")
	f.Add("", "2026-03-29", "02:30", "2026-03-30", "", "Mars/Base", "51.3,12.4", "-1", "xx-yy-zz")
	f.Add("x", "0000-00-00", "25:61", "9999-12-31", "24:00", "Local", "", "99999999999999999999", "\x00")
	g, err := geo.Load()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, title, day, from, lastDay, to, zone, near, capacity, lang string) {
		in := events.Input{
			Title: title, Kind: "rally", State: events.Confirmed, StartDate: day, StartTime: from, EndDate: lastDay, EndTime: to,
			Zone: zone, Near: near, Capacity: capacity, Lang: lang,
		}
		e, err := in.Check(g)
		if err != nil {
			if !fault.Is(err, fault.KindInvalid) {
				t.Fatal(err)
			}
			return
		}
		if !e.End.After(e.Start) || e.Title == "" || e.Capacity < 0 || !geo.KnownZone(e.Zone) {
			t.Fatalf("accepted: %+v", e)
		}
	})
}

// Words of a hostile query stay words in both engines' query languages.
func FuzzMatch(f *testing.F) {
	for _, s := range []string{`a"b`, "a'b\\", "NEAR(a b)", "a & !b", "*", "école ESCUELA", "  "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, e := range []db.Engine{db.SQLite, db.Postgres} {
			if arg, ok := search.Match(e, s); ok != (arg != "") {
				t.Fatalf("%q: %q, %v", s, arg, ok)
			}
		}
	})
}
