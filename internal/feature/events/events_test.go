package events_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/feature/events"
	"convoke/internal/geo"
	"convoke/internal/id"
)

// one is the only group; olga organizes it, mia is a member, otto a stranger.
type groupsFake struct {
	suspended bool
	asked     *atomic.Int64 // how often a group was looked up; may be nil
}

var (
	olga = authz.Actor{Person: "olga", Handle: "olga"}
	mia  = authz.Actor{Person: "mia", Handle: "mia"}
	otto = authz.Actor{Person: "otto", Handle: "otto"}
)

func (g groupsFake) ByID(_ context.Context, _ *db.Tx, gid id.Group) (events.Group, error) {
	if g.asked != nil {
		g.asked.Add(1)
	}
	return events.Group{ID: gid, Handle: "riverside", Name: "Riverside Neighbours", Place: "Leipzig", Suspended: g.suspended}, nil
}

func (g groupsFake) ByHandle(ctx context.Context, tx *db.Tx, h string) (events.Group, error) {
	if h != "riverside" {
		return events.Group{}, fault.NotFound("group.not_found", "No.")
	}
	return g.ByID(ctx, tx, "g1")
}

func (groupsFake) Role(_ context.Context, _ *db.Tx, _ id.Group, p id.Person) (authz.Role, error) {
	return map[id.Person]authz.Role{"olga": authz.Organizer, "mia": authz.Member}[p], nil
}

// heard collects facts; veto is returned for each.
type heard struct {
	facts      []fact.EventChanged
	programmes []fact.ProgrammeChanged
	placed     int // changes of exact places
	veto       error
}

func (h *heard) Emit(_ context.Context, _ *db.Tx, f any) error {
	switch x := f.(type) {
	case fact.ProgrammeChanged:
		h.programmes = append(h.programmes, x)
	case fact.PlaceChanged:
		h.placed++
	case fact.EventChanged:
		h.facts = append(h.facts, x)
	}
	return h.veto
}

func clockAt() clock.Clock { return clock.NewManual(dbtest.Now) }

type noTally struct{}

func (noTally) Set(context.Context, *db.Tx, id.Event, *events.Spot, *events.Spot, []events.Estimate) error {
	return nil
}

type fixture struct {
	*events.Service
	db    *db.DB
	facts *heard
}

func setUp(t *testing.T, d *db.DB) *fixture {
	t.Helper()
	g, err := geo.Load()
	if err != nil {
		t.Fatal(err)
	}
	err = d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `insert into groups (id, handle, name, name_folded, handle_look, name_look, about, about_html, place, zone, langs, suspended, sample, created_at)
			values ('g1', 'riverside', 'Riverside Neighbours', 'riverside neighbours', '', '', '', '', 'Leipzig', 'Europe/Berlin', 'de', $1, $2, 0)`, false, false)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h := &heard{}
	return &fixture{db: d, facts: h, Service: events.New(events.Deps{
		DB: d, IDs: id.NewSource(clockAt(), nil), Facts: h, Groups: groupsFake{}, Places: g, Tally: noTally{},
		Render: func(s string) (string, error) { return "<p>" + s + "</p>", nil },
		Plain:  func(s string, _ int) string { return s },
	})}
}

func input() events.Input {
	return events.Input{
		Title: "Riverside clean-up", Description: "We pick up litter.", Kind: "mutual_aid", State: events.Confirmed,
		StartDate: "2026-05-09", StartTime: "10:00", EndTime: "13:00", Near: "Leipzig", Place: "North gate",
	}
}

func get(t *testing.T, f *fixture, by authz.Actor, e id.Event) (events.Event, error) {
	t.Helper()
	var out events.Event
	err := f.db.Read(t.Context(), func(tx *db.Tx) error {
		var err error
		out, _, _, err = f.Get(t.Context(), tx, by, e)
		return err
	})
	return out, err
}

func TestCreateShowsLocalTimeAndPlace(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		e, err := f.Create(t.Context(), olga, "g1", "key1", input())
		if err != nil {
			t.Fatal(err)
		}
		got, err := get(t, f, authz.Actor{}, e)
		if err != nil {
			t.Fatal(err)
		}
		if s := got.Local(got.Start).Format(time.RFC3339); s != "2026-05-09T10:00:00+02:00" {
			t.Errorf("start = %s", s)
		}
		if got.Where.Label() != "North gate, Leipzig" || got.Where.Precise != geo.PrecisionLocality || got.Zone != "Europe/Berlin" {
			t.Errorf("place = %q, %s, %s", got.Where.Label(), got.Where.Precise, got.Zone)
		}
		again, err := f.Create(t.Context(), olga, "g1", "key1", input())
		if err != nil || again != e {
			t.Errorf("the same form made %s, %v; want %s", again, err, e)
		}
	})
}

func TestWhoMay(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		for _, by := range []authz.Actor{mia, otto, {}} {
			if _, err := f.Create(t.Context(), by, "g1", "", input()); !fault.Is(err, fault.KindForbidden) && !fault.Is(err, fault.KindUnauthenticated) {
				t.Errorf("%q created: %v", by.Handle, err)
			}
		}
		draft := input()
		draft.State = events.Draft
		e, err := f.Create(t.Context(), olga, "g1", "", draft)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := get(t, f, mia, e); err != nil {
			t.Errorf("a member cannot see the draft: %v", err)
		}
		_, absent := get(t, f, otto, id.Event("01"+strings.Repeat("a", 24)))
		for _, by := range []authz.Actor{otto, {}} {
			if _, err := get(t, f, by, e); err == nil || err.Error() != absent.Error() {
				t.Errorf("%q learns of a draft: %v, absent is %v", by.Handle, err, absent)
			}
			if err := f.Update(t.Context(), by, e, 0, input()); err == nil || err.Error() != absent.Error() {
				t.Errorf("%q edits a draft: %v", by.Handle, err)
			}
		}
	})
}

func TestUpdateTellsOldAndNew(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		e, err := f.Create(t.Context(), olga, "g1", "", input())
		if err != nil {
			t.Fatal(err)
		}
		in := input()
		in.State, in.StartTime, in.Place = events.Moved, "11:00", "South gate"
		if err := f.Update(t.Context(), olga, e, 0, in); err != nil {
			t.Fatal(err)
		}
		got, err := get(t, f, authz.Actor{}, e)
		if err != nil {
			t.Fatal(err)
		}
		if got.Local(got.WasStart).Format("15:04") != "10:00" || got.WasPlace != "North gate, Leipzig" || got.Sequence != 1 {
			t.Errorf("was %v at %q, sequence %d", got.WasStart, got.WasPlace, got.Sequence)
		}
		if last := f.facts.facts[len(f.facts.facts)-1]; !last.Moved || last.Cancelled {
			t.Errorf("fact = %+v", last)
		}
		if err := f.Update(t.Context(), olga, e, 0, in); !fault.Is(err, fault.KindConflict) {
			t.Errorf("a stale form overwrote: %v", err)
		}
		in.State = events.Draft
		if err := f.Update(t.Context(), olga, e, 1, in); !fault.HasCode(err, "event.back_to_draft") {
			t.Errorf("a public event became a draft: %v", err)
		}
		f.facts.veto = fault.Invalid(fault.Field("capacity", "x", "no"))
		in.State, in.Title = events.Confirmed, "Changed"
		if err := f.Update(t.Context(), olga, e, 1, in); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("veto: %v", err)
		}
		if got, _ := get(t, f, authz.Actor{}, e); got.Title == "Changed" {
			t.Error("a vetoed change was kept")
		}
	})
}

func TestBadInputNamesEveryField(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*events.Input)
		want   []string
	}{
		"nothing":       {func(in *events.Input) { *in = events.Input{} }, []string{"title", "kind", "state", "near", "start_date"}},
		"end first":     {func(in *events.Input) { in.EndTime = "09:00" }, []string{"end_time"}},
		"no zone":       {func(in *events.Input) { in.Zone = "Mars/Olympus" }, []string{"zone"}},
		"local zone":    {func(in *events.Input) { in.Zone = "Local" }, []string{"zone"}},
		"skipped hour":  {func(in *events.Input) { in.StartDate, in.StartTime, in.EndTime = "2026-03-29", "02:30", "04:00" }, []string{"start_time"}},
		"no such day":   {func(in *events.Input) { in.StartDate = "2026-02-30" }, []string{"start_date"}},
		"zero capacity": {func(in *events.Input) { in.Capacity = "0" }, []string{"capacity"}},
		"words":         {func(in *events.Input) { in.Capacity = "many" }, []string{"capacity"}},
		"long title":    {func(in *events.Input) { in.Title = strings.Repeat("é", 201) }, []string{"title"}},
		"unknown place": {func(in *events.Input) { in.Near = "Xyzzyville" }, []string{"near"}},
		"bad link":      {func(in *events.Input) { in.OnlineURL = "javascript:alert(1)" }, []string{"online_url"}},
		"two years":     {func(in *events.Input) { in.EndDate = "2028-06-01" }, []string{"end_date"}},
		"far future":    {func(in *events.Input) { in.StartDate = "9999-06-01" }, []string{"start_date"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setUp(t, dbtest.Open(t, dbtest.SQLite(t), clockAt()))
			in := input()
			c.change(&in)
			_, err := f.Create(t.Context(), olga, "g1", "", in)
			var got []string
			if e := fault.Of(err); e != nil {
				for _, x := range e.Fields {
					got = append(got, x.Name)
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("fields (-want +got):\n%s\n%v", d, err)
			}
		})
	}
}

// Five hundred events and two hundred searches, against a plain loop.
func TestSearchEqualsPlainLoop(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		rnd := rand.New(rand.NewPCG(7, 11))
		all := seed(t, f, rnd, 500)
		for i := range 200 {
			q := randomQuery(rnd)
			want := plain(all, q, dbtest.Now)
			var got []string
			for page := 0; ; page++ {
				r, err := f.Search(t.Context(), q)
				if err != nil {
					t.Fatalf("query %d %+v: %v", i, q, err)
				}
				for _, e := range r.Events {
					got = append(got, e.Title)
				}
				if !r.More {
					break
				}
				q.After = r.Next
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("query %d %+v (-want +got):\n%s", i, q, d)
			}
		}
	})
}

var (
	towns = []string{"Leipzig", "Halle", "Dresden", "Springfield, Illinois", "Chicago", "Suva", "Denver"}
	texts = []string{"litter", "bridge", "soup", "école", "assembly", "the"}
	langs = []string{"", "de", "en", "es"}
	codes = []string{"step_free", "toilet", "childcare"}
)

func seed(t *testing.T, f *fixture, rnd *rand.Rand, n int) []events.Event {
	t.Helper()
	var all []events.Event
	err := f.db.Write(t.Context(), func(tx *db.Tx) error {
		all = nil
		for i := range n {
			in := input()
			in.Title = fmt.Sprintf("%s %04d", texts[rnd.IntN(len(texts))], i)
			in.Description = texts[rnd.IntN(len(texts))] + " the"
			in.Kind = events.Kinds()[rnd.IntN(4)]
			in.Near = towns[rnd.IntN(len(towns))]
			in.Lang = langs[rnd.IntN(len(langs))]
			in.AccessYes = codes[:rnd.IntN(len(codes)+1)]
			in.StartDate = dbtest.Now.AddDate(0, 0, rnd.IntN(120)-60).Format(time.DateOnly)
			if rnd.IntN(10) == 0 {
				in.State = events.Draft
			}
			if rnd.IntN(6) == 0 { // weeks long
				in.EndDate = dbtest.Now.AddDate(0, 0, 61+rnd.IntN(40)).Format(time.DateOnly)
				if rnd.IntN(2) == 0 {
					start, _ := time.Parse(time.DateOnly, in.StartDate)
					in.EndDate = start.AddDate(0, 0, 1+rnd.IntN(20)).Format(time.DateOnly)
				}
			}
			eid, err := f.CreateSample(t.Context(), tx, "g1", in)
			if err != nil {
				return err
			}
			e, _, _, err := f.Get(t.Context(), tx, olga, eid)
			if err != nil {
				return err
			}
			all = append(all, e)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func randomQuery(rnd *rand.Rand) events.Query {
	q := events.Query{Limit: 1 + rnd.IntN(60), Radius: 25}
	g := []geo.Point{{Lat: 51.34, Lon: 12.37}, {Lat: 39.8, Lon: -89.64}, {Lat: -18.14, Lon: 178.44}}
	switch rnd.IntN(4) {
	case 0:
		p := g[rnd.IntN(len(g))]
		q.Place, q.HasPlace = geo.Place{Point: p}, true
		q.Radius = []float64{5, 40, 150, 900}[rnd.IntN(4)]
	case 1:
		q.Box, q.HasBox = geo.Box{South: 45, West: 10, North: 55, East: 14}, true
		if rnd.IntN(2) == 0 {
			q.Box = geo.Box{South: -30, West: 170, North: 60, East: -80}
		}
	}
	if rnd.IntN(3) == 0 {
		q.Kinds = events.Kinds()[:1+rnd.IntN(2)]
	}
	if rnd.IntN(3) == 0 {
		q.Text = []string{"litter", "LITTER the", "ecole", "soup bridge", "nowhere"}[rnd.IntN(5)]
	}
	if rnd.IntN(4) == 0 {
		q.Lang = "de"
	}
	if rnd.IntN(4) == 0 {
		q.Access = 1 // step_free
	}
	switch rnd.IntN(5) {
	case 0:
		q.Past = true
	case 1:
		q.All = true
	case 2:
		q.From = dbtest.Now.Truncate(24*time.Hour).AddDate(0, 0, rnd.IntN(60)-40)
		q.To = q.From.AddDate(0, 0, 1+rnd.IntN(20))
	}
	return q
}

// plain is the meaning of a search, without any index.
func plain(all []events.Event, q events.Query, now time.Time) []string {
	var hits []events.Event
	for _, e := range all {
		day := time.Date(e.Local(e.Start).Year(), e.Local(e.Start).Month(), e.Local(e.Start).Day(), 0, 0, 0, 0, time.UTC)
		ok := e.State.Listed()
		ok = ok && (!q.HasPlace || geo.Distance(q.Place.Point, e.Where.Point) <= q.Radius)
		ok = ok && (!q.HasBox || q.Box.Contains(e.Where.Point))
		ok = ok && (len(q.Kinds) == 0 || slices.Contains(q.Kinds, e.Kind))
		ok = ok && (q.Lang == "" || q.Lang == e.Lang) && e.Access.Yes&q.Access == q.Access
		for _, w := range strings.Fields(geo.Fold(q.Text)) {
			text := geo.Fold(e.Title + " " + e.Description + " " + e.Where.Label())
			ok = ok && slices.Contains(strings.Fields(text), w)
		}
		switch {
		case q.Past:
			ok = ok && !e.End.After(now)
		case q.From.IsZero():
			ok = ok && (q.All || e.End.After(now))
		default:
			goesOn := e.End.Sub(e.Start) > 24*time.Hour && e.End.After(q.From)
			ok = ok && (!day.Before(q.From) || goesOn) && day.Before(q.To)
		}
		if ok {
			hits = append(hits, e)
		}
	}
	slices.SortFunc(hits, func(a, b events.Event) int {
		if q.Past || q.All {
			a, b = b, a
		}
		if c := a.Start.Compare(b.Start); c != 0 {
			return c
		}
		return int(a.Seq - b.Seq)
	})
	var out []string
	for _, e := range hits {
		out = append(out, e.Title)
	}
	return out
}
