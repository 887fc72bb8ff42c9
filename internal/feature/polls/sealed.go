package polls

import (
	"context"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/job"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
)

// shut finds the trustees who are to keep a poll shut; "" is none. Votes by name have
// no key to be locked with, and a reason is read by who is to answer it.
func (s *Service) shut(ctx context.Context, tx *db.Tx, bad *parser, p *Proposal, run string, d *draft) error {
	if run == "" {
		return nil
	}
	switch {
	case d.poll.Named:
		bad.fail("trustees", "poll.sealed_named", "Votes by name are not kept shut by trustees. Vote in secret, or without trustees.")
		return nil
	case p.Effect == fact.EffectVote:
		bad.fail("trustees", "poll.sealed_carried", "What a group decides for a coalition’s vote is entered as soon as it has closed, so trustees cannot keep it shut.")
		return nil
	case d.poll.Rules.Method == tally.Consent:
		bad.fail("trustees", "poll.sealed_consent", "Consent lives on reasons that others read and answer, so trustees cannot keep it shut. Decide it in another way, or without trustees.")
		return nil
	}
	all, err := s.Trustees.Ready(ctx, tx, p.ID)
	for i := range all {
		if all[i].ID == run {
			d.trustees = &all[i]
			return err
		}
	}
	bad.fail("trustees", "poll.no_trustees", "These trustees have made no key for this vote, or it has been used. Choose others.")
	return err
}

// About is a proposal that the actor may know of, and in which they do that: "" is only
// read. talks says that a poll about it can still be opened.
func (s *Service) About(ctx context.Context, tx *db.Tx, by authz.Actor, pid string, do authz.Action) (p Proposal, url string, talks bool, err error) {
	p, _, in, err := s.load(ctx, tx, by, pid)
	if err == nil && do != "" {
		err = authz.Check(by, do, in.subject())
	}
	return p, urlOf(&p), p.open(), err
}

// Voted is a proposal that the actor may know of, with the poll that is to decide it
// now; nil when there is none.
func (s *Service) Voted(ctx context.Context, tx *db.Tx, by authz.Actor, pid string) (Proposal, *Poll, error) {
	p, _, _, err := s.load(ctx, tx, by, pid)
	if err != nil || p.State != Frozen {
		return p, nil, err
	}
	all, err := pollsOf(ctx, tx, p.ID)
	for i := range all {
		if x := &all[i]; x.Decides && x.State == Open {
			return p, x, err
		}
	}
	return p, nil, err
}

// KnownPoll is a poll that the actor may know of.
func (s *Service) KnownPoll(ctx context.Context, tx *db.Tx, by authz.Actor, pid string) (Poll, error) {
	p, _, _, _, err := s.loadPoll(ctx, tx, by, "id", pid)
	if err != nil {
		return Poll{}, err
	}
	return p, nil
}

// openSecret opens the box of a secret poll.
func (s *Service) openSecret(ctx context.Context, tx *db.Tx, roll leaf.ID, m leaf.Box, t *TrusteeRun) (leaf.ID, error) {
	if t == nil {
		return s.Boxes.Open(ctx, tx, roll, 0, m)
	}
	b, err := s.Boxes.OpenSealed(ctx, tx, roll, 0, m, t.Transcript)
	if err != nil {
		return b, err
	}
	return b, s.Trustees.Keep(ctx, tx, t.ID, b)
}

// maxShut is how long trustees have to open a poll.
const maxShut = 90 * 24 * time.Hour

// lose gives up a poll that its trustees have not opened in time: nobody knows the
// result, and its proposal can be voted on again.
func (s *Service) lose(ctx context.Context, pid PollID) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		p, err := pollBy(ctx, tx, "id", string(pid))
		if err != nil || p.State != Closed {
			return err
		}
		return s.giveUp(ctx, tx, &p, Lost)
	})
}

// giveUp ends a poll without a result: what it was about can be voted on again.
func (s *Service) giveUp(ctx context.Context, tx *db.Tx, p *Poll, as PollState) error {
	if err := putGivenUp(ctx, tx, p.ID, as); err != nil {
		return err
	}
	if p.Amendment != "" {
		if err := putAmendmentState(ctx, tx, p.Amendment, Proposed); err != nil {
			return err
		}
	}
	about, err := proposalBy(ctx, tx, "id", string(p.Proposal))
	if err != nil {
		return err
	}
	about.State = Discussed
	return s.store(ctx, tx, &about)
}

// Opened hears that trustees have opened a poll, and has it counted.
func (s *Service) Opened(ctx context.Context, tx *db.Tx, b leaf.ID) error {
	p, err := pollBy(ctx, tx, "box_id", b.String())
	if isNone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Jobs.Enqueue(ctx, tx, countPoll{p.ID}, job.Insert{Unique: string(p.ID)})
}
