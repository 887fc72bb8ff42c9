package events

import (
	"cmp"
	"html/template"
	"time"

	"convoke/internal/day"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// Kind is what sort of event it is, in the field's words.
type Kind string

// Kinds in the order in which forms offer them, each with its English name.
var kinds = [...]struct {
	kind Kind
	name string
}{
	{"rally", i18n.Mark("Rally")}, {"march", i18n.Mark("March")}, {"vigil", i18n.Mark("Vigil")},
	{"picket", i18n.Mark("Picket")}, {"walkout", i18n.Mark("Walkout")}, {"strike", i18n.Mark("Strike")},
	{"rent_strike", i18n.Mark("Rent strike")}, {"boycott", i18n.Mark("Boycott")},
	{"presence", i18n.Mark("Occupation or other presence")}, {"assembly", i18n.Mark("Assembly")},
	{"meeting", i18n.Mark("Meeting")}, {"training", i18n.Mark("Training")}, {"teach_in", i18n.Mark("Teach-in")},
	{"mutual_aid", i18n.Mark("Mutual aid")}, {"online", i18n.Mark("Online")}, {"other", i18n.Mark("Other")},
}

// Kinds lists all kinds.
func Kinds() []Kind {
	out := make([]Kind, len(kinds))
	for i, k := range kinds {
		out[i] = k.kind
	}
	return out
}

// Valid reports whether k is known.
func (k Kind) Valid() bool { return k.Name() != "" }

// Name is the English name, a key for translation; "" when unknown.
func (k Kind) Name() string {
	for _, x := range kinds {
		if x.kind == k {
			return x.name
		}
	}
	return ""
}

// State is where an event stands.
type State string

// The states. Only a draft is not public.
const (
	Draft     State = "draft"
	Proposed  State = "proposed"
	Confirmed State = "confirmed"
	Postponed State = "postponed"
	Moved     State = "moved"
	Cancelled State = "cancelled"
)

// states in the order in which forms offer them.
var states = [...]struct {
	state State
	name  string
}{
	{Draft, i18n.Mark("Draft")}, {Proposed, i18n.Mark("Proposed")}, {Confirmed, i18n.Mark("Confirmed")},
	{Postponed, i18n.Mark("Postponed")}, {Moved, i18n.Mark("Moved")}, {Cancelled, i18n.Mark("Cancelled")},
}

// Name is the English name of the state; "" when unknown.
func (s State) Name() string {
	for _, x := range states {
		if x.state == s {
			return x.name
		}
	}
	return ""
}

// Valid reports whether s is known.
func (s State) Valid() bool { return s.Name() != "" }

// Listed reports whether an event in this state is public.
func (s State) Listed() bool { return s != Draft }

// TakesSignUps reports whether people may sign up in this state.
func (s State) TakesSignUps() bool { return s == Proposed || s == Confirmed || s == Moved }

// Feature is one kind of access, stored as a bit: said to be there, said not to
// be there, or not said.
type Feature struct {
	Code string // as in addresses: access=step_free
	Name string // English
	bit  int64
}

// The order is the bit: never reorder, only append.
var features = [...]Feature{
	{"step_free", i18n.Mark("Step-free"), 1 << 0}, {"toilet", i18n.Mark("Accessible toilet"), 1 << 1},
	{"seating", i18n.Mark("Somewhere to sit"), 1 << 2}, {"sign_language", i18n.Mark("Sign language"), 1 << 3},
	{"hearing_loop", i18n.Mark("Hearing loop"), 1 << 4}, {"captions", i18n.Mark("Captions"), 1 << 5},
	{"quiet_space", i18n.Mark("Quiet space"), 1 << 6}, {"childcare", i18n.Mark("Childcare"), 1 << 7},
	{"interpreting", i18n.Mark("Interpreting"), 1 << 8}, {"free_entry", i18n.Mark("Free of charge"), 1 << 9},
}

// Features lists what can be said about access.
func Features() []Feature { return append([]Feature(nil), features[:]...) }

// Access is what is known about access.
type Access struct {
	Yes, No int64 // bits of [Feature]
	Note    string
}

// Has lists the features that are said to be there.
func (a Access) Has() []Feature { return pick(a.Yes) }

// Lacks lists the features that are said not to be there.
func (a Access) Lacks() []Feature { return pick(a.No) }

// Unknown reports that nothing was said at all.
func (a Access) Unknown() bool { return a.Yes == 0 && a.No == 0 && a.Note == "" }

func pick(bits int64) []Feature {
	var out []Feature
	for _, f := range features {
		if bits&f.bit != 0 {
			out = append(out, f)
		}
	}
	return out
}

// Where is the place of an event. Point is set when HasPoint; Precise says how
// exactly it is known.
type Where struct {
	Place, Address            string
	Locality, Region, Country string
	Point                     geo.Point
	HasPoint                  bool
	Precise                   geo.Precision
	OnlineURL                 string
	Directions                string // to an exact place that the reader may know; never stored here
}

// Label is the place in one line, as exact as it is known.
func (w Where) Label() string {
	s := w.Place
	for _, p := range []string{w.Address, w.Locality, w.Region} {
		if p == "" || p == s {
			continue
		}
		if s != "" {
			s += ", "
		}
		s += p
	}
	return s
}

// Event is one row.
type Event struct {
	Seq         int64
	AtKey       int64
	ID          id.Event
	Group       id.Group
	Source      string
	UID         string
	Title       string
	Description string // Markdown
	HTML        template.HTML
	Kind        Kind
	State       State
	Start, End  time.Time // UTC
	Zone        string
	AllDay      bool
	Where       Where
	Lang        string
	Access      Access
	Capacity    int // people; 0 is no limit
	Organizer   string
	SourceURL   string
	Picture     string
	PictureAlt  string
	Sequence    int
	hidden      bool      // with its group, which is suspended; see GroupSuspended
	WasStart    time.Time // before the last move; zero when never moved
	WasZone     string    // that WasStart was told in; "" when it is Zone
	WasAllDay   bool      // WasStart was told as a day
	WasPlace    string
	Campaign    id.Campaign
	Follows     int64 // what it takes from the campaign's template
	Created     time.Time
	Updated     time.Time

	// Said is the version that the texts were brought to; nil for the original.
	Said *Version
}

// Local is t in the zone of the event's place.
func (e *Event) Local(t time.Time) time.Time { return inZone(t, e.Zone) }

// Was is the start before the last move, in the zone that it was told in. It
// means something where WasStart is not zero.
func (e *Event) Was() time.Time { return inZone(e.WasStart, cmp.Or(e.WasZone, e.Zone)) }

// wasAt says when e began before it was moved, and how that was told. A zero start
// says that it was not moved.
func (e *Event) wasAt(start time.Time, zone string, allDay bool) {
	if start.IsZero() || zone == e.Zone {
		zone = ""
	}
	e.WasStart, e.WasZone, e.WasAllDay = start, zone, allDay && !start.IsZero()
}

func inZone(t time.Time, zone string) time.Time {
	loc, err := geo.LoadZone(zone)
	if err != nil {
		loc = time.UTC
	}
	return t.In(loc)
}

// Day is the local calendar day as yyyymmdd.
func (e *Event) Day() int { return day.Of(e.Local(e.Start)) }

// Past reports whether the event is over.
func (e *Event) Past(now time.Time) bool { return !e.End.After(now) }

// atKey orders by start, then by row. Starts are kept within 1970 to 2400, so
// the shifted seconds fit; the row keeps its low 28 bits.
func atKey(start time.Time, seq int64) int64 { return start.Unix()<<seqBits | seq&(1<<seqBits-1) }

const seqBits = 28

// keyFrom is the smallest key of an event that starts at t or later.
func keyFrom(t time.Time) int64 { return t.Unix() << seqBits }

// placeLabel is the town with its state and country, as the gazetteer reads it.
func placeLabel(w Where) string {
	p := geo.Place{Name: w.Locality, Region: w.Region, Country: w.Country, Point: w.Point, Precision: w.Precise}
	return p.Label()
}
