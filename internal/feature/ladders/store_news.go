package ladders

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/id"
)

// contact is somebody who wants to hear of a ladder.
type contact struct {
	id        string
	campaign  id.Campaign
	sealed    []byte
	lang      string
	confirmed bool
	asked     time.Time
}

const selectContact = "select id, campaign_id, sealed, lang, confirmed, asked_at from ladder_news where "

// contactBy is not ok when there is none.
func contactBy(ctx context.Context, tx *db.Tx, where string, args ...any) (c contact, ok bool, err error) {
	var asked int64
	err = tx.Get(ctx, selectContact+where, args, &c.id, &c.campaign, &c.sealed, &c.lang, &c.confirmed, &asked)
	if errors.Is(err, db.ErrNoRows) {
		return c, false, nil
	}
	c.asked = clock.FromMicros(asked)
	return c, err == nil, err
}

func insertContact(ctx context.Context, tx *db.Tx, c contact, hash, tag []byte, ends time.Time) error {
	_, err := tx.Exec(ctx, `insert into ladder_news (id, campaign_id, hash, tag, sealed, lang, confirmed, asked_at, ends_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, c.id, string(c.campaign), hash, tag, c.sealed, c.lang, c.confirmed, clock.Micros(c.asked), clock.Micros(ends))
	if err != nil {
		return fmt.Errorf("store who wants news: %w", err)
	}
	return nil
}

// putContact notes when a contact was asked, whether it is confirmed, and when it
// is deleted.
func putContact(ctx context.Context, tx *db.Tx, c contact, ends time.Time) error {
	_, err := tx.Exec(ctx, "update ladder_news set confirmed = $2, asked_at = $3, ends_at = $4 where id = $1",
		c.id, c.confirmed, clock.Micros(c.asked), clock.Micros(ends))
	if err != nil {
		return fmt.Errorf("change who wants news: %w", err)
	}
	return nil
}

func deleteContact(ctx context.Context, tx *db.Tx, nid string) error {
	if _, err := tx.Exec(ctx, "delete from ladder_news where id = $1", nid); err != nil {
		return fmt.Errorf("delete who wants news: %w", err)
	}
	return nil
}

// contactTold is a contact with what it was told of a step last, "" when nothing.
type contactTold struct {
	id   string
	told State
}

// contactsAfter walks along those of a ladder who confirmed.
func contactsAfter(ctx context.Context, tx *db.Tx, of id.Campaign, step, after string, limit int) ([]contactTold, error) {
	return db.Query(ctx, tx, `select id, coalesce((select state from ladder_told where news_id = ladder_news.id and step = $2), '') from ladder_news
		where campaign_id = $1 and id > $3 and confirmed order by id limit $4`, []any{string(of), step, after, limit}, func(scan func(...any) error) (contactTold, error) {
		var c contactTold
		return c, scan(&c.id, &c.told)
	})
}

func toldOf(ctx context.Context, tx *db.Tx, nid, step string) (state State, err error) {
	err = tx.Get(ctx, "select state from ladder_told where news_id = $1 and step = $2", []any{nid, step}, &state)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil
	}
	return state, err
}

// putTold is not ok for a contact that is gone.
func putTold(ctx context.Context, tx *db.Tx, nid, step string, state State) (ok bool, err error) {
	n, err := tx.Exec(ctx, `insert into ladder_told (news_id, step, state) select id, $2, $3 from ladder_news where id = $1
		on conflict (news_id, step) do update set state = excluded.state`, nid, step, string(state))
	if err != nil {
		return false, fmt.Errorf("note what somebody was told: %w", err)
	}
	return n == 1, nil
}

// dropEnded deletes contacts whose time is over, and returns how many.
func dropEnded(ctx context.Context, tx *db.Tx, now time.Time, limit int) (int, error) {
	n, err := tx.Exec(ctx, "delete from ladder_news where id in (select id from ladder_news where ends_at <= $1 order by ends_at limit $2)",
		clock.Micros(now), limit)
	if err != nil {
		return 0, fmt.Errorf("delete who wanted news: %w", err)
	}
	return int(n), nil
}

// newsDue are ladders that were over by then and have no contacts any more, and may have
// their key.
func newsDue(ctx context.Context, tx *db.Tx, over time.Time, limit int) ([]id.Campaign, error) {
	return db.Column[id.Campaign](ctx, tx, `select campaign_id from ladder where over_at > 0 and not news_over and over_at <= $1
		and not exists (select 1 from ladder_news n where n.campaign_id = ladder.campaign_id) order by over_at limit $2`, clock.Micros(over), limit)
}

// endContacts has those of ladders that were over by then go.
func endContacts(ctx context.Context, tx *db.Tx, over time.Time) error {
	_, err := tx.Exec(ctx, `delete from ladder_news where campaign_id in
		(select campaign_id from ladder where over_at > 0 and not news_over and over_at <= $1)`, clock.Micros(over))
	return err
}

func putNewsOver(ctx context.Context, tx *db.Tx, all []id.Campaign) error {
	for _, c := range all {
		if _, err := tx.Exec(ctx, "update ladder set news_over = $2 where campaign_id = $1", string(c), true); err != nil {
			return fmt.Errorf("note that the key of a ladder is gone: %w", err)
		}
	}
	return nil
}
