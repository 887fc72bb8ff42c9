package events

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/id"
)

// PreviewNew is the event that [Service.Create] would make of in. Nothing is
// stored. Whoever asks must be allowed to create it.
func (s *Service) PreviewNew(ctx context.Context, g Group, in Input) (Event, error) {
	in, err := s.forCampaign(ctx, in)
	if err != nil {
		return Event{}, err
	}
	e, err := in.parse(s.Places, s.Render)
	e.Group = g.ID
	return e, err
}

// PreviewEdit is the event as [Service.Update] would leave it. Nothing is stored.
func (s *Service) PreviewEdit(ctx context.Context, by authz.Actor, eid id.Event, sequence int, in Input) (Event, error) {
	change, err := s.typed(ctx, eid, sequence, in)
	if err != nil {
		return Event{}, err
	}
	var e Event
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		old, _, sub, err := s.Get(ctx, tx, by, eid)
		if err != nil {
			return err
		}
		if err := authz.Check(by, authz.EditEvent, sub); err != nil {
			return err
		}
		e = old
		return change(tx, &old, &e)
	})
	return e, err
}
