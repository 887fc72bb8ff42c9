package ladders

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
)

// BoxCounted hears that a box has so many people; see [box.Deps]. It is told inside the
// transaction that signs: only what has happened is noted there, and what follows from
// it is worked out by a job, so that whatever is wrong with a ladder takes no signature
// with it.
func (s *Service) BoxCounted(ctx context.Context, tx *db.Tx, c box.Counted) error {
	all, err := waiting(ctx, tx, "count", countSubject(c.Box, int(c.People), strconv.Itoa(c.Part)))
	if err != nil {
		return err
	}
	for _, w := range all {
		if err := s.mark(ctx, tx, w, int(c.Count)); err != nil {
			return err
		}
	}
	if c.Part == box.Whole {
		return nil
	}
	if all, err = waiting(ctx, tx, "count", countSubject(c.Box, int(c.People), "*")); err != nil || len(all) == 0 {
		return err
	}
	seen, err := s.Boxes.Seen(ctx, tx, c.Box, c.People)
	if err != nil {
		return err
	}
	for _, w := range all {
		if err := s.mark(ctx, tx, w, apart(seen)); err != nil {
			return err
		}
	}
	return nil
}

// happened fires all that waits for something that happens once, and did at a moment.
func (s *Service) happened(ctx context.Context, tx *db.Tx, kind, subject string, at time.Time) error {
	all, err := waiting(ctx, tx, kind, subject)
	if err != nil {
		return err
	}
	for _, w := range all {
		if err := s.come(ctx, tx, w, 1, at); err != nil {
			return err
		}
	}
	return nil
}

// impossible is how far something is that cannot happen any more.
const impossible = -1

// never notes of all that waits for something that it cannot happen any more. Nothing
// moves by that.
func (s *Service) never(ctx context.Context, tx *db.Tx, kind, subject string) error {
	all, err := waiting(ctx, tx, kind, subject)
	for _, w := range all {
		err = errors.Join(err, s.mark(ctx, tx, w, impossible))
	}
	return err
}

// PetitionSilent hears that nobody answered a petition in time. That was so when the time
// was over, however late it is heard of.
func (s *Service) PetitionSilent(ctx context.Context, tx *db.Tx, x fact.PetitionSilent) error {
	return s.happened(ctx, tx, "silence", x.Petition, x.At)
}

// PetitionAnswered hears that a petition was answered.
func (s *Service) PetitionAnswered(ctx context.Context, tx *db.Tx, x fact.PetitionAnswered) error {
	if err := s.never(ctx, tx, "silence", x.Petition); err != nil {
		return err
	}
	if !x.Refused {
		return s.never(ctx, tx, "refusal", x.Petition)
	}
	return s.happened(ctx, tx, "refusal", x.Petition, tx.Now())
}

// PetitionDelivered hears that a petition was handed over. Where no reply is awaited, there
// is no silence.
func (s *Service) PetitionDelivered(ctx context.Context, tx *db.Tx, x fact.PetitionDelivered) error {
	if !x.ReplyBy.IsZero() {
		return nil
	}
	return s.never(ctx, tx, "silence", x.Petition)
}

// BoxClosed hears that a box takes nothing more: what it has not had, it never will.
func (s *Service) BoxClosed(ctx context.Context, tx *db.Tx, b leaf.ID) error {
	all, err := waitingForBox(ctx, tx, b)
	for _, w := range all {
		err = errors.Join(err, s.mark(ctx, tx, w, impossible))
	}
	return err
}

// TurnoutPublished hears how many came to an event.
func (s *Service) TurnoutPublished(ctx context.Context, tx *db.Tx, x fact.TurnoutPublished) error {
	all, err := waiting(ctx, tx, "turnout", "event "+string(x.Event))
	if err != nil {
		return err
	}
	for _, w := range all {
		if err := s.come(ctx, tx, w, x.Low, tx.Now()); err != nil {
			return err
		}
	}
	if x.Campaign == "" {
		return nil
	}
	if all, err = waiting(ctx, tx, "turnout", "campaign "+string(x.Campaign)); err != nil || len(all) == 0 {
		return err
	}
	low, err := s.Elsewhere.CampaignLow(ctx, tx, x.Campaign)
	if err != nil {
		return err
	}
	for _, w := range all {
		if err := s.come(ctx, tx, w, low, tx.Now()); err != nil {
			return err
		}
	}
	return nil
}

// CampaignShown hears that a campaign is hidden, or no longer.
func (s *Service) CampaignShown(ctx context.Context, tx *db.Tx, x fact.CampaignShown) error {
	return s.stopOrGoOn(ctx, tx, x.Campaign)
}

// CampaignEnded hears that a campaign has ended, or goes on.
func (s *Service) CampaignEnded(ctx context.Context, tx *db.Tx, x fact.CampaignEnded) error {
	return s.stopOrGoOn(ctx, tx, x.Campaign)
}

// stopOrGoOn stops the ladder of a campaign that has ended or is hidden: nothing moves
// there. When it goes on, its steps may move from then on.
func (s *Service) stopOrGoOn(ctx context.Context, tx *db.Tx, c id.Campaign) error {
	of, err := s.Campaigns.ByID(ctx, tx, c)
	if err != nil && !fault.Is(err, fault.KindNotFound) {
		return err
	}
	stopped := err != nil || of.Ended
	d, err := s.read(ctx, tx, Campaign{ID: c}, nil)
	if err != nil || d.stopped == stopped || d.Sequence == 0 {
		return err
	}
	d.stopped = stopped
	touch(tx, c)
	if err := errors.Join(putStopped(ctx, tx, c, stopped), s.noteOver(ctx, tx, d)); err != nil || stopped {
		return err
	}
	for key, x := range d.Stand {
		if x.State.settled() {
			continue
		}
		x.Free = tx.Now()
		if err := putStanding(ctx, tx, c, key, x); err != nil {
			return err
		}
	}
	return s.settle(ctx, tx, c)
}

// DemandsStand hears where the demands of a campaign stand: when some are met and no
// other is left open, the campaign stands down.
func (s *Service) DemandsStand(ctx context.Context, tx *db.Tx, x fact.DemandsStand) error {
	if x.Met == 0 || x.Open > 0 {
		return nil
	}
	return s.standDown(ctx, tx, x.Campaign, DownMet, x.Poll)
}

// PollDecided hears what a poll decided: gates may wait for it, and a poll of a group
// that owns a campaign may open or halt a step, or stand the campaign down. One of
// another group does nothing there.
func (s *Service) PollDecided(ctx context.Context, tx *db.Tx, x fact.PollDecided) error {
	if !x.Adopted {
		return s.never(ctx, tx, "decision", x.Proposal)
	}
	if err := s.happened(ctx, tx, "decision", x.Proposal, tx.Now()); err != nil {
		return err
	}
	return s.carryOut(ctx, tx, x)
}

// ProposalWithdrawn hears that a proposal was withdrawn.
func (s *Service) ProposalWithdrawn(ctx context.Context, tx *db.Tx, x fact.ProposalWithdrawn) error {
	return s.never(ctx, tx, "decision", x.Proposal)
}

func (s *Service) carryOut(ctx context.Context, tx *db.Tx, x fact.PollDecided) error {
	if x.Effect != fact.EffectStep && x.Effect != fact.EffectHalt && x.Effect != fact.EffectDown {
		return nil
	}
	d, why, err := s.obstacle(ctx, tx, x, s.now)
	switch {
	case err != nil:
		return err
	case why != "":
		return s.Facts.Emit(ctx, tx, fact.NotCarriedOut{Poll: x.Poll, Why: why})
	case x.Effect == fact.EffectDown:
		return s.standDown(ctx, tx, d.Of.ID, DownDecided, x.Poll)
	}
	_, key, _ := strings.Cut(x.Subject, "#")
	m := Move{Step: key, Reason: ByPoll, At: tx.Now(), State: Halted}
	if x.Effect == fact.EffectStep {
		m.State = Open
	}
	if d.Stand[key].State == m.State {
		return nil
	}
	return s.moveStep(ctx, tx, d, m, x.Title)
}

// Obstacle is why a decision about a ladder could not be carried out now; "" is nothing.
func (s *Service) Obstacle(ctx context.Context, tx *db.Tx, x fact.PollDecided) (fact.Obstacle, error) {
	_, why, err := s.obstacle(ctx, tx, x, s.read)
	return why, err
}

// obstacle is [Service.Obstacle] with the ladder, as it is read.
func (s *Service) obstacle(ctx context.Context, tx *db.Tx, x fact.PollDecided,
	read func(ctx context.Context, tx *db.Tx, c Campaign, speaks []Group) (*Ladder, error)) (*Ladder, fact.Obstacle, error) {
	handle, key, _ := strings.Cut(x.Subject, "#")
	c, _, err := s.Campaigns.Find(ctx, tx, authz.Actor{}, handle)
	if fault.Is(err, fault.KindNotFound) || err == nil && c.Ended {
		return nil, fact.NotOpen, nil
	}
	if err != nil {
		return nil, "", err
	}
	owns, err := s.owns(ctx, tx, c.ID, x.Group)
	if err != nil || !owns {
		return nil, fact.NotOwner, err
	}
	d, err := read(ctx, tx, c, nil)
	switch {
	case err != nil || x.Effect == fact.EffectDown:
		return d, "", err
	case d.Version == 0 || d.Stand[key] == nil:
		return d, fact.NoStep, nil
	case d.Down != nil:
		return d, fact.IsDown, nil
	case d.Stand[key].State.settled():
		return d, fact.StepOver, nil
	}
	return d, "", nil
}

func (s *Service) owns(ctx context.Context, tx *db.Tx, c id.Campaign, g id.Group) (bool, error) {
	all, err := s.Campaigns.Owners(ctx, tx, c)
	for _, o := range all {
		if o.ID == g {
			return true, err
		}
	}
	return false, err
}
