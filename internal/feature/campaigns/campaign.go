package campaigns

import (
	"html/template"
	"strconv"
	"strings"
	"time"

	"convoke/internal/day"
	"convoke/internal/handle"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/version"
)

// State is where a campaign stands.
type State string

// The states. A draft is known to its owners only; an ended campaign stays
// readable and takes nothing new.
const (
	Draft State = "draft"
	Open  State = "open"
	Ended State = "ended"
)

var states = [...]struct {
	state State
	name  string
}{{Draft, i18n.Mark("Draft")}, {Open, i18n.Mark("Open")}, {Ended, i18n.Mark("Ended")}}

// Name is the English name of the state; "" when unknown.
func (s State) Name() string {
	for _, x := range states {
		if x.state == s {
			return x.name
		}
	}
	return ""
}

// Public reports whether everybody may know of a campaign in this state.
func (s State) Public() bool { return s != Draft }

// Text is what a campaign says in one language.
type Text struct {
	Lang      string // BCP 47
	Title     string
	Statement string // Markdown
	HTML      template.HTML
	// Credit is who translated, as they want to be named; Of the hash of the
	// original then, "" of the original itself and where it is not known.
	Credit, Of string
}

// hash names what the text says.
func (t *Text) hash() string { return version.Hash(t.Title, t.Statement) }

// older reports whether the original was changed since t was made of it.
func (t *Text) older(original *Text) bool { return version.Meta{Of: t.Of}.Older(original.hash()) }

// Span is a day, or the days from First to Last, each as yyyymmdd.
type Span struct{ First, Last int }

// Campaign is one row.
type Campaign struct {
	ID      id.Campaign
	Handle  string
	Form    string // the key of the form that made it
	Text    Text   // in the language in which it was written
	Dates   []Span // in order; none when nothing is fixed yet
	Picture string
	Alt     string // what the picture shows
	State   State
	// Points and Template are the versions that count, 0 when there is none.
	Points, Template int
	Sequence         int
	Created, Updated time.Time
	shown            bool  // as stored: everybody may know of it
	was              State // as stored
}

// First and last day over all dates; 0 without dates.
func (c *Campaign) span() (first, last int) {
	for i, s := range c.Dates {
		if i == 0 || s.First < first {
			first = s.First
		}
		last = max(last, s.Last)
	}
	return first, last
}

// FirstDay is the first of the dates as 2026-11-28, "" when none is fixed.
func (c *Campaign) FirstDay() string {
	if first, _ := c.span(); first != 0 {
		return day.ISO(first)
	}
	return ""
}

// openEnded sorts campaigns without dates behind all others.
const openEnded = 99991231

// lastDay is the column that lists are ordered by.
func (c *Campaign) lastDay() int {
	if _, last := c.span(); last != 0 {
		return last
	}
	return openEnded
}

// writeDates and readDates are the column dates.
func writeDates(all []Span) string {
	var b strings.Builder
	for i, s := range all {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(strconv.Itoa(s.First))
		if s.Last != s.First {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(s.Last))
		}
	}
	return b.String()
}

func readDates(s string) []Span {
	var out []Span
	for part := range strings.FieldsSeq(s) {
		first, last, span := strings.Cut(part, "-")
		a, err := strconv.Atoi(first)
		if err != nil {
			continue
		}
		b := a
		if span {
			if b, err = strconv.Atoi(last); err != nil {
				continue
			}
		}
		out = append(out, Span{a, b})
	}
	return out
}

// handles are the rules for a campaign's handle, which stands in addresses.
func handles() handle.Rules { return handle.Rules{Reserved: []string{"campaigns", "mine"}} }

// OwnerState is where a group stands with a campaign that it may own.
type OwnerState string

// The states of an owner.
const (
	Asked OwnerState = "asked" // by an owner; the group has not answered
	Owns  OwnerState = "owns"
	Left  OwnerState = "left"
)

// Owner is one group's part in a campaign.
type Owner struct {
	Group id.Group
	State OwnerState
	Since int // yyyymmdd
}

// DemandState is where a demand stands.
type DemandState string

var demandStates = [...]struct {
	state DemandState
	name  string
}{
	{"open", i18n.Mark("Open")}, {"partly_met", i18n.Mark("Partly met")}, {"met", i18n.Mark("Met")},
	{"withdrawn", i18n.Mark("Withdrawn")},
}

// Name is the English name of the state; "" when unknown.
func (s DemandState) Name() string {
	for _, x := range demandStates {
		if x.state == s {
			return x.name
		}
	}
	return ""
}

// Demand is one numbered thing asked of an addressee.
type Demand struct {
	Number    int
	Body      string
	Addressee string
	State     DemandState
	History   []Change // oldest first
}

// Change is one step in the history of a demand.
type Change struct {
	State DemandState
	Note  string
	Day   int
	Poll  string // that decided it, "" for none
}

// Points are the points of unity in one version.
type Points struct {
	Version int
	Body    string // Markdown
	HTML    template.HTML
	Day     int
}

// Endorsement is a group's agreement to the points of unity.
type Endorsement struct {
	Group   id.Group
	Version int
	Day     int
}

// Template is what the local events of a campaign share, in one version. An
// empty field is left to each event.
type Template struct {
	Version     int
	Title, Kind string
	Description string // Markdown
	AccessNote  string
	Bring       string // Markdown
}

// Answer is what the owners said to an event that was proposed.
type Answer string

// The answers.
const (
	Waiting  Answer = "waiting"
	Accepted Answer = "accepted"
	Refused  Answer = "refused"
)
