package attendance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

// reminderOf returns the zero reminder when nothing was ever planned.
func reminderOf(ctx context.Context, tx *db.Tx, e id.Event) (reminder, error) {
	var m reminder
	var at int64
	err := tx.Get(ctx, "select zone, morning, feedback, next, next_at from reminder where event_id = $1", []any{string(e)},
		&m.Zone, &m.Morning, &m.Feedback, &m.Next, &at)
	if errors.Is(err, db.ErrNoRows) {
		return reminder{}, nil
	}
	m.At = clock.FromMicros(at)
	return m, err
}

func putReminder(ctx context.Context, tx *db.Tx, e id.Event, m reminder) error {
	var at int64
	if m.Next != "" {
		at = clock.Micros(m.At)
	}
	_, err := tx.Exec(ctx, `insert into reminder (event_id, zone, morning, feedback, next, next_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (event_id) do update set zone = excluded.zone, morning = excluded.morning, feedback = excluded.feedback,
		next = excluded.next, next_at = excluded.next_at`, string(e), m.Zone, m.Morning, m.Feedback, string(m.Next), at)
	if err != nil {
		return fmt.Errorf("store reminder: %w", err)
	}
	return nil
}

func dueReminders(ctx context.Context, tx *db.Tx, now int64, limit int) ([]string, error) {
	return db.Column[string](ctx, tx, "select event_id from reminder where next <> '' and next_at <= $1 order by next_at, event_id limit $2",
		now, limit)
}

// noteReminded says whether this sign-up was not reminded of that before.
func noteReminded(ctx context.Context, tx *db.Tx, e id.Event, hash []byte, w what, start int64) (bool, error) {
	n, err := tx.Exec(ctx, `insert into reminded (event_id, hash, what, starts_at, coming) values ($1, $2, $3, $4, false)
		on conflict do nothing`, string(e), hash, string(w), start)
	if err != nil {
		return false, fmt.Errorf("note reminder: %w", err)
	}
	return n == 1, nil
}

// noteComing keeps that somebody said they still come on that date.
func noteComing(ctx context.Context, tx *db.Tx, e id.Event, hash []byte, start time.Time) error {
	_, err := tx.Exec(ctx, `insert into reminded (event_id, hash, what, starts_at, coming) values ($1, $2, $3, $4, true)
		on conflict (event_id, hash, what, starts_at) do update set coming = true`, string(e), hash, string(before), clock.Micros(start))
	if err != nil {
		return fmt.Errorf("note an answer: %w", err)
	}
	return nil
}

// stillComing is how many people, of those with a place, said so.
func stillComing(ctx context.Context, tx *db.Tx, e id.Event, start time.Time) (int, error) {
	var n int
	err := tx.Get(ctx, `select coalesce(sum(a.party), 0) from reminded x join attendance a on a.event_id = x.event_id and a.hash = x.hash
		where x.event_id = $1 and x.coming and x.starts_at = $2 and a.state = 'going'`, []any{string(e), clock.Micros(start)}, &n)
	return n, err
}

// sealedNotice is one notice as it is stored.
type sealedNotice struct {
	day    int
	made   time.Time
	sealed []byte
}

// noticesOf lists the notices of an event, the newest first.
func noticesOf(ctx context.Context, tx *db.Tx, e id.Event) ([]sealedNotice, error) {
	return db.Query(ctx, tx, "select day, made_at, sealed from event_notice where event_id = $1 order by day desc limit 100",
		[]any{string(e)}, func(scan func(...any) error) (sealedNotice, error) {
			var n sealedNotice
			var made int64
			err := scan(&n.day, &made, &n.sealed)
			n.made = clock.FromMicros(made)
			return n, err
		})
}

func insertNotice(ctx context.Context, tx *db.Tx, e id.Event, day int, made time.Time, sealed []byte) error {
	_, err := tx.Exec(ctx, "insert into event_notice (event_id, day, made_at, sealed) values ($1, $2, $3, $4)",
		string(e), day, clock.Micros(made), sealed)
	if err != nil {
		return fmt.Errorf("insert notice: %w", err)
	}
	return nil
}

func removeNotices(ctx context.Context, tx *db.Tx, e id.Event) error {
	if _, err := tx.Exec(ctx, "delete from event_notice where event_id = $1", string(e)); err != nil {
		return fmt.Errorf("delete notices: %w", err)
	}
	return nil
}
