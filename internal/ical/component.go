package ical

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// component is a VEVENT with what is needed of it. Nothing about attendees is
// ever put in here.
type component struct {
	line, cal int
	uid       string
	madeUID   bool
	size      int // bytes of text held

	summary, description, location, url, organizer string
	status, language                               string
	categories                                     []string
	sequence                                       int
	modified, stamped                              time.Time
	lat, lon                                       float64
	hasGeo                                         bool

	start, end, recurrence dated
	span                   *span
	future                 bool // RANGE=THISANDFUTURE
	allDay                 bool // Outlook says so
	zone                   string
	rules                  []*rule
	added                  []period // RDATE
	removed                []dated  // EXDATE

	hash []string // what a missing UID is made from
	seen map[string]bool
	bad  []Problem // found while reading, reported when the UID is known
	drop bool      // an older version
}

// dated is a date with where it was written.
type dated struct {
	moment
	raw  string
	line int
	ok   bool
}

func (d dated) given() bool { return d.line > 0 }

// period is an RDATE, with its own end when it was written as a PERIOD.
type period struct {
	dated
	end  moment // when hasEnd
	span *span
	has  bool
}

func (c *component) note(line int, code string, args ...string) {
	if len(c.bad) < 100 {
		c.bad = append(c.bad, newProblem(line, "", code, args...))
	}
}

func newProblem(line int, uid, code string, args ...string) Problem {
	p := Problem{Line: line, UID: uid, Code: code}
	copy(p.Args[:], args)
	p.Text = format(texts()[code], p.Args)
	return p
}

// once lists the properties that an event has at most once, of those read here.
const once = " UID DTSTART DTEND DURATION SUMMARY DESCRIPTION LOCATION URL ORGANIZER STATUS SEQUENCE RECURRENCE-ID GEO LAST-MODIFIED DTSTAMP "

// add takes one property.
func (c *component) add(p property, long bool) {
	if p.name == "ATTENDEE" || !eventProperty(p.name) {
		return
	}
	if long {
		c.note(p.line, codeLongLine, p.name)
		return
	}
	if strings.Contains(once, " "+p.name+" ") {
		if c.seen[p.name] {
			c.note(p.line, codeRepeated, p.name)
			return
		}
		if c.seen == nil {
			c.seen = make(map[string]bool)
		}
		c.seen[p.name] = true
	}
	c.size += len(p.value)
	switch p.name {
	case "DTSTART", "DTEND", "DURATION", "RRULE", "SUMMARY", "LOCATION":
		if len(c.hash) < 60 { // a file may repeat a property without end
			c.hash = append(c.hash, p.name, p.param("TZID"), p.value)
		}
	}
	if !c.addText(p) {
		c.addDate(p)
	}
}

func eventProperty(name string) bool {
	return strings.Contains(once, " "+name+" ") ||
		strings.Contains(" RRULE EXRULE RDATE EXDATE CATEGORIES X-MICROSOFT-CDO-ALLDAYEVENT X-APPLE-STRUCTURED-LOCATION "+zoneProperty+" ", " "+name+" ")
}

// zoneProperty keeps the place of an all-day event, which RFC 5545 has no
// property for. Others ignore it.
const zoneProperty = "X-CONVOKE-ZONE"

func (c *component) addText(p property) bool {
	switch p.name {
	case "UID":
		c.uid = cleanText(unescape(p.value), false)
	case "SUMMARY":
		c.summary = cleanText(unescape(p.value), false)
		c.language = languageTag(p.param("LANGUAGE"))
	case "DESCRIPTION":
		c.description = text(p.value)
	case "LOCATION":
		c.location = text(p.value)
	case "URL":
		if c.url = webAddress(p.value); c.url == "" && strings.TrimSpace(p.value) != "" {
			c.note(p.line, codeBadURL, clip(p.value))
		}
	case "ORGANIZER":
		if cn := cleanText(p.param("CN"), false); !strings.Contains(cn, "@") {
			c.organizer = cn
		}
	case "STATUS":
		c.status = strings.ToLower(strings.TrimSpace(p.value))
	case "SEQUENCE":
		n, err := strconv.ParseInt(strings.TrimSpace(p.value), 10, 32)
		if err == nil {
			c.sequence = int(max(n, 0))
		}
	case "CATEGORIES":
		c.addCategories(textList(p.value, maxCategories))
	case "GEO":
		c.lat, c.lon, c.hasGeo = parseGeo(p.value)
		if !c.hasGeo && strings.Trim(p.value, " ;0.") != "" {
			c.note(p.line, codeBadGeo, clip(p.value))
		}
	case "X-APPLE-STRUCTURED-LOCATION":
		if at, ok := strings.CutPrefix(strings.TrimSpace(p.value), "geo:"); ok && !c.hasGeo {
			c.lat, c.lon, c.hasGeo = parseGeo(at)
		}
	case zoneProperty:
		c.zone = p.value
	case "X-MICROSOFT-CDO-ALLDAYEVENT":
		c.allDay = strings.EqualFold(strings.TrimSpace(p.value), "TRUE")
	default:
		return false
	}
	return true
}

func (c *component) addCategories(list []string) {
	for _, one := range list {
		known := false
		for _, have := range c.categories {
			known = known || have == one
		}
		if !known && len(c.categories) < maxCategories {
			c.categories = append(c.categories, one)
		}
	}
}

func (c *component) addDate(p property) {
	switch p.name {
	case "DTSTART":
		c.start = date(p)
	case "DTEND":
		if strings.TrimSpace(p.value) != "" {
			c.end = date(p)
		}
	case "DURATION":
		if s, ok := parseSpan(p.value); ok {
			c.span = &s
		} else {
			c.note(p.line, codeBadDuration, clip(p.value))
		}
	case "RECURRENCE-ID":
		c.recurrence = date(p)
		c.future = strings.EqualFold(p.param("RANGE"), "THISANDFUTURE")
	case "LAST-MODIFIED":
		c.modified = stamp(p.value)
	case "DTSTAMP":
		c.stamped = stamp(p.value)
	case "RRULE":
		r, odd, ok := parseRule(p.value)
		if !ok || len(c.rules) == maxRules {
			c.note(p.line, codeBadRule, clip(p.value))
			return
		}
		for i := range min(len(odd), 3) {
			c.note(p.line, codeRulePart, clip(odd[i]))
		}
		c.rules = append(c.rules, r)
	case "EXRULE":
		c.note(p.line, codeExRule)
	case "RDATE", "EXDATE":
		c.addList(p)
	}
}

// addList takes a list of dates; in RDATE they may be periods.
func (c *component) addList(p property) {
	for one := range strings.SplitSeq(p.value, ",") {
		if len(c.added)+len(c.removed) >= maxDates {
			c.note(p.line, codeManyDates, p.name)
			return
		}
		begin, rest, isPeriod := strings.Cut(one, "/")
		got := period{dated: date(property{value: begin, params: p.params, line: p.line})}
		if isPeriod && got.ok {
			if s, ok := parseSpan(rest); ok {
				got.span = &s
			} else if got.end, got.has = parseMoment(rest, p.param("TZID")); !got.has {
				got.ok = false
			}
		}
		c.size += 100 // of memory for one date
		switch {
		case !got.ok:
			c.note(p.line, codeBadDate, clip(one), p.name)
		case p.name == "RDATE":
			c.added = append(c.added, got)
		default:
			c.removed = append(c.removed, got.dated)
		}
	}
}

func date(p property) dated {
	tzid := strings.TrimSpace(strings.TrimPrefix(p.param("TZID"), "TZID="))
	m, ok := parseMoment(p.value, tzid)
	return dated{moment: m, raw: p.value, line: p.line, ok: ok}
}

// stamp reads a time that must be in UTC; without Z it is taken as such.
func stamp(s string) time.Time {
	m, ok := parseMoment(s, "")
	if !ok {
		return time.Time{}
	}
	return m.wall
}

// languageTag gives a tag such as "de" or "pt-BR", or "" for anything else.
func languageTag(s string) string {
	if s == "" || len(s) > 35 {
		return ""
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return ""
		}
	}
	return s
}

// finish settles the UID and says whether the event has a usable start.
func (c *component) finish() bool {
	if c.madeUID = c.uid == ""; c.madeUID || len(c.uid) > 1000 {
		if c.summary == "" {
			c.hash = append(c.hash, c.description)
		}
		sum := sha256.Sum256([]byte(strings.Join(append(c.hash, c.uid), "\x00")))
		c.uid = "sha256-" + hex.EncodeToString(sum[:16])
	}
	c.hash, c.seen = nil, nil
	switch {
	case !c.start.given():
		c.note(c.line, codeNoStart)
	case !c.start.ok:
		c.note(c.start.line, codeBadStart, clip(c.start.raw))
	case c.recurrence.given() && !c.recurrence.ok:
		c.note(c.recurrence.line, codeBadRecurrence, clip(c.recurrence.raw))
	default:
		if c.end.given() && !c.end.ok {
			c.note(c.end.line, codeBadEnd, clip(c.end.raw))
			c.end = dated{}
		}
		if c.madeUID {
			c.note(c.line, codeNoUID)
		}
		c.outlookAllDay()
		return true
	}
	return false
}

// outlookAllDay turns midnights that Outlook marks as whole days into dates.
func (c *component) outlookAllDay() {
	midnight := func(m moment) bool { return m.wall.Hour()+m.wall.Minute()+m.wall.Second() == 0 && !m.utc }
	if c.allDay && midnight(c.start.moment) && (!c.end.given() || midnight(c.end.moment)) {
		c.start.date, c.end.date = true, true
	}
}
