package subscriptions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/geo"
	"convoke/internal/id"
)

const columns = `s.id, s.month, s.channel, s.centre, s.sealed, s.lang, s.categories, s.drills, s.quiet_from, s.quiet_to, s.zone,
	s.confirmed, s.tries, s.asked_at, s.ends_at`

func scanSubscription(scan func(...any) error, more ...any) (s Subscription, err error) {
	var groups string
	var area, asked, ends int64
	err = scan(append([]any{&s.id, &s.month, &s.Channel, &area, &s.sealed, &s.Lang, &groups, &s.Drills, &s.Quiet.From, &s.Quiet.To, &s.Zone,
		&s.Confirmed, &s.tries, &asked, &ends}, more...)...)
	s.Area, s.Groups, s.asked, s.Ends = geo.Area(area), splitGroups(groups), clock.FromMicros(asked), clock.FromMicros(ends)
	return s, err
}

// one returns [db.ErrNoRows] when there is none.
func one(ctx context.Context, tx *db.Tx, where string, args ...any) (Subscription, error) {
	return scanSubscription(func(dest ...any) error {
		return tx.Get(ctx, "select "+columns+" from alert_subscription s where "+where, args, dest...)
	})
}

func byID(ctx context.Context, tx *db.Tx, sid string) (Subscription, error) {
	return one(ctx, tx, "s.id = $1", sid)
}

func bySecret(ctx context.Context, tx *db.Tx, secret string) (Subscription, error) {
	if !id.ValidSecret(secret) {
		return Subscription{}, errNoLink()
	}
	s, err := one(ctx, tx, "s.hash = $1", id.Hash(secret))
	if errors.Is(err, db.ErrNoRows) || err == nil && !tx.Now().Before(s.Ends) {
		return s, errNoLink()
	}
	return s, err
}

// byTag is the one that has any of some tags.
func byTag(ctx context.Context, tx *db.Tx, tags [][]byte) (s Subscription, err error) {
	err = db.ErrNoRows
	for _, t := range tags {
		if s, err = one(ctx, tx, "s.tag = $1", t); !errors.Is(err, db.ErrNoRows) {
			return s, err
		}
	}
	return s, err
}

func insertSubscription(ctx context.Context, tx *db.Tx, s *Subscription, hash, tag []byte) error {
	if _, err := tx.Exec(ctx, "insert into alert_month (month) values ($1) on conflict do nothing", s.month); err != nil {
		return fmt.Errorf("store the month of a subscription: %w", err)
	}
	_, err := tx.Exec(ctx, `insert into alert_subscription (id, month, channel, centre, hash, tag, sealed, lang, categories, drills,
		quiet_from, quiet_to, zone, confirmed, tries, asked_at, ends_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, $15, $16)`,
		s.id, s.month, s.Channel, int64(s.Area), hash, tag, s.sealed, s.Lang, joinGroups(s.Groups), s.Drills,
		s.Quiet.From, s.Quiet.To, s.Zone, s.Confirmed, clock.Micros(s.asked), clock.Micros(s.Ends))
	if err != nil {
		return fmt.Errorf("store a subscription: %w", err)
	}
	return nil
}

func confirmed(ctx context.Context, tx *db.Tx, sid, month string, sealed, tag []byte, ends time.Time) (int64, error) {
	if _, err := tx.Exec(ctx, "insert into alert_month (month) values ($1) on conflict do nothing", month); err != nil {
		return 0, fmt.Errorf("store the month of a subscription: %w", err)
	}
	return tx.Exec(ctx, "update alert_subscription set confirmed = $2, month = $3, sealed = $4, tag = $5, ends_at = $6, asked_at = 0 where id = $1",
		sid, true, month, sealed, tag, clock.Micros(ends))
}

func changeSubscription(ctx context.Context, tx *db.Tx, s *Subscription) error {
	_, err := tx.Exec(ctx, `update alert_subscription set centre = $2, lang = $3, categories = $4, drills = $5, quiet_from = $6, quiet_to = $7, zone = $8
		where id = $1`, s.id, int64(s.Area), s.Lang, joinGroups(s.Groups), s.Drills, s.Quiet.From, s.Quiet.To, s.Zone)
	if err != nil {
		return fmt.Errorf("change a subscription: %w", err)
	}
	return nil
}

func askedAgain(ctx context.Context, tx *db.Tx, sid string, at, ends time.Time) error {
	_, err := tx.Exec(ctx, "update alert_subscription set asked_at = $2, ends_at = $3 where id = $1", sid, clock.Micros(at), clock.Micros(ends))
	return err
}

func tried(ctx context.Context, tx *db.Tx, sid string) error {
	_, err := tx.Exec(ctx, "update alert_subscription set tries = tries + 1 where id = $1", sid)
	return err
}

// drop deletes a subscription. Broadcasts look again whether those are still there whom they
// have read before.
func (s *Service) drop(ctx context.Context, tx *db.Tx, sid string) error {
	tx.OnCommit(func() { s.dropped.Add(1) })
	if _, err := tx.Exec(ctx, "delete from alert_subscription where id = $1", sid); err != nil {
		return fmt.Errorf("delete a subscription: %w", err)
	}
	return nil
}

const countQuery = "select count(*) from alert_subscription where centre = $1 and confirmed"

func countAreas(ctx context.Context, tx *db.Tx, all []geo.Area) (sum int, err error) {
	for _, a := range all {
		var n int
		if err := tx.Get(ctx, countQuery, []any{int64(a)}, &n); err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

func allMonths(ctx context.Context, tx *db.Tx) ([]string, error) {
	return db.Column[string](ctx, tx, "select month from alert_month order by month")
}

// dropEnded deletes those whose time is over, and returns how many.
func dropEnded(ctx context.Context, tx *db.Tx, limit int) (int64, error) {
	return tx.Exec(ctx, "delete from alert_subscription where id in (select id from alert_subscription where ends_at <= $1 order by ends_at limit $2)",
		clock.Micros(tx.Now()), limit)
}

// ending are those that end until a moment and were not asked whether they should. What
// anybody asked with their contact before does not count.
func ending(ctx context.Context, tx *db.Tx, until time.Time, limit int) ([]string, error) {
	return db.Column[string](ctx, tx, "select id from alert_subscription where ends_at <= $1 and confirmed and asked_at < ends_at - $2 order by ends_at limit $3",
		clock.Micros(until), renewFrom.Microseconds(), limit)
}

// emptyMonths are those before a month of which nobody is subscribed any more.
func emptyMonths(ctx context.Context, tx *db.Tx, before string) ([]string, error) {
	return db.Column[string](ctx, tx, `select month from alert_month where month < $1
		and not exists (select 1 from alert_subscription s where s.month = alert_month.month) order by month`, before)
}

func deleteMonth(ctx context.Context, tx *db.Tx, month string) error {
	_, err := tx.Exec(ctx, "delete from alert_month where month = $1", month)
	return err
}

// confirmedOn are some of those on a channel behind an id, in the order of ids.
func confirmedOn(ctx context.Context, tx *db.Tx, channel, after string, limit int) ([]Subscription, error) {
	return db.Query(ctx, tx, "select "+columns+" from alert_subscription s where s.channel = $1 and s.confirmed and s.id > $2 order by s.id limit $3",
		[]any{channel, after, limit}, func(scan func(...any) error) (Subscription, error) { return scanSubscription(scan) })
}
