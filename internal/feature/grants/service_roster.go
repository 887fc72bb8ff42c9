package grants

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// SignUp is one sign-up as a roster steward sees it.
type SignUp struct {
	Hash    []byte
	Code    string // as in "kq4m-7d2x"
	Waits   bool
	Party   int
	Needs   []string // texts of the catalogue
	Chosen  []Chosen
	Address string // only of one that was asked for
}

// Chosen is a timeslot that somebody chose.
type Chosen struct {
	Title      string
	Start, End time.Time
	Waits      bool
}

// SignUps reads sign-ups, which are sealed.
type SignUps interface {
	// Open finds the key; the reader of an event without sign-ups finds none.
	Open(ctx context.Context, e id.Event) (Reader, error)
	// Named tells everybody who signed up that somebody may see sign-ups.
	Named(ctx context.Context, tx *db.Tx, e id.Event) error
}

// Reader reads the sign-ups of one event in a transaction.
type Reader interface {
	Page(ctx context.Context, tx *db.Tx, after []byte, limit int) ([]SignUp, error)
	// One returns db.ErrNoRows when it is not there.
	One(ctx context.Context, tx *db.Tx, hash []byte) (SignUp, error)
}

// seer finds the event for somebody who may see its sign-ups. To everybody else
// there is nothing to see.
func (s *Service) seer(ctx context.Context, tx *db.Tx, by authz.Actor, e id.Event) (Event, error) {
	x, sub, err := s.Events.About(ctx, tx, by, e)
	if err != nil {
		return x, err
	}
	if !authz.May(by, authz.SeeRoster, sub) {
		return Event{}, web.ErrNotFound()
	}
	return x, nil
}

// Seer is the event for the pages of its sign-ups, before the first look.
func (s *Service) Seer(ctx context.Context, by authz.Actor, e id.Event) (Event, error) {
	var x Event
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		x, err = s.seer(ctx, tx, by, e)
		return err
	})
	return x, err
}

// Look reads one page of sign-ups from behind after, and notes that in the same
// transaction. next is where the following page begins, "" after the last. The
// caller has made sure that the account's owner asks.
func (s *Service) Look(ctx context.Context, by authz.Actor, e id.Event, after string) (list []SignUp, next string, err error) {
	if _, err := s.Seer(ctx, by, e); err != nil {
		return nil, "", err
	}
	r, err := s.SignUps.Open(ctx, e)
	if err != nil {
		return nil, "", err
	}
	// In the event's lane, so that it does not conflict with new sign-ups.
	err = s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		if _, err := s.seer(ctx, tx, by, e); err != nil {
			return err
		}
		var err error
		if list, err = r.Page(ctx, tx, parseHash(after), pageSize+1); err != nil {
			return err
		}
		return s.Audit.Note(ctx, tx, by.Person, ActLook, string(e))
	})
	if err != nil {
		return nil, "", err
	}
	if len(list) > pageSize {
		list = list[:pageSize]
		next = hex.EncodeToString(list[pageSize-1].Hash)
	}
	return list, next, nil
}

// Address reads one sign-up with its address, and notes that in the same
// transaction. The caller has made sure that the account's owner asks.
func (s *Service) Address(ctx context.Context, by authz.Actor, e id.Event, signUp string) (SignUp, error) {
	if _, err := s.Seer(ctx, by, e); err != nil {
		return SignUp{}, err
	}
	hash := parseHash(signUp)
	if hash == nil {
		return SignUp{}, errNoSignUp()
	}
	r, err := s.SignUps.Open(ctx, e)
	if err != nil {
		return SignUp{}, err
	}
	var out SignUp
	err = s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		if _, err := s.seer(ctx, tx, by, e); err != nil {
			return err
		}
		var err error
		if out, err = r.One(ctx, tx, hash); errors.Is(err, db.ErrNoRows) {
			return errNoSignUp()
		}
		if err != nil {
			return err
		}
		return s.Audit.Note(ctx, tx, by.Person, ActAddress, string(e))
	})
	if err != nil {
		return SignUp{}, err
	}
	return out, nil
}

func errNoSignUp() error {
	return fault.NotFound("grant.no_sign_up", "This sign-up is not there. It may have been cancelled.")
}
