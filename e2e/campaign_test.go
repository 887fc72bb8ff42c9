package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestCampaign is journey 4 on one node: an organizer calls a campaign, somebody
// without a group would host an event under it, the organizer approves, and
// everybody finds it.
func TestCampaign(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, noScript bool, o ServerOptions) {
		s := Server(t, o)
		p := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 320, Height: 700})
		q := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 1280, Height: 900})
		p.Goto(s.SetupLink(t))
		p.answerSetUp(t)
		startGroup(t, p)
		p.ClickRole("link", "Start a campaign")
		p.sound(t)
		p.Fill("Title", "Day of care")
		p.Fill("Handle", "day-of-care")
		p.Fill("Dates (optional)", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
		p.ClickRole("button", "Start the campaign")
		p.hasStatus(t, 200)
		p.sound(t)
		p.ClickRole("link", "Demands")
		p.Fill("What you demand", "Benches at each stop")
		p.Fill("Of whom", "The town council")
		p.ClickRole("button", "Add the demand")
		p.HasText("Demand 1")
		p.sound(t)
		p.ClickRole("link", "Back to the campaign")
		p.ClickRole("link", "What all events share")
		p.Fill("What it is about (optional)", "Bring gloves.")
		p.ClickRole("button", "Save")
		p.hasStatus(t, 200)

		q.Goto("/campaigns")
		q.sound(t)
		q.ClickRole("link", "Day of care")
		q.HasText("Benches at each stop")
		q.sound(t)
		q.ClickRole("link", "Host an event")
		q.sound(t)
		q.submitAsIs(t, "Propose the event")
		q.hasStatus(t, 422)
		q.Fill("Town or postcode", "Leipzig")
		q.Fill("Place (optional)", "Old pier")
		q.Fill("Starts", "10:00")
		q.ClickRole("button", "Propose the event")
		q.HasText("It waits for an answer.")
		q.sound(t)
		answer := q.Path()

		p.Goto("/campaigns/day-of-care")
		p.ClickRole("link", "Proposed events")
		p.HasText("Old pier")
		p.sound(t)
		p.ClickRole("button", "Approve and publish")
		p.HasText("Nothing waits for an answer.")

		q.Goto(answer)
		q.HasText("It is part of the campaign.")
		q.ClickRole("link", "See the event")
		q.HasText("Bring gloves.")
		q.ClickRole("link", "Day of care")
		q.HasText("Old pier")
		q.sound(t)
		secondGroup(t, p, q)
	})
}

// secondGroup: another group is asked to own the campaign, agrees, follows the
// table of towns to the place where it could host, publishes an event of its own
// and leaves; its event stays.
func secondGroup(t *testing.T, p, visitor *Page) {
	t.Helper()
	const campaign = "/campaigns/day-of-care"
	p.Goto("/groups/canal-street/invitations")
	p.Check("Organizer Publishes events.", true)
	p.ClickRole("button", "Make a link")
	p.hasStatus(t, 200)
	r := Browser(t, PageOptions{Base: p.o.Base, NoScript: p.o.NoScript, Width: 390, Height: 844})
	r.Goto(p.Text("#link"))
	r.Fill("Choose a handle", "sasha")
	r.ClickRole("button", "Join")
	r.hasStatus(t, 200)
	r.writeDown(t)
	r.Goto("/groups/canal-street/leave")
	r.ClickRole("button", "Leave")
	r.hasStatus(t, 200)
	r.Goto("/groups/new")
	r.Fill("Name", "Bridge Kitchen")
	r.Fill("Handle", "bridge-kitchen")
	r.Fill("Town (optional)", "Dresden, Germany")
	r.ClickRole("button", "Start the group")
	r.hasStatus(t, 200)

	p.Goto(campaign + "/groups")
	p.sound(t)
	p.Fill("Ask another group", "bridge-kitchen")
	p.ClickRole("button", "Ask")
	p.HasText("Asked, no answer yet")
	p.sound(t)
	visitor.Goto(campaign)
	visitor.HasNoText("Bridge Kitchen") // nobody owns a campaign unasked
	r.Goto(campaign)
	r.ClickRole("link", "Own, endorse or leave")
	r.ClickRole("button", "Yes, own it with them")
	r.HasText("Your group owns this campaign with the others.")
	r.sound(t)
	visitor.comesBack(t, campaign, "Bridge Kitchen")

	r.comesBack(t, campaign+"/places", "No event yet")
	r.sound(t)
	r.Goto(r.Attr("tbody td a", "href"))
	r.hasStatus(t, 200)
	if got := r.Value("Town or postcode"); !strings.HasPrefix(got, "Dresden") {
		t.Errorf("the form is filled in with %q", got)
	}
	r.ClickRole("link", "New event of Bridge Kitchen")
	r.hasStatus(t, 200)
	r.Fill("Title", "Care by the bridge")
	r.Fill("Day", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
	r.Fill("Starts (optional)", "11:00")
	r.ClickRole("button", "Publish")
	r.hasStatus(t, 200)
	r.sound(t)
	visitor.comesBack(t, campaign, "Care by the bridge")
	visitor.HasText("Events 2 Towns 2")
	visitor.comesBack(t, campaign+"/places", "2 events so far")
	visitor.HasNoText("No event yet")

	r.Goto(campaign)
	r.ClickRole("link", "Publish an update as Bridge Kitchen")
	r.sound(t)
	r.Fill("Title", "Two towns are in")
	r.Fill("Text", "We **bring** the soup.")
	r.ClickRole("button", "Save")
	r.hasStatus(t, 200)
	r.HasText("Day of care")
	r.sound(t)
	visitor.comesBack(t, campaign, "Two towns are in")
	visitor.ClickRole("link", "Two towns are in")
	visitor.HasText("We bring the soup.")
	visitor.sound(t)

	r.Goto(campaign + "/groups")
	r.ClickRole("button", "Leave the campaign")
	r.HasNoText("Your group owns this campaign")
	r.sound(t)
	p.Goto(campaign)
	p.HasText("Care by the bridge")
	p.HasText("Two towns are in")
	if got := fetch(t, p.o.Base+"/api/v1"+campaign).body; strings.Contains(got, "bridge-kitchen") || !strings.Contains(got, "canal-street") {
		t.Errorf("after one has left, the campaign is %s", got)
	}
}
