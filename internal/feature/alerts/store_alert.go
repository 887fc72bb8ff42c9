package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/geo"
)

const draftColumns = "subject, network_id, message, by_person, (select handle from person where id = by_person), first_hand, created_at"

func scanDraft(scan func(...any) error) (d Draft, err error) {
	var message string
	var created int64
	if err = scan(&d.Subject, &d.Network, &message, &d.By, &d.Handle, &d.FirstHand, &created); err != nil {
		return d, err
	}
	d.Created = clock.FromMicros(created)
	return d, json.Unmarshal([]byte(message), &d.Message)
}

// draftOf is what waits for a second verifier, nil when nothing does.
func draftOf(ctx context.Context, tx *db.Tx, subject string, now time.Time) (*Draft, error) {
	all, err := db.Query(ctx, tx, "select "+draftColumns+" from alert_draft where subject = $1 and expires_at > $2", []any{subject, clock.Micros(now)}, scanDraft)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

const draftsQuery = "select " + draftColumns + " from alert_draft where network_id = $1 and expires_at > $2 order by created_at limit 50"

func draftsOf(ctx context.Context, tx *db.Tx, network string, now time.Time) ([]Draft, error) {
	return db.Query(ctx, tx, draftsQuery, []any{network, clock.Micros(now)}, scanDraft)
}

func putDraft(ctx context.Context, tx *db.Tx, d *Draft, expires time.Time) error {
	_, err := tx.Exec(ctx, `insert into alert_draft (subject, network_id, message, by_person, first_hand, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (subject) do update set network_id = excluded.network_id, message = excluded.message, by_person = excluded.by_person, first_hand = excluded.first_hand, created_at = excluded.created_at,
			expires_at = excluded.expires_at`,
		d.Subject, d.Network, d.Message.JSON(), string(d.By), d.FirstHand, clock.Micros(d.Created), clock.Micros(expires))
	return err
}

// isSubject reports whether something is a case or an alert, of whatever network.
func isSubject(ctx context.Context, tx *db.Tx, subject string) (bool, error) {
	var n int
	err := tx.Get(ctx, "select (select count(*) from alert_case where id = $1) + (select count(*) from alert where id = $1)", []any{subject}, &n)
	return n > 0, err
}

func dropDraft(ctx context.Context, tx *db.Tx, subject string) error {
	_, err := tx.Exec(ctx, "delete from alert_draft where subject = $1", subject)
	return err
}

const alertColumns = "id, chain_id, n, network_id, message, hash, salt, verifiers, first_hand, sent_at, expires_at"

func scanAlert(scan func(...any) error) (a Alert, err error) {
	var message string
	var sent, expires int64
	if err = scan(&a.ID, &a.Chain, &a.N, &a.Network, &message, &a.Hash, &a.Salt, &a.Verifiers, &a.FirstHand, &sent, &expires); err != nil {
		return a, err
	}
	a.Sent, a.Expires = clock.FromMicros(sent), clock.FromMicros(expires)
	return a, json.Unmarshal([]byte(message), &a.Message)
}

// alertByID is any alert of a chain.
func alertByID(ctx context.Context, tx *db.Tx, aid string) (*Alert, bool, error) {
	return oneAlert(ctx, tx, "id = $1", aid)
}

// newestOf is the last alert of a chain.
func newestOf(ctx context.Context, tx *db.Tx, chain string) (*Alert, bool, error) {
	return oneAlert(ctx, tx, "chain_id = $1 and newest", chain)
}

func oneAlert(ctx context.Context, tx *db.Tx, where string, args ...any) (*Alert, bool, error) {
	all, err := db.Query(ctx, tx, "select "+alertColumns+" from alert where "+where, args, scanAlert)
	if err != nil || len(all) == 0 {
		return &Alert{}, false, err
	}
	return &all[0], true, nil
}

// chainOf lists a chain, the newest first.
func chainOf(ctx context.Context, tx *db.Tx, chain string) ([]Alert, error) {
	return db.Query(ctx, tx, "select "+alertColumns+" from alert where chain_id = $1 order by n desc", []any{chain}, scanAlert)
}

// newestOfQuery asks for drill so that SQLite walks the index of the network.
const (
	newestQuery   = "select " + alertColumns + " from alert where newest and drill = $1 and sent_at >= $3 order by sent_at desc limit $2"
	newestOfQuery = "select " + alertColumns + " from alert where network_id = $1 and newest and not drill <> $2 order by sent_at desc limit $3"
	standingQuery = "select " + alertColumns + " from alert where network_id = $1 and newest and not drill <> $2 and sent_at >= $3 and expires_at > $4 and kind not in ('withdraw', 'clear') order by sent_at desc limit $5"
	sinceQuery    = "select count(*) from alert_cell where cell = $1 and sent_at > $2 and counts"
	oldQuery      = "delete from alert where chain_id in (select chain_id from alert where newest and sent_at < $1)"
)

// newest lists the last alerts of chains, the newest first: drills or not, of a network
// or all.
func newest(ctx context.Context, tx *db.Tx, drill bool, network string, limit int) ([]Alert, error) {
	if network != "" {
		return db.Query(ctx, tx, newestOfQuery, []any{network, drill, limit}, scanAlert)
	}
	return db.Query(ctx, tx, newestQuery, []any{drill, limit, 0}, scanAlert)
}

// mostRunning bounds the alerts that are looked through at once.
const mostRunning = 5000

// standing lists the last alerts of chains of a network that are not over, the newest first:
// however many came later and are over, they hide none.
func standing(ctx context.Context, tx *db.Tx, drill bool, network string) ([]Alert, error) {
	return db.Query(ctx, tx, standingQuery, []any{network, drill, clock.Micros(tx.Now().Add(-lastsAtMost)), clock.Micros(tx.Now()), mostRunning}, scanAlert)
}

// latest lists the last alerts of chains that are none of drills: those that hold first, all
// of them, and then at least so many others, each the newest first.
func latest(ctx context.Context, tx *db.Tx, least int) ([]Alert, error) {
	now := tx.Now()
	all, err := db.Query(ctx, tx, newestQuery, []any{false, mostRunning, clock.Micros(now.Add(-lastsAtMost))}, scanAlert)
	if err == nil && len(all) < least {
		all, err = newest(ctx, tx, false, "", least)
	}
	over := func(a Alert) int {
		if a.over(now) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(all, func(a, b Alert) int { return over(a) - over(b) })
	return all, err
}

func insertAlert(ctx context.Context, tx *db.Tx, a *Alert, counts bool) error {
	if _, err := tx.Exec(ctx, "update alert set newest = $2 where chain_id = $1 and newest", a.Chain, false); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `insert into alert (id, chain_id, n, network_id, kind, drill, category, message, hash, salt, verifiers, first_hand, sent_at, expires_at, newest)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		a.ID, a.Chain, a.N, a.Network, string(a.Kind), a.Drill, a.Category, a.Message.JSON(), a.Hash, a.Salt, a.Verifiers, a.FirstHand, clock.Micros(a.Sent), clock.Micros(a.Expires), true)
	if err != nil {
		return fmt.Errorf("store an alert: %w", err)
	}
	cells := a.cells()
	var args []any
	for _, c := range cells {
		args = append(args, int64(c), clock.Micros(a.Sent), a.ID, counts)
	}
	_, err = tx.Exec(ctx, "insert into alert_cell (cell, sent_at, alert_id, counts) values "+db.Tuples(len(cells), 4), args...)
	return err
}

// sentSince counts what went to a cell, without withdrawals.
func sentSince(ctx context.Context, tx *db.Tx, c geo.GridCell, since time.Time) (n int, err error) {
	err = tx.Get(ctx, sinceQuery, []any{int64(c), clock.Micros(since)}, &n)
	return n, err
}

const drillsQuery = "select count(*) from alert where sent_at > $1 and network_id = $2 and drill and kind <> 'withdraw'"

// drillsSince counts the messages of drills of a network, without withdrawals.
func drillsSince(ctx context.Context, tx *db.Tx, network string, since time.Time) (n int, err error) {
	err = tx.Get(ctx, drillsQuery, []any{clock.Micros(since), network}, &n)
	return n, err
}

// addCount adds to what is left of alerts when they are forgotten.
func addCount(ctx context.Context, tx *db.Tx, a *Alert, zone string) error {
	_, err := tx.Exec(ctx, `insert into alert_count (network_id, day, category, kind, drill, n) values ($1, $2, $3, $4, $5, 1)
		on conflict (network_id, day, category, kind, drill) do update set n = alert_count.n + 1`, a.Network, day.Of(local(a.Sent, zone)), a.Category, string(a.Kind), a.Drill)
	return err
}

// Count is how many alerts of a kind a network sent in a month.
type Count struct {
	Month    int // yyyymm
	Category string
	Kind     string
	Drill    bool
	N        int
}

// countsOf sums up by months, the newest first.
func countsOf(ctx context.Context, tx *db.Tx, network string, limit int) ([]Count, error) {
	return db.Query(ctx, tx, `select day / 100, category, kind, drill, sum(n) from alert_count where network_id = $1
		group by day / 100, category, kind, drill order by day / 100 desc, category, kind, drill limit $2`, []any{network, limit}, func(scan func(...any) error) (c Count, err error) {
		err = scan(&c.Month, &c.Category, &c.Kind, &c.Drill, &c.N)
		return c, err
	})
}

// forgetAlerts deletes what was sent long ago; the public record and the counts stay.
func forgetAlerts(ctx context.Context, tx *db.Tx, before time.Time) (int64, error) {
	return tx.Exec(ctx, oldQuery, clock.Micros(before))
}

// forgetReports deletes what is a day old, and what was proposed and never sent.
func forgetReports(ctx context.Context, tx *db.Tx, now time.Time) error {
	var errs []error
	for _, table := range []string{"alert_report", "alert_note", "alert_draft", "alert_case"} {
		_, err := tx.Exec(ctx, "delete from "+table+" where expires_at <= $1", clock.Micros(now))
		errs = append(errs, err)
	}
	_, err := tx.Exec(ctx, "delete from alert_shift where ends_at <= $1", clock.Micros(now.Add(-24*time.Hour)))
	return errors.Join(append(errs, err)...)
}
