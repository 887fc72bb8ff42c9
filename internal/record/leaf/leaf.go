package leaf

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Version begins every leaf.
const Version = 1

// Kind is the second byte of a leaf.
type Kind byte

// The kinds. Those below 0x10 are of node logs, those from 0x20 of roll logs, the
// others of box logs.
const (
	KindOpen      Kind = 0x01
	KindAnchor    Kind = 0x02
	KindClose     Kind = 0x03
	KindResult    Kind = 0x04
	KindRelease   Kind = 0x05
	KindMilestone Kind = 0x06
	KindNote      Kind = 0x07

	KindSign   Kind = 0x10
	KindSay    Kind = 0x11
	KindLedger Kind = 0x12
	KindBatch  Kind = 0x13
	KindVote   Kind = 0x14

	KindRoll     Kind = 0x20
	KindMember   Kind = 0x21
	KindIssue    Kind = 0x22
	KindActivate Kind = 0x23
	KindFreeze   Kind = 0x24
	KindSeat     Kind = 0x25
)

// Sizes in bytes.
const (
	// AuthSize is that of an authenticator: an RSA signature of 2048 bits.
	AuthSize = 256
	// SignSize is that of a whole sign leaf.
	SignSize = 2 + ed25519.PublicKeySize + AuthSize
	// MaxBody bounds what somebody says.
	MaxBody = 4096
	// MaxLeaf bounds a leaf, so that its length fits the two bytes that an entry
	// bundle has for it.
	MaxLeaf = 1<<16 - 1
)

// ErrLeaf says that bytes are no leaf of the kind wanted.
var ErrLeaf = errors.New("this is no such leaf")

// KindOf is the kind of an encoded leaf.
func KindOf(b []byte) (Kind, error) {
	if len(b) < 2 || b[0] != Version {
		return 0, fmt.Errorf("%w: it does not begin with version %d", ErrLeaf, Version)
	}
	return Kind(b[1]), nil
}

func begin(k Kind, size int) []byte { return append(make([]byte, 0, size), Version, byte(k)) }

// reader takes fields off a leaf; what is missing or left over is an error.
type reader struct {
	b   []byte
	err error
}

func read(b []byte, want Kind) *reader {
	r := &reader{}
	switch k, err := KindOf(b); {
	case err != nil:
		r.err = err
	case k != want:
		r.err = fmt.Errorf("%w: it has kind %#02x, not %#02x", ErrLeaf, byte(k), byte(want))
	default:
		r.b = b[2:]
	}
	return r
}

func (r *reader) take(n int) []byte {
	if r.err == nil && len(r.b) < n {
		r.err = fmt.Errorf("%w: it ends too early", ErrLeaf)
	}
	if r.err != nil {
		return make([]byte, n)
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) u8() uint8   { return r.take(1)[0] }
func (r *reader) u16() uint16 { return binary.BigEndian.Uint16(r.take(2)) }
func (r *reader) u32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }

// u64 is below 2⁶³, so that programs which have signed numbers only read the same.
func (r *reader) u64() uint64 {
	n := binary.BigEndian.Uint64(r.take(8))
	if n > math.MaxInt64 && r.err == nil {
		r.err = fmt.Errorf("%w: a number in it is too large", ErrLeaf)
	}
	return n
}

func (r *reader) hash() (h [32]byte) { return [32]byte(r.take(32)) }

func (r *reader) id() ID { return ID(r.take(16)) }

func (r *reader) rest() []byte {
	if r.err != nil {
		return nil
	}
	out := r.b
	r.b = nil
	return out
}

func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		r.err = fmt.Errorf("%w: %d bytes too many", ErrLeaf, len(r.b))
	}
	return r.err
}
