package coalitions

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
)

// AskWorking asks an ordinary group to work on something for one's own group, or
// changes what it is for.
func (s *Service) AskWorking(ctx context.Context, by authz.Actor, parent, group, purpose string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		v, err := s.speaker(ctx, tx, by, parent)
		if err != nil {
			return err
		}
		g, err := s.Groups.ByHandle(ctx, tx, group)
		var p parser
		p.purpose(purpose)
		switch {
		case fault.Is(err, fault.KindNotFound) || err == nil && !g.acts():
			p.fail("group", "coalition.no_group", "There is no group with this handle here.")
		case err != nil:
			return err
		case g.ID == v.ID:
			p.fail("group", "coalition.itself", "A group is not its own working group.")
		default:
			if err := s.ordinary(ctx, tx, &p, v, g); err != nil {
				return err
			}
		}
		if err := fault.Invalid(p.fields...); err != nil {
			return err
		}
		w, err := workingOf(ctx, tx, v.ID, g.ID)
		if err != nil || w.Parent != "" && w.Purpose == purpose {
			return err
		}
		w = Working{Parent: v.ID, Group: g.ID, Handle: g.Handle, Purpose: purpose} // what it is for has changed, so it is asked again
		if err := putWorking(ctx, tx, &w); err != nil {
			return err
		}
		tx.Touch("group:"+string(v.ID), "group:"+string(g.ID))
		return s.Audit(ctx, tx, by.Person, "ask working group", string(v.ID)+" "+string(g.ID))
	})
}

// ordinary refuses coalitions and two groups that would work for each other.
func (s *Service) ordinary(ctx context.Context, tx *db.Tx, p *parser, v view, g Group) error {
	is, err := s.IsCoalition(ctx, tx, g.ID)
	if err != nil {
		return err
	}
	if is {
		p.fail("group", "coalition.no_working", "A coalition cannot be a working group. Ask one of its members, or another group.")
	}
	back, err := workingOf(ctx, tx, g.ID, v.ID)
	if err == nil && back.Parent != "" {
		p.fail("group", "coalition.working_circle", "Your group works for that group already, or is asked to. Two groups cannot be working groups of each other.")
	}
	n, err2 := workingIn(ctx, tx, v.ID)
	if len(n) >= maxWorking {
		p.fail("group", "coalition.many_working", "A group has at most {max} working groups.", "max", maxWorking)
	}
	if err == nil {
		err = err2
	}
	return err
}

// Work answers for a group that is asked, or works already: yes, or no.
func (s *Service) Work(ctx context.Context, by authz.Actor, group, parent string, yes bool) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := s.speaker(ctx, tx, by, group)
		if err != nil {
			return err
		}
		of, err := s.Groups.ByHandle(ctx, tx, parent)
		if err != nil {
			return err
		}
		w, err := workingOf(ctx, tx, of.ID, g.ID)
		if err != nil {
			return err
		}
		switch {
		case w.Parent == "" && yes:
			return fault.Conflict("coalition.not_working", "Your group is not asked, or no longer.")
		case w.Parent == "" || w.Listed && yes:
			return nil
		case yes:
			w.Listed = true
			err = putWorking(ctx, tx, &w)
		default:
			err = dropWorking(ctx, tx, of.ID, g.ID)
		}
		if err != nil {
			return err
		}
		tx.Touch("group:"+string(of.ID), "group:"+string(g.ID))
		return s.Audit(ctx, tx, by.Person, "answer for working group", string(of.ID)+" "+string(g.ID))
	})
}

// DropWorking ends that a group works for one's own, or takes the question back.
func (s *Service) DropWorking(ctx context.Context, by authz.Actor, parent, group string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		v, err := s.speaker(ctx, tx, by, parent)
		if err != nil {
			return err
		}
		g, err := s.Groups.ByHandle(ctx, tx, group)
		if err != nil {
			return err
		}
		if err := dropWorking(ctx, tx, v.ID, g.ID); err != nil {
			return err
		}
		tx.Touch("group:"+string(v.ID), "group:"+string(g.ID))
		return s.Audit(ctx, tx, by.Person, "drop working group", string(v.ID)+" "+string(g.ID))
	})
}
