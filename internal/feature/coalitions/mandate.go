package coalitions

import (
	"html/template"
	"strconv"
	"strings"
	"time"

	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// How long things of mandates last.
const (
	// longestTerm is the most that a mandate lasts before the group chooses anew.
	longestTerm = 2 // years
	// standInFor is how long an alternate stands in at most.
	standInFor = 90 * 24 * time.Hour
	// keepEnded is how long a mandate that ended can still be read.
	keepEnded = 30 * 24 * time.Hour
)

// Kinds of mandates.
const (
	Free    = "free"
	Advised = "advised"
	Bound   = "bound"
)

var mandates = [...]struct{ code, name, short, hint string }{
	{Free, i18n.Mark("Free mandate"), i18n.Mark("Free"), i18n.Mark("They decide by themselves.")},
	{Advised, i18n.Mark("Advised mandate"), i18n.Mark("Advised"), i18n.Mark("The group advises, they decide.")},
	{Bound, i18n.Mark("Bound mandate"), i18n.Mark("Bound"), i18n.Mark("They vote as the group has decided on a proposal.")},
}

func mandateName(code string) string {
	for _, m := range mandates {
		if m.code == code {
			return m.name
		}
	}
	return ""
}

// SeatState is where a mandate stands.
type SeatState string

// The states.
const (
	Asked SeatState = "asked" // chosen, and has not accepted yet
	Holds SeatState = "holds"
	Ended SeatState = "ended"
)

// Delegate is somebody's mandate on one seat of a group in a coalition.
type Delegate struct {
	ID               string
	Coalition        id.Group
	Group            id.Group
	Seat             int // from 1
	Form             string
	Person           id.Person // "" when the account is gone
	Handle           string    // of the person
	Alternate        id.Person // "" is nobody
	AlternateHandle  string
	AlternateOK      bool // the alternate accepted
	Mandate          string
	Instructions     string // Markdown
	InstructionsHTML template.HTML
	Everybody        bool // may read the instructions
	StandsIn         bool // an alternate, until a new delegate is chosen
	State            SeatState
	Since            time.Time // zero before it was accepted
	Until            time.Time
}

// counts reports whether the mandate counts at a moment.
func (d *Delegate) counts(now time.Time) bool { return d.State == Holds && now.Before(d.Until) }

// standIn is the mandate of the alternate when d ends, if there is one who accepted.
func (d *Delegate) standIn(newID string, now time.Time) (Delegate, bool) {
	if d.Alternate == "" || !d.AlternateOK || d.State != Holds {
		return Delegate{}, false
	}
	x := *d
	x.ID, x.Form, x.Person, x.Handle, x.StandsIn = newID, newID, d.Alternate, d.AlternateHandle, true
	x.Alternate, x.AlternateHandle, x.AlternateOK = "", "", false
	x.Since, x.Until = now, now.Add(standInFor)
	return x, true
}

// renew is d with the terms of a later appointment of the same person.
func (d *Delegate) renew(by *Delegate) Delegate {
	x := *d
	x.Mandate, x.Instructions, x.InstructionsHTML, x.Everybody, x.Until, x.StandsIn = by.Mandate, by.Instructions, by.InstructionsHTML, by.Everybody, by.Until, false
	if x.Alternate != by.Alternate {
		x.Alternate, x.AlternateHandle, x.AlternateOK = by.Alternate, by.AlternateHandle, by.AlternateOK
	}
	return x
}

// endOf is the end of a day in a zone, however long that day is there.
func endOf(day time.Time, zone string) time.Time {
	loc, err := geo.LoadZone(zone)
	if err != nil {
		loc = time.UTC
	}
	return time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, loc).UTC()
}

// lastDay is the last day of a mandate on the clocks of a zone.
func lastDay(until time.Time, zone string) time.Time {
	loc, err := geo.LoadZone(zone)
	if err != nil {
		loc = time.UTC
	}
	return until.Add(-time.Microsecond).In(loc)
}

// Subject is what a poll on delegates is about: the coalition, and, each only with
// the ones before it, the first seat, the kind of mandate and its last day.
type Subject struct {
	Coalition id.Group
	Seat      int    // 0 is the first that is free
	Mandate   string // Free when it is not said
	Day       string // 2027-05-31; "" is a year from the decision
}

// String is the subject as [ParseSubject] reads it.
func (s Subject) String() string {
	out := string(s.Coalition)
	if s.Seat > 0 || s.Mandate != "" || s.Day != "" {
		out += " " + strconv.Itoa(s.Seat)
	}
	if s.Mandate != "" || s.Day != "" {
		m := s.Mandate
		if m == "" {
			m = Free
		}
		out += " " + m
	}
	if s.Day != "" {
		out += " " + s.Day
	}
	return out
}

// ParseSubject reads [fact.PollDecided.Subject] of the effect "delegate".
func ParseSubject(text string) (Subject, bool) {
	f := strings.Split(text, " ")
	if len(f) > 4 || !id.Valid(f[0]) {
		return Subject{}, false
	}
	s := Subject{Coalition: id.Group(f[0]), Mandate: Free}
	if len(f) > 1 {
		n, err := strconv.Atoi(f[1])
		if err != nil || n < 0 || n > MaxSeats {
			return Subject{}, false
		}
		s.Seat = n
	}
	if len(f) > 2 {
		if mandateName(f[2]) == "" {
			return Subject{}, false
		}
		s.Mandate = f[2]
	}
	if len(f) > 3 {
		if _, err := time.Parse(time.DateOnly, f[3]); err != nil {
			return Subject{}, false
		}
		s.Day = f[3]
	}
	return s, true
}
