package events

import (
	"context"
	"errors"

	"convoke/internal/db"
	"convoke/internal/id"
)

// Suspended tells whether an event is hidden because its group is suspended. One
// that is gone, or was imported, is not.
func (s *Service) Suspended(ctx context.Context, tx *db.Tx, eid id.Event) (bool, error) {
	e, err := eventByID(ctx, tx, eid)
	if errors.Is(err, db.ErrNoRows) || err == nil && e.Group == "" {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	g, err := s.Groups.ByID(ctx, tx, e.Group)
	return g.Suspended, err
}
