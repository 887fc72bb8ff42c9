package pledges

import (
	"context"
	"errors"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Ask asks a group to become an owner. Any owner may.
func (s *Service) Ask(ctx context.Context, by authz.Actor, slug, group string) error {
	return s.edit(ctx, by, slug, func(tx *db.Tx, p *Pledge, _ Seat) error {
		g, err := s.Groups.ByHandle(ctx, tx, strings.TrimPrefix(group, "@"))
		if fault.Is(err, fault.KindNotFound) || err == nil && (g.Suspended || g.Ended) {
			return fault.Invalid(fault.Field("group", "pledge.no_owner", "There is no group with this handle here."))
		}
		if err != nil {
			return err
		}
		state, err := ownerState(ctx, tx, p.ID, g.ID)
		if err != nil || state == Asked || state == Owns {
			return err
		}
		if err := putOwner(ctx, tx, p.ID, g.ID, Asked); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "ask to own pledge", string(p.ID)+" "+string(g.ID))
	})
}

// Unask takes back a request that the group has not answered.
func (s *Service) Unask(ctx context.Context, by authz.Actor, slug, group string) error {
	return s.edit(ctx, by, slug, func(tx *db.Tx, p *Pledge, _ Seat) error {
		g, err := s.Groups.ByHandle(ctx, tx, group)
		if err != nil {
			return err
		}
		state, err := ownerState(ctx, tx, p.ID, g.ID)
		if err != nil || state != Asked {
			return err
		}
		tx.Touch("group:" + string(g.ID))
		return dropOwner(ctx, tx, p.ID, g.ID)
	})
}

// loadFor is load; a group that is asked may know of a draft, too.
func (s *Service) loadFor(ctx context.Context, tx *db.Tx, by authz.Actor, slug string, g id.Group) (Pledge, error) {
	p, _, err := s.load(ctx, tx, by, slug)
	if !fault.Is(err, fault.KindNotFound) {
		return p, err
	}
	draft, err := pledgeBy(ctx, tx, "slug", slug)
	if errors.Is(err, db.ErrNoRows) {
		return Pledge{}, web.ErrNotFound()
	}
	if err != nil {
		return Pledge{}, err
	}
	if state, err := ownerState(ctx, tx, draft.ID, g); err != nil || state != Asked {
		return Pledge{}, errors.Join(err, web.ErrNotFound())
	}
	return draft, nil
}

// speak answers for one's own group.
func (s *Service) speak(ctx context.Context, by authz.Actor, slug, group, action string, do func(tx *db.Tx, p *Pledge, g Group, is OwnerState) error) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := s.speaker(ctx, tx, by, group, authz.SpeakForGroup)
		if err != nil {
			return err
		}
		p, err := s.loadFor(ctx, tx, by, slug, g.ID)
		if err != nil {
			return err
		}
		is, err := ownerState(ctx, tx, p.ID, g.ID)
		if err != nil {
			return err
		}
		tx.Touch("group:" + string(g.ID))
		if err := do(tx, &p, g, is); err != nil {
			return err
		}
		if err := s.Audit(ctx, tx, by.Person, action, string(p.ID)+" "+string(g.ID)); err != nil {
			return err
		}
		return s.store(ctx, tx, &p)
	})
}

// Join answers a request with yes: the group is an owner from now on.
func (s *Service) Join(ctx context.Context, by authz.Actor, slug, group string) error {
	return s.speak(ctx, by, slug, group, "join pledge", func(tx *db.Tx, p *Pledge, g Group, is OwnerState) error {
		switch is {
		case Owns:
			return nil
		case Asked:
			return putOwner(ctx, tx, p.ID, g.ID, Owns)
		case Left:
		}
		return fault.Conflict("pledge.not_asked", "Your group is not asked to own this pledge, or no longer.")
	})
}

// Leave ends a group's part, or answers a request with no. The last owner that can
// act cannot leave.
func (s *Service) Leave(ctx context.Context, by authz.Actor, slug, group string) error {
	return s.speak(ctx, by, slug, group, "leave pledge", func(tx *db.Tx, p *Pledge, g Group, is OwnerState) error {
		switch is {
		case Asked:
			return dropOwner(ctx, tx, p.ID, g.ID)
		case Owns:
			all, err := s.owners(ctx, tx, p.ID)
			if err != nil {
				return err
			}
			for _, o := range all {
				if o.ID != g.ID && !o.Suspended && !o.Ended {
					return putOwner(ctx, tx, p.ID, g.ID, Left)
				}
			}
			return fault.Conflict("pledge.last_owner", "No other group could look after this pledge. Ask another one first.")
		case Left:
		}
		return nil
	})
}

// GroupSuspended hides pledges all of whose owners are suspended, and brings them
// back.
func (s *Service) GroupSuspended(ctx context.Context, tx *db.Tx, f fact.GroupSuspended) error {
	all, err := ofGroup(ctx, tx, f.Group, Owns, true, 10_000)
	if err != nil {
		return err
	}
	for i := range all {
		shown, err := s.shown(ctx, tx, &all[i])
		if err != nil {
			return err
		}
		if err := setShown(ctx, tx, all[i].ID, shown); err != nil {
			return err
		}
		if err := s.touch(ctx, tx, &all[i]); err != nil {
			return err
		}
	}
	return nil
}
