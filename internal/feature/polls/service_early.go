package polls

import (
	"context"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record/leaf"
)

// CloseEarly closes a poll before its time, for an organizer, where its rules said so
// when it opened. Before voting begins it can only be called off.
func (s *Service) CloseEarly(ctx context.Context, by authz.Actor, pid string) error {
	return s.early(ctx, by, pid, "close poll", func(tx *db.Tx, p *Poll) error {
		if p.prepares(tx.Now()) {
			return fault.Conflict("poll.not_begun", "Voting has not begun, so there is nothing to count. Until then this vote can only be called off, with a reason.")
		}
		return nil
	})
}

// CallOff ends a poll before voting begins, as [Service.CloseEarly] does afterwards. why
// is public. Nothing is decided.
func (s *Service) CallOff(ctx context.Context, by authz.Actor, pid, why string) error {
	return s.early(ctx, by, pid, "call off poll", func(tx *db.Tx, p *Poll) error {
		if p.State == CalledOff {
			return nil // the same form once more
		}
		// The box closes a moment later, and must not have begun by then.
		if !p.prepares(tx.Now().Add(time.Minute)) {
			return fault.Conflict("poll.begun", "Voting has begun or is about to begin, so this vote cannot be called off any more.")
		}
		var bad parser
		if why == "" {
			bad.fail("reason", "poll.why", "Write why it is called off. Everybody can read it.")
		}
		bad.long("reason", why, maxNote)
		if err := fault.Invalid(bad.fields...); err != nil {
			return err
		}
		return putWhy(ctx, tx, p.ID, why)
	})
}

// early closes the box of a poll before its time, where that may be and check lets it.
func (s *Service) early(ctx context.Context, by authz.Actor, pid, audit string, check func(tx *db.Tx, p *Poll) error) error {
	var b leaf.ID
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		p, _, _, in, err := s.loadPoll(ctx, tx, by, "id", pid)
		if err != nil {
			return err
		}
		if err := authz.Check(by, authz.RunPoll, in.subject()); err != nil {
			return err
		}
		if !p.Early {
			return fault.Conflict("poll.not_early", "This poll closes at its time and not before: its rules do not say otherwise, and nobody can change them.")
		}
		if b, err = p.box(); err != nil {
			return err
		}
		if err := check(tx, &p); err != nil || p.State != Open {
			return err
		}
		return s.Audit(ctx, tx, by.Person, audit, pid+" "+string(p.Group))
	})
	if err != nil {
		return err
	}
	return s.Boxes.Close(ctx, b)
}

// calledOff gives up a poll whose box has closed before voting began, and tells those
// who were to vote why.
func (s *Service) calledOff(ctx context.Context, tx *db.Tx, p *Poll) error {
	if err := s.giveUp(ctx, tx, p, CalledOff); err != nil || p.Why == "" { // the record was given up
		return err
	}
	g, err := s.Groups.ByID(ctx, tx, p.Group)
	if err != nil {
		return err
	}
	p.State = CalledOff
	return s.announce(ctx, tx, p, g, "off")
}
