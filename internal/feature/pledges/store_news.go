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

// dropEnded deletes contacts whose time is over, and returns how many.
func dropEnded(ctx context.Context, tx *db.Tx, now time.Time, limit int) (int, error) {
	n, err := tx.Exec(ctx, "delete from pledge_news where id in (select id from pledge_news where ends_at <= $1 order by ends_at limit $2)",
		clock.Micros(now), limit)
	if err != nil {
		return 0, fmt.Errorf("delete who wanted news: %w", err)
	}
	return int(n), nil
}

// newsDue are pledges with a deadline until then that have no contacts any more, and
// may have their key. A draft can get a later deadline and need it yet.
func newsDue(ctx context.Context, tx *db.Tx, deadline time.Time, limit int) ([]ID, error) {
	return db.Column[ID](ctx, tx, `select id from pledge where news_over = 0 and state <> 'draft' and deadline <= $1
		and not exists (select 1 from pledge_news n where n.pledge_id = pledge.id) order by deadline limit $2`, clock.Micros(deadline), limit)
}

func putNewsOver(ctx context.Context, tx *db.Tx, all []ID) error {
	for _, p := range all {
		if _, err := tx.Exec(ctx, "update pledge set news_over = 1 where id = $1", string(p)); err != nil {
			return fmt.Errorf("note that the key of a pledge is gone: %w", err)
		}
	}
	return nil
}
