package box

import (
	"context"
	"slices"

	"convoke/internal/db"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
)

// Settled reports whether a box is past the day on which those who take part were
// settled: after that nobody new can come.
func (i *Info) Settled(now int64) bool { return i.Manifest.Freeze && now >= i.Manifest.Opens }

// ErrSettled is the fault of whoever comes after that.
func ErrSettled() error { return errFrozen() }

// Early reports whether credentials of a box are given out and shown before it opens,
// now. Its fault is Gone when the box was closed before that.
func (b *Boxes) Early(ctx context.Context, i *Info) (bool, error) {
	if !i.Manifest.Freeze || b.Clock.Now().Unix() >= i.Manifest.Opens {
		return false, nil
	}
	err := b.DB.Read(ctx, func(tx *db.Tx) error {
		closed, err := boxClosed(ctx, tx, i.ID)
		if err == nil && closed {
			err = errClosed()
		}
		return err
	})
	return err == nil, err
}

// Activated reports whether a key has shown a credential for a box before it opened, so
// that it needs none to take part; also while that waits for others here.
func (b *Boxes) Activated(ctx context.Context, i *Info, k leaf.Key) (bool, error) {
	ok, err := b.shown(ctx, i, k)
	if err != nil || ok {
		return ok, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.lines[i.ID]; l != nil {
		ok = slices.ContainsFunc(slices.Concat(l.going, l.waiting), func(s *statement) bool { return s.shows != nil && s.key == k })
	}
	return ok, nil
}

// shown is [Boxes.Activated] in the log of the roll.
func (b *Boxes) shown(ctx context.Context, i *Info, k leaf.Key) (ok bool, err error) {
	err = b.DB.Read(ctx, func(tx *db.Tx) error {
		_, ok, err = b.Sets.Find(ctx, tx, activatedSet(i.Roll, i.Manifest.Slot), keyset.Key(k[:16]))
		return err
	})
	return ok, err
}
