package campaigns

import (
	"context"

	"convoke/internal/db"
	"convoke/internal/id"
)

// OwnedBy lists the campaigns that a group owns.
func (s *Service) OwnedBy(ctx context.Context, tx *db.Tx, g id.Group) (out []id.Campaign, err error) {
	all, err := campaignsOf(ctx, tx, g, Owns)
	for i := range all {
		out = append(out, all[i].ID)
	}
	return out, err
}

// Owned reports whether a group is one of a campaign's owners.
func (s *Service) Owned(ctx context.Context, tx *db.Tx, c id.Campaign, g id.Group) (bool, error) {
	o, err := ownerOf(ctx, tx, c, g)
	return o.State == Owns, err
}

// shared reports whether several groups own a campaign.
func (s *Service) shared(ctx context.Context, tx *db.Tx, c id.Campaign) (bool, error) {
	owners, err := s.OwnersOf(ctx, tx, c)
	return len(owners) > 1, err
}
