package webhooks

import (
	"context"
	"errors"
	"time"

	"convoke/internal/db"
	"convoke/internal/notify/hook"
)

// delivery is the job that sends one.
type delivery struct {
	ID string `json:"id"`
}

// Kind implements job.Args.
func (delivery) Kind() string { return "webhook.deliver" }

// deliver tries once. What was sent and not noted, because the process died, is
// sent again: receivers know it by its id.
func (s *Service) deliver(ctx context.Context, a delivery) error {
	var d Delivery
	var h Webhook
	var now time.Time
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		now = tx.Now()
		if d, err = deliveryByID(ctx, tx, a.ID); err != nil {
			return err
		}
		h, err = hookByID(ctx, tx, d.Webhook)
		return err
	})
	if errors.Is(err, db.ErrNoRows) || err == nil && d.State != Pending {
		return nil // removed, or done
	}
	if err != nil {
		return err
	}
	if h.Disabled {
		d.State = Failed
		return s.DB.Write(ctx, func(tx *db.Tx) error { return updateDelivery(ctx, tx, d) })
	}
	key, err := s.key(ctx, h.ID)
	if err != nil {
		return err
	}
	status, sendErr := hook.Send(ctx, s.Sender, h.URL, key, hook.Message{ID: d.ID, Body: d.Body}, now)
	given, err := s.note(ctx, d.ID, status, sendErr == nil)
	if err != nil {
		return err
	}
	if given { // it is written down where its owner sees it: no failed job besides
		return nil
	}
	return sendErr
}

// gone is the status with which a receiver says that it wants no more.
const gone = 410

// note writes down how an attempt went. end says that no other follows.
func (s *Service) note(ctx context.Context, did string, status int, ok bool) (end bool, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		end = true
		d, err := deliveryByID(ctx, tx, did)
		if errors.Is(err, db.ErrNoRows) {
			return nil // removed meanwhile
		}
		if err != nil {
			return err
		}
		h, err := hookByID(ctx, tx, d.Webhook)
		if err != nil {
			return err
		}
		d.Tries, d.Status, d.Tried = d.Tries+1, status, tx.Now()
		switch {
		case ok:
			d.State, h.Failures = Delivered, 0
		case status == gone:
			d.State, h.Disabled = Failed, true
		case d.Tries >= maxTries:
			d.State, h.Failures = Failed, h.Failures+1
			h.Disabled = h.Failures >= maxFailures
		default:
			end = false
		}
		if err := updateDelivery(ctx, tx, d); err != nil {
			return err
		}
		return updateHook(ctx, tx, h)
	})
	return end, err
}
