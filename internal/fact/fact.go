// Package fact holds what features tell each other: plain structs, emitted
// inside the transaction that made them true. A listener that returns an error
// undoes that transaction, so a listener can also veto.
package fact

import (
	"time"

	"convoke/internal/id"
)

// EventChanged says that an event was made or changed, as it is now.
type EventChanged struct {
	Event     id.Event
	Group     id.Group // "" when it was imported
	Capacity  int      // people; 0 is no limit
	State     string
	OpensTo   bool // takes sign-ups here
	Start     time.Time
	End       time.Time
	Zone      string // of the place
	Moved     bool   // time or place differ from what people signed up for
	Cancelled bool   // became cancelled just now
	Published bool   // became public just now
	Campaign  id.Campaign
}

// EventCopied says that an event was made as a further date of another one,
// which features may have set up: it gets the same, without anything personal.
// It comes behind the EventChanged of the new event.
type EventCopied struct {
	Event     id.Event
	From      id.Event
	Group     id.Group
	Start     time.Time
	FromStart time.Time
	Zone      string      // of the place: what begins at 18:00 there does so again
	Campaign  id.Campaign // that From is part of
}

// SignUpCancelled says that a sign-up is about to be removed, and with it all
// rows that refer to it. Hash is of its secret.
type SignUpCancelled struct {
	Event id.Event
	Hash  []byte
}

// SignUpChanged says that a sign-up is of another size, or has a place now.
type SignUpChanged struct {
	Event id.Event
	Hash  []byte
	Party int
	Place bool
}

// SignUpsExpired says that all sign-ups of an event are about to be removed,
// because it has been over for long enough.
type SignUpsExpired struct{ Event id.Event }

// ProgrammeChanged says how many an event needs in each role now. Field is of the
// form, for what is said of a role that has none itself.
type ProgrammeChanged struct {
	Event id.Event
	Roles []RoleNeeded
	Field string
}

// RoleNeeded is one role: a code of the program, or a name that the group gave
// it. Field is where its number was typed. Nobody is needed when People is 0.
type RoleNeeded struct {
	Code, Name, Field string
	People            int
}

// PlaceChanged says that where exactly an event is has changed for those who
// signed up for it.
type PlaceChanged struct{ Event id.Event }

// GroupChanged says that a group says something else of itself.
type GroupChanged struct{ Group id.Group }

// StatementPublished says that a statement became public.
type StatementPublished struct {
	Statement string
	Group     id.Group
}

// CampaignShown says that everybody may know of a campaign now, or no longer.
type CampaignShown struct {
	Campaign id.Campaign
	Shown    bool
}

// CampaignEnded says that a campaign has ended, or goes on after all.
type CampaignEnded struct {
	Campaign id.Campaign
	Ended    bool
}

// GroupSuspended says that a group may no longer act, or may again.
type GroupSuspended struct {
	Group     id.Group
	Suspended bool
}

// MemberLeft says that somebody is no longer a member of a group.
type MemberLeft struct {
	Group  id.Group
	Person id.Person
}

// GroupEnded says that a group has ended its work, or goes on after all. Its
// events and texts stay public.
type GroupEnded struct {
	Group id.Group
	Ended bool
}

// GroupCleared says that a group ended its work long enough ago: what only
// served its members is deleted, and so must be what others hold for them.
type GroupCleared struct{ Group id.Group }

// EventProposed says that an organizer wants their group's event to be part of
// a campaign.
type EventProposed struct {
	Event    id.Event
	Group    id.Group
	Campaign string // its handle
	By       id.Person
}

// PetitionReached says that a stage of a petition was reached. It is never taken back.
type PetitionReached struct {
	Petition string
	Group    id.Group
	Campaign id.Campaign // "" is none
	Goal     uint64
	Count    uint64
	At       time.Time
}

// PetitionDelivered says that a petition was handed to whom it asks. ReplyBy is the
// day until which a reply is awaited; zero is no day.
type PetitionDelivered struct {
	Petition string
	Group    id.Group
	Campaign id.Campaign
	Day      time.Time
	ReplyBy  time.Time
}

// PetitionAnswered says that a petition has its official reply.
type PetitionAnswered struct {
	Petition string
	Group    id.Group
	Campaign id.Campaign
	Refused  bool
}

// PetitionSilent says that the day has passed until which a reply was awaited.
type PetitionSilent struct {
	Petition string
	Group    id.Group
	Campaign id.Campaign
	ReplyBy  time.Time
	At       time.Time // since when it is so
}

// PledgeReached says that so many people have pledged that it happens: all
// together, when Part is -1, or in one place or group. It is never taken back.
type PledgeReached struct {
	Pledge string
	Part   int
	People int
}

// PledgeMissed says that a pledge had not enough people at its deadline, in no place
// and no group.
type PledgeMissed struct{ Pledge string }

// TurnoutPublished says what sources say now of how many came to an event: the
// range of its fullest day.
type TurnoutPublished struct {
	Event     id.Event
	Campaign  id.Campaign // "" is none
	Low, High int
}

// MandateEnded says that somebody no longer speaks for a group in a coalition: the
// group recalled them, the term is over, or the group left. What they said there
// and what was not counted yet goes with it.
type MandateEnded struct {
	Coalition id.Group
	Group     id.Group
	Seat      string // id of the delegate's row
	Person    id.Person
	At        time.Time // may be some seconds ago
}

// Effect is what a proposal does when it is adopted.
type Effect string

// The effects. What each of them is done to is [PollDecided.Subject].
const (
	EffectNone     Effect = ""         // it is noted, and no more
	EffectDemand   Effect = "demand"   // the campaign's demands become the winners
	EffectMet      Effect = "met"      // a demand is met, in part or whole, or withdrawn
	EffectStep     Effect = "step"     // a step of a ladder opens
	EffectHalt     Effect = "halt"     // a step of a ladder halts
	EffectDown     Effect = "down"     // the campaign stands down
	EffectDelegate Effect = "delegate" // the winners become delegates
	EffectPart     Effect = "part"     // the coalition parts with a member group
	EffectEndorse  Effect = "endorse"  // the group endorses a campaign
	EffectTask     Effect = "task"     // somebody has something to do
	EffectVote     Effect = "vote"     // the group's vote in another poll
)

// PollDecided says what came out of a poll, when it has closed and was counted. It
// is never taken back.
type PollDecided struct {
	Poll     string
	Proposal string // that it was about
	Group    id.Group
	Campaign id.Campaign // "" is none
	Title    string
	Effect   Effect
	Subject  string   // what the effect is about; its form is the effect's
	Options  []string // as they stood on the ballot
	Winners  []int    // indexes of options, the first first; none when not adopted
	// Candidates are what the options name, as it was when the poll opened: accounts where
	// delegates are elected, demands that were put forward; "" is nothing.
	Candidates []string
	Adopted    bool
	By         id.Person // who opened it
	At         time.Time
}

// ProposalWithdrawn says that a proposal was withdrawn, or that nobody has touched it for
// so long that it counts as that.
type ProposalWithdrawn struct{ Proposal string }

// Obstacle is why something that a poll decides cannot be done.
type Obstacle string

// The obstacles.
const (
	Unclear     Obstacle = "subject"       // nobody can read what it is to be done to
	NotOwner    Obstacle = "not_owner"     // the group does not own the campaign
	NotOpen     Obstacle = "not_open"      // the campaign is not open
	ManyDemands Obstacle = "many_demands"  // the campaign has as many as it can have
	NoDemand    Obstacle = "demand_number" // the campaign has no demand of that number
	NoStep      Obstacle = "no_step"       // no ladder with that step is published
	StepOver    Obstacle = "step_over"     // the step is met or has lapsed
	IsDown      Obstacle = "is_down"       // the campaign has stood down
	NoCoalition Obstacle = "no_coalition"  // the group does not belong to it, or it is over
	NoSeat      Obstacle = "no_seat"       // the group has no such seat, or none that is free
	WrongTerm   Obstacle = "term"          // the last day is over, or too far away
	LeftGroup   Obstacle = "left_group"    // who was elected is no member any more
	SitsAlready Obstacle = "sits_already"  // who was elected has another seat there
	NotInvolved Obstacle = "not_involved"  // the group does not belong to the coalition
)

// NotCarriedOut says that something that a poll decided could not be done, wholly or for
// one option.
type NotCarriedOut struct {
	Poll   string
	Why    Obstacle
	Option string // "" is all of it
}

// TaskGiven says that somebody in a group has taken something on.
type TaskGiven struct {
	Group id.Group
	Title string
	Note  string // where it comes from, as Markdown
	Owner id.Person
	Until time.Time // zero is no day
	From  string    // address of the page where it was decided
	By    id.Person
}

// DemandsStand says where the demands of a campaign stand, when one of them has changed:
// how many are met, and how many are neither met nor withdrawn. Poll is the one that
// decided so, "" for none.
type DemandsStand struct {
	Campaign  id.Campaign
	Open, Met int
	Poll      string
}

// LadderMoved says that a step of a campaign's ladder is in another state now.
type LadderMoved struct {
	Campaign id.Campaign
	Step     string
	Title    string
	State    string // "waiting" again, "open", "met", "lapsed" or "halted"
	Reason   string // code of what moved it
	At       time.Time
}

// CampaignDown says that a campaign has stood down, because its demands are met or
// because it was decided.
type CampaignDown struct {
	Campaign id.Campaign
	Reason   string // "met" or "decided"
	At       time.Time
}

// CampaignBack says that a campaign that had stood down goes on.
type CampaignBack struct{ Campaign id.Campaign }

// AlertKind is what an alert does to its chain.
type AlertKind string

// The kinds. Each but the first follows another alert, and is of its chain.
const (
	AlertNew      AlertKind = "alert"
	AlertUpdate   AlertKind = "update"   // more is known, or it goes on
	AlertCorrect  AlertKind = "correct"  // something was wrong
	AlertWithdraw AlertKind = "withdraw" // it was a mistake altogether
	AlertClear    AlertKind = "clear"    // it is over
)

// AlertSent says that a verified alert goes out: to those who subscribed to one of its
// cells and to its category, and, when it follows others, to all whom those reached.
type AlertSent struct {
	Alert    string // id
	Chain    string // id of the first of its chain
	Kind     AlertKind
	Drill    bool
	Category string
	Cells    []int64 // of the grid, see geo.GridCell
	Expires  time.Time
}
