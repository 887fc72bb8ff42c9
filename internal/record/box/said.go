package box

import (
	"context"
	"errors"

	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
)

// Saying is what a key says in a box now.
type Saying struct {
	// Counter is that of its last statement, 0 when it has only signed: the next one
	// needs a higher one.
	Counter uint32
	Live    bool // it counts
	Done    bool
	// Threshold and Part are those of its last pledge.
	Threshold uint32
	Part      uint16
	Hash      [32]byte // of its last leaf, in the tree
	// Body is what it says, in polls.
	Body []byte
}

// Said is what a key says in a box now; ok is false for a key that has not taken
// part, or whose statement still waits for others.
func (b *Boxes) Said(ctx context.Context, tx *db.Tx, id leaf.ID, k leaf.Key) (s Saying, ok bool, err error) {
	at, ok, err := b.Sets.Find(ctx, tx, record.BoxLog(id), keyset.Key(k[:16]))
	if err != nil || !ok {
		return s, false, err
	}
	s.Live = true // a signature counts until it is withdrawn
	last, has, err := saidBy(ctx, tx, id, k)
	if err != nil {
		return s, false, err
	}
	if has {
		at = last.idx
		s = Saying{Counter: last.counter, Live: last.live, Done: last.done, Threshold: last.threshold, Part: last.part}
	}
	if s.Hash, err = record.LeafHash(ctx, tx, record.BoxLog(id), at); err != nil {
		return s, false, err
	}
	i, err := b.load(ctx, tx, id)
	if err == nil && i.Manifest.Poll != nil {
		s.Body, err = b.body(ctx, tx, i, at)
	}
	return s, err == nil, err
}

// Openings are the leaves that opened a box and its roll, from which a client
// learns all that it needs to take part.
func (b *Boxes) Openings(ctx context.Context, i *Info) (opening, roll []byte, err error) {
	err = b.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if opening, err = boxManifest(ctx, tx, i.ID); err == nil {
			roll, err = rollOpening(ctx, tx, i.Roll)
		}
		if errors.Is(err, db.ErrNoRows) {
			err = errNoBox()
		}
		return err
	})
	return opening, roll, err
}

// Taking returns nil while a box takes statements, and otherwise the fault that says
// why not.
func (b *Boxes) Taking(ctx context.Context, i *Info) error {
	if err := i.window(b.Clock.Now()); err != nil {
		return err
	}
	return b.DB.Read(ctx, func(tx *db.Tx) error {
		closed, err := boxClosed(ctx, tx, i.ID)
		if err == nil && closed {
			err = errClosed()
		}
		return err
	})
}
