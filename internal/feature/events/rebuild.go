package events

import (
	"context"
	"fmt"
	"math"

	"convoke/internal/db"
	"convoke/internal/search"
)

// TextTable is the full-text index, which is made from the events and can be
// made again.
const TextTable = "event_text"

// rebuildPage is how many events one transaction indexes.
const rebuildPage = 500

// RebuildText makes the full-text index again from the events: after a restore,
// which does not carry it, and when doctor finds that it has drifted. It may run
// beside a server; words of events that nobody changes stay findable but for
// the moment of their page's commit.
func (s *Service) RebuildText(ctx context.Context) error {
	for after, more := int64(math.MinInt64), true; more; {
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			next, full, err := rebuildText(ctx, tx, after)
			if err == nil {
				tx.OnCommit(func() { after, more = next, full })
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("rebuild the text index: %w", err)
		}
	}
	return nil
}

// rebuildText replaces what is indexed behind after, up to the end of one page,
// and drops words of events that are not there any more. Events of suspended
// groups stay indexed: a search leaves them out by itself.
func rebuildText(ctx context.Context, tx *db.Tx, after int64) (next int64, more bool, err error) {
	es, err := db.Query(ctx, tx, selectEvents()+"where e.at_key > $1 and e.state <> $2 order by e.at_key limit $3",
		[]any{after, string(Draft), rebuildPage}, scanEvent)
	if err != nil {
		return 0, false, err
	}
	next, more = math.MaxInt64, len(es) == rebuildPage
	if more {
		next = es[len(es)-1].AtKey
	}
	if _, err := tx.Exec(ctx, "delete from event_text where rowid > $1 and rowid <= $2", after, next); err != nil {
		return 0, false, fmt.Errorf("clear the index: %w", err)
	}
	all, err := versionsOf(ctx, tx, "", es...)
	if err != nil {
		return 0, false, err
	}
	for i := range es {
		vs := all[es[i].ID]
		if err := search.Put(ctx, tx, es[i].AtKey, words(&es[i], vs...), tagsOf(&es[i], vs...)...); err != nil {
			return 0, false, err
		}
	}
	return next, more, nil
}

// TextDrift tells how many events there are but for drafts, and how many are
// indexed; they must be equal. It counts both, so it is for an operator's
// command.
func TextDrift(ctx context.Context, tx *db.Tx) (public, indexed int64, err error) {
	if err = tx.Get(ctx, "select count(*) from event where state <> $1", []any{string(Draft)}, &public); err != nil {
		return 0, 0, fmt.Errorf("count public events: %w", err)
	}
	if err = tx.Get(ctx, "select count(*) from event_text", nil, &indexed); err != nil {
		return 0, 0, fmt.Errorf("count indexed events: %w", err)
	}
	return public, indexed, nil
}
