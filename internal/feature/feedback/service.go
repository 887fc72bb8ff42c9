package feedback

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/id"
	"convoke/internal/seal"
)

// SealedTable has rows that are of no use without the key of their event.
const SealedTable = "feedback"

// SignUps answers about sign-ups.
type SignUps interface {
	// Hold finds the sign-up that a secret opens; a NotFound fault otherwise.
	Hold(ctx context.Context, tx *db.Tx, e id.Event, secret string) (Held, error)
}

// Keys are those of events.
type Keys interface {
	// Event returns [seal.ErrDestroyed] for an event without a key.
	Event(ctx context.Context, e id.Event) (*seal.Key, error)
}

// Deps are what the feature needs.
type Deps struct {
	DB      *db.DB
	IDs     *id.Source
	Entropy io.Reader
	SignUps SignUps
	Keys    Keys
}

// Service is the use cases of feedback.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

func rowName(e id.Event, hash []byte) string { return string(e) + "/" + hex.EncodeToString(hash) }

// key of an event; ok is false when it is gone, and with it every answer.
func (s *Service) key(ctx context.Context, e id.Event) (k *seal.Key, ok bool, err error) {
	k, err = s.Keys.Event(ctx, e)
	if errors.Is(err, seal.ErrDestroyed) {
		return nil, false, nil
	}
	return k, err == nil, err
}

// given is what a sign-up has answered; ok is false when it has not.
func given(ctx context.Context, tx *db.Tx, k *seal.Key, e id.Event, hash []byte) (Answer, bool, error) {
	sealed, err := sealedOf(ctx, tx, e, hash)
	if errors.Is(err, db.ErrNoRows) {
		return Answer{}, false, nil
	}
	if err != nil {
		return Answer{}, false, err
	}
	a, err := unseal(k, e, hash, sealed)
	return a, err == nil, err
}

func unseal(k *seal.Key, e id.Event, hash, sealed []byte) (Answer, error) {
	b, err := k.Open(SealedTable, "sealed", rowName(e, hash), sealed)
	if err != nil {
		return Answer{}, fmt.Errorf("open feedback: %w", err)
	}
	return decode(b)
}

// Give keeps the answer of a sign-up, in place of the one it gave before.
func (s *Service) Give(ctx context.Context, e id.Event, secret string, a Answer) error {
	if err := a.check(); err != nil {
		return err
	}
	plain, err := a.encode()
	if err != nil {
		return err
	}
	k, ok, err := s.key(ctx, e)
	if err != nil {
		return err
	}
	return s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		h, err := s.SignUps.Hold(ctx, tx, e, secret)
		if err != nil {
			return err
		}
		if err := h.open(tx.Now()); err != nil {
			return err
		}
		if !ok {
			return errLate()
		}
		was, _, err := given(ctx, tx, k, e, h.Hash)
		if err != nil {
			return err
		}
		if err := put(ctx, tx, e, h.Hash, a.Text != "", k.Seal(s.Entropy, SealedTable, "sealed", rowName(e, h.Hash), plain)); err != nil {
			return err
		}
		return count(ctx, tx, e, was, a)
	})
}

// Mine is what the sign-up with this hash has answered; ok is false when it has
// not.
func (s *Service) Mine(ctx context.Context, e id.Event, hash []byte) (a Answer, ok bool, err error) {
	k, ok, err := s.key(ctx, e)
	if err != nil || !ok {
		return Answer{}, false, err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		a, ok, err = given(ctx, tx, k, e, hash)
		return err
	})
	return a, ok, err
}

// Hold is the sign-up of a secret, if it is asked now.
func (s *Service) Hold(ctx context.Context, e id.Event, secret string) (h Held, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		if h, err = s.SignUps.Hold(ctx, tx, e, secret); err != nil {
			return err
		}
		return h.open(tx.Now())
	})
	return h, err
}

// SignUpCancelled takes back the answer of a sign-up that is cancelled.
func (s *Service) SignUpCancelled(ctx context.Context, tx *db.Tx, f fact.SignUpCancelled) error {
	sealed, err := sealedOf(ctx, tx, f.Event, f.Hash)
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	k, ok, err := s.key(ctx, f.Event)
	if err != nil || !ok {
		return err
	}
	was, err := unseal(k, f.Event, f.Hash, sealed)
	if err != nil {
		return err
	}
	return count(ctx, tx, f.Event, was, Answer{})
}

// Total is how many gave one answer.
type Total struct {
	Question, Answer string
	People           int
}

// Report is what organizers see.
type Report struct {
	Few    bool // fewer than five have answered, so nothing is told
	People int  // who answered
	Totals []Total
	Texts  []string // in an order that follows nothing
	More   bool     // there are other texts
}

// Report on an event. Whoever calls has checked that it may be edited. Of very
// many texts it holds some, and others the next time.
func (s *Service) Report(ctx context.Context, e id.Event) (Report, error) {
	k, readable, err := s.key(ctx, e)
	if err != nil {
		return Report{}, err
	}
	// Hashes are as good as random, so a random place among them is too.
	from := s.IDs.Bytes(16)
	var r Report
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		r = Report{}
		var err error
		if r.Totals, err = totalsOf(ctx, tx, e); err != nil {
			return err
		}
		for _, t := range r.Totals {
			if t.Question == "mood" {
				r.People += t.People
			}
		}
		if r.People < fewAnswers {
			r = Report{Few: true}
			return nil
		}
		if !readable {
			return nil
		}
		rows, err := textsFrom(ctx, tx, e, from, maxTexts+1)
		if err != nil {
			return err
		}
		r.More = len(rows) > maxTexts
		for _, x := range rows[:min(len(rows), maxTexts)] {
			a, err := unseal(k, e, x.hash, x.sealed)
			if err != nil {
				return err
			}
			r.Texts = append(r.Texts, a.Text)
		}
		return nil
	})
	if err != nil {
		return Report{}, err
	}
	r.Texts = s.shuffle(r.Texts)
	return r, nil
}

// shuffle puts texts into a new order each time.
func (s *Service) shuffle(texts []string) []string {
	type drawn struct{ lot, text string }
	all := make([]drawn, len(texts))
	for i, t := range texts {
		all[i] = drawn{string(s.IDs.Bytes(16)), t}
	}
	slices.SortFunc(all, func(a, b drawn) int { return cmp.Compare(a.lot, b.lot) })
	for i := range all {
		texts[i] = all[i].text
	}
	return texts
}
