package ical

import "time"

// single yields one occurrence of an event.
func (p *parser) single(c *component, id string) error {
	return p.send(p.occurrence(c, id))
}

func (p *parser) send(e Event) error {
	if p.sum.Occurrences >= maxOccurrences {
		return errFull
	}
	p.sum.Occurrences++
	return p.yield(e)
}

// occurrence gives an event at its own start.
func (p *parser) occurrence(c *component, id string) Event {
	z := p.zoneOf(c)
	s := series{parser: p, c: c, zone: z}
	e := p.fill(c, z)
	e.RecurrenceID = id
	e.Start = z.instant(c.start.wall)
	e.End = s.end(instance{wall: c.start.wall})
	s.checkEnd()
	return e
}

// fill makes an event of what does not depend on the date.
func (p *parser) fill(c *component, z zone) Event {
	e := Event{
		UID: c.uid, Sequence: c.sequence, Summary: c.summary, Description: c.description,
		Location: c.location, URL: c.url, Organizer: c.organizer, Status: "confirmed",
		Zone: z.name, AllDay: c.start.date, Lat: c.lat, Lon: c.lon, HasGeo: c.hasGeo,
		Categories: c.categories, Language: c.language, LastModified: c.modified,
	}
	if c.status == "tentative" || c.status == "cancelled" {
		e.Status = c.status
	}
	if !e.HasGeo {
		e.Lat, e.Lon = 0, 0
	}
	return e
}

// recurrenceID formats the date that a change without its series is for.
func (p *parser) recurrenceID(c *component) string {
	d := c.recurrence
	if d.date || c.start.date && !d.utc {
		return d.wall.Format("20060102")
	}
	return p.zones.of(c.cal, d.moment, d.line, c.uid).instant(d.wall).UTC().Format("20060102T150405Z")
}

// end gives the end of an instance. Lengths are kept in wall time: what ends at
// 20:00 does so on every date. A day without end ends with the day; a time
// without end ends when it begins.
func (s *series) end(i instance) time.Time {
	if rd := i.rd; rd != nil && rd.span != nil {
		return s.after(i.wall, *rd.span)
	} else if rd != nil && rd.has && !s.c.start.date {
		end := s.zones.of(s.c.cal, rd.end, rd.line, s.c.uid).instant(rd.end.wall).In(s.zone.loc)
		if end.After(s.zone.instant(i.wall)) {
			return end
		}
		return s.zone.instant(i.wall)
	}
	return s.length(i.wall)
}

// length gives the end that DTEND or DURATION mean for an instance.
func (s *series) length(wall time.Time) time.Time {
	c := s.c
	switch {
	case c.end.given():
		delta := s.endWall().Sub(c.start.wall)
		if !c.start.date {
			start, end := s.zone.instant(c.start.wall), s.exactEnd()
			passed := end.Sub(start)
			switch {
			case passed <= 0:
				return s.zone.instant(wall)
			case len(c.rules)+len(c.added) == 0:
				return end
			case delta <= 0: // the clocks go back in between
				delta = passed
			}
		}
		return s.after(wall, span{seconds: int(delta / time.Second)}.inDays())
	case c.span != nil:
		return s.after(wall, *c.span)
	}
	return s.after(wall, span{})
}

// inDays turns whole days of seconds into days, and keeps the rest wall time.
func (d span) inDays() span {
	return span{days: d.seconds / 86400, seconds: d.seconds % 86400}
}

// after adds a length to a start, never giving an end before it.
func (s *series) after(wall time.Time, d span) time.Time {
	start := s.zone.instant(wall)
	if s.c.start.date {
		days := d.days + (d.seconds+86399)/86400
		return s.zone.instant(wall.AddDate(0, 0, max(days, 1)))
	}
	end := s.zone.instant(wall.AddDate(0, 0, d.days))
	if s.c.span != nil {
		end = end.Add(time.Duration(d.seconds) * time.Second) // RFC 5545, 3.3.6: time that passes
	} else {
		end = s.zone.instant(wall.AddDate(0, 0, d.days).Add(time.Duration(d.seconds) * time.Second))
	}
	if end.Before(start) {
		return start
	}
	return end
}

// endWall gives DTEND in the wall time of the start. A date as the end of a
// time is its midnight; a time as the end of a date counts its day in.
func (s *series) endWall() time.Time {
	c := s.c
	d := c.end
	if c.start.date {
		if d.utc {
			d.wall = s.zone.wallOf(d.wall)
		}
		if day := midnight(d.wall); d.date || d.wall.Equal(day) {
			return day
		}
		return midnight(d.wall).AddDate(0, 0, 1)
	}
	if d.date {
		return d.wall
	}
	if d.utc != c.start.utc || d.tzid != c.start.tzid {
		return s.zone.wallOf(s.exactEnd())
	}
	return d.wall
}

// exactEnd is the instant that DTEND names.
func (s *series) exactEnd() time.Time {
	d := s.c.end
	if d.date || !d.utc && d.tzid == "" {
		return s.zone.instant(d.wall)
	}
	return s.zones.of(s.c.cal, d.moment, d.line, s.c.uid).instant(d.wall).In(s.zone.loc)
}

// checkEnd reports an end that lies before the start.
func (s *series) checkEnd() {
	c := s.c
	early := c.span != nil && (c.span.days < 0 || c.span.seconds < 0)
	if c.end.given() && c.start.date {
		early = s.endWall().Before(c.start.wall)
	} else if c.end.given() {
		early = s.exactEnd().Before(s.zone.instant(c.start.wall))
	}
	if early {
		s.report(max(c.end.line, c.line), c.uid, codeEndBeforeStart)
	}
}
