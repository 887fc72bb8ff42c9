package turnout

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// Bounds of what an estimate may say.
const (
	maxPeople     = 20_000_000
	maxWords      = 200
	maxName       = 200
	maxURL        = 500
	maxEstimates  = 50  // of one day of an event, by hand
	maxAltogether = 300 // of all its days
	fewPeople     = 10  // below it no number is shown: so few could be named
)

// Spot is where an event counts: its local day as yyyymmdd and its place.
type Spot struct {
	Day             int
	Country, Region string
}

func (s Spot) compare(o Spot) int {
	return cmp.Or(cmp.Compare(s.Day, o.Day), strings.Compare(s.Country, o.Country), strings.Compare(s.Region, o.Region))
}

// Estimate is what one source says: people, its own words, how it was counted
// (one of [Methods]), and who says so.
type Estimate struct {
	Low, High             int
	Words, Method         string
	SourceName, SourceURL string
	Nth                   int // the day of the event that it is about, 0 for the first
}

// method is a way to count, with its English name.
type method struct{ Code, Name string }

var methods = [...]method{
	{"gate", i18n.Mark("Counted at a gate")},
	{"grid", i18n.Mark("Counted by area and density")},
	{"pictures", i18n.Mark("Counted from pictures")},
	{"eye", i18n.Mark("Estimated by eye")},
	{"press", i18n.Mark("Reported by the press")},
	{"organizers", i18n.Mark("Reported by the organizers")},
	{"authorities", i18n.Mark("Reported by the authorities")},
	{"reported", i18n.Mark("Reported")},
}

// Methods lists the codes of ways to count.
func Methods() []string {
	out := make([]string, len(methods))
	for i, m := range methods {
		out[i] = m.Code
	}
	return out
}

// methodName is the English name of a code, "" when unknown.
func methodName(code string) string {
	for _, m := range methods {
		if m.Code == code {
			return m.Name
		}
	}
	return ""
}

// span is an event's range and the number of estimates that it spans.
type span struct{ low, high, n int }

// with widens the range to hold one more estimate.
func (s span) with(low, high int) span {
	if s.n == 0 {
		return span{low, high, 1}
	}
	return span{min(s.low, low), max(s.high, high), s.n + 1}
}

func spanOf(es []Estimate) span {
	var s span
	for _, e := range es {
		s = s.with(e.Low, e.High)
	}
	return s
}

// tally is how many events count, how many of them have an estimate, and the
// sums of their ranges.
type tally struct{ events, estimated, low, high int }

func (t tally) plus(o tally) tally {
	return tally{t.events + o.events, t.estimated + o.estimated, t.low + o.low, t.high + o.high}
}

// tallyOf is what one event with this range counts; sign is 1 or -1.
func tallyOf(s span, sign int) tally {
	t := tally{events: sign}
	if s.n > 0 {
		t.estimated, t.low, t.high = sign, sign*s.low, sign*s.high
	}
	return t
}

// total is a row of turnout_day, or a change of one: the events that count on
// that day, and those that began on it, each with the range of its fullest day.
type total struct{ day, began tally }

// changes collects what happens to totals, so that each row is written once.
type changes map[Spot]total

func (c changes) add(s Spot, t total) {
	c[s] = total{c[s].day.plus(t.day), c[s].began.plus(t.began)}
}

// spots that change, in one order for all: two transactions cannot lock each
// other out.
func (c changes) spots() []Spot {
	var out []Spot
	for s, t := range c {
		if t != (total{}) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, Spot.compare)
	return out
}

// Input is an estimate as typed.
type Input struct {
	Low, High  string // people; an empty High means as Low
	Words      string
	Method     string
	SourceName string
	SourceURL  string
	Day        string // of the event, 2026-11-28; "" is its first
}

// parse lists all that is wrong at once.
func (in Input) parse(a *About, now time.Time) (Estimate, error) {
	e := Estimate{Words: in.Words, Method: in.Method, SourceName: in.SourceName, SourceURL: in.SourceURL}
	low, okLow := parsePeople(in.Low)
	high, okHigh := low, okLow
	if strings.TrimSpace(in.High) != "" {
		high, okHigh = parsePeople(in.High)
	}
	e.Low, e.High = low, high
	bad := e.problems()
	for _, f := range []struct {
		name string
		ok   bool
	}{{"high", okHigh || !okLow}, {"low", okLow}} {
		if !f.ok {
			bad = slices.Insert(bad, 0, fault.Field(f.name, "turnout.number",
				"Write a whole number of people from 0 to {max}.", "max", maxPeople))
		}
	}
	if okLow && okHigh && high < low {
		bad = slices.Insert(bad, 0, fault.Field("high", "turnout.order", "The high number must not be below the low one."))
	}
	nth, wrong := a.nth(in.Day, now)
	e.Nth = nth
	return e, fault.Invalid(append(wrong, bad...)...)
}

// problems are those of the texts.
func (e Estimate) problems() []fault.FieldError {
	var bad []fault.FieldError
	if methodName(e.Method) == "" {
		bad = append(bad, fault.Field("method", "turnout.method", "Choose how the number came about."))
	}
	if e.SourceName == "" {
		bad = append(bad, fault.Field("source_name", "turnout.source_missing", "Say who counted or reported this, so that others can judge it."))
	}
	for _, f := range []struct {
		name, text string
		limit      int
	}{{"words", e.Words, maxWords}, {"source_name", e.SourceName, maxName}, {"source_url", e.SourceURL, maxURL}} {
		if utf8.RuneCountInString(f.text) > f.limit {
			bad = append(bad, fault.Field(f.name, "form.long", "This is too long: at most {limit} characters, please.", "limit", f.limit))
		}
	}
	if e.SourceURL != "" && !validLink(e.SourceURL) {
		bad = append(bad, fault.Field("source_url", "turnout.link", "Write a full address that begins with https://."))
	}
	return bad
}

func validLink(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

// parsePeople reads 1200, "1,200", "1.200" and "1 200".
func parsePeople(s string) (int, bool) {
	s = strings.TrimSpace(s)
	groups := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(",.'’ \u00a0\u202f", r) })
	for i, g := range groups {
		if len(g) > 3 && len(groups) > 1 || i > 0 && len(g) != 3 {
			return 0, false
		}
	}
	digits := strings.Join(groups, "")
	if digits == "" || strings.Trim(digits, "0123456789") != "" || !strings.HasPrefix(s, groups[0]) {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil && n <= maxPeople
}

// About is what this feature needs to know of an event.
type About struct {
	Event    id.Event
	Title    string
	Campaign id.Campaign // "" is none
	// Spot is nil while the event is not public.
	Spot       *Spot
	Start, End time.Time // in the zone of the place
}
