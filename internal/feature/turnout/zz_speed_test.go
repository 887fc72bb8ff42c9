package turnout_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/events"
	"convoke/internal/feature/turnout"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/markdown"
)

type ad struct{ s *turnout.Service }

func sp(s *events.Spot) *turnout.Spot {
	if s == nil {
		return nil
	}
	t := turnout.Spot(*s)
	return &t
}
func es(in []events.Estimate) []turnout.Estimate {
	if in == nil {
		return nil
	}
	out := make([]turnout.Estimate, len(in))
	for i := range in {
		out[i] = turnout.Estimate(in[i])
	}
	return out
}
func (a ad) Set(ctx context.Context, tx *db.Tx, e id.Event, o, n *events.Spot, x []events.Estimate) error {
	return a.s.Set(ctx, tx, e, sp(o), sp(n), es(x))
}

func (a ad) SetNew(ctx context.Context, tx *db.Tx, all []events.Arrival) error {
	f := make([]turnout.Fresh, len(all))
	for i, x := range all {
		f[i] = turnout.Fresh{Event: x.Event, Spot: sp(x.Spot), Estimates: es(x.Estimates)}
	}
	return a.s.SetNew(ctx, tx, f)
}

func TestZZ(t *testing.T) {
	f := os.Getenv("SPEED")
	if f == "" {
		t.Skip()
	}
	url := dbtest.SQLite(t)
	if os.Getenv("PGS") != "" {
		url = dbtest.Postgres(t)
	}
	d := dbtest.Open(t, url, clock.System{})
	g, _ := geo.Load()
	ids := id.NewSource(clock.System{}, nil)
	ts := turnout.New(turnout.Deps{DB: d, IDs: ids})
	s := events.New(events.Deps{DB: d, IDs: ids, Places: g, Tally: ad{ts}, Render: func(s string) (string, error) { h, err := markdown.Render(s); return string(h), err }})
	for i := range 2 {
		file, _ := os.Open(f)
		var sb strings.Builder
		start := time.Now()
		r := events.NewReport(&sb, true)
		if err := s.ImportCSV(t.Context(), file, events.ImportOptions{Source: events.Source{ID: "x", Name: "x"}, Gazetteer: g}, r); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("%d: %v %+v\n", i, time.Since(start), r.Summary())
	}
	d.Read(t.Context(), func(tx *db.Tx) error {
		start := time.Now()
		x, err := turnout.Drifts(t.Context(), tx)
		fmt.Println("drifts", x, err, time.Since(start))
		var n, lo, hi, ev, es int64
		tx.Get(t.Context(), "select count(*), cast(sum(low) as bigint), cast(sum(high) as bigint), cast(sum(events) as bigint), cast(sum(estimated) as bigint) from turnout_day", nil, &n, &lo, &hi, &ev, &es)
		fmt.Println("turnout_day rows", n, lo, hi, ev, es)
		return nil
	})
	start := time.Now()
	rr, err := ts.Totals(t.Context(), turnout.Query{Limit: 50}, time.Now())
	fmt.Println("totals", len(rr.Rows), err, time.Since(start))
	start = time.Now()
	rr, err = ts.Totals(t.Context(), turnout.Query{Limit: 50, Region: "GU"}, time.Now())
	fmt.Println("rare region", len(rr.Rows), err, time.Since(start))
	start = time.Now()
	rr, err = ts.Totals(t.Context(), turnout.Query{Limit: 50, Places: true}, time.Now())
	fmt.Println("places", len(rr.Rows), err, time.Since(start))
}
