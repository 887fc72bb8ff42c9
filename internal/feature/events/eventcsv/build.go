package eventcsv

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of texts, in characters.
const (
	maxTitle       = 200
	maxDescription = 4000
	maxPlace       = 200
	maxArea        = 100
	maxOrganizer   = 200
	maxSizeText    = 200
	maxType        = 80
	maxTypes       = 20
	maxID          = 100
)

// builder makes one row from the cells of one record.
type builder struct {
	h        *header
	vocab    *vocabulary
	cells    []string
	row      Row
	problems []Problem
	orgs     []string
	claims   string
}

// note reports one change; the first of a code stands for all of the row.
func (b *builder) note(code string, args ...any) {
	if !slices.ContainsFunc(b.problems, func(p Problem) bool { return p.Code == code }) {
		b.problems = append(b.problems, newProblem(code, args...))
	}
}

// raw is the cell of f as clean leaves it; empty when the column is missing.
func (b *builder) raw(f field) string {
	i := b.h.at[f]
	if i < 0 {
		return ""
	}
	s, repaired := clean(b.cells[i])
	if repaired {
		b.note(CodeEncoding)
	}
	if s == "NA" && f != fieldCountry { // R's word for nothing; also Namibia
		return ""
	}
	return s
}

// text is raw without personal data.
func (b *builder) text(f field) string {
	s, hid := hidePersonal(b.raw(f))
	if hid {
		b.note(CodePersonal)
	}
	return s
}

// short cuts a text and says so; what is the reader's name for it.
func (b *builder) short(s string, limit int, what string) string {
	if len(s) <= limit || utf8.RuneCountInString(s) <= limit {
		return s
	}
	b.note(CodeLong, "value", what)
	return cutAt(s, limit)
}

// build fills the row. It returns a problem with Left set when the row cannot
// be used.
func (b *builder) build() *Problem {
	b.readPlace()
	b.readTypes()
	b.readTexts()
	id := b.raw(fieldID)
	cell := b.raw(fieldDate)
	day, ok := parseDate(cell)
	b.row.Date = day
	b.setUID(id)
	if !ok {
		p := newProblem(CodeDate, "value", cutAt(cell, 60))
		return &p
	}
	b.readPoint()
	r := &b.row
	if r.Place+r.Locality+r.Region+r.County == "" && !r.HasPoint && !r.Online {
		p := newProblem(CodePlace)
		return &p
	}
	b.readSize()
	b.readSources()
	b.writeTexts()
	return nil
}

func (b *builder) readPlace() {
	r := &b.row
	r.Place = b.short(onceEach(b.text(fieldPlace)), maxPlace, "place")
	r.Locality = b.short(b.text(fieldLocality), maxArea, "locality")
	r.Region = b.short(b.text(fieldRegion), maxArea, "region")
	// "Springfield, IL" in IL says the region twice.
	r.Locality = strings.TrimSuffix(r.Locality, ", "+r.Region)
	r.County = b.short(b.text(fieldCounty), maxArea, "county")
	r.Country = b.short(b.text(fieldCountry), maxArea, "country")
	if len(r.Country) == 2 {
		r.Country = strings.ToUpper(r.Country)
	}
	if b.h.at[fieldCountry] < 0 {
		r.Country = b.h.layout.country
	}
	r.Online = parseOnline(b.raw(fieldOnline))
	for _, place := range []*string{&r.Place, &r.Locality, &r.Region} {
		if netPlace(*place) {
			r.Online, *place = true, ""
		}
	}
}

// onceEach drops from "City Hall; city hall" what has been said.
func onceEach(place string) string {
	if !strings.Contains(place, ";") {
		return place
	}
	var kept []string
	for _, p := range list(place) {
		if !slices.ContainsFunc(kept, func(k string) bool { return strings.EqualFold(k, p) }) {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "; ")
}

func (b *builder) readTypes() {
	types := list(b.text(fieldType))
	if len(types) > maxTypes {
		b.note(CodeLong, "value", "event_type")
		types = types[:maxTypes]
	}
	net := 0
	for i, t := range types {
		types[i] = b.short(t, maxType, "event_type")
		if netType(t) {
			net++
		}
	}
	b.row.Types = types
	if net > 0 && net == len(types) {
		b.row.Online = true
	}
}

func (b *builder) readTexts() {
	b.row.Title = b.short(b.text(fieldTitle), maxTitle, "title")
	b.claims = b.text(fieldClaims)
	b.row.SizeText = b.short(b.text(fieldSizeText), maxSizeText, "size_text")
	if nothing(b.row.SizeText) {
		b.row.SizeText = ""
	}
	for _, o := range list(b.text(fieldOrganizations)) {
		if !nobody(o) {
			b.orgs = append(b.orgs, o)
		}
	}
}

// nobody recognises the sheets' words for "no organization is known".
func nobody(s string) bool {
	s = strings.ToLower(s)
	return strings.HasPrefix(s, "general protest") || s == "protesters" || s == "protestors"
}

func (b *builder) setUID(id string) {
	if id != "" && utf8.RuneCountInString(id) <= maxID {
		b.row.UID = id
		return
	}
	r := &b.row
	r.UID = hashUID(r.Date.String(), r.Locality, r.Region, r.Country, r.Place,
		strings.Join(r.Types, ";"), strings.Join(b.orgs, ";"), b.claims, r.Title)
	if id != "" {
		b.note(CodeID, "value", r.UID)
	}
}

func (b *builder) readPoint() {
	lat, lon := b.raw(fieldLat), b.raw(fieldLon)
	if nothing(lat) && nothing(lon) {
		return
	}
	y, okY := parseDegree(lat, 90)
	x, okX := parseDegree(lon, 180)
	if !okY || !okX || y == 0 && x == 0 { // 0, 0 is what failed look-ups leave
		b.note(CodePoint, "value", cutAt(lat, 30)+", "+cutAt(lon, 30))
		return
	}
	b.row.Lat, b.row.Lon, b.row.HasPoint = y, x, true
}

// people reads one number of people and reports one that is unusable.
func (b *builder) people(f field) (int, bool) {
	s := b.raw(f)
	if nothing(s) {
		return 0, false
	}
	n, ok := parsePeople(s, maxPeople)
	if !ok {
		b.note(CodeSize, "value", cutAt(s, 30))
	}
	return n, ok
}

func (b *builder) readSize() {
	low, okLow := b.people(fieldLow)
	high, okHigh := b.people(fieldHigh)
	switch {
	case okLow && !okHigh:
		high = low
	case okHigh && !okLow:
		low = high
	case !okLow && !okHigh:
		if low, okLow = b.people(fieldMean); okLow {
			high = low
		}
	}
	if low > high {
		b.note(CodeSwapped, "low", low, "high", high)
		low, high = high, low
	}
	b.row.Low, b.row.High, b.row.HasSize = low, high, okLow || okHigh
	if s := b.raw(fieldArrests); !nothing(s) {
		n, ok := parsePeople(s, maxPeople)
		if !ok {
			b.note(CodeArrests, "value", cutAt(s, 30))
		}
		b.row.Arrests = n
	}
}

func (b *builder) readSources() {
	r, count := &b.row, 0
	for _, i := range b.h.sources {
		cell, repaired := clean(b.cells[i])
		if repaired {
			b.note(CodeEncoding)
		}
		if nothing(cell) {
			continue
		}
		links := 0
		for word := range strings.FieldsSeq(cell) {
			link, ok := parseLink(strings.TrimRight(word, ",;"))
			if !ok {
				b.note(CodeSource)
				continue
			}
			links++
			b.addSource(link)
		}
		count += max(links, 1)
	}
	if n, ok := parsePeople(b.raw(fieldSourceCount), 1000); ok {
		count = n
	}
	r.SourceCount = max(count, len(r.Sources))
}

func (b *builder) addSource(link string) {
	if strings.Contains(link, "@") || strings.Contains(link, "%40") {
		plain := strings.ReplaceAll(link, "%40", "@")
		if mailPattern.MatchString(plain) {
			b.note(CodePersonal)
			return
		}
	}
	if slices.Contains(b.row.Sources, link) {
		return
	}
	if len(b.row.Sources) == maxSources {
		b.note(CodeLong, "value", "sources")
		return
	}
	b.row.Sources = append(b.row.Sources, link)
}

// writeTexts sets what follows from the other fields.
func (b *builder) writeTexts() {
	r := &b.row
	m := b.vocab.meaningOf(r.Types)
	r.Kind = m.kind
	if r.Title == "" {
		r.Title = b.short(title(m.noun, r), maxTitle, "title")
	}
	for _, o := range b.orgs {
		if r.Organizer == "" {
			r.Organizer = b.short(o, maxOrganizer, "organizations")
		} else if utf8.RuneCountInString(r.Organizer)+2+utf8.RuneCountInString(o) <= maxOrganizer {
			r.Organizer += "; " + o
		} else {
			break // all of them are in the description
		}
	}
	r.Description = b.description()
}

// title says what and where: "Rally in Denver".
func title(noun string, r *Row) string {
	if r.Online {
		noun = "Online " + strings.ToLower(noun[:1]) + noun[1:]
	}
	switch {
	case r.Locality != "":
		return noun + " in " + r.Locality
	case r.Place != "":
		return noun + " at " + r.Place
	case r.County != "":
		return noun + " in " + r.County
	case r.Region != "":
		return noun + " in " + r.Region
	}
	return noun
}

// description is one paragraph for the claims and one for the organizations.
// The words before the colon keep a cell from starting a list or a heading.
func (b *builder) description() string {
	const claims, orgs = "Purpose: ", "Organizations: "
	room := maxDescription - len(claims) - len(orgs) - 2
	var parts []string
	if b.claims != "" && !nothing(b.claims) {
		s := b.fitMarkdown(b.claims, room, "claims")
		room -= utf8.RuneCountInString(s)
		parts = append(parts, claims+s)
	}
	if len(b.orgs) > 0 && room > 0 {
		parts = append(parts, orgs+b.fitMarkdown(strings.Join(b.orgs, "; "), room, "organizations"))
	}
	return strings.Join(parts, "\n\n")
}

// fitMarkdown escapes s and cuts it before escaping, never in the middle of an
// escape.
func (b *builder) fitMarkdown(s string, limit int, what string) string {
	s = b.short(s, limit, what)
	for {
		out := markdown(s)
		n := utf8.RuneCountInString(out)
		if n <= limit {
			return out
		}
		b.note(CodeLong, "value", what)
		// Each turn takes away at least as much as is too much.
		s = cutAt(s, max(1, utf8.RuneCountInString(s)-(n-limit)))
		if limit < 1 || utf8.RuneCountInString(s) <= 1 {
			return "…"
		}
	}
}
