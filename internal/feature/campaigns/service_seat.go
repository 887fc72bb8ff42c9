package campaigns

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/id"
)

// Seated is a campaign that the actor may know of, with what they are to it.
func (s *Service) Seated(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (Campaign, Seat, error) {
	return s.load(ctx, tx, by, handle)
}

// OwnersOf are the groups that own a campaign and can act.
func (s *Service) OwnersOf(ctx context.Context, tx *db.Tx, c id.Campaign) (out []Group, err error) {
	all, err := ownersOf(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if o.State != Owns {
			continue
		}
		g, err := s.Groups.ByID(ctx, tx, o.Group)
		if err != nil {
			return nil, err
		}
		if !g.Suspended && !g.Ended {
			out = append(out, g)
		}
	}
	return out, nil
}

// TitleOf is what a campaign is called, for those whom something there concerns,
// whether or not everybody may know of it.
func (s *Service) TitleOf(ctx context.Context, tx *db.Tx, c id.Campaign) (string, error) {
	x, err := campaignBy(ctx, tx, "id", string(c))
	return x.Text.Title, err
}
