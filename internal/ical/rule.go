package ical

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

type frequency int

const (
	secondly frequency = iota
	minutely
	hourly
	daily
	weekly
	monthly
	yearly
)

// rule is a recurrence rule (RFC 5545, 3.3.10).
type rule struct {
	freq     frequency
	interval int
	count    int     // 0 is no limit
	until    *moment // nil is no limit
	wkst     time.Weekday
	// Sorted, without repeats; empty when the part is missing.
	second, minute, hour, monthDay, yearDay, weekNo, month, setPos []int
	day                                                            []nthDay
}

// nthDay is an item of BYDAY; nth 0 is every such day.
type nthDay struct {
	nth int
	day time.Weekday
}

func (r *rule) endless() bool { return r.count == 0 && r.until == nil }

// maxInterval keeps arithmetic far from overflow; nothing real comes near.
const maxInterval = 100_000

// parseRule reads a rule. Parts of unknown name are given back in odd and have
// no effect; a known part that is wrong makes the whole rule wrong, because
// without it the rule could mean many more dates.
func parseRule(s string) (r *rule, odd []string, ok bool) {
	r = &rule{freq: -1, interval: 1, wkst: time.Monday}
	s = strings.ToUpper(s)
	if rest, cut := strings.CutPrefix(strings.TrimSpace(s), "RRULE:"); cut {
		odd, s = append(odd, "RRULE:"), rest
	}
	for part := range strings.SplitSeq(s, ";") {
		name, value, isPair := strings.Cut(strings.TrimSpace(part), "=")
		if name == "" && !isPair {
			continue
		}
		known, fine := r.part(strings.TrimSpace(name), strings.TrimSpace(value))
		switch {
		case !known || !isPair:
			odd = append(odd, part)
		case !fine:
			return nil, odd, false
		}
	}
	return r, odd, r.freq >= 0
}

func (r *rule) part(name, value string) (known, ok bool) {
	switch name {
	case "FREQ":
		i := slices.Index([]string{"SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"}, value)
		r.freq = frequency(i)
		return true, i >= 0
	case "INTERVAL":
		r.interval, ok = number(value, 1, maxInterval)
	case "COUNT":
		// More than can ever be given is the same as no limit of this kind.
		n, err := strconv.ParseInt(value, 10, 64)
		r.count, ok = int(min(n, 1<<40)), err == nil && n > 0
	case "UNTIL":
		m, fine := parseMoment(value, "")
		r.until, ok = &m, fine
	case "WKST":
		d, fine := weekday(value)
		r.wkst, ok = d, fine
	case "BYDAY":
		r.day, ok = nthDays(value)
	case "BYSECOND":
		r.second, ok = numbers(value, 0, 60, false)
		if n := len(r.second); n > 0 && r.second[n-1] == 60 { // no leap seconds here
			r.second = r.second[:n-1]
		}
	case "BYMINUTE":
		r.minute, ok = numbers(value, 0, 59, false)
	case "BYHOUR":
		r.hour, ok = numbers(value, 0, 23, false)
	case "BYMONTHDAY":
		r.monthDay, ok = numbers(value, 1, 31, true)
	case "BYYEARDAY":
		r.yearDay, ok = numbers(value, 1, 366, true)
	case "BYWEEKNO":
		r.weekNo, ok = numbers(value, 1, 53, true)
	case "BYMONTH":
		r.month, ok = numbers(value, 1, 12, false)
	case "BYSETPOS":
		r.setPos, ok = numbers(value, 1, 366, true)
	case "RSCALE": // RFC 7529
		ok = value == "GREGORIAN"
	default:
		return false, false
	}
	return true, ok
}

func number(s string, low, high int) (int, bool) {
	n, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(s), "+"))
	return n, err == nil && n >= low && n <= high
}

// numbers reads a list; with signed, the same range below zero is allowed too.
func numbers(s string, low, high int, signed bool) ([]int, bool) {
	var out []int
	for one := range strings.SplitSeq(s, ",") {
		n, ok := number(one, -high, high)
		if !ok || n < low && (!signed || n > -low) {
			return nil, false
		}
		out = append(out, n)
	}
	slices.Sort(out)
	return slices.Compact(out), true
}

func weekday(s string) (time.Weekday, bool) {
	i := slices.Index([]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}, s)
	return time.Weekday(max(i, 0)), i >= 0
}

func nthDays(s string) ([]nthDay, bool) {
	var out []nthDay
	for one := range strings.SplitSeq(s, ",") {
		one = strings.TrimSpace(one)
		if len(one) < 2 {
			return nil, false
		}
		day, ok := weekday(one[len(one)-2:])
		nth := 0
		if head := strings.TrimSpace(one[:len(one)-2]); ok && head != "" {
			nth, ok = number(head, -53, 53)
			ok = ok && nth != 0
		}
		if !ok {
			return nil, false
		}
		if d := (nthDay{nth, day}); !slices.Contains(out, d) && len(out) < 7*107 {
			out = append(out, d)
		}
	}
	return out, len(out) > 0
}

// untilIn gives the last wall time that UNTIL allows, in the zone of the start.
// Files give it in UTC, as a local time or as a date; a date means its whole
// day. Zero is no limit.
func (r *rule) untilIn(z zone) time.Time {
	switch {
	case r.until == nil:
		return time.Time{}
	case r.until.date:
		return r.until.wall.Add(24*time.Hour - time.Second)
	case r.until.utc:
		return z.wallOf(r.until.wall)
	}
	return r.until.wall
}
