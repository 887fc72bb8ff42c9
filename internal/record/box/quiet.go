package box

import (
	"bytes"
	"context"
	"slices"
	"time"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record/leaf"
)

// Bounds of boxes whose statements wait for each other.
const (
	least = 20
	// maxHold is how long they wait, and beforeEnd how long before the end of the box
	// nobody waits any more.
	maxHold   = 15 * time.Minute
	beforeEnd = time.Minute
)

// MinBatch is how many statements of a box on the roll wait for each other. The log
// of a closed roll names a member at each credential, so its order beside that of
// the box would say whose statement is whose: as many as the roll has wait, 20 at
// most. An open roll's names nobody; its statements wait for none.
func (d *Draft) MinBatch() int {
	if n := min(least, len(d.members)); n > 1 {
		return n
	}
	return 0
}

// quiet says whether statements of the box wait for each other.
func (i *Info) quiet() bool { return i.Manifest.MinBatch > 1 }

// castQuiet lets a statement wait for others, unless what becomes of it is clear
// already: nobody is told to wait for a refusal, and nobody is part of a batch with
// what is in the box, with a key that has no credential, or twice.
func (b *Boxes) castQuiet(ctx context.Context, i *Info, s *statement) (Receipt, error) {
	b.arrives(i, s.key)
	if there, err := b.waits(i, s); there || err != nil {
		return Receipt{Box: i.ID, Pending: there}, err
	}
	if r, err := b.before(ctx, i, s); err != nil || r.Again {
		return r, err
	}
	if there, err := b.join(i, s); there || err != nil {
		return Receipt{Box: i.ID, Pending: there}, err
	}
	select {
	case <-s.done:
		return s.receipt, s.err
	default:
		return Receipt{Box: i.ID, Pending: true}, nil
	}
}

// before is what would become of a statement now, alone; the commit looks again.
func (b *Boxes) before(ctx context.Context, i *Info, s *statement) (r Receipt, err error) {
	err = b.DB.Read(ctx, func(tx *db.Tx) error {
		c := b.entry(i, tx)
		if err := c.open(ctx); err != nil {
			return err
		}
		v, err := c.judge(ctx, s)
		r = v.receipt
		return err
	})
	return r, err
}

// arrives returns when nothing of a key is on its way into the box any more: everybody may
// read it there already, and then it does not wait.
func (b *Boxes) arrives(i *Info, k leaf.Key) {
	b.mu.Lock()
	var going []*statement
	if l := b.lines[i.ID]; l != nil {
		going = l.going
	}
	b.mu.Unlock()
	for _, s := range going {
		if s.key == k {
			<-s.done
		}
	}
}

// waits says whether a statement waits already.
func (b *Boxes) waits(i *Info, s *statement) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.lines[i.ID]; l != nil {
		return l.has(s)
	}
	return false, nil
}

// has says whether a statement waits already. Its fault is a Conflict when another
// of the same key does: in random order, the older could be the one that counts.
func (l *line) has(s *statement) (bool, error) {
	for _, w := range slices.Concat(l.going, l.waiting) {
		if w.key != s.key {
			continue
		}
		if !bytes.Equal(w.leaf, s.leaf) {
			return false, fault.Conflict("box.waits",
				"What you said here last still waits for others. Nothing more was recorded. Please send this again in a quarter of an hour.")
		}
		return true, nil
	}
	return false, nil
}

// hold is how long statements wait for others, and before the box opens the keys that
// are shown: none is late because of it.
func (i *Info) hold(now time.Time) time.Duration {
	d := maxHold
	for _, end := range []int64{i.Manifest.Opens, i.Manifest.Closes, i.Manifest.Until} {
		if left := time.Unix(end, 0).Sub(now); left > 0 {
			d = min(d, left-beforeEnd)
		}
	}
	return max(d, 0)
}

// hurry commits what waits in a box and returns after that: it is about to close.
func (b *Boxes) hurry(id leaf.ID) {
	b.mu.Lock()
	l := b.lines[id]
	if l == nil || len(l.going)+len(l.waiting) == 0 {
		b.mu.Unlock()
		return
	}
	all := slices.Concat(l.going, l.waiting)
	last := all[len(all)-1]
	l.now = true
	select {
	case l.wake <- struct{}{}:
	default:
	}
	b.mu.Unlock()
	<-last.done
}
