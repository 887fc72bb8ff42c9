package coalitions

import (
	"context"
	"errors"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

func errDouble() error {
	return fault.Conflict("coalition.double", "This person holds a seat in this coalition already. Nobody can hold two.")
}

func errClosedSeats() error {
	return fault.Conflict("coalition.no_seats", "This coalition is suspended or has ended its work, so nobody takes a seat in it now.")
}

func errOver() error {
	return fault.Conflict("coalition.over", "This mandate has ended, or was never accepted, so it counts for nothing.")
}

// Appoint chooses a delegate for a seat of one's own group, who has to accept; who
// appoints themselves has accepted. Whoever sits on the seat stays until then. key is
// the form's: sent twice, it asks once.
func (s *Service) Appoint(ctx context.Context, by authz.Actor, group, key string, in AppointInput) (did string, err error) {
	if !id.ValidSecret(key) {
		return "", fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		c, v, g, m, err := s.pair(ctx, tx, by, in.Coalition, group)
		if err != nil {
			return err
		}
		if old, err := delegateBy(ctx, tx, "form", key); !errors.Is(err, db.ErrNoRows) {
			did = old.ID
			return err // nil: the same form once more
		}
		if m.State != Belongs {
			return errNoMember()
		}
		if !v.acts() {
			return errClosedSeats()
		}
		d, err := s.typed(ctx, tx, &c, v.Group, g.Group, in)
		if err != nil {
			return err
		}
		did, d.Form = d.ID, key
		if err := s.ask(ctx, tx, &d); err != nil {
			return err
		}
		if d.Person == by.Person {
			err = s.begin(ctx, tx, &d)
		}
		if err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "appoint delegate", string(c.Group)+" "+string(g.ID))
	})
	return did, err
}

// typed is a mandate of a form, whose persons belong to the group.
func (s *Service) typed(ctx context.Context, tx *db.Tx, c *Coalition, v, g Group, in AppointInput) (Delegate, error) {
	var p parser
	d := in.parse(&p, v.Zone, tx.Now())
	d.ID, d.Coalition, d.Group = s.IDs.New(), c.Group, g.ID
	var err error
	if d.Person, err = s.person(ctx, tx, &p, g.ID, "person", in.Person); err != nil {
		return d, err
	}
	if in.Alternate != "" {
		if d.Alternate, err = s.person(ctx, tx, &p, g.ID, "alternate", in.Alternate); err != nil {
			return d, err
		}
		if d.Alternate != "" && d.Alternate == d.Person {
			p.fail("alternate", "coalition.same", "The alternate is somebody else than the delegate.")
		}
	}
	if d.Seat < 0 || d.Seat > c.Seats {
		p.fail("seat", "coalition.seat", "Your group has the seats 1 to {n} in this coalition.", "n", c.Seats)
	} else if d.Seat == 0 {
		if d.Seat, err = s.free(ctx, tx, c, g.ID); err != nil {
			return d, err
		}
		if d.Seat == 0 {
			p.fail("seat", "coalition.full", "All seats of your group are taken. Choose the seat that is to be taken over.")
		}
	}
	return d, fault.Invalid(p.fields...)
}

func (s *Service) person(ctx context.Context, tx *db.Tx, p *parser, g id.Group, field, handle string) (id.Person, error) {
	who, err := s.Groups.Member(ctx, tx, g, handle)
	if fault.Is(err, fault.KindNotFound) {
		p.fail(field, "coalition.no_person", "Your group has no member with this handle.")
		return "", nil
	}
	return who, err
}

// free is the first seat of a group that nobody sits on or is asked to; 0 for none.
func (s *Service) free(ctx context.Context, tx *db.Tx, c *Coalition, g id.Group) (int, error) {
	all, err := seatsOf(ctx, tx, c.Group, g)
	taken := map[int]bool{}
	for _, d := range all {
		taken[d.Seat] = true
	}
	for n := 1; n <= c.Seats; n++ {
		if !taken[n] {
			return n, err
		}
	}
	return 0, err
}

// ask stores a mandate that waits for its delegate, instead of one that waited before.
func (s *Service) ask(ctx context.Context, tx *db.Tx, d *Delegate) error {
	if err := s.single(ctx, tx, d); err != nil {
		return err
	}
	old, err := onSeat(ctx, tx, d.Coalition, d.Group, d.Seat, Asked)
	if err == nil {
		err = deleteDelegate(ctx, tx, old.ID)
	} else if errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	if err != nil {
		return err
	}
	s.touch(tx, d.Coalition, d.Group)
	return insertDelegate(ctx, tx, d)
}

// single refuses a second seat of one person in one coalition.
func (s *Service) single(ctx context.Context, tx *db.Tx, d *Delegate) error {
	other, err := seatHeldBy(ctx, tx, d.Coalition, d.Person)
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err == nil && (other.Group != d.Group || other.Seat != d.Seat) {
		err = errDouble()
	}
	return err
}

// mine is a mandate that the actor was asked to take, or stand in for.
func (s *Service) mine(ctx context.Context, tx *db.Tx, by authz.Actor, did string) (Delegate, error) {
	if by.Visitor() {
		return Delegate{}, authz.Check(by, authz.SpeakForGroup, authz.Subject{})
	}
	d, err := delegateBy(ctx, tx, "id", did)
	if err == nil && (d.Person != by.Person && d.Alternate != by.Person) {
		err = db.ErrNoRows
	}
	return d, absent(err)
}

// Take accepts a mandate, as its delegate or as the alternate.
func (s *Service) Take(ctx context.Context, by authz.Actor, did string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		d, err := s.mine(ctx, tx, by, did)
		if err != nil {
			return err
		}
		if d.State == Ended || !tx.Now().Before(d.Until) {
			return errOver()
		}
		role, err := s.Groups.Role(ctx, tx, d.Group, by.Person)
		if err != nil {
			return err
		}
		if !role.AtLeast(authz.Member) {
			return errOver()
		}
		if d.State == Holds && d.Alternate != by.Person {
			return nil
		}
		c, err := s.Groups.ByID(ctx, tx, d.Coalition)
		if err != nil {
			return err
		}
		if !c.acts() {
			return errClosedSeats()
		}
		s.touch(tx, d.Coalition, d.Group)
		if d.Alternate == by.Person {
			d.AlternateOK = true
			return updateDelegate(ctx, tx, &d)
		}
		m, err := memberOf(ctx, tx, d.Coalition, d.Group)
		if err != nil {
			return err
		}
		if m.State != Belongs {
			return errNoMember()
		}
		if err := s.single(ctx, tx, &d); err != nil {
			return err
		}
		if err := s.begin(ctx, tx, &d); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "accept mandate", string(d.Coalition)+" "+string(d.Group))
	})
}

// Decline says no to a mandate that one was asked to take or stand in for, and gives
// back one that one has. An alternate then stands in.
func (s *Service) Decline(ctx context.Context, by authz.Actor, did string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		d, err := s.mine(ctx, tx, by, did)
		if err != nil || d.State == Ended {
			return err
		}
		s.touch(tx, d.Coalition, d.Group)
		if d.Alternate == by.Person {
			d.Alternate, d.AlternateOK = "", false
			return updateDelegate(ctx, tx, &d)
		}
		if err := s.end(ctx, tx, &d, true); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "give mandate back", string(d.Coalition)+" "+string(d.Group))
	})
}

// Recall ends a mandate of one's own group at once, for its organizers. An alternate
// then stands in until a new delegate is chosen.
func (s *Service) Recall(ctx context.Context, by authz.Actor, group, did string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := s.speaker(ctx, tx, by, group)
		if err != nil {
			return err
		}
		d, err := delegateBy(ctx, tx, "id", did)
		if errors.Is(err, db.ErrNoRows) || err == nil && d.Group != g.ID {
			return web.ErrNotFound()
		}
		if err != nil || d.State == Ended {
			return err
		}
		if err := s.end(ctx, tx, &d, true); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, "recall delegate", string(d.Coalition)+" "+string(d.Group))
	})
}

// begin seats somebody who accepted. Who sat there before goes, which others hear when
// the group has its new delegate; when it is the same person, their mandate goes on with
// the new terms.
func (s *Service) begin(ctx context.Context, tx *db.Tx, d *Delegate) error {
	old, err := onSeat(ctx, tx, d.Coalition, d.Group, d.Seat, Holds)
	switch {
	case errors.Is(err, db.ErrNoRows):
		return s.sit(ctx, tx, d)
	case err != nil:
		return err
	case old.Person == d.Person:
		next := old.renew(d)
		if err := deleteDelegate(ctx, tx, d.ID); err != nil {
			return err
		}
		s.touch(tx, d.Coalition, d.Group)
		return updateDelegate(ctx, tx, &next)
	}
	if err := s.vacate(ctx, tx, &old); err != nil {
		return err
	}
	if err := s.sit(ctx, tx, d); err != nil {
		return err
	}
	return s.tell(ctx, tx, &old)
}

func (s *Service) sit(ctx context.Context, tx *db.Tx, d *Delegate) error {
	d.State, d.Since = Holds, tx.Now()
	if err := updateDelegate(ctx, tx, d); err != nil {
		return err
	}
	return s.seated(ctx, tx, d)
}

// seated makes a new delegate an organizer of the coalition, and the first one its
// steward.
func (s *Service) seated(ctx context.Context, tx *db.Tx, d *Delegate) error {
	s.touch(tx, d.Coalition, d.Group)
	if err := s.Groups.Seat(ctx, tx, d.Coalition, d.Person, authz.Organizer); err != nil {
		return err
	}
	n, err := countSeats(ctx, tx, d.Coalition)
	if err != nil {
		return err
	}
	if n == 1 { // whoever looked after it until somebody was sent goes
		others, err := s.Groups.Others(ctx, tx, d.Coalition, d.Person)
		if err != nil {
			return err
		}
		for _, p := range others {
			if err := s.Groups.Unseat(ctx, tx, d.Coalition, p); err != nil {
				return err
			}
		}
	}
	return s.steward(ctx, tx, d.Coalition)
}

// steward makes sure that a coalition has one: without any, whoever has held a seat
// for the longest time becomes it.
func (s *Service) steward(ctx context.Context, tx *db.Tx, c id.Group) error {
	n, err := s.Groups.Stewards(ctx, tx, c)
	if err != nil || n > 0 {
		return err
	}
	p, err := longest(ctx, tx, c)
	if err != nil || p == "" {
		return err
	}
	return s.Groups.Seat(ctx, tx, c, p, authz.Steward)
}

// vacate ends a mandate; [Service.tell] comes after whoever follows is seated.
func (s *Service) vacate(ctx context.Context, tx *db.Tx, d *Delegate) error {
	s.touch(tx, d.Coalition, d.Group)
	d.State = Ended
	if err := updateDelegate(ctx, tx, d); err != nil {
		return err
	}
	return s.Groups.Unseat(ctx, tx, d.Coalition, d.Person)
}

// tell tells that a mandate ended: when its term did, if that was before.
func (s *Service) tell(ctx context.Context, tx *db.Tx, d *Delegate) error {
	at := tx.Now()
	if d.Until.Before(at) {
		at = d.Until
	}
	return s.Facts.Emit(ctx, tx, fact.MandateEnded{Coalition: d.Coalition, Group: d.Group, Seat: d.ID, Person: d.Person, At: at})
}

// end ends a mandate; with follow, the alternate stands in.
func (s *Service) end(ctx context.Context, tx *db.Tx, d *Delegate, follow bool) error {
	if d.State == Asked {
		s.touch(tx, d.Coalition, d.Group)
		return deleteDelegate(ctx, tx, d.ID)
	}
	next, ok := d.standIn(s.IDs.New(), tx.Now())
	if err := s.vacate(ctx, tx, d); err != nil {
		return err
	}
	if follow && ok {
		if err := s.standIn(ctx, tx, &next); err != nil {
			return err
		}
	}
	if err := s.steward(ctx, tx, d.Coalition); err != nil {
		return err
	}
	return s.tell(ctx, tx, d)
}

// standIn seats an alternate who accepted, if they still belong to the group and hold
// no other seat.
func (s *Service) standIn(ctx context.Context, tx *db.Tx, next *Delegate) error {
	role, err := s.Groups.Role(ctx, tx, next.Group, next.Person)
	if err != nil || !role.AtLeast(authz.Member) {
		return err
	}
	switch err := s.single(ctx, tx, next); {
	case fault.HasCode(err, "coalition.double"):
		return nil
	case err != nil:
		return err
	}
	if err := insertDelegate(ctx, tx, next); err != nil {
		return err
	}
	return s.seated(ctx, tx, next)
}

// endAll ends all mandates of a group in a coalition; nobody stands in.
func (s *Service) endAll(ctx context.Context, tx *db.Tx, c, g id.Group) error {
	all, err := seatsOf(ctx, tx, c, g)
	if err != nil {
		return err
	}
	for i := range all {
		if err := s.end(ctx, tx, &all[i], false); err != nil {
			return err
		}
	}
	return nil
}
