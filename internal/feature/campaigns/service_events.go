package campaigns

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// Event is what a campaign needs to know of an event.
type Event struct {
	ID    id.Event
	Group id.Group
	Title string
	When  time.Time // in the zone of its place
	Where string
	Over  bool
}

// Host is an event as somebody proposes it who has no group.
type Host struct {
	Near, Place string
	Day         string // 2026-11-28
	Start, End  string // 10:00; the end may be missing
	Note        string // for the organizers
	Contact     string // how they reach the host; may be missing
}

// Events keeps the events of the node.
type Events interface {
	// About returns an event that the actor may know of.
	About(ctx context.Context, tx *db.Tx, by authz.Actor, e id.Event) (Event, error)
	// Join puts an event under a campaign: it follows the template where it says
	// nothing of its own. Leave takes it out; what it followed stays as it was.
	Join(ctx context.Context, tx *db.Tx, e id.Event, c id.Campaign, t Template) error
	Leave(ctx context.Context, tx *db.Tx, e id.Event) error
	// Retell brings a new template to the events that follow.
	Retell(ctx context.Context, tx *db.Tx, c id.Campaign, now Template) error
	// CheckTemplate and CheckHost return an Invalid fault with the fields that
	// cannot be used.
	CheckTemplate(t Template) error
	CheckHost(h Host, c Campaign, t Template) error
	// Create publishes a host's event as one of a group's.
	Create(ctx context.Context, tx *db.Tx, g id.Group, key string, h Host, c Campaign, t Template) (id.Event, error)
}

// SetTemplate makes a new version of what local events share. Events that have
// said nothing of their own follow it at once.
func (s *Service) SetTemplate(ctx context.Context, by authz.Actor, handle string, version int, t Template) error {
	if err := s.Events.CheckTemplate(t); err != nil {
		return err
	}
	return s.edit(ctx, by, handle, func(tx *db.Tx, c *Campaign, _ Seat) error {
		was, err := templateOf(ctx, tx, c.ID, c.Template)
		if err != nil {
			return err
		}
		now := t
		now.Version = was.Version
		if now == was {
			return nil
		}
		if c.Template != version {
			return errChangedMeanwhile()
		}
		c.Template++
		now.Version = c.Template
		if err := insertTemplate(ctx, tx, c.ID, now); err != nil {
			return err
		}
		return s.Events.Retell(ctx, tx, c.ID, now)
	})
}

// Template is one version of a campaign's template; 0 is the last one.
func (s *Service) Template(ctx context.Context, tx *db.Tx, c id.Campaign, version int) (Template, error) {
	if version > 0 {
		return templateOf(ctx, tx, c, version)
	}
	x, err := campaignBy(ctx, tx, "id", string(c))
	if err != nil {
		return Template{}, err
	}
	return templateOf(ctx, tx, c, x.Template)
}

// Hosting is what somebody reads before they host an event.
type Hosting struct {
	Campaign Campaign
	Template Template
	Seat     Seat
}

// Hosting returns an open campaign and its template.
func (s *Service) Hosting(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (Hosting, error) {
	c, seat, err := s.load(ctx, tx, by, handle)
	if err != nil {
		return Hosting{}, err
	}
	if c.State != Open {
		return Hosting{}, errNotOpen()
	}
	t, err := templateOf(ctx, tx, c.ID, c.Template)
	return Hosting{c, t, seat}, err
}

// EventProposed listens to events: an organizer wants one to be part of a
// campaign. Events of owners and of trusted hosts are so at once.
func (s *Service) EventProposed(ctx context.Context, tx *db.Tx, f fact.EventProposed) error {
	h, err := s.Hosting(ctx, tx, authz.Actor{Person: f.By}, f.Campaign)
	if err != nil {
		return err
	}
	return s.propose(ctx, tx, h, f.Event, f.Group)
}

// Propose proposes an event that is already there.
func (s *Service) Propose(ctx context.Context, by authz.Actor, handle string, e id.Event) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		h, err := s.Hosting(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		x, err := s.Events.About(ctx, tx, by, e)
		if fault.Is(err, fault.KindNotFound) {
			return fault.Invalid(fault.Field("event", "campaign.no_event", "There is no such event here. Copy the address of its page."))
		}
		if err != nil {
			return err
		}
		for _, g := range h.Seat.Groups {
			if g.ID == x.Group {
				return s.propose(ctx, tx, h, e, g.ID)
			}
		}
		return fault.Invalid(fault.Field("event", "campaign.not_yours", "Only organizers of the group that holds this event can add it."))
	})
}

func (s *Service) propose(ctx context.Context, tx *db.Tx, h Hosting, e id.Event, g id.Group) error {
	old, err := entryOf(ctx, tx, e)
	switch {
	case err == nil && old.State != Refused && old.Campaign != h.Campaign.ID:
		return fault.Conflict("campaign.other", "This event is part of another campaign already.")
	case err == nil && old.State != Refused:
		return nil
	case err != nil && !errors.Is(err, db.ErrNoRows):
		return err
	}
	x := entry{Event: e, Campaign: h.Campaign.ID, Group: g, State: Waiting, Day: day.Of(tx.Now())}
	o, err := ownerOf(ctx, tx, h.Campaign.ID, g)
	if err != nil {
		return err
	}
	ok := o.State == Owns
	if !ok {
		if ok, err = trusted(ctx, tx, h.Campaign.ID, g); err != nil {
			return err
		}
	}
	if ok {
		x.State = Accepted
		if err := s.Events.Join(ctx, tx, e, h.Campaign.ID, h.Template); err != nil {
			return err
		}
	}
	touchEvents(tx, h.Campaign.ID)
	return putEntry(ctx, tx, x)
}

func touchEvents(tx *db.Tx, c id.Campaign) { tx.Touch("campaign-events:" + string(c)) }

// Decision is an organizer's answer to an event that was proposed.
type Decision struct {
	Accept bool
	Trust  bool   // the host's next events need no answer
	Reason string // for a refusal
}

func (d Decision) check() error {
	switch {
	case !d.Accept && strings.TrimSpace(d.Reason) == "":
		return fault.Invalid(fault.Field("reason", "campaign.no_reason", "Say why not, so that the host can change it."))
	case utf8.RuneCountInString(d.Reason) > maxNote:
		return fault.Invalid(fault.Field("reason", "form.long", "This is too long: at most {limit} characters, please.", "limit", maxNote))
	}
	return nil
}

// Decide answers a group's event. The first answer counts.
func (s *Service) Decide(ctx context.Context, by authz.Actor, handle string, e id.Event, d Decision) error {
	if err := d.check(); err != nil {
		return err
	}
	return s.decide(ctx, by, handle, func(tx *db.Tx, c *Campaign, _ Seat) error {
		x, err := entryOf(ctx, tx, e)
		if errors.Is(err, db.ErrNoRows) || err == nil && x.Campaign != c.ID {
			return errNoProposal()
		}
		if err != nil || x.State != Waiting {
			return err
		}
		x.State, x.Reason, x.Day = Refused, strings.TrimSpace(d.Reason), day.Of(tx.Now())
		if d.Accept {
			x.State, x.Reason = Accepted, ""
			t, err := templateOf(ctx, tx, c.ID, c.Template)
			if err != nil {
				return err
			}
			if err := s.Events.Join(ctx, tx, e, c.ID, t); err != nil {
				return err
			}
		}
		if d.Accept && d.Trust {
			if err := trust(ctx, tx, c.ID, x.Group); err != nil {
				return err
			}
		}
		return putEntry(ctx, tx, x)
	})
}

// Remove takes an event out of the campaign; the event itself stays. Owners may,
// and the group whose event it is.
func (s *Service) Remove(ctx context.Context, by authz.Actor, handle string, e id.Event) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		c, seat, err := s.load(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		x, err := entryOf(ctx, tx, e)
		if errors.Is(err, db.ErrNoRows) || err == nil && x.Campaign != c.ID {
			return errNoProposal()
		}
		if err != nil {
			return err
		}
		sub := seat.Subject()
		for _, g := range seat.Groups {
			if g.ID == x.Group {
				sub.Role = authz.Organizer
			}
		}
		if err := authz.Check(by, authz.EditCampaign, sub); err != nil {
			return err
		}
		if x.State == Accepted {
			if err := s.Events.Leave(ctx, tx, e); err != nil {
				return err
			}
		}
		touchEvents(tx, c.ID)
		if err := s.Audit(ctx, tx, by.Person, "remove event from campaign", string(c.ID)+" "+string(e)); err != nil {
			return err
		}
		return dropEntry(ctx, tx, e)
	})
}

// decide is a write of an owner that changes no word of the campaign.
func (s *Service) decide(ctx context.Context, by authz.Actor, handle string, do func(tx *db.Tx, c *Campaign, seat Seat) error) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		c, seat, err := s.load(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		if err := authz.Check(by, authz.EditCampaign, seat.Subject()); err != nil {
			return err
		}
		touchEvents(tx, c.ID)
		if err := do(tx, &c, seat); err != nil {
			return fmt.Errorf("answer a proposal: %w", err)
		}
		return nil
	})
}

func errNoProposal() error {
	return fault.NotFound("campaign.no_proposal", "There is no such proposal. It may have been answered long ago.")
}
