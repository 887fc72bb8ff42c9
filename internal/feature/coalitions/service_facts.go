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
	if !f.Adopted || f.Effect != fact.EffectPart && f.Effect != fact.EffectDelegate {
		return nil
	}
	why, err := s.Obstacle(ctx, tx, f)
	switch {
	case err != nil:
		return err
	case why != "":
		return s.Facts.Emit(ctx, tx, fact.NotCarriedOut{Poll: f.Poll, Why: why})
	case f.Effect == fact.EffectPart:
		return s.remove(ctx, tx, f.Group, id.Group(f.Subject))
	}
	return s.elected(ctx, tx, &f)
}

// Obstacle is why a decision about members or delegates could not be carried out now;
// "" is nothing.
func (s *Service) Obstacle(ctx context.Context, tx *db.Tx, f fact.PollDecided) (fact.Obstacle, error) {
	if f.Effect == fact.EffectPart {
		m, err := memberOf(ctx, tx, f.Group, id.Group(f.Subject))
		if err == nil && !m.within() {
			return fact.NotInvolved, nil
		}
		return "", err
	}
	sub, ok := ParseSubject(f.Subject)
	if !ok {
		return fact.Unclear, nil
	}
	c, err := coalitionOf(ctx, tx, sub.Coalition)
	if errors.Is(err, db.ErrNoRows) {
		return fact.NoCoalition, nil
	}
	if err != nil {
		return "", err
	}
	m, err := memberOf(ctx, tx, c.Group, f.Group)
	if err != nil {
		return "", err
	}
	v, err := s.Groups.ByID(ctx, tx, c.Group)
	switch until := sub.until(tx.Now(), v.Zone); {
	case err != nil:
		return "", err
	case m.State != Belongs || !v.acts():
		return fact.NoCoalition, nil
	case sub.Seat > c.Seats:
		return fact.NoSeat, nil
	case until.After(tx.Now().AddDate(longestTerm, 0, 1)) || !until.After(tx.Now()):
		return fact.WrongTerm, nil
	}
	return "", nil
}

// until is when the mandate of somebody ends who is elected now.
func (s Subject) until(now time.Time, zone string) time.Time {
	if last, err := time.Parse(time.DateOnly, s.Day); err == nil {
		return endOf(last, zone)
	}
	return now.AddDate(1, 0, 0)
}

// elected makes the winners of a group's own vote its delegates, on one seat after the
// other; they have to accept. Who does not fit any more is left out, and that is said.
func (s *Service) elected(ctx context.Context, tx *db.Tx, f *fact.PollDecided) error {
	sub, _ := ParseSubject(f.Subject)
	c, err := coalitionOf(ctx, tx, sub.Coalition)
	if err != nil {
		return err
	}
	v, err := s.Groups.ByID(ctx, tx, c.Group)
	if err != nil {
		return err
	}
	for i, w := range f.Winners {
		if w < 0 || w >= len(f.Candidates) {
			continue
		}
		d := Delegate{ID: s.IDs.New(), Coalition: c.Group, Group: f.Group, Person: id.Person(f.Candidates[w]), Mandate: sub.Mandate, State: Asked, Until: sub.until(tx.Now(), v.Zone)}
		if d.Form = d.ID; sub.Seat > 0 {
			d.Seat = sub.Seat + i
		}
		why, err := s.elect(ctx, tx, &c, &d)
		if err == nil && why != "" {
			err = s.Facts.Emit(ctx, tx, fact.NotCarriedOut{Poll: f.Poll, Why: why, Option: f.Options[w]})
		}
		if err != nil {
			return err
		}
	}
	return s.Audit(ctx, tx, "", "elect delegates", string(c.Group)+" "+string(f.Group))
}

// elect asks a winner to take a seat, the first that is free when none is said.
func (s *Service) elect(ctx context.Context, tx *db.Tx, c *Coalition, d *Delegate) (why fact.Obstacle, err error) {
	if d.Person == "" {
		return fact.LeftGroup, nil
	}
	role, err := s.Groups.Role(ctx, tx, d.Group, d.Person)
	if err != nil || role == "" {
		return fact.LeftGroup, err
	}
	if d.Seat == 0 {
		if d.Seat, err = s.free(ctx, tx, c, d.Group); err != nil {
			return "", err
		}
	}
	if d.Seat < 1 || d.Seat > c.Seats {
		return fact.NoSeat, nil
	}
	err = s.ask(ctx, tx, d)
	if fault.HasCode(err, "coalition.double") {
		return fact.SitsAlready, nil
	}
	return "", err
}
