package groups

import (
	"context"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

// setEnded notes when a group ended; the zero time is that it goes on.
func setEnded(ctx context.Context, tx *db.Tx, g id.Group, at time.Time) error {
	var ended int64
	if !at.IsZero() {
		ended = clock.Micros(at)
	}
	if _, err := tx.Exec(ctx, "update groups set ended_at = $1 where id = $2", ended, string(g)); err != nil {
		return fmt.Errorf("end a group: %w", err)
	}
	return nil
}

func setMovedTo(ctx context.Context, tx *db.Tx, g id.Group, to string) error {
	if _, err := tx.Exec(ctx, "update groups set moved_to = $1 where id = $2", to, string(g)); err != nil {
		return fmt.Errorf("move a group: %w", err)
	}
	return nil
}

// clearable lists groups that ended before a time and hold what is personal.
func clearable(ctx context.Context, tx *db.Tx, before time.Time, limit int) ([]id.Group, error) {
	return db.Column[id.Group](ctx, tx, "select id from groups where ended_at > 0 and not cleared and ended_at <= $1 order by ended_at limit $2",
		clock.Micros(before), limit)
}

// clearGroup deletes members, requests, announcements and the welcome. Keys of
// requests are destroyed by the job that erases them.
func clearGroup(ctx context.Context, tx *db.Tx, g id.Group) error {
	for _, q := range []string{
		"delete from member where group_id = $1",
		"update join_request set state = 'done', reason = '', sealed = null, ends_day = 0 where group_id = $1",
		"delete from announcement where group_id = $1",
		"update groups set welcome = '', welcome_html = '', cleared = true where id = $1",
	} {
		if _, err := tx.Exec(ctx, q, string(g)); err != nil {
			return fmt.Errorf("clear a group that ended: %w", err)
		}
	}
	return nil
}
