package sealed

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"errors"
	"fmt"
	"slices"

	"filippo.io/bigmod"
)

// Keys are what a run that is done makes public.
type Keys struct {
	// Public is the key that ballots are sealed to, an uncompressed point.
	Public []byte
	// Checks are the points of the shares, of seat 1 first.
	Checks [][pointSize]byte

	need int
}

// Keys computes the keys of a run that is done.
func (t *Transcript) Keys() (*Keys, error) {
	if t.complaint != nil {
		return nil, VoidError{t.complaint.Dealer, t.complaint.Seat}
	}
	if t.setup == nil || t.Stage() != 0 {
		return nil, ErrUndone
	}
	sum := make([]affine, t.setup.Need)
	for i := range sum {
		for _, d := range t.deals[:t.setup.Trustees] {
			p, err := point(d.Points[i])
			if err != nil {
				return nil, WrongError{d.Seat, err.Error()}
			}
			sum[i] = plus(sum[i], p)
		}
	}
	if _, ok := packed(sum[0]); !ok {
		return nil, malformed("the key of all is none")
	}
	k := &Keys{Public: unpacked(sum[0]), need: int(t.setup.Need)}
	for seat := 1; seat <= int(t.setup.Trustees); seat++ {
		p, ok := packed(at(sum, seat))
		if !ok {
			return nil, WrongError{uint8(seat), "its share is none"}
		}
		k.Checks = append(k.Checks, p)
	}
	return k, nil
}

// Share is a trustee's part of the secret, published when the poll has closed.
type Share struct {
	Seat   uint8
	Secret [scalarSize]byte
}

// Check tells whether a share is the one of its seat; if not, it is a [WrongError].
func (k *Keys) Check(s Share) error {
	if s.Seat < 1 || int(s.Seat) > len(k.Checks) {
		return WrongError{s.Seat, "there is no such trustee"}
	}
	x, err := scalar(s.Secret[:])
	if err != nil {
		return WrongError{s.Seat, "its share is none"}
	}
	if p, ok := packed(base(x)); !ok || p != k.Checks[s.Seat-1] {
		return WrongError{s.Seat, "its share is wrong"}
	}
	return nil
}

// Key opens ballots. It is safe for concurrent use.
type Key struct{ private hpke.PrivateKey }

// ErrFew says that it takes more shares to open the ballots.
var ErrFew = errors.New("there are too few shares")

// Rebuild makes the key out of the shares, in any order; a wrong one is named by a
// [WrongError]. Of more than are needed all are checked.
func Rebuild(t *Transcript, shares []Share) (*Key, error) {
	k, err := t.Keys()
	if err != nil {
		return nil, err
	}
	var seats []uint8
	for _, s := range shares {
		if err := k.Check(s); err != nil {
			return nil, err
		}
		if slices.Contains(seats, s.Seat) {
			return nil, WrongError{s.Seat, "its share is there twice"}
		}
		seats = append(seats, s.Seat)
	}
	if len(seats) < k.need {
		return nil, fmt.Errorf("%w: %d of %d", ErrFew, len(seats), k.need)
	}
	secret := bigmod.NewNat().ExpandFor(order)
	for i, s := range shares[:k.need] {
		x, err := scalar(s.Secret[:])
		if err != nil {
			return nil, err
		}
		secret.Add(x.Mul(lagrange(seats[:k.need], i), order), order)
	}
	return k.open(secret.Bytes(order))
}

func (k *Keys) open(secret []byte) (*Key, error) {
	private, err := ecdh.P256().NewPrivateKey(secret)
	if err != nil {
		return nil, fmt.Errorf("rebuild the key: %w", err)
	}
	if !bytes.Equal(private.PublicKey().Bytes(), k.Public) {
		return nil, malformed("the shares make another key")
	}
	h, err := hpke.NewDHKEMPrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("rebuild the key: %w", err)
	}
	return &Key{h}, nil
}

// lagrange is by how much the share of seats[i] counts in the value at 0: the product
// of x/(x − own) over the others. Seats are public.
func lagrange(seats []uint8, i int) *bigmod.Nat {
	over, under := small(1), small(1)
	for j, x := range seats {
		if j != i {
			over.Mul(small(int(x)), order)
			under.Mul(small(int(x)).Sub(small(int(seats[i])), order), order)
		}
	}
	inverse, ok := bigmod.NewNat().InverseVarTime(under, order)
	if !ok {
		panic("two seats are equal")
	}
	return over.Mul(inverse, order)
}
