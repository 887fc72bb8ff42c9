package campaigns

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// Ask asks a group to become an owner. Any owner may.
func (s *Service) Ask(ctx context.Context, by authz.Actor, handle, group string) error {
	return s.edit(ctx, by, handle, func(tx *db.Tx, c *Campaign, _ Seat) error {
		g, err := s.Groups.ByHandle(ctx, tx, group)
		if fault.Is(err, fault.KindNotFound) || err == nil && (g.Suspended || g.Ended) {
			return fault.Invalid(fault.Field("group", "campaign.no_group", "There is no group with this handle here."))
		}
		if err != nil {
			return err
		}
		o, err := ownerOf(ctx, tx, c.ID, g.ID)
		if err != nil || o.State == Asked || o.State == Owns {
			return err
		}
		tx.Touch("group:" + string(g.ID))
		if err := putOwner(ctx, tx, c.ID, g.ID, Asked); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "ask to own campaign", string(c.ID)+" "+string(g.ID))
	})
}

// Unask takes back a request that the group has not answered.
func (s *Service) Unask(ctx context.Context, by authz.Actor, handle, group string) error {
	return s.edit(ctx, by, handle, func(tx *db.Tx, c *Campaign, _ Seat) error {
		g, err := s.Groups.ByHandle(ctx, tx, group)
		if err != nil {
			return err
		}
		o, err := ownerOf(ctx, tx, c.ID, g.ID)
		if err != nil || o.State != Asked {
			return err
		}
		return dropOwner(ctx, tx, c.ID, g.ID)
	})
}

// speak does something in a campaign for one's own group.
func (s *Service) speak(ctx context.Context, by authz.Actor, handle, group, action string, do func(tx *db.Tx, c *Campaign, g Group, o Owner) error) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := s.speaker(ctx, tx, by, group, authz.SpeakForGroup)
		if err != nil {
			return err
		}
		c, err := s.loadFor(ctx, tx, by, handle, g.ID)
		if err != nil {
			return err
		}
		o, err := ownerOf(ctx, tx, c.ID, g.ID)
		if err != nil {
			return err
		}
		if err := do(tx, &c, g, o); err != nil {
			return err
		}
		tx.Touch("group:" + string(g.ID))
		if err := s.Audit(ctx, tx, by.Person, action, string(c.ID)+" "+string(g.ID)); err != nil {
			return err
		}
		return s.store(ctx, tx, &c)
	})
}

// loadFor is load; a group that is asked may know of a draft, too.
func (s *Service) loadFor(ctx context.Context, tx *db.Tx, by authz.Actor, handle string, g id.Group) (Campaign, error) {
	c, _, err := s.load(ctx, tx, by, handle)
	if !fault.Is(err, fault.KindNotFound) {
		return c, err
	}
	draft, got := campaignBy(ctx, tx, "handle", handle)
	if got != nil {
		return Campaign{}, err
	}
	if o, got := ownerOf(ctx, tx, draft.ID, g); got == nil && o.State == Asked {
		return draft, nil
	}
	return Campaign{}, err
}

// Join answers a request with yes: the group is an owner from now on.
func (s *Service) Join(ctx context.Context, by authz.Actor, handle, group string) error {
	return s.speak(ctx, by, handle, group, "join campaign", func(tx *db.Tx, c *Campaign, g Group, o Owner) error {
		switch o.State {
		case Owns:
			return nil
		case Asked:
			return putOwner(ctx, tx, c.ID, g.ID, Owns)
		}
		return fault.Conflict("campaign.not_asked", "Your group is not asked to own this campaign, or no longer. It can endorse it.")
	})
}

// ownedBeside reports whether a campaign has an owner that can act, beside a group.
func (s *Service) ownedBeside(ctx context.Context, tx *db.Tx, c id.Campaign, beside id.Group) (bool, error) {
	all, err := ownersOf(ctx, tx, c)
	if err != nil {
		return false, err
	}
	for _, o := range all {
		if o.State != Owns || o.Group == beside {
			continue
		}
		g, err := s.Groups.ByID(ctx, tx, o.Group)
		if err != nil || !g.Suspended && !g.Ended {
			return err == nil, err
		}
	}
	return false, nil
}

// Leave ends a group's part, or answers a request with no. The last owner that can
// act cannot leave.
func (s *Service) Leave(ctx context.Context, by authz.Actor, handle, group string) error {
	return s.speak(ctx, by, handle, group, "leave campaign", func(tx *db.Tx, c *Campaign, g Group, o Owner) error {
		switch o.State {
		case Asked:
			return dropOwner(ctx, tx, c.ID, g.ID)
		case Owns:
			ok, err := s.ownedBeside(ctx, tx, c.ID, g.ID)
			if err != nil {
				return err
			}
			if !ok {
				return fault.Conflict("campaign.last_owner",
					"No other group could look after this campaign. Ask another one first, or end the campaign.")
			}
			return putOwner(ctx, tx, c.ID, g.ID, Left)
		}
		return nil
	})
}

// Endorse notes that a group agrees to the points of unity as they are in that
// version: if they have changed since the form was opened, it reads them again.
func (s *Service) Endorse(ctx context.Context, by authz.Actor, handle, group string, version int) error {
	return s.speak(ctx, by, handle, group, "endorse campaign", func(tx *db.Tx, c *Campaign, g Group, _ Owner) error {
		switch {
		case c.State != Open:
			return errNotOpen()
		case c.Points != version:
			return fault.Conflict("campaign.points_changed", "The points of unity have changed meanwhile. Please read them again before your group endorses.")
		}
		return putEndorsement(ctx, tx, c.ID, g.ID, version, false)
	})
}

// Withdraw ends a group's endorsement.
func (s *Service) Withdraw(ctx context.Context, by authz.Actor, handle, group string) error {
	return s.speak(ctx, by, handle, group, "withdraw endorsement", func(tx *db.Tx, c *Campaign, g Group, _ Owner) error {
		return putEndorsement(ctx, tx, c.ID, g.ID, c.Points, true)
	})
}

func errNotOpen() error {
	return fault.Conflict("campaign.not_open", "This campaign is not open: nothing can be added to it now.")
}
