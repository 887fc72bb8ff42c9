package e2e

import (
	"testing"
	"time"
)

// TestLadder is the way of a ladder: an organizer writes it with forms, is told what
// cannot be, tries what if, and publishes it; a visitor reads where it stands; a step is
// halted and goes on, and the campaign stands down and says so.
func TestLadder(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, noScript bool, o ServerOptions) {
		s := Server(t, o)
		p := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 320, Height: 700})
		p.Goto(s.SetupLink(t))
		p.answerSetUp(t)
		startGroup(t, p)
		p.Goto("/campaigns/new?group=canal-street")
		p.Fill("Title", "Benches for all")
		p.Fill("Handle", "benches")
		p.ClickRole("button", "Start the campaign")
		p.hasStatus(t, 200)
		p.ClickRole("link", "Write how the campaign steps up or stands down")
		p.ClickRole("link", "Write the ladder")
		p.sound(t)
		p.writeLadder(t)

		q := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 1280, Height: 900})
		q.Goto("/campaigns/benches")
		q.sound(t)
		q.ClickRole("link", "What opens the next step, and how far away it is")
		q.HasText("Where it stands")
		q.HasText("0 of 3; 3 more")
		q.sound(t)
		q.Screenshot("ladder-wide")

		p.Goto("/campaigns/benches/ladder/act?step=walkout")
		p.sound(t)
		p.ClickRole("button", "Halt this step")
		p.Screenshot("ladder-320")
		p.HasText("a group that owns the campaign said so")
		p.sound(t)
		p.Goto("/campaigns/benches/ladder/act?step=walkout")
		p.ClickRole("button", "Let it go on")
		p.ClickRole("link", "Stand the campaign down")
		p.sound(t)
		p.ClickRole("button", "Stand down")
		p.HasText("This campaign has stood down on")
		q.comesBack(t, "/campaigns/benches", "This campaign has stood down on")
		q.sound(t)
	})
}

// writeLadder writes two steps and publishes them.
func (p *Page) writeLadder(t *testing.T) {
	t.Helper()
	p.ClickRole("link", "Add a step")
	p.sound(t)
	p.Fill("Title", "Meet in the park")
	p.Fill("Short name", "meeting")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)
	p.ClickRole("link", "Add a step")
	p.Fill("Title", "Walk out")
	p.Fill("Short name", "walkout")
	p.ClickRole("DisclosureTriangle", "People came")
	p.Select("What has to happen", "To all events of the campaign")
	p.Fill("How many people", "3")
	p.ClickRole("DisclosureTriangle", "It lapses if it has not opened by a day")
	p.Fill("Lapses if not open by (optional)", "2020-01-01")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)
	p.HasText("The step “walkout” would have lapsed already.")
	p.sound(t)
	p.Screenshot("ladder-edit-320")
	p.Goto("/campaigns/benches/ladder/steps/walkout")
	p.Fill("Lapses if not open by (optional)", time.Now().AddDate(0, 6, 0).Format(time.DateOnly))
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)
	p.ClickRole("link", "What if?")
	p.sound(t)
	p.Fill("By this day (optional)", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
	p.ClickRole("button", "Show")
	p.HasText("So it would go")
	p.HasText("its gate and the step before it have opened")
	p.sound(t)
	p.Goto("/campaigns/benches/ladder/publish")
	p.sound(t)
	p.ClickRole("button", "Publish")
	p.HasText("Where it stands")
	p.sound(t)
}
