package turnout_test

import (
	"fmt"
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

// last makes an event end some days after it began.
func (b *board) last(t *testing.T, e id.Event, first int, days int) {
	t.Helper()
	start := time.Date(first/10000, time.Month(first/100%100), first%100, 0, 0, 0, 0, time.UTC)
	err := b.db.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), "update event set ends_at = $1 where id = $2", clock.Micros(start.AddDate(0, 0, days)), string(e))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *board) say(t *testing.T, e id.Event, day string, low, high int) error {
	t.Helper()
	return b.svc.AddEstimate(t.Context(), authz.Actor{Person: "org"}, e, b.ids.Secret(), turnout.Input{
		Low: fmt.Sprint(low), High: fmt.Sprint(high), Method: "eye", SourceName: "Us", Day: day,
	})
}

// Each day counts by itself; over a month the event counts once, with its
// fullest day.
func TestDaysCountApart(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBoard(d)
		spot := turnout.Spot{Day: 20240130, Country: "DE"}
		e := b.add(t, spot)
		b.last(t, e, spot.Day, 21)
		b.add(t, turnout.Spot{Day: 20240201, Country: "DE"}, counted(10, 10))
		for _, x := range []struct {
			day       string
			low, high int
		}{{"2024-01-31", 100, 200}, {"2024-01-31", 150, 300}, {"2024-02-01", 400, 500}} {
			if err := b.say(t, e, x.day, x.low, x.high); err != nil {
				t.Fatal(err)
			}
		}
		want := []turnout.Row{
			{Day: 20240201, Events: 2, Low: 410, High: 510},
			{Day: 20240131, Events: 1, Low: 100, High: 300},
			{Day: 20240130, Events: 1, Without: 1},
		}
		if diff := cmp.Diff(want, b.totals(t, turnout.Query{})); diff != "" {
			t.Errorf("by day (-want +got):\n%s", diff)
		}
		for month, want := range map[time.Month]turnout.Row{
			time.January:  {Country: "DE", Events: 1, Low: 400, High: 500},
			time.February: {Country: "DE", Events: 1, Low: 10, High: 10},
		} {
			got := b.totals(t, turnout.Query{Places: true, Month: time.Date(2024, month, 1, 0, 0, 0, 0, time.UTC)})
			if diff := cmp.Diff([]turnout.Row{want}, got); diff != "" {
				t.Errorf("%s, by place (-want +got):\n%s", month, diff)
			}
		}
		for _, day := range []string{"2024-01-29", "2024-02-20", "soon"} {
			if err := b.say(t, e, day, 1, 1); !fault.HasCode(err, "turnout.day") {
				t.Errorf("%s: %v", day, err)
			}
		}
		// It moves as a whole, also while it is not public in between.
		for _, next := range []*turnout.Spot{{Day: 20240228, Country: "DE"}, nil, {Day: 20240101, Country: "FR"}} {
			old := &spot
			if next != nil && next.Country == "FR" {
				old = nil
			}
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				if err := b.put(t.Context(), tx, e, next); err != nil {
					return err
				}
				return b.svc.Set(t.Context(), tx, e, old, next, nil)
			})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := b.drifts(t.Context()); err != nil || len(got) > 0 {
				t.Fatalf("drifts: %v, %v", got, err)
			}
			if next != nil {
				spot = *next
			}
		}
		want = []turnout.Row{
			{Day: 20240103, Events: 1, Low: 400, High: 500}, {Day: 20240102, Events: 1, Low: 100, High: 300}, {Day: 20240101, Events: 1, Without: 1},
		}
		if diff := cmp.Diff(want, b.totals(t, turnout.Query{Country: "FR"})); diff != "" {
			t.Errorf("moved (-want +got):\n%s", diff)
		}
	})
}

// Fifty estimates a day, and three hundred altogether.
func TestEstimatesOfADayEnd(t *testing.T) {
	t.Parallel()
	b := newBoard(dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now)))
	e := b.add(t, turnout.Spot{Day: 20240105})
	b.last(t, e, 20240105, 10)
	for day := range 6 {
		for range 50 {
			if err := b.say(t, e, fmt.Sprintf("2024-01-%02d", 5+day), 1, 1); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.say(t, e, fmt.Sprintf("2024-01-%02d", 5+day), 1, 1); !fault.HasCode(err, "turnout.many_day") {
			t.Errorf("day %d: %v", day, err)
		}
	}
	if err := b.say(t, e, "2024-01-14", 1, 1); !fault.HasCode(err, "turnout.many") {
		t.Error(err)
	}
}

// Whatever happens to events of many days and to what is said of them, the
// totals equal a recount, and a recount changes nothing.
func TestDaysEqualARecount(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBoard(d)
		ctx := t.Context()
		rapid.Check(t, func(t *rapid.T) {
			spot := func() *turnout.Spot {
				if rapid.IntRange(0, 4).Draw(t, "draft") == 0 {
					return nil
				}
				return &turnout.Spot{Day: 20240226 + rapid.IntRange(0, 3).Draw(t, "day"), Country: rapid.SampledFrom([]string{"", "DE"}).Draw(t, "country")}
			}
			e := id.Event(b.ids.New())
			var now *turnout.Spot
			step := func(next *turnout.Spot, es []turnout.Estimate) {
				err := b.db.Write(ctx, func(tx *db.Tx) error {
					if err := b.put(ctx, tx, e, next); err != nil {
						return err
					}
					return b.svc.Set(ctx, tx, e, now, next, es)
				})
				if err != nil {
					t.Fatal(err)
				}
				now = next
			}
			step(spot(), []turnout.Estimate{})
			for range rapid.IntRange(1, 6).Draw(t, "steps") {
				switch rapid.IntRange(0, 3).Draw(t, "what") {
				case 0:
					step(spot(), nil)
				case 1: // an import replaces all
					step(spot(), []turnout.Estimate{counted(rapid.IntRange(0, 50).Draw(t, "low"), 60)})
				default:
					err := b.db.Write(ctx, func(tx *db.Tx) error { // as long as it takes
						_, err := tx.Exec(ctx, "update event set ends_at = starts_at + $1 where id = $2", (10 * 24 * time.Hour).Microseconds(), string(e))
						return err
					})
					if err != nil {
						t.Fatal(err)
					}
					day := time.Date(2024, 2, 26+rapid.IntRange(0, 9).Draw(t, "of"), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
					low := rapid.IntRange(0, 900).Draw(t, "low")
					err = b.svc.AddEstimate(ctx, authz.Actor{Person: "org"}, e, b.ids.Secret(), turnout.Input{
						Low: fmt.Sprint(low), High: fmt.Sprint(low + 9), Method: "eye", SourceName: "Us", Day: day,
					})
					if (now == nil) != fault.HasCode(err, "turnout.not_public") || now != nil && err != nil && !fault.HasCode(err, "turnout.day") {
						t.Fatalf("add to %v: %v", now, err)
					}
				}
			}
			if got, err := b.drifts(ctx); err != nil || len(got) > 0 {
				t.Fatalf("drifts: %v, %v", got, err)
			}
		})
		all := func() []turnout.Row {
			r, err := b.svc.Totals(ctx, turnout.Query{Limit: 100}, dbtest.Now)
			if err != nil {
				t.Fatal(err)
			}
			return r.Rows
		}
		before := all()
		if err := b.svc.Rebuild(ctx); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, all()); diff != "" {
			t.Errorf("a recount changes (-before +after):\n%s", diff)
		}
	})
}
