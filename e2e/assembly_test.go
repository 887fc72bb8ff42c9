package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestAssembly is the way of an assembly: called, opened, followed on a phone in the
// room that has no account, gone through by who facilitates, closed, and written up.
// With script the phone follows by itself; without, it looks again.
func TestAssembly(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, noScript bool, o ServerOptions) {
		s := Server(t, o)
		p := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 320, Height: 700})
		p.Goto(s.SetupLink(t))
		p.answerSetUp(t)
		startGroup(t, p)
		at := p.callAssembly(t)

		p.Goto(at)
		p.ClickRole("link", "Run the assembly")
		p.sound(t)
		p.ClickRole("button", "Open the assembly")
		p.HasText("Under way")
		p.sound(t)
		door := p.Text("#link")

		// A phone in the room, without an account, and a screen for all.
		q := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 360, Height: 700})
		q.Goto(door)
		q.HasText("You are in the room")
		q.sound(t)
		q.refuses(t, "Raise your hand", "Your name here")
		q.Fill("Your name here", "Ola in red")
		q.ClickRole("button", "Raise your hand")
		q.HasText("Your hand is up.")
		q.sound(t)
		q.Screenshot("assembly-hand")
		screen := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 1280, Height: 720})
		screen.Goto(door + "/room")
		screen.HasText("Ola in red")
		screen.sound(t)
		screen.Screenshot("assembly-room-before")

		follows := func(who *Page, text string) {
			t.Helper()
			if noScript {
				who.HasNoText(text)
				who.ClickRole("link", "Look again")
			}
			who.HasText(text)
		}
		p.Goto(at + "/run")
		p.HasText("Ola in red")
		p.ClickRole("button", "Next item: Tea or coffee")
		p.HasText("until")
		follows(q, "Now")
		follows(screen, "until")
		if !noScript {
			q.countsDown(t)
		}
		p.ClickRole("button", "Call who is next")
		p.HasText("Speaks Ola in red")
		follows(q, "You have the floor.")
		q.sound(t)
		screen.Screenshot("assembly-room")
		p.Screenshot("assembly-run")

		// Everybody else sees where it stands, and no names.
		v := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 320, Height: 700})
		v.Goto(at)
		v.HasText("Somebody speaks.")
		v.HasNoText("Ola in red")
		v.sound(t)
		v.Screenshot("assembly-public")

		p.ClickRole("button", "One more")
		p.HasText("The number is not published.")
		p.ClickRole("button", "Publish the number")
		follows(v, "1 person is here")
		p.sound(t)
		p.ClickRole("button", "Close the assembly")
		p.HasText("It is over.")
		p.sound(t)
		follows(v, "1 person was there")
		q.Reload()
		q.hasStatus(t, 404)
		p.writeMinutes(t, v, at)
	})
}

// countsDown fails the test unless the first timer of the page, which had ten minutes, loses
// seconds.
func (p *Page) countsDown(t *testing.T) {
	t.Helper()
	left := func() time.Duration {
		minutes, seconds, _ := strings.Cut(p.Text("[data-ends]"), ":")
		d, _ := time.ParseDuration(minutes + "m" + seconds + "s") // nothing is there before the script has run
		return d
	}
	var first time.Duration
	if !until(func() bool { first = left(); return first != 0 }) || first < 10*time.Minute-2*Patience || first > 10*time.Minute {
		t.Errorf("of ten minutes %v are left", first)
	}
	if now := first; !until(func() bool { now = left(); return 0 < now && now < first }) {
		t.Errorf("%v are left, and were before", now)
	}
}

// callAssembly makes a draft, after one that lacks something, writes its agenda and
// calls it.
func (p *Page) callAssembly(t *testing.T) string {
	t.Helper()
	p.Goto("/groups/canal-street")
	p.ClickRole("link", "Draft an assembly")
	p.sound(t)
	p.Fill("Title", "Spring plenary")
	p.Fill("Day", today(t, leipzig).AddDate(0, 0, 9).Format(time.DateOnly))
	p.Fill("Begins", "18:00")
	p.Fill("Ends", "20:00")
	p.Check("Everybody The page is public. Names of who speaks are shown in the room only.", true)
	p.Fill("Minutes for each who speaks (optional)", "2")
	p.refuses(t, "Save", "Place (optional)")
	p.Fill("Place (optional)", "Old school")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)
	p.HasText("A draft: only members of the group see this page.")
	p.sound(t)
	at := p.place()
	if got := fetch(t, p.absolute(at)).status; got != 404 {
		t.Errorf("others see a draft: %d", got)
	}
	p.ClickRole("link", "Add to the agenda, or order it")
	p.sound(t)
	for _, item := range []string{"Dates", "Tea or coffee"} {
		p.Fill("What it is about", item)
		p.Fill("Minutes planned (optional)", "10")
		p.ClickRole("button", "Add")
		p.HasText(item)
	}
	p.ClickRole("button", "Up : Tea or coffee")
	p.hasStatus(t, 200)
	p.sound(t)
	p.Goto(at)
	p.ClickRole("link", "Call it")
	p.sound(t)
	p.ClickRole("button", "Call it")
	p.hasStatus(t, 200)
	p.HasText("Called 9 days ahead.")
	p.ClickRole("button", "I do it : Facilitator")
	p.sound(t)
	p.Screenshot("assembly-called")
	return at
}

// writeMinutes writes, publishes and approves the minutes; v reads them.
func (p *Page) writeMinutes(t *testing.T, v *Page, at string) {
	t.Helper()
	p.Goto(at + "/minutes")
	p.sound(t)
	p.ClickRole("link", "Write : Tea or coffee")
	p.sound(t)
	p.Fill("What was decided (optional)", "Both")
	p.ClickRole("button", "Save")
	p.HasText("Both")
	p.Check("Everybody Who has a task is shown to members only.", true)
	p.ClickRole("button", "Publish the minutes")
	p.hasStatus(t, 200)
	v.comesBack(t, at+"/minutes", "Both")
	v.sound(t)
	v.Screenshot("assembly-minutes")
	p.ClickRole("button", "Approve the minutes")
	p.HasText("Approved on")
	p.sound(t)
	v.Goto("/assemblies")
	v.HasText("Spring plenary")
	v.sound(t)
}
