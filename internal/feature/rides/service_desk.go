package rides

import (
	"context"
	"errors"
	"strings"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/seal"
)

// Limits of what organizers see and do.
const (
	maxBuses    = 100
	maxReported = 50
)

// Bus is a bus of the organizers, who are the ones that offer it.
type Bus struct {
	Offer
	Riders []Rider
	Told   []Message
}

// Desk is what those who may edit the event see: totals of towns, their buses,
// and offers that somebody reported.
type Desk struct {
	Totals   []Total
	Buses    []Bus
	Reported []Offer
}

// Desk is for those who may edit the event; the caller knows that.
func (s *Service) Desk(ctx context.Context, ev *Event) (Desk, error) {
	k, err := s.Keys.Existing(ctx, ev.ID)
	if errors.Is(err, seal.ErrDestroyed) {
		return Desk{}, nil // nobody has signed up, nor was there a bus
	}
	if err != nil {
		return Desk{}, err
	}
	var d Desk
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		d = Desk{}
		var err error
		if d.Totals, err = totalsOf(ctx, tx, ev.ID, maxTotals); err != nil {
			return err
		}
		if d.Reported, err = reported(ctx, tx, ev.ID, maxReported); err != nil {
			return err
		}
		all, err := buses(ctx, tx, ev.ID)
		if err != nil {
			return err
		}
		if err := errors.Join(s.unsealAll(k, ev, all), s.unsealAll(k, ev, d.Reported)); err != nil {
			return err
		}
		for _, o := range all {
			b := Bus{Offer: o}
			if b.Riders, b.Told, err = s.riders(ctx, tx, k, ev.ID, o.ID); err != nil {
				return err
			}
			d.Buses = append(d.Buses, b)
		}
		return nil
	})
	return d, err
}

// AddBus offers a bus, for those who may edit the event. key is the form's and
// becomes the bus: sent twice, it is one.
func (s *Service) AddBus(ctx context.Context, ev *Event, key string, in OfferInput) error {
	if !id.ValidSecret(key) {
		return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	o, err := in.parse(s.Places, ev, true)
	if err != nil {
		return err
	}
	if ok, err := s.Holders.TakesSignUps(ctx, ev.ID); err != nil || !ok {
		if err == nil {
			err = fault.Conflict("ride.no_sign_ups", "This event takes no sign-ups here, so nobody could take a seat.")
		}
		return err
	}
	k, err := s.Keys.Key(ctx, ev.ID)
	if errors.Is(err, seal.ErrDestroyed) {
		return fault.Because(ev.Takes(ev.Begins()), err)
	}
	if err != nil {
		return err
	}
	o.ID = key
	return s.board(ctx, ev, func(tx *db.Tx) error {
		if _, ok, err := offerByID(ctx, tx, ev.ID, key); err != nil || ok {
			return err
		}
		if err := ev.Takes(tx.Now()); err != nil {
			return err
		}
		if err := o.ahead(tx.Now()); err != nil {
			return err
		}
		all, err := buses(ctx, tx, ev.ID)
		if err != nil {
			return err
		}
		if len(all) >= maxBuses {
			return fault.Conflict("ride.many_buses", "An event has at most {max} buses here.", "max", maxBuses)
		}
		return s.insert(ctx, tx, k, ev, &o)
	})
}

// board runs fn in the lane of the event.
func (s *Service) board(ctx context.Context, ev *Event, fn func(tx *db.Tx) error) error {
	return s.DB.WriteHot(ctx, string(ev.ID), func(tx *db.Tx) error {
		tx.Touch("event:" + string(ev.ID) + "~")
		return fn(tx)
	})
}

// Remove ends a bus, or an offer that somebody reported: then who offered it
// learns the reason. Repeated, it changes nothing. Of others organizers know
// nothing, so they remove none.
func (s *Service) Remove(ctx context.Context, ev *Event, offer, reason string) error {
	reason = strings.TrimSpace(reason)
	k, err := s.Keys.Existing(ctx, ev.ID)
	if errors.Is(err, seal.ErrDestroyed) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.board(ctx, ev, func(tx *db.Tx) error {
		o, ok, err := offerByID(ctx, tx, ev.ID, offer)
		if err != nil || !ok {
			return err
		}
		if o.Bus {
			return withdraw(ctx, tx, ev.ID, &o, "withdrawn")
		}
		known, err := isReported(ctx, tx, ev.ID, offer)
		if err != nil {
			return err
		}
		if !known {
			return errGone()
		}
		if reason == "" {
			return fault.Invalid(fault.Field("reason", "ride.reason", "Say why: who offers the ride will read it."))
		}
		if wrong, ok := checkText("reason", reason, maxReason); !ok {
			return fault.Invalid(wrong)
		}
		if err := withdraw(ctx, tx, ev.ID, &o, "removed"); err != nil {
			return err
		}
		b, err := encode(reason)
		if err != nil {
			return err
		}
		return putNews(ctx, tx, ev.ID, o.hash, &News{
			What: "refused", Town: o.Town.Label, offer: offer, sealed: k.Seal(s.Entropy, "ride_news", "sealed", rowName(ev.ID, offer), b),
		})
	})
}

// Keep says that a reported offer is all right.
func (s *Service) Keep(ctx context.Context, ev *Event, offer string) error {
	return s.board(ctx, ev, func(tx *db.Tx) error { return deleteReports(ctx, tx, ev.ID, offer) })
}

// SendBus sends a sentence to all who ride in a bus.
func (s *Service) SendBus(ctx context.Context, ev *Event, offer, key, code string) error {
	k, err := s.Keys.Existing(ctx, ev.ID)
	if errors.Is(err, seal.ErrDestroyed) {
		return fault.Because(errGone(), err)
	}
	if err != nil {
		return err
	}
	return s.board(ctx, ev, func(tx *db.Tx) error {
		o, ok, err := offerByID(ctx, tx, ev.ID, offer)
		if err != nil {
			return err
		}
		if !ok || !o.Bus {
			return errGone()
		}
		return s.send(ctx, tx, k, ev.ID, offer, nil, key, code)
	})
}
