package verify

import (
	"errors"
	"fmt"
	"slices"

	"convoke/internal/record/leaf"
)

// ladder is one of a campaign, as far as the node's log tells.
type ladder struct {
	m     leaf.LadderManifest
	steps map[string]*step
}

// step is where a step stands: when it was so first, 0 when never.
type step struct {
	state, was        string // was before it was halted
	open, met, lapsed int64
	last              int64 // when it moved, or was published
}

// claim says that a box had a count.
type claim struct {
	leaf.StepCount
	at int64 // index in the node's log
}

// ladder reads a version of a ladder.
func (n *nodeLog) ladder(b []byte) error {
	l, err := leaf.DecodeLadder(b)
	if err != nil {
		return err
	}
	m, err := leaf.ParseLadder(l.Manifest)
	if err != nil {
		return err
	}
	if n.ladders == nil {
		n.ladders, n.claims = map[string]*ladder{}, map[leaf.ID][]claim{}
	}
	id := m.Ladder
	if id == "" {
		id = leaf.IDOf(b).String()
	}
	old := n.ladders[id]
	if old == nil && m.Ladder != "" || old != nil && (m.Version != old.m.Version+1 || m.Campaign != old.m.Campaign || m.Time < old.m.Time) {
		return errors.New("it is not the next version of a ladder")
	}
	for i := range m.Steps {
		if !n.boxes(m.Steps[i].Gate) || !n.boxes(m.Steps[i].MetBy) {
			return errors.New("a gate waits for a box that was not opened")
		}
	}
	next := &ladder{m: m, steps: map[string]*step{}}
	for i := range m.Steps {
		next.steps[m.Steps[i].Key] = &step{state: "waiting", last: m.Time}
	}
	if old != nil {
		if err := next.keep(old); err != nil {
			return err
		}
	}
	n.ladders[id] = next
	return nil
}

// keep takes over where steps stand: one that has moved is still there, with its gate.
func (l *ladder) keep(old *ladder) error {
	for key, s := range old.steps {
		if s.open == 0 && s.lapsed == 0 && s.state == "waiting" {
			continue
		}
		was, now := old.m.Find(key), l.m.Find(key)
		if now == nil || !same(was, now) {
			return fmt.Errorf("it changes the step %s, which has moved", key)
		}
		l.steps[key] = s
	}
	return nil
}

func same(a, b *leaf.LadderStep) bool {
	x, err1 := leaf.Canonical(a)
	y, err2 := leaf.Canonical(b)
	return err1 == nil && err2 == nil && string(x) == string(y)
}

// boxes reports whether all boxes of a gate were opened.
func (n *nodeLog) boxes(g *leaf.LadderGate) bool {
	if g == nil {
		return true
	}
	if g.Count != nil {
		id, err := leaf.ParseID(g.Count.Box)
		return err == nil && n.known[id]
	}
	for i := range g.All {
		if !n.boxes(&g.All[i]) {
			return false
		}
	}
	for i := range g.Any {
		if !n.boxes(&g.Any[i]) {
			return false
		}
	}
	return true
}

// moves are the states to which a step can go, by the one that it has.
func moves(from string) []string {
	switch from {
	case "waiting":
		return []string{"open", "lapsed", "halted"}
	case "open":
		return []string{"met", "halted"}
	case "halted":
		return []string{"waiting", "open"}
	}
	return nil
}

// step reads a change of a step.
func (n *nodeLog) step(at int64, b []byte) error {
	l, err := leaf.DecodeStep(b)
	if err != nil {
		return err
	}
	m, err := leaf.ParseMove(l.JSON)
	if err != nil {
		return err
	}
	d := n.ladders[l.Ladder.String()]
	if d == nil || d.steps[m.Step] == nil {
		return errors.New("it tells of a step that was not published")
	}
	s := d.steps[m.Step]
	switch {
	case !slices.Contains(moves(s.state), m.State):
		return fmt.Errorf("the step %s is %s and cannot become %s", m.Step, s.state, m.State)
	case m.Time < s.last:
		return fmt.Errorf("the step %s moves before it moved last", m.Step)
	case s.state == "halted" && m.Reason != "decision" && (m.State == "open") != (s.was == "open"):
		return fmt.Errorf("the step %s does not go on as it was", m.Step)
	}
	if err := n.claim(at, &m); err != nil {
		return err
	}
	if err := d.may(&m); err != nil {
		return err
	}
	if m.State == "halted" {
		s.was = s.state
	}
	s.state, s.last = m.State, m.Time
	for state, when := range map[string]*int64{"open": &s.open, "met": &s.met, "lapsed": &s.lapsed} {
		if m.State == state && *when == 0 {
			*when = m.Time
		}
	}
	return nil
}

// claim notes what the boxes are to be asked for.
func (n *nodeLog) claim(at int64, m *leaf.StepMove) error {
	for _, c := range m.Counts {
		id, err := leaf.ParseID(c.Box)
		if err != nil || !n.known[id] {
			return errors.New("it counts in a box that was not opened")
		}
		n.claims[id] = append(n.claims[id], claim{c, at})
	}
	return nil
}

// may checks a move against what the ladder says, as far as the record can know it.
func (d *ladder) may(m *leaf.StepMove) error {
	x := d.m.Find(m.Step)
	s := d.steps[m.Step]
	switch {
	case m.Reason == "gate" && m.State == "open":
		if x.Lapses != 0 && m.Time >= x.Lapses {
			return fmt.Errorf("the step %s opens after its last moment", m.Step)
		}
		for _, k := range x.After {
			if o := d.steps[k]; o.open == 0 || o.open > m.Time {
				return fmt.Errorf("the step %s opens before %s", m.Step, k)
			}
		}
		if x.Gate != nil && !d.holds(x.Gate, m) {
			return fmt.Errorf("the step %s opens, and its gate does not", m.Step)
		}
	case m.Reason == "gate" && m.State == "met":
		if x.MetBy == nil || !d.holds(x.MetBy, m) || m.Time < s.open {
			return fmt.Errorf("the step %s is met, and nothing says so", m.Step)
		}
	case m.Reason == "lapse":
		if m.State != "lapsed" || x.Lapses == 0 || m.Time < x.Lapses {
			return fmt.Errorf("the step %s lapses before its last moment", m.Step)
		}
	case m.Reason == "before":
		if m.State != "lapsed" || !slices.ContainsFunc(x.After, func(k string) bool { return d.steps[k].lapsed != 0 }) {
			return fmt.Errorf("the step %s lapses with no other", m.Step)
		}
	case m.Reason == "down":
		if m.State != "halted" {
			return fmt.Errorf("the step %s does not stand down", m.Step)
		}
	case m.State == "lapsed" || m.Reason == "gate" || m.Reason == "owners" && m.State == "open" && s.state == "waiting":
		return fmt.Errorf("the step %s moves for no such reason", m.Step)
	}
	return nil
}

// holds reports whether a gate is open at a move: its dates, the steps that it names and
// the counts that come with the move. What is not in the record is taken as it is told.
func (d *ladder) holds(g *leaf.LadderGate, m *leaf.StepMove) bool {
	switch {
	case len(g.All) > 0:
		return !slices.ContainsFunc(g.All, func(x leaf.LadderGate) bool { return !d.holds(&x, m) })
	case len(g.Any) > 0:
		return slices.ContainsFunc(g.Any, func(x leaf.LadderGate) bool { return d.holds(&x, m) })
	case g.Date != "":
		return m.Time >= g.Unix
	case g.Step != "":
		s := d.steps[g.Step]
		at := map[string]int64{"open": s.open, "met": s.met, "lapsed": s.lapsed}[g.State]
		return at != 0 && at <= m.Time
	case g.Count != nil:
		return counted(g.Count, m.Counts)
	}
	return true
}

// counted reports whether the counts of a move are those that a gate waits for.
func counted(c *leaf.LadderCount, claims []leaf.StepCount) bool {
	part, parts := -1, map[int]bool{}
	if c.Index != nil {
		part = *c.Index
	}
	for _, x := range claims {
		if x.Box != c.Box || x.Count < c.People || c.Groups == 0 && x.Part != part || c.Groups > 0 && x.Part < 0 {
			continue
		}
		parts[x.Part] = true
	}
	return len(parts) >= max(c.Groups, 1)
}

// claimed checks what moves of steps said of a box at a size.
func (c *count) claimed(size int64) error {
	for len(c.claims) > 0 && int64(c.claims[0].Size) <= size {
		x := c.claims[0]
		c.claims = c.claims[1:]
		mf := &c.x.manifest
		have := uint64(c.box.Counted)
		switch {
		case x.Part >= max(int(mf.Parts), 0) && x.Part >= 0:
			return fmt.Errorf("a step of a ladder counts part %d, which the box has not", x.Part)
		case mf.Takes != leaf.TakesSay:
		case x.Part >= 0:
			have = c.standing(uint16(x.Part))
		default:
			have = 0
			for p := range max(mf.Parts, 1) {
				have += c.standing(p)
			}
		}
		if have != x.Count || have < x.People {
			return fmt.Errorf("a step of a ladder says that %d of %d were here; counted again it is %d", x.Count, x.People, have)
		}
	}
	return nil
}
