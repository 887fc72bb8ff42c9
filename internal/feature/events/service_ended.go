package events

import (
	"context"
	"fmt"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/id"
)

// groupPage is how many events of a group are held in memory at once.
const groupPage = 200

// eachOfGroup reads the events of a group, drafts too, in the order of their
// start.
func eachOfGroup(ctx context.Context, tx *db.Tx, g id.Group, page func([]Event) error) error {
	for after, n := int64(-1), groupPage; n == groupPage; {
		es, err := db.Query(ctx, tx, selectEvents()+"where e.group_id = $1 and e.at_key > $2 order by e.at_key limit $3",
			[]any{string(g), after, groupPage}, scanEvent)
		if err != nil {
			return fmt.Errorf("list a group's events: %w", err)
		}
		if n = len(es); n == 0 {
			return nil
		}
		after = es[n-1].AtKey
		if err := page(es); err != nil {
			return err
		}
	}
	return nil
}

// GroupEnded closes the sign-ups of a group that has ended its work, and opens
// them when it goes on. Its events stay where they are.
func (s *Service) GroupEnded(ctx context.Context, tx *db.Tx, f fact.GroupEnded) error {
	now := clock.Micros(tx.Now())
	return eachOfGroup(ctx, tx, f.Group, func(es []Event) error {
		for i := range es {
			e := &es[i]
			if !e.State.Listed() || clock.Micros(e.End) <= now {
				continue
			}
			c, err := s.fact(ctx, tx, e)
			if err != nil {
				return err
			}
			if err := s.Facts.Emit(ctx, tx, c); err != nil {
				return err
			}
		}
		return nil
	})
}
