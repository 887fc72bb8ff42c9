package events_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/events"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/markdown"
)

var loadPlaces = sync.OnceValues(geo.Load)

func gazetteer(t testing.TB) *geo.Gazetteer {
	t.Helper()
	g, err := loadPlaces()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// ledger is a tally that remembers what it was told.
type ledger struct {
	mu        sync.Mutex
	spots     map[id.Event]*events.Spot
	estimates map[id.Event][]events.Estimate
}

func (l *ledger) Set(_ context.Context, tx *db.Tx, e id.Event, old, now *events.Spot, estimates []events.Estimate) error {
	tx.OnCommit(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.spots[e] = now
		if estimates != nil {
			l.estimates[e] = estimates
		}
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	if diff := cmp.Diff(l.spots[e], old); diff != "" {
		return errors.New("the tally is told of another old spot: " + diff)
	}
	return nil
}

// bulkLedger takes many at once.
type bulkLedger struct{ *ledger }

func (l bulkLedger) SetNew(ctx context.Context, tx *db.Tx, all []events.Arrival) error {
	for _, a := range all {
		if err := l.Set(ctx, tx, a.Event, nil, a.Spot, a.Estimates); err != nil {
			return err
		}
	}
	return nil
}

type desk struct {
	t   *testing.T
	db  *db.DB
	svc *events.Service
	led *ledger
	gaz *geo.Gazetteer
}

func newDesk(t *testing.T, d *db.DB) *desk {
	k := &desk{t: t, db: d, led: &ledger{spots: map[id.Event]*events.Spot{}, estimates: map[id.Event][]events.Estimate{}}, gaz: gazetteer(t)}
	var tally events.Tally = k.led
	if d.Engine() == db.SQLite {
		tally = bulkLedger{k.led}
	}
	k.svc = events.New(events.Deps{
		DB: d, IDs: id.NewSource(clock.NewManual(dbtest.Now), nil), Places: k.gaz, Tally: tally,
		Render: func(text string) (string, error) {
			h, err := markdown.Render(text)
			return string(h), err
		},
	})
	return k
}

func (k *desk) options() events.ImportOptions {
	return events.ImportOptions{
		Source: events.Source{ID: "table", Name: "A table", Kind: "csv", URL: "https://example.org/"}, Now: dbtest.Now, Gazetteer: k.gaz,
	}
}

// run imports and returns the summary and the report for people.
func (k *desk) run(ics bool, r io.Reader, o events.ImportOptions) (events.ImportSummary, string, error) {
	k.t.Helper()
	var out bytes.Buffer
	rep := events.NewReport(&out, false)
	do := k.svc.ImportCSV
	if ics {
		do = k.svc.ImportICS
	}
	err := do(k.t.Context(), r, o, rep)
	s := rep.Summary()
	if cerr := rep.Close(s); cerr != nil {
		k.t.Fatal(cerr)
	}
	return s, out.String(), err
}

func (k *desk) csv(text string) (events.ImportSummary, string) {
	k.t.Helper()
	s, out, err := k.run(false, strings.NewReader(text), k.options())
	if err != nil {
		k.t.Fatal(err)
	}
	return s, out
}

func (k *desk) ics(text string) (events.ImportSummary, string) {
	k.t.Helper()
	o := k.options()
	o.Zone = "Europe/Berlin"
	s, out, err := k.run(true, strings.NewReader(text), o)
	if err != nil {
		k.t.Fatal(err)
	}
	return s, out
}

// rows is what is stored, without what differs from import to import.
func (k *desk) rows() []string {
	k.t.Helper()
	var out []string
	err := k.db.Read(k.t.Context(), func(tx *db.Tx) error {
		var err error
		out, err = db.Query(k.t.Context(), tx, `select uid, title, kind, state, starts_at, zone, day, place, locality, region, country,
			lat, lon, precise, description_html, organizer, source_url, sequence from event order by uid`, nil,
			func(scan func(...any) error) (string, error) {
				v := make([]any, 18)
				p := make([]any, len(v))
				for i := range v {
					p[i] = &v[i]
				}
				if err := scan(p...); err != nil {
					return "", err
				}
				return fmt.Sprint(v...), nil
			})
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return out
}

func (k *desk) count(q string) (n int) {
	k.t.Helper()
	err := k.db.Read(k.t.Context(), func(tx *db.Tx) error { return tx.Get(k.t.Context(), q, nil, &n) })
	if err != nil {
		k.t.Fatal(err)
	}
	return n
}

func (k *desk) one(uid string) events.Event {
	k.t.Helper()
	var eid string
	var e events.Event
	err := k.db.Read(k.t.Context(), func(tx *db.Tx) error {
		if err := tx.Get(k.t.Context(), "select id from event where uid = $1", []any{uid}, &eid); err != nil {
			return err
		}
		var err error
		e, _, _, err = k.svc.Get(k.t.Context(), tx, authz.Actor{}, id.Event(eid))
		return err
	})
	if err != nil {
		k.t.Fatalf("%s: %v", uid, err)
	}
	return e
}

// find counts events with the words, over or yet to come.
func (k *desk) find(words string) int {
	k.t.Helper()
	n := 0
	for _, past := range []bool{false, true} {
		r, err := k.svc.Search(k.t.Context(), events.Query{Text: words, Past: past, Limit: 50})
		if err != nil {
			k.t.Fatal(err)
		}
		n += len(r.Events)
	}
	return n
}

func counts(s events.ImportSummary) [5]int {
	return [5]int{s.New, s.Updated, s.Unchanged, s.Left, s.Changed}
}
