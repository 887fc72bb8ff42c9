package turnout

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// Events answers about events.
type Events interface {
	// About returns an event that the actor may know of, and what authz needs to
	// decide about it; a NotFound fault otherwise.
	About(ctx context.Context, tx *db.Tx, by authz.Actor, e id.Event) (About, authz.Subject, error)
}

// Deps are what the feature needs.
type Deps struct {
	DB     *db.DB
	IDs    *id.Source
	Events Events
	// Told hears what sources say of an event now; nil tells nobody.
	Told func(ctx context.Context, tx *db.Tx, x fact.TurnoutPublished) error
}

// Service is the use cases of turnout.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Set takes note that an event changed, inside the transaction that changes it:
// where it counted, where it counts now, nil while it is not public. Unless
// estimates is nil, they replace those that the event has; estimates of an
// event that is not public count nowhere until it is.
func (s *Service) Set(ctx context.Context, tx *db.Tx, e id.Event, old, now *Spot, estimates []Estimate) error {
	have, err := daysByEvent(ctx, tx, e)
	if err != nil {
		return err
	}
	next := have
	switch {
	case estimates != nil:
		next = daysOfEstimates(estimates)
		if err := s.replace(ctx, tx, e, have, now, estimates); err != nil {
			return err
		}
	case now != nil && (old == nil || old.Day != now.Day):
		if err := moveEstimates(ctx, tx, e, have, now.Day); err != nil {
			return err
		}
	}
	c := changes{}
	c.count(old, have, -1)
	c.count(now, next, 1)
	if err := apply(ctx, tx, c); err != nil {
		return err
	}
	return s.tell(ctx, tx, e, now, next)
}

// tell says what sources say of an event that has become public, is part of another
// campaign or has other estimates.
func (s *Service) tell(ctx context.Context, tx *db.Tx, e id.Event, now *Spot, said days) error {
	if s.Told == nil || now == nil || len(said) == 0 {
		return nil
	}
	a, _, err := s.Events.About(ctx, tx, authz.Actor{}, e)
	if fault.Is(err, fault.KindNotFound) || err == nil && a.Spot == nil {
		return nil
	}
	if err != nil {
		return err
	}
	whole := said.whole()
	return s.Told(ctx, tx, fact.TurnoutPublished{Event: e, Campaign: a.Campaign, Low: whole.low, High: whole.high})
}

func (s *Service) replace(ctx context.Context, tx *db.Tx, e id.Event, have days, now *Spot, estimates []Estimate) error {
	if len(have) > 0 {
		if err := forget(ctx, tx, e); err != nil {
			return err
		}
	}
	if len(estimates) == 0 {
		return nil
	}
	return s.insert(ctx, tx, []Fresh{{e, now, estimates}})
}

// Fresh is an event that is new.
type Fresh struct {
	Event     id.Event
	Spot      *Spot // nil while it is not public
	Estimates []Estimate
}

// SetNew is [Service.Set] for many new events at once, as imports bring them:
// each total is written once.
func (s *Service) SetNew(ctx context.Context, tx *db.Tx, all []Fresh) error {
	c := changes{}
	for _, f := range all {
		c.count(f.Spot, daysOfEstimates(f.Estimates), 1)
	}
	if err := s.insert(ctx, tx, all); err != nil {
		return err
	}
	return apply(ctx, tx, c)
}

func (s *Service) insert(ctx context.Context, tx *db.Tx, all []Fresh) error {
	var estimates, spans [][]any
	for _, f := range all {
		if len(f.Estimates) == 0 {
			continue
		}
		for _, e := range f.Estimates {
			on := 0
			if f.Spot != nil {
				on = day.After(f.Spot.Day, e.Nth)
			}
			estimates = append(estimates, estimateRow(s.IDs.New(), f.Event, on, e, tx.Now()))
		}
		spans = append(spans, spanRow(f.Event, daysOfEstimates(f.Estimates).whole()))
	}
	if err := insertRows(ctx, tx, insertEstimates, 11, estimates); err != nil {
		return fmt.Errorf("insert estimates: %w", err)
	}
	if err := insertRows(ctx, tx, insertSpans, 4, spans); err != nil {
		return fmt.Errorf("insert ranges: %w", err)
	}
	return nil
}

// MayAdd returns the event for somebody who may add an estimate to it now.
func (s *Service) MayAdd(ctx context.Context, tx *db.Tx, by authz.Actor, e id.Event) (About, error) {
	a, sub, err := s.Events.About(ctx, tx, by, e)
	if err != nil {
		return a, err
	}
	if err := authz.Check(by, authz.AddEstimate, sub); err != nil {
		return a, err
	}
	switch {
	case a.Spot == nil:
		return a, fault.Conflict("turnout.not_public", "This event is not public yet. Publish it first.")
	case a.Start.After(tx.Now()):
		return a, fault.Conflict("turnout.too_early", "This event has not begun yet. Come back when people are there.")
	}
	return a, nil
}

// AddEstimate keeps what one source says, for organizers of the event's group.
// key is the form's: sent twice, it makes one estimate. What was said before
// stays beside it.
func (s *Service) AddEstimate(ctx context.Context, by authz.Actor, e id.Event, key string, in Input) error {
	if !id.ValidSecret(key) {
		return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		a, err := s.MayAdd(ctx, tx, by, e)
		if err != nil {
			return err
		}
		x, err := in.parse(&a, tx.Now())
		if err != nil {
			return err
		}
		owner, err := estimateOwner(ctx, tx, key)
		switch {
		case err == nil && owner == e:
			return nil // the same form once more
		case err == nil:
			return fault.Conflict("turnout.key_used", "This form was used for another event. Please open the page again.")
		case !errors.Is(err, db.ErrNoRows):
			return err
		}
		return s.add(ctx, tx, a, key, x)
	})
}

func (s *Service) add(ctx context.Context, tx *db.Tx, a About, key string, x Estimate) error {
	have, err := daysByEvent(ctx, tx, a.Event)
	if err != nil {
		return err
	}
	switch {
	case have[x.Nth].n >= maxEstimates && a.Days() > 1:
		return fault.Conflict("turnout.many_day", "That day has {max} estimates already; no more can be added.", "max", maxEstimates)
	case have[x.Nth].n >= maxEstimates:
		return fault.Conflict("turnout.many", "This event has {max} estimates already; no more can be added.", "max", maxEstimates)
	case have.whole().n >= maxAltogether:
		return fault.Conflict("turnout.many", "This event has {max} estimates already; no more can be added.", "max", maxAltogether)
	}
	next := maps.Clone(have)
	next[x.Nth] = next[x.Nth].with(x.Low, x.High)
	rows := [][]any{estimateRow(key, a.Event, day.After(a.Spot.Day, x.Nth), x, tx.Now())}
	if err := insertRows(ctx, tx, insertEstimates, 11, rows); err != nil {
		return fmt.Errorf("insert estimate: %w", err)
	}
	if err := putSpan(ctx, tx, a.Event, next.whole()); err != nil {
		return err
	}
	c := changes{}
	c.count(a.Spot, have, -1)
	c.count(a.Spot, next, 1)
	tx.Touch("event:" + string(a.Event))
	if err := apply(ctx, tx, c); err != nil || s.Told == nil {
		return err
	}
	whole := next.whole()
	return s.Told(ctx, tx, fact.TurnoutPublished{Event: a.Event, Campaign: a.Campaign, Low: whole.low, High: whole.high})
}

// Estimates lists what is said of an event: by its days, and of one day the
// oldest first.
func (s *Service) Estimates(ctx context.Context, e id.Event) ([]Estimate, error) {
	all, err := s.said(ctx, e)
	var out []Estimate
	for _, x := range all {
		out = append(out, x.Estimate)
	}
	return out, err
}

// said is an estimate with the day that it is about, as yyyymmdd.
type said struct {
	Estimate
	day int
}

func (s *Service) said(ctx context.Context, e id.Event) ([]said, error) {
	var out []said
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		out, err = estimatesOf(ctx, tx, e)
		return err
	})
	return out, err
}

// Rebuild counts all ranges and totals again from the estimates and the events.
func (s *Service) Rebuild(ctx context.Context) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		tx.Touch("*")
		return recount(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("count turnout again: %w", err)
	}
	return nil
}
