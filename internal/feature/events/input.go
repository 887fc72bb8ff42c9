package events

import (
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"convoke/internal/fault"
	"convoke/internal/geo"
)

// Limits of what an event may say, in characters.
const (
	maxTitle       = 200
	maxDescription = 12000
	maxPlace       = 300
	maxNote        = 1000
	maxURL         = 500
	maxCapacity    = 10_000_000
	maxLength      = 366 * 24 * time.Hour
)

// Input is an event as typed: times are local to the place.
type Input struct {
	Title, Description string
	Kind               Kind
	State              State
	StartDate          string // 2026-11-28
	StartTime          string // 10:00, or "" for a whole day
	EndDate, EndTime   string // "" means the same day; two hours when no end is given
	Zone               string // "" means the zone of the place
	Place, Address     string
	Near               string // "Leipzig" or "62701" or "51.34,12.37"
	OnlineURL          string
	Lang               string
	AccessYes          []string
	AccessNo           []string
	AccessNote         string
	Capacity           string // "" is no limit
	PictureAlt         string
	// Campaign is the handle of the campaign that a new event is proposed for.
	Campaign string
	// Template is the version of the campaign's template that the form was filled
	// from; see [Input.follow].
	Template int
}

// Places finds places offline.
type Places interface {
	Find(query string, limit int) []geo.Place
	ZoneAt(geo.Point) string
}

// parse checks everything and lists all that is wrong at once.
func (in Input) parse(places Places, render func(string) (string, error)) (Event, error) {
	var e Event
	p := parser{}
	e.Title = p.text("title", strings.TrimSpace(in.Title), maxTitle)
	if e.Title == "" {
		p.fail("title", "event.title_missing", "Give the event a title, such as “Riverside clean-up”.")
	}
	e.Description = p.text("description", in.Description, maxDescription)
	if html, err := render(e.Description); err != nil {
		p.fail("description", "event.description_unreadable", "This text cannot be shown. Please make it shorter or simpler.")
	} else {
		e.HTML = trusted(html)
	}
	if e.Kind = in.Kind; !e.Kind.Valid() {
		p.fail("kind", "event.kind_unknown", "Choose what kind of event it is.")
	}
	if e.State = in.State; !e.State.Valid() {
		p.fail("state", "event.state_unknown", "Choose where the event stands.")
	}
	p.where(in, places, &e)
	p.when(in, &e)
	e.Lang = in.Lang
	if e.Lang != "" && !validLang(e.Lang) {
		p.fail("lang", "event.lang_unknown", "Choose a language from the list.")
	}
	e.Access = Access{Yes: bits(in.AccessYes), No: bits(in.AccessNo), Note: p.text("access_note", in.AccessNote, maxNote)}
	e.Access.No &^= e.Access.Yes
	e.PictureAlt = p.text("picture_alt", in.PictureAlt, maxPlace)
	e.Capacity = p.capacity(in.Capacity)
	return e, fault.Invalid(p.fields...)
}

type parser struct{ fields []fault.FieldError }

func (p *parser) fail(name, code, msg string, args ...any) {
	p.fields = append(p.fields, fault.Field(name, code, msg, args...))
}

func (p *parser) text(name, s string, limit int) string {
	if utf8.RuneCountInString(s) > limit {
		p.fail(name, "form.long", "This is too long: at most {limit} characters, please.", "limit", limit)
	}
	return s
}

func (p *parser) capacity(s string) int {
	if s == "" {
		return 0
	}
	n, ok := wholeNumber(s)
	switch {
	case !ok || n < 1:
		p.fail("capacity", "event.capacity_number", "Write a number of people from 1 up, or leave it empty for no limit.")
	case n > maxCapacity:
		p.fail("capacity", "event.capacity_large", "At most {limit} people; leave it empty for no limit.", "limit", maxCapacity)
	}
	return n
}

func (p *parser) where(in Input, places Places, e *Event) {
	w := &e.Where
	w.Place = p.text("place", strings.TrimSpace(in.Place), maxPlace)
	w.Address = p.text("address", strings.TrimSpace(in.Address), maxPlace)
	w.Precise = geo.PrecisionNone
	if w.OnlineURL = strings.TrimSpace(in.OnlineURL); w.OnlineURL != "" {
		if webAddress(w.OnlineURL) == "" {
			p.fail("online_url", "event.online_url", "Write a full address that begins with https://.")
		}
	}
	if strings.TrimSpace(in.Near) == "" {
		if w.OnlineURL == "" {
			p.fail("near", "event.place_missing", "Say in which town it is, or give an address online.")
		}
		return
	}
	found := places.Find(in.Near, 1)
	if len(found) == 0 {
		p.fail("near", "event.place_unknown", "We do not know a place of that name. Try the nearest town, a postcode, or “51.34, 12.37”.")
		return
	}
	f := found[0]
	w.Point, w.HasPoint, w.Precise = f.Point, true, f.Precision
	w.Locality, w.Region, w.Country = f.Name, f.Region, f.Country
	e.Zone = f.Zone
	if e.Zone == "" {
		e.Zone = places.ZoneAt(f.Point)
	}
}

func (p *parser) when(in Input, e *Event) {
	if in.Zone != "" {
		if !geo.KnownZone(in.Zone) {
			p.fail("zone", "event.zone_unknown", "There is no time zone of that name.")
			return
		}
		e.Zone = in.Zone
	}
	if e.Zone == "" {
		e.Zone = "UTC"
	}
	loc, err := geo.LoadZone(e.Zone)
	if err != nil {
		p.fail("zone", "event.zone_unknown", "There is no time zone of that name.")
		return
	}
	start, ok := p.moment("start", in.StartDate, in.StartTime, loc)
	if !ok {
		return
	}
	e.Start, e.AllDay = start.UTC(), in.StartTime == ""
	e.End = p.end(in, start, e.AllDay, loc).UTC()
	if p.has("end_date") || p.has("end_time") {
		return
	}
	switch {
	case !e.End.After(e.Start):
		p.fail("end_time", "event.end_before_start", "The end must be after the start.")
	case e.End.Sub(e.Start) > maxLength:
		p.fail("end_date", "event.too_long", "An event lasts at most one year. Make another one for what comes after.")
	case e.Start.Year() < 1971 || e.Start.Year() > 2399:
		p.fail("start_date", "event.year", "Choose a year between 1971 and 2399.")
	}
}

func (p *parser) end(in Input, start time.Time, allDay bool, loc *time.Location) time.Time {
	switch {
	case allDay && in.EndDate == "":
		return start.AddDate(0, 0, 1)
	case allDay:
		t, _ := p.moment("end", in.EndDate, "", loc)
		return t.AddDate(0, 0, 1)
	case in.EndDate == "" && in.EndTime == "":
		return start.Add(2 * time.Hour)
	}
	date, clock := in.EndDate, in.EndTime
	if date == "" {
		date = in.StartDate
	}
	if clock == "" {
		p.fail("end_time", "event.end_time_missing", "Say at what time it ends.")
		return start
	}
	t, _ := p.moment("end", date, clock, loc)
	return t
}

func (p *parser) has(name string) bool {
	for _, f := range p.fields {
		if f.Name == name {
			return true
		}
	}
	return false
}

// moment reads a local date and time. A time that a clock change skips does not
// exist: 02:30 on that night is refused rather than moved silently.
func (p *parser) moment(which, date, clock string, loc *time.Location) (time.Time, bool) {
	d, err := time.Parse("2006-01-02", strings.TrimSpace(date))
	if err != nil {
		p.fail(which+"_date", "event.date", "Write the date as year-month-day, such as 2026-11-28.")
		return time.Time{}, false
	}
	h, m := 0, 0
	if clock != "" {
		t, err := time.Parse("15:04", strings.TrimSpace(clock))
		if err != nil {
			p.fail(which+"_time", "event.time", "Write the time with hours and minutes, such as 18:30.")
			return time.Time{}, false
		}
		h, m = t.Hour(), t.Minute()
	}
	t := time.Date(d.Year(), d.Month(), d.Day(), h, m, 0, 0, loc)
	if clock != "" && (t.Hour() != h || t.Minute() != m) {
		p.fail(which+"_time", "event.time_skipped", "The clocks go forward that night, so this time does not exist.")
		return time.Time{}, false
	}
	return t, true
}

func bits(codes []string) int64 {
	var b int64
	for _, f := range features {
		for _, c := range codes {
			if c == f.Code {
				b |= f.bit
			}
		}
	}
	return b
}

// trusted marks HTML that package markdown has made and cleaned.
func trusted(s string) template.HTML { return template.HTML(s) } //nolint:gosec // cleaned by package markdown

func wholeNumber(s string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	return n, err == nil
}

// webAddress is s when it is a full address of the web, else "".
func webAddress(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(s) > maxURL {
		return ""
	}
	return s
}

// validLang accepts a BCP 47 tag of ordinary length.
func validLang(s string) bool {
	_, err := language.Parse(s)
	return err == nil && len(s) <= 12
}

// Check reads the input without storing anything, for previews and tests.
func (in Input) Check(places Places) (Event, error) {
	return in.parse(places, func(s string) (string, error) { return "", nil })
}
