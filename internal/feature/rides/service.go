package rides

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sethvargo/go-diceware/diceware"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/seal"
)

// Holders knows those who signed up.
type Holders interface {
	// Holder finds the holder of a secret; a NotFound fault when it opens nothing.
	Holder(ctx context.Context, tx *db.Tx, e id.Event, secret string) (Holder, error)
	// TakesSignUps reports whether an event has sign-ups here at all.
	TakesSignUps(ctx context.Context, e id.Event) (bool, error)
}

// Keys are those of events: what people who signed up wrote is sealed under them,
// and they are destroyed with the sign-ups.
type Keys interface {
	// Existing is [seal.ErrDestroyed] for an event without sign-ups.
	Existing(ctx context.Context, e id.Event) (*seal.Key, error)
	// Key makes the key when there is none.
	Key(ctx context.Context, e id.Event) (*seal.Key, error)
}

// Deps are what the feature needs.
type Deps struct {
	DB      *db.DB
	IDs     *id.Source
	Entropy io.Reader
	Keys    Keys
	Holders Holders
	Places  Places
}

// Service is the use cases of rides.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// The rows of SealedTable are of no use without a key: that of the scope that is
// named by what is in SealedColumn. All others of an event go with them.
const (
	SealedTable  = "ride_board"
	SealedColumn = "event_id"
)

func errGone() error {
	return fault.Conflict("ride.gone", "This ride is not offered any more. Please choose another one.")
}

func errFull(free int) error {
	if free <= 0 {
		return fault.Conflict("ride.none_left", "This ride is full now. Nothing was changed. Please choose another one.")
	}
	return fault.Invalid(fault.Field("seats", "ride.full", "Only {n} seats are left in this ride. Nothing was changed.", "n", free))
}

// Wish is what a holder wants of their rides; what is nil stays as it is.
type Wish struct {
	Offer *OfferInput
	// Withdraw ends the offer.
	Withdraw bool
	Need     *NeedInput
	// Drop ends the need, and gives back the seats.
	Drop bool
	// Seats is how many seats to have of which offer, 0 for none.
	Seats map[string]int
	// Only gives back the seats of all offers that Seats does not name, and, without
	// a Need, ends what is needed beyond them.
	Only bool
}

// Arrange does all that a holder wishes, or nothing. Sent again, it changes
// nothing more: a wish says how things should be.
func (s *Service) Arrange(ctx context.Context, ev *Event, secret string, w Wish) error {
	var offer Offer
	var need Need
	var err error
	if w.Offer != nil {
		if offer, err = w.Offer.parse(s.Places, ev, false); err != nil {
			return err
		}
		offer.ID = s.IDs.Secret()
	}
	if w.Need != nil {
		if need, err = w.Need.parse(s.Places); err != nil {
			return err
		}
	}
	k, err := s.keyOf(ctx, ev.ID)
	if err != nil {
		return err
	}
	return s.write(ctx, ev, secret, func(tx *db.Tx, h Holder) error {
		t := &trip{s: s, tx: tx, k: k, ev: ev, h: h}
		return t.do(ctx, w, offer, need)
	})
}

// keyOf is the event's key. Without one nobody holds a sign-up.
func (s *Service) keyOf(ctx context.Context, e id.Event) (*seal.Key, error) {
	k, err := s.Keys.Existing(ctx, e)
	if errors.Is(err, seal.ErrDestroyed) {
		return nil, fault.Because(fault.NotFound("ride.no_sign_up", "This private link fits no sign-up."), err)
	}
	return k, err
}

// write runs fn for the holder of a secret, in the lane of the event.
func (s *Service) write(ctx context.Context, ev *Event, secret string, fn func(tx *db.Tx, h Holder) error) error {
	return s.DB.WriteHot(ctx, string(ev.ID), func(tx *db.Tx) error {
		h, err := s.Holders.Holder(ctx, tx, ev.ID, secret)
		if err != nil {
			return err
		}
		tx.Touch("event:" + string(ev.ID) + "~")
		return fn(tx, h)
	})
}

// trip is one transaction of one holder.
type trip struct {
	s  *Service
	tx *db.Tx
	k  *seal.Key
	ev *Event
	h  Holder
}

// do gives back before it takes, so that a wish can exchange one ride for
// another.
func (t *trip) do(ctx context.Context, w Wish, offer Offer, need Need) error {
	e := t.ev.ID
	if w.Withdraw {
		if err := withdrawOf(ctx, t.tx, e, t.h.Hash); err != nil {
			return err
		}
	}
	if w.Drop {
		if err := dropNeed(ctx, t.tx, e, t.h.Hash); err != nil {
			return err
		}
	}
	if err := t.fewer(ctx, w); err != nil {
		return err
	}
	if w.Offer != nil {
		if err := t.offer(ctx, offer); err != nil {
			return err
		}
	}
	if w.Need != nil {
		if err := t.need(ctx, need); err != nil {
			return err
		}
	}
	for _, o := range sortedKeys(w.Seats) {
		if err := t.take(ctx, o, w.Seats[o]); err != nil {
			return err
		}
	}
	return nil
}

// fewer gives back what a wish wants less of.
func (t *trip) fewer(ctx context.Context, w Wish) error {
	if !w.Only && len(w.Seats) == 0 {
		return nil
	}
	have, err := seatsBy(ctx, t.tx, t.ev.ID, t.h.Hash)
	if err != nil {
		return err
	}
	for _, r := range have {
		n, named := w.Seats[r.offer]
		if !named && !w.Only || n >= r.seats {
			continue
		}
		if err := giveBack(ctx, t.tx, t.ev.ID, r, max(0, n)); err != nil {
			return err
		}
	}
	n, ok, err := needOf(ctx, t.tx, t.ev.ID, t.h.Hash)
	if err != nil || !ok || !w.Only || w.Need != nil || n.Taken == n.Seats {
		return err
	}
	was := n
	n.Seats = n.Taken
	return setNeed(ctx, t.tx, t.ev, t.h.Hash, n, was, true)
}

// offer makes the holder's offer, or changes it. Somebody who waits for a place
// may offer one to others.
func (t *trip) offer(ctx context.Context, o Offer) error {
	if err := t.takes(&o); err != nil {
		return err
	}
	e := t.ev.ID
	o.hash = t.h.Hash
	old, had, err := offerOf(ctx, t.tx, e, t.h.Hash)
	if err != nil {
		return err
	}
	if !had {
		return t.s.insert(ctx, t.tx, t.k, t.ev, &o)
	}
	if o.Seats < old.Taken {
		return fault.Invalid(fault.Field("seats", "ride.seats_taken", "{n} seats are taken already. Offer at least that many.", "n", old.Taken))
	}
	if err := t.s.unseal(t.k, e, &old); err != nil {
		return err
	}
	o.ID, o.Version = old.ID, old.Version
	if !o.sameRide(&old) {
		o.Version++
	}
	if err := t.s.seal(t.k, e, &o); err != nil {
		return err
	}
	// First to, then from: the town may be the same.
	if err := count(ctx, t.tx, e, o.Town, change{offered: o.Seats, taken: old.Taken, refs: 1}); err != nil {
		return err
	}
	if err := updateOffer(ctx, t.tx, e, &o); err != nil {
		return err
	}
	return count(ctx, t.tx, e, old.Town, change{offered: -old.Seats, taken: -old.Taken, refs: -1})
}

// takes says whether an offer can be made now.
func (t *trip) takes(o *Offer) error {
	if err := t.ev.Takes(t.tx.Now()); err != nil {
		return err
	}
	return o.ahead(t.tx.Now())
}

// ahead refuses an offer of a ride that has left.
func (o *Offer) ahead(now time.Time) error {
	if !o.Leaves.After(now) {
		return fault.Invalid(fault.Field("time", "ride.past", "This time is over. When will you leave?"))
	}
	return nil
}

func (s *Service) insert(ctx context.Context, tx *db.Tx, k *seal.Key, ev *Event, o *Offer) error {
	if err := openBoard(ctx, tx, ev); err != nil {
		return err
	}
	if err := s.seal(k, ev.ID, o); err != nil {
		return err
	}
	if err := count(ctx, tx, ev.ID, o.Town, change{offered: o.Seats, refs: 1}); err != nil {
		return err
	}
	return insertOffer(ctx, tx, ev.ID, o)
}

// need makes the holder's need, or changes it.
func (t *trip) need(ctx context.Context, n Need) error {
	if err := t.ev.Takes(t.tx.Now()); err != nil {
		return err
	}
	old, had, err := needOf(ctx, t.tx, t.ev.ID, t.h.Hash)
	if err != nil {
		return err
	}
	if n.Seats > t.h.Party {
		return fault.Invalid(fault.Field("seats", "ride.party", "You signed up as {party}, so you need at most that many seats.", "party", t.h.Party))
	}
	if n.Seats < old.Taken {
		return fault.Invalid(fault.Field("seats", "ride.need_taken", "You have {n} seats already. Give some back first.", "n", old.Taken))
	}
	n.Taken = old.Taken
	return setNeed(ctx, t.tx, t.ev, t.h.Hash, n, old, had)
}

// setNeed replaces a need and counts it.
func setNeed(ctx context.Context, tx *db.Tx, ev *Event, hash []byte, n, old Need, had bool) error {
	if err := openBoard(ctx, tx, ev); err != nil {
		return err
	}
	if err := count(ctx, tx, ev.ID, n.Town, change{wanted: n.Seats - n.Taken, refs: 1}); err != nil {
		return err
	}
	if err := putNeed(ctx, tx, ev.ID, hash, &n); err != nil || !had {
		return err
	}
	return count(ctx, tx, ev.ID, old.Town, change{wanted: old.Taken - old.Seats, refs: -1})
}

// take sets how many seats of an offer the holder has. What they need grows with
// it, so that the need is open again when the ride is withdrawn.
func (t *trip) take(ctx context.Context, offer string, n int) error {
	e := t.ev.ID
	old, had, err := seatOf(ctx, t.tx, e, offer, t.h.Hash)
	if err != nil || n <= old.seats { // fewer were given back before
		return err
	}
	o, err := t.takeable(ctx, offer)
	if err != nil {
		return err
	}
	need, needed, err := needOf(ctx, t.tx, e, t.h.Hash)
	if err != nil {
		return err
	}
	more := n - old.seats
	if free := t.h.Party - need.Taken; more > free {
		return fault.Invalid(fault.Field("seats", "ride.party_seats",
			"You signed up as {party}, so you can take {n} more seats.", "party", t.h.Party, "n", max(0, free)))
	}
	if ok, err := fill(ctx, t.tx, e, offer, more); err != nil || !ok {
		if err == nil {
			err = errFull(o.Free())
		}
		return err
	}
	if err := count(ctx, t.tx, e, o.Town, change{taken: more}); err != nil {
		return err
	}
	row := seatRow{offer: offer, hash: t.h.Hash, seats: n, version: o.Version, sealed: old.sealed}
	if !had {
		if row.sealed, err = t.s.newCode(t.k, e, row); err != nil {
			return err
		}
	}
	if err := putSeat(ctx, t.tx, e, row); err != nil {
		return err
	}
	now := need
	if !needed {
		now.Town = o.Town
	}
	now.Taken += more
	now.Seats = max(now.Seats, now.Taken)
	return setNeed(ctx, t.tx, t.ev, t.h.Hash, now, need, needed)
}

// takeable is an offer that the holder may take seats of.
func (t *trip) takeable(ctx context.Context, offer string) (Offer, error) {
	if err := t.ev.Takes(t.tx.Now()); err != nil {
		return Offer{}, err
	}
	o, ok, err := offerByID(ctx, t.tx, t.ev.ID, offer)
	switch {
	case err != nil:
		return o, err
	case !ok:
		return o, errGone()
	case string(o.hash) == string(t.h.Hash):
		return o, fault.Conflict("ride.own", "This is your own ride: you have a seat in it.")
	case !t.h.Going:
		return o, fault.Conflict("ride.waiting", "You are on the waiting list. You can take a seat once you have a place at the event.")
	case !o.Leaves.After(t.tx.Now()):
		return o, fault.Conflict("ride.left", "This ride has left.")
	}
	return o, nil
}

// giveBack frees seats until n are left; the need for them is open again.
func giveBack(ctx context.Context, tx *db.Tx, e id.Event, r seatRow, n int) error {
	less := r.seats - n
	o, ok, err := offerByID(ctx, tx, e, r.offer)
	if err != nil || !ok {
		return err
	}
	if ok, err := fill(ctx, tx, e, r.offer, -less); err != nil || !ok {
		if err == nil {
			err = errors.New("an offer counts fewer seats than were taken")
		}
		return err
	}
	if err := count(ctx, tx, e, o.Town, change{taken: -less}); err != nil {
		return err
	}
	if err := reopen(ctx, tx, e, r.hash, less); err != nil {
		return err
	}
	if n == 0 {
		return deleteSeat(ctx, tx, e, r)
	}
	r.seats = n
	return putSeat(ctx, tx, e, r)
}

// reopen says that somebody looks again for seats that they had.
func reopen(ctx context.Context, tx *db.Tx, e id.Event, hash []byte, seats int) error {
	n, ok, err := needOf(ctx, tx, e, hash)
	if err != nil || !ok {
		return err
	}
	n.Taken -= seats
	if err := putNeed(ctx, tx, e, hash, &n); err != nil {
		return err
	}
	return count(ctx, tx, e, n.Town, change{wanted: seats})
}

func withdrawOf(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) error {
	o, ok, err := offerOf(ctx, tx, e, hash)
	if err != nil || !ok {
		return err
	}
	return withdraw(ctx, tx, e, &o, "withdrawn")
}

// withdraw ends an offer. Who had a seat in it learns so, and looks again.
func withdraw(ctx context.Context, tx *db.Tx, e id.Event, o *Offer, what string) error {
	rows, err := seatsIn(ctx, tx, e, o.ID)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := reopen(ctx, tx, e, r.hash, r.seats); err != nil {
			return err
		}
		if err := putNews(ctx, tx, e, r.hash, &News{What: what, Town: o.Town.Label, offer: o.ID, sealed: []byte{}}); err != nil {
			return err
		}
	}
	if err := deleteOffer(ctx, tx, e, o.ID); err != nil {
		return err
	}
	return count(ctx, tx, e, o.Town, change{offered: -o.Seats, taken: -o.Taken, refs: -1})
}

// dropNeed gives back all seats of a holder and ends their need.
func dropNeed(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) error {
	rows, err := seatsBy(ctx, tx, e, hash)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := giveBack(ctx, tx, e, r, 0); err != nil {
			return err
		}
	}
	n, ok, err := needOf(ctx, tx, e, hash)
	if err != nil || !ok {
		return err
	}
	if err := deleteNeed(ctx, tx, e, hash); err != nil {
		return err
	}
	return count(ctx, tx, e, n.Town, change{wanted: n.Taken - n.Seats, refs: -1})
}

// SignUpCancelled frees all that a sign-up had, in the transaction that removes
// it.
func (s *Service) SignUpCancelled(ctx context.Context, tx *db.Tx, f fact.SignUpCancelled) error {
	if ok, err := hasBoard(ctx, tx, f.Event); err != nil || !ok {
		return err
	}
	if err := withdrawOf(ctx, tx, f.Event, f.Hash); err != nil {
		return err
	}
	return dropNeed(ctx, tx, f.Event, f.Hash)
}

// SignUpChanged frees the seats of a sign-up that has lost its place, as
// somebody who waits for one cannot take any. They look for seats again.
func (s *Service) SignUpChanged(ctx context.Context, tx *db.Tx, f fact.SignUpChanged) error {
	if f.Place {
		return nil
	}
	rows, err := seatsBy(ctx, tx, f.Event, f.Hash)
	if err != nil || len(rows) == 0 {
		return err
	}
	tx.Touch("event:" + string(f.Event) + "~")
	for _, r := range rows {
		if err := giveBack(ctx, tx, f.Event, r, 0); err != nil {
			return err
		}
	}
	return nil
}

// EventChanged keeps rides as long as the sign-ups.
func (s *Service) EventChanged(ctx context.Context, tx *db.Tx, f fact.EventChanged) error {
	end := f.End
	if f.State == "postponed" {
		end = end.Add(postponedFor)
	}
	return moveBoard(ctx, tx, f.Event, end)
}

// Expire removes what is left of rides to events that ended seven days ago:
// buses, and totals of towns. What belongs to a sign-up goes with it.
func (s *Service) Expire(ctx context.Context) error {
	for {
		n := 0
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			due, err := endedBoards(ctx, tx, tx.Now().Add(-keepFor), 100)
			if err != nil {
				return err
			}
			n = len(due)
			for _, e := range due {
				if err := removeBoard(ctx, tx, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// newCode is the words by which the two sides know each other at the meeting
// point, sealed for a row.
func (s *Service) newCode(k *seal.Key, e id.Event, r seatRow) ([]byte, error) {
	g, err := diceware.NewGenerator(&diceware.GeneratorInput{RandReader: s.Entropy})
	if err != nil {
		return nil, fmt.Errorf("make a code: %w", err)
	}
	words, err := g.Generate(codeWords)
	if err != nil {
		return nil, fmt.Errorf("make a code: %w", err)
	}
	b, err := encode(strings.Join(words, " "))
	if err != nil {
		return nil, err
	}
	return k.Seal(s.Entropy, "ride_seat", "sealed", r.name(e), b), nil
}
