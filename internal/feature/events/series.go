package events

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"convoke/internal/day"
	"convoke/internal/geo"
	"convoke/internal/ical"
	"convoke/internal/id"
)

// Bounds of a series.
const (
	maxDates  = 60  // that are made at once, or are ahead at any time
	maxEvery  = 365 // days, weeks or months between two dates
	maxYears  = 2   // ahead
	aheadDays = 90  // that a series without an end is kept filled for
)

// Unit is what a rule counts in.
type Unit string

// The units.
const (
	Days   Unit = "day"
	Weeks  Unit = "week"
	Months Unit = "month"
)

// frequencies are the units in RFC 5545.
var frequencies = [...]struct {
	unit Unit
	freq string
}{{Days, "DAILY"}, {Weeks, "WEEKLY"}, {Months, "MONTHLY"}}

// weekdays are codes of forms and of RFC 5545, from Sunday.
var weekdays = [7]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// pattern is a rule that the form can make: a small part of RFC 5545.
type pattern struct {
	every int
	unit  Unit
	days  []time.Weekday // of weeks; the only one where nth is set
	nth   int            // of the month's days of that weekday; -1 is the last
	day   int            // of the month; -1 is the last
	count int            // 0 is no limit
	until time.Time      // last day; zero is no limit
}

// endless reports that dates are added for as long as nobody ends it.
func (p pattern) endless() bool { return p.count == 0 && p.until.IsZero() }

// rule is the pattern as an RRULE.
func (p pattern) rule() string {
	var b strings.Builder
	for _, f := range frequencies {
		if f.unit == p.unit {
			b.WriteString("FREQ=" + f.freq)
		}
	}
	if p.every > 1 {
		fmt.Fprintf(&b, ";INTERVAL=%d", p.every)
	}
	for i, d := range p.days {
		b.WriteString([]string{";BYDAY=", ","}[min(i, 1)])
		if p.nth != 0 {
			b.WriteString(strconv.Itoa(p.nth))
		}
		b.WriteString(weekdays[d])
	}
	if p.day != 0 {
		fmt.Fprintf(&b, ";BYMONTHDAY=%d", p.day)
	}
	if p.count > 0 {
		fmt.Fprintf(&b, ";COUNT=%d", p.count)
	}
	if !p.until.IsZero() {
		b.WriteString(";UNTIL=" + p.until.Format("20060102"))
	}
	return b.String()
}

// patternOf reads a rule that [pattern.rule] has made. What it cannot read is a
// fault of the program.
func patternOf(rule string) (pattern, error) {
	p := pattern{every: 1}
	var errs []error
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		errs = append(errs, err)
		return n
	}
	for part := range strings.SplitSeq(rule, ";") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "FREQ":
			for _, f := range frequencies {
				if f.freq == value {
					p.unit = f.unit
				}
			}
		case "INTERVAL":
			p.every = number(value)
		case "BYDAY":
			for d := range strings.SplitSeq(value, ",") {
				head, code := d[:max(0, len(d)-2)], d[max(0, len(d)-2):]
				if head != "" {
					p.nth = number(head)
				}
				p.days = append(p.days, time.Weekday(max(0, slices.Index(weekdays[:], code))))
			}
		case "BYMONTHDAY":
			p.day = number(value)
		case "COUNT":
			p.count = number(value)
		case "UNTIL":
			t, err := time.Parse("20060102", value)
			p.until, errs = t, append(errs, err)
		}
	}
	if p.unit == "" {
		errs = append(errs, fmt.Errorf("no unit"))
	}
	if err := errors.Join(errs...); err != nil {
		return p, fmt.Errorf("read the rule %q: %w", rule, err)
	}
	return p, nil
}

// The ways in which a date can repeat by months.
const (
	byDay     = "day"      // on the 31st
	byLastDay = "last_day" // on the last day
	byNth     = "nth"      // on the second Tuesday
	byLast    = "last"     // on the last Tuesday
)

// monthly lists the ways that fit a first date.
func monthly(start time.Time) []string {
	out := []string{byDay}
	last := start.AddDate(0, 1, -start.Day()).Day()
	if start.Day() == last {
		out = append(out, byLastDay)
	}
	out = append(out, byNth)
	if start.Day()+7 > last {
		out = append(out, byLast)
	}
	return out
}

// byMonth makes the pattern one by months, on what start is the how of.
func (p *pattern) byMonth(how string, start time.Time) {
	p.days = nil
	switch how {
	case byLastDay:
		p.day = -1
	case byNth:
		p.nth, p.days = (start.Day()-1)/7+1, []time.Weekday{start.Weekday()}
	case byLast:
		p.nth, p.days = -1, []time.Weekday{start.Weekday()}
	default:
		p.day = start.Day()
	}
}

// how is the reverse of byMonth.
func (p pattern) how() string {
	switch {
	case p.nth < 0:
		return byLast
	case p.nth > 0:
		return byNth
	case p.day < 0:
		return byLastDay
	}
	return byDay
}

// series is a rule with what its dates have in common. Starts is a wall time;
// see [ical.Rule.Dates].
type series struct {
	ID      string
	Group   id.Group
	UID     string
	Rule    string
	Starts  time.Time
	Length  time.Duration // by the clock at the place
	AllDay  bool
	Zone    string
	Version int
	Next    time.Time // when dates are added; zero for never
}

// seriesFrom is a series of which e is the first date; its rule is not set.
func seriesFrom(e *Event) series {
	start, end := ical.WallOf(e.Local(e.Start)), ical.WallOf(e.Local(e.End))
	if e.AllDay { // the clocks may skip midnight
		start = start.Truncate(24 * time.Hour)
		end = end.Add(12 * time.Hour).Truncate(24 * time.Hour)
	}
	start, end = start.Truncate(time.Minute), end.Truncate(time.Minute)
	x := series{Group: e.Group, Starts: start, Length: end.Sub(start), AllDay: e.AllDay, Zone: e.Zone}
	if x.Length <= 0 { // the clocks go back meanwhile
		x.Length = max(time.Minute, e.End.Sub(e.Start))
	}
	return x
}

// zone is where the clock hangs.
func (x *series) zone() *time.Location {
	loc, err := geo.LoadZone(x.Zone)
	if err != nil {
		return time.UTC
	}
	return loc
}

// span is when a date with that wall time begins and ends.
func (x *series) span(wall time.Time) (start, end time.Time, c ical.Clock) {
	start, c = ical.At(wall, x.zone())
	end, _ = ical.At(wall.Add(x.Length), x.zone())
	if !end.After(start) { // both lie around a clock change
		end = start.Add(x.Length)
	}
	return start.UTC(), end.UTC(), c
}

// on is the wall time of a date that is named by a day.
func (x *series) on(d int) time.Time {
	return day.Time(d).Add(x.Starts.Sub(x.Starts.Truncate(24 * time.Hour)))
}

// walls are the wall times of the rule behind a day and up to stop, at most limit
// of them. It is false when the rule has more.
func (x *series) walls(after int, stop time.Time, limit int) (out []time.Time, all bool) {
	r, ok := ical.ParseRule(x.Rule)
	if !ok {
		return nil, true
	}
	all = true
	r.Dates(x.Starts, stop, func(wall time.Time) bool {
		if day.Of(wall) <= after {
			return true
		}
		if len(out) == limit {
			all = false
			return false
		}
		out = append(out, wall)
		return true
	})
	return out, all
}

// due are those of the walls that are made now, where have dates are ahead
// already: those of the next 90 days, and one in any case.
func due(walls []time.Time, now time.Time, have int) []time.Time {
	horizon := now.AddDate(0, 0, aheadDays)
	for i, w := range walls {
		if have+i >= maxDates || have+i > 0 && w.After(horizon) {
			return walls[:i]
		}
	}
	return walls
}

// gaps are the months up to the last date in which the rule finds no such day:
// the 31st, or a fifth Tuesday.
func (p pattern) gaps(walls []time.Time) []time.Time {
	if p.unit != Months || len(walls) == 0 {
		return nil
	}
	var out []time.Time
	first, last := monthOf(walls[0]), monthOf(walls[len(walls)-1])
	for m := first; m.Before(last); m = m.AddDate(0, p.every, 0) {
		if !slices.ContainsFunc(walls, func(w time.Time) bool { return monthOf(w).Equal(m) }) {
			out = append(out, m)
		}
	}
	return out
}

func monthOf(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC) }

// sortWeekdays puts days in the order of a week that begins on Monday, each once.
func sortWeekdays(days []time.Weekday) []time.Weekday {
	slices.SortFunc(days, func(a, b time.Weekday) int { return cmp.Compare((a+6)%7, (b+6)%7) })
	return slices.Compact(days)
}
