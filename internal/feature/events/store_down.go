package events

import (
	"context"

	"convoke/internal/db"
	"convoke/internal/id"
)

// TouchCampaign tells the pages of all events of a campaign that it has stood down, or
// goes on: that happens once in its life, or twice.
func (s *Service) TouchCampaign(ctx context.Context, tx *db.Tx, c id.Campaign) error {
	all, err := db.Column[string](ctx, tx, "select id from event where campaign_id = $1", string(c))
	for _, e := range all {
		tx.Touch("event:" + e)
	}
	return err
}
