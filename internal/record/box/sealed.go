package box

import (
	"context"
	"errors"
	"fmt"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
)

// ErrShut says that too few trustees have released their shares, so that nobody can
// open the ballots.
var ErrShut = errors.New("the trustees have not opened this poll yet")

// OpenSealed is [Boxes.Open] of a poll whose ballots trustees keep shut. A transcript
// belongs to one box.
func (b *Boxes) OpenSealed(ctx context.Context, tx *db.Tx, roll leaf.ID, slot uint8, m leaf.Box, t *sealed.Transcript) (leaf.ID, error) {
	var err error
	if m.Sealed, err = t.Manifest(uint16(m.Poll.Size())); err != nil {
		return leaf.ID{}, fmt.Errorf("seal a poll: %w", err)
	}
	if err := m.Sealed.Fits(t, b.Record.Node); err != nil {
		return leaf.ID{}, fmt.Errorf("seal a poll: %w", err)
	}
	if _, used, err := b.KeptBy(ctx, tx, t); err != nil || used {
		if err == nil {
			err = errUsed()
		}
		return leaf.ID{}, err
	}
	id, err := b.Open(ctx, tx, roll, slot, m)
	if err != nil {
		return id, err
	}
	_, err = tx.Exec(ctx, "insert into box_trustees (box_id, hash, transcript) values ($1, $2, $3)", id.String(), t.HashText(), t.JSON())
	if db.IsUnique(err) {
		err = errUsed()
	}
	return id, err
}

func errUsed() error {
	return fault.Conflict("trustees.used", "These trustees keep another poll shut, and what opens one would open the other. Let them make another key.")
}

// KeptBy is the box that trustees keep shut; ok is false while there is none.
func (b *Boxes) KeptBy(ctx context.Context, tx *db.Tx, t *sealed.Transcript) (id leaf.ID, ok bool, err error) {
	var s string
	err = tx.Get(ctx, "select box_id from box_trustees where hash = $1", []any{t.HashText()}, &s)
	if errors.Is(err, db.ErrNoRows) {
		return id, false, nil
	}
	if err != nil {
		return id, false, fmt.Errorf("find the box of trustees: %w", err)
	}
	id, err = leaf.ParseID(s)
	return id, true, err
}

// Trustees is the transcript of a sealed box as JSON. It returns db.ErrNoRows for
// others.
func (b *Boxes) Trustees(ctx context.Context, tx *db.Tx, id leaf.ID) ([]byte, error) {
	return trusteesOf(ctx, tx, id)
}

func trusteesOf(ctx context.Context, tx *db.Tx, id leaf.ID) (text []byte, err error) {
	err = tx.Get(ctx, "select transcript from box_trustees where box_id = $1", []any{id.String()}, &text)
	return text, err
}

// Released are the shares of a box that are in the node's log, by seat.
func (b *Boxes) Released(ctx context.Context, tx *db.Tx, id leaf.ID) ([]sealed.Share, error) {
	return db.Query(ctx, tx, "select seat, share from box_share where box_id = $1 order by seat", []any{id.String()},
		func(scan func(...any) error) (s sealed.Share, err error) {
			var secret []byte
			err = scan(&s.Seat, &secret)
			copy(s.Secret[:], secret)
			return s, err
		})
}

// Release puts a trustee's share into the node's log, in the caller's transaction:
// after the close, each once, and only when it is right. enough says that the ballots
// can be opened from now on.
func (b *Boxes) Release(ctx context.Context, tx *db.Tx, l leaf.Release) (enough bool, err error) {
	i, err := b.load(ctx, tx, l.Box)
	if err != nil {
		return false, err
	}
	if i.Manifest.Sealed == nil {
		return false, fault.Malformed("trustees.not_sealed", "The votes of this poll are not kept shut, so there is nothing to open. Nothing was recorded.")
	}
	closed, err := boxClosed(ctx, tx, l.Box)
	if err != nil {
		return false, err
	}
	if !closed {
		return false, fault.Conflict("trustees.share_early", "The poll has not closed yet. Keep your share to yourself until then. Nothing was recorded.")
	}
	t, err := transcript(ctx, tx, l.Box)
	if err != nil {
		return false, err
	}
	keys, err := t.Keys()
	if err != nil {
		return false, err
	}
	if err := keys.Check(sealed.Share{Seat: l.Trustee, Secret: l.Share}); err != nil {
		return false, fault.Because(fault.Malformed("trustees.share", "This is not the share of a trustee of this poll. Nothing was recorded."), err)
	}
	before, err := b.Released(ctx, tx, l.Box)
	if err != nil {
		return false, err
	}
	for _, s := range before {
		if s.Seat == l.Trustee {
			return false, nil // a right share is always the same
		}
	}
	if _, err := tx.Exec(ctx, "insert into box_share (box_id, seat, share) values ($1, $2, $3)", l.Box.String(), l.Trustee, l.Share[:]); err != nil {
		return false, fmt.Errorf("store a share: %w", err)
	}
	tx.Touch("box:" + l.Box.String())
	_, err = b.Record.Append(ctx, tx, record.NodeLog, l.Encode())
	return len(before)+1 == int(i.Manifest.Sealed.Need), err
}

func transcript(ctx context.Context, tx *db.Tx, id leaf.ID) (*sealed.Transcript, error) {
	text, err := trusteesOf(ctx, tx, id)
	if err != nil {
		return nil, fmt.Errorf("read the trustees of a box: %w", err)
	}
	return sealed.Parse(text)
}

// opener reads the papers of a box.
type opener struct {
	*Info
	weights []int64
	key     *sealed.Key // of a sealed poll
}

// opener is that of a box. Its error is [ErrShut] while nobody can open the ballots.
func (b *Boxes) opener(ctx context.Context, i *Info) (o opener, err error) {
	o.Info = i
	if o.weights, err = b.weights(ctx, i); err != nil || i.Manifest.Sealed == nil {
		return o, err
	}
	err = b.DB.Read(ctx, func(tx *db.Tx) error {
		t, err := transcript(ctx, tx, i.ID)
		if err != nil {
			return err
		}
		shares, err := b.Released(ctx, tx, i.ID)
		if err != nil {
			return err
		}
		if o.key, err = sealed.Rebuild(t, shares); errors.Is(err, sealed.ErrFew) {
			err = ErrShut
		}
		return err
	})
	return o, err
}

// paper reads a leaf. ok is false for a sealed ballot that is spoiled: it does not
// open, or what is in it is no paper of the poll.
func (o *opener) paper(raw []byte) (p Paper, ok bool, err error) {
	if o.key == nil {
		p, err = paperOf(raw, o.weights)
		return p, true, err
	}
	l, err := leaf.DecodeSay(raw)
	if err != nil {
		return p, false, fmt.Errorf("read a ballot: %w", err)
	}
	paper, err := o.key.Open(o.Origin, l.Key, l.Counter, l.Body)
	if err != nil || len(paper) == 0 || o.Manifest.Poll.CheckPaper(paper) != nil {
		return p, false, nil //nolint:nilerr // it is spoiled, which is no fault of ours
	}
	return Paper{Paper: paper, Weight: 1}, true, nil
}

// beside is what a mirror of a box has besides its log.
func beside(ctx context.Context, tx *db.Tx, log string) (name string, data []byte, err error) {
	id, ok := boxOfLog(log)
	if !ok {
		return "", nil, nil
	}
	data, err = trusteesOf(ctx, tx, id)
	if errors.Is(err, db.ErrNoRows) {
		return "", nil, nil
	}
	return sealed.TranscriptFile, data, err
}
