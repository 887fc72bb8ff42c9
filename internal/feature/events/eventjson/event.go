package eventjson

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Event is one event on one date.
type Event struct {
	UID         string
	Title       string
	Description string // HTML or text
	URL         string
	Type        string // the other system's word for the kind, "" for none
	Status      string // "confirmed", "tentative" or "cancelled"
	Organizer   string
	Start, End  time.Time // End may be zero
	// Floating times name no zone: their clock is that of the place.
	Floating bool
	AllDay   bool
	Zone     string // IANA, "" when the file names none
	Lang     string

	Venue, Address            string
	Locality, Region, Country string
	Postcode                  string
	Lat, Lon                  float64
	HasPoint                  bool
	Exact                     bool // the point is that of the address
	OnlineURL                 string
	Virtual                   bool

	Capacity   int
	StepFree   *bool
	AccessNote string

	// Placeholder is the text that stood in place of an address.
	Placeholder string
}

// Codes of problems.
const (
	CodeBroken   = "broken"   // not an event
	CodeNoID     = "no_id"    // nothing to know it by again
	CodeNoTime   = "no_time"  // no start that can be read
	CodePrivate  = "private"  // not public there
	CodeTooMany  = "many"     // more dates than are taken
	CodeNotFound = "no_event" // the file holds no list of events
)

// Problem names what was left out, by the event's name or its number in the file.
type Problem struct{ UID, Code string }

// maxDates bounds the dates of one event.
const maxDates = 1000

// text is a string, or a number written as one; anything else is "".
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	switch x := v.(type) {
	case string:
		*t = text(tidy(x))
	case float64:
		*t = text(strconv.FormatFloat(x, 'f', -1, 64))
	}
	return nil
}

// number is a number, also when it is written as a string.
type number struct {
	v  float64
	ok bool
}

func (n *number) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `" `)
	v, err := strconv.ParseFloat(s, 64)
	*n = number{v, err == nil && v == v && v > -1e15 && v < 1e15}
	return nil
}

// tidy takes out control characters and marks that turn the direction of text.
func tidy(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == utf8.RuneError, unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0xFEFF:
			return -1
		}
		return r
	}, norm.NFC.String(s)))
}

// placeholders are what systems and people write where there is no address.
var placeholders = [...]string{
	"tbd", "tba", "tbc", "n/a", "na", "none", "unknown", "private", "online", "virtual", "zoom", "various",
	"to be determined", "to be announced", "to be confirmed", "private address", "private location", "private residence",
	"online event", "virtual event", "online / virtual event", "address upon request", "see description",
}

// placeholder reports whether a text only says that there is no address to see.
func placeholder(s string) bool {
	s = strings.ToLower(strings.Trim(strings.ReplaceAll(s, "’", "'"), " .!-"))
	if strings.Contains(s, "address is private") || strings.Contains(s, "sign up for more details") ||
		strings.Contains(s, "address provided after") || strings.Contains(s, "rsvp for address") {
		return true
	}
	for _, p := range placeholders {
		if s == p {
			return true
		}
	}
	return false
}

// place is a location as both systems write it.
type place struct {
	Venue      text   `json:"venue"`
	Lines      []text `json:"address_lines"`
	Locality   text   `json:"locality"`
	Region     text   `json:"region"`
	PostalCode text   `json:"postal_code"`
	Country    text   `json:"country"`
	Language   text   `json:"language"`
	Point      *struct {
		Lat      number `json:"latitude"`
		Lon      number `json:"longitude"`
		Accuracy text   `json:"accuracy"`
	} `json:"location"`
}

// where fills in the place. The point of an address that is not shown is not
// shown either.
func (e *Event) where(p *place, exact bool) {
	if p == nil {
		return
	}
	e.Venue, e.Locality, e.Region = string(p.Venue), string(p.Locality), string(p.Region)
	e.Postcode, e.Country = string(p.PostalCode), strings.ToUpper(string(p.Country))
	var lines []string
	for _, l := range p.Lines {
		if placeholder(string(l)) {
			e.Placeholder = string(l)
		} else if l != "" {
			lines = append(lines, string(l))
		}
	}
	e.Address = strings.Join(lines, ", ")
	for _, s := range []*string{&e.Venue, &e.Locality, &e.Region, &e.Postcode} {
		if placeholder(*s) {
			e.Placeholder, *s = *s, ""
		}
	}
	if s := strings.ToLower(e.Placeholder); strings.Contains(s, "online") || strings.Contains(s, "virtual") || s == "zoom" {
		e.Virtual = true
	}
	if p.Point == nil || !p.Point.Lat.ok || !p.Point.Lon.ok || e.Placeholder != "" {
		return
	}
	if p.Point.Lat.v == 0 && p.Point.Lon.v == 0 { // where geocoders put what they do not find
		return
	}
	e.Lat, e.Lon, e.HasPoint = p.Point.Lat.v, p.Point.Lon.v, true
	e.Exact = exact || strings.EqualFold(string(p.Point.Accuracy), "rooftop")
}
