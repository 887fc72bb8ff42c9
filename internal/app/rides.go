package app

import (
	"context"
	"html/template"

	"convoke/internal/db"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/events"
	"convoke/internal/feature/rides"
	"convoke/internal/id"
	"convoke/internal/seal"
	"convoke/internal/web"
)

// rideHolders tells rides about those who signed up.
type rideHolders struct{ s *attendance.Service }

// Holder implements rides.Holders.
func (r rideHolders) Holder(ctx context.Context, tx *db.Tx, e id.Event, secret string) (rides.Holder, error) {
	h, err := r.s.Holder(ctx, tx, e, secret)
	return rides.Holder{Event: h.Event, Hash: h.Hash, Going: h.State == attendance.Going, Party: h.Party}, err
}

// TakesSignUps implements rides.Holders.
func (r rideHolders) TakesSignUps(ctx context.Context, e id.Event) (bool, error) {
	_, ok, err := r.s.Numbers(ctx, e)
	return ok, err
}

// rideKeys are the keys of sign-ups: rides end with them.
type rideKeys struct{ vault *seal.Vault }

// Existing implements rides.Keys.
func (k rideKeys) Existing(ctx context.Context, e id.Event) (*seal.Key, error) {
	return k.vault.Existing(ctx, attendance.ScopePrefix+string(e))
}

// Key implements rides.Keys.
func (k rideKeys) Key(ctx context.Context, e id.Event) (*seal.Key, error) {
	return k.vault.Key(ctx, attendance.ScopePrefix+string(e))
}

// rideEvents tells rides about events.
type rideEvents struct{ n *Node }

func toRideEvent(c *web.Call, it events.Item, e events.Event, err error) (rides.Event, error) {
	if err != nil {
		return rides.Event{}, err
	}
	return rides.Event{
		ID: e.ID, Title: it.Title, State: string(e.State), Start: e.Local(e.Start), End: e.Local(e.End), AllDay: e.AllDay,
		Place: e.Where.Label(), Point: e.Where.Point, HasPoint: e.Where.HasPoint, Datetime: it.Datetime,
		Day: c.Locale.Date(it.Start), When: it.When, Where: it.Where,
	}, nil
}

// Brief implements rides.Events.
func (r rideEvents) Brief(c *web.Call, eid id.Event) (rides.Event, error) {
	it, e, err := r.n.eventsWeb.Brief(c, eid)
	return toRideEvent(c, it, e, err)
}

// Held implements rides.Events.
func (r rideEvents) Held(c *web.Call, eid id.Event) (rides.Event, error) {
	it, e, err := r.n.eventsWeb.Held(c, eid)
	return toRideEvent(c, it, e, err)
}

// Edits implements rides.Events.
func (r rideEvents) Edits(c *web.Call, eid id.Event) (rides.Event, error) {
	it, e, err := r.n.eventsWeb.Edits(c, eid)
	return toRideEvent(c, it, e, err)
}

// ridePanel is the part of an event's page.
func (n *Node) ridePanel(c *web.Call, e *events.Event, _ events.Can) (events.Fragment, error) {
	ev := rides.Event{ID: e.ID, State: string(e.State), Start: e.Local(e.Start), End: e.Local(e.End), AllDay: e.AllDay}
	return n.ridesWeb.Panel(c, &ev)
}

// heldRide is the part of the private page of a sign-up.
func (n *Node) heldRide(c *web.Call, b attendance.Brief, h attendance.Holder, path string) (template.HTML, error) {
	return n.ridesWeb.HeldPanel(c, b.ID, h.Hash, path+"/ride")
}

func recountRides(ctx context.Context, m *db.DB) (bool, error) {
	var drifts []string
	err := m.Read(ctx, func(tx *db.Tx) (err error) {
		drifts, err = rides.Drifts(ctx, tx)
		return err
	})
	if err != nil {
		return false, err
	}
	for _, e := range drifts {
		if err := m.WriteHot(ctx, e, func(tx *db.Tx) error { return rides.Recount(ctx, tx, e) }); err != nil {
			return false, err
		}
	}
	return len(drifts) > 0, nil
}
