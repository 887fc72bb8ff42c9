package turnout

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An event has days when it lasts longer than 24 hours, as the clocks of its
// place count them.
func TestDaysOfAnEvent(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(day, hour int) time.Time { return time.Date(2026, 10, day, hour, 0, 0, 0, berlin) }
	for name, x := range map[string]struct {
		start, end time.Time
		days       int
	}{
		"two hours":                    {at(1, 10), at(1, 12), 1},
		"an evening until after two":   {at(1, 20), at(2, 2), 1},
		"no end":                       {at(1, 20), time.Time{}, 1},
		"a whole day":                  {at(1, 0), at(2, 0), 1},
		"a whole day of 25 hours":      {at(25, 0), at(26, 0), 1},
		"a weekend":                    {at(3, 10), at(4, 16), 2},
		"three weeks over the changes": {at(10, 0), at(31, 0), 21},
		"until the first of a day":     {at(10, 8), at(12, 0), 2},
	} {
		a := About{Start: x.start, End: x.end}
		if got := a.Days(); got != x.days {
			t.Errorf("%s: %d days, want %d", name, got, x.days)
		}
	}
	a := About{Start: at(10, 8), End: at(31, 0)}
	for name, x := range map[string]struct {
		day  string
		now  time.Time
		want int
		ok   bool
	}{
		"nothing said":           {"", at(12, 9), 0, true},
		"the first":              {"2026-10-10", at(12, 9), 0, true},
		"today, late at night":   {"2026-10-12", time.Date(2026, 10, 11, 22, 30, 0, 0, time.UTC), 2, true},
		"tomorrow":               {"2026-10-13", at(12, 9), 0, false},
		"before":                 {"2026-10-09", at(12, 9), 0, false},
		"the last, much later":   {"2026-10-30", at(31, 9).AddDate(1, 0, 0), 20, true},
		"after, much later":      {"2026-10-31", at(31, 9).AddDate(1, 0, 0), 0, false},
		"over the clock change":  {"2026-10-26", at(27, 0), 16, true},
		"a day that is none":     {"2026-10-32", at(27, 0), 0, false},
		"a date in another form": {"12.10.2026", at(27, 0), 0, false},
	} {
		got, bad := a.nth(x.day, x.now)
		if got != x.want || (len(bad) == 0) != x.ok {
			t.Errorf("%s: day %d, %v", name, got, bad)
		}
	}
}

// The event's range is that of its fullest day: never a sum, never the widest
// of different days.
func TestRangeOfTheFullestDay(t *testing.T) {
	t.Parallel()
	of := func(nth, low, high int) Estimate { return Estimate{Nth: nth, Low: low, High: high} }
	for _, x := range []struct {
		es   []Estimate
		want span
	}{
		{nil, span{}},
		{[]Estimate{of(0, 5, 9), of(0, 4, 20)}, span{4, 20, 2}},
		{[]Estimate{of(0, 5, 9), of(1, 100, 200), of(1, 150, 300), of(2, 1, 290)}, span{100, 300, 4}},
		{[]Estimate{of(3, 50, 90), of(1, 60, 90), of(2, 10, 90)}, span{60, 90, 3}},
		{[]Estimate{of(4, 0, 0)}, span{0, 0, 1}},
	} {
		if d := cmp.Diff(x.want, daysOfEstimates(x.es).whole(), cmp.AllowUnexported(span{})); d != "" {
			t.Error(d)
		}
	}
}
