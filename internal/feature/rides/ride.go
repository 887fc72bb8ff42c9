package rides

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// Limits and lifetimes.
const (
	maxSeats    = 8
	maxBusSeats = 50
	maxMeeting  = 120
	maxNote     = 200
	maxReason   = 200
	maxTown     = 100
	maxMessages = 5 // a side
	maxParty    = 20
	codeWords   = 4
	// earliest is how long before an event a ride to it may leave, and latestBack
	// how long after it one back.
	earliest   = 14 * 24 * time.Hour
	latestBack = 7 * 24 * time.Hour
	keepFor    = 7 * 24 * time.Hour
	// postponedFor is how long rides wait for a postponed event's new date, as
	// sign-ups do.
	postponedFor = 30 * 24 * time.Hour
)

// Event is what these pages need to know of an event.
type Event struct {
	ID       id.Event
	Title    string
	State    string
	Start    time.Time // in the zone of the place
	End      time.Time
	AllDay   bool
	Place    string // as it was written, in no language
	Point    geo.Point
	HasPoint bool
	Datetime string
	Day      string
	When     string
	Where    string
}

// Begins is until when people travel to it.
func (e *Event) Begins() time.Time {
	if e.AllDay {
		return e.End
	}
	return e.Start
}

// Takes returns a fault when nobody can arrange a ride to the event now.
func (e *Event) Takes(now time.Time) error {
	switch {
	case e.State == "cancelled":
		return fault.Gone("ride.cancelled", "This event is cancelled, so there are no rides to it.")
	case e.State == "postponed":
		return fault.Gone("ride.postponed", "This event waits for a new date. Rides can be arranged again when it has one.")
	case !e.Begins().After(now):
		return fault.Gone("ride.over", "This event has begun, so no more rides to it can be arranged.")
	}
	return nil
}

// Holder is whoever holds a sign-up: never who they are.
type Holder struct {
	Event id.Event
	Hash  []byte
	Going bool // has a place, and does not wait for one
	Party int
}

// Town is where a ride begins: no place is known better here.
type Town struct {
	Label string
	Point geo.Point
	Zone  string
}

// Offer is seats from a town. Bus is one of the organizers.
type Offer struct {
	ID         string
	Town       Town
	Leaves     time.Time
	Seats      int
	Taken      int
	Wheelchair bool
	Bus        bool
	Version    int
	Moved      bool // the event has another time or place than when it was written
	Details

	hash   []byte
	starts time.Time
	place  string
	sealed []byte
}

// Free is how many seats can be taken.
func (o *Offer) Free() int { return o.Seats - o.Taken }

// Details are what is sealed of an offer. Back is zero without a way back.
type Details struct {
	Meeting string    `json:"m"`
	Note    string    `json:"n,omitempty"`
	Back    time.Time `json:"b,omitzero"`
}

// Need is seats that somebody looks for, and how many of them they have.
type Need struct {
	Town  Town
	Seats int
	Taken int
}

// OfferInput is an offer as typed: times at the town, the way back at the event.
type OfferInput struct {
	From, Pick string // a town, and which one when there are several
	Meeting    string
	Date, Time string // 2026-11-28, 18:30
	Back       bool
	BackDate   string // "" is the day when the event ends
	BackTime   string
	Seats      string
	Wheelchair bool
	Note       string
}

// NeedInput is a need as typed.
type NeedInput struct {
	From, Pick string
	Seats      string
}

// Places is the gazetteer.
type Places interface {
	Find(query string, limit int) []geo.Place
	Nearest(p geo.Point) (geo.Place, float64)
}

// maxChoices is the most towns that a question offers.
const maxChoices = 6

// towns are the localities that a text can mean; of a postcode the nearest one,
// for a postcode is closer than anybody needs to know.
func towns(places Places, typed string) []Town {
	var out []Town
	seen := map[string]bool{}
	for _, p := range places.Find(typed, 4*maxChoices) {
		if p.Precision == geo.PrecisionPostcode {
			p, _ = places.Nearest(p.Point)
		}
		l := p.Label()
		if p.Precision != geo.PrecisionLocality || seen[l] || len(out) == maxChoices {
			continue
		}
		seen[l] = true
		out = append(out, Town{l, p.Point, cmp.Or(p.Zone, "UTC")})
	}
	return out
}

// isPostcode reports whether the whole text is one that the gazetteer knows.
func isPostcode(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil && len(s) == 5
}

// findTown is the one town that is meant.
func findTown(places Places, typed, pick string) (Town, fault.FieldError, bool) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return Town{}, fault.Field("from", "ride.town_missing", "Write a town, or its postcode."), false
	}
	if !isPostcode(typed) {
		if wrong, ok := checkText("from", typed, maxTown); !ok {
			return Town{}, wrong, false
		}
	}
	found := towns(places, typed)
	if len(found) == 0 {
		return Town{}, fault.Field("from", "ride.town_unknown",
			"This town was not found. Try the nearest larger one; a street or a whole region does not help."), false
	}
	for _, t := range found {
		if t.Label == pick || len(found) == 1 || geo.Fold(t.Label) == geo.Fold(typed) {
			return t, fault.FieldError{}, true
		}
	}
	return Town{}, fault.Field("from", "ride.town_which", "There are several towns with this name. Which one is it?"), false
}

// parse checks everything and lists all that is wrong at once.
func (in *OfferInput) parse(places Places, ev *Event, bus bool) (Offer, error) {
	var fs []fault.FieldError
	fail := func(name, code, msg string, args ...any) { fs = append(fs, fault.Field(name, code, msg, args...)) }
	o := Offer{Wheelchair: in.Wheelchair, Bus: bus, starts: ev.Start, place: ev.Place}
	o.Meeting, o.Note = strings.TrimSpace(in.Meeting), strings.TrimSpace(in.Note)
	var wrong fault.FieldError
	var ok bool
	if o.Town, wrong, ok = findTown(places, in.From, in.Pick); !ok {
		fs = append(fs, wrong)
	}
	if o.Meeting == "" {
		fail("meeting", "ride.meeting", "Write where you meet, in words that everybody there knows, such as “main station, north side”.")
	}
	for _, x := range []struct {
		name, text string
		limit      int
	}{{"meeting", o.Meeting, maxMeeting}, {"note", o.Note, maxNote}} {
		if wrong, ok := checkText(x.name, x.text, x.limit); !ok {
			fs = append(fs, wrong)
		}
	}
	in.times(&o, ev, fail)
	limit := maxSeats
	if bus {
		limit = maxBusSeats
	}
	if o.Seats, ok = number(in.Seats, limit); !ok {
		fail("seats", "ride.seats", "Write how many seats there are for others, from 1 to {max}.", "max", limit)
	}
	return o, fault.Invalid(fs...)
}

func number(s string, limit int) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	return n, err == nil && n >= 1 && n <= limit
}

// times reads when it leaves and comes back.
func (in *OfferInput) times(o *Offer, ev *Event, fail func(name, code, msg string, args ...any)) {
	var left bool
	o.Leaves, left = moment(in.Date, in.Time, "", zoneOf(o.Town), fail)
	switch {
	case !left || o.Town.Label == "": // the hour means nothing without its zone
	case !o.Leaves.Before(ev.Begins()):
		fail("time", "ride.late", "It must leave before the event begins.")
	case o.Leaves.Before(ev.Start.Add(-earliest)):
		fail("date", "ride.early", "It can leave up to {n} days before the event, not earlier.", "n", int(earliest/(24*time.Hour)))
	}
	if !in.Back {
		return
	}
	day := cmp.Or(strings.TrimSpace(in.BackDate), ev.End.Format(time.DateOnly))
	back, ok := moment(day, in.BackTime, "back_", ev.Start.Location(), fail)
	switch {
	case !ok:
	case !back.After(ev.Start):
		fail("back_time", "ride.back_early", "The way back begins after the event has begun.")
	case back.After(ev.End.Add(latestBack)):
		fail("back_date", "ride.back_late", "The way back begins at most {n} days after the event.", "n", int(latestBack/(24*time.Hour)))
	default:
		o.Back = back
	}
}

// moment reads a local date and time. One that a clock change skips does not
// exist, and is refused.
func moment(date, hour, which string, loc *time.Location, fail func(name, code, msg string, args ...any)) (time.Time, bool) {
	d, err := time.Parse(time.DateOnly, strings.TrimSpace(date))
	if err != nil || d.Year() < 1971 || d.Year() > 2399 {
		fail(which+"date", "ride.date", "Write the date as year-month-day, such as 2026-11-28.")
	}
	h, err2 := time.Parse("15:04", strings.TrimSpace(hour))
	if err2 != nil {
		fail(which+"time", "ride.time", "Write the time with hours and minutes, such as 18:30.")
	}
	if err != nil || err2 != nil {
		return time.Time{}, false
	}
	t := time.Date(d.Year(), d.Month(), d.Day(), h.Hour(), h.Minute(), 0, 0, loc)
	if t.Hour() != h.Hour() || t.Minute() != h.Minute() {
		fail(which+"time", "ride.time_skipped", "The clocks go forward that night, so this time does not exist.")
		return t, false
	}
	return t, true
}

// sameRide reports whether who took a seat would notice no difference.
func (o *Offer) sameRide(n *Offer) bool {
	return o.Town.Label == n.Town.Label && o.Leaves.Equal(n.Leaves) && o.Meeting == n.Meeting && o.Back.Equal(n.Back)
}

// sentence is one that a side can send the other.
type sentence struct{ code, text string }

// sentences are all there are: who shares a ride can say no more here.
func sentences() []sentence {
	return []sentence{
		{"late5", i18n.Mark("5 minutes late.")}, {"late10", i18n.Mark("10 minutes late.")}, {"late20", i18n.Mark("20 minutes late.")},
		{"there", i18n.Mark("At the meeting point now.")}, {"unseen", i18n.Mark("I cannot find you at the meeting point.")},
		{"without_me", i18n.Mark("Please go without me.")}, {"back", i18n.Mark("Ready for the way back.")},
		{"look", i18n.Mark("Please look at time and place again.")},
	}
}

func knownSentence(code string) bool {
	for _, s := range sentences() {
		if s.code == code {
			return true
		}
	}
	return false
}

// Message is a sentence that was sent.
type Message struct {
	Code string    `json:"c"`
	Nth  int       `json:"n,omitempty"` // of its side: At does not order those of a minute
	At   time.Time `json:"-"`
}

// block pads what is sealed, so that its length tells little.
const block = 128

func encode(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode ride: %w", err)
	}
	for len(b)%block != 0 {
		b = append(b, ' ')
	}
	return b, nil
}

// zoneOf is the time zone of a town.
func zoneOf(t Town) *time.Location {
	if loc, err := geo.LoadZone(t.Zone); err == nil {
		return loc
	}
	return time.UTC
}
