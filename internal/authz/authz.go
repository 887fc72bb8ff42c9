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
	StartGroup     Action = "start a group"
	EditGroup      Action = "edit a group"
	InviteMember   Action = "invite a member"
	InviteSteward  Action = "invite an organizer or steward"
	SeeMembers     Action = "see a group's members"
	ChangeRole     Action = "change a role"
	CreateEvent    Action = "create an event"
	EditEvent      Action = "edit an event"
	SeeDraft       Action = "see a draft"
	SeeNumbers     Action = "see an event's numbers"
	AddEstimate    Action = "add a turnout estimate"
	InviteOperator Action = "invite an operator"
	SuspendGroup   Action = "suspend a group"
	ImportEvents   Action = "import events"
)

// needs is the role that an action takes in the group concerned. Actions that
// are absent here belong to the node, not to a group.
var needs = map[Action]Role{
	EditGroup: Steward, InviteMember: Organizer, InviteSteward: Steward,
	SeeMembers: Steward, ChangeRole: Steward, CreateEvent: Organizer,
	EditEvent: Organizer, SeeDraft: Member, SeeNumbers: Organizer, AddEstimate: Organizer,
}

// Subject is what the action is done to, as far as the decision needs it.
type Subject struct {
	// Role is the actor's role in the group that owns the thing.
	Role Role
	// Suspended says that the group may not act.
	Suspended bool
}

// May decides. An operator keeps the node and has no power inside groups but to
// suspend them: nobody is in charge of all.
func May(a Actor, do Action, s Subject) bool {
	if a.Visitor() {
		return false
	}
	switch do {
	case StartGroup:
		return true
	case InviteOperator, SuspendGroup, ImportEvents:
		return a.Operator
	}
	need, ok := needs[do]
	if !ok || !s.Role.AtLeast(need) {
		return false
	}
	return !s.Suspended || do == SeeDraft || do == SeeNumbers || do == SeeMembers
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
	}
	return fault.Forbidden("authz.forbidden", "Your role does not allow this.")
}

// MayKnow decides whether the actor may learn that a thing exists. listed
// things are public; the others are for those who may see drafts of the group.
func MayKnow(a Actor, listed bool, s Subject) bool {
	return listed && !s.Suspended || May(a, SeeDraft, s)
}
