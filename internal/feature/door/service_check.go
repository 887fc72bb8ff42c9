package door

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// at finds the door of a secret and its event's totals. A door that was revoked
// is as absent as one that never was, and so is that of a hidden event.
func (s *Service) at(ctx context.Context, tx *db.Tx, secret string) (Door, total, error) {
	if !id.ValidSecret(secret) {
		return Door{}, total{}, errNoDoor()
	}
	d, err := doorByHash(ctx, tx, id.Hash(secret))
	if errors.Is(err, db.ErrNoRows) || err == nil && d.Revoked {
		return d, total{}, errNoDoor()
	}
	if err != nil {
		return d, total{}, err
	}
	if s.Hidden != nil {
		hidden, err := s.Hidden(ctx, tx, d.Event)
		if err != nil {
			return d, total{}, err
		}
		if hidden {
			return d, total{}, errNoDoor()
		}
	}
	t, err := totalOf(ctx, tx, d.Event)
	return d, t, err
}

// Exists refuses a secret that opens no door.
func (s *Service) Exists(ctx context.Context, secret string) error {
	return s.DB.Read(ctx, func(tx *db.Tx) error {
		_, _, err := s.at(ctx, tx, secret)
		return err
	})
}

// View is what a door shows.
type View struct {
	Door  Door
	Total Count
}

// Look is the page of a door. It refuses what [Service.CheckIn] would.
func (s *Service) Look(ctx context.Context, secret string) (View, error) {
	var v View
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		d, t, err := s.at(ctx, tx, secret)
		if err != nil {
			return err
		}
		v = View{d, t.Count}
		return t.open(tx.Now())
	})
	return v, err
}

// work does something at a door, in the lane of its event: two doors never check
// the same sign-up in at once. A tap that is known already is answered with what
// it led to, also when the door has closed since.
func (s *Service) work(ctx context.Context, secret, tap string, f func(tx *db.Tx, d Door) (Outcome, error)) (Outcome, error) {
	var e id.Event
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		d, _, err := s.at(ctx, tx, secret)
		e = d.Event
		return err
	})
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	err = s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		d, t, err := s.at(ctx, tx, secret)
		if err != nil {
			return err
		}
		if tap != "" {
			known := false
			if out, known, err = s.outcome(ctx, tx, d, tap); known || err != nil {
				return err
			}
		}
		if err := t.open(tx.Now()); err != nil {
			return err
		}
		out, err = f(tx, d)
		return err
	})
	return out, err
}

// CheckIn counts a sign-up as come. The same tap again changes nothing, nor does
// another for a sign-up that has come already.
func (s *Service) CheckIn(ctx context.Context, secret string, in Tap) (Outcome, error) {
	if !id.ValidSecret(in.Key) {
		return Outcome{}, errKey()
	}
	prefix, ok := parseCode(in.Code)
	if !ok {
		return Outcome{}, fault.Invalid(fault.Field("code", "door.code_form", "A code has eight letters and digits, such as kq4m-7d2x."))
	}
	tap := tapName(in.Key, "code "+encoding.EncodeToString(prefix))
	return s.work(ctx, secret, tap, func(tx *db.Tx, d Door) (Outcome, error) {
		from, to := span(prefix)
		found, err := s.SignUps.Between(ctx, tx, d.Event, from, to, 10)
		switch {
		case err != nil:
			return Outcome{}, err
		case len(found) == 0:
			return Outcome{}, errCode()
		case len(found) > 1:
			return several(found), nil
		}
		return s.arrive(ctx, tx, d, tap, found[0], in)
	})
}

// several asks which of the sign-ups that share a code it is. Chance makes that
// happen once in a million events of a thousand sign-ups.
func several(found []SignUp) Outcome {
	out := Outcome{Result: Several}
	for _, x := range found {
		out.Choices = append(out.Choices, Choice{longCode(x.Hash), x.Party, x.Times})
	}
	return out
}

func (s *Service) arrive(ctx context.Context, tx *db.Tx, d Door, tap string, x SignUp, in Tap) (Outcome, error) {
	out := Outcome{Code: longCode(x.Hash), Party: x.Party, Times: x.Times}
	a, err := arrivalOfSignUp(ctx, tx, d.Event, x.Hash)
	switch {
	case err == nil:
		out.Result, out.People = Already, a.people
		out.Door, err = doorName(ctx, tx, d.Event, a.door)
		return out, err
	case !errors.Is(err, db.ErrNoRows):
		return out, err
	case !x.Place && !in.LetIn:
		out.Result = Waits
		return out, nil
	}
	if in.People == 0 {
		in.People = x.Party
	}
	if in.People < 1 || in.People > x.Party {
		return out, errPeople(x.Party)
	}
	out.Result, out.Tap, out.People = Welcome, tap, in.People
	return out, s.put(ctx, tx, d, arrival{tap: tap, hash: x.Hash, hadPlace: x.Place, people: in.People})
}

// put counts a new arrival.
func (s *Service) put(ctx context.Context, tx *db.Tx, d Door, a arrival) error {
	a.door = d.Number
	if err := insertArrival(ctx, tx, d.Event, a); err != nil {
		return err
	}
	return count(ctx, tx, d.Event, d.Number, a.counts())
}

// WalkIn counts people without sign-up.
func (s *Service) WalkIn(ctx context.Context, secret, key string, people int) (Outcome, error) {
	if !id.ValidSecret(key) {
		return Outcome{}, errKey()
	}
	if people < 1 || people > maxWalkIns {
		return Outcome{}, fault.Invalid(fault.Field("walk_ins", "door.walk_ins", "Write a number of people from 1 to {max}.", "max", maxWalkIns))
	}
	tap := tapName(key, fmt.Sprint("others ", people))
	return s.work(ctx, secret, tap, func(tx *db.Tx, d Door) (Outcome, error) {
		return Outcome{Result: Counted, Tap: tap, People: people}, s.put(ctx, tx, d, arrival{tap: tap, people: people})
	})
}

// SetPeople says how many came of a sign-up that has come, at whatever door. A
// number that is refused comes back with whom it is about.
func (s *Service) SetPeople(ctx context.Context, secret, code string, people int) (Outcome, error) {
	prefix, ok := parseCode(code)
	if !ok {
		return Outcome{}, errCode()
	}
	return s.work(ctx, secret, "", func(tx *db.Tx, d Door) (Outcome, error) {
		from, to := span(prefix)
		found, err := s.SignUps.Between(ctx, tx, d.Event, from, to, 2)
		if err != nil {
			return Outcome{}, err
		}
		if len(found) != 1 {
			return Outcome{}, errCode()
		}
		x := found[0]
		a, err := arrivalOfSignUp(ctx, tx, d.Event, x.Hash)
		if errors.Is(err, db.ErrNoRows) {
			err = errCode()
		}
		if err != nil {
			return Outcome{}, err
		}
		out := Outcome{Result: Already, Code: longCode(x.Hash), Party: x.Party, People: a.people, Times: x.Times}
		if people < 1 || people > x.Party {
			return out, errPeople(x.Party)
		}
		was := a
		a.people = people
		out.Result, out.People = Welcome, people
		if a.door == d.Number {
			out.Tap = a.tap
		}
		return out, store(ctx, tx, d.Event, was, a)
	})
}

// Undo takes back a tap of this door. Twice is once.
func (s *Service) Undo(ctx context.Context, secret, tap string) (Outcome, error) {
	return s.work(ctx, secret, "", func(tx *db.Tx, d Door) (Outcome, error) {
		a, err := arrivalByTap(ctx, tx, d.Event, tap)
		if errors.Is(err, db.ErrNoRows) || err == nil && a.door != d.Number {
			return Outcome{}, errNoTap()
		}
		if err != nil {
			return Outcome{}, err
		}
		was := a
		a.people, a.hash, a.hadPlace = 0, nil, false
		return Outcome{Result: Undone, Tap: tap}, store(ctx, tx, d.Event, was, a)
	})
}

func errNoTap() error {
	return fault.NotFound("door.no_tap", "This was not counted here, so it cannot be undone.")
}

// Shown is what a tap of a door led to; ok is false when there is none such.
func (s *Service) Shown(ctx context.Context, secret, tap string) (out Outcome, ok bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		d, _, err := s.at(ctx, tx, secret)
		if err != nil {
			return err
		}
		out, ok, err = s.outcome(ctx, tx, d, tap)
		return err
	})
	return out, ok, err
}

// outcome is what a tap led to.
func (s *Service) outcome(ctx context.Context, tx *db.Tx, d Door, tap string) (Outcome, bool, error) {
	a, err := arrivalByTap(ctx, tx, d.Event, tap)
	if errors.Is(err, db.ErrNoRows) || err == nil && a.door != d.Number {
		return Outcome{}, false, nil
	}
	if err != nil {
		return Outcome{}, false, err
	}
	out := Outcome{Result: Counted, Tap: tap, People: a.people}
	switch {
	case a.people == 0:
		out.Result = Undone
	case a.hash != nil:
		found, err := s.SignUps.Between(ctx, tx, d.Event, a.hash, a.hash, 1)
		if err != nil {
			return out, true, err
		}
		for _, x := range found {
			out.Result, out.Code, out.Party, out.Times = Welcome, longCode(x.Hash), x.Party, x.Times
		}
	}
	return out, true, nil
}
