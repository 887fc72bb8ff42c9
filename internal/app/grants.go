package app

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/events"
	"convoke/internal/feature/grants"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// newGrants makes the feature and gives it to those who ask it.
func (n *Node) newGrants() {
	n.Grants = grants.New(grants.Deps{
		DB: n.DB, IDs: n.IDs, Events: grantEvents{n}, Members: grantMembers{n.Groups}, Links: grantLinks{n.Identity},
		Audit: grantAudit{n.Identity}, SignUps: grantSignUps{n.Attendance}, Prove: n.Identity.Prove,
	})
	n.Events.Grants, n.Identity.Helpers, n.Campaigns.Helpers = n.Grants, n.Grants, n.Grants
	n.grantsWeb = &grants.Web{Service: n.Grants}
	n.Identity.Panels = append(n.Identity.Panels, n.grantsWeb.Panel)
}

// named tells attendance who may see the sign-ups of an event.
func (n *Node) named(ctx context.Context, e id.Event) ([]attendance.Named, error) {
	all, err := n.Grants.Named(ctx, e)
	out := make([]attendance.Named, len(all))
	for i, g := range all {
		out[i] = attendance.Named{Handle: g.Handle, Since: g.Since}
	}
	return out, err
}

// grantEvents answers grants about events.
type grantEvents struct{ n *Node }

func toGrantEvent(e events.Event, g events.Group) grants.Event {
	return grants.Event{
		ID: e.ID, Group: e.Group, Title: e.Title, Start: e.Local(e.Start), End: e.End,
		Postponed: e.State == events.Postponed, Suspended: g.Suspended,
	}
}

func (x grantEvents) About(ctx context.Context, tx *db.Tx, by authz.Actor, eid id.Event) (grants.Event, authz.Subject, error) {
	e, g, sub, err := x.n.Events.Get(ctx, tx, by, eid)
	if err != nil {
		return grants.Event{}, sub, err
	}
	return toGrantEvent(e, g), sub, nil
}

func (x grantEvents) Any(ctx context.Context, tx *db.Tx, eid id.Event) (grants.Event, error) {
	e, g, err := x.n.Events.Any(ctx, tx, eid)
	if err != nil {
		return grants.Event{}, err
	}
	return toGrantEvent(e, g), nil
}

// grantMembers answers grants about the members of groups.
type grantMembers struct{ s *groups.Service }

func (m grantMembers) Member(ctx context.Context, tx *db.Tx, g id.Group, handle string) (id.Person, error) {
	return m.s.Member(ctx, tx, g, handle)
}

// grantLinks makes the links of those who help with one event.
type grantLinks struct{ s *identity.Service }

func (l grantLinks) Make(ctx context.Context, tx *db.Tx, g id.Group, e id.Event, by id.Person, handle, secret string) (string, error) {
	return l.s.Invite(ctx, tx, identity.InviteInput{
		Group: &g, Event: &e, Handle: handle, Secret: secret, Role: identity.RoleManager, MadeBy: by,
	})
}

func (l grantLinks) Open(ctx context.Context, tx *db.Tx, e id.Event) ([]grants.Link, error) {
	open, err := l.s.EventLinks(ctx, tx, e)
	out := make([]grants.Link, len(open))
	for i, o := range open {
		out[i] = grants.Link{ID: o.ID, Handle: o.Handle, Ends: o.Ends}
	}
	return out, err
}

func (l grantLinks) Revoke(ctx context.Context, tx *db.Tx, e id.Event, lid string, by id.Person) (bool, error) {
	return l.s.RevokeEventLink(ctx, tx, e, lid, by)
}

// grantAudit notes who did what to an event.
type grantAudit struct{ s *identity.Service }

func (a grantAudit) Note(ctx context.Context, tx *db.Tx, by id.Person, action, subject string) error {
	return a.s.Audit(ctx, tx, by, action, subject)
}

func (a grantAudit) Of(ctx context.Context, tx *db.Tx, subject string, actions []string, limit int) ([]grants.Noted, error) {
	all, err := a.s.AuditOf(ctx, tx, subject, actions, limit)
	out := make([]grants.Noted, len(all))
	for i, x := range all {
		out[i] = grants.Noted(x)
	}
	return out, err
}

// grantSignUps lets those who are named for it read sign-ups.
type grantSignUps struct{ s *attendance.Service }

func (s grantSignUps) Open(ctx context.Context, e id.Event) (grants.Reader, error) {
	r, err := s.s.OpenRoster(ctx, e)
	return grantReader{r}, err
}

func (s grantSignUps) Named(ctx context.Context, tx *db.Tx, e id.Event) error {
	return s.s.Notices.Named(ctx, tx, e)
}

type grantReader struct{ r *attendance.Roster }

func (r grantReader) Page(ctx context.Context, tx *db.Tx, after []byte, limit int) ([]grants.SignUp, error) {
	all, err := r.r.Page(ctx, tx, after, limit)
	out := make([]grants.SignUp, len(all))
	for i := range all {
		out[i] = toSignUp(&all[i])
	}
	return out, err
}

func (r grantReader) One(ctx context.Context, tx *db.Tx, hash []byte) (grants.SignUp, error) {
	x, err := r.r.One(ctx, tx, hash)
	if err != nil {
		return grants.SignUp{}, err
	}
	return toSignUp(&x), nil
}

func toSignUp(x *attendance.SignUp) grants.SignUp {
	out := grants.SignUp{
		Hash: x.Hash, Code: id.Code(x.Hash), Waits: x.State == attendance.Waiting, Party: x.Party, Needs: x.Needs, Address: x.Email,
	}
	for _, c := range x.Chosen {
		out.Chosen = append(out.Chosen, grants.Chosen{Title: c.Title, Start: c.Start, End: c.End, Waits: c.State == attendance.Waiting})
	}
	return out
}

// heldGrants is what a person was granted for single events, and granted others.
func (n *Node) heldGrants(ctx context.Context, tx *db.Tx, p id.Person) (identity.Held, error) {
	h := identity.Held{
		Table: "event_grant", Title: i18n.Mark("Events that you help with, or let others help with"),
		Note: i18n.Mark("Also the ids of the event and of the other person concerned, which name nobody."),
		Columns: []identity.Column{
			{Name: "event", Label: i18n.Mark("Event")}, {Name: "kind", Label: i18n.Mark("What")},
			{Name: "held_by_you", Label: i18n.Mark("You help")}, {Name: "day", Label: i18n.Mark("Since")},
		},
	}
	all, of, err := n.Grants.Held(ctx, tx, p)
	for i, g := range all {
		h.Rows = append(h.Rows, []any{
			of[i].Title, identity.Said{Raw: string(g.Kind), Text: grants.KindName(g.Kind)}, g.Mine, identity.Day(day.Of(g.Since)),
		})
	}
	return h, err
}
