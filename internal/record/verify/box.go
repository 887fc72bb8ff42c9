package verify

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/record/blind"
	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
)

// box counts one box.
func (v *verifier) box(ctx context.Context, x chosen) error {
	path, s := "b/"+x.id.String(), x.signed
	id, err := leaf.ParseID(x.manifest.Roll)
	if err != nil {
		return Wrong{"log", x.at, err.Error()}
	}
	r, err := v.rollOf(ctx, id)
	if err != nil {
		return err
	}
	byName := r.manifest.Gate == leaf.BySeat
	switch {
	case byName != (x.manifest.Takes == leaf.TakesVote):
		return Wrong{"log", x.at, "it opens a box that takes what its roll does not give"}
	case byName && x.manifest.Slot != 0, !byName && int(x.manifest.Slot) >= len(r.keys):
		return Wrong{"log", x.at, "it opens a box on a slot that its roll has not"}
	}
	if s.size > math.MaxUint32 {
		return Wrong{path, -1, "it has more leaves than this program counts"}
	}
	key, err := v.trustees(ctx, x.opened)
	if err != nil {
		return err
	}
	c := newCount(v, path, x.opened, r, s.size)
	c.opens = key
	defer c.parts.close()
	told := v.anchorsOf(path)
	if _, closed := v.node.closes[x.id]; x.manifest.Withheld() && !closed {
		return v.withheld(c, s, told)
	}
	if err := v.run(ctx, c, s, told.at); err != nil {
		return err
	}
	if err := c.closing(s); err != nil {
		return err
	}
	b := c.box
	b.Leaves, b.Anchored, b.Witnessed = s.size, told.most, told.cosigned
	b.Issued, b.Assisted, b.Gate, b.RollSize = r.issued[x.manifest.Slot], r.assisted, r.manifest.Gate, int64(r.manifest.Size)
	b.Frozen = r.frozen[x.manifest.Slot]
	v.report.Boxes = append(v.report.Boxes, b)
	if byName {
		return nil
	}
	if keys := b.Counted + b.Withdrawn; keys > b.Issued {
		return Wrong{path, -1, fmt.Sprintf("%d keys took part, and only %d credentials were given out", keys, b.Issued)}
	}
	return nil
}

// withheld is a poll that is open: there is nothing to read but its checkpoint, which
// does not contradict what the node's log tells of it.
func (v *verifier) withheld(c *count, s signed, told anchors) error {
	b := c.box
	if root, ok := told.at[s.size]; told.most > s.size || ok && root != s.root {
		return Wrong{c.path, -1, "its checkpoint is not what the node’s log tells of it"}
	}
	if len(c.milestones) > 0 {
		return Wrong{c.path, -1, "the node’s log notes a goal of a poll, which has none"}
	}
	b.Withheld, b.Leaves, b.Checked, b.Anchored, b.Witnessed = true, s.size, 0, told.most, told.cosigned
	v.report.Boxes = append(v.report.Boxes, b)
	return nil
}

// run reads the leaves, while workers verify what needs no order, and counts them.
// All are heard to their end: a forged leaf is named also when leaves are missing.
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
			if err := c.take(b.first+int64(i), l); err != nil {
				return err
			}
		}
		return nil
	})
	close(work)
	workers.Wait()
	if earlier := c.settle(ctx); earlier != nil {
		err = earlier
	}
	var w Wrong
	if first == nil || errors.As(err, &w) && w.Leaf >= 0 && w.Leaf < first.Leaf {
		return err
	}
	v.report.Wrong = append(v.report.Wrong, *first)
	return err
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

	opens     *sealed.Key // of a sealed poll whose trustees have released enough
	key       *blind.VerifyKey
	challenge [32]byte
	keyID     [32]byte
	sample    func(n int64) bool // whether the credential of a leaf is verified

	parts      *parts
	taken      int64   // leaves that were read, none of them wrong in itself
	sizes      []int64 // of the milestones, each once
	sums       []sums  // of the leaves before each of these sizes, and of the rest
	curve      map[uint16]map[uint32]int64
	milestones []leaf.Milestone  // by size
	papers     map[string]uint32 // of a poll: what is said, behind what it weighs
	said       []string          // the same by number, from 1 on
	claims     []claim           // of ladders, by size
}

func newCount(v *verifier, path string, x opened, r *roll, size int64) *count {
	c := &count{
		v: v, path: path, origin: v.report.Node + "/" + path, size: size, x: x, roll: r,
		box:    Box{ID: x.id.String(), Type: x.manifest.Type, Milestones: []Milestone{}},
		sample: func(int64) bool { return true }, papers: map[string]uint32{},
	}
	if len(r.keys) > 0 {
		c.key = r.keys[x.manifest.Slot]
		c.challenge, c.keyID = blind.Challenge(r.manifest.Registrar, r.id, x.manifest.Slot), c.key.ID()
	}
	c.claims = v.node.claims[x.id]
	c.begin(v.opt.parts, v.node.milestones[x.id])
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

// take reads one leaf, in its order, and keeps what it says of a key.
func (c *count) take(n int64, raw []byte) error {
	e, wrong := c.read(raw)
	if e.kind != 0 {
		e.leaf = uint32(n)
		if err := c.parts.add(e); err != nil {
			return err
		}
	}
	if wrong != nil {
		return Wrong{c.path, n, wrong.Error()}
	}
	c.taken = n + 1
	return nil
}

// read says what a leaf says of a key, if anything, and whether it is wrong whoever
// says it. Of a say that is wrong, its key is looked at all the same: that may be what
// is wrong first.
func (c *count) read(raw []byte) (e entry, wrong error) {
	kind, err := leaf.KindOf(raw)
	if err != nil {
		return e, err
	}
	switch kind {
	case leaf.KindSign:
		l, err := leaf.DecodeSign(raw)
		if err == nil && c.x.manifest.Takes != leaf.TakesSign {
			err = errors.New("this box takes statements, not signatures")
		}
		if err != nil {
			return e, err
		}
		return entry{key: c.parts.keyed(l.Key), kind: signs}, nil
	case leaf.KindSay:
		l, err := leaf.DecodeSay(raw)
		if err == nil && c.x.manifest.Takes == leaf.TakesVote {
			err = errors.New("this box takes votes of seats")
		}
		if err != nil {
			return e, err
		}
		shown := len(l.Auth) > 0 || c.roll.activated[c.x.manifest.Slot][l.Key]
		e = entry{key: c.parts.keyed(l.Key), kind: misspoken, shown: shown, counter: l.Counter}
		p, err := c.statement(&l)
		if err == nil {
			e.kind, e.Pledge = leaf.BodyKind(l.Body), p
		}
		return e, err
	case leaf.KindVote:
		return c.vote(raw)
	case leaf.KindBatch:
		l, err := leaf.DecodeBatch(raw)
		if err == nil && c.x.manifest.Poll != nil {
			err = errors.New("in a poll nothing is counted by hand")
		}
		c.box.Declared += int64(l.Count)
		return e, err
	}
	return e, fmt.Errorf("a box has no leaves of kind %#02x", byte(kind))
}

// body is docs/record.md, "Which boxes are right", 6 and 7, but for what depends on
// the key.
func (c *count) body(b []byte, weight uint32) (p leaf.Pledge, err error) {
	m := &c.x.manifest
	pledges := m.Type == leaf.PledgeTo && m.Takes == leaf.TakesSay
	switch k := leaf.BodyKind(b); {
	case k == leaf.SayWithdraw && len(b) == 1:
		return p, nil
	case k == leaf.SayDone && len(b) == 1 && pledges:
		return p, nil
	case k == leaf.SayBallot && m.Poll != nil && m.Sealed == nil:
		if err := m.Poll.CheckPaper(b[1:]); err != nil {
			return p, err
		}
		return leaf.Pledge{Threshold: c.paper(b[1:], weight)}, nil
	case k == leaf.SayPledge && pledges:
		p, err = leaf.DecodePledge(b)
		if err == nil && (m.Threshold > 0 && p.Threshold != m.Threshold || p.Part > 0 && p.Part >= m.Parts) {
			err = errors.New("it pledges by another rule than the box has")
		}
		return p, err
	}
	return p, errors.New("the box does not take such a statement")
}
