package pledges

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/record/leaf"
	"convoke/internal/web"
)

// Public is a pledge that everybody may know of, with its box on this server; a NotFound
// fault otherwise.
func (s *Service) Public(ctx context.Context, tx *db.Tx, slug string) (Pledge, leaf.ID, error) {
	p, _, err := s.load(ctx, tx, authz.Actor{}, slug)
	if err == nil && p.Box == "" {
		err = web.ErrNotFound()
	}
	if err != nil {
		return Pledge{}, leaf.ID{}, err
	}
	b, err := leaf.ParseID(p.Box)
	return p, b, err
}
