package leaf

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Roll opens a roll: its manifest as canonical JSON.
type Roll struct{ Manifest []byte }

// Encode writes the leaf.
func (l Roll) Encode() []byte { return append(begin(KindRoll, 2+len(l.Manifest)), l.Manifest...) }

// DecodeRoll reads the leaf.
func DecodeRoll(b []byte) (Roll, error) {
	r := read(b, KindRoll)
	l := Roll{r.rest()}
	if r.err == nil {
		r.err = checkCanonical(l.Manifest)
	}
	return l, r.end()
}

// Member is one entry of a closed roll: SHA-256 of a salt of 32 bytes and a
// reference that its registrar knows the person by.
type Member struct{ Commitment [32]byte }

// Encode writes the leaf.
func (l Member) Encode() []byte { return append(begin(KindMember, 34), l.Commitment[:]...) }

// DecodeMember reads the leaf.
func DecodeMember(b []byte) (Member, error) {
	r := read(b, KindMember)
	l := Member{r.hash()}
	return l, r.end()
}

// Seat is who votes by name in a poll: SHA-256 of a salt of 32 bytes and the name,
// both published beside the poll, and what its vote weighs, at least 1.
type Seat struct {
	Commitment [32]byte
	Weight     uint32
}

// Encode writes the leaf.
func (l Seat) Encode() []byte {
	return binary.BigEndian.AppendUint32(append(begin(KindSeat, 38), l.Commitment[:]...), l.Weight)
}

// DecodeSeat reads the leaf.
func DecodeSeat(b []byte) (Seat, error) {
	r := read(b, KindSeat)
	l := Seat{r.hash(), r.u32()}
	if r.err == nil && l.Weight == 0 {
		r.err = fmt.Errorf("%w: a seat weighs at least 1", ErrLeaf)
	}
	return l, r.end()
}

// Mode is how somebody got their credential.
type Mode byte

// The modes: the server saw a blinded message only, or held the wallet itself
// while somebody took part without script.
const (
	Blind    Mode = 0
	Assisted Mode = 1
)

// NoMember is the index in an issue of an open roll.
const NoMember = 0xFFFFFFFF

// Issue says that a credential was given out: to which member, for which slots
// (bit n is slot n), and SHA-256 of the blinded messages, one after the other.
type Issue struct {
	Member uint32
	Mode   Mode
	Slots  uint32
	Hash   [32]byte
}

// Encode writes the leaf.
func (l Issue) Encode() []byte {
	b := binary.BigEndian.AppendUint32(begin(KindIssue, 43), l.Member)
	b = append(b, byte(l.Mode))
	b = binary.BigEndian.AppendUint32(b, l.Slots)
	return append(b, l.Hash[:]...)
}

// DecodeIssue reads the leaf.
func DecodeIssue(b []byte) (Issue, error) {
	r := read(b, KindIssue)
	l := Issue{r.u32(), Mode(r.u8()), r.u32(), r.hash()}
	if r.err == nil && (l.Mode > Assisted || l.Slots == 0) {
		r.err = fmt.Errorf("%w: a mode is 0 or 1, and there is at least one slot", ErrLeaf)
	}
	return l, r.end()
}

// Activate shows a credential of a slot before its box opens.
type Activate struct {
	Slot uint8
	Key  Key
	Auth [AuthSize]byte
}

// Encode writes the leaf.
func (l *Activate) Encode() []byte {
	b := append(begin(KindActivate, 291), l.Slot)
	return append(append(b, l.Key[:]...), l.Auth[:]...)
}

// DecodeActivate reads the leaf.
func DecodeActivate(b []byte) (l Activate, err error) {
	r := read(b, KindActivate)
	l.Slot = r.u8()
	copy(l.Key[:], r.take(len(l.Key)))
	copy(l.Auth[:], r.take(AuthSize))
	return l, r.end()
}

// Freeze says that nobody can be added to a slot any more, and how many
// credentials were issued and activated.
type Freeze struct {
	Slot              uint8
	Issued, Activated uint64
}

// Encode writes the leaf.
func (l Freeze) Encode() []byte {
	b := append(begin(KindFreeze, 19), l.Slot)
	b = binary.BigEndian.AppendUint64(b, l.Issued)
	return binary.BigEndian.AppendUint64(b, l.Activated)
}

// DecodeFreeze reads the leaf.
func DecodeFreeze(b []byte) (Freeze, error) {
	r := read(b, KindFreeze)
	l := Freeze{r.u8(), r.u64(), r.u64()}
	return l, r.end()
}

// Commitment hides a reference behind a salt: what a member leaf holds.
func Commitment(salt [32]byte, reference string) [32]byte {
	return sha256.Sum256(append(salt[:], reference...))
}
