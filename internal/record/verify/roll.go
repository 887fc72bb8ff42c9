package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"convoke/internal/record/blind"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
)

// roll is a roll, read and found right.
type roll struct {
	manifest  leaf.RollManifest
	keys      []*blind.VerifyKey
	issued    [32]int64
	assisted  int64
	activated [32]map[leaf.Key]bool
	frozen    [32]bool

	id       leaf.ID
	node     string
	members  uint32
	weights  []uint32     // of seats
	eligible int64        // the sum of them
	last     [32]byte     // the member before
	given    [32][]uint64 // bits of the members, by slot
}

// rollOf reads the roll of a box, once.
func (v *verifier) rollOf(ctx context.Context, id leaf.ID) (*roll, error) {
	if r := v.rolls[id]; r != nil {
		return r, nil
	}
	path := "r/" + id.String()
	s, err := v.checkpoint(ctx, path)
	if err != nil {
		return nil, err
	}
	r := &roll{id: id, node: v.report.Node}
	err = v.walk(ctx, path, s, v.anchorsOf(path).at, func(b bundle) error {
		for i, l := range b.leaves {
			if err := r.take(b.first+int64(i), l); err != nil {
				return Wrong{path, b.first + int64(i), err.Error()}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if r.keys == nil || r.manifest.Closed && r.members != r.manifest.Size {
		return nil, Wrong{path, -1, fmt.Sprintf("it has %d members, and its manifest says %d", r.members, r.manifest.Size)}
	}
	v.rolls[id] = r
	return r, nil
}

func (r *roll) take(at int64, b []byte) error {
	kind, err := leaf.KindOf(b)
	if err != nil {
		return err
	}
	if at == 0 {
		return r.open(b)
	}
	switch kind {
	case leaf.KindMember:
		return r.member(at, b)
	case leaf.KindSeat:
		return r.seat(at, b)
	case leaf.KindIssue:
		return r.issue(b)
	case leaf.KindActivate:
		return r.activate(b)
	case leaf.KindFreeze:
		return r.freeze(b)
	}
	return fmt.Errorf("a roll has no leaves of kind %#02x here", byte(kind))
}

func (r *roll) open(b []byte) error {
	l, err := leaf.DecodeRoll(b)
	if err != nil {
		return err
	}
	if leaf.IDOf(b) != r.id {
		return errors.New("it opens another roll")
	}
	if r.manifest, err = leaf.ParseRoll(l.Manifest); err != nil {
		return err
	}
	if r.manifest.Node != r.node {
		return errors.New("it is the roll of another node")
	}
	r.keys, err = r.manifest.SlotKeys()
	return err
}

func (r *roll) member(at int64, b []byte) error {
	l, err := leaf.DecodeMember(b)
	switch {
	case err != nil:
		return err
	case !r.manifest.Closed || r.manifest.Gate == leaf.BySeat:
		return errors.New("an open roll has no members, and one of seats has seats")
	case at != int64(r.members)+1:
		return errors.New("a member was added after the roll was opened")
	case r.members > 0 && bytes.Compare(l.Commitment[:], r.last[:]) <= 0:
		return errors.New("members are not in their order, or one is there twice")
	}
	r.members, r.last = r.members+1, l.Commitment
	return nil
}

// seat takes who votes by name.
func (r *roll) seat(at int64, b []byte) error {
	l, err := leaf.DecodeSeat(b)
	switch {
	case err != nil:
		return err
	case r.manifest.Gate != leaf.BySeat:
		return errors.New("this roll has no seats")
	case at != int64(r.members)+1:
		return errors.New("a seat was added after the roll was opened")
	case r.eligible+int64(l.Weight) > tally.MaxWeight:
		return errors.New("the seats weigh more together than can be counted")
	}
	r.members++
	r.weights = append(r.weights, l.Weight)
	r.eligible += int64(l.Weight)
	return nil
}

func (r *roll) issue(b []byte) error {
	l, err := leaf.DecodeIssue(b)
	if err != nil {
		return err
	}
	if r.manifest.Closed != (l.Member != leaf.NoMember) || r.manifest.Closed && l.Member >= r.manifest.Size {
		return errors.New("a credential was given to nobody of the roll")
	}
	for n := range 32 {
		if l.Slots&(1<<n) == 0 {
			continue
		}
		if n >= len(r.keys) || r.frozen[n] {
			return fmt.Errorf("a credential was given out for slot %d, which is frozen or not there", n)
		}
		if r.manifest.Closed && !r.give(l.Member, n) {
			return fmt.Errorf("member %d got two credentials for slot %d", l.Member, n)
		}
		r.issued[n]++
	}
	if l.Mode == leaf.Assisted {
		r.assisted++
	}
	return nil
}

// give notes that a member gets a credential, and says whether it is the first. One
// whose member is not there is found by the number of members.
func (r *roll) give(member uint32, slot int) bool {
	if member >= r.members {
		return true
	}
	if r.given[slot] == nil {
		r.given[slot] = make([]uint64, r.members/64+1)
	}
	word, bit := &r.given[slot][member/64], uint64(1)<<(member%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}

func (r *roll) activate(b []byte) error {
	l, err := leaf.DecodeActivate(b)
	if err != nil {
		return err
	}
	if int(l.Slot) >= len(r.keys) || r.frozen[l.Slot] {
		return fmt.Errorf("a key was activated for slot %d, which is frozen or not there", l.Slot)
	}
	if r.activated[l.Slot] == nil {
		r.activated[l.Slot] = map[leaf.Key]bool{}
	}
	if r.activated[l.Slot][l.Key] {
		return errors.New("a key was activated twice")
	}
	r.activated[l.Slot][l.Key] = true
	k := r.keys[l.Slot]
	return k.Verify(blind.Input(l.Key[:], blind.Challenge(r.manifest.Registrar, r.id, l.Slot), k), l.Auth[:])
}

func (r *roll) freeze(b []byte) error {
	l, err := leaf.DecodeFreeze(b)
	if err != nil {
		return err
	}
	if int(l.Slot) >= len(r.keys) || r.frozen[l.Slot] {
		return fmt.Errorf("slot %d was frozen twice, or is not there", l.Slot)
	}
	r.frozen[l.Slot] = true
	if int64(l.Issued) != r.issued[l.Slot] || int(l.Activated) != len(r.activated[l.Slot]) {
		return fmt.Errorf("the freeze says %d issued and %d activated, and there are %d and %d", l.Issued, l.Activated, r.issued[l.Slot], len(r.activated[l.Slot]))
	}
	return nil
}
