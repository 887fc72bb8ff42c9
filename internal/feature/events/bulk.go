package events

import (
	"context"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/id"
)

// BulkInsert stores new events of a source, one transaction of the caller's for
// all of them. Each needs what an import would have filled in: a UID that the
// source has not used, texts, HTML, start, end, zone and place; ids, row numbers
// and times of storing are given here. Totals are kept.
//
// It compares nothing and checks nothing, so it is only for filling a database
// that is to be measured; whatever comes from outside goes through the imports.
// Ascending starts are many times faster than others on SQLite.
func (s *Service) BulkInsert(ctx context.Context, tx *db.Tx, source Source, all []Event) error {
	if err := putSource(ctx, tx, source); err != nil {
		return fmt.Errorf("store the source: %w", err)
	}
	seq, err := nextSeq(ctx, tx, len(all))
	if err != nil {
		return fmt.Errorf("reserve rows: %w", err)
	}
	arrivals := make([]Arrival, len(all))
	for i := range all {
		e := all[i]
		e.ID, e.Source, e.Seq = id.Event(s.IDs.New()), source.ID, seq+int64(i)
		e.Created, e.Updated = tx.Now(), tx.Now()
		if err := insertEvent(ctx, tx, &e, fingerprint(&e, nil, 0)); err != nil {
			return err
		}
		arrivals[i] = Arrival{Event: e.ID, Spot: e.Spot()}
	}
	tx.Touch("*")
	if bulk, ok := s.Tally.(BulkTally); ok {
		return bulk.SetNew(ctx, tx, arrivals)
	}
	for _, a := range arrivals {
		if err := s.Tally.Set(ctx, tx, a.Event, nil, a.Spot, nil); err != nil {
			return err
		}
	}
	return nil
}
