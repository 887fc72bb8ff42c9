package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"html/template"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/identity"
	"convoke/internal/feature/roles"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

// newRoles makes the feature of roles. notices is asked whether it can tell of
// them: on a node without mail it cannot.
func (n *Node) newRoles(notices attendance.Notices) *roles.Service {
	teller, _ := notices.(roles.Teller)
	return roles.New(roles.Deps{
		DB: n.DB, Vault: n.Vault, Entropy: rand.Reader, SignUps: roleSignUps{n.Attendance}, Organizers: roleOrganizers{n},
		Audit: n.Identity.Audit, Teller: teller,
	})
}

// rolePages puts roles onto the pages of events and sign-ups.
func (n *Node) rolePages() {
	n.rolesWeb = &roles.Web{Service: n.Roles, Events: roleEvents{n}}
	n.eventsWeb.Taken = n.Roles.Taken
	n.attendWeb.Panels = append(n.attendWeb.Panels, func(c *web.Call, b attendance.Brief, _ attendance.Holder, _ string) (template.HTML, error) {
		return n.rolesWeb.HeldPanel(c, roleBrief(b))
	})
}

// roleSignUps answers roles about sign-ups.
type roleSignUps struct{ s *attendance.Service }

// Holder implements roles.SignUps.
func (r roleSignUps) Holder(ctx context.Context, tx *db.Tx, e id.Event, secret string) (roles.Holder, error) {
	h, err := r.s.Holder(ctx, tx, e, secret)
	return roles.Holder{Hash: h.Hash, Going: h.State == attendance.Going}, err
}

// HasPlace implements roles.SignUps.
func (r roleSignUps) HasPlace(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) (bool, error) {
	hs, err := r.s.HoldersBetween(ctx, tx, e, hash, hash, 1)
	return len(hs) == 1 && hs[0].State == attendance.Going, err
}

// Open implements roles.SignUps.
func (r roleSignUps) Open(ctx context.Context, tx *db.Tx, e id.Event) error {
	return r.s.Takes(ctx, tx, e)
}

// roleOrganizers tells roles who organizes an event in its group. Its managers do
// not count: one organizer alone could make somebody a second one.
type roleOrganizers struct{ n *Node }

// Check implements roles.Organizers.
func (r roleOrganizers) Check(ctx context.Context, tx *db.Tx, by authz.Actor, eid id.Event) error {
	e, _, sub, err := r.n.Events.Get(ctx, tx, by, eid)
	if err != nil {
		return err
	}
	sub.Manages = false
	if err := authz.Check(by, authz.EditEvent, sub); err != nil {
		return err
	}
	if !e.State.Listed() {
		return fault.Conflict("roles.not_public", "This event is not public yet. Publish it first.")
	}
	return nil
}

// Are implements roles.Organizers.
func (r roleOrganizers) Are(ctx context.Context, tx *db.Tx, eid id.Event, p id.Person) (bool, error) {
	by := authz.Actor{Person: p}
	_, _, sub, err := r.n.Events.Get(ctx, tx, by, eid)
	if fault.Is(err, fault.KindNotFound) {
		return false, nil
	}
	sub.Manages = false
	return authz.May(by, authz.EditEvent, sub), err
}

// roleEvents shows the pages of roles what event they are about.
type roleEvents struct{ n *Node }

// Held implements roles.Events.
func (r roleEvents) Held(c *web.Call, eid id.Event) (roles.Brief, error) {
	b, err := briefs(r).Held(c, eid)
	return roleBrief(b), err
}

// Edits implements roles.Events.
func (r roleEvents) Edits(c *web.Call, eid id.Event) (roles.Brief, error) {
	b, err := briefs(r).Edits(c, eid)
	return roleBrief(b), err
}

func roleBrief(b attendance.Brief) roles.Brief {
	return roles.Brief{ID: b.ID, Title: b.Title, Datetime: b.Datetime, Day: b.Day, When: b.When, Where: b.Where}
}

// heldConfirmations is which offers a person has confirmed.
func (n *Node) heldConfirmations(ctx context.Context, tx *db.Tx, p id.Person) (identity.Held, error) {
	h := identity.Held{
		Table: "role_confirmation", Title: i18n.Mark("Roles that you confirmed"),
		Note: i18n.Mark("Deleted a week after the event."),
		Columns: []identity.Column{
			{Name: "event", Label: i18n.Mark("Event")}, {Name: "role", Label: i18n.Mark("Role")}, {Name: "code", Label: i18n.Mark("Code")},
		},
	}
	all, err := roles.HeldBy(ctx, tx, p)
	for _, x := range all {
		h.Rows = append(h.Rows, []any{string(x.Event), strings.TrimPrefix(x.Role, "="), x.Code})
	}
	return h, err
}

// roleSums compares the counters of roles with the offers.
func (d *Doctor) roleSums(ctx context.Context, tx *db.Tx) error {
	drifts, err := roles.Drifts(ctx, tx)
	if err != nil {
		return err
	}
	if len(drifts) == 0 {
		d.add("roles", OK, "counters fit the offers", "")
		return nil
	}
	x := drifts[0]
	d.add("roles", Wrong, fmt.Sprintf("%d counters differ from the offers; event %s counts %d confirmed, %d offered and %d in reserve, the rows say %d, %d and %d.",
		len(drifts), x.Event, x.Confirmed, x.Offered, x.Reserve, x.RowConfirmed, x.RowOffered, x.RowInReserve), d.command("doctor --fix"))
	return nil
}

func recountRoles(ctx context.Context, m *db.DB) (bool, error) {
	var drifts []roles.Drift
	err := m.Read(ctx, func(tx *db.Tx) (err error) {
		drifts, err = roles.Drifts(ctx, tx)
		return err
	})
	if err != nil {
		return false, err
	}
	for _, x := range drifts {
		err := m.WriteHot(ctx, x.Event, func(tx *db.Tx) error { return roles.Recount(ctx, tx, x.Event) })
		if err != nil {
			return false, fmt.Errorf("count roles of %s: %w", x.Event, err)
		}
	}
	return len(drifts) > 0, nil
}
