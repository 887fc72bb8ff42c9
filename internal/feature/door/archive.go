package door

import (
	"context"
	"fmt"
	"strings"
	"time"

	"convoke/internal/archive"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// archivedCount is how many came to an event, in the archive of its group. Doors,
// their links and who came through them stay behind.
type archivedCount struct {
	Attended int `json:"attended"` // of those who had signed up and had a place
	WalkIns  int `json:"walk_ins"`
}

// ExportTotals returns what was counted at the doors of events.
func (s *Service) ExportTotals(ctx context.Context, tx *db.Tx, es []id.Event) (map[id.Event]any, error) {
	out := map[id.Event]any{}
	if len(es) == 0 {
		return out, nil
	}
	args, list := make([]any, len(es)), make([]string, len(es))
	for i, e := range es {
		args[i], list[i] = string(e), fmt.Sprintf("$%d", i+1)
	}
	err := tx.Each(ctx, `select event_id, attended, walk_ins from door_total
		where attended + walk_ins > 0 and event_id in (`+strings.Join(list, ", ")+")", args, func(scan func(...any) error) error {
		var e id.Event
		var a archivedCount
		err := scan(&e, &a.Attended, &a.WalkIns)
		out[e] = a
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read totals of doors: %w", err)
	}
	return out, nil
}

// ImportTotals takes in what was counted at a new event whose doors are closed for
// good. While they could open here, people are counted on the server that they
// signed up on.
func (s *Service) ImportTotals(ctx context.Context, tx *db.Tx, e id.Event, start, end time.Time, raw []byte, write bool) error {
	var a archivedCount
	if err := archive.Strict(raw, &a); err != nil {
		return fmt.Errorf("%w: %w", archive.ErrUnreadable, err)
	}
	if a.Attended < 0 || a.WalkIns < 0 || a.Attended > maxPeople || a.WalkIns > maxPeople {
		return fault.Invalid(fault.Field("door", "door.count", "Write a whole number of people from 0 to {max}.", "max", maxPeople))
	}
	if !write || tx.Now().Before(end.Add(closesAfter)) {
		return nil
	}
	return putArchived(ctx, tx, e, total{start: start, end: end, Count: Count(a)})
}

// putArchived makes the row of an event of which nothing but the totals is here.
func putArchived(ctx context.Context, tx *db.Tx, e id.Event, t total) error {
	_, err := tx.Exec(ctx, `insert into door_total (event_id, starts_at, ends_at, off, attended, walk_ins, cleared)
		values ($1, $2, $3, $4, $5, $6, $7)`, string(e), clock.Micros(t.start), clock.Micros(t.end), t.off, t.Attended, t.WalkIns, true)
	if err != nil {
		return fmt.Errorf("store totals of doors: %w", err)
	}
	return nil
}
