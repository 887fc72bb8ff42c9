package events

import (
	"context"
	"errors"

	"convoke/internal/db"
	"convoke/internal/id"
)

// Any returns any event and its group, whoever asks: for features that have found
// that out by other means.
func (s *Service) Any(ctx context.Context, tx *db.Tx, eid id.Event) (Event, Group, error) {
	e, err := eventByID(ctx, tx, eid)
	if errors.Is(err, db.ErrNoRows) {
		return e, Group{}, errNoEvent()
	}
	if err != nil || e.Group == "" {
		return e, Group{}, err
	}
	g, err := s.Groups.ByID(ctx, tx, e.Group)
	return e, g, err
}
