package e2e

import (
	"testing"
	"time"
)

// addPresence makes an event of three weeks that has begun, with four shifts a
// day, and gives its path and one of its days.
func (p *Page) addPresence(t *testing.T) (path, day string) {
	t.Helper()
	began := today(t, springfield).AddDate(0, 0, -2)
	p.Goto("/groups/canal-street/events/new")
	p.Fill("Title", "Vigil at the bridge")
	p.Fill("Day", began.Format(time.DateOnly))
	p.Fill("Last day (optional)", began.AddDate(0, 0, 20).Format(time.DateOnly))
	p.Fill("Place (optional)", "Old bridge")
	p.ClickRole("button", "Publish")
	p.HasRole("heading", "Vigil at the bridge")
	path = p.place()
	p.HasText("Day 3 of 21")
	p.Goto(path + "/timeslots/fill")
	p.Fill("How many are needed? (optional)", "3")
	p.ClickRole("button", "See what it makes")
	p.hasStatus(t, 200)
	p.ClickRole("button", "Make 84 times")
	p.HasText("84 times were made.")
	return path, began.AddDate(0, 0, 5).Format(time.DateOnly)
}
