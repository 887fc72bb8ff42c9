package turnout_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
	"convoke/internal/feature/turnout"
	"convoke/internal/id"
)

// board is the service with events that the tests write themselves.
type board struct {
	db  *db.DB
	svc *turnout.Service
	ids *id.Source
	n   int
}

func newBoard(d *db.DB) *board {
	b := &board{db: d, ids: id.NewSource(clock.NewManual(dbtest.Now), nil)}
	b.svc = turnout.New(turnout.Deps{DB: d, IDs: b.ids, Events: b})
	return b
}

// About implements turnout.Events over the table that the tests fill. The
// person "org" is an organizer everywhere.
func (b *board) About(ctx context.Context, tx *db.Tx, by authz.Actor, e id.Event) (turnout.About, authz.Subject, error) {
	a := turnout.About{Event: e}
	var s turnout.Spot
	var listed bool
	var start, end int64
	err := tx.Get(ctx, "select title, day, country, region, listed, starts_at, ends_at from event where id = $1", []any{string(e)},
		&a.Title, &s.Day, &s.Country, &s.Region, &listed, &start, &end)
	if err != nil {
		return a, authz.Subject{}, fault.NotFound("event.not_found", "There is no such event.")
	}
	a.Start, a.End = clock.FromMicros(start), clock.FromMicros(end)
	var sub authz.Subject
	if by.Person == "org" {
		sub.Role = authz.Organizer
	}
	if listed {
		a.Spot = &s
	}
	return a, sub, nil
}

// put inserts an event's row, or changes its spot; nil is a draft.
func (b *board) put(ctx context.Context, tx *db.Tx, e id.Event, s *turnout.Spot) error {
	at := turnout.Spot{Day: 20260101}
	if s != nil {
		at = *s
	}
	n, err := tx.Exec(ctx, "update event set day = $1, country = $2, region = $3, listed = $4 where id = $5",
		at.Day, at.Country, at.Region, s != nil, string(e))
	if err != nil || n > 0 {
		return err
	}
	b.n++
	start := time.Date(at.Day/10000, time.Month(at.Day/100%100), at.Day%100, 0, 0, 0, 0, time.UTC)
	_, err = tx.Exec(ctx, `insert into event (seq, id, at_key, uid, title, description, description_html, kind, state, listed, starts_at,
		ends_at, zone, all_day, day, place, address, locality, region, country, precise, online_url, lang, access_yes, access_no,
		access_note, capacity, organizer, source_url, picture, picture_alt, sequence, was_place, created_at, updated_at)
		values ($1, $2, $3, '', 'Rally', '', '', 'rally', 'confirmed', $4, $5, $6, 'UTC', $7, $8, '', '', '', $9, $10, 'none', '', '',
		0, 0, '', 0, '', '', '', '', 0, '', 0, 0)`,
		b.n, string(e), b.n, s != nil, clock.Micros(start), clock.Micros(start.AddDate(0, 0, 1)), true, at.Day, at.Region, at.Country)
	return err
}

func (b *board) drifts(ctx context.Context) (out []string, err error) {
	err = b.db.Read(ctx, func(tx *db.Tx) error {
		out, err = turnout.Drifts(ctx, tx)
		return err
	})
	return out, err
}

func (b *board) totals(t *testing.T, q turnout.Query) []turnout.Row {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	r, err := b.svc.Totals(t.Context(), q, dbtest.Now)
	if err != nil {
		t.Fatal(err)
	}
	return r.Rows
}

// add makes an event with estimates and returns it.
func (b *board) add(t *testing.T, s turnout.Spot, es ...turnout.Estimate) id.Event {
	t.Helper()
	e := id.Event(b.ids.New())
	err := b.db.Write(t.Context(), func(tx *db.Tx) error {
		if err := b.put(t.Context(), tx, e, &s); err != nil {
			return err
		}
		return b.svc.Set(t.Context(), tx, e, nil, &s, append([]turnout.Estimate{}, es...))
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func counted(low, high int) turnout.Estimate {
	return turnout.Estimate{Low: low, High: high, Method: "reported", SourceName: "A paper"}
}

// Whatever happens to events and estimates, the totals equal a recount.
func TestTotalsEqualARecount(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBoard(d)
		ctx := t.Context()
		spots := rapid.Custom(func(t *rapid.T) *turnout.Spot {
			if rapid.IntRange(0, 3).Draw(t, "draft") == 0 {
				return nil
			}
			return &turnout.Spot{
				Day:     20240100 + rapid.IntRange(1, 3).Draw(t, "day"),
				Country: rapid.SampledFrom([]string{"", "DE", "US"}).Draw(t, "country"), Region: rapid.SampledFrom([]string{"", "IL"}).Draw(t, "region"),
			}
		})
		estimates := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) turnout.Estimate {
			low := rapid.IntRange(0, 500).Draw(t, "low")
			return counted(low, low+rapid.IntRange(0, 100).Draw(t, "more"))
		}), 0, 3)
		rapid.Check(t, func(t *rapid.T) {
			now := map[id.Event]*turnout.Spot{}
			var all []id.Event
			write := func(f func(tx *db.Tx) error) {
				if err := b.db.Write(ctx, f); err != nil {
					t.Fatal(err)
				}
			}
			for range rapid.IntRange(1, 8).Draw(t, "steps") {
				what := rapid.IntRange(0, 3).Draw(t, "what")
				if len(all) == 0 {
					what = 0
				}
				switch what {
				case 0: // many new ones
					fresh := make([]turnout.Fresh, rapid.IntRange(1, 3).Draw(t, "new"))
					for i := range fresh {
						fresh[i] = turnout.Fresh{Event: id.Event(b.ids.New()), Spot: spots.Draw(t, "spot"), Estimates: estimates.Draw(t, "estimates")}
						all = append(all, fresh[i].Event)
						now[fresh[i].Event] = fresh[i].Spot
					}
					write(func(tx *db.Tx) error {
						for _, f := range fresh {
							if err := b.put(ctx, tx, f.Event, f.Spot); err != nil {
								return err
							}
						}
						return b.svc.SetNew(ctx, tx, fresh)
					})
				case 1, 2: // one changes, with other estimates or the same
					e := rapid.SampledFrom(all).Draw(t, "event")
					old, next := now[e], spots.Draw(t, "spot")
					var es []turnout.Estimate
					if what == 2 {
						es = append([]turnout.Estimate{}, estimates.Draw(t, "estimates")...)
					}
					write(func(tx *db.Tx) error {
						if err := b.put(ctx, tx, e, next); err != nil {
							return err
						}
						return b.svc.Set(ctx, tx, e, old, next, es)
					})
					now[e] = next
				case 3: // somebody counts
					e := rapid.SampledFrom(all).Draw(t, "event")
					low := rapid.IntRange(0, 900).Draw(t, "low")
					err := b.svc.AddEstimate(ctx, authz.Actor{Person: "org"}, e, b.ids.Secret(), turnout.Input{
						Low: fmt.Sprint(low), High: fmt.Sprint(low + 9), Method: "eye", SourceName: "Us",
					})
					if (now[e] == nil) != fault.HasCode(err, "turnout.not_public") || now[e] != nil && err != nil {
						t.Fatalf("add to %v: %v", now[e], err)
					}
				}
			}
			if got, err := b.drifts(ctx); err != nil || len(got) > 0 {
				t.Fatalf("drifts: %v, %v", got, err)
			}
		})
	})
}

func TestDriftsAreFoundAndRepaired(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		b := newBoard(d)
		e := b.add(t, turnout.Spot{Day: 20240101, Country: "DE"}, counted(10, 20), counted(15, 40))
		b.add(t, turnout.Spot{Day: 20240102, Country: "DE"})
		want := b.totals(t, turnout.Query{})
		for _, q := range []string{
			"update turnout_day set low = low + 1 where day = 20240101",
			"delete from turnout_day where day = 20240102",
			"insert into turnout_day (day, country, region, events, estimated, low, high) values (20240103, '', '', 1, 0, 0, 0)",
			"update turnout set high = 41",
			"delete from turnout",
			"delete from estimate where event_id = '" + string(e) + "' and high = 40",
		} {
			if got, err := b.drifts(ctx); err != nil || len(got) > 0 {
				t.Fatalf("before %s: %v, %v", q, got, err)
			}
			if err := d.Write(ctx, func(tx *db.Tx) error { _, err := tx.Exec(ctx, q); return err }); err != nil {
				t.Fatal(err)
			}
			if got, err := b.drifts(ctx); err != nil || len(got) == 0 {
				t.Errorf("after %s: %v, %v", q, got, err)
			}
			if err := b.svc.Rebuild(ctx); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(q, "delete from estimate") {
				want[1].High = 20
			}
			if diff := cmp.Diff(want, b.totals(t, turnout.Query{})); diff != "" {
				t.Errorf("after %s and a recount (-want +got):\n%s", q, diff)
			}
		}
	})
}

func TestTotals(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBoard(d)
		il, wi := turnout.Spot{Day: 20240105, Country: "US", Region: "IL"}, turnout.Spot{Day: 20240105, Country: "US", Region: "WI"}
		b.add(t, il, counted(100, 200), counted(150, 400))
		b.add(t, il)
		b.add(t, wi, counted(7, 7))
		b.add(t, turnout.Spot{Day: 20231231, Country: "DE"})
		b.add(t, turnout.Spot{Day: 20260503, Country: "DE"}) // tomorrow
		day := turnout.Row{Day: 20240105, Events: 3, Without: 1, Low: 107, High: 407}
		eve := turnout.Row{Day: 20231231, Events: 1, Without: 1}
		january := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
		for name, c := range map[string]struct {
			q    turnout.Query
			want []turnout.Row
		}{
			"all":            {turnout.Query{}, []turnout.Row{day, eve}},
			"before":         {turnout.Query{Before: 20240105}, []turnout.Row{eve}},
			"month":          {turnout.Query{Month: january}, []turnout.Row{day}},
			"month, earlier": {turnout.Query{Month: january, Before: 20240105}, nil},
			"country":        {turnout.Query{Country: "DE"}, []turnout.Row{eve}},
			"region":         {turnout.Query{Country: "US", Region: "WI"}, []turnout.Row{{Day: 20240105, Events: 1, Low: 7, High: 7}}},
			"places": {turnout.Query{Places: true, Month: january}, []turnout.Row{
				{Country: "US", Region: "IL", Events: 2, Without: 1, Low: 100, High: 400}, {Country: "US", Region: "WI", Events: 1, Low: 7, High: 7},
			}},
			"places of the latest month": {turnout.Query{Places: true}, []turnout.Row{
				{Country: "US", Region: "IL", Events: 2, Without: 1, Low: 100, High: 400}, {Country: "US", Region: "WI", Events: 1, Low: 7, High: 7},
			}},
			"limit": {turnout.Query{Limit: 1}, []turnout.Row{day}},
		} {
			if diff := cmp.Diff(c.want, b.totals(t, c.q)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

// A day that lost its last event is gone.
func TestMovedEventLeavesNoEmptyDay(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBoard(d)
		from, to := turnout.Spot{Day: 20240105, Country: "DE"}, turnout.Spot{Day: 20240106, Country: "DE"}
		e := b.add(t, from, counted(1, 2))
		err := d.Write(t.Context(), func(tx *db.Tx) error { return b.svc.Set(t.Context(), tx, e, &from, &to, nil) })
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]turnout.Row{{Day: 20240106, Events: 1, Low: 1, High: 2}}, b.totals(t, turnout.Query{})); diff != "" {
			t.Errorf("totals (-want +got):\n%s", diff)
		}
	})
}

func TestAddEstimate(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		b := newBoard(d)
		e := b.add(t, turnout.Spot{Day: 20240105, Country: "DE"}, counted(100, 200))
		other := b.add(t, turnout.Spot{Day: 20240105, Country: "DE"})
		future := b.add(t, turnout.Spot{Day: 20270101, Country: "DE"})
		org, key := authz.Actor{Person: "org"}, b.ids.Secret()
		good := turnout.Input{Low: "1,200", High: "1.500", Words: "over a thousand", Method: "grid", SourceName: "Us", SourceURL: "https://example.org/x"}
		for range 2 { // the second is a retry
			if err := b.svc.AddEstimate(ctx, org, e, key, good); err != nil {
				t.Fatal(err)
			}
		}
		es, err := b.svc.Estimates(ctx, e)
		want := []turnout.Estimate{counted(100, 200), {
			Low: 1200, High: 1500, Words: "over a thousand", Method: "grid", SourceName: "Us", SourceURL: "https://example.org/x",
		}}
		if diff := cmp.Diff(want, es); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if diff := cmp.Diff([]turnout.Row{{Day: 20240105, Events: 2, Without: 1, Low: 100, High: 1500}}, b.totals(t, turnout.Query{})); diff != "" {
			t.Errorf("totals (-want +got):\n%s", diff)
		}
		for name, c := range map[string]struct {
			by   authz.Actor
			e    id.Event
			key  string
			code string
		}{
			"a visitor":      {authz.Actor{}, e, b.ids.Secret(), "authz.sign_in"},
			"somebody else":  {authz.Actor{Person: "p"}, e, b.ids.Secret(), "authz.forbidden"},
			"an operator":    {authz.Actor{Person: "p", Operator: true}, e, b.ids.Secret(), "authz.forbidden"},
			"no event":       {org, "01aaaaaaaaaaaaaaaaaaaaaaaa", b.ids.Secret(), "event.not_found"},
			"too early":      {org, future, b.ids.Secret(), "turnout.too_early"},
			"no key":         {org, e, "", "form.key"},
			"another's form": {org, other, key, "turnout.key_used"},
		} {
			if err := b.svc.AddEstimate(ctx, c.by, c.e, c.key, good); !fault.HasCode(err, c.code) {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
		}
		for range 48 {
			if err := b.svc.AddEstimate(ctx, org, e, b.ids.Secret(), good); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.svc.AddEstimate(ctx, org, e, b.ids.Secret(), good); !fault.HasCode(err, "turnout.many") {
			t.Errorf("the 51st estimate: %v", err)
		}
	})
}

func TestInputIsJudgedAtOnce(t *testing.T) {
	t.Parallel()
	b := newBoard(dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now)))
	e := b.add(t, turnout.Spot{Day: 20240105})
	long := strings.Repeat("é", 501)
	for name, c := range map[string]struct {
		in    turnout.Input
		codes []string
	}{
		"nothing":   {turnout.Input{}, []string{"turnout.number", "turnout.method", "turnout.source_missing"}},
		"reversed":  {turnout.Input{Low: "5", High: "4", Method: "eye", SourceName: "Us"}, []string{"turnout.order"}},
		"both":      {turnout.Input{Low: "few", High: "many", Method: "eye", SourceName: "Us"}, []string{"turnout.number"}},
		"negative":  {turnout.Input{Low: "-5", Method: "eye", SourceName: "Us"}, []string{"turnout.number"}},
		"huge":      {turnout.Input{Low: "1", High: "20000001", Method: "eye", SourceName: "Us"}, []string{"turnout.number"}},
		"a decimal": {turnout.Input{Low: "1.5", Method: "eye", SourceName: "Us"}, []string{"turnout.number"}},
		"grouping":  {turnout.Input{Low: "1234,567", Method: "eye", SourceName: "Us"}, []string{"turnout.number"}},
		"long":      {turnout.Input{Low: "1", Method: "eye", Words: long, SourceName: long, SourceURL: "https://e.org/" + long}, []string{"form.long"}},
		"script":    {turnout.Input{Low: "1", Method: "eye", SourceName: "Us", SourceURL: "javascript:alert(1)"}, []string{"turnout.link"}},
		"password":  {turnout.Input{Low: "1", Method: "eye", SourceName: "Us", SourceURL: "https://me:pw@example.org/"}, []string{"turnout.link"}},
		"a method":  {turnout.Input{Low: "1", Method: "guess", SourceName: "Us"}, []string{"turnout.method"}},
	} {
		err := b.svc.AddEstimate(t.Context(), authz.Actor{Person: "org"}, e, b.ids.Secret(), c.in)
		for _, code := range c.codes {
			if !fault.HasCode(err, code) {
				t.Errorf("%s: %v, want %s", name, err, code)
			}
		}
	}
	if es, err := b.svc.Estimates(t.Context(), e); err != nil || len(es) > 0 {
		t.Errorf("bad input was kept: %v, %v", es, err)
	}
}
