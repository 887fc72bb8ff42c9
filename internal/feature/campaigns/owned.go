package campaigns

import (
	"context"

	"convoke/internal/db"
	"convoke/internal/id"
)

// Owned reports whether a group is one of a campaign's owners.
func (s *Service) Owned(ctx context.Context, tx *db.Tx, c id.Campaign, g id.Group) (bool, error) {
	o, err := ownerOf(ctx, tx, c, g)
	return o.State == Owns, err
}
