package sealed

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"filippo.io/bigmod"
)

// Secret is a trustee's side of one run: what nobody else may have. Everything follows
// from two random numbers; what was said is kept with them, because saying it another
// way would give the trustee away.
type Secret struct {
	V int `json:"v"` // 1
	// Identity makes the key by which others know the trustee, run after run.
	Identity []byte `json:"identity"`
	// Seed makes all other secrets, of this run only.
	Seed []byte `json:"seed"`
	Seat uint8  `json:"seat"`
	// Setup, Join, Deal are messages as they were sent.
	Setup []byte `json:"setup"`
	Join  []byte `json:"join"`
	Deal  []byte `json:"deal,omitempty"`
	// Complaint is the message that gave the box key away: nothing follows it.
	Complaint []byte `json:"complaint,omitempty"`
}

// Why a trustee does not go on.
var (
	ErrOther   = errors.New("this transcript is of another run than the secret")
	ErrChanged = errors.New("the transcript is not the one that this trustee has dealt for")
	ErrGiven   = errors.New("this trustee has complained, and its run is over")
	ErrSecret  = errors.New("this is no secret of a trustee")
)

// NewSecret takes a seat in the run that t has begun. Identity is that of an earlier
// run, or nil for a new one.
func NewSecret(random io.Reader, t *Transcript, seat uint8, name string, identity []byte) (*Secret, error) {
	if t.setup == nil {
		return nil, ErrEarly
	}
	if seat < 1 || seat > t.setup.Trustees {
		return nil, malformed("there are seats 1 to %d", t.setup.Trustees)
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	both := make([]byte, 64)
	if _, err := io.ReadFull(random, both); err != nil {
		return nil, fmt.Errorf("make a secret: %w", err)
	}
	if identity == nil {
		identity = both[:32]
	}
	s := &Secret{V: 1, Identity: identity, Seed: both[32:], Seat: seat, Setup: t.raw[place{KindSetup, 0}]}
	d, err := s.unsealed(t)
	if err != nil {
		return nil, err
	}
	box, err := s.boxKey()
	if err != nil {
		return nil, err
	}
	m := Join{Before: t.before(KindJoin), Seat: seat, Name: name, Commit: sha256.Sum256(committed(t.before(KindJoin), seat, d.Points, d.Proof))}
	copy(m.BoxKey[:], box.PublicKey().Bytes())
	if m.Identity, err = s.PublicIdentity(); err != nil {
		return nil, err
	}
	if m.Sig, err = s.sign(m.unsigned()); err != nil {
		return nil, err
	}
	s.Join = m.Encode()
	return s, nil
}

// ParseSecret reads the secret as JSON.
func ParseSecret(b []byte) (*Secret, error) {
	s := &Secret{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSecret, err)
	}
	_, err := DecodeJoin(s.Join)
	_, err2 := DecodeSetup(s.Setup)
	if err != nil || err2 != nil || s.V != 1 || len(s.Seed) != 32 || len(s.Identity) != 32 || s.Seat < 1 || s.Seat > MaxTrustees {
		return nil, ErrSecret
	}
	return s, nil
}

// PublicIdentity is the key by which others know the trustee.
func (s *Secret) PublicIdentity() (out [pointSize]byte, err error) {
	x, err := derive(s.Identity, "identity")
	if err != nil {
		return out, err
	}
	out, _ = packed(base(x))
	return out, nil
}

func (s *Secret) sign(unsigned []byte) (Proof, error) {
	x, err := derive(s.Identity, "identity")
	if err != nil {
		return Proof{}, err
	}
	return prove(x, signed(unsigned))
}

func (s *Secret) boxKey() (*ecdh.PrivateKey, error) {
	x, err := derive(s.Seed, "box key")
	if err != nil {
		return nil, err
	}
	return ecdh.P256().NewPrivateKey(x.Bytes(order))
}

// polynomial has the secret at 0 and the share of each seat at its number.
func (s *Secret) polynomial(need uint8) ([]*bigmod.Nat, error) {
	out := make([]*bigmod.Nat, need)
	for i := range out {
		x, err := derive(s.Seed, fmt.Sprintf("coefficient %d", i))
		if err != nil {
			return nil, err
		}
		out[i] = x
	}
	return out, nil
}

func value(poly []*bigmod.Nat, seat uint8) *bigmod.Nat {
	x, sum := small(int(seat)), bigmod.NewNat().ExpandFor(order)
	for _, c := range slices.Backward(poly) {
		sum.Mul(x, order).Add(c, order)
	}
	return sum
}

// unsealed is the part of the deal that the join commits to.
func (s *Secret) unsealed(t *Transcript) (*Deal, error) {
	poly, err := s.polynomial(t.setup.Need)
	if err != nil {
		return nil, err
	}
	d := &Deal{Seat: s.Seat, Points: make([][pointSize]byte, len(poly))}
	for i, x := range poly {
		d.Points[i], _ = packed(base(x))
	}
	d.Proof, err = prove(poly[0], possessed(t.before(KindJoin), s.Seat))
	return d, err
}

// mine refuses transcripts of other runs, and those that tell of this trustee what it
// has not said.
func (s *Secret) mine(t *Transcript) error {
	switch {
	case t.setup == nil || !bytes.Equal(t.raw[place{KindSetup, 0}], s.Setup):
		return ErrOther
	case t.Has(KindJoin, s.Seat) && !bytes.Equal(t.raw[place{KindJoin, s.Seat}], s.Join):
		return fmt.Errorf("seat %d was taken by somebody else: %w", s.Seat, ErrOther)
	case t.complaint != nil:
		return VoidError{t.complaint.Dealer, t.complaint.Seat}
	case s.Complaint != nil:
		return ErrGiven
	}
	return nil
}

// MakeDeal is the deal of this trustee, once all have joined. It is made once: for other
// joins than it was made for there is none, or somebody could choose theirs after seeing
// it. Store the secret before the message leaves.
func (s *Secret) MakeDeal(t *Transcript) ([]byte, error) {
	if err := s.mine(t); err != nil {
		return nil, err
	}
	if t.Stage() < KindDeal && t.Stage() != 0 {
		return nil, ErrEarly
	}
	before := t.before(KindDeal)
	if s.Deal != nil {
		if d, err := DecodeDeal(s.Deal, t.setup); err != nil || d.Before != before {
			return nil, ErrChanged
		}
		return s.Deal, nil
	}
	poly, err := s.polynomial(t.setup.Need)
	if err != nil {
		return nil, err
	}
	d, err := s.unsealed(t)
	if err != nil {
		return nil, err
	}
	d.Before = before
	for _, j := range t.joins[:t.setup.Trustees] {
		if j.Seat == s.Seat {
			continue
		}
		b, err := sealShare(j, s.Seat, before, value(poly, j.Seat))
		if err != nil {
			return nil, err
		}
		d.Shares = append(d.Shares, b)
	}
	if d.Sig, err = s.sign(d.unsigned()); err != nil {
		return nil, err
	}
	s.Deal = d.Encode()
	return s.Deal, nil
}

func shareInfo(before [hashSize]byte) []byte {
	return append([]byte("convoke/v1 share\n"), before[:]...)
}

func sealShare(to *Join, from uint8, before [hashSize]byte, x *bigmod.Nat) (out [sealedSize]byte, err error) {
	key, err := ecdh.P256().NewPublicKey(to.BoxKey[:])
	if err != nil {
		return out, WrongError{to.Seat, "its box key is none"}
	}
	enc, ct, err := seal(key, shareInfo(before), []byte{from, to.Seat}, x.Bytes(order))
	copy(out[:], append(enc, ct...))
	return out, err
}

// openShare is what a dealer has dealt to a seat, checked against its points.
func (t *Transcript) openShare(key *ecdh.PrivateKey, dealer, seat uint8) (*bigmod.Nat, error) {
	d := t.deals[dealer-1]
	h, err := hpke.NewDHKEMPrivateKey(key)
	if err != nil {
		return nil, err
	}
	b := d.shareFor(seat)
	text, err := open(h, b[:], shareInfo(d.Before), []byte{dealer, seat})
	if err != nil {
		return nil, WrongError{dealer, "its share does not open"}
	}
	x, err := scalar(text)
	if err != nil {
		return nil, WrongError{dealer, "its share is no number"}
	}
	poly := make([]affine, len(d.Points))
	for i, p := range d.Points {
		if poly[i], err = point(p); err != nil {
			return nil, err
		}
	}
	got, _ := packed(base(x))
	if want, ok := packed(at(poly, int(seat))); !ok || got != want {
		return nil, WrongError{dealer, "its share does not fit its points"}
	}
	return x, nil
}

// MakeCheck opens all shares of this trustee, once all have dealt. It is a confirmation,
// or the complaint of the first that is wrong, with the reason: then store the secret
// before the message leaves. Whoever has complained says only that again.
func (s *Secret) MakeCheck(t *Transcript) (message []byte, wrong error, err error) {
	if s.Complaint != nil {
		return s.Complaint, ErrGiven, nil
	}
	if err := s.mine(t); err != nil {
		return nil, nil, err
	}
	if st := t.Stage(); st != 0 && st < KindConfirm {
		return nil, nil, ErrEarly
	}
	if !bytes.Equal(t.raw[place{KindDeal, s.Seat}], s.Deal) {
		return nil, nil, ErrChanged
	}
	_, wrong, err = s.add(t)
	if err != nil {
		return nil, nil, err
	}
	var bad WrongError
	if errors.As(wrong, &bad) {
		key, err := s.boxKey()
		if err != nil {
			return nil, nil, err
		}
		m := Complaint{Before: t.before(KindComplaint), Seat: s.Seat, Dealer: bad.Seat, BoxKey: [scalarSize]byte(key.Bytes())}
		m.Sig, err = s.sign(m.unsigned())
		if err != nil {
			return nil, nil, err
		}
		s.Complaint = m.Encode()
		return s.Complaint, wrong, nil
	}
	m := Confirm{Before: t.before(KindConfirm), Seat: s.Seat}
	m.Sig, err = s.sign(m.unsigned())
	return m.Encode(), nil, err
}

// add sums the shares of all; wrong is the first that is.
func (s *Secret) add(t *Transcript) (sum *bigmod.Nat, wrong, err error) {
	poly, err := s.polynomial(t.setup.Need)
	if err != nil {
		return nil, nil, err
	}
	key, err := s.boxKey()
	if err != nil {
		return nil, nil, err
	}
	sum = value(poly, s.Seat)
	for seat := uint8(1); seat <= t.setup.Trustees; seat++ {
		if seat == s.Seat {
			continue
		}
		x, wrong := t.openShare(key, seat, s.Seat)
		if wrong != nil {
			return nil, wrong, nil
		}
		sum.Add(x, order)
	}
	return sum, nil, nil
}

// Share is this trustee's share of the key: to be published when the poll has closed,
// and never before.
func (s *Secret) Share(t *Transcript) (Share, error) {
	out := Share{Seat: s.Seat}
	if err := s.mine(t); err != nil {
		return out, err
	}
	k, err := t.Keys()
	if err != nil {
		return out, err
	}
	sum, wrong, err := s.add(t)
	if err == nil {
		err = wrong
	}
	if err != nil {
		return out, err
	}
	copy(out.Secret[:], sum.Bytes(order))
	return out, k.Check(out)
}
