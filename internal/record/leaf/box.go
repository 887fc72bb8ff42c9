package leaf

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
)

// Key is the Ed25519 public key that takes part once in one box.
type Key [ed25519.PublicKeySize]byte

// Sign is that a key signs: nothing is said beyond that. Auth is the token's
// authenticator for the key.
type Sign struct {
	Key  Key
	Auth [AuthSize]byte
}

// Encode writes the leaf, [SignSize] bytes.
func (l *Sign) Encode() []byte {
	return append(append(begin(KindSign, SignSize), l.Key[:]...), l.Auth[:]...)
}

// DecodeSign reads the leaf.
func DecodeSign(b []byte) (l Sign, err error) {
	r := read(b, KindSign)
	copy(l.Key[:], r.take(len(l.Key)))
	copy(l.Auth[:], r.take(AuthSize))
	return l, r.end()
}

// Say is a statement that its key has signed. Auth is empty when the key has
// shown its authenticator before: in this log, or when it was activated. Of the
// statements of a key the one with the highest counter counts, the first of
// equals.
type Say struct {
	Key     Key
	Auth    []byte // AuthSize bytes, or none
	Counter uint32
	Body    []byte
	Sig     [ed25519.SignatureSize]byte
}

// Encode writes the leaf.
func (l *Say) Encode() []byte {
	b := append(begin(KindSay, 2+32+2+len(l.Auth)+4+2+len(l.Body)+64), l.Key[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(l.Auth)))
	b = append(b, l.Auth...)
	b = binary.BigEndian.AppendUint32(b, l.Counter)
	b = binary.BigEndian.AppendUint16(b, uint16(len(l.Body)))
	b = append(b, l.Body...)
	return append(b, l.Sig[:]...)
}

// DecodeSay reads the leaf. It does not check the signature.
func DecodeSay(b []byte) (l Say, err error) {
	r := read(b, KindSay)
	copy(l.Key[:], r.take(len(l.Key)))
	n := int(r.u16())
	if r.err == nil && n != 0 && n != AuthSize {
		r.err = fmt.Errorf("%w: an authenticator has %d bytes", ErrLeaf, AuthSize)
	}
	l.Auth = r.take(n)
	l.Counter = r.u32()
	n = int(r.u16())
	if r.err == nil && n > MaxBody {
		r.err = fmt.Errorf("%w: it says more than %d bytes", ErrLeaf, MaxBody)
	}
	l.Body = r.take(n)
	copy(l.Sig[:], r.take(len(l.Sig)))
	return l, r.end()
}

// Signed is what the key of a statement signs: the protocol's name, the origin of
// the log, so that it fits no other, counter and body.
func Signed(origin string, counter uint32, body []byte) []byte {
	b := append([]byte("convoke/v1\n"), origin...)
	b = append(b, '\n')
	b = binary.BigEndian.AppendUint32(b, counter)
	return append(b, body...)
}

// Verify checks the signature of a statement in the log of that origin.
func (l *Say) Verify(origin string) bool {
	return validKey(l.Key) && ed25519.Verify(l.Key[:], Signed(origin, l.Counter, l.Body), l.Sig[:])
}

// validKey refuses the keys of small order, under which a signature fits many
// messages (the eight points of RFC 8032's curve whose order divides 8, in all
// encodings that decode).
func validKey(k Key) bool {
	b := k
	b[31] &= 0x7f
	_, small := smallOrder[b]
	return !small
}

// smallOrder lists the y coordinates, sign removed; see "Taming the many EdDSAs"
// (Chalkias, Garillot, Nikolaenko 2020), table 6.
var smallOrder = func() map[Key]struct{} {
	p := [32]byte{0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}
	less, more := p, p
	less[0]--
	more[0]++
	return map[Key]struct{}{
		{}: {}, {1}: {}, p: {}, less: {}, more: {},
		{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
			0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05}: {},
		{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
			0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a}: {},
	}
}()

// Vote is what a seat says in a poll by name, written down by the node: Seat is its
// index in the roll. Counters of a seat rise; its last vote counts. Salt is random:
// without it, whoever sees the head of an open poll could guess what was voted and see
// which guess fits.
type Vote struct {
	Seat    uint32
	Counter uint32
	Salt    [16]byte
	Body    []byte
}

// Encode writes the leaf.
func (l *Vote) Encode() []byte {
	b := binary.BigEndian.AppendUint32(begin(KindVote, 2+4+4+16+2+len(l.Body)), l.Seat)
	b = binary.BigEndian.AppendUint32(b, l.Counter)
	b = append(b, l.Salt[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(l.Body)))
	return append(b, l.Body...)
}

// DecodeVote reads the leaf.
func DecodeVote(b []byte) (l Vote, err error) {
	r := read(b, KindVote)
	l.Seat, l.Counter = r.u32(), r.u32()
	copy(l.Salt[:], r.take(len(l.Salt)))
	n := int(r.u16())
	if r.err == nil && n > MaxBody {
		r.err = fmt.Errorf("%w: it says more than %d bytes", ErrLeaf, MaxBody)
	}
	l.Body = r.take(n)
	return l, r.end()
}

// SeatKey stands for a seat where keys stand for those who take part. It is the key
// of nobody.
func SeatKey(seat uint32) (k Key) {
	copy(k[:], "seat")
	binary.BigEndian.PutUint32(k[12:], seat)
	return k
}

// Batch is signatures on paper that somebody counted and entered: how many, and
// SHA-256 of what was said about them. They are declared, not verified, and are
// never added to those that are.
type Batch struct {
	Count uint32
	Hash  [32]byte
}

// Encode writes the leaf.
func (l Batch) Encode() []byte {
	b := binary.BigEndian.AppendUint32(begin(KindBatch, 38), l.Count)
	return append(b, l.Hash[:]...)
}

// DecodeBatch reads the leaf.
func DecodeBatch(b []byte) (Batch, error) {
	r := read(b, KindBatch)
	l := Batch{r.u32(), r.hash()}
	return l, r.end()
}

// Ledger is one entry of a fund: minor units of a currency (ISO 4217), in or out,
// and a salted commitment to what it was for.
type Ledger struct {
	Sequence   uint64
	Out        bool
	Minor      uint64
	Currency   [3]byte
	Commitment [32]byte
}

// Encode writes the leaf.
func (l Ledger) Encode() []byte {
	b := binary.BigEndian.AppendUint64(begin(KindLedger, 54), l.Sequence)
	b = append(b, flag(l.Out))
	b = binary.BigEndian.AppendUint64(b, l.Minor)
	b = append(b, l.Currency[:]...)
	return append(b, l.Commitment[:]...)
}

// DecodeLedger reads the leaf.
func DecodeLedger(b []byte) (l Ledger, err error) {
	r := read(b, KindLedger)
	l.Sequence = r.u64()
	l.Out = r.bool()
	l.Minor = r.u64()
	copy(l.Currency[:], r.take(3))
	l.Commitment = r.hash()
	return l, r.end()
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func (r *reader) bool() bool {
	x := r.u8()
	if r.err == nil && x > 1 {
		r.err = fmt.Errorf("%w: a yes or no is 1 or 0", ErrLeaf)
	}
	return x == 1
}
