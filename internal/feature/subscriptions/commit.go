package subscriptions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
)

// ends of a try.
type end int

const (
	sent     end = iota
	gone         // there is nobody any more
	refused      // given up; it did not arrive
	notTaken     // it did not arrive; later again
	unclear      // it may have arrived; later again
	lost         // it may have arrived; given up
)

// outcome is what a landing means, and when the next try is.
func (r *run) outcome(l *landing, now time.Time) (end, time.Time) {
	var later Later
	how := unclear
	switch {
	case l.err == nil:
		return sent, now
	case errors.Is(l.err, ErrGone):
		return gone, now
	case errors.Is(l.err, ErrRefused):
		return refused, now
	case errors.As(l.err, &later):
		how = notTaken
	}
	wait := 30 * time.Second << min(l.tries, 6)
	jitter := r.s.IDs.Bytes(1)[0]
	wait = max(wait/2+wait*time.Duration(jitter)/255, later.After)
	due := now.Add(wait)
	switch {
	case due.Before(r.until(l.reach)):
		return how, due
	case how == unclear:
		return lost, now
	}
	return refused, now
}

// commit writes down in one transaction what has landed and what is handed out next: those
// items are returned that may fly. It is not ok when this run has to stop.
func (r *run) commit(ctx context.Context, landed []landing, ready []item) (fly []item, ok bool, err error) {
	if len(landed) == 0 && len(ready) == 0 {
		return nil, true, nil
	}
	for i := range landed {
		r.pace += (landed[i].took - r.pace) / 16
	}
	at, lease := r.at, r.lease
	if len(ready) > 0 {
		at = later(at, ready[len(ready)-1].at)
	}
	flying := without(r.flying, landed)
	err = r.s.DB.Write(ctx, func(tx *db.Tx) error {
		fly, ok, lease = nil, false, r.lease
		r.skipOver(ready, tx.Now())
		delivered, err := r.land(ctx, tx, landed)
		if err != nil {
			return err
		}
		// What flies must land while the lease lasts. It is not renewed each time, so that
		// an alert that overtakes this one finds its row at rest.
		if ok = tx.Now().Add(sendFor + leaseFor/6).Before(lease); !ok {
			lease = tx.Now().Add(leaseFor)
			if ok, err = r.keep(ctx, tx, r.at, lease); err != nil {
				return err
			}
		}
		if ok {
			if ok, err = r.setAir(ctx, tx, slices.Concat(flying, toSend(ready)), delivered); err != nil {
				return err
			}
		}
		if !ok {
			return r.endAir(ctx, tx, flying, delivered)
		}
		fly, err = r.start(ctx, tx, ready)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	for i := range fly {
		flying = append(flying, fly[i].id)
	}
	r.flying = flying
	if ok {
		r.at, r.lease = at, lease
	}
	return fly, ok, nil
}

// skipOver skips those for whom it is over by now.
func (r *run) skipOver(ready []item, now time.Time) {
	for i := range ready {
		if x := &ready[i]; !now.Before(r.until(x.reach)) {
			x.what = skip
		}
	}
}

// without is what still flies.
func without(flying []string, landed []landing) []string {
	return slices.DeleteFunc(slices.Clone(flying), func(sid string) bool {
		return slices.ContainsFunc(landed, func(l landing) bool { return l.id == sid })
	})
}

func toSend(ready []item) []string {
	var ids []string
	for i := range ready {
		if ready[i].what == send {
			ids = append(ids, ready[i].id)
		}
	}
	return ids
}

func later(a, b cursor) cursor {
	if b.area > a.area || b.area == a.area && b.after > a.after {
		return b
	}
	return a
}

// land writes down how tries ended, whoever has the lease by now, but for the number of those
// that were delivered.
func (r *run) land(ctx context.Context, tx *db.Tx, landed []landing) (delivered int, err error) {
	var heard, maybe, leave []string
	var t tally
	fresh := 0
	for i := range landed {
		l := &landed[i]
		how, due := r.outcome(l, tx.Now())
		switch how {
		case unclear, lost:
			maybe = append(maybe, l.id)
		}
		switch how {
		case sent:
			heard = append(heard, l.id)
			if l.heard == 0 {
				fresh++
			}
			continue
		case gone:
			leave = append(leave, l.id)
			t.gone++
			continue
		case refused, lost:
			t.failed++
		}
		at := int64(never)
		if how == notTaken || how == unclear {
			at = clock.Micros(due)
		}
		if err := r.wait(ctx, tx, l.id, l.tries+1, at); err != nil {
			return 0, err
		}
	}
	if err := insertReach(ctx, tx, r.job, r.n, true, fresh, joinIDs(heard)); err != nil {
		return 0, err
	}
	if err := insertReach(ctx, tx, r.job, r.n, false, 0, joinIDs(maybe)); err != nil {
		return 0, err
	}
	for _, sid := range leave {
		if err := r.s.drop(ctx, tx, sid); err != nil {
			return 0, err
		}
	}
	if t != (tally{}) && r.s.Undelivered != nil {
		tx.OnCommit(func() { r.s.Undelivered(r.job.Channel, t.failed, t.gone) })
	}
	return len(heard), addCount(ctx, tx, r.alert, r.job.Channel, t)
}

// start picks what flies, and writes down what becomes of the others. Who has left meanwhile
// gets nothing.
func (r *run) start(ctx context.Context, tx *db.Tx, ready []item) (fly []item, err error) {
	for i := range ready {
		x := &ready[i]
		switch x.what {
		case send:
			fly = append(fly, *x)
		case hold:
			if err := r.wait(ctx, tx, x.id, x.tries, clock.Micros(x.until)); err != nil {
				return nil, err
			}
		}
		if x.waited && x.what != hold {
			if _, err := tx.Exec(ctx, "delete from alert_later where alert_id = $1 and channel = $2 and subscription_id = $3", r.alert, r.job.Channel, x.id); err != nil {
				return nil, err
			}
		}
	}
	ids := toSend(ready)
	if len(ids) == 0 || r.s.allThere(tx.Now(), ready) {
		return fly, nil
	}
	list, args := listOf(ids, nil)
	there, err := db.Column[string](ctx, tx, "select id from alert_subscription where confirmed and id in "+list, args...)
	if err != nil || len(there) == len(ids) {
		return fly, err
	}
	return slices.DeleteFunc(fly, func(x item) bool { return !slices.Contains(there, x.id) }), nil
}

// allThere reports whether nobody can have left since they were read: what this process does
// is known, and another one is asked after a second.
func (s *Service) allThere(now time.Time, ready []item) bool {
	drops := s.dropped.Load()
	return !slices.ContainsFunc(ready, func(x item) bool { return x.drops != drops || now.Sub(x.read) > time.Second })
}

// wait lets somebody get the alert later; without a time, never.
func (r *run) wait(ctx context.Context, tx *db.Tx, sid string, tries int, due int64) error {
	_, err := tx.Exec(ctx, `insert into alert_later (alert_id, channel, subscription_id, tries, due_at) select $1, $2, id, cast($4 as bigint), cast($5 as bigint) from alert_subscription where id = $3
		on conflict (alert_id, channel, subscription_id) do update set tries = excluded.tries, due_at = excluded.due_at`, r.alert, r.job.Channel, sid, tries, due)
	if err != nil {
		return fmt.Errorf("write down who gets it later: %w", err)
	}
	return nil
}

// listOf is as in ($4, $5, ...) behind three args, and those with all, as long as a power of two so that there are few statements.
func listOf(all []string, args []any) (string, []any) {
	size := 1
	for size < len(all) {
		size *= 2
	}
	var b strings.Builder
	for i := range size {
		fmt.Fprintf(&b, ", $%d", len(args)+1)
		args = append(args, all[min(i, len(all)-1)])
	}
	return "(" + b.String()[2:] + ")", args
}
