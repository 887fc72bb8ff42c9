package campaigns

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
)

// OrganizedBy is a campaign for somebody who may change it.
func (s *Service) OrganizedBy(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (Campaign, error) {
	c, seat, err := s.load(ctx, tx, by, handle)
	if err != nil {
		return c, err
	}
	return c, authz.Check(by, authz.EditCampaign, seat.Subject())
}
