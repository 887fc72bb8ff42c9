package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestSeries: an organizer makes an event repeat, looks at the dates first,
// leaves one out, changes the later ones and calls the last off; a visitor finds
// the dates.
func TestSeries(t *testing.T) {
	t.Parallel()
	inBothWays(t, func(t *testing.T, noScript bool) {
		s := Server(t, ServerOptions{})
		p := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 320, Height: 700})
		q := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Dark: true, Width: 1280, Height: 900})
		p.Goto(s.SetupLink(t))
		p.answerSetUp(t)
		p.Goto("/groups/new")
		p.Fill("Name", "Canal Street Garden")
		p.Fill("Handle", "canal-street")
		p.Fill("Town (optional)", "Springfield, Illinois")
		p.ClickRole("button", "Start the group")
		path := p.addEvent(t, "Planting day", time.Now().AddDate(0, 0, 10))
		p.ClickRole("link", "Repeat")
		p.hasStatus(t, 200)
		p.sound(t)
		p.Fill("Every", "0")
		p.ClickRole("button", "Show the dates")
		p.hasStatus(t, 422)
		p.sound(t)
		p.Fill("Every", "2")
		p.Check("After a number of times", true)
		p.Fill("How many times (optional)", "5")
		p.ClickRole("button", "Show the dates")
		p.hasStatus(t, 200)
		p.HasText("Further dates")
		p.sound(t)
		p.Screenshot("repeat")
		p.Check(p.firstDate(), false)
		p.ClickRole("button", "Save these dates")
		p.hasStatus(t, 200)
		p.HasText("Saved.")
		p.sound(t)
		if n := p.Count("article.event"); n != 4 {
			t.Errorf("%d dates", n)
		}
		q.Goto(path)
		q.HasText("Every 2 weeks:")
		q.sound(t)
		q.ClickRole("link", "All dates")
		q.hasStatus(t, 200)
		q.sound(t)
		p.Goto(path + "/edit")
		p.Fill("Title", "Watering day")
		p.Check("This date and all later ones", true)
		p.sound(t)
		p.ClickRole("button", "Save")
		p.hasStatus(t, 200)
		p.HasText("4 dates were changed.")
		q.Reload()
		if got := strings.Count(q.Text("main"), "Watering day"); got < 4 {
			t.Errorf("the new title is there %d times", got)
		}
		p.ClickRole("link", "Repeat")
		p.Check("All after this date", true)
		p.sound(t)
		p.ClickRole("button", "Call these dates off")
		p.hasStatus(t, 200)
		p.HasText("3 dates were called off.")
		p.sound(t)
		q.Reload()
		q.HasText("Cancelled")
	})
}

// firstDate is the label of the first date that a preview offers.
func (p *Page) firstDate() string { return p.Text("#date label") }
