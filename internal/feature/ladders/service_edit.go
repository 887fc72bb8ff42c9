package ladders

import (
	"context"
	"slices"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
)

// change changes the draft for an organizer of one of the owners. sequence is the one
// that the form was filled from: what somebody else saved meanwhile is not overwritten.
// do says whether it changed anything.
func (s *Service) change(ctx context.Context, by authz.Actor, handle string, sequence int, do func(d *Ladder) (bool, error)) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		d, err := s.editable(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		was := d.Draft.JSON()
		changed, err := do(d)
		if err != nil || !changed || d.Draft.JSON() == was {
			return err
		}
		if d.Sequence != sequence {
			return errChanged()
		}
		if len(d.Draft.Steps) > maxSteps {
			return fault.Conflict("ladder.many", "A ladder has at most {n} steps.", "n", maxSteps)
		}
		touch(tx, d.Of.ID)
		return putRow(ctx, tx, &d.row)
	})
}

// SaveStep puts a step into the draft: in the place of the one with the key old, or,
// when old is "", at the end. place, from 1, moves it there; 0 leaves it.
func (s *Service) SaveStep(ctx context.Context, by authz.Actor, handle string, sequence int, old string, place int, in Input) error {
	step, err := in.parse()
	if err != nil {
		return err
	}
	return s.change(ctx, by, handle, sequence, func(d *Ladder) (bool, error) {
		p := &d.Draft
		at, other := p.step(old), p.step(step.Key)
		switch {
		case old != "" && at < 0:
			return false, errNoStep()
		case old == "" && other >= 0 && sameStep(&p.Steps[other], &step):
			return false, nil // the same form once more
		case other >= 0 && other != at:
			return false, fault.Invalid(fault.Field("key", "ladder.key_taken", "Another step has this short name."))
		case old != "" && old != step.Key && d.moved()[old]:
			return false, errMoved(old)
		}
		if old == "" {
			p.Steps = append(p.Steps, step)
			at = len(p.Steps) - 1
		} else {
			p.Steps[at] = step
			if old != step.Key {
				p.rename(old, step.Key)
			}
		}
		if place > 0 && place != at+1 {
			p.Steps = slices.Delete(p.Steps, at, at+1)
			p.Steps = slices.Insert(p.Steps, min(place-1, len(p.Steps)), step)
		}
		return true, nil
	})
}

func sameStep(a, b *Step) bool {
	return (&Plan{Steps: []Step{*a}}).JSON() == (&Plan{Steps: []Step{*b}}).JSON()
}

// rename has all that waits for a step wait for it under its new key.
func (p *Plan) rename(old, key string) {
	for i := range p.Steps {
		for k, x := range p.Steps[i].After {
			if x == old {
				p.Steps[i].After[k] = key
			}
		}
	}
	p.leaves(func(_ *Step, g *Gate) {
		if g.Step == old {
			g.Step = key
		}
	})
}

func errNoStep() error { return fault.NotFound("ladder.no_step", "There is no such step.") }

func errMoved(step string) error {
	return fault.Conflict("ladder.moved", "The step “{step}” has moved already: it stays, with its gate.", "step", step)
}

// DropStep takes a step out of the draft. Done twice, it is done once.
func (s *Service) DropStep(ctx context.Context, by authz.Actor, handle string, sequence int, key string) error {
	return s.change(ctx, by, handle, sequence, func(d *Ladder) (bool, error) {
		at := d.Draft.step(key)
		if at < 0 {
			return false, nil
		}
		if d.moved()[key] {
			return false, errMoved(key)
		}
		d.Draft.Steps = slices.Delete(d.Draft.Steps, at, at+1)
		return true, nil
	})
}

// SaveText replaces the draft by a ladder as JSON.
func (s *Service) SaveText(ctx context.Context, by authz.Actor, handle string, sequence int, text string) error {
	p, err := ParsePlan([]byte(text))
	if err != nil {
		return fault.Because(fault.Invalid(fault.Field("text", "ladder.text", "This cannot be read as a ladder: {why}", "why", err.Error())), err)
	}
	return s.change(ctx, by, handle, sequence, func(d *Ladder) (bool, error) {
		d.Draft = p
		return true, nil
	})
}
