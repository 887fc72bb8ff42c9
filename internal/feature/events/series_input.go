package events

import (
	"slices"
	"strings"
	"time"

	"convoke/internal/fault"
)

// RepeatInput is how an event is to repeat, as typed. "" takes what the event
// itself suggests.
type RepeatInput struct {
	Every    string
	Unit     Unit
	Weekdays []string // "TU", for weeks
	Monthly  string   // "day", "last_day", "nth" or "last", for months
	End      string   // "never", "until" or "times"
	Until    string   // 2026-12-24
	Times    string
	// Except are days on which it does not take place: 2026-12-24.
	Except []string
	// Shown is what the preview was of, "" when there was none. Then the days in
	// Ticked take place and the others do not.
	Shown  string
	Ticked []string
}

// The ends of a series.
const (
	endNever = "never"
	endUntil = "until"
	endTimes = "times"
)

// parse checks the rule for an event that starts at the wall time start, and
// lists all that is wrong at once.
func (in RepeatInput) parse(start, now time.Time) (pattern, error) {
	p := parser{}
	out := pattern{every: 1, unit: in.Unit}
	if in.Every != "" {
		n, ok := wholeNumber(in.Every)
		if !ok || n < 1 || n > maxEvery {
			p.fail("every", "series.every", "Write a whole number from 1 to {max}.", "max", maxEvery)
		}
		out.every = n
	}
	switch in.Unit {
	case Days:
	case Weeks:
		out.days = p.weekdays(in.Weekdays, start)
	case Months:
		how := in.Monthly
		if how == "" {
			how = byDay
		}
		if !slices.Contains(monthly(start), how) {
			p.fail("monthly", "series.monthly", "Choose on which day of the month it is.")
		}
		out.byMonth(how, start)
	default:
		p.fail("unit", "series.unit", "Choose days, weeks or months.")
	}
	p.ending(in, &out, start, now)
	return out, fault.Invalid(p.fields...)
}

func (p *parser) weekdays(codes []string, start time.Time) []time.Weekday {
	if len(codes) == 0 {
		return []time.Weekday{start.Weekday()}
	}
	var out []time.Weekday
	for _, c := range codes {
		i := slices.Index(weekdays[:], strings.ToUpper(c))
		if i < 0 {
			p.fail("weekday", "series.weekday", "Choose days of the week.")
			return nil
		}
		out = append(out, time.Weekday(i))
	}
	if !slices.Contains(out, start.Weekday()) {
		p.fail("weekday", "series.weekday_own", "Tick the day of this event too ({day}). To repeat on other days only, move the event first.", "day", start)
	}
	return sortWeekdays(out)
}

func (p *parser) ending(in RepeatInput, out *pattern, start, now time.Time) {
	switch in.End {
	case "", endNever:
	case endUntil:
		t, err := time.Parse(time.DateOnly, strings.TrimSpace(in.Until))
		switch {
		case err != nil:
			p.fail("until", "event.date", "Write the date as year-month-day, such as 2026-11-28.")
		case !t.After(start):
			p.fail("until", "series.until_early", "The last day must be after this event.")
		case t.After(farthest(start, now)):
			p.fail("until", "series.far", "At most two years ahead: until {day}. Or let it go on without an end.", "day", farthest(start, now))
		}
		out.until = t
	case endTimes:
		n, ok := wholeNumber(in.Times)
		if !ok || n < 2 || n > maxDates {
			p.fail("times", "series.times", "Write how often it takes place, this event included: from 2 to {max}. Or let it go on without an end.", "max", maxDates)
		}
		out.count = n
	default:
		p.fail("end", "series.end", "Choose how long it goes on.")
	}
}

// farthest is the last day on which a series with an end may have a date.
func farthest(start, now time.Time) time.Time {
	if now.After(start) {
		start = now
	}
	return start.Truncate(24*time.Hour).AddDate(maxYears, 0, 0)
}

// keeps says whether a further date takes place.
func (in *RepeatInput) keeps(day string) bool {
	if in.Shown != "" {
		return slices.Contains(in.Ticked, day)
	}
	return !slices.Contains(in.Except, day)
}

// dates are the wall times of a new series, the event's own first. One without
// an end has those of the next 90 days, and the next one at least.
func (x *series) dates(p pattern, now time.Time) ([]time.Time, error) {
	f := parser{}
	limit := farthest(x.Starts, now).Add(24*time.Hour - time.Second)
	walls, all := x.walls(0, limit, maxDates)
	switch {
	case p.count > 0 && len(walls) < p.count:
		f.fail("times", "series.times_far", "The last of them would be more than two years ahead. Write a smaller number, or let it go on without an end.")
	case !p.endless() && !all:
		f.fail("until", "series.many", "That would be more than {max} dates. Choose an earlier last day, or let it go on without an end.", "max", maxDates)
	case len(walls) < 2:
		f.fail("every", "series.once", "This gives no further date within two years.")
	}
	if p.endless() && len(walls) > 1 {
		from := now
		if x.Starts.After(from) {
			from = x.Starts
		}
		walls = walls[:1+len(due(walls[1:], from, 0))]
	}
	return walls, fault.Invalid(f.fields...)
}
