package turnout

import (
	"maps"
	"slices"
	"strings"
	"time"

	"convoke/internal/day"
	"convoke/internal/fault"
)

// days are the ranges of an event by the day of it that they are about, 0 being
// the first. A day without estimates is not in it.
type days map[int]span

func daysOfEstimates(es []Estimate) days {
	d := days{}
	for _, e := range es {
		d[e.Nth] = d[e.Nth].with(e.Low, e.High)
	}
	return d
}

// whole is the event's range: that of its fullest day, never a sum, because the
// same people come again. n counts the estimates of all days.
func (d days) whole() span {
	var best span
	n := 0
	for _, nth := range slices.Sorted(maps.Keys(d)) {
		s := d[nth]
		n += s.n
		if best.n == 0 || s.high > best.high || s.high == best.high && s.low > best.low {
			best = s
		}
	}
	best.n = n
	return best
}

// count adds what an event counts, with sign 1, or takes it away, with -1: on
// its first day always, on a later one when somebody says how many came. first
// is nil while the event is not public.
func (c changes) count(first *Spot, d days, sign int) {
	if first == nil {
		return
	}
	c.add(*first, total{day: tallyOf(d[0], sign), began: tallyOf(d.whole(), sign)})
	for nth, s := range d {
		if nth > 0 {
			at := *first
			at.Day = day.After(first.Day, nth)
			c.add(at, total{day: tallyOf(s, sign)})
		}
	}
}

// between is how many days b is after a, both at any hour of their own zone.
func between(a, b time.Time) int {
	return int(day.Time(day.Of(b)).Sub(day.Time(day.Of(a))) / (24 * time.Hour))
}

// Days is how many days the event has: one, unless it lasts longer than 24
// hours. An evening that ends after midnight is one day.
func (a *About) Days() int {
	if a.End.Sub(a.Start) <= 24*time.Hour {
		return 1
	}
	return 1 + between(a.Start, a.End.Add(-time.Nanosecond))
}

// latest is the last day of the event that has begun, 0 being the first.
func (a *About) latest(now time.Time) int {
	return min(a.Days()-1, max(0, between(a.Start, now.In(a.Start.Location()))))
}

// date is a day of the event.
func (a *About) date(nth int) string { return a.Start.AddDate(0, 0, nth).Format(time.DateOnly) }

// nth reads a day of the event, "" meaning the first.
func (a *About) nth(day string, now time.Time) (int, []fault.FieldError) {
	day = strings.TrimSpace(day)
	if day == "" {
		return 0, nil
	}
	t, err := time.Parse(time.DateOnly, day)
	n, last := between(a.Start, t), a.latest(now)
	if err != nil || n < 0 || n > last {
		return 0, []fault.FieldError{fault.Field("day", "turnout.day",
			"Choose a day of the event that has begun, from {first} to {last}, written as year-month-day.",
			"first", a.date(0), "last", a.date(last))}
	}
	return n, nil
}
