package door

import (
	"context"
	"errors"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// SignUps answers about sign-ups.
type SignUps interface {
	// Between lists at most limit sign-ups of an event whose hashes are not before
	// from and not after to.
	Between(ctx context.Context, tx *db.Tx, e id.Event, from, to []byte, limit int) ([]SignUp, error)
	// Expected is how many people have a place at the event.
	Expected(ctx context.Context, tx *db.Tx, e id.Event) (int, error)
}

// Deps are what the feature needs.
type Deps struct {
	DB      *db.DB
	SignUps SignUps
	// Hidden tells whether an event is hidden now, because its group is suspended;
	// nil when none ever is.
	Hidden func(ctx context.Context, tx *db.Tx, e id.Event) (bool, error)
}

// Service is the use cases at the door.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Numbers are what organizers see: never who.
type Numbers struct {
	Expected int // people who have a place
	Count
	Doors []Door
}

// Missing is how many of those who had a place did not come.
func (n Numbers) Missing() int { return max(0, n.Expected-n.Attended) }

// Numbers of an event; ok is false when it never had a door.
func (s *Service) Numbers(ctx context.Context, e id.Event) (n Numbers, ok bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		t, err := totalOf(ctx, tx, e)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		ok, n.Count = true, t.Count
		if n.Doors, err = doorsOf(ctx, tx, e); err != nil {
			return err
		}
		n.Expected, err = s.SignUps.Expected(ctx, tx, e)
		return err
	})
	return n, ok, err
}

// Add makes a door. secret is the key of its form and afterwards its link, so
// that a form sent twice makes one. Whoever calls has checked that the event may
// be edited.
func (s *Service) Add(ctx context.Context, e Event, secret, name string) error {
	if !id.ValidSecret(secret) {
		return errKey()
	}
	name, err := checkName(name)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		d, err := doorByHash(ctx, tx, id.Hash(secret))
		switch {
		case err == nil && d.Event == e.ID:
			return nil
		case err == nil:
			return fault.Conflict("door.key_used", "This form was used for another event. Please open the page again.")
		case !errors.Is(err, db.ErrNoRows):
			return err
		}
		if err := putTotal(ctx, tx, e.ID, total{start: e.Start, end: e.End, off: off(e.State)}); err != nil {
			return err
		}
		all, err := doorsOf(ctx, tx, e.ID)
		if err != nil {
			return err
		}
		if len(all) >= maxDoors {
			return fault.Conflict("door.many", "This event has {max} door links already.", "max", maxDoors)
		}
		return insertDoor(ctx, tx, e.ID, len(all)+1, id.Hash(secret), name)
	})
}

// Revoke ends a door link. What was counted with it stays.
func (s *Service) Revoke(ctx context.Context, e id.Event, number int) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		ok, err := revoke(ctx, tx, e, number)
		if err == nil && !ok {
			err = errNoDoor()
		}
		return err
	})
}

// EventChanged keeps the time in which doors work in step with their event.
func (s *Service) EventChanged(ctx context.Context, tx *db.Tx, f fact.EventChanged) error {
	return moveTotal(ctx, tx, f.Event, total{start: f.Start, end: f.End, off: off(f.State)})
}

// SignUpChanged keeps what came of a sign-up within its size, and counts those
// among the sign-ups who were let in without a place and have one now.
func (s *Service) SignUpChanged(ctx context.Context, tx *db.Tx, f fact.SignUpChanged) error {
	return s.change(ctx, tx, f.Event, f.Hash, func(a *arrival) {
		a.hadPlace, a.people = f.Place, min(a.people, f.Party)
	})
}

// SignUpCancelled counts people who came and cancelled afterwards as people
// without sign-up: they were there, and nothing names them any more.
func (s *Service) SignUpCancelled(ctx context.Context, tx *db.Tx, f fact.SignUpCancelled) error {
	return s.change(ctx, tx, f.Event, f.Hash, func(a *arrival) { a.hash, a.hadPlace = nil, false })
}

// change changes the arrival of a sign-up, if it came.
func (s *Service) change(ctx context.Context, tx *db.Tx, e id.Event, hash []byte, f func(*arrival)) error {
	a, err := arrivalOfSignUp(ctx, tx, e, hash)
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	was := a
	f(&a)
	return store(ctx, tx, e, was, a)
}

// store replaces an arrival, and counts what changes by it.
func store(ctx context.Context, tx *db.Tx, e id.Event, was, now arrival) error {
	if err := updateArrival(ctx, tx, e, now); err != nil {
		return err
	}
	return count(ctx, tx, e, now.door, now.counts().minus(was.counts()))
}

// Expire removes the taps of events that ended seven days ago; those of sign-ups
// are gone with them by then. The totals stay.
func (s *Service) Expire(ctx context.Context) error {
	for {
		more := false
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			due, err := dueTotals(ctx, tx, clock.Micros(tx.Now().Add(-keepFor)), 100)
			if err != nil {
				return err
			}
			more = len(due) > 0
			for _, e := range due {
				n, err := removeArrivals(ctx, tx, id.Event(e), 2000)
				if err != nil {
					return err
				}
				if n > 0 {
					return nil // the rest in the next round, so that others get their turn
				}
				if err := markCleared(ctx, tx, id.Event(e)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || !more {
			return err
		}
	}
}
