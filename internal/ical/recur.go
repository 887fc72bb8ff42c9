package ical

import "time"

// Rule is a recurrence rule (RFC 5545, 3.3.10) by itself, for those who keep a
// series of their own and need its dates.
type Rule struct{ r *rule }

// ParseRule reads the value of an RRULE. It is not ok when any part of it is
// unknown or wrong: unlike a file, it comes from this program.
func ParseRule(s string) (_ Rule, ok bool) {
	r, odd, ok := parseRule(s)
	return Rule{r}, ok && len(odd) == 0
}

// Dates calls f with the dates of the rule that are not after stop, in order,
// until f returns false. The start is the first of them, and the first that
// COUNT counts. All times are wall times: the numbers of a clock at the place,
// as if they were UTC. Dates gives false when the rule costs more steps than any
// real one.
func (r Rule) Dates(start, stop time.Time, f func(wall time.Time) bool) bool {
	span := window{stop: stop, until: r.r.untilIn(zone{loc: time.UTC})}
	budget := seriesBudget
	return r.r.each(start, span, &budget, func(t time.Time) bool { return !t.After(stop) && f(t) })
}

// Clock says how often the clocks of a place show a wall time.
type Clock int

// What a clock change does to a wall time.
const (
	Once    Clock = iota
	Skipped       // the clocks go forward over it
	Twice         // the clocks go back over it
)

// At gives the moment of a wall time at a place. One that the clocks show twice
// is the first of the two; one that they skip is taken with the offset before
// the gap, so it lies as far behind the gap as it would have into it (RFC 5545,
// 3.3.5).
func At(wall time.Time, loc *time.Location) (time.Time, Clock) {
	z := zone{loc: loc}
	t := z.instant(wall)
	if !z.wallOf(t).Equal(wall) {
		return t, Skipped
	}
	const day = 24 * 3600
	for _, near := range []int64{-day, day} {
		other := wall.Unix() - int64(z.offset(wall.Unix()+near))
		if other != t.Unix() && z.wallOf(time.Unix(other, 0)).Equal(wall) {
			return t, Twice
		}
	}
	return t, Once
}

// WallOf gives the numbers that the clocks of t's location show, as if they were
// UTC: the reverse of [At].
func WallOf(t time.Time) time.Time {
	return zone{loc: t.Location()}.wallOf(t)
}
