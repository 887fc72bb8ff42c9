package e2e

import (
	"strings"
	"testing"
	"time"
)

// Somebody who has signed up offers to be a marshal, an organizer confirms it, and
// each page on the way is sound, with scripts off.
func TestTakingARole(t *testing.T) {
	t.Parallel()
	s := Server(t, ServerOptions{})
	p := Browser(t, PageOptions{Base: s.URL, NoScript: true, Width: 320, Height: 640})
	p.signIn(t, setUp(t, s), "/groups/new")
	p.Fill("Name", "Canal Street Garden")
	p.Fill("Handle", "canal-street")
	p.Fill("Town (optional)", "Springfield, Illinois")
	p.ClickRole("button", "Start the group")
	p.hasStatus(t, 200)
	event := p.addEvent(t, "Planting day", time.Now().AddDate(0, 1, 0))
	mine := p.takeRole(t, event)
	p.sound(t)
	p.Goto(mine + "/roles")
	p.sound(t)
	p.Goto(event)
	p.HasText("0 confirmed")
	p.ClickRole("link", "Roles")
	p.HasText("We met at the tea stall.")
	p.sound(t)
	code := p.Text("section h3")
	p.ClickRole("button", "Confirm : "+code)
	p.hasStatus(t, 200)
	p.sound(t)
	p.Goto(mine)
	p.HasText("Confirmed: you have this role.")
	p.HasText(code)
	p.sound(t)
}

// takeRole makes an event ask for marshals, signs up for it and offers to be one.
// It gives the path of the private page.
func (p *Page) takeRole(t *testing.T, event string) string {
	t.Helper()
	p.Goto(event + "/programme")
	p.Fill("Marshals", "3")
	p.Fill("Medics", "2")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)
	p.Goto(event + "/attend")
	p.ClickRole("button", "Keep my place")
	p.HasText("Your place is kept.")
	mine, _, _ := strings.Cut(p.Path(), "?")
	p.Goto(mine)
	p.Check("Marshals 3 more are needed.", true)
	p.Fill("A note to the organizers (optional)", "We met at the tea stall.")
	p.ClickRole("button", "Offer to take it")
	p.hasStatus(t, 200)
	p.HasText("Offered. The organizers have not answered yet.")
	return mine
}
