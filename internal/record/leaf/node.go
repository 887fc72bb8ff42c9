package leaf

import (
	"encoding/binary"
)

// Open opens a box: its manifest as canonical JSON (see [Canonical]).
type Open struct{ Manifest []byte }

// Encode writes the leaf.
func (l Open) Encode() []byte { return append(begin(KindOpen, 2+len(l.Manifest)), l.Manifest...) }

// DecodeOpen reads the leaf.
func DecodeOpen(b []byte) (Open, error) {
	r := read(b, KindOpen)
	l := Open{r.rest()}
	if r.err == nil {
		r.err = checkCanonical(l.Manifest)
	}
	return l, r.end()
}

// Anchor says what a log of this node holds. Log is SHA-256 of its origin.
type Anchor struct {
	Log  [32]byte
	Size uint64
	Root [32]byte
}

// Encode writes the leaf.
func (l Anchor) Encode() []byte {
	b := append(begin(KindAnchor, 74), l.Log[:]...)
	b = binary.BigEndian.AppendUint64(b, l.Size)
	return append(b, l.Root[:]...)
}

// DecodeAnchor reads the leaf.
func DecodeAnchor(b []byte) (Anchor, error) {
	r := read(b, KindAnchor)
	l := Anchor{r.hash(), r.u64(), r.hash()}
	return l, r.end()
}

// Close says that a box takes nothing more, and what it holds. Reason is why.
type Close struct {
	Box  ID
	Size uint64
	Root [32]byte
}

// Encode writes the leaf.
func (l Close) Encode() []byte {
	b := append(begin(KindClose, 58), l.Box[:]...)
	b = binary.BigEndian.AppendUint64(b, l.Size)
	return append(b, l.Root[:]...)
}

// DecodeClose reads the leaf.
func DecodeClose(b []byte) (Close, error) {
	r := read(b, KindClose)
	l := Close{r.id(), r.u64(), r.hash()}
	return l, r.end()
}

// Result says what came out: File is SHA-256 of the published result.
type Result struct {
	Box  ID
	File [32]byte
}

// Encode writes the leaf.
func (l Result) Encode() []byte {
	return append(append(begin(KindResult, 50), l.Box[:]...), l.File[:]...)
}

// DecodeResult reads the leaf.
func DecodeResult(b []byte) (Result, error) {
	r := read(b, KindResult)
	l := Result{r.id(), r.hash()}
	return l, r.end()
}

// Milestone says that a box had reached a goal: Count of those that count, Size
// leaves, at Time, in seconds since 1970. Part is the place or group that reached
// it, -1 for all together. It is never taken back.
type Milestone struct {
	Box               ID
	Part              int32
	Goal, Count, Size uint64
	Time              int64
}

// Encode writes the leaf.
func (l Milestone) Encode() []byte {
	b := append(begin(KindMilestone, 54), l.Box[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(l.Part))
	b = binary.BigEndian.AppendUint64(b, l.Goal)
	b = binary.BigEndian.AppendUint64(b, l.Count)
	b = binary.BigEndian.AppendUint64(b, l.Size)
	return binary.BigEndian.AppendUint64(b, uint64(l.Time))
}

// DecodeMilestone reads the leaf.
func DecodeMilestone(b []byte) (Milestone, error) {
	r := read(b, KindMilestone)
	l := Milestone{r.id(), int32(r.u32()), r.u64(), r.u64(), r.u64(), int64(r.u64())}
	return l, r.end()
}

// Note is something that was said about a box later, as canonical JSON: an
// amendment of its text, its delivery, an official reply. It holds hashes of
// texts, so that a text can be erased.
type Note struct {
	Box  ID
	JSON []byte
}

// Encode writes the leaf.
func (l Note) Encode() []byte {
	return append(append(begin(KindNote, 18+len(l.JSON)), l.Box[:]...), l.JSON...)
}

// DecodeNote reads the leaf.
func DecodeNote(b []byte) (Note, error) {
	r := read(b, KindNote)
	l := Note{r.id(), r.rest()}
	if r.err == nil {
		r.err = checkCanonical(l.JSON)
	}
	return l, r.end()
}
