package subscriptions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
)

// insertReach writes down to whom alert n of a chain was handed over, or may have been. fresh
// of them had heard nothing of the chain.
func insertReach(ctx context.Context, tx *db.Tx, a sendJob, n int64, sure bool, fresh int, ids string) error {
	return insertReachAt(ctx, tx, a, n, sure, fresh, ids, clock.Micros(tx.Now()))
}

func insertReachAt(ctx context.Context, tx *db.Tx, a sendJob, n int64, sure bool, fresh int, ids string, at int64) error {
	if ids == "" {
		return nil
	}
	if len(ids)%len(key{}) != 0 {
		return fmt.Errorf("%d letters are no ids of subscriptions", len(ids))
	}
	_, err := tx.Exec(ctx, `insert into alert_reach (chain, channel, seq, n, sure, fresh, ids, at)
		values ($1, $2, coalesce((`+lastReach+`), 0) + 1, $3, $4, $5, $6, $7)`,
		a.Chain, a.Channel, n, sure, fresh, ids, at)
	if err != nil {
		return fmt.Errorf("write down who was reached: %w", err)
	}
	return nil
}

const lastReach = "select seq from alert_reach where chain = $1 and channel = $2 order by seq desc limit 1"

// load adds whom a chain reached on a channel since a moment.
func (r reached) load(ctx context.Context, tx *db.Tx, chain, channel string, since time.Time) error {
	return tx.Each(ctx, "select n, sure, ids from alert_reach where chain = $1 and channel = $2 and at > $3", []any{chain, channel, clock.Micros(since)}, func(scan func(...any) error) error {
		var n int32
		var sure bool
		var ids string
		if err := scan(&n, &sure, &ids); err != nil {
			return err
		}
		r.add(n, sure, ids)
		return nil
	})
}

// chainsSince are those that said something on a channel since a moment.
func chainsSince(ctx context.Context, tx *db.Tx, channel string, since time.Time) ([]string, error) {
	return db.Column[string](ctx, tx, busyQuery, channel, clock.Micros(since))
}

const busyQuery = `select r.chain from alert_run r where r.channel = $1
	and (select at from alert_reach h where h.chain = r.chain and h.channel = r.channel order by h.seq desc limit 1) > $2`

// countReached is how many a chain has reached.
func countReached(ctx context.Context, tx *db.Tx, chain string) (n int, err error) {
	err = tx.Get(ctx, "select cast(coalesce(sum(fresh), 0) as bigint) from alert_reach where chain = $1", []any{chain}, &n)
	return n, err
}

// settleAir counts what has landed, and begins with nothing in the air, for the alert n of a
// chain. What a process had there that died may have arrived.
func settleAir(ctx context.Context, tx *db.Tx, a sendJob, me string, n int64) error {
	var old int64
	var alert, ids string
	var delivered int
	err := tx.Get(ctx, `select a.n, a.ids, a.delivered, b.alert_id from alert_air a join alert_broadcast b on b.chain = a.chain and b.n = a.n
		where a.chain = $1 and a.channel = $2`, []any{a.Chain, a.Channel}, &old, &ids, &delivered, &alert)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return err
	}
	if err := insertReach(ctx, tx, a, old, false, 0, ids); err != nil {
		return err
	}
	if err := addCount(ctx, tx, alert, a.Channel, tally{delivered: delivered}); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into alert_air (chain, channel, runner, n, ids, delivered) values ($1, $2, $3, $4, '', 0)
		on conflict (chain, channel) do update set runner = excluded.runner, n = excluded.n, ids = '', delivered = 0`, a.Chain, a.Channel, me, n)
	return err
}

// setAir writes down what is in the air from now on, and how many more have landed. It is not
// ok, and nothing is written, when another process has taken over or a newer alert of the
// chain has come.
func (r *run) setAir(ctx context.Context, tx *db.Tx, ids []string, delivered int) (ok bool, err error) {
	n, err := tx.Exec(ctx, airQuery+" and not exists (select 1 from alert_broadcast b where b.chain = $1 and b.n > $6)",
		r.chain, r.job.Channel, r.me, joinIDs(ids), delivered, r.n)
	if err != nil {
		return false, fmt.Errorf("write down what is in the air: %w", err)
	}
	return n == 1, nil
}

const airQuery = "update alert_air set ids = $4, delivered = delivered + $5 where chain = $1 and channel = $2 and runner = $3"

// endAir is setAir for what nothing follows: it is written down whatever has come.
func (r *run) endAir(ctx context.Context, tx *db.Tx, ids []string, delivered int) error {
	n, err := tx.Exec(ctx, airQuery, r.chain, r.job.Channel, r.me, joinIDs(ids), delivered)
	if err != nil || n == 1 {
		return err
	}
	return addCount(ctx, tx, r.alert, r.job.Channel, tally{delivered: delivered})
}

// heardQuery is what one of a channel has heard, or may have, of all chains, and when. It reads
// all that they reached.
const heardQuery = `select h.chain, h.n, h.sure, h.at from alert_run r join alert_reach h on h.chain = r.chain and h.channel = r.channel where r.channel = $1 and h.ids like $2
	union select a.chain, a.n, false, cast($3 as bigint) from alert_run r join alert_air a on a.chain = r.chain and a.channel = r.channel where r.channel = $1 and a.ids like $2`

// inherit lets one subscription have heard what another one of its device has, which ends, and
// hear what that one was to hear later.
func inherit(ctx context.Context, tx *db.Tx, channel, from, to string) error {
	type heard struct {
		chain string
		n, at int64
		sure  bool
	}
	all, err := db.Query(ctx, tx, heardQuery, []any{channel, "%" + from + "%", clock.Micros(tx.Now())}, func(scan func(...any) error) (x heard, err error) {
		return x, scan(&x.chain, &x.n, &x.sure, &x.at)
	})
	if err != nil {
		return fmt.Errorf("read what a subscription has heard: %w", err)
	}
	for _, x := range all {
		if err := insertReachAt(ctx, tx, sendJob{x.chain, channel}, x.n, x.sure, 0, to, x.at); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `insert into alert_later (alert_id, channel, subscription_id, tries, due_at)
		select alert_id, channel, cast($2 as text), tries, due_at from alert_later where subscription_id = $1 and due_at < $3 on conflict (alert_id, channel, subscription_id) do nothing`, from, to, int64(never))
	return err
}
