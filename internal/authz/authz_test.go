package authz_test

import (
	"testing"

	"pgregory.net/rapid"

	"convoke/internal/authz"
	"convoke/internal/fault"
)

var actions = []authz.Action{
	authz.StartGroup, authz.EditGroup, authz.InviteMember, authz.InviteSteward, authz.SeeMembers, authz.ChangeRole,
	authz.CreateEvent, authz.EditEvent, authz.SeeDraft, authz.SeeNumbers, authz.AddEstimate, authz.PublishStatement, authz.ManageWebhooks, authz.InviteOperator,
	authz.SuspendGroup, authz.ImportEvents, authz.SeeInside, authz.AnswerRequest, authz.Announce,
	authz.MakeManager, authz.NameRoster, authz.SeeRoster, authz.SeeRosterLog,
	authz.JoinGroup, authz.StartCampaign, authz.EditCampaign, authz.SpeakForGroup, authz.StartPledge, authz.EditPledge, authz.CallAssembly, authz.AttendAssembly, authz.ProposeTranslation, authz.ReviewTranslation,
	authz.TakeTask, authz.RunTasks, authz.SeeSkills, authz.StillHere, authz.AskForHelm,
}

func TestVisitorsMayDoNothingHere(t *testing.T) {
	t.Parallel()
	for _, a := range actions {
		s := authz.Subject{Role: authz.Steward}
		if err := authz.Check(authz.Actor{}, a, s); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("%s: %v", a, err)
		}
	}
}

// The table of who may do what in a group, written out a second time.
func TestRoles(t *testing.T) {
	t.Parallel()
	want := map[authz.Role]string{
		authz.None:      "join a group|propose a translation",
		authz.Member:    "see a draft|see a group's inner pages|join a group|take part in an assembly|propose a translation|add, take or finish a task, offer skills, hear what is new|ask to take a quiet group on",
		authz.Organizer: "invite a member|create an event|edit an event|see a draft|see an event's numbers|add a turnout estimate|publish a statement|manage webhooks|see a group's inner pages|answer a request to join|tell the members of a group something|let somebody help with an event|join a group|start a campaign|edit a campaign|endorse, join or leave a campaign|start a pledge|edit a pledge|call an assembly|take part in an assembly|propose a translation|add, take or finish a task, offer skills, hear what is new|give or drop a task, write the newcomers' page|see who offers which skill|ask to take a quiet group on",
		authz.Steward: "edit a group|invite a member|invite an organizer or steward|see a group's members|change a role|" +
			"create an event|edit an event|see a draft|see an event's numbers|add a turnout estimate|publish a statement|manage webhooks|see a group's inner pages|answer a request to join|tell the members of a group something|" +
			"let somebody help with an event|name who may see sign-ups|see who looked at sign-ups|join a group|start a campaign|edit a campaign|endorse, join or leave a campaign|start a pledge|edit a pledge|call an assembly|take part in an assembly|propose a translation|add, take or finish a task, offer skills, hear what is new|give or drop a task, write the newcomers' page|see who offers which skill|say that a quiet group is still there|ask to take a quiet group on",
	}
	for role, list := range want {
		got := ""
		for _, a := range actions[1:] {
			if authz.May(authz.Actor{Person: "p"}, a, authz.Subject{Role: role}) {
				if got != "" {
					got += "|"
				}
				got += string(a)
			}
		}
		if got != list {
			t.Errorf("%q may %q, want %q", role, got, list)
		}
	}
}

// More role never means less; suspension never means more; an operator has no
// power inside a group.
func TestProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SampledFrom(actions).Draw(t, "action")
		low := rapid.SampledFrom(append(authz.Roles(), authz.None)).Draw(t, "low")
		high := rapid.SampledFrom(authz.Roles()).Draw(t, "high")
		who := authz.Actor{Person: "p", Operator: rapid.Bool().Draw(t, "operator")}
		susp := rapid.Bool().Draw(t, "suspended")
		if high.AtLeast(low) && authz.May(who, a, authz.Subject{Role: low}) && !authz.May(who, a, authz.Subject{Role: high}) {
			t.Fatalf("%s: %s may and %s may not", a, low, high)
		}
		if authz.May(who, a, authz.Subject{Role: low, Suspended: true}) && !authz.May(who, a, authz.Subject{Role: low}) {
			t.Fatalf("%s: suspension gave a right", a)
		}
		plain := who
		plain.Operator = false
		s := authz.Subject{Role: low, Suspended: susp}
		node := a == authz.InviteOperator || a == authz.SuspendGroup || a == authz.ImportEvents || a == authz.ReviewTranslation
		if !node && authz.May(who, a, s) != authz.May(plain, a, s) {
			t.Fatalf("%s: an operator differs inside a group", a)
		}
	})
}
