package pledges

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
)

// contact is somebody who wants to hear of a pledge.
type contact struct {
	id        string
	pledge    ID
	sealed    []byte
	lang      string
	confirmed bool
	asked     time.Time
}

const selectContact = "select id, pledge_id, sealed, lang, confirmed, asked_at from pledge_news where "

// contactBy is not ok when there is none.
func contactBy(ctx context.Context, tx *db.Tx, where string, args ...any) (c contact, ok bool, err error) {
	var asked int64
	err = tx.Get(ctx, selectContact+where, args, &c.id, &c.pledge, &c.sealed, &c.lang, &c.confirmed, &asked)
	if errors.Is(err, db.ErrNoRows) {
		return c, false, nil
	}
	c.asked = clock.FromMicros(asked)
	return c, err == nil, err
}

func insertContact(ctx context.Context, tx *db.Tx, c contact, hash, tag []byte, ends time.Time) error {
	_, err := tx.Exec(ctx, `insert into pledge_news (id, pledge_id, hash, tag, sealed, lang, confirmed, asked_at, ends_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, c.id, string(c.pledge), hash, tag, c.sealed, c.lang, c.confirmed, clock.Micros(c.asked), clock.Micros(ends))
	if err != nil {
		return fmt.Errorf("store who wants news: %w", err)
	}
	return nil
}

// putContact notes when a contact was asked, whether it is confirmed, and when it
// is deleted.
func putContact(ctx context.Context, tx *db.Tx, c contact, ends time.Time) error {
	_, err := tx.Exec(ctx, "update pledge_news set confirmed = $2, asked_at = $3, ends_at = $4 where id = $1",
		c.id, c.confirmed, clock.Micros(c.asked), clock.Micros(ends))
	if err != nil {
		return fmt.Errorf("change who wants news: %w", err)
	}
	return nil
}

func deleteContact(ctx context.Context, tx *db.Tx, nid string) error {
	if _, err := tx.Exec(ctx, "delete from pledge_news where id = $1", nid); err != nil {
		return fmt.Errorf("delete who wants news: %w", err)
	}
	return nil
}

// contactsAfter walks along those of a pledge who confirmed.
func contactsAfter(ctx context.Context, tx *db.Tx, p ID, after string, limit int) ([]string, error) {
	return db.Column[string](ctx, tx, "select id from pledge_news where pledge_id = $1 and id > $2 and confirmed order by id limit $3",
		string(p), after, limit)
}

// dropEnded deletes contacts whose time is over, and returns the pledges that have
// none any more.
func dropEnded(ctx context.Context, tx *db.Tx, now time.Time, limit int) (n int, empty []ID, err error) {
	touched, err := db.Query(ctx, tx, "select id, pledge_id from pledge_news where ends_at <= $1 order by ends_at limit $2",
		[]any{clock.Micros(now), limit}, func(scan func(...any) error) (c contact, err error) {
			return c, scan(&c.id, &c.pledge)
		})
	if err != nil {
		return 0, nil, err
	}
	seen := map[ID]bool{}
	for _, c := range touched {
		if err := deleteContact(ctx, tx, c.id); err != nil {
			return 0, nil, err
		}
		seen[c.pledge] = true
	}
	for p := range seen {
		var left int
		if err := tx.Get(ctx, "select count(*) from pledge_news where pledge_id = $1", []any{string(p)}, &left); err != nil {
			return 0, nil, err
		}
		if left == 0 {
			empty = append(empty, p)
		}
	}
	return len(touched), empty, nil
}
