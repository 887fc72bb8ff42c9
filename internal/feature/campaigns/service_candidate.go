package campaigns

import (
	"context"
	"errors"
	"slices"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// PutForward proposes a demand for a group that owns the campaign, endorses it, or is
// a member of a coalition that owns it. key is the form's: sent twice, it is one. What
// is wrong with a demand is said only to who may put one forward.
func (s *Service) PutForward(ctx context.Context, by authz.Actor, handle, group, key string, in DemandInput) error {
	return s.speak(ctx, by, handle, group, "put a demand forward", func(tx *db.Tx, c *Campaign, g Group, _ Owner) error {
		if err := s.allied(ctx, tx, c, g.ID); err != nil {
			return err
		}
		k, err := in.candidate()
		if err != nil {
			return err
		}
		if !id.ValidSecret(key) {
			return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
		}
		all, err := candidatesOf(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		for _, x := range all {
			if x.Form == key {
				if x.Body != k.Body || x.Addressee != k.Addressee || x.Group != g.ID {
					return fault.Conflict("form.key_used", "This form was used for something else. Please open the page again.")
				}
				return nil
			}
		}
		if len(all) >= maxCandidates {
			return fault.Conflict("candidate.many", "At most {n} demands are put forward in a campaign.", "n", maxCandidates)
		}
		k.ID, k.Form, k.Group, k.Day = s.IDs.New(), key, g.ID, day.Of(tx.Now())
		return insertCandidate(ctx, tx, c.ID, &k)
	})
}

// allied refuses groups that have no part in a campaign, and campaigns that take
// nothing new.
func (s *Service) allied(ctx context.Context, tx *db.Tx, c *Campaign, g id.Group) error {
	if c.State == Ended {
		return fault.Conflict("candidate.ended", "This campaign has ended, so nothing new is put forward.")
	}
	owners, err := ownersOf(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	for _, o := range owners {
		if o.State != Owns {
			continue
		}
		if o.Group == g {
			return nil
		}
		if s.Member == nil {
			continue
		}
		if ok, err := s.Member(ctx, tx, o.Group, g); err != nil || ok {
			return err
		}
	}
	endorsed, err := endorsementsOf(ctx, tx, c.ID)
	if err != nil || slices.ContainsFunc(endorsed, func(e Endorsement) bool { return e.Group == g }) {
		return err
	}
	return fault.Forbidden("candidate.outside", "Groups that own or endorse this campaign, and members of a coalition that owns it, put demands forward.")
}

// moveCandidate changes one that was put forward, for the group that did, or for any
// owner where owners may.
func (s *Service) moveCandidate(ctx context.Context, by authz.Actor, handle, candidate string, owners bool, change func(k *Candidate, all []Candidate) ([]*Candidate, error)) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		c, seat, err := s.load(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		all, err := candidatesOf(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(all, func(k Candidate) bool { return k.ID == candidate })
		if at < 0 {
			return fault.NotFound("candidate.not_found", "Nothing like this was put forward here.")
		}
		mine := slices.ContainsFunc(seat.Groups, func(g Group) bool { return g.ID == all[at].Group })
		if !mine && !(owners && authz.May(by, authz.EditCampaign, seat.Subject())) {
			return authz.Check(by, authz.SpeakForGroup, authz.Subject{})
		}
		changed, err := change(&all[at], all)
		if err != nil {
			return err
		}
		for _, k := range changed {
			if err := updateCandidate(ctx, tx, k); err != nil {
				return err
			}
		}
		return s.store(ctx, tx, &c)
	})
}

// Merge puts a candidate behind a like one, with all that was merged into it. Who put
// it forward stays beside it, and can take it out again.
func (s *Service) Merge(ctx context.Context, by authz.Actor, handle, from, into string) error {
	return s.moveCandidate(ctx, by, handle, from, true, func(k *Candidate, all []Candidate) (changed []*Candidate, err error) {
		if k.State == Merged && k.Into == into {
			return nil, nil
		}
		at := slices.IndexFunc(all, func(x Candidate) bool { return x.ID == into })
		if at < 0 {
			return nil, fault.Invalid(fault.Field("into", "candidate.into", "Choose the one that says the same."))
		}
		if err := mergeable(k, &all[at]); err != nil {
			return nil, err
		}
		for i := range all {
			if x := &all[i]; x.ID == k.ID || x.State == Merged && x.Into == k.ID {
				x.State, x.Into = Merged, into
				changed = append(changed, x)
			}
		}
		return changed, nil
	})
}

// Part takes a candidate out of the one that it was merged into.
func (s *Service) Part(ctx context.Context, by authz.Actor, handle, candidate string) error {
	return s.moveCandidate(ctx, by, handle, candidate, true, func(k *Candidate, _ []Candidate) ([]*Candidate, error) {
		if k.State == Forward {
			return nil, nil
		}
		if k.State != Merged {
			return nil, fault.Conflict("candidate.settled", "One of the two is not open any more. Please look at the list again.")
		}
		k.State, k.Into = Forward, ""
		return []*Candidate{k}, nil
	})
}

// Retire takes back what one's own group put forward. What was merged into it stands
// by itself again.
func (s *Service) Retire(ctx context.Context, by authz.Actor, handle, candidate string) error {
	return s.moveCandidate(ctx, by, handle, candidate, false, func(k *Candidate, all []Candidate) (changed []*Candidate, err error) {
		switch k.State {
		case Retired:
			return nil, nil
		case Chosen:
			return nil, fault.Conflict("candidate.chosen", "It is a demand of the campaign by now. A decision can withdraw it.")
		}
		for i := range all {
			if x := &all[i]; x.State == Merged && x.Into == k.ID {
				x.State, x.Into = Forward, ""
				changed = append(changed, x)
			}
		}
		k.State, k.Into = Retired, ""
		return append(changed, k), nil
	})
}

// Candidates are the demands to choose from in a poll, and the campaign's id; the
// fault is NotFound for a campaign that the actor may not know of.
func (s *Service) Candidates(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (c id.Campaign, bodies []string, err error) {
	camp, _, err := s.load(ctx, tx, by, handle)
	if err != nil {
		return "", nil, err
	}
	all, err := candidatesOf(ctx, tx, camp.ID)
	for _, k := range onBallot(all) {
		bodies = append(bodies, k.Body)
	}
	return camp.ID, bodies, err
}

// Forward finds what is put forward by the words of a ballot, as ids; "" is none.
func (s *Service) Forward(ctx context.Context, tx *db.Tx, c id.Campaign, words []string) ([]string, error) {
	all, err := candidatesOf(ctx, tx, c)
	out := make([]string, len(words))
	for _, k := range onBallot(all) {
		if i := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, k.Body) }); i >= 0 {
			out[i] = k.ID
		}
	}
	return out, err
}

// Decided makes what a poll decided about demands true: the winners become demands,
// in their order, or a demand stands somewhere else. The group that decided must own
// the campaign. Who merged a demand into another, or took it back, since the poll opened
// changed nothing in it: its own words were voted on.
func (s *Service) Decided(ctx context.Context, tx *db.Tx, f fact.PollDecided) error {
	if !f.Adopted || f.Effect != fact.EffectDemand && f.Effect != fact.EffectMet && f.Effect != fact.EffectEndorse {
		return nil
	}
	why, err := s.Obstacle(ctx, tx, f)
	if err != nil {
		return err
	}
	if why != "" {
		return s.Facts.Emit(ctx, tx, fact.NotCarriedOut{Poll: f.Poll, Why: why})
	}
	c, err := campaignBy(ctx, tx, "id", string(f.Campaign))
	if err != nil {
		return err
	}
	switch f.Effect {
	case fact.EffectEndorse:
		return s.decidedEndorsement(ctx, tx, &c, f)
	case fact.EffectMet:
		err = s.decidedMove(ctx, tx, &c, f)
	default:
		err = s.decidedDemands(ctx, tx, &c, f)
	}
	if err != nil {
		return err
	}
	all, err := demandsOf(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	if err := s.tellDemands(ctx, tx, c.ID, all, f.Poll); err != nil {
		return err
	}
	return s.store(ctx, tx, &c)
}

// Obstacle is why a decision about a campaign could not be carried out now; "" is
// nothing.
func (s *Service) Obstacle(ctx context.Context, tx *db.Tx, f fact.PollDecided) (fact.Obstacle, error) {
	c, err := campaignBy(ctx, tx, "id", string(f.Campaign))
	switch {
	case errors.Is(err, db.ErrNoRows), err == nil && c.State == Draft, err == nil && f.Effect == fact.EffectEndorse && c.State != Open:
		return fact.NotOpen, nil
	case err != nil || f.Effect == fact.EffectEndorse:
		return "", err
	}
	owns, err := s.Owned(ctx, tx, c.ID, f.Group)
	if err != nil || !owns {
		return fact.NotOwner, err
	}
	all, err := demandsOf(ctx, tx, c.ID)
	if err != nil {
		return "", err
	}
	if f.Effect == fact.EffectDemand {
		if len(all) >= maxDemands {
			return fact.ManyDemands, nil
		}
		return "", nil
	}
	switch number, _, ok := demandMove(f.Subject); {
	case !ok:
		return fact.Unclear, nil
	case number < 1 || number > len(all):
		return fact.NoDemand, nil
	}
	return "", nil
}

// decidedEndorsement lets a group endorse a campaign, with the points of unity as they
// are now.
func (s *Service) decidedEndorsement(ctx context.Context, tx *db.Tx, c *Campaign, f fact.PollDecided) error {
	if err := putEndorsement(ctx, tx, c.ID, f.Group, c.Points, false); err != nil {
		return err
	}
	tx.Touch("group:" + string(f.Group))
	return s.store(ctx, tx, c)
}

func (s *Service) decidedMove(ctx context.Context, tx *db.Tx, c *Campaign, f fact.PollDecided) error {
	number, state, _ := demandMove(f.Subject)
	all, err := demandsOf(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	d := all[number-1]
	d.State = state
	if err := setDemandState(ctx, tx, c.ID, d); err != nil {
		return err
	}
	return addChange(ctx, tx, c.ID, number, len(d.History)+1, Change{State: state, Poll: f.Poll, Day: day.Of(f.At)})
}

func (s *Service) decidedDemands(ctx context.Context, tx *db.Tx, c *Campaign, f fact.PollDecided) error {
	demands, err := demandsOf(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	all, err := candidatesOf(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	for _, w := range f.Winners {
		n := len(demands) + 1
		if w < 0 || w >= len(f.Candidates) {
			continue
		}
		at := slices.IndexFunc(all, func(k Candidate) bool { return k.ID == f.Candidates[w] && k.State != Chosen })
		if at < 0 {
			continue // “none of these”, or chosen already
		}
		if n > maxDemands {
			if err := s.Facts.Emit(ctx, tx, fact.NotCarriedOut{Poll: f.Poll, Why: fact.ManyDemands, Option: f.Options[w]}); err != nil {
				return err
			}
			continue
		}
		k := &all[at]
		d := Demand{Number: n, Body: k.Body, Addressee: k.Addressee, State: "open"}
		k.State, k.Into, k.Number = Chosen, "", n
		if err := updateCandidate(ctx, tx, k); err != nil {
			return err
		}
		if err := insertDemand(ctx, tx, c.ID, d, ""); err != nil {
			return err
		}
		if err := addChange(ctx, tx, c.ID, n, 1, Change{State: d.State, Poll: f.Poll, Day: day.Of(f.At)}); err != nil {
			return err
		}
		demands = append(demands, d)
	}
	return nil
}
