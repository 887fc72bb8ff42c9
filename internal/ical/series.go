package ical

import (
	"slices"
	"strconv"
	"time"
)

// wallDay is how days are shown in problems.
const wallDay = "2 January 2006"

// series is the expansion of one event.
type series struct {
	*parser
	c     *component
	zone  zone
	found []instance
	stop  time.Time // wall; zero when the window is open
	from  time.Time
	cut   time.Time // wall time after which dates are missing; zero when none are
	most  int
}

// instance is one date of a series, in wall time.
type instance struct {
	wall time.Time
	rd   *period // when it comes from an RDATE
}

// give yields the occurrences of an event and of the changes to it.
func (p *parser) give(c *component) error {
	if c.recurrence.given() { // its series is not in the file
		p.sum.Events++
		p.thisAndFuture(c)
		return p.single(c, p.recurrenceID(c))
	}
	changes := p.changes[c.uid]
	if len(c.rules)+len(c.added) == 0 {
		p.sum.Events++
		if err := p.single(c, ""); err != nil {
			return err
		}
		return p.unmatched(c, changes)
	}
	s := &series{parser: p, c: c, zone: p.zoneOf(c), most: p.o.MaxPerSeries}
	s.collect()
	before := p.sum.Occurrences
	if err := s.emit(changes); err != nil {
		return err
	}
	if p.sum.Occurrences == before {
		p.sum.Left++
		p.report(c.line, c.uid, codeNoDates)
		return nil
	}
	p.sum.Events++
	return nil
}

// zoneOf gives the zone of an event's start. All-day events have none unless
// they say so, and never one that only rules describe.
func (p *parser) zoneOf(c *component) zone {
	if c.start.date {
		if z, ok := place(ianaName(c.zone)); ok {
			return z
		}
	}
	z := p.zones.of(c.cal, c.start.moment, c.start.line, c.uid)
	if c.start.date && z.rules != nil {
		return p.zones.floating(c.cal, true)
	}
	return z
}

// collect works out the dates of the series that lie in the window.
func (s *series) collect() {
	c := s.c
	first := c.start.wall
	if !s.o.From.IsZero() {
		length := max(0, s.length(first).Sub(s.zone.instant(first)))
		s.from = s.zone.wallOf(s.o.From).Add(-length - 24*time.Hour)
	}
	if !s.o.To.IsZero() {
		s.stop = s.zone.wallOf(s.o.To)
	}
	gone := s.exceptions()
	for i, r := range c.rules {
		s.expandRule(r, i == 0, gone)
	}
	if len(c.rules) == 0 {
		s.add(instance{wall: first}, gone)
	}
	for i := range c.added {
		rd := &c.added[i]
		s.add(instance{wall: s.sameClock(rd.dated), rd: rd}, gone)
	}
	slices.SortStableFunc(s.found, func(a, b instance) int { return a.wall.Compare(b.wall) })
	s.found = slices.CompactFunc(s.found, func(a, b instance) bool { return a.wall.Equal(b.wall) })
	defer s.checkExceptions(gone)
	if len(s.found) > s.most {
		s.report(c.line, c.uid, codeSeriesCut, strconv.Itoa(s.most))
		s.found = s.found[:s.most]
		s.cut = s.found[s.most-1].wall
	}
}

func (s *series) expandRule(r *rule, first bool, gone *exceptions) {
	c, start := s.c, s.c.start.wall
	if r.endless() && first && !s.stop.IsZero() {
		s.report(c.line, c.uid, codeEndless, s.o.To.In(s.zone.loc).Format(wallDay))
	}
	budget := min(seriesBudget, s.budget)
	had := budget
	if first && !r.has(start, &budget) {
		s.report(c.line, c.uid, codeOffRule, start.Format(wallDay))
	}
	last, kept := start, len(s.found)
	span := window{from: s.from, stop: s.stop, until: s.until(r)}
	done := r.each(start, span, &budget, func(t time.Time) bool {
		last = t
		if !s.stop.IsZero() && !t.Before(s.stop) {
			return false
		}
		s.add(instance{wall: t}, gone)
		return len(s.found)-kept <= s.most
	})
	s.budget -= had - max(budget, 0)
	if !done {
		s.report(c.line, c.uid, codeRuleCost, last.Format(wallDay))
		s.cut = last
	}
}

// until gives the last wall time of a rule. Files give all-day series a time in
// UTC: either the local midnight of the last day, or some time on it.
func (s *series) until(r *rule) time.Time {
	last := r.untilIn(s.zone)
	if s.c.start.date && r.until != nil && r.until.utc && !last.Equal(midnight(last)) {
		return midnight(r.until.wall)
	}
	return last
}

// thisAndFuture reports a change that is meant for more than one date.
func (p *parser) thisAndFuture(c *component) {
	if c.future {
		p.report(c.line, c.uid, codeThisAndFuture)
	}
}

// add keeps a date when it lies in the window and is not taken away.
func (s *series) add(i instance, gone *exceptions) {
	if gone.take(i.wall) || !s.inWindow(s.zone.instant(i.wall), s.end(i)) {
		return
	}
	s.found = append(s.found, i)
}

func (p *parser) inWindow(start, end time.Time) bool {
	if !p.o.To.IsZero() && !start.Before(p.o.To) {
		return false
	}
	return p.o.From.IsZero() || end.After(p.o.From) || !start.Before(p.o.From)
}

// sameClock gives another date of the event in the wall time of its start.
func (s *series) sameClock(d dated) time.Time {
	switch {
	case s.c.start.date && (d.date || !d.utc):
		return midnight(d.wall)
	case s.c.start.date:
		return midnight(s.zone.wallOf(d.wall))
	case d.date:
		clock := s.c.start.wall.Sub(midnight(s.c.start.wall))
		return d.wall.Add(clock)
	case !d.utc && d.tzid == "":
		return d.wall // written in the zone of the start, whatever it is
	case d.tzid == s.c.start.tzid && !d.utc:
		return d.wall
	}
	return s.zone.wallOf(s.zones.of(s.c.cal, d.moment, d.line, s.c.uid).instant(d.wall))
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// emit yields the dates found, each as changed.
func (s *series) emit(changes []*component) error {
	byDate := make(map[time.Time]*component, len(changes))
	for _, ch := range changes {
		byDate[s.changeDate(ch)] = ch
	}
	base := s.fill(s.c, s.zone)
	s.checkEnd()
	for _, i := range s.found {
		id := s.idOf(i.wall)
		ch := byDate[i.wall]
		if ch == nil {
			ch = byDate[midnight(i.wall).Add(wholeDay)]
		}
		if ch != nil {
			delete(byDate, s.changeDate(ch))
			s.sum.Events++
			s.thisAndFuture(ch)
			if err := s.single(ch, id); err != nil {
				return err
			}
			continue
		}
		e := base
		e.RecurrenceID, e.Start, e.End = id, s.zone.instant(i.wall), s.end(i)
		e.Categories = slices.Clone(base.Categories)
		if err := s.send(e); err != nil {
			return err
		}
	}
	var rest []*component
	for _, ch := range changes {
		if at := s.changeDate(ch); byDate[at] == ch {
			rest = append(rest, ch)
		}
	}
	return s.extra(rest)
}

// wholeDay marks in byDate a change that names only the day of a timed
// instance; no wall time has a fraction of a second.
const wholeDay = time.Nanosecond

// changeDate gives the date of the series that a change is for.
func (s *series) changeDate(ch *component) time.Time {
	d := ch.recurrence
	if d.date && !s.c.start.date {
		return midnight(d.wall).Add(wholeDay)
	}
	if s.c.start.date || d.utc || d.tzid != ch.start.tzid || ch.cal != s.c.cal {
		return s.sameClock(d)
	}
	if d.tzid == s.c.start.tzid {
		return d.wall
	}
	return s.sameClock(d)
}

// extra handles changes to dates that were not found: dates outside the window
// are left out like others there, the rest is shown and reported.
func (s *series) extra(rest []*component) error {
	for _, ch := range rest {
		wall := s.changeDate(ch)
		outside := !s.from.IsZero() && wall.Before(s.from.Add(24*time.Hour)) ||
			!s.stop.IsZero() && !wall.Before(s.stop) || !s.cut.IsZero() && wall.After(s.cut)
		if !outside {
			if err := s.unmatched(s.c, []*component{ch}); err != nil {
				return err
			}
			continue
		}
		s.sum.Events++
		e := s.occurrence(ch, s.idOf(wall.Truncate(time.Second)))
		if s.inWindow(e.Start, e.End) {
			if err := s.send(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// unmatched yields changes that belong to no date of the series, except
// cancellations, which then cancel nothing.
func (p *parser) unmatched(c *component, changes []*component) error {
	for _, ch := range changes {
		if ch.status == "cancelled" && c.status != "cancelled" {
			p.sum.Left++
			p.report(ch.line, ch.uid, codeExUnmatched, ch.recurrence.wall.Format(wallDay))
			continue
		}
		p.sum.Events++
		p.report(ch.line, ch.uid, codeUnmatched, ch.recurrence.wall.Format(wallDay))
		if err := p.single(ch, p.recurrenceID(ch)); err != nil {
			return err
		}
	}
	return nil
}

func (s *series) idOf(wall time.Time) string {
	if s.c.start.date {
		return wall.Format("20060102")
	}
	return s.zone.instant(wall).UTC().Format("20060102T150405Z")
}
