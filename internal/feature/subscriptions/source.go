package subscriptions

import (
	"context"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
)

// source walks along the recipients of an alert: first whom its chain reached, then who waits
// and is due, then its area.
type source struct {
	run   *run
	phase int
	after string    // of the first two
	due   int64     // of the second
	now   time.Time // when the second began
	at    cursor    // of the area
}

const reachedQuery = `select ` + columns + `, h.heard, h.air, 0, 0 from alert_heard h join alert_subscription s on s.id = h.subscription_id
	where h.chain = $1 and h.channel = $2 and h.subscription_id > $3 and h.heard < $4
	and not exists (select 1 from alert_later l where l.alert_id = $5 and l.channel = $2 and l.subscription_id = h.subscription_id)
	order by h.subscription_id limit $6`

const latelyColumn = `(select count(*) from alert_heard d where d.subscription_id = s.id and d.heard_at > $1)`

const waitingQuery = `select ` + columns + `, coalesce(h.heard, 0), coalesce(h.air, 0), ` + latelyColumn + `, l.tries, l.due_at
	from alert_later l join alert_subscription s on s.id = l.subscription_id
	left join alert_heard h on h.chain = $2 and h.channel = $3 and h.subscription_id = l.subscription_id
	where l.alert_id = $4 and l.channel = $3 and l.due_at <= $5 and (l.due_at, l.subscription_id) > ($6, $7)
	order by l.due_at, l.subscription_id limit $8`

const areaQuery = `select ` + columns + `, 0, 0, ` + latelyColumn + `, 0 from alert_subscription s
	where s.centre = $2 and s.channel = $3 and s.id > $4 and s.confirmed
	and not exists (select 1 from alert_heard h where h.chain = $5 and h.channel = $3 and h.subscription_id = s.id)
	and not exists (select 1 from alert_later l where l.alert_id = $6 and l.channel = $3 and l.subscription_id = s.id)
	order by s.id limit $7`

// next reads a page and decides what becomes of each. It is empty behind the last one.
func (s *source) next(ctx context.Context) (items []item, err error) {
	r := s.run
	err = r.s.DB.Read(ctx, func(tx *db.Tx) error {
		items = items[:0]
		if s.now.IsZero() {
			s.now = tx.Now()
		}
		for s.phase < 3 && len(items) == 0 {
			if items, err = s.step(ctx, tx); err != nil {
				return err
			}
		}
		for i := range items {
			x := &items[i]
			x.what, x.until = r.decide(&x.recipient, tx.Now())
			if x.what != send {
				continue
			}
			if err := r.say(ctx, tx, r.s.Locales.Match(x.Lang)); err != nil {
				return err
			}
		}
		return nil
	})
	return items, err
}

// step reads a page of the present phase, or goes on to the next one.
func (s *source) step(ctx context.Context, tx *db.Tx) ([]item, error) {
	r, since := s.run, clock.Micros(tx.Now().Add(-24*time.Hour))
	switch s.phase {
	case 0:
		all, err := s.items(ctx, tx, reachedQuery, []any{r.chain, r.channel, s.after, r.n, r.alert, pageSize})
		if err != nil || len(all) == 0 {
			s.phase, s.after, s.due = 1, "", -1
			return nil, err
		}
		s.after = all[len(all)-1].id
		return all, nil
	case 1:
		all, err := s.items(ctx, tx, waitingQuery, []any{since, r.chain, r.channel, r.alert, clock.Micros(s.now), s.due, s.after, pageSize}, &s.due)
		if err != nil || len(all) == 0 {
			s.phase = 2
			return nil, err
		}
		for i := range all {
			all[i].waited = true
		}
		s.after = all[len(all)-1].id
		return all, nil
	}
	for _, a := range r.areas {
		if r.ends() || int64(a) < s.at.area {
			continue
		}
		if int64(a) > s.at.area {
			s.at = cursor{int64(a), ""}
		}
		all, err := s.items(ctx, tx, areaQuery, []any{since, int64(a), r.channel, s.at.after, r.chain, r.alert, pageSize})
		if err != nil {
			return nil, err
		}
		for i := range all {
			s.at.after = all[i].id
			all[i].at = s.at
		}
		if len(all) > 0 {
			return all, nil
		}
	}
	s.phase = 3
	return nil, nil
}

func (s *source) items(ctx context.Context, tx *db.Tx, q string, args []any, more ...any) ([]item, error) {
	return db.Query(ctx, tx, q, args, func(scan func(...any) error) (x item, err error) {
		x.Subscription, err = scanSubscription(scan, append([]any{&x.heard, &x.air, &x.lately, &x.tries}, more...)...)
		x.at = s.at
		return x, err
	})
}
