package box

import (
	"bytes"
	"context"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
)

// commit puts a batch into its box, all in one transaction. Keys that were shown before
// it opened may wait still when the first ballots come: they go first, into the log of
// the roll.
func (b *Boxes) commit(i *Info, batch []*statement) {
	var shown, said []*statement
	for _, s := range batch {
		if s.shows != nil {
			shown = append(shown, s)
		} else {
			said = append(said, s)
		}
	}
	b.commitKind(i, shown)
	b.commitKind(i, said)
}

// commitKind commits statements of which all show keys, or none does.
func (b *Boxes) commitKind(i *Info, batch []*statement) {
	if len(batch) == 0 {
		return
	}
	ctx := context.Background() //nolint:forbidigo // nobody's request: the batch belongs to many
	var err error
	if batch[0].shows != nil {
		err = b.commitShown(ctx, i.Roll, i.Manifest.Slot, batch)
	} else {
		err = b.DB.WriteHot(ctx, i.Log(), func(tx *db.Tx) error {
			return b.entry(i, tx).all(ctx, batch)
		})
	}
	if err == nil {
		return
	}
	for _, s := range batch {
		s.receipt, s.err = Receipt{}, err
	}
}

// entry is one batch on its way into a box.
type entry struct {
	b  *Boxes
	i  *Info
	tx *db.Tx

	next    int64 // index of the next leaf
	leaves  [][]byte
	entries []keyset.Entry
	batch   map[leaf.Key]int64 // keys that this batch adds, and their leaf
	says    map[leaf.Key]said  // what keys say now that this batch has changed
	counts  counts
	bent    map[int]bool // parts whose curve of thresholds changed

	known, active *keyset.Finder // keys that were there before this batch
}

func (b *Boxes) entry(i *Info, tx *db.Tx) *entry {
	return &entry{
		b: b, i: i, tx: tx, batch: map[leaf.Key]int64{}, says: map[leaf.Key]said{}, bent: map[int]bool{},
		known: b.Sets.Finder(tx, i.Log()), active: b.Sets.Finder(tx, activatedSet(i.Roll, i.Manifest.Slot)),
	}
}

// unclosed is nil until the box closes.
func (c *entry) unclosed(ctx context.Context) error {
	closed, err := boxClosed(ctx, c.tx, c.i.ID)
	if err == nil && closed {
		err = errClosed()
	}
	return err
}

// open is nil while the box takes statements.
func (c *entry) open(ctx context.Context) error {
	if err := c.unclosed(ctx); err != nil {
		return err
	}
	if err := c.i.window(c.tx.Now()); err != nil || !c.i.Manifest.Freeze {
		return err
	}
	frozen, err := frozenSlots(ctx, c.tx, c.i.Roll)
	if err == nil && frozen&(1<<c.i.Manifest.Slot) == 0 {
		err = errEarly() // within a minute: nobody votes before the electorate is settled
	}
	return err
}

func (c *entry) all(ctx context.Context, batch []*statement) error {
	err := c.open(ctx)
	if err != nil {
		return err
	}
	if c.next, err = record.Size(ctx, c.tx, c.i.Log()); err != nil {
		return err
	}
	for _, s := range batch {
		s.receipt, s.err = c.one(ctx, s)
		if s.err != nil && fault.Of(s.err) == nil {
			return s.err
		}
	}
	if len(c.leaves) == 0 {
		return nil
	}
	if _, err := c.b.Record.Append(ctx, c.tx, c.i.Log(), c.leaves...); err != nil {
		return err
	}
	if err := c.b.Sets.Add(ctx, c.tx, c.i.Log(), c.entries); err != nil {
		return err
	}
	for k, s := range c.says {
		if err := putSaid(ctx, c.tx, c.i.ID, k, s); err != nil {
			return err
		}
	}
	if err := addCounts(ctx, c.tx, c.i.ID, c.counts); err != nil {
		return err
	}
	c.tx.Touch("box:" + c.i.ID.String() + "~")
	if err := c.b.reach(ctx, c.tx, c.i, c.bent); err != nil {
		return err
	}
	return c.b.watched(ctx, c.tx, c.i, c.bent)
}

// verdict is what a statement changes.
type verdict struct {
	receipt  Receipt // of one that is in the box already, and changes nothing
	known    bool    // its key has taken part before
	old, now said    // what its key says before and after it
}

func (c *entry) one(ctx context.Context, s *statement) (Receipt, error) {
	v, err := c.judge(ctx, s)
	if err != nil || v.receipt.Again {
		return v.receipt, err
	}
	if s.say == nil {
		c.counts.counted++
		return c.add(s, false), nil
	}
	if err := c.tally(ctx, v.old, v.now); err != nil {
		return Receipt{}, err
	}
	r := c.add(s, v.known)
	if s.reason != nil {
		if err := insertReason(ctx, c.tx, c.i.ID, s.reason); err != nil {
			return Receipt{}, err
		}
	}
	v.now.leaf, v.now.idx = leafName(s.leaf), r.Index
	c.says[s.key] = v.now
	return r, nil
}

// judge says what a statement would change, or why it is refused. It only reads.
func (c *entry) judge(ctx context.Context, s *statement) (v verdict, err error) {
	at, known, err := c.find(ctx, s.key)
	if err != nil {
		return v, err
	}
	if s.say != nil {
		return c.judgeSay(ctx, s, known)
	}
	if known {
		v.receipt = Receipt{Box: c.i.ID, Index: at, Again: true}
	}
	return v, nil
}

// find is the leaf with which a key came into the box.
func (c *entry) find(ctx context.Context, k leaf.Key) (at int64, ok bool, err error) {
	if at, ok = c.batch[k]; ok {
		return at, true, nil
	}
	return c.known.Find(ctx, keyset.Key(k[:16]))
}

func (c *entry) add(s *statement, known bool) Receipt {
	r := Receipt{Box: c.i.ID, Index: c.next}
	c.leaves = append(c.leaves, s.leaf)
	if !known {
		c.batch[s.key] = c.next
		c.entries = append(c.entries, keyset.Entry{Key: keyset.Key(s.key[:16]), Leaf: c.next})
	}
	c.next++
	return r
}

// judgeSay is [entry.judge] of a statement that has a counter: only a higher one than
// the last says something new.
func (c *entry) judgeSay(ctx context.Context, s *statement, known bool) (v verdict, err error) {
	if !known && len(s.say.Auth) == 0 {
		ok, err := c.activated(ctx, s.key)
		if err != nil {
			return v, err
		}
		if !ok {
			return v, errUnknownKey()
		}
	}
	old, has := c.says[s.key]
	if !has {
		if old, has, err = saidBy(ctx, c.tx, c.i.ID, s.key); err != nil {
			return v, err
		}
	}
	if !has {
		old.live = known // a signature counts until it is withdrawn
	}
	if has && s.say.Counter <= old.counter {
		if bytes.Equal(old.leaf, leafName(s.leaf)) {
			v.receipt = Receipt{Box: c.i.ID, Index: old.idx, Again: true}
			return v, nil
		}
		return v, fault.Conflict("box.stale", "You have said something newer here already. Nothing was recorded.")
	}
	if err := c.i.late(s.say.Body, c.tx.Now()); err != nil {
		return v, err
	}
	now, err := c.i.apply(old, s.say)
	return verdict{known: known, old: old, now: now}, err
}

func errUnknownKey() error {
	return fault.Forbidden("box.unknown_key", "This key has not taken part here, so it has nothing to change. Nothing was recorded.")
}

// activated says whether a key showed its credential before the box opened.
func (c *entry) activated(ctx context.Context, k leaf.Key) (bool, error) {
	_, ok, err := c.active.Find(ctx, keyset.Key(k[:16]))
	return ok, err
}

// tally moves the counters from what a key said to what it says now.
func (c *entry) tally(ctx context.Context, old, now said) error {
	switch {
	case old.live && !now.live:
		c.counts.counted--
		c.counts.withdrawn++
	case !old.live && now.live:
		c.counts.counted++
		if old.counter > 0 {
			c.counts.withdrawn--
		}
	}
	if now.done && !old.done {
		c.counts.done++
	}
	if c.i.Manifest.Takes == leaf.TakesSign {
		return nil
	}
	for _, x := range []struct {
		said
		by int
	}{{old, -1}, {now, 1}} {
		if x.live && x.threshold > 0 {
			c.bent[int(x.part)] = true
			if err := bend(ctx, c.tx, c.i.ID, x.part, x.threshold, x.by); err != nil {
				return err
			}
		}
	}
	return nil
}
