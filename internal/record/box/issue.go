package box

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"math/bits"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/blind"
	"convoke/internal/record/leaf"
)

// IssueInput is what somebody who passed the gate wants signed.
type IssueInput struct {
	Grant   string
	Slots   uint32   // bit n is slot n
	Blinded [][]byte // one for each slot, in their order
	Mode    leaf.Mode
}

// Issue signs blinded keys, once for each person and slot, and puts that into the
// roll's log. The same request again gets the same answer; another one of the same
// person is refused.
func (b *Boxes) Issue(ctx context.Context, roll leaf.ID, in IssueInput) ([][]byte, error) {
	k, err := b.rollKey(ctx, roll)
	if err != nil {
		return nil, err
	}
	g, err := openGrant(k, roll, in.Grant, b.Clock.Now())
	if err != nil {
		return nil, err
	}
	if g.Code != nil {
		return nil, errGrant() // the address is not confirmed yet
	}
	out, err := b.signAll(ctx, roll, in)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(bytes.Join(in.Blinded, nil))
	// The row says what was asked for by a tag, not by the hash in the roll's log: who
	// has the database without its keys cannot tell which line is whose.
	asked := k.Tag("asked", string(hash[:]))
	log := record.RollLog(roll)
	err = b.DB.WriteHot(ctx, log, func(tx *db.Tx) error {
		slots, was, err := issuedTo(ctx, tx, roll, g.Tag)
		switch {
		case err == nil && slots == in.Slots && bytes.Equal(was, asked):
			return nil // sent twice
		case err == nil:
			return errIssued()
		case !errors.Is(err, db.ErrNoRows):
			return err
		}
		if err := spend(ctx, tx, roll, g.Tag, in.Slots); err != nil {
			return err
		}
		if err := insertIssued(ctx, tx, roll, g.Tag, in, asked); err != nil {
			return err
		}
		l := leaf.Issue{Member: g.Member, Mode: in.Mode, Slots: in.Slots, Hash: hash}
		_, err = b.Record.Append(ctx, tx, log, l.Encode())
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func errIssued() error {
	return fault.Conflict("box.issued",
		"You have taken part here already, from another page or device. Use the code that you got then. Nothing was recorded now.")
}

// signAll signs what was asked for. Frozen slots sign nothing.
func (b *Boxes) signAll(ctx context.Context, roll leaf.ID, in IssueInput) ([][]byte, error) {
	if in.Slots == 0 || bits.OnesCount32(in.Slots) != len(in.Blinded) {
		return nil, fault.Malformed("box.slots", "This request asks for other slots than it has messages for. Nothing was recorded.")
	}
	var out [][]byte
	for n := range 32 {
		if in.Slots&(1<<n) == 0 {
			continue
		}
		k, err := b.signKey(ctx, roll, n, b.Clock.Now())
		if errors.Is(err, db.ErrNoRows) {
			return nil, errNoSlot()
		}
		if err != nil {
			return nil, err
		}
		s, err := k.Sign(in.Blinded[len(out)])
		if errors.Is(err, blind.ErrMessage) {
			return nil, fault.Because(fault.Malformed("box.blinded", "This is no blinded message for the key of the slot. Nothing was recorded."), err)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// spend uses up a printed code. It refuses rolls that ended and slots to which
// nobody can be added any more.
func spend(ctx context.Context, tx *db.Tx, roll leaf.ID, tag []byte, slots uint32) error {
	gate, ended, err := rollState(ctx, tx, roll)
	if err != nil {
		return err
	}
	frozen, err := frozenSlots(ctx, tx, roll)
	if err != nil {
		return err
	}
	due, err := dueSlots(ctx, tx, roll)
	if err != nil {
		return err
	}
	if ended {
		return errClosed()
	}
	if (frozen|due)&slots != 0 {
		return errFrozen()
	}
	if gate != GatePaper {
		return nil
	}
	ok, err := takeCode(ctx, tx, roll, tag)
	if err == nil && !ok {
		err = errCode()
	}
	return err
}
