package coalitions

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// Terms are on which a group belongs to a coalition.
type Terms struct {
	Version int // of the points of unity that it agrees to
	Band    int // how many members it has, as an index of bands
}

func errCircle() error {
	return fault.Conflict("coalition.circle",
		"That would be a circle: this coalition belongs to that one already, itself or through others. A coalition cannot be within itself.")
}

// fits refuses a circle, and groups that cannot act.
func (s *Service) fits(ctx context.Context, tx *db.Tx, c id.Group, g Group) error {
	if !g.acts() {
		return fault.Conflict("coalition.cannot_act", "This group is suspended or has ended its work, so it cannot belong to a coalition.")
	}
	circle, err := within(ctx, tx, c, g.ID)
	if err == nil && circle {
		err = errCircle()
	}
	if err != nil {
		return err
	}
	all, err := s.MemberOf(ctx, tx, g.ID)
	if err == nil && len(all) >= maxParts {
		err = fault.Conflict("coalition.many", "A group can belong to {max} coalitions at most.", "max", maxParts)
	}
	return err
}

// agreed refuses an old version of the points of unity and an unknown band.
func (t Terms) agreed(c *Coalition) error {
	var p parser
	p.band(t.Band)
	if t.Version != c.Points {
		p.fail("version", "coalition.points_changed", "Read the points of unity as they are now, and agree to them for your group.")
	}
	return fault.Invalid(p.fields...)
}

// Apply asks to come in, for an organizer of the group; one that was invited belongs
// from now on. Sent twice, it asks once.
func (s *Service) Apply(ctx context.Context, by authz.Actor, coalition, group string, t Terms) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		c, v, g, m, err := s.pair(ctx, tx, by, coalition, group)
		if err != nil || m.State == Applied || m.State == Belongs || m.State == Rests {
			return err
		}
		if m.State == "" && c.Entry != ByApplying {
			return fault.Conflict("coalition.by_invitation", "This coalition takes groups by invitation only. Ask one of its member groups.")
		}
		if !v.acts() {
			return fault.Conflict("coalition.closed", "This coalition is suspended or has ended its work, so it takes no group now.")
		}
		if err := t.agreed(&c); err != nil {
			return err
		}
		if err := s.fits(ctx, tx, c.Group, g.Group); err != nil {
			return err
		}
		next, action := Applied, "apply to coalition"
		if m.State == Invited {
			next, action = Belongs, "join coalition"
		}
		m = Member{Coalition: c.Group, Group: g.ID, Handle: g.Handle, State: next, Version: t.Version, Band: t.Band}
		if err := putMember(ctx, tx, &m); err != nil {
			return err
		}
		s.touch(tx, c.Group, g.ID)
		return s.Audit(ctx, tx, by.Person, action, string(c.Group)+" "+string(g.ID))
	})
}

// pair is a coalition, and a group for which the actor speaks, with what the group is
// there.
func (s *Service) pair(ctx context.Context, tx *db.Tx, by authz.Actor, coalition, group string) (c Coalition, v, g view, m Member, err error) {
	if g, err = s.speaker(ctx, tx, by, group); err != nil {
		return c, v, g, m, err
	}
	if c, v, err = s.coalition(ctx, tx, by, coalition); err != nil {
		if !fault.Is(err, fault.KindNotFound) {
			return c, v, g, m, err
		}
		if v, c, err = s.hidden(ctx, tx, coalition, g.ID); err != nil { // to leave one that is suspended
			return c, v, g, m, err
		}
	}
	m, err = memberOf(ctx, tx, c.Group, g.ID)
	return c, v, g, m, err
}

// hidden finds a suspended coalition for one of its members.
func (s *Service) hidden(ctx context.Context, tx *db.Tx, coalition string, g id.Group) (view, Coalition, error) {
	x, err := s.Groups.ByHandle(ctx, tx, coalition)
	if err != nil {
		return view{}, Coalition{}, err
	}
	m, err := memberOf(ctx, tx, x.ID, g)
	if err == nil && m.State == "" {
		err = db.ErrNoRows
	}
	if err != nil {
		return view{}, Coalition{}, absent(err)
	}
	c, err := coalitionOf(ctx, tx, x.ID)
	return view{Group: x}, c, absent(err)
}

// answer finds a coalition of the actor's and a group that it is about.
func (s *Service) answer(ctx context.Context, tx *db.Tx, by authz.Actor, coalition, group string) (Coalition, Group, Member, error) {
	c, _, err := s.organized(ctx, tx, by, coalition)
	if err != nil {
		return c, Group{}, Member{}, err
	}
	g, err := s.Groups.ByHandle(ctx, tx, group)
	if fault.Is(err, fault.KindNotFound) || err == nil && g.Suspended {
		return c, g, Member{}, fault.Invalid(fault.Field("group", "coalition.no_group", "There is no group with this handle here."))
	}
	if err != nil {
		return c, g, Member{}, err
	}
	m, err := memberOf(ctx, tx, c.Group, g.ID)
	return c, g, m, err
}

// Invite asks a group to come in, for delegates; one that had asked belongs from now on.
func (s *Service) Invite(ctx context.Context, by authz.Actor, coalition, group string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		c, g, m, err := s.answer(ctx, tx, by, coalition, group)
		if err != nil || m.State == Invited || m.State == Belongs || m.State == Rests {
			return err
		}
		if err := s.fits(ctx, tx, c.Group, g); err != nil {
			return err
		}
		next, action := Invited, "invite group"
		if m.State == Applied {
			next, action = Belongs, "accept group"
		} else {
			m = Member{Coalition: c.Group, Group: g.ID, Handle: g.Handle, Band: bandUnknown}
		}
		m.State = next
		if err := putMember(ctx, tx, &m); err != nil {
			return err
		}
		s.touch(tx, c.Group, g.ID)
		return s.Audit(ctx, tx, by.Person, action, string(c.Group)+" "+string(g.ID))
	})
}

// Accept lets a group in that asked, for delegates; what it agreed to may be an older
// version by now, and it is asked again then.
func (s *Service) Accept(ctx context.Context, by authz.Actor, coalition, group string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		c, g, m, err := s.answer(ctx, tx, by, coalition, group)
		if err != nil || m.State == Belongs || m.State == Rests {
			return err
		}
		if m.State != Applied {
			return fault.Conflict("coalition.not_applied", "This group does not ask to come in, or no longer.")
		}
		if err := s.fits(ctx, tx, c.Group, g); err != nil {
			return err
		}
		m.State = Belongs
		if err := putMember(ctx, tx, &m); err != nil {
			return err
		}
		s.touch(tx, c.Group, g.ID)
		return s.Audit(ctx, tx, by.Person, "accept group", string(c.Group)+" "+string(g.ID))
	})
}

// Refuse answers a group that asked with no, or takes an invitation back, for
// delegates. A group that belongs stays: see [Service.PollDecided].
func (s *Service) Refuse(ctx context.Context, by authz.Actor, coalition, group string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		c, g, m, err := s.answer(ctx, tx, by, coalition, group)
		if err != nil || m.State == "" {
			return err
		}
		if m.State != Applied && m.State != Invited {
			return fault.Conflict("coalition.belongs", "This group belongs to the coalition. It can leave, and only a decision of the coalition can part with it.")
		}
		if err := dropMember(ctx, tx, c.Group, g.ID); err != nil {
			return err
		}
		s.touch(tx, c.Group, g.ID)
		return s.Audit(ctx, tx, by.Person, "refuse group", string(c.Group)+" "+string(g.ID))
	})
}

// SetTerms agrees to the points of unity as they are now, and declares a band, for an
// organizer of a member group.
func (s *Service) SetTerms(ctx context.Context, by authz.Actor, coalition, group string, t Terms) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		c, _, g, m, err := s.pair(ctx, tx, by, coalition, group)
		if err != nil {
			return err
		}
		if m.State != Belongs {
			return errNoMember()
		}
		if err := t.agreed(&c); err != nil {
			return err
		}
		m.Version, m.Band = t.Version, t.Band
		if err := setTerms(ctx, tx, &m); err != nil {
			return err
		}
		s.touch(tx, c.Group, g.ID)
		return s.Audit(ctx, tx, by.Person, "agree to points of unity", string(c.Group)+" "+string(g.ID))
	})
}

func errNoMember() error {
	return fault.Conflict("coalition.no_member", "Your group does not belong to this coalition.")
}

// Leave ends a group's part in a coalition, takes back that it asked, or says no to an
// invitation, for its organizers. Everything that is the group's own stays with it.
func (s *Service) Leave(ctx context.Context, by authz.Actor, coalition, group string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		c, _, g, m, err := s.pair(ctx, tx, by, coalition, group)
		if err != nil || m.State == "" {
			return err
		}
		if err := s.part(ctx, tx, c.Group, &m); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "leave coalition", string(c.Group)+" "+string(g.ID))
	})
}

// remove parts with a member group because the coalition decided it: nobody else can.
// It does nothing to a group that is none.
func (s *Service) remove(ctx context.Context, tx *db.Tx, coalition, group id.Group) error {
	m, err := memberOf(ctx, tx, coalition, group)
	if err != nil || !m.within() {
		return err
	}
	if err := s.part(ctx, tx, coalition, &m); err != nil {
		return err
	}
	return s.Audit(ctx, tx, "", "remove group", string(coalition)+" "+string(group))
}

// part ends a membership with its mandates. A coalition that the last group has left
// has ended its work.
func (s *Service) part(ctx context.Context, tx *db.Tx, c id.Group, m *Member) error {
	if err := s.endAll(ctx, tx, c, m.Group); err != nil {
		return err
	}
	if err := dropMember(ctx, tx, c, m.Group); err != nil {
		return err
	}
	s.touch(tx, c, m.Group)
	if !m.within() {
		return nil
	}
	left := 0
	for _, state := range []MemberState{Belongs, Rests} {
		n, err := countMembers(ctx, tx, c, state)
		if err != nil {
			return err
		}
		left += n
	}
	if left > 0 {
		return nil
	}
	return s.Groups.Close(ctx, tx, c)
}

// Belongs reports whether a group is a member of a coalition.
func (s *Service) Belongs(ctx context.Context, tx *db.Tx, coalition, group id.Group) (bool, error) {
	m, err := memberOf(ctx, tx, coalition, group)
	return m.State == Belongs, err
}

// MembersOf lists the groups that belong to a coalition, none for an ordinary group.
func (s *Service) MembersOf(ctx context.Context, tx *db.Tx, coalition id.Group) ([]id.Group, error) {
	return db.Column[id.Group](ctx, tx, "select group_id from coalition_member where coalition_id = $1 and state = $2 order by handle", string(coalition), string(Belongs))
}

// MemberOf lists the coalitions that a group belongs to.
func (s *Service) MemberOf(ctx context.Context, tx *db.Tx, g id.Group) ([]id.Group, error) {
	all, err := partsOf(ctx, tx, g, maxParts)
	var out []id.Group
	for _, m := range all {
		if m.State == Belongs {
			out = append(out, m.Coalition)
		}
	}
	return out, err
}

// maxParts bounds the coalitions that a group is anything to.
const maxParts = 500
