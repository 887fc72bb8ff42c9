package ical

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// vtimezone is a zone definition of a file (RFC 5545, 3.6.5).
type vtimezone struct {
	names    []string // broken writers put several zones into one
	location string   // X-LIC-LOCATION
	parts    []observance
}

// observance is one STANDARD or DAYLIGHT part.
type observance struct {
	start    moment
	from, to int // offsets in seconds
	rule     *rule
	dates    []moment
	// which of the three that must be there were understood
	okStart, okFrom, okTo bool
}

// add takes a property of the definition itself or, with part, of its last
// observance.
func (v *vtimezone) add(p property, part bool) {
	if !part {
		switch p.name {
		case "TZID":
			if len(v.names) < 20 {
				v.names = append(v.names, strings.TrimSpace(unescape(p.value)))
			}
		case "X-LIC-LOCATION":
			v.location = strings.TrimSpace(unescape(p.value))
		}
		return
	}
	if len(v.parts) == 0 {
		return
	}
	o := &v.parts[len(v.parts)-1]
	switch p.name {
	case "DTSTART":
		o.start, o.okStart = parseMoment(p.value, "")
	case "TZOFFSETFROM":
		o.from, o.okFrom = parseOffset(p.value)
	case "TZOFFSETTO":
		o.to, o.okTo = parseOffset(p.value)
	case "RRULE":
		if r, _, ok := parseRule(p.value); ok {
			o.rule = r
		}
	case "RDATE":
		for one := range strings.SplitSeq(p.value, ",") {
			if m, ok := parseMoment(one, ""); ok && len(o.dates) < maxObservances {
				o.dates = append(o.dates, m)
			}
		}
	}
}

// tzRules are the changes of a definition in a range of years.
type tzRules struct {
	first   int // offset before the first change
	changes []change
}

type change struct {
	at     int64
	offset int
}

func (r *tzRules) offset(unix int64) int {
	i, found := slices.BinarySearchFunc(r.changes, unix, func(c change, t int64) int { return cmp.Compare(c.at, t) })
	if found {
		return r.changes[i].offset
	}
	if i == 0 {
		return r.first
	}
	return r.changes[i-1].offset
}

// rules works out the changes around the dates used; nil when the definition
// says nothing. budget is that of all zones of the file.
func (v *vtimezone) rules(u use, budget *int) *tzRules {
	const margin = 2 * 366 * 24 * time.Hour
	from, to := u.from.Add(-margin), u.to.Add(margin)
	out := &tzRules{}
	earliest := int64(0)
	for _, o := range v.parts {
		if !o.okStart || !o.okFrom || !o.okTo {
			continue
		}
		add := func(wall time.Time, force bool) {
			at := wall.Unix() - int64(o.from)
			if len(out.changes) == 0 || at < earliest {
				earliest, out.first = at, o.from
			}
			if force || !wall.Before(from) && wall.Before(to) {
				out.changes = append(out.changes, change{at, o.to})
			}
		}
		add(o.start.wall, true)
		for _, d := range o.dates {
			add(d.wall, true)
		}
		if o.rule != nil {
			span := window{from: from, stop: to, until: o.rule.untilIn(offsetZone(o.from))}
			o.rule.each(o.start.wall, span, budget, func(t time.Time) bool {
				add(t, false)
				return true
			})
		}
	}
	if len(out.changes) == 0 {
		return nil
	}
	slices.SortStableFunc(out.changes, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	return out
}

// offsetZone is a zone that never changes.
func offsetZone(seconds int) zone {
	return zone{loc: time.UTC, rules: &tzRules{first: seconds}}
}
