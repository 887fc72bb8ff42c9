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
	case due.Before(r.expires):
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
	err = r.s.DB.Write(ctx, func(tx *db.Tx) error {
		fly, ok, lease = nil, false, r.lease
		if err := r.land(ctx, tx, landed); err != nil {
			return err
		}
		over, err := r.overtaken(ctx, tx)
		if err != nil || over {
			return err
		}
		// What flies must land while the lease lasts. It is not renewed each time, so that
		// an alert that overtakes this one finds its row at rest.
		if ok = tx.Now().Add(sendFor + leaseFor/6).Before(lease); !ok {
			lease = tx.Now().Add(leaseFor)
			if ok, err = r.keep(ctx, tx, r.at, lease); err != nil || !ok {
				return err
			}
		}
		fly, err = r.start(ctx, tx, ready)
		return err
	})
	if err == nil && ok {
		r.at, r.lease = at, lease
	}
	return fly, ok, err
}

func later(a, b cursor) cursor {
	if b.area > a.area || b.area == a.area && b.after > a.after {
		return b
	}
	return a
}

// land writes down how tries ended, whoever has the lease by now.
func (r *run) land(ctx context.Context, tx *db.Tx, landed []landing) error {
	var by [lost + 1][]string
	var t tally
	for i := range landed {
		l := &landed[i]
		how, due := r.outcome(l, tx.Now())
		by[how] = append(by[how], l.id)
		switch how {
		case sent:
			t.delivered++
			continue
		case gone:
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
			return err
		}
	}
	const of = " where chain = $1 and channel = $2 and air = $3 and subscription_id in "
	for _, x := range []struct {
		q    string
		all  []string
		more []any
	}{
		{"update alert_heard set heard = $3, air = 0, heard_at = $4" + of, by[sent], []any{clock.Micros(tx.Now())}},
		{"delete from alert_heard" + strings.Replace(of, "air", "heard = 0 and air", 1), slices.Concat(by[refused], by[notTaken]), nil},
		{"update alert_heard set air = 0" + of, slices.Concat(by[refused], by[notTaken]), nil},
	} {
		if err := r.set(ctx, tx, x.q, x.all, x.more...); err != nil {
			return fmt.Errorf("write down who was reached: %w", err)
		}
	}
	for _, sid := range by[gone] {
		if err := deleteSubscription(ctx, tx, sid); err != nil {
			return err
		}
	}
	return addCount(ctx, tx, r.alert, r.channel, t)
}

// start writes down what is handed out, before it is. Who has left meanwhile gets nothing.
func (r *run) start(ctx context.Context, tx *db.Tx, ready []item) (fly []item, err error) {
	if !tx.Now().Before(r.expires) {
		return nil, nil
	}
	var ids []string
	for i := range ready {
		x := &ready[i]
		switch x.what {
		case send:
			ids = append(ids, x.id)
			fly = append(fly, *x)
		case hold:
			if err := r.wait(ctx, tx, x.id, x.tries, clock.Micros(x.until)); err != nil {
				return nil, err
			}
		}
		if x.waited && x.what != hold {
			if _, err := tx.Exec(ctx, "delete from alert_later where alert_id = $1 and channel = $2 and subscription_id = $3", r.alert, r.channel, x.id); err != nil {
				return nil, err
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := listOf(ids, []any{r.chain, r.channel, r.n})
	n, err := tx.Exec(ctx, `insert into alert_heard (chain, channel, subscription_id, heard, air, heard_at)
		select $1, $2, id, 0, cast($3 as bigint), 0 from alert_subscription where confirmed and id in `+list+`
		on conflict (chain, channel, subscription_id) do update set air = excluded.air where alert_heard.heard < excluded.air`, args...)
	if err != nil {
		return nil, fmt.Errorf("write down what is in the air: %w", err)
	}
	if int(n) == len(ids) {
		return fly, nil
	}
	there, err := db.Column[string](ctx, tx, "select subscription_id from alert_heard where chain = $1 and channel = $2 and air = $3 and subscription_id in "+list, args...)
	return slices.DeleteFunc(fly, func(x item) bool { return !slices.Contains(there, x.id) }), err
}

// wait lets somebody get the alert later; without a time, never.
func (r *run) wait(ctx context.Context, tx *db.Tx, sid string, tries int, due int64) error {
	_, err := tx.Exec(ctx, `insert into alert_later (alert_id, channel, subscription_id, tries, due_at) select $1, $2, id, cast($4 as bigint), cast($5 as bigint) from alert_subscription where id = $3
		on conflict (alert_id, channel, subscription_id) do update set tries = excluded.tries, due_at = excluded.due_at`, r.alert, r.channel, sid, tries, due)
	if err != nil {
		return fmt.Errorf("write down who gets it later: %w", err)
	}
	return nil
}

// set runs a statement for many subscriptions. $1 to $3 are chain, channel and n; more follow.
func (r *run) set(ctx context.Context, tx *db.Tx, q string, all []string, more ...any) error {
	if len(all) == 0 {
		return nil
	}
	args := append([]any{r.chain, r.channel, r.n}, more...)
	list, args := listOf(all, args)
	_, err := tx.Exec(ctx, q+list, args...)
	return err
}

// listOf is ($4, $5, ...), as long as a power of two so that there are few statements.
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
