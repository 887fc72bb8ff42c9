package ical

import (
	"errors"
	"strconv"
	"time"
)

// errFull ends a file that has more occurrences than anyone can use.
var errFull = errors.New("ical: too many occurrences")

// expand settles which events count and gives their occurrences.
func (p *parser) expand() error {
	p.collectUses()
	p.newest()
	for _, c := range p.events {
		if c.drop {
			continue
		}
		if c.recurrence.given() && p.masters[c.uid] != nil {
			continue // given with its series
		}
		err := p.give(c)
		if errors.Is(err, errFull) {
			p.report(0, "", codeFileCut, strconv.Itoa(maxOccurrences))
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// collectUses notes for which dates each zone is needed.
func (p *parser) collectUses() {
	for _, c := range p.events {
		from, to := c.start.wall, c.start.wall
		for _, r := range c.rules {
			end := p.o.To
			if r.until != nil && (end.IsZero() || r.until.wall.Before(end)) {
				end = r.until.wall
			}
			if end.IsZero() {
				end = from.AddDate(10, 0, 0)
			}
			if end.After(to) {
				to = end
			}
		}
		for _, d := range append([]dated{c.start, c.end, c.recurrence}, c.removed...) {
			if d.ok && d.tzid != "" {
				p.zones.need(zoneKey{c.cal, d.tzid}, from, to, d.wall)
			}
		}
		for _, d := range c.added {
			if d.tzid != "" {
				p.zones.need(zoneKey{c.cal, d.tzid}, d.wall, d.wall, d.wall)
			}
		}
	}
}

// newest keeps of every event and every instance the highest version.
func (p *parser) newest() {
	type version struct {
		uid string
		at  time.Time
	}
	best := make(map[version]*component, len(p.events))
	for _, c := range p.events {
		k := version{uid: c.uid}
		if c.recurrence.given() {
			k.at = p.zones.of(c.cal, c.recurrence.moment, c.recurrence.line, c.uid).instant(c.recurrence.wall).UTC()
		}
		if p.cancel[c.cal] {
			c.status = "cancelled"
		}
		old := best[k]
		if old == nil {
			best[k] = c
			continue
		}
		lost := old
		if !c.newer(old) {
			lost = c
		} else {
			best[k] = c
			if p.cancel[c.cal] && len(old.rules)+len(old.added) > 0 && len(c.rules)+len(c.added) == 0 {
				// A cancellation need not repeat what it cancels.
				c.rules, c.added, c.removed = old.rules, old.added, old.removed
			}
		}
		lost.drop = true
		p.sum.Left++
		p.report(lost.line, lost.uid, codeOlder)
	}
	p.group()
}

// group finds the master of each series and the changes to it.
func (p *parser) group() {
	for _, c := range p.events {
		if !c.drop && !c.recurrence.given() {
			p.masters[c.uid] = c
		}
	}
	for _, c := range p.events {
		switch {
		case c.drop || !c.recurrence.given():
		case p.masters[c.uid] == nil && c.future && len(c.rules)+len(c.added) > 0:
			// It says itself which later dates it means: it is the series now.
			p.masters[c.uid] = c
			c.recurrence, c.future = dated{}, false
			p.report(c.line, c.uid, codeRestOfSeries)
		default:
			p.changes[c.uid] = append(p.changes[c.uid], c)
		}
	}
}

// newer compares versions: SEQUENCE, then LAST-MODIFIED, then DTSTAMP, then
// the place in the file.
func (c *component) newer(than *component) bool {
	if c.sequence != than.sequence {
		return c.sequence > than.sequence
	}
	if d := c.modified.Compare(than.modified); d != 0 {
		return d > 0
	}
	return !c.stamped.Before(than.stamped)
}
