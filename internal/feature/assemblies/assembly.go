package assemblies

import (
	"html/template"
	"time"

	"convoke/internal/day"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// ID names an assembly.
type ID string

// State is where an assembly stands.
type State string

// The states. Off was called off, which everybody who knew of the call still sees.
const (
	Draft  State = "draft"
	Called State = "called"
	Open   State = "open"
	Closed State = "closed"
	Off    State = "off"
)

// name is the English name of the state.
func (s State) name() string {
	switch s {
	case Draft:
		return i18n.Mark("Draft")
	case Called:
		return i18n.Mark("Called")
	case Open:
		return i18n.Mark("Under way")
	case Closed:
		return i18n.Mark("Closed")
	case Off:
		return i18n.Mark("Called off")
	}
	return ""
}

// Over reports whether nothing happens in it any more.
func (s State) Over() bool { return s == Closed || s == Off }

// What minutes are.
const (
	MinutesDraft   = "draft"
	MinutesMembers = "members" // published for members
	MinutesPublic  = "public"
)

// uncounted is the number of people where nobody counted.
const uncounted = -1

// maxPeople bounds what is counted.
const maxPeople = 1_000_000

// Assembly is one row.
type Assembly struct {
	ID           ID
	Group        id.Group
	Form         string
	Title        string
	Lang         string // ISO 639
	About        string // Markdown
	HTML         template.HTML
	Place        string
	OnlineURL    string
	OnlineInside bool // only members see the link
	Starts, Ends time.Time
	Zone         string
	Notice       Notice // of the call; zero in drafts
	Public       bool
	FirstFirst   bool // who has not spoken yet speaks first
	Speak        int  // minutes for each who speaks; 0 is no limit
	People       int  // [uncounted] where nobody counted
	PeopleShown  bool
	State        State
	Facilitator  id.Person // "" while nobody took it
	NoteTaker    id.Person
	Version      int
	Step         int
	Sequence     int
	Timer        Timer // of the item
	Speaker      Timer
	Turn         int // of the last hand that went up
	Door         int
	Minutes      string
	Approved     time.Time // zero while minutes can be changed
	Erased       bool      // the key of its hands is destroyed
	Created      time.Time
	Updated      time.Time
}

// location is that of the place.
func (a *Assembly) location() *time.Location {
	if loc, err := geo.LoadZone(a.Zone); err == nil {
		return loc
	}
	return time.UTC
}

// Local is t on the clocks of the place.
func (a *Assembly) Local(t time.Time) time.Time { return t.In(a.location()) }

func (a *Assembly) url() string { return "/assemblies/" + string(a.ID) }

// listed reports whether everybody may know of it.
func (a *Assembly) listed() bool { return a.Public && a.State != Draft }

// draftsKept is how long minutes that nobody publishes are kept after the end.
const draftsKept = 30 * 24 * time.Hour

// closesAfter is how long after its end an assembly closes by itself, and with it
// goes who wanted to speak.
const closesAfter = 24 * time.Hour

// Notice is how far ahead an assembly is called: what the group asks for and what it
// was, in days on the calendar of the place.
type Notice struct {
	Asked, Ahead int
	Urgent       bool
}

// noticeOf is the notice of a call that is made now.
func noticeOf(asked int, urgent bool, now, starts time.Time, loc *time.Location) Notice {
	n := Notice{Asked: asked, Ahead: daysBetween(day.Of(now.In(loc)), day.Of(starts.In(loc)))}
	n.Urgent = urgent && n.Ahead < n.Asked
	return n
}

// daysBetween counts the days from one day to another.
func daysBetween(from, to int) int {
	return int(day.Time(to).Sub(day.Time(from)).Hours() / 24)
}

// check refuses a call that is later than the group asks for.
func (n Notice) check() error {
	if n.Ahead >= n.Asked || n.Urgent {
		return nil
	}
	return fault.Invalid(fault.Field("urgent", "assembly.notice",
		"Your group asks for {days} days of notice, and this is {ahead}. Choose a later day, or mark the call as urgent: the page will say so.",
		"days", n.Asked, "ahead", max(n.Ahead, 0)))
}

// Timer counts down to a moment of the server's clock, or rests.
type Timer struct {
	Ends time.Time     // zero while it rests
	Left time.Duration // while it rests
}

// timerOf starts at now for some minutes; none is no timer.
func timerOf(now time.Time, minutes int) Timer {
	if minutes <= 0 {
		return Timer{}
	}
	return Timer{Ends: now.Add(time.Duration(minutes) * time.Minute)}
}

// Runs reports whether it counts down.
func (t Timer) Runs() bool { return !t.Ends.IsZero() }

// Set reports whether there is something to count.
func (t Timer) Set() bool { return t.Runs() || t.Left != 0 }

// turn stops it, or goes on with what is left. What is left is less than nothing
// when the time is over.
func (t Timer) turn(now time.Time) Timer {
	if t.Runs() {
		return Timer{Left: t.Ends.Sub(now).Truncate(time.Second)}
	}
	if t.Left == 0 {
		return t
	}
	return Timer{Ends: now.Add(t.Left)}
}

// add gives further minutes.
func (t Timer) add(minutes int) Timer {
	d := time.Duration(minutes) * time.Minute
	if t.Runs() {
		return Timer{Ends: t.Ends.Add(d)}
	}
	return Timer{Left: t.Left + d}
}
