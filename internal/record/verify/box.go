package verify

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/record/blind"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tile"
)

// box counts one box.
func (v *verifier) box(ctx context.Context, x opened) error {
	path := "b/" + x.id.String()
	id, err := leaf.ParseID(x.manifest.Roll)
	if err != nil {
		return Wrong{"log", x.at, err.Error()}
	}
	r, err := v.rollOf(ctx, id)
	if err != nil {
		return err
	}
	if int(x.manifest.Slot) >= len(r.keys) {
		return Wrong{"log", x.at, "it opens a box on a slot that its roll has not"}
	}
	s, err := v.checkpoint(ctx, path)
	if err != nil {
		return err
	}
	if s.size > math.MaxUint32 {
		return Wrong{path, -1, "it has more leaves than this program counts"}
	}
	c := newCount(v, path, x, r, s.size)
	at, anchored, cosigned := v.anchorsOf(path)
	if err := v.run(ctx, c, s, at); err != nil {
		return err
	}
	if err := c.closing(s); err != nil {
		return err
	}
	b := c.box
	b.Leaves, b.Anchored, b.Witnessed = s.size, anchored, cosigned
	b.Issued, b.Assisted, b.Gate, b.RollSize = r.issued[x.manifest.Slot], r.assisted, r.manifest.Gate, int64(r.manifest.Size)
	v.report.Boxes = append(v.report.Boxes, b)
	if keys := int64(c.keys.n); keys > b.Issued {
		return Wrong{path, -1, fmt.Sprintf("%d keys took part, and only %d credentials were given out", keys, b.Issued)}
	}
	return nil
}

// run reads the leaves; workers verify what needs no order while the count goes on.
// Both are heard to their end: a forged leaf is named also when leaves are missing.
func (v *verifier) run(ctx context.Context, c *count, s signed, at map[int64]tlog.Hash) error {
	var workers sync.WaitGroup
	var mu sync.Mutex
	var first *Wrong // that a worker found
	work := make(chan bundle, 2*v.workers)
	for range v.workers {
		workers.Go(func() {
			for b := range work {
				if w := c.verify(b); w != nil {
					mu.Lock()
					if first == nil || w.Leaf < first.Leaf {
						first = w
					}
					mu.Unlock()
				}
			}
		})
	}
	err := v.walk(ctx, c.path, s, at, func(b bundle) error {
		work <- b
		for i, l := range b.leaves {
			n := b.first + int64(i)
			if err := c.take(ctx, n, l); err != nil {
				return wrongAt(c.path, n, err)
			}
		}
		return nil
	})
	close(work)
	workers.Wait()
	var w Wrong
	if first == nil || errors.As(err, &w) && w.Leaf >= 0 && w.Leaf < first.Leaf {
		return err
	}
	v.report.Wrong = append(v.report.Wrong, *first)
	return err
}

func wrongAt(path string, n int64, err error) error {
	var w Wrong
	if errors.As(err, &w) {
		return err
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	return Wrong{path, n, err.Error()}
}

// said is what a key says now.
type said struct {
	counter   uint32
	threshold uint32
	part      uint16
	live      bool
	done      bool
}

// count is a box that is being counted.
type count struct {
	v      *verifier
	path   string
	origin string
	size   int64
	x      opened
	roll   *roll
	box    Box

	key       *blind.VerifyKey
	challenge [32]byte
	keyID     [32]byte
	sample    func(n int64) bool // whether the credential of a leaf is verified

	keys       *keys // that took part
	says       map[leaf.Key]said
	curve      map[uint16]map[uint32]int64
	milestones []leaf.Milestone // by size
}

func newCount(v *verifier, path string, x opened, r *roll, size int64) *count {
	k := r.keys[x.manifest.Slot]
	c := &count{
		v: v, path: path, origin: v.report.Node + "/" + path, size: size, x: x, roll: r,
		box: Box{ID: x.id.String(), Type: x.manifest.Type, Milestones: []Milestone{}},
		key: k, challenge: blind.Challenge(r.manifest.Registrar, r.id, x.manifest.Slot), keyID: k.ID(),
		keys: newKeys(size), says: map[leaf.Key]said{}, curve: map[uint16]map[uint32]int64{},
		milestones: slices.Clone(v.node.milestones[x.id]), sample: func(int64) bool { return true },
	}
	slices.SortStableFunc(c.milestones, func(a, b leaf.Milestone) int { return int(int64(a.Size) - int64(b.Size)) })
	c.box.Checked = size
	if n := int64(v.opt.Sample); v.opt.Quick && n < size {
		c.box.Checked = n
		c.sample = randomly(n, size)
	}
	return c
}

// randomly chooses about n of size leaves, so that nobody knows beforehand which.
func randomly(n, size int64) func(int64) bool {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails (Go 1.24)
	bound := uint64(float64(n) / float64(size) * math.MaxUint64)
	return func(leaf int64) bool {
		h := sha256.Sum256(binary.BigEndian.AppendUint64(secret[:], uint64(leaf)))
		return binary.BigEndian.Uint64(h[:]) <= bound
	}
}

// verify checks the signatures of a bundle and returns the first leaf that is wrong.
func (c *count) verify(b bundle) *Wrong {
	for i, raw := range b.leaves {
		n := b.first + int64(i)
		if err := c.verifyLeaf(n, raw); err != nil {
			return &Wrong{c.path, n, err.Error()}
		}
	}
	return nil
}

func (c *count) verifyLeaf(n int64, raw []byte) error {
	kind, err := leaf.KindOf(raw)
	if err != nil {
		return err
	}
	switch kind {
	case leaf.KindSign:
		l, err := leaf.DecodeSign(raw)
		if err != nil {
			return err
		}
		return c.credential(n, l.Key, l.Auth[:])
	case leaf.KindSay:
		l, err := leaf.DecodeSay(raw)
		if err != nil {
			return err
		}
		if !l.Verify(c.origin) {
			return errors.New("its signature does not fit")
		}
		if len(l.Auth) > 0 {
			return c.credential(n, l.Key, l.Auth)
		}
	}
	return nil
}

func (c *count) credential(n int64, k leaf.Key, auth []byte) error {
	if !c.sample(n) {
		return nil
	}
	if err := c.key.Verify(blind.InputFor(k[:], c.challenge, c.keyID), auth); err != nil {
		return errors.New("its credential is not one for this box")
	}
	return nil
}

// take counts one leaf, in its order.
func (c *count) take(ctx context.Context, n int64, raw []byte) error {
	kind, err := leaf.KindOf(raw)
	if err != nil {
		return err
	}
	switch kind {
	case leaf.KindSign:
		err = c.sign(ctx, n, raw)
	case leaf.KindSay:
		err = c.say(ctx, n, raw)
	case leaf.KindBatch:
		var l leaf.Batch
		l, err = leaf.DecodeBatch(raw)
		c.box.Declared += int64(l.Count)
	default:
		err = fmt.Errorf("a box has no leaves of kind %#02x", byte(kind))
	}
	if err != nil {
		return err
	}
	return c.reached(n + 1)
}

func (c *count) sign(ctx context.Context, n int64, raw []byte) error {
	l, err := leaf.DecodeSign(raw)
	if err != nil {
		return err
	}
	if c.x.manifest.Takes != leaf.TakesSign {
		return errors.New("this box takes statements, not signatures")
	}
	seen, err := c.seen(ctx, l.Key, n)
	if err != nil {
		return err
	}
	if seen {
		return errors.New("its key has signed before")
	}
	c.box.Counted++
	return nil
}

// seen says whether a key came before, and notes it when it did not.
func (c *count) seen(ctx context.Context, k leaf.Key, n int64) (bool, error) {
	before, alike := c.keys.add(k[:], uint32(n))
	if !alike {
		return false, nil
	}
	raw, err := c.leafAt(ctx, int64(before))
	if err != nil {
		return false, err
	}
	if len(raw) >= 34 && string(raw[2:34]) == string(k[:]) {
		return true, nil
	}
	return false, errors.New("two keys begin with the same 63 bits, which this program does not count")
}

// leafAt reads one leaf of the box again.
func (c *count) leafAt(ctx context.Context, n int64) ([]byte, error) {
	b, err := c.v.bundle(ctx, c.path, c.size, n/tile.Width)
	if err != nil {
		return nil, err
	}
	return b.leaves[n%tile.Width], nil
}

func (c *count) say(ctx context.Context, n int64, raw []byte) error {
	l, err := leaf.DecodeSay(raw)
	if err != nil {
		return err
	}
	old, has := c.says[l.Key]
	if !has {
		seen, err := c.seen(ctx, l.Key, n)
		if err != nil {
			return err
		}
		if !seen && len(l.Auth) == 0 && !c.roll.activated[c.x.manifest.Slot][l.Key] {
			return errors.New("its key shows no credential and has not taken part before")
		}
		old.live = seen
	}
	if has && l.Counter <= old.counter {
		return errors.New("its key has said something newer before")
	}
	now, err := c.apply(old, &l)
	if err != nil {
		return err
	}
	c.tally(old, now, has)
	c.says[l.Key] = now
	return nil
}

// apply is docs/record.md, "Which boxes are right", 6 and 7.
func (c *count) apply(old said, l *leaf.Say) (said, error) {
	now, m := old, &c.x.manifest
	now.counter = l.Counter
	switch k := leaf.BodyKind(l.Body); {
	case k == leaf.SayWithdraw && len(l.Body) == 1:
		if !old.live {
			return now, errors.New("it takes back what does not count")
		}
		now.live = false
	case k == leaf.SayDone && len(l.Body) == 1 && m.Type == leaf.PledgeTo && m.Takes == leaf.TakesSay:
		if !old.live {
			return now, errors.New("it says that something was done that was not pledged")
		}
		now.done = true
	case k == leaf.SayPledge && m.Type == leaf.PledgeTo && m.Takes == leaf.TakesSay:
		p, err := leaf.DecodePledge(l.Body)
		if err != nil {
			return now, err
		}
		if m.Threshold > 0 && p.Threshold != m.Threshold || p.Part > 0 && p.Part >= m.Parts {
			return now, errors.New("it pledges by another rule than the box has")
		}
		now.threshold, now.part, now.live = p.Threshold, p.Part, true
	default:
		return now, errors.New("the box does not take such a statement")
	}
	return now, nil
}

func (c *count) tally(old, now said, has bool) {
	switch {
	case old.live && !now.live:
		c.box.Counted--
		c.box.Withdrawn++
	case !old.live && now.live:
		c.box.Counted++
		if has {
			c.box.Withdrawn--
		}
	}
	if now.done && !old.done {
		c.box.Done++
	}
	c.bend(old, -1)
	c.bend(now, 1)
}

func (c *count) bend(s said, by int64) {
	if !s.live || s.threshold == 0 {
		return
	}
	if c.curve[s.part] == nil {
		c.curve[s.part] = map[uint32]int64{}
	}
	c.curve[s.part][s.threshold] += by
}

// standing is the largest k for which at least k pledges have a threshold of k or
// less, of one part.
func (c *count) standing(part uint16) uint64 {
	steps := make([]uint32, 0, len(c.curve[part]))
	for t, n := range c.curve[part] {
		if n > 0 {
			steps = append(steps, t)
		}
	}
	slices.Sort(steps)
	var sum, best uint64
	for i, t := range steps {
		sum += uint64(c.curve[part][t])
		k := sum
		if i+1 < len(steps) {
			k = min(k, uint64(steps[i+1])-1)
		}
		if k >= uint64(t) {
			best = max(best, k)
		}
	}
	return best
}

// reached checks the milestones at a size.
func (c *count) reached(size int64) error {
	for len(c.milestones) > 0 && int64(c.milestones[0].Size) == size {
		m := c.milestones[0]
		c.milestones = c.milestones[1:]
		if err := c.milestone(m); err != nil {
			return err
		}
	}
	return nil
}

func (c *count) milestone(m leaf.Milestone) error {
	mf := &c.x.manifest
	count := uint64(c.box.Counted)
	apart := mf.Takes == leaf.TakesSay && mf.Parts > 0
	if apart != (m.Part >= 0) || m.Part < -1 || m.Part >= 0 && m.Part >= int32(mf.Parts) {
		return fmt.Errorf("the node's log notes a goal of part %d, which the box has not", m.Part)
	}
	if mf.Takes == leaf.TakesSay {
		count = c.standing(uint16(max(m.Part, 0)))
	}
	if mf.Until != 0 && m.Time >= mf.Until {
		return fmt.Errorf("the node's log says that %d was reached after the time to pledge", m.Goal)
	}
	known := slices.Contains(mf.Goals, m.Goal) || mf.Threshold > 0 && m.Goal == uint64(mf.Threshold)
	if !known || count != m.Count || count < m.Goal {
		return fmt.Errorf("the node's log says that %d was reached here with %d; counted again it is %d", m.Goal, m.Count, count)
	}
	for _, x := range c.box.Milestones {
		if x.Part == m.Part && x.Goal == m.Goal {
			return fmt.Errorf("the node's log notes the goal %d twice", m.Goal)
		}
	}
	c.box.Milestones = append(c.box.Milestones, Milestone{m.Part, m.Goal, m.Time})
	return nil
}

// closing checks what the node's log says of the end.
func (c *count) closing(s signed) error {
	if len(c.milestones) > 0 {
		return Wrong{c.path, -1, fmt.Sprintf("the node's log notes a goal at %d leaves, and there are %d", c.milestones[0].Size, s.size)}
	}
	for p := range max(c.x.manifest.Parts, 1) {
		if c.x.manifest.Takes == leaf.TakesSay {
			c.box.Standing = append(c.box.Standing, c.standing(p))
		}
	}
	l, ok := c.v.node.closes[c.x.id]
	if !ok {
		return nil
	}
	c.box.Closed = true
	if int64(l.Size) != s.size || tlog.Hash(l.Root) != s.root {
		return Wrong{c.path, -1, fmt.Sprintf("it was closed with %d leaves, and there are %d, or others", l.Size, s.size)}
	}
	return nil
}
