package campaigns

import (
	"context"

	"convoke/internal/db"
	"convoke/internal/fault"
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

// ownedByOne refuses what takes a decision where several groups own a campaign.
func (s *Service) ownedByOne(ctx context.Context, tx *db.Tx, c id.Campaign) error {
	owners, err := s.OwnersOf(ctx, tx, c)
	if err == nil && len(owners) > 1 {
		err = fault.Invalid(fault.Field("state", "demand.decision", "Several groups own this campaign, so a vote of one of them decides where a demand stands. Propose it in your group."))
	}
	return err
}
