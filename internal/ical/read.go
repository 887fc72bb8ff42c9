package ical

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// Read calls yield for each occurrence in file order (those of one series
// together, in the order of their dates) and problem for everything left out or
// bent. It returns [ErrNotCalendar] when the input is not iCalendar at all, or
// the reader's error after giving everything that could be read until then.
//
// The events of the file are held in memory until its end, because zones and
// newer versions may follow; see the package comment for the bounds.
func Read(r io.Reader, o Options, yield func(Event) error, problem func(Problem)) (Summary, error) {
	p := newParser(o, yield, problem)
	in := newLines(r)
	var failed error
	for {
		line, err := in.read()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				failed = err
			}
			break
		}
		if p.sum.Calendars == 0 {
			if p.preamble += len(line.text); p.preamble > maxPreamble {
				return p.sum, ErrNotCalendar
			}
		}
		p.line(line)
	}
	if p.sum.Calendars == 0 {
		if failed != nil {
			return p.sum, failed
		}
		return p.sum, ErrNotCalendar
	}
	p.atEnd(in.number)
	if err := p.expand(); err != nil {
		return p.sum, err
	}
	return p.sum, failed
}

// parser holds what one Read knows.
type parser struct {
	o       Options
	yield   func(Event) error
	problem func(Problem)
	sum     Summary

	preamble int
	inCal    bool
	kind     string // the component that is open, "" when none
	kindLine int
	nested   []string // components open inside it
	event    *component
	tz       *vtimezone

	cancel   map[int]bool // calendars with METHOD:CANCEL
	events   []*component
	held     int
	tooMany  int
	badLines int
	recoded  bool
	zones    zones
	budget   int
	masters  map[string]*component
	changes  map[string][]*component
}

func newParser(o Options, yield func(Event) error, problem func(Problem)) *parser {
	p := &parser{
		o: o, yield: yield, problem: problem, budget: fileBudget, cancel: map[int]bool{},
		masters: map[string]*component{}, changes: map[string][]*component{},
	}
	if p.o.MaxPerSeries <= 0 {
		p.o.MaxPerSeries = defaultSeries
	}
	p.zones = zones{
		def: zone{loc: time.UTC}, defName: "UTC", cal: map[int]string{}, budget: zoneBudget,
		defs: map[zoneKey]*vtimezone{}, uses: map[zoneKey]use{}, known: map[zoneKey]zone{}, report: p.report,
	}
	if o.Zone != "" {
		if z, ok := place(ianaName(o.Zone)); ok {
			p.zones.def.loc, p.zones.defName = z.loc, z.name
		} else {
			p.report(0, "", codeOptionZone, clip(o.Zone))
		}
	}
	return p
}

func (p *parser) report(line int, uid, code string, args ...string) {
	p.problem(newProblem(line, uid, code, args...))
}

// line takes one unfolded line.
func (p *parser) line(l logical) {
	prop, ok := parseProperty(l.text, l.at)
	switch {
	case ok && prop.name == "BEGIN":
		p.begin(strings.ToUpper(strings.TrimSpace(prop.value)), l.at)
		return
	case !p.inCal:
		return
	case ok && prop.name == "END":
		p.end(strings.ToUpper(strings.TrimSpace(prop.value)))
		return
	}
	ignored := len(p.nested) > 0 && p.tz == nil || p.kind != "" && p.event == nil && p.tz == nil
	if ignored {
		return
	}
	if !ok {
		p.badLine(l)
		return
	}
	if l.recod && !p.recoded {
		p.recoded = true
		p.report(l.at, "", codeEncoding)
	}
	switch {
	case p.event != nil:
		p.event.add(prop, l.long)
	case p.tz != nil:
		p.tz.add(prop, len(p.nested) > 0)
	default:
		p.calendarProperty(prop)
	}
}

func (p *parser) badLine(l logical) {
	if l.long {
		return // a torn off attachment; a known property is reported by add
	}
	if p.badLines++; p.badLines > maxLineProblems {
		return
	}
	uid := ""
	if p.event != nil {
		uid = p.event.uid
	}
	p.report(l.at, uid, codeBadLine, clip(l.text))
}

func (p *parser) calendarProperty(prop property) {
	cal := p.sum.Calendars
	switch prop.name {
	case "NAME", "X-WR-CALNAME":
		if p.sum.Name == "" {
			p.sum.Name = cleanText(unescape(prop.value), false)
		}
	case "X-WR-TIMEZONE":
		if name, ok := ianaName(prop.value); ok {
			p.zones.cal[cal] = name
		}
	case "METHOD":
		if strings.EqualFold(strings.TrimSpace(prop.value), "CANCEL") {
			p.cancel[cal] = true
		}
	}
}

func (p *parser) begin(kind string, at int) {
	if kind == "VCALENDAR" {
		p.closeCalendar()
		p.inCal = true
		p.sum.Calendars++
		return
	}
	if !p.inCal {
		return
	}
	switch kind {
	case "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE":
		p.unclosed()
	default:
		if p.kind != "" {
			if len(p.nested) < 100 {
				p.nested = append(p.nested, kind)
			}
			if p.tz != nil && len(p.nested) == 1 && len(p.tz.parts) < maxObservances {
				p.tz.parts = append(p.tz.parts, observance{})
			}
			return
		}
	}
	p.kind, p.kindLine = kind, at
	p.sum.Components++
	switch kind {
	case "VEVENT":
		p.event = &component{line: at, cal: p.sum.Calendars}
	case "VTIMEZONE":
		p.tz = &vtimezone{}
	}
}

func (p *parser) end(kind string) {
	switch {
	case kind == "VCALENDAR":
		p.closeCalendar()
	case kind == p.kind:
		p.close()
	default:
		for i := len(p.nested) - 1; i >= 0; i-- {
			if p.nested[i] == kind {
				p.nested = p.nested[:i]
				return
			}
		}
	}
}

// closeCalendar ends what is open before another calendar or the calendar's end.
func (p *parser) closeCalendar() {
	p.unclosed()
	p.inCal = false
}

// unclosed ends a component whose END is missing.
func (p *parser) unclosed() {
	if p.event != nil {
		p.event.note(p.kindLine, codeUnclosed)
	}
	if p.kind != "" {
		p.close()
	}
}

// close ends the open component and keeps it if it is of use.
func (p *parser) close() {
	switch {
	case p.event != nil:
		p.keep(p.event)
	case p.tz != nil:
		for _, name := range p.tz.names {
			k := zoneKey{p.sum.Calendars, name}
			if p.zones.defs[k] == nil && len(p.zones.defs) < maxZones {
				p.zones.defs[k] = p.tz
			}
		}
	default:
		p.sum.Left++
		p.report(p.kindLine, "", codeIgnored, clip(p.kind))
	}
	p.kind, p.event, p.tz, p.nested = "", nil, nil, p.nested[:0]
}

// keep stores a complete event and tells what was found wrong in it.
func (p *parser) keep(c *component) {
	if len(p.events) >= maxEvents || p.held+c.size > maxHeld {
		p.tooMany++
		p.sum.Left++
		return
	}
	ok := c.finish()
	for _, bad := range c.bad {
		bad.UID = c.uid
		p.problem(bad)
	}
	c.bad = nil
	if !ok {
		p.sum.Left++
		return
	}
	p.held += c.size
	p.events = append(p.events, c)
}

// atEnd handles what the end of the file leaves open. An event without its end
// may lack anything, so it is not used.
func (p *parser) atEnd(last int) {
	if p.inCal {
		uid := ""
		if p.event != nil {
			uid = p.event.uid
		}
		if p.kind != "" && p.tz == nil {
			p.sum.Left++
		}
		p.report(last, uid, codeTruncated)
	}
	if n := p.badLines - maxLineProblems; n > 0 {
		p.report(0, "", codeManyBadLines, strconv.Itoa(n))
	}
	if p.tooMany > 0 {
		p.report(0, "", codeTooMany, strconv.Itoa(p.tooMany))
	}
}
