package app

import (
	"html/template"

	"convoke/internal/feature/attendance"
	"convoke/internal/web"
)

// exactPanel shows the exact place of an event on private pages.
func (n *Node) exactPanel(c *web.Call, b attendance.Brief, h attendance.Holder, _ string) (template.HTML, error) {
	return n.eventsWeb.ExactPanel(c, b.ID, h.State == attendance.Going)
}

// heldPlaces tells those who signed up where exactly an event is.
type heldPlaces struct{ n *Node }

// Place implements attendance.Places.
func (p heldPlaces) Place(c *web.Call, h attendance.Holder) (attendance.HeldPlace, error) {
	_, _, x, err := p.n.Events.ExactHeld(c.Context(), h.Event, h.State == attendance.Going)
	return attendance.HeldPlace{Known: x.Known, Address: x.Address, Directions: x.Directions, OnlineURL: x.OnlineURL}, err
}

// Calendar implements attendance.Places.
func (p heldPlaces) Calendar(c *web.Call, h attendance.Holder) error {
	return p.n.eventsWeb.ExactCalendar(c, h.Event, h.State == attendance.Going)
}
