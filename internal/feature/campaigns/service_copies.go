package campaigns

import (
	"context"
	"errors"

	"convoke/internal/db"
	"convoke/internal/fact"
)

// EventCopied proposes a further date of an event that belongs to a campaign, or
// waits for an answer, for the same one. Dates of owners and of trusted hosts
// belong to it at once, as their events do; the others wait.
func (s *Service) EventCopied(ctx context.Context, tx *db.Tx, f fact.EventCopied) error {
	x, err := entryOf(ctx, tx, f.From)
	if errors.Is(err, db.ErrNoRows) || err == nil && x.State == Refused {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := campaignBy(ctx, tx, "id", string(x.Campaign))
	if err != nil || c.State != Open { // it takes no further events
		return err
	}
	t, err := templateOf(ctx, tx, c.ID, c.Template)
	if err != nil {
		return err
	}
	return s.propose(ctx, tx, Hosting{Campaign: c, Template: t}, f.Event, f.Group)
}
