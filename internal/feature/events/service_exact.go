package events

import (
	"context"
	"errors"
	"fmt"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/seal"
)

// Vault keeps the keys of what is sealed; *seal.Vault does.
type Vault interface {
	Key(ctx context.Context, scope string) (*seal.Key, error)
	Existing(ctx context.Context, scope string) (*seal.Key, error)
	Replay(ctx context.Context, scopes []string) error
}

// ExactPlace is an exact place for those who edit it.
type ExactPlace struct {
	Exact
	Release
	Version int // grows with every change
}

func errErased() error {
	return fault.Gone("place.erased",
		"The exact place of this event was erased a week after its end, and no other can be kept for it. Please make a new event.")
}

// ExactOf is the exact place of an event, for those who may edit it.
func (s *Service) ExactOf(ctx context.Context, by authz.Actor, eid id.Event) (Event, ExactPlace, error) {
	var e Event
	var r *exactRow
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if e, err = s.edits(ctx, tx, by, eid); err != nil {
			return err
		}
		r, err = exactRowOf(ctx, tx, eid)
		return err
	})
	if err != nil {
		return e, ExactPlace{}, err
	}
	x, err := s.openExact(ctx, eid, r)
	if err != nil || r == nil {
		return e, ExactPlace{}, err
	}
	return e, ExactPlace{x, r.Release, r.version}, nil
}

// edits is an event for somebody who may edit it; others are refused.
func (s *Service) edits(ctx context.Context, tx *db.Tx, by authz.Actor, eid id.Event) (Event, error) {
	e, _, sub, err := s.Get(ctx, tx, by, eid)
	if err != nil {
		return e, err
	}
	return e, authz.Check(by, authz.EditEvent, sub)
}

// openExact is empty when the place was taken back, or erased with its key.
func (s *Service) openExact(ctx context.Context, eid id.Event, r *exactRow) (Exact, error) {
	if !r.set() {
		return Exact{}, nil
	}
	k, err := s.Vault.Existing(ctx, exactScope(eid))
	if err == nil {
		var x Exact
		if x, err = unseal(k, eid, r); err == nil {
			return x, nil
		}
	}
	if errors.Is(err, seal.ErrDestroyed) {
		return Exact{}, nil
	}
	return Exact{}, fmt.Errorf("open exact place: %w", err)
}

func unseal(k *seal.Key, eid id.Event, r *exactRow) (Exact, error) {
	if !r.set() {
		return Exact{}, nil
	}
	b, err := k.Open(ExactTable, "sealed", string(eid), r.sealed)
	if err != nil {
		return Exact{}, fmt.Errorf("open exact place: %w", err)
	}
	return decodeExact(b)
}

// SetExact replaces the exact place of an event; an empty one takes it back.
// version is the one that the form was filled from: when somebody else has saved
// meanwhile, nothing is overwritten. The same form sent twice is saved once.
func (s *Service) SetExact(ctx context.Context, by authz.Actor, eid id.Event, version int, in ExactInput) error {
	// Who may not, and what cannot be, makes no key.
	nothing := false
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		_, x, _, err := s.exactToSet(ctx, tx, by, eid, in)
		if err != nil {
			return err
		}
		r, err := exactRowOf(ctx, tx, eid)
		nothing = x.Empty() && !r.set()
		return err
	})
	if err != nil || nothing {
		return err
	}
	k, err := s.Vault.Key(ctx, exactScope(eid))
	if errors.Is(err, seal.ErrDestroyed) {
		return fault.Because(errErased(), err)
	}
	if err != nil {
		return fmt.Errorf("make the key of an exact place: %w", err)
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		e, x, rel, err := s.exactToSet(ctx, tx, by, eid, in)
		if err != nil {
			return err
		}
		old, err := exactRowOf(ctx, tx, eid)
		if err != nil {
			return err
		}
		if old == nil {
			old = &exactRow{}
		}
		was, err := unseal(k, eid, old)
		if err != nil {
			return err
		}
		if was == x && old.Release.same(rel) {
			return nil
		}
		if old.version != version {
			return errChangedMeanwhile()
		}
		n := exactRow{Release: rel, sealed: []byte{}, version: version + 1}
		if !x.Empty() {
			b, err := x.encode()
			if err != nil {
				return err
			}
			n.sealed = k.Seal(nil, ExactTable, "sealed", string(eid), b)
		}
		if err := putExact(ctx, tx, eid, &n); err != nil {
			return err
		}
		tx.Touch("event:" + string(eid))
		return s.tellExact(ctx, tx, &e, old.Release, rel, was != x)
	})
}

// same compares what organizers choose. It has the precision of what is stored.
func (r Release) same(n Release) bool {
	return r.Early == n.Early && r.At.Equal(n.At) && (r.At.IsZero() || r.Start.Equal(n.Start))
}

// exactToSet reads and checks what SetExact is to store.
func (s *Service) exactToSet(ctx context.Context, tx *db.Tx, by authz.Actor, eid id.Event, in ExactInput) (Event, Exact, Release, error) {
	e, err := s.edits(ctx, tx, by, eid)
	if err == nil && !e.forgotten().After(tx.Now()) {
		err = errErased()
	}
	if err != nil {
		return e, Exact{}, Release{}, err
	}
	x, r, err := in.parse(&e)
	return e, x, r, err
}

// tellExact lets those who signed up know, when there is something new that they
// can see.
func (s *Service) tellExact(ctx context.Context, tx *db.Tx, e *Event, was, now Release, changed bool) error {
	saw, sees := was.held(e, true, tx.Now()), now.held(e, true, tx.Now())
	if e.Past(tx.Now()) || saw == sees && (!changed || !sees) {
		return nil
	}
	return s.Facts.Emit(ctx, tx, fact.PlaceChanged{Event: e.ID})
}

// HeldExact is the exact place for whoever holds a sign-up.
type HeldExact struct {
	Exact           // empty until they may know
	Known bool      // there is one
	Early bool      // those who have a place see it at once
	From  time.Time // when everybody will see it; zero when that is not said
	Open  bool      // everybody sees it
}

// ExactHeld is the exact place of an event for somebody who signed up; going says
// that they have a place. While the event is hidden or cancelled, nobody learns
// where it would have been.
func (s *Service) ExactHeld(ctx context.Context, eid id.Event, going bool) (Event, Group, HeldExact, error) {
	var (
		e   Event
		g   Group
		r   *exactRow
		now time.Time
	)
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		now = tx.Now()
		e, err = eventByID(ctx, tx, eid)
		if errors.Is(err, db.ErrNoRows) {
			return errNoEvent()
		}
		if err != nil {
			return err
		}
		if e.Group != "" {
			if g, err = s.Groups.ByID(ctx, tx, e.Group); err != nil {
				return err
			}
		}
		r, err = exactRowOf(ctx, tx, eid)
		return err
	})
	if err != nil || !r.set() || g.Suspended || !e.State.Listed() || e.State == Cancelled {
		return e, g, HeldExact{}, err
	}
	h := HeldExact{Known: true, Early: r.Early}
	h.Open, h.From = r.public(&e, now)
	x, err := s.openExact(ctx, eid, r)
	if err != nil || x.Empty() { // erased
		return e, g, HeldExact{}, err
	}
	if r.held(&e, going, now) {
		h.Exact = x
	}
	return e, g, h, nil
}

// ExpireExact erases the exact places of events that ended seven days ago, and
// first destroys their keys: from then on no copy of them opens, nor of those
// that were taken back before.
func (s *Service) ExpireExact(ctx context.Context) error {
	for {
		var due []string
		err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
			due, err = dueExact(ctx, tx, 100)
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		scopes := make([]string, len(due))
		for i, e := range due {
			scopes[i] = exactScope(id.Event(e))
		}
		if err := s.Vault.Replay(ctx, scopes); err != nil {
			return fmt.Errorf("erase exact places: %w", err)
		}
		err = s.DB.Write(ctx, func(tx *db.Tx) error {
			for _, e := range due {
				if err := dropExact(ctx, tx, id.Event(e)); err != nil {
					return err
				}
				tx.Touch("event:" + e)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("erase exact places: %w", err)
		}
	}
}
