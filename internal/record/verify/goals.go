package verify

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/record/leaf"
)

// begin makes room for the count. Milestones divide the leaves: what each part of
// the keys adds before each is summed up, so that none needs all keys at once.
func (c *count) begin(s partSizes, milestones []leaf.Milestone) {
	if s.leaves == 0 {
		s = usualParts
	}
	c.parts, c.curve = newParts(c.size, s), map[uint16]map[uint32]int64{}
	c.milestones = slices.Clone(milestones)
	slices.SortStableFunc(c.milestones, func(a, b leaf.Milestone) int { return int(int64(a.Size) - int64(b.Size)) })
	for _, m := range c.milestones {
		if size := int64(m.Size); size > 0 && (len(c.sizes) == 0 || c.sizes[len(c.sizes)-1] != size) {
			c.sizes = append(c.sizes, size)
		}
	}
	c.sums = make([]sums, len(c.sizes)+1)
}

// settle counts what was taken, and returns what is wrong first.
func (c *count) settle(ctx context.Context) error {
	wrong, err := c.tally(ctx)
	if err != nil {
		return err
	}
	right := c.taken
	if wrong != nil {
		right = wrong.Leaf
	}
	for i := range c.sums {
		c.add(&c.sums[i])
		if i == len(c.sizes) || c.sizes[i] > right {
			continue
		}
		if err := c.reached(c.sizes[i]); err != nil {
			return Wrong{c.path, c.sizes[i] - 1, err.Error()}
		}
	}
	if wrong != nil {
		return *wrong
	}
	return nil
}

func (c *count) add(s *sums) {
	c.box.Counted += s.counted
	c.box.Withdrawn += s.withdrawn
	c.box.Done += s.done
	for p, by := range s.curve {
		if c.curve[p.Part] == nil {
			c.curve[p.Part] = map[uint32]int64{}
		}
		c.curve[p.Part][p.Threshold] += by
	}
	s.curve = nil
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
		if c.x.manifest.Type == leaf.PledgeTo && c.x.manifest.Takes == leaf.TakesSay {
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
	return c.result()
}
