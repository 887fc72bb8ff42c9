package roles

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/seal"
)

// Holder is whoever holds a sign-up: a hash, never a person.
type Holder struct {
	Hash  []byte
	Going bool // has a place; others wait for one
}

// SignUps answers about sign-ups.
type SignUps interface {
	// Holder finds the sign-up that a secret opens, or returns a NotFound fault.
	Holder(ctx context.Context, tx *db.Tx, e id.Event, secret string) (Holder, error)
	// HasPlace tells whether the holder with that hash has a place now.
	HasPlace(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) (bool, error)
	// Open returns a fault when the event takes nobody any more.
	Open(ctx context.Context, tx *db.Tx, e id.Event) error
}

// Organizers answers who may change an event.
type Organizers interface {
	// Check refuses an actor who may not, in the words of package authz, and an
	// event that is not public.
	Check(ctx context.Context, tx *db.Tx, by authz.Actor, e id.Event) error
	// Are tells whether somebody may now. An event that is gone has none.
	Are(ctx context.Context, tx *db.Tx, e id.Event, p id.Person) (bool, error)
}

// Teller tells somebody who left an address that there is news on their private
// page, by a job in the transaction.
type Teller interface {
	RoleChanged(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) error
}

// Deps are what the feature needs.
type Deps struct {
	DB         *db.DB
	Vault      *seal.Vault
	Entropy    io.Reader
	SignUps    SignUps
	Organizers Organizers
	// Audit notes who did what in a role.
	Audit func(ctx context.Context, tx *db.Tx, by id.Person, action, subject string) error
	// Teller is nil on a node without e-mail.
	Teller Teller
}

// Service is the use cases of roles.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// The rows of SealedTable are of no use without a key: that of the event, whose
// scope is ScopePrefix and then what is in SealedColumn.
const (
	SealedTable  = "role_offer"
	SealedColumn = "event_id"
	ScopePrefix  = "event:"
)

func scope(e id.Event) string { return ScopePrefix + string(e) }

// touch is soft: while many offer, the page is rendered once a second.
func touch(tx *db.Tx, e id.Event) { tx.Touch("event:" + string(e) + "~") }

func noteName(e id.Event, hash []byte, role string) string {
	return string(e) + "/" + hex.EncodeToString(hash) + "/" + role
}

// seal closes a note, padded so that its length tells little; none is nothing.
func (s *Service) seal(k *seal.Key, e id.Event, hash []byte, role, note string) []byte {
	if note == "" {
		return []byte{}
	}
	const block = 128
	if n := len(note) % block; n > 0 {
		note += strings.Repeat(" ", block-n)
	}
	return k.Seal(s.Entropy, SealedTable, "sealed", noteName(e, hash, role), []byte(note))
}

// opened is a note in clear; "" once the event's key is destroyed.
func (s *Service) opened(ctx context.Context, e id.Event, o offer) (string, error) {
	if len(o.sealed) == 0 {
		return "", nil
	}
	k, err := s.Vault.Existing(ctx, scope(e))
	if errors.Is(err, seal.ErrDestroyed) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	b, err := k.Open(SealedTable, "sealed", noteName(e, o.hash, o.role), o.sealed)
	if err != nil {
		return "", fmt.Errorf("open a note: %w", err)
	}
	return strings.TrimRight(string(b), " "), nil
}

// Offer records that the holder of a secret would take roles. Those that they
// offered before stay as they are, but for the note: sent twice, it counts once.
func (s *Service) Offer(ctx context.Context, e id.Event, secret string, in Input) error {
	k, err := s.Vault.Existing(ctx, scope(e))
	if errors.Is(err, seal.ErrDestroyed) {
		k = nil // then there is no sign-up either, which is found below
	} else if err != nil {
		return err
	}
	return s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		h, err := s.SignUps.Holder(ctx, tx, e, secret)
		if err != nil {
			return err
		}
		if err := s.SignUps.Open(ctx, tx, e); err != nil {
			return err
		}
		if !h.Going || k == nil {
			return fault.Conflict("roles.waiting", "You can take a role once you have a place at the event.")
		}
		all, err := countsOf(ctx, tx, e)
		if err != nil {
			return err
		}
		chosen, err := in.check(all)
		if err != nil {
			return err
		}
		for _, c := range chosen {
			if err := s.offer(ctx, tx, e, h.Hash, c, s.seal(k, e, h.Hash, c.Role, in.Note)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) offer(ctx context.Context, tx *db.Tx, e id.Event, hash []byte, c Count, sealed []byte) error {
	old, err := offerOf(ctx, tx, e, hash, c.Role)
	switch {
	case err == nil && old.state.Open() && len(sealed) > 0:
		return putNote(ctx, tx, e, hash, c.Role, sealed)
	case err == nil:
		return nil
	case !errors.Is(err, db.ErrNoRows):
		return err
	}
	state := c.place()
	if state == Reserve && c.Reserve >= maxReserve {
		return fault.Invalid(fault.Field("role", "roles.enough", "Very many have offered to take a role that you chose. Please choose another one."))
	}
	o := offer{hash: hash, role: c.Role, code: id.Code(hash), state: state, queue: c.queue + 1, sealed: sealed}
	if err := insertOffer(ctx, tx, e, o); err != nil {
		return err
	}
	return count(ctx, tx, e, c.Role, state, 1)
}

// Withdraw takes an offer back, also one that is answered.
func (s *Service) Withdraw(ctx context.Context, e id.Event, secret, rid string) error {
	return s.DB.WriteHot(ctx, string(e), func(tx *db.Tx) error {
		h, err := s.SignUps.Holder(ctx, tx, e, secret)
		if err != nil {
			return err
		}
		all, err := offersOf(ctx, tx, e, h.Hash)
		if err != nil {
			return err
		}
		for _, o := range all {
			if IDOf(o.role) == rid {
				return s.remove(ctx, tx, e, o)
			}
		}
		return errNoOffer()
	})
}

// remove takes an offer out, and lets the next in reserve move up.
func (s *Service) remove(ctx context.Context, tx *db.Tx, e id.Event, o offer) error {
	if err := deleteOffer(ctx, tx, e, o); err != nil {
		return err
	}
	if err := count(ctx, tx, e, o.role, o.state, -1); err != nil {
		return err
	}
	return s.settle(ctx, tx, e, o.role)
}

// settle moves offers between those that can still be confirmed and the reserve,
// so that the first come are the first. Who moves up hears of it.
func (s *Service) settle(ctx context.Context, tx *db.Tx, e id.Event, role string) error {
	touch(tx, e)
	c, err := countOf(ctx, tx, e, role)
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	switch room := c.room(); {
	case room < 0:
		return move(ctx, tx, e, role, Offered, Reserve, -room)
	case room > 0 && c.Reserve > 0:
		n := min(room, c.Reserve)
		up, err := firstOf(ctx, tx, e, role, Reserve, n)
		if err != nil {
			return err
		}
		if err := move(ctx, tx, e, role, Reserve, Offered, n); err != nil {
			return err
		}
		for _, hash := range up {
			if err := s.tell(ctx, tx, e, hash); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) tell(ctx context.Context, tx *db.Tx, e id.Event, hash []byte) error {
	if s.Teller == nil {
		return nil
	}
	return s.Teller.RoleChanged(ctx, tx, e, hash)
}

// ProgrammeChanged keeps what is needed in step with the programme. It refuses to
// need fewer than are confirmed.
func (s *Service) ProgrammeChanged(ctx context.Context, tx *db.Tx, f fact.ProgrammeChanged) error {
	have, err := countsOf(ctx, tx, f.Event)
	if err != nil {
		return err
	}
	want, field := wanted(f)
	for _, c := range have {
		if _, ok := want[c.Role]; !ok {
			want[c.Role] = Count{Role: c.Role, position: c.position}
		}
	}
	var fs []fault.FieldError
	for _, c := range have {
		if n := want[c.Role]; n.Needed < c.Confirmed {
			fs = append(fs, errConfirmed(c, field[c.Role], f.Field))
		}
	}
	if err := fault.Invalid(fs...); err != nil {
		return err
	}
	for _, role := range inOrder(want) {
		if err := putNeeded(ctx, tx, f.Event, want[role]); err != nil {
			return err
		}
		if err := s.settle(ctx, tx, f.Event, role); err != nil {
			return err
		}
	}
	return dropUnused(ctx, tx, f.Event)
}

// wanted is what a programme needs, by key, and the field of each in its form.
// Two of one name are one role.
func wanted(f fact.ProgrammeChanged) (want map[string]Count, field map[string]string) {
	want, field = map[string]Count{}, map[string]string{}
	for i, r := range f.Roles {
		key := keyOf(r.Code, r.Name)
		if r.People == 0 { // it has a field and is not needed
			field[key] = r.Field
			continue
		}
		c, twice := want[key]
		if !twice {
			c, field[key] = Count{Role: key, position: i + 1}, r.Field
		}
		c.Needed += r.People
		want[key] = c
	}
	return want, field
}

func errConfirmed(c Count, field, other string) fault.FieldError {
	if _, name := parts(c.Role); field == "" && name != "" {
		return fault.Field(other, "roles.confirmed_gone",
			"Confirmed for “{role}”: {n}. Keep the role with at least that many, or first say on the page “Roles” who is not needed.",
			"role", name, "n", c.Confirmed)
	}
	if field == "" {
		field = other
	}
	return fault.Field(field, "roles.confirmed",
		"Confirmed for this role: {n}. Ask for at least that many, or first say on the page “Roles” who is not needed.", "n", c.Confirmed)
}

// SignUpCancelled takes out what a sign-up offered, before it goes.
func (s *Service) SignUpCancelled(ctx context.Context, tx *db.Tx, f fact.SignUpCancelled) error {
	all, err := offersOf(ctx, tx, f.Event, f.Hash)
	if err != nil {
		return err
	}
	for _, o := range all {
		if err := s.remove(ctx, tx, f.Event, o); err != nil {
			return err
		}
	}
	return nil
}

// SignUpChanged takes back what was confirmed of a sign-up that has lost its
// place: its offer waits behind the others until it is confirmed anew.
func (s *Service) SignUpChanged(ctx context.Context, tx *db.Tx, f fact.SignUpChanged) error {
	if f.Place {
		return nil
	}
	all, err := offersOf(ctx, tx, f.Event, f.Hash)
	if err != nil {
		return err
	}
	for _, o := range all {
		if !o.state.Open() && o.state != Confirmed {
			continue
		}
		if err := deleteConfirmations(ctx, tx, f.Event, o); err != nil {
			return err
		}
		if o.state != Confirmed {
			continue
		}
		o.state = Reserve
		if err := putState(ctx, tx, f.Event, o); err != nil {
			return err
		}
		if err := change(ctx, tx, f.Event, o.role, -1, 0, 1, 0); err != nil {
			return err
		}
		if err := s.settle(ctx, tx, f.Event, o.role); err != nil {
			return err
		}
	}
	return nil
}

// SignUpsExpired forgets all offers of an event, and who confirmed them.
func (s *Service) SignUpsExpired(ctx context.Context, tx *db.Tx, f fact.SignUpsExpired) error {
	return forget(ctx, tx, f.Event)
}
