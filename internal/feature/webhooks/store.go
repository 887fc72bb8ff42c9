package webhooks

import (
	"context"
	"fmt"
	"strings"
	"time"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
)

const selectHook = "select id, group_id, url, kinds, failures, disabled, created_day from webhook "

func scanHook(scan func(...any) error) (Webhook, error) {
	var h Webhook
	var group, kinds string
	var made int
	err := scan(&h.ID, &group, &h.URL, &kinds, &h.Failures, &h.Disabled, &made)
	h.Group, h.Created = id.Group(group), day.Time(made)
	for _, k := range strings.Fields(kinds) {
		h.Kinds = append(h.Kinds, Kind(k))
	}
	return h, err
}

// hooksOf lists the webhooks of a group, of which there are few.
func hooksOf(ctx context.Context, tx *db.Tx, g id.Group) ([]Webhook, error) {
	return db.Query(ctx, tx, selectHook+"where group_id = $1 order by created_day, id", []any{string(g)}, scanHook)
}

// hookByID returns db.ErrNoRows when there is none.
func hookByID(ctx context.Context, tx *db.Tx, hid string) (Webhook, error) {
	return first(db.Query(ctx, tx, selectHook+"where id = $1", []any{hid}, scanHook))
}

func first[T any](all []T, err error) (T, error) {
	if err != nil || len(all) == 0 {
		var zero T
		if err == nil {
			err = db.ErrNoRows
		}
		return zero, err
	}
	return all[0], nil
}

func insertHook(ctx context.Context, tx *db.Tx, h Webhook) error {
	var names []string
	for _, k := range h.Kinds {
		names = append(names, string(k))
	}
	_, err := tx.Exec(ctx, "insert into webhook (id, group_id, url, kinds, failures, disabled, created_day) values ($1, $2, $3, $4, 0, $5, $6)",
		h.ID, string(h.Group), h.URL, strings.Join(names, " "), false, day.Of(tx.Now()))
	if err != nil {
		return fmt.Errorf("insert webhook: %w", err)
	}
	return nil
}

func updateHook(ctx context.Context, tx *db.Tx, h Webhook) error {
	_, err := tx.Exec(ctx, "update webhook set failures = $1, disabled = $2 where id = $3", h.Failures, h.Disabled, h.ID)
	return err
}

func deleteHook(ctx context.Context, tx *db.Tx, hid string) error {
	_, err := tx.Exec(ctx, "delete from webhook where id = $1", hid)
	return err
}

const selectDelivery = "select id, webhook_id, kind, body, state, tries, status, created_at, tried_at from webhook_delivery "

func scanDelivery(scan func(...any) error) (Delivery, error) {
	var d Delivery
	var created, tried int64
	var body string
	err := scan(&d.ID, &d.Webhook, &d.Kind, &body, &d.State, &d.Tries, &d.Status, &created, &tried)
	d.Body, d.Created = []byte(body), clock.FromMicros(created)
	if tried > 0 {
		d.Tried = clock.FromMicros(tried)
	}
	return d, err
}

// deliveryByID returns db.ErrNoRows when there is none.
func deliveryByID(ctx context.Context, tx *db.Tx, did string) (Delivery, error) {
	return first(db.Query(ctx, tx, selectDelivery+"where id = $1", []any{did}, scanDelivery))
}

// deliveriesOf lists those of one webhook, the latest first, from behind after;
// "" is from the latest.
func deliveriesOf(ctx context.Context, tx *db.Tx, hid, after string, limit int) ([]Delivery, error) {
	if after == "" {
		after = "zz" // sorts behind every id
	}
	return db.Query(ctx, tx, selectDelivery+"where webhook_id = $1 and id < $2 order by id desc limit $3", []any{hid, after, limit}, scanDelivery)
}

func insertDelivery(ctx context.Context, tx *db.Tx, d Delivery) error {
	_, err := tx.Exec(ctx, `insert into webhook_delivery (id, webhook_id, kind, body, state, tries, status, created_at, tried_at)
		values ($1, $2, $3, $4, $5, 0, 0, $6, 0)`, d.ID, d.Webhook, string(d.Kind), string(d.Body), string(d.State), clock.Micros(d.Created))
	if err != nil {
		return fmt.Errorf("insert delivery: %w", err)
	}
	return nil
}

func updateDelivery(ctx context.Context, tx *db.Tx, d Delivery) error {
	tried := int64(0)
	if !d.Tried.IsZero() {
		tried = clock.Micros(d.Tried)
	}
	_, err := tx.Exec(ctx, "update webhook_delivery set state = $1, tries = $2, status = $3, tried_at = $4 where id = $5",
		string(d.State), d.Tries, d.Status, tried, d.ID)
	return err
}

func deleteOld(ctx context.Context, tx *db.Tx, before time.Time) error {
	_, err := tx.Exec(ctx, "delete from webhook_delivery where created_at < $1", clock.Micros(before))
	return err
}
