package leaf

import (
	"encoding/binary"
	"fmt"
)

// What a statement says: its first byte.
const (
	SayPledge   = 1
	SayBallot   = 2
	SaySealed   = 3
	SayWithdraw = 4
	SayAttend   = 5
	SayDone     = 6
)

// Pledge says "I will, if so many do": Threshold is how many people of the same
// part it takes, with themselves; 1 is "in any case". Part is the place or group
// of the box's list, 0 where there is none.
type Pledge struct {
	Threshold uint32
	Part      uint16
}

// Encode writes the body.
func (p Pledge) Encode() []byte {
	b := binary.BigEndian.AppendUint32([]byte{SayPledge}, p.Threshold)
	return binary.BigEndian.AppendUint16(b, p.Part)
}

// Withdraw takes back what its key said, or that it signed.
func Withdraw() []byte { return []byte{SayWithdraw} }

// Done says "I did it"; the pledge stays as it was.
func Done() []byte { return []byte{SayDone} }

// Ballot is what a paper of a poll says; see [tally.Rules.CheckPaper].
func Ballot(paper []byte) []byte { return append([]byte{SayBallot}, paper...) }

// BodyKind is what a body says, 0 for an empty one.
func BodyKind(b []byte) byte {
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

// DecodePledge reads the body of a pledge.
func DecodePledge(b []byte) (Pledge, error) {
	if len(b) != 7 || b[0] != SayPledge {
		return Pledge{}, fmt.Errorf("%w: this is no pledge", ErrLeaf)
	}
	p := Pledge{binary.BigEndian.Uint32(b[1:]), binary.BigEndian.Uint16(b[5:])}
	if p.Threshold == 0 {
		return Pledge{}, fmt.Errorf("%w: a pledge needs at least one", ErrLeaf)
	}
	return p, nil
}
