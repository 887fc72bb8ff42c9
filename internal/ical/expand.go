package ical

import (
	"slices"
	"time"
)

// window bounds an expansion, all in wall time. Zero times are no bound.
type window struct {
	from  time.Time // dates before it need not be given
	stop  time.Time // no period that begins after it is looked at
	until time.Time // the last date that the rule allows
}

// each calls f with the dates of the rule in order, the start first. The start
// always belongs to the set and is the first that COUNT counts. Dates before
// span.from may be left out or given. It ends when the rule ends, the window
// ends or f returns false, and then gives true; it gives false when the budget
// is used up. Every day looked at and every time made costs one step.
func (r *rule) each(start time.Time, span window, budget *int, f func(time.Time) bool) bool {
	given := 0
	emit := func(t time.Time) bool {
		if !span.until.IsZero() && t.After(span.until) {
			return false
		}
		given++
		return f(t) && (r.count == 0 || given < r.count)
	}
	if !emit(start) {
		return true
	}
	g := generator{rule: r, start: start, budget: budget}
	g.prepare()
	first := 0
	if r.count == 0 {
		first = g.skip(span.from)
	}
	for k := first; ; k++ {
		begin, ok := g.period(k)
		if !ok || !span.until.IsZero() && begin.After(span.until) || !span.stop.IsZero() && begin.After(span.stop) {
			return true
		}
		set, ok := g.set(begin)
		if !ok {
			return false
		}
		for _, t := range set {
			if t.After(start) && !emit(t) {
				return true
			}
		}
	}
}

// has says whether the rule itself would give its start.
func (r *rule) has(start time.Time, budget *int) bool {
	g := generator{rule: r, start: start, budget: budget}
	g.prepare()
	begin, ok := g.period(0)
	if !ok {
		return false
	}
	set, ok := g.set(begin)
	return !ok || slices.ContainsFunc(set, start.Equal)
}

// generator makes the dates of one period after the other.
type generator struct {
	*rule
	start  time.Time
	budget *int
	// The rule's lists with what the start supplies.
	weekdays                []nthDay
	monthDays, months       []int
	hours, minutes, seconds []int
	dates                   []time.Time
	out                     []time.Time
}

// prepare takes from the start what the rule leaves open.
func (g *generator) prepare() {
	r, s := g.rule, g.start
	g.weekdays, g.monthDays, g.months = r.day, r.monthDay, r.month
	if len(r.yearDay)+len(r.monthDay)+len(r.day) == 0 {
		switch {
		case r.freq == yearly && len(r.weekNo) > 0, r.freq == weekly:
			g.weekdays = []nthDay{{0, s.Weekday()}}
		case r.freq == yearly || r.freq == monthly:
			if r.freq == yearly && len(r.month) == 0 {
				g.months = []int{int(s.Month())}
			}
			g.monthDays = []int{s.Day()}
		}
	}
	or := func(list []int, from frequency, n int) []int {
		if len(list) == 0 && r.freq > from {
			return []int{n}
		}
		return list
	}
	g.hours = or(r.hour, hourly, s.Hour())
	g.minutes = or(r.minute, minutely, s.Minute())
	g.seconds = or(r.second, secondly, s.Second())
}

// unit is the length of a period below a month, in seconds.
func (g *generator) unit() int64 {
	return []int64{1, 60, 3600, 86400, 7 * 86400}[g.freq] * int64(g.interval)
}

// origin is the beginning of the period that holds the start.
func (g *generator) origin() time.Time {
	s := g.start
	switch g.freq {
	case yearly:
		return time.Date(s.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	case monthly:
		return time.Date(s.Year(), s.Month(), 1, 0, 0, 0, 0, time.UTC)
	case weekly:
		back := (int(s.Weekday()) - int(g.wkst) + 7) % 7
		return time.Date(s.Year(), s.Month(), s.Day()-back, 0, 0, 0, 0, time.UTC)
	}
	u := []int64{1, 60, 3600, 86400}[g.freq]
	sec := s.Unix()
	return time.Unix(sec-((sec%u)+u)%u, 0).UTC()
}

// period gives the beginning of period k; false beyond the year 9999.
func (g *generator) period(k int) (time.Time, bool) {
	o := g.origin()
	switch g.freq {
	case yearly:
		o = o.AddDate(k*g.interval, 0, 0)
	case monthly:
		o = o.AddDate(0, k*g.interval, 0)
	default:
		o = time.Unix(o.Unix()+int64(k)*g.unit(), 0).UTC()
	}
	return o, o.Year() <= 9999 && o.Year() >= 0
}

// skip gives a period not after the one that holds from.
func (g *generator) skip(from time.Time) int {
	if !from.After(g.start) {
		return 0
	}
	o := g.origin()
	months := (from.Year()-o.Year())*12 + int(from.Month()) - int(o.Month())
	switch g.freq {
	case yearly:
		return max(0, (from.Year()-o.Year())/g.interval-1)
	case monthly:
		return max(0, months/g.interval-1)
	}
	return max(0, int((from.Unix()-o.Unix())/g.unit())-1)
}

// set gives the dates of the period that begins at begin, in order; false when
// the budget is used up.
func (g *generator) set(begin time.Time) ([]time.Time, bool) {
	g.dates, g.out = g.dates[:0], g.out[:0]
	y, m, d := begin.Date()
	days := 1
	switch g.freq {
	case yearly:
		days = time.Date(y, 12, 31, 0, 0, 0, 0, time.UTC).YearDay()
	case monthly:
		days = daysIn(y, m)
	case weekly:
		days = 7
	}
	for i := range days {
		if *g.budget--; *g.budget < 0 {
			return nil, false
		}
		if one := time.Date(y, m, d+i, 0, 0, 0, 0, time.UTC); g.fits(one) {
			g.dates = append(g.dates, one)
		}
	}
	if !g.times(begin) {
		return nil, false
	}
	return g.positions(), true
}

// times puts the times of day to the dates.
func (g *generator) times(begin time.Time) bool {
	hours, minutes, seconds := g.hours, g.minutes, g.seconds
	own := func(list []int, from frequency, n int) []int {
		if g.freq > from {
			return list
		}
		if len(list) > 0 && !slices.Contains(list, n) {
			return nil
		}
		return []int{n}
	}
	hours = own(hours, hourly, begin.Hour())
	minutes = own(minutes, minutely, begin.Minute())
	seconds = own(seconds, secondly, begin.Second())
	for _, date := range g.dates {
		for _, h := range hours {
			for _, m := range minutes {
				for _, s := range seconds {
					if *g.budget--; *g.budget < 0 {
						return false
					}
					g.out = append(g.out, date.Add(time.Duration(h*3600+m*60+s)*time.Second))
				}
			}
		}
	}
	return true
}

// positions applies BYSETPOS.
func (g *generator) positions() []time.Time {
	if len(g.setPos) == 0 {
		return g.out
	}
	var picked []time.Time
	for _, p := range g.setPos {
		i := p - 1
		if p < 0 {
			i = len(g.out) + p
		}
		if i >= 0 && i < len(g.out) {
			picked = append(picked, g.out[i])
		}
	}
	slices.SortFunc(picked, time.Time.Compare)
	return slices.CompactFunc(picked, time.Time.Equal)
}

// fits says whether a date passes every part of the rule that speaks of dates.
func (g *generator) fits(t time.Time) bool {
	y, m, d := t.Date()
	if len(g.months) > 0 && !slices.Contains(g.months, int(m)) {
		return false
	}
	if n := g.monthDays; len(n) > 0 && !slices.Contains(n, d) && !slices.Contains(n, d-daysIn(y, m)-1) {
		return false
	}
	if n := g.yearDay; len(n) > 0 {
		all := time.Date(y, 12, 31, 0, 0, 0, 0, time.UTC).YearDay()
		if !slices.Contains(n, t.YearDay()) && !slices.Contains(n, t.YearDay()-all-1) {
			return false
		}
	}
	if n := g.weekNo; len(n) > 0 && g.freq == yearly {
		week, all := g.week(t)
		if !slices.Contains(n, week) && !slices.Contains(n, week-all-1) {
			return false
		}
	}
	return len(g.weekdays) == 0 || slices.ContainsFunc(g.weekdays, func(n nthDay) bool { return g.fitsDay(n, t) })
}

// fitsDay checks one item of BYDAY. A number counts within the month or, in a
// yearly rule without months, within the year; elsewhere it means nothing.
func (g *generator) fitsDay(n nthDay, t time.Time) bool {
	if t.Weekday() != n.day {
		return false
	}
	at, all := t.Day(), daysIn(t.Year(), t.Month())
	switch {
	case n.nth == 0, g.freq < monthly, len(g.weekNo) > 0:
		return true
	case g.freq == yearly && len(g.month) == 0:
		at, all = t.YearDay(), time.Date(t.Year(), 12, 31, 0, 0, 0, 0, time.UTC).YearDay()
	}
	if n.nth > 0 {
		return (at-1)/7+1 == n.nth
	}
	return (all-at)/7+1 == -n.nth
}

// week gives the number of the week of a date and how many its week-year has.
// Week one is the first with at least four days in the year.
func (g *generator) week(t time.Time) (week, all int) {
	year := t.Year()
	first := g.firstWeek(year)
	if next := g.firstWeek(year + 1); !t.Before(next) {
		year, first = year+1, next
	} else if t.Before(first) {
		year--
		first = g.firstWeek(year)
	}
	weeks := func(a, b time.Time) int { return int(b.Sub(a).Hours()) / (7 * 24) }
	return weeks(first, t) + 1, weeks(first, g.firstWeek(year+1))
}

func (g *generator) firstWeek(year int) time.Time {
	fourth := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)
	back := (int(fourth.Weekday()) - int(g.wkst) + 7) % 7
	return fourth.AddDate(0, 0, -back)
}

func daysIn(y int, m time.Month) int { return time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day() }
