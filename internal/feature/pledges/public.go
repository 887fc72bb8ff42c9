package pledges

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/record/leaf"
)

// Known is a pledge that the actor may know of, with its box; here is false when it has
// none on this server.
func (s *Service) Known(ctx context.Context, tx *db.Tx, by authz.Actor, slug string) (p Pledge, b leaf.ID, here bool, err error) {
	if p, _, err = s.load(ctx, tx, by, slug); err != nil || p.Box == "" {
		return p, b, false, err
	}
	b, err = leaf.ParseID(p.Box)
	return p, b, err == nil, err
}
