package coalitions

import (
	"context"
	"errors"
	"time"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// dueAtOnce bounds one transaction of the schedule.
const dueAtOnce = 100

// Due ends mandates whose term is over; alternates stand in. A schedule calls it every
// minute; until then they count for nothing.
func (s *Service) Due(ctx context.Context) error {
	for {
		n := 0
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			all, err := dueDelegates(ctx, tx, dueAtOnce)
			n = len(all)
			for _, did := range all {
				if err == nil {
					err = s.expire(ctx, tx, did)
				}
			}
			return err
		})
		if err != nil || n < dueAtOnce {
			return err
		}
	}
}

func (s *Service) expire(ctx context.Context, tx *db.Tx, did string) error {
	d, err := delegateBy(ctx, tx, "id", did)
	if errors.Is(err, db.ErrNoRows) || err == nil && d.State == Ended {
		return nil // it went with another one
	}
	if err != nil {
		return err
	}
	return s.end(ctx, tx, &d, true)
}

// Expire deletes what is held of mandates that ended a month ago.
func (s *Service) Expire(ctx context.Context) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error { return forgetEnded(ctx, tx, tx.Now().Add(-keepEnded)) })
}

// MemberLeft ends the mandates that somebody had for a group that they left.
func (s *Service) MemberLeft(ctx context.Context, tx *db.Tx, f fact.MemberLeft) error {
	if err := forgetAlternate(ctx, tx, f.Group, f.Person); err != nil {
		return err
	}
	all, err := seatsBy(ctx, tx, f.Person)
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].Group != f.Group {
			continue
		}
		if err := s.end(ctx, tx, &all[i], true); err != nil {
			return err
		}
	}
	return nil
}

// GroupSuspended takes the seats of a group that may not act; it belongs again, without
// delegates, when that is lifted.
func (s *Service) GroupSuspended(ctx context.Context, tx *db.Tx, f fact.GroupSuspended) error {
	return s.rest(ctx, tx, f.Group)
}

// GroupEnded takes the seats of a group that has ended its work.
func (s *Service) GroupEnded(ctx context.Context, tx *db.Tx, f fact.GroupEnded) error {
	return s.rest(ctx, tx, f.Group)
}

// rest makes what a group is in coalitions fit whether it can act, and lists it as a
// coalition only while it can.
func (s *Service) rest(ctx context.Context, tx *db.Tx, gid id.Group) error {
	g, err := s.Groups.ByID(ctx, tx, gid)
	if err != nil {
		return err
	}
	if err := setShown(ctx, tx, gid, g.acts()); err != nil {
		return err
	}
	tx.Touch("coalitions")
	from, to := Rests, Belongs
	if !g.acts() {
		from, to = Belongs, Rests
	}
	all, err := partsOf(ctx, tx, gid, maxParts)
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.State != from {
			continue
		}
		if to == Rests {
			if err := s.endAll(ctx, tx, m.Coalition, gid); err != nil {
				return err
			}
		}
		s.touch(tx, m.Coalition, gid)
	}
	return setState(ctx, tx, gid, from, to)
}

// GroupChanged tells pages that name a group.
func (s *Service) GroupChanged(ctx context.Context, tx *db.Tx, f fact.GroupChanged) error {
	all, err := partsOf(ctx, tx, f.Group, maxParts)
	tx.Touch("coalitions")
	for _, m := range all {
		s.touch(tx, m.Coalition)
	}
	return err
}

// GroupCleared ends all mandates in a coalition that ended its work long ago.
func (s *Service) GroupCleared(ctx context.Context, tx *db.Tx, f fact.GroupCleared) error {
	after := ""
	for {
		all, err := membersAfter(ctx, tx, f.Group, Belongs, after, dueAtOnce)
		if err != nil {
			return err
		}
		for _, m := range all {
			if err := s.endAll(ctx, tx, f.Group, m.Group); err != nil {
				return err
			}
			after = m.Handle
		}
		if len(all) < dueAtOnce {
			return nil
		}
	}
}

// PollDecided does what was decided: a coalition parts with a member group, or a group
// has delegates.
func (s *Service) PollDecided(ctx context.Context, tx *db.Tx, f fact.PollDecided) error {
	switch {
	case !f.Adopted:
	case f.Effect == fact.EffectPart:
		return s.remove(ctx, tx, f.Group, id.Group(f.Subject))
	case f.Effect == fact.EffectDelegate && len(f.Winners) > 0:
		return s.elected(ctx, tx, &f)
	}
	return nil
}

// elected makes the winners of a group's own vote its delegates, on one seat after the
// other; they have to accept. What does not fit any more is left out: the coalition is
// suspended or has ended, the group has left it, a winner has left the group, or holds
// another seat.
func (s *Service) elected(ctx context.Context, tx *db.Tx, f *fact.PollDecided) error {
	sub, ok := ParseSubject(f.Subject)
	if !ok {
		return nil
	}
	c, err := coalitionOf(ctx, tx, sub.Coalition)
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	m, err := memberOf(ctx, tx, c.Group, f.Group)
	if err != nil || m.State != Belongs {
		return err
	}
	v, err := s.Groups.ByID(ctx, tx, c.Group)
	if err != nil || !v.acts() {
		return err
	}
	for i, w := range f.Winners {
		if w < 0 || w >= len(f.Candidates) || f.Candidates[w] == "" {
			continue
		}
		if err := s.elect(ctx, tx, &c, v, f.Group, id.Person(f.Candidates[w]), sub, i); err != nil {
			return err
		}
	}
	return s.Audit(ctx, tx, "", "elect delegates", string(c.Group)+" "+string(f.Group))
}

// elect asks the nth winner to take a seat.
func (s *Service) elect(ctx context.Context, tx *db.Tx, c *Coalition, v Group, g id.Group, p id.Person, sub Subject, nth int) error {
	role, err := s.Groups.Role(ctx, tx, g, p)
	if err != nil || role == "" {
		return err
	}
	d := Delegate{ID: s.IDs.New(), Coalition: c.Group, Group: g, Person: p, Mandate: sub.Mandate, State: Asked, Until: tx.Now().AddDate(1, 0, 0)}
	d.Form = d.ID
	if last, err := time.Parse(time.DateOnly, sub.Day); err == nil {
		d.Until = endOf(last, v.Zone)
	}
	if d.Until.After(tx.Now().AddDate(longestTerm, 0, 1)) || !d.Until.After(tx.Now()) {
		return nil
	}
	if d.Seat = sub.Seat + nth; sub.Seat == 0 {
		if d.Seat, err = s.free(ctx, tx, c, g); err != nil {
			return err
		}
	}
	if d.Seat < 1 || d.Seat > c.Seats {
		return nil
	}
	err = s.ask(ctx, tx, &d)
	if fault.HasCode(err, "coalition.double") {
		return nil
	}
	return err
}
