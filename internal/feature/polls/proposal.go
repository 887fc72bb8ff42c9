package polls

import (
	"html/template"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/fact"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// ID names a proposal.
type ID string

// State is where a proposal stands.
type State string

// The states. While a poll is open the text is frozen; an opinion poll and one on an
// amendment give it back to the discussion.
const (
	Draft     State = "draft"
	Discussed State = "discussed"
	Frozen    State = "frozen"
	Decided   State = "decided"
	Withdrawn State = "withdrawn"
)

// Text is what people decide about, with its languages and options.
type Text struct {
	Title, Lang, Body string
	Options           []string // to choose from; none is yes or no
}

// Proposal is one row.
type Proposal struct {
	ID    ID
	Form  string
	Group id.Group
	Wrote id.Person // "" when it is erased
	Text
	HTML     template.HTML
	State    State
	Public   bool // everybody may read it
	Effect   fact.Effect
	Subject  string // see [fact.PollDecided]
	Campaign id.Campaign
	Adopted  bool
	Version  int // of the text, the first is 1
	Sequence int
	Decided  time.Time // or withdrawn
	Ends     int       // day on which the discussion is erased, 0 is none yet
	Created  time.Time
	Updated  time.Time
}

// shown reports whether everybody may know of p, as long as its group is not
// suspended.
func (p *Proposal) shown() bool { return p.Public && p.State != Draft }

// open reports whether the text can still change.
func (p *Proposal) open() bool { return p.State == Draft || p.State == Discussed }

// talks reports whether something can still be said about it.
func (p *Proposal) talks() bool { return p.open() || p.State == Frozen }

func (p *Proposal) stateName() string {
	switch p.State {
	case Draft:
		return i18n.Mark("Draft")
	case Discussed:
		return i18n.Mark("In discussion")
	case Frozen:
		return i18n.Mark("Being voted on")
	case Withdrawn:
		return i18n.Mark("Withdrawn")
	case Decided:
	}
	if p.Adopted {
		return i18n.Mark("Adopted")
	}
	return i18n.Mark("Not adopted")
}

// How long a discussion is kept after the end, and how long a proposal may lie
// untouched before it counts as withdrawn.
const (
	keepDiscussion = 180
	maxUntouched   = 365
)

// effects are what a proposal can do, in the order of the form. subject says what
// must be typed, "" is nothing; campaign that one is needed.
var effects = [...]struct {
	code          fact.Effect
	name, subject string
	campaign      bool
}{
	{fact.EffectNone, i18n.Mark("It is noted, and no more"), "", false},
	{fact.EffectDemand, i18n.Mark("Demands of a campaign"), "", true},
	{fact.EffectMet, i18n.Mark("A demand is met, in part or whole, or withdrawn"), i18n.Mark("Number of the demand, and open, met, partly_met or withdrawn, such as 2:met"), true},
	{fact.EffectStep, i18n.Mark("A step of a campaign’s ladder opens"), i18n.Mark("Key of the step"), true},
	{fact.EffectHalt, i18n.Mark("A step of a campaign’s ladder halts"), i18n.Mark("Key of the step"), true},
	{fact.EffectDown, i18n.Mark("A campaign stands down"), "", true},
	{fact.EffectEndorse, i18n.Mark("The group endorses a campaign"), "", true},
	{fact.EffectDelegate, i18n.Mark("Delegates are elected"), i18n.Mark("Handle of the coalition, then if you like seat, mandate and last day, such as valley 1 bound 2027-05-31. The options are the handles of members."), false},
	{fact.EffectPart, i18n.Mark("A coalition parts with a member group"), i18n.Mark("Handle of the group. There are no options."), false},
	{fact.EffectTask, i18n.Mark("Somebody has a task"), i18n.Mark("Handle of the member, and a day if there is one, such as: sam 2027-05-08"), false},
	{fact.EffectVote, i18n.Mark("The group’s vote in a poll of a coalition"), i18n.Mark("Address of that poll"), false},
}

func effectOf(e fact.Effect) int {
	for i := range effects {
		if effects[i].code == e {
			return i
		}
	}
	return -1
}

// inside is what an actor is to a proposal.
type inside struct {
	role      authz.Role // of a delegate at least that of a member
	suspended bool
	ended     bool
	wrote     bool
}

func (i inside) subject() authz.Subject {
	return authz.Subject{Role: i.role, Suspended: i.suspended, Ended: i.ended}
}

// edits is what authz decides by whether somebody may change the text: who wrote it
// may what organizers may, as long as they belong to the group.
func (i inside) edits() authz.Subject {
	s := i.subject()
	if i.wrote && s.Role == authz.Member {
		s.Role = authz.Organizer
	}
	return s
}

// canonical is the text whose hash the record holds: all that people decide about, and
// what comes of it.
func (t *Text) canonical(tail string) string { return t.head() + t.Body + tail }

// head is what stands before the body.
func (t *Text) head() string {
	var b strings.Builder
	b.WriteString(t.Title + "\n\n")
	for _, o := range t.Options {
		b.WriteString("- " + o + "\n")
	}
	if len(t.Options) > 0 {
		b.WriteByte('\n')
	}
	return b.String()
}
