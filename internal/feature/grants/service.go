package grants

import (
	"context"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/handle"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Event is what this feature needs to know of one.
type Event struct {
	ID        id.Event
	Group     id.Group // "" when it was imported
	Title     string
	Start     time.Time // in the zone of the place
	End       time.Time
	Postponed bool
	Suspended bool // its group is
}

func (e Event) ends() time.Time { return ends(e.End, e.Postponed) }

// Events answers about events.
type Events interface {
	// About returns an event that the actor may know of, and what authz needs to
	// decide about it; a NotFound fault otherwise.
	About(ctx context.Context, tx *db.Tx, by authz.Actor, e id.Event) (Event, authz.Subject, error)
	// Any returns any event, whoever asks.
	Any(ctx context.Context, tx *db.Tx, e id.Event) (Event, error)
}

// Members answers about the members of groups.
type Members interface {
	// Member finds one by handle, or returns a NotFound fault.
	Member(ctx context.Context, tx *db.Tx, g id.Group, handle string) (id.Person, error)
}

// Link is an unused link to help with an event.
type Link struct {
	ID     string
	Handle string // who alone may use it; "" is anybody
	Ends   time.Time
}

// Links makes links that work once; identity does.
type Links interface {
	// Make returns the secret of a new link. A secret that is given is the link's,
	// and makes it once.
	Make(ctx context.Context, tx *db.Tx, g id.Group, e id.Event, by id.Person, handle, secret string) (string, error)
	Open(ctx context.Context, tx *db.Tx, e id.Event) ([]Link, error)
	Revoke(ctx context.Context, tx *db.Tx, e id.Event, lid string, by id.Person) (bool, error)
}

// Noted is how often somebody did something on a day.
type Noted struct {
	Day            time.Time
	Action, Handle string // no handle when the account is gone
	Count          int
}

// Audit is the node's record of what was done in a role.
type Audit interface {
	Note(ctx context.Context, tx *db.Tx, by id.Person, action, subject string) error
	// Of counts actions on a subject by day and person, the newest first.
	Of(ctx context.Context, tx *db.Tx, subject string, actions []string, limit int) ([]Noted, error)
}

// Deps are what the feature needs.
type Deps struct {
	DB      *db.DB
	IDs     *id.Source
	Events  Events
	Members Members
	Links   Links
	Audit   Audit
	SignUps SignUps
	// Prove makes sure that a dangerous act comes from the account's owner.
	Prove func(c *web.Call, f *web.Form) error
}

// Service is the use cases of grants.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Of tells what a person was granted for an event.
func (s *Service) Of(ctx context.Context, tx *db.Tx, e id.Event, p id.Person) (manages, roster bool, err error) {
	if p == "" {
		return false, false, nil
	}
	all, err := kindsOf(ctx, tx, e, p)
	for _, k := range all {
		manages, roster = manages || k == Manager, roster || k == Roster
	}
	return manages, roster, err
}

// check finds the event for somebody who may do that.
func (s *Service) check(ctx context.Context, tx *db.Tx, by authz.Actor, e id.Event, do authz.Action) (Event, authz.Subject, error) {
	x, sub, err := s.Events.About(ctx, tx, by, e)
	if err != nil {
		return x, sub, err
	}
	return x, sub, authz.Check(by, do, sub)
}

// People is who helps with an event.
type People struct {
	Event  Event
	Grants []Grant
	Links  []Link
	Looks  []Look
	// Stewards may name who sees sign-ups, and see who looked.
	Steward bool
}

// People lists who helps, for organizers of the group; and for its stewards who
// looked at sign-ups.
func (s *Service) People(ctx context.Context, by authz.Actor, e id.Event) (People, error) {
	var out People
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		x, sub, err := s.check(ctx, tx, by, e, authz.MakeManager)
		if err != nil {
			return err
		}
		out = People{Event: x, Steward: authz.May(by, authz.NameRoster, sub)}
		if out.Grants, err = grantsOf(ctx, tx, e); err != nil {
			return err
		}
		if out.Links, err = s.Links.Open(ctx, tx, e); err != nil || !authz.May(by, authz.SeeRosterLog, sub) {
			return err
		}
		noted, err := s.Audit.Of(ctx, tx, string(e), []string{ActLook, ActAddress}, logSize)
		out.Looks = merge(noted)
		return err
	})
	return out, err
}

// Invite makes a link to help with an event and returns its path, to be shown
// once. With a handle only that account can use it; whether there is one is not
// looked up, so the answer is the same. key is the form's, or "".
func (s *Service) Invite(ctx context.Context, by authz.Actor, e id.Event, typed, key string) (path string, err error) {
	h := handle.Fold(typed)
	if f, bad := (handle.Rules{Dots: true}).Check(h); h != "" && bad && f.Code != "handle.reserved" {
		return "", fault.Invalid(f)
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		x, _, err := s.check(ctx, tx, by, e, authz.MakeManager)
		if err != nil {
			return err
		}
		if err := s.room(ctx, tx, x, Manager); err != nil {
			return err
		}
		secret, err := s.Links.Make(ctx, tx, x.Group, e, by.Person, h, key)
		if err != nil {
			return err
		}
		open, err := s.Links.Open(ctx, tx, e) // with it, unless it was there before
		if err == nil && len(open) > maxLinks {
			return fault.Conflict("grant.many_links", "There are {max} links already that nobody has used. Revoke some first.", "max", maxLinks)
		}
		path = "/invitations/" + secret
		return err
	})
	if err != nil {
		return "", err
	}
	return path, nil
}

// HostLink makes the link of a proposal's host, who was found to be one. The same
// secret again is the same link.
func (s *Service) HostLink(ctx context.Context, tx *db.Tx, e id.Event, secret string) error {
	x, err := s.Events.Any(ctx, tx, e)
	if err != nil {
		return err
	}
	if x.Group == "" || x.Suspended {
		return web.ErrNotFound()
	}
	_, err = s.Links.Make(ctx, tx, x.Group, e, "", "", secret)
	return err
}

// room refuses more grants than one event can have, or any once it is long over.
func (s *Service) room(ctx context.Context, tx *db.Tx, x Event, k Kind) error {
	if !x.ends().After(tx.Now()) {
		return errOver()
	}
	n, err := countOf(ctx, tx, x.ID, k)
	switch {
	case err != nil:
		return err
	case k == Manager && n >= maxManagers:
		return fault.Conflict("grant.many", "{max} people help with this event already, which is the most.", "max", maxManagers)
	case k == Roster && n >= maxRoster:
		return fault.Conflict("grant.many_roster", "{max} people can see sign-ups already, which is the most. End it for one of them first.", "max", maxRoster)
	}
	return nil
}

// RevokeLink deletes an unused link to help with the event.
func (s *Service) RevokeLink(ctx context.Context, by authz.Actor, e id.Event, lid string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, _, err := s.check(ctx, tx, by, e, authz.MakeManager); err != nil {
			return err
		}
		ok, err := s.Links.Revoke(ctx, tx, e, lid, by.Person)
		if err == nil && !ok {
			return errNoGrant()
		}
		return err
	})
}

// Title names the event of a link. It returns a NotFound fault when nobody can
// help with it any more, or just now.
func (s *Service) Title(ctx context.Context, tx *db.Tx, e id.Event) (string, error) {
	x, err := s.Events.Any(ctx, tx, e)
	if err == nil && (x.Suspended || !x.ends().After(tx.Now())) {
		return "", web.ErrNotFound()
	}
	return x.Title, err
}

// Help makes somebody a manager who used a link of maker, "" for a proposal's host.
func (s *Service) Help(ctx context.Context, tx *db.Tx, e id.Event, p, maker id.Person) error {
	x, err := s.Events.Any(ctx, tx, e)
	if err != nil {
		return err
	}
	if err := s.room(ctx, tx, x, Manager); err != nil {
		return err
	}
	return s.grant(ctx, tx, x, p, maker, Manager)
}

// grant stores and notes it, once.
func (s *Service) grant(ctx context.Context, tx *db.Tx, x Event, p, by id.Person, k Kind) error {
	fresh, err := insert(ctx, tx, row{
		id: s.IDs.Secret(), event: x.ID, person: p, kind: k, group: x.Group, madeBy: by, madeDay: day.Of(tx.Now()), endsAt: x.ends(),
	})
	if err != nil || !fresh {
		return err
	}
	if k == Manager {
		return s.Audit.Note(ctx, tx, p, ActMake, string(x.ID))
	}
	if err := s.Audit.Note(ctx, tx, by, ActName, string(x.ID)+" "+string(p)); err != nil {
		return err
	}
	return s.SignUps.Named(ctx, tx, x.ID)
}

// Name lets a member of the group see the sign-ups of the event, for stewards who
// have proved who they are. Everybody is told.
func (s *Service) Name(ctx context.Context, by authz.Actor, e id.Event, typed string) error {
	h := handle.Fold(typed)
	if h == "" {
		return fault.Invalid(fault.Field("member", "grant.no_handle", "Type the handle of a member of your group."))
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		x, _, err := s.check(ctx, tx, by, e, authz.NameRoster)
		if err != nil {
			return err
		}
		p, err := s.Members.Member(ctx, tx, x.Group, h)
		if fault.Is(err, fault.KindNotFound) {
			return fault.Invalid(fault.Field("member", "grant.no_member", "No member of your group has this handle."))
		}
		if err != nil {
			return err
		}
		_, has, err := s.Of(ctx, tx, e, p)
		if err != nil || has {
			return err
		}
		if err := s.room(ctx, tx, x, Roster); err != nil {
			return err
		}
		return s.grant(ctx, tx, x, p, by.Person, Roster)
	})
}

// End takes a grant back at once, for organizers of the group.
func (s *Service) End(ctx context.Context, by authz.Actor, e id.Event, gid string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, _, err := s.check(ctx, tx, by, e, authz.MakeManager); err != nil {
			return err
		}
		return s.end(ctx, tx, by, e, gid, "")
	})
}

// GiveUp ends a grant of one's own, also in a suspended group.
func (s *Service) GiveUp(ctx context.Context, by authz.Actor, gid string) error {
	if by.Visitor() {
		return fault.Unauthenticated("authz.sign_in", "Please sign in first.")
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		all, err := about(ctx, tx, by.Person)
		if err != nil {
			return err
		}
		for _, g := range all {
			if g.Mine && g.ID == gid {
				return s.end(ctx, tx, by, g.Event, gid, by.Person)
			}
		}
		return errNoGrant()
	})
}

// end removes a grant, whose holder is known or found.
func (s *Service) end(ctx context.Context, tx *db.Tx, by authz.Actor, e id.Event, gid string, p id.Person) error {
	if p == "" {
		all, err := grantsOf(ctx, tx, e)
		if err != nil {
			return err
		}
		for _, g := range all {
			if g.ID == gid {
				p = g.Person
			}
		}
	}
	ok, err := remove(ctx, tx, e, gid)
	if err != nil {
		return err
	}
	if !ok {
		return errNoGrant()
	}
	return s.Audit.Note(ctx, tx, by.Person, ActEnd, string(e)+" "+string(p))
}

// MayName returns a fault for those who may not name who sees sign-ups.
func (s *Service) MayName(ctx context.Context, by authz.Actor, e id.Event) error {
	return s.DB.Read(ctx, func(tx *db.Tx) error {
		_, _, err := s.check(ctx, tx, by, e, authz.NameRoster)
		return err
	})
}
