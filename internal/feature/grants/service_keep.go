package grants

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/id"
)

// Mine lists the events that the actor helps with.
func (s *Service) Mine(ctx context.Context, by authz.Actor) (out []Grant, of []Event, err error) {
	if by.Visitor() {
		return nil, nil, nil
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		if out, err = heldBy(ctx, tx, by.Person, mineSize); err != nil {
			return err
		}
		of, err = s.eventsOf(ctx, tx, out)
		return err
	})
	return out, of, err
}

// Held lists every row about a person, and the events that they are about.
func (s *Service) Held(ctx context.Context, tx *db.Tx, p id.Person) ([]Grant, []Event, error) {
	all, err := about(ctx, tx, p)
	if err != nil {
		return nil, nil, err
	}
	of, err := s.eventsOf(ctx, tx, all)
	return all, of, err
}

func (s *Service) eventsOf(ctx context.Context, tx *db.Tx, gs []Grant) ([]Event, error) {
	out := make([]Event, len(gs))
	for i, g := range gs {
		var err error
		if out[i], err = s.Events.Any(ctx, tx, g.Event); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Named lists who may see the sign-ups of an event.
func (s *Service) Named(ctx context.Context, e id.Event) ([]Grant, error) {
	var out []Grant
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		all, err := grantsOf(ctx, tx, e)
		out = nil
		for _, g := range all {
			if g.Kind == Roster {
				out = append(out, g)
			}
		}
		return err
	})
	return out, err
}

// EventChanged keeps the end of grants in step with their event.
func (s *Service) EventChanged(ctx context.Context, tx *db.Tx, f fact.EventChanged) error {
	return setEnds(ctx, tx, f.Event, ends(f.End, f.State == "postponed"))
}

// MemberLeft ends what a former member was granted for the group's events, and what
// they granted there: they were let in to do it for the group.
func (s *Service) MemberLeft(ctx context.Context, tx *db.Tx, f fact.MemberLeft) error {
	return removeOf(ctx, tx, f.Group, f.Person)
}

// Expire deletes what has ended. A schedule calls it every hour or so.
func (s *Service) Expire(ctx context.Context) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error { return removeEnded(ctx, tx) })
}
