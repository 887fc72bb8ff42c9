package turnout

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/id"
)

// CampaignLow is the sum of the lowest numbers that the estimates of a campaign's
// public events tell, of each its fullest day.
func (s *Service) CampaignLow(ctx context.Context, tx *db.Tx, c id.Campaign) (low int, err error) {
	err = tx.Get(ctx, "select coalesce(sum(t.low), 0) from event e join turnout t on t.event_id = e.id where e.campaign_id = $1 and e.listed", []any{string(c)}, &low)
	if err != nil {
		return 0, fmt.Errorf("add up the turnout of a campaign: %w", err)
	}
	return low, nil
}

// EventLow is that of one event; 0 while nobody has told.
func (s *Service) EventLow(ctx context.Context, tx *db.Tx, e id.Event) (low int, err error) {
	err = tx.Get(ctx, "select low from turnout where event_id = $1", []any{string(e)}, &low)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	return low, err
}
