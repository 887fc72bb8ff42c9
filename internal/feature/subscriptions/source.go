package subscriptions

import (
	"context"
	"slices"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
)

// source walks along the recipients of an alert: first whom its chain reached, then who waits
// and is due, then its area.
type source struct {
	run   *run
	phase phase
	known []key     // of the first
	after string    // of the second
	due   int64     // of the second
	now   time.Time // when the second began
	at    cursor    // of the area
}

// phase is whom a source is at.
type phase int

const (
	atFirst phase = iota
	whoHeard
	whoWaits
	theArea
	ended
)

// reachedQuery is followed by a list.
const reachedQuery = `select ` + columns + `, 0 from alert_subscription s
	where not exists (select 1 from alert_later l where l.alert_id = $1 and l.channel = $2 and l.subscription_id = s.id) and s.id in `

const waitingQuery = `select ` + columns + `, l.tries, l.due_at
	from alert_later l join alert_subscription s on s.id = l.subscription_id
	where l.alert_id = $1 and l.channel = $2 and l.due_at <= $3 and (l.due_at, l.subscription_id) > ($4, $5)
	order by l.due_at, l.subscription_id limit $6`

const areaQuery = `select ` + columns + `, 0 from alert_subscription s
	where s.centre = $1 and s.channel = $2 and s.id > $3 and s.confirmed
	and not exists (select 1 from alert_later l where l.alert_id = $4 and l.channel = $2 and l.subscription_id = s.id)
	order by s.id limit $5`

// next reads a page and decides what becomes of each. It is empty behind the last one.
func (s *source) next(ctx context.Context) (items []item, err error) {
	r, drops := s.run, s.run.s.dropped.Load()
	err = r.s.DB.Read(ctx, func(tx *db.Tx) error {
		items = items[:0]
		if s.now.IsZero() {
			s.now = tx.Now()
		}
		for s.phase < ended && len(items) == 0 {
			if items, err = s.step(ctx, tx); err != nil {
				return err
			}
		}
		for i := range items {
			x := &items[i]
			x.read, x.drops = tx.Now(), drops
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
	switch s.phase {
	case atFirst:
		s.known, s.phase, s.due = s.run.reached.before(int32(s.run.n)), whoHeard, -1
		return nil, nil
	case whoHeard:
		return s.stepReached(ctx, tx)
	case whoWaits:
		return s.stepWaiting(ctx, tx)
	}
	return s.stepArea(ctx, tx)
}

func (s *source) stepReached(ctx context.Context, tx *db.Tx) ([]item, error) {
	if len(s.known) == 0 {
		s.phase++
		return nil, nil
	}
	var ids []string
	for _, k := range s.known[:min(pageSize, len(s.known))] {
		ids = append(ids, string(k[:]))
	}
	list, args := listOf(ids, []any{s.run.alert, s.run.job.Channel})
	all, err := s.items(ctx, tx, reachedQuery+list, args)
	if err == nil {
		s.known = s.known[len(ids):]
	}
	return all, err
}

func (s *source) stepWaiting(ctx context.Context, tx *db.Tx) ([]item, error) {
	all, err := s.items(ctx, tx, waitingQuery, []any{s.run.alert, s.run.job.Channel, clock.Micros(s.now), s.due, s.after, pageSize}, &s.due)
	if err != nil || len(all) == 0 {
		s.phase++
		return nil, err
	}
	for i := range all {
		all[i].waited = true
	}
	s.after = all[len(all)-1].id
	return all, nil
}

func (s *source) stepArea(ctx context.Context, tx *db.Tx) ([]item, error) {
	r := s.run
	for _, a := range r.areas {
		if r.ends() || int64(a) < s.at.area {
			continue
		}
		if int64(a) > s.at.area {
			s.at = cursor{int64(a), ""}
		}
		all, err := s.items(ctx, tx, areaQuery, []any{int64(a), r.job.Channel, s.at.after, r.alert, pageSize})
		if err != nil {
			return nil, err
		}
		for i := range all {
			s.at.after = all[i].id
			all[i].at = s.at
		}
		if len(all) > 0 {
			return slices.DeleteFunc(all, func(x item) bool { return x.reach != reach{} }), nil
		}
	}
	s.phase++
	return nil, nil
}

func (s *source) items(ctx context.Context, tx *db.Tx, q string, args []any, more ...any) ([]item, error) {
	return db.Query(ctx, tx, q, args, func(scan func(...any) error) (x item, err error) {
		x.Subscription, err = scanSubscription(scan, append([]any{&x.tries}, more...)...)
		x.at, x.reach, x.lately = s.at, s.run.reached[keyOf(x.id)], s.run.busy[keyOf(x.id)]
		return x, err
	})
}
