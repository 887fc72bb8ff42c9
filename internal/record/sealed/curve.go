package sealed

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"filippo.io/bigmod"
)

// Sizes in bytes.
const (
	scalarSize = 32
	pointSize  = 33 // compressed
	proofSize  = pointSize + scalarSize
	hashSize   = sha256.Size
)

var (
	order = modulus("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
	// wideOrder only gives a hash of 64 bytes room before it is reduced.
	wideOrder = modulus("01" + hex.EncodeToString(make([]byte, sha512.Size)))
)

var errScalar = errors.New("this is no number of the group")

func modulus(s string) *bigmod.Modulus {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	m, err := bigmod.NewModulus(b)
	if err != nil {
		panic(err)
	}
	return m
}

// scalar reads a number from 1 up to the order of the group.
func scalar(b []byte) (*bigmod.Nat, error) {
	x, err := bigmod.NewNat().SetBytes(b, order)
	if err != nil || x.IsZero() == 1 {
		return nil, errScalar
	}
	return x, nil
}

// small is a public number that is much less than the order.
func small(n int) *bigmod.Nat {
	x, err := bigmod.NewNat().SetBytes([]byte{byte(n)}, order)
	if err != nil {
		panic(err)
	}
	return x
}

// reduce makes a number of a hash of 64 bytes, so even that nobody can tell.
func reduce(h [sha512.Size]byte) *bigmod.Nat {
	x, err := bigmod.NewNat().SetBytes(h[:], wideOrder)
	if err != nil {
		panic(err)
	}
	return bigmod.NewNat().Mod(x, order)
}

// derive is the number that follows from a secret for one use.
func derive(secret []byte, use string) (*bigmod.Nat, error) {
	b, err := hkdf.Key(sha256.New, secret, nil, "convoke/v1 trustee "+use, sha512.Size)
	if err != nil {
		return nil, fmt.Errorf("derive a number: %w", err)
	}
	x := reduce([sha512.Size]byte(b))
	if x.IsZero() == 1 {
		return nil, errScalar
	}
	return x, nil
}

// affine is a public point; the one at infinity has no coordinates.
type affine struct{ x, y *big.Int }

// curve adds points on big integers, in variable time: what is secret never gets there.
var curve = elliptic.P256()

// base is the point of a number that may be secret.
func base(x *bigmod.Nat) affine {
	k, err := ecdh.P256().NewPrivateKey(x.Bytes(order))
	if err != nil {
		panic(err) // of 0, which no caller has
	}
	b := k.PublicKey().Bytes()
	return affine{new(big.Int).SetBytes(b[1 : 1+scalarSize]), new(big.Int).SetBytes(b[1+scalarSize:])}
}

// times multiplies by a public number.
func times(x *bigmod.Nat, p affine) affine {
	if p.x == nil {
		return p
	}
	return finite(curve.ScalarMult(p.x, p.y, x.Bytes(order))) //nolint:staticcheck // public points; see decision 0051
}

func plus(p, q affine) affine {
	switch {
	case p.x == nil:
		return q
	case q.x == nil:
		return p
	}
	return finite(curve.Add(p.x, p.y, q.x, q.y)) //nolint:staticcheck // public points; see decision 0051
}

// finite knows the point at infinity, which package elliptic gives as 0, 0.
func finite(x, y *big.Int) affine {
	if x.Sign() == 0 && y.Sign() == 0 {
		return affine{}
	}
	return affine{x, y}
}

// point reads a compressed point; the point at infinity has no such form.
func point(b [pointSize]byte) (affine, error) {
	x, y := elliptic.UnmarshalCompressed(curve, b[:])
	if x == nil {
		return affine{}, errors.New("this is no point of the curve")
	}
	return affine{x, y}, nil
}

// packed is a point in its one form, false when it is the one at infinity.
func packed(p affine) (out [pointSize]byte, ok bool) {
	if p.x == nil {
		return out, false
	}
	return [pointSize]byte(elliptic.MarshalCompressed(curve, p.x, p.y)), true
}

// unpacked is a point as HPKE has it.
func unpacked(p affine) []byte {
	b := make([]byte, boxKeySize)
	b[0] = 4
	p.x.FillBytes(b[1 : 1+scalarSize])
	p.y.FillBytes(b[1+scalarSize:])
	return b
}

// at is the value of a polynomial of points.
func at(poly []affine, seat int) (sum affine) {
	x := small(seat)
	for _, p := range slices.Backward(poly) {
		sum = plus(times(x, sum), p)
	}
	return sum
}

// Proof shows that whoever made it knows the number of a point, and meant what is
// signed: Schnorr's signature (1991), over P-256.
type Proof [proofSize]byte

// prove signs what with x. The number that hides x follows from x and what, so that
// it is never used for two of them.
func prove(x *bigmod.Nat, what []byte) (out Proof, err error) {
	public, _ := packed(base(x))
	h := sha512.Sum512(what)
	k, err := derive(append(x.Bytes(order), h[:]...), "nonce")
	if err != nil {
		return out, err
	}
	r, _ := packed(base(k))
	z := challenge(public, r, what).Mul(x, order).Add(k, order)
	copy(out[:], r[:])
	copy(out[pointSize:], z.Bytes(order))
	return out, nil
}

func challenge(public, r [pointSize]byte, what []byte) *bigmod.Nat {
	h := sha512.New()
	h.Write([]byte("convoke/v1 proof\n"))
	h.Write(public[:])
	h.Write(r[:])
	h.Write(what)
	return reduce([sha512.Size]byte(h.Sum(nil)))
}

// fits reports whether the proof is one of public for what.
func (p Proof) fits(public [pointSize]byte, what []byte) bool {
	key, err := point(public)
	if err != nil {
		return false
	}
	r, err := point([pointSize]byte(p[:]))
	if err != nil {
		return false
	}
	z, err := scalar(p[pointSize:])
	if err != nil {
		return false
	}
	want := plus(r, times(challenge(public, [pointSize]byte(p[:]), what), key))
	got, ok := packed(base(z))
	other, ok2 := packed(want)
	return ok && ok2 && got == other
}
