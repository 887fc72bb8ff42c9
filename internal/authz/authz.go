// Package authz answers the two questions of every request: may this actor do
// this to that, and may this actor know that this exists.
//
// It is pure: features load the facts (who the actor is, which role they hold
// in the group that owns the thing) and ask here. To those who may not know, a
// thing is absent: features return the same fault as for an id that never was.
package authz

import (
	"convoke/internal/fault"
	"convoke/internal/id"
)

// Actor is who asks. The zero Actor is a visitor without an account.
type Actor struct {
	Person   id.Person
	Handle   string
	Operator bool
}

// Visitor reports whether the actor has no account.
func (a Actor) Visitor() bool { return a.Person == "" }

// Role is a person's place in one group. Each includes those below it.
type Role string

// The roles of a group, from none to the most.
const (
	None      Role = ""
	Member    Role = "member"
	Organizer Role = "organizer"
	Steward   Role = "steward"
)

// Roles that can be given, lowest first.
func Roles() []Role { return []Role{Member, Organizer, Steward} }

func (r Role) rank() int {
	for i, x := range Roles() {
		if r == x {
			return i + 1
		}
	}
	return 0
}

// AtLeast reports whether r includes other.
func (r Role) AtLeast(other Role) bool { return r.rank() >= other.rank() }

// Valid reports whether r is a role that can be given.
func (r Role) Valid() bool { return r.rank() > 0 }

// Action is something an actor wants to do.
type Action string

// The actions.
const (
	StartGroup       Action = "start a group"
	JoinGroup        Action = "join a group"
	SeeInside        Action = "see a group's inner pages"
	AnswerRequest    Action = "answer a request to join"
	Announce         Action = "tell the members of a group something"
	EditGroup        Action = "edit a group"
	InviteMember     Action = "invite a member"
	InviteSteward    Action = "invite an organizer or steward"
	SeeMembers       Action = "see a group's members"
	ChangeRole       Action = "change a role"
	CreateEvent      Action = "create an event"
	EditEvent        Action = "edit an event"
	SeeDraft         Action = "see a draft"
	SeeNumbers       Action = "see an event's numbers"
	AddEstimate      Action = "add a turnout estimate"
	PublishStatement Action = "publish a statement"
	RunPetition      Action = "run a petition"
	StartCampaign    Action = "start a campaign"
	EditCampaign     Action = "edit a campaign"
	SpeakForGroup    Action = "endorse, join or leave a campaign"
	StartPledge      Action = "start a pledge"
	EditPledge       Action = "edit a pledge"
	Propose          Action = "propose something to a group"
	Discuss          Action = "discuss a proposal"
	EditProposal     Action = "edit a proposal"
	RunPoll          Action = "run a poll"
	CallAssembly     Action = "call an assembly"
	AttendAssembly   Action = "take part in an assembly"
	ManageWebhooks   Action = "manage webhooks"
	InviteOperator   Action = "invite an operator"
	SuspendGroup     Action = "suspend a group"
	EndGroup         Action = "end a group's work, or go on"
	MoveGroup        Action = "say where a group is now"
	ExportGroup      Action = "take a group's archive"
	ImportEvents     Action = "import events"

	MakeManager  Action = "let somebody help with an event"
	NameRoster   Action = "name who may see sign-ups"
	SeeRoster    Action = "see the sign-ups of an event"
	SeeRosterLog Action = "see who looked at sign-ups"

	TakeTask   Action = "add, take or finish a task, offer skills, hear what is new"
	RunTasks   Action = "give or drop a task, write the newcomers' page"
	SeeSkills  Action = "see who offers which skill"
	StillHere  Action = "say that a quiet group is still there"
	AskForHelm Action = "ask to take a quiet group on"

	RunNetwork  Action = "run an alert network, name its verifiers"
	VerifyAlert Action = "verify reports, send and withdraw alerts"

	ProposeTranslation Action = "propose a translation"
	ReviewTranslation  Action = "review translations"
)

// needs is the role that an action takes in the group concerned. Actions that
// are absent here belong to the node, not to a group.
var needs = map[Action]Role{
	SeeInside: Member, AnswerRequest: Organizer, Announce: Organizer,
	EditGroup: Steward, InviteMember: Organizer, InviteSteward: Steward,
	SeeMembers: Steward, ChangeRole: Steward, CreateEvent: Organizer,
	EditEvent: Organizer, SeeDraft: Member, SeeNumbers: Organizer, AddEstimate: Organizer,
	PublishStatement: Organizer, ManageWebhooks: Organizer, RunPetition: Organizer,
	StartCampaign: Organizer, EditCampaign: Organizer, SpeakForGroup: Organizer,
	StartPledge: Organizer, EditPledge: Organizer,
	Propose: Member, Discuss: Member, EditProposal: Organizer, RunPoll: Organizer,
	CallAssembly: Organizer, AttendAssembly: Member,
	MakeManager: Organizer, NameRoster: Steward, SeeRosterLog: Steward,
	EndGroup: Steward, MoveGroup: Steward, ExportGroup: Steward,
	RunNetwork: Steward,
	TakeTask:   Member, RunTasks: Organizer, SeeSkills: Organizer, StillHere: Steward, AskForHelm: Member,
}

// managers are what the manager of one event may do to it. SeeRoster and
// VerifyAlert are in neither table: no role brings them, only being named.
var managers = map[Action]bool{EditEvent: true, SeeDraft: true, SeeNumbers: true, AddEstimate: true}

// Subject is what the action is done to, as far as the decision needs it.
type Subject struct {
	// Role is the actor's role in the group that owns the thing.
	Role Role
	// Suspended says that the group may not act. What was granted for one of its
	// events rests meanwhile.
	Suspended bool
	// Manages and Roster say that the actor was made a manager of this event, or
	// named as one who may see its sign-ups. Of anything but an event they are
	// false.
	Manages, Roster bool
	// Verifies says that the actor was named a verifier of the alert network. Of
	// anything else it is false.
	Verifies bool
	// Ended says that the group has ended its work: it can be read, and no more.
	Ended bool
}

// May decides. An operator keeps the node and has no power inside groups but to
// suspend them: nobody is in charge of all.
func May(a Actor, do Action, s Subject) bool {
	if a.Visitor() {
		return false
	}
	switch do {
	case StartGroup, ProposeTranslation:
		return true
	case JoinGroup: // on which terms is the group's to say
		return !s.Suspended && !s.Ended
	case InviteOperator, SuspendGroup, ImportEvents, ReviewTranslation:
		return a.Operator
	case SeeRoster: // rosters do not leave the group with a person
		return s.Roster && s.Role.AtLeast(Member) && !s.Suspended
	case VerifyAlert: // for the group that named them
		return s.Verifies && s.Role.AtLeast(Member) && !s.Suspended && !s.Ended
	}
	if !may(do, s) {
		return false
	}
	switch do {
	case SeeDraft, SeeInside, SeeNumbers, SeeMembers, ExportGroup:
		return true
	case EndGroup, MoveGroup:
		return !s.Suspended
	}
	return !s.Suspended && !s.Ended
}

// may decides by what the actor is to the group or the event, not yet by whether
// the group may act.
func may(do Action, s Subject) bool {
	if s.Manages && managers[do] && !s.Suspended {
		return true
	}
	need, ok := needs[do]
	return ok && s.Role.AtLeast(need)
}

// Check is [May] as a fault: visitors are asked to sign in, others are refused.
func Check(a Actor, do Action, s Subject) error {
	switch {
	case May(a, do, s):
		return nil
	case a.Visitor():
		return fault.Unauthenticated("authz.sign_in", "Please sign in first.")
	case s.Suspended:
		return fault.Forbidden("authz.suspended", "This group is suspended, so nothing can be changed in it.")
	case s.Ended && do != EndGroup && do != MoveGroup && do != ExportGroup:
		return fault.Forbidden("authz.ended", "This group has ended its work, so nothing can be changed in it.")
	}
	return fault.Forbidden("authz.forbidden", "Your role does not allow this.")
}

// MayKnow decides whether the actor may learn that a thing exists. listed
// things are public; the others are for those who may see drafts of the group.
func MayKnow(a Actor, listed bool, s Subject) bool {
	return listed && !s.Suspended || May(a, SeeDraft, s)
}
