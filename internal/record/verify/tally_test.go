package verify

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"convoke/internal/record/leaf"
)

// act is what somebody does in the test of a count.
type act struct {
	Key     leaf.Key
	Sign    bool
	Shown   bool
	Counter uint32
	Body    []byte
}

func (a act) encode() []byte {
	if a.Sign {
		return (&leaf.Sign{Key: a.Key}).Encode()
	}
	s := leaf.Say{Key: a.Key, Counter: a.Counter, Body: a.Body}
	if a.Shown {
		s.Auth = make([]byte, leaf.AuthSize)
	}
	return s.Encode()
}

// model counts as docs/record.md says, with all keys in a table.
type model struct {
	m         *leaf.Box
	activated leaf.Key
	keys      map[leaf.Key]*held
}

type held struct {
	spoke, live, done bool
	counter           uint32
	leaf.Pledge
}

func (m *model) wrong(a act) string {
	h, here := m.keys[a.Key]
	if a.Sign {
		switch {
		case m.m.Takes != leaf.TakesSign:
			return "this box takes statements, not signatures"
		case here:
			return "its key has signed before"
		}
		return ""
	}
	if !here {
		h = &held{}
	}
	pledges := m.m.Takes == leaf.TakesSay
	switch {
	case !here && !a.Shown && a.Key != m.activated:
		return "its key shows no credential and has not taken part before"
	case h.spoke && a.Counter <= h.counter:
		return "its key has said something newer before"
	case a.Body[0] == leaf.SayWithdraw && !h.live:
		return "it takes back what does not count"
	case a.Body[0] == leaf.SayWithdraw:
		return ""
	case a.Body[0] == leaf.SayDone && pledges && !h.live:
		return "it says that something was done that was not pledged"
	case a.Body[0] == leaf.SayDone && pledges:
		return ""
	case a.Body[0] != leaf.SayPledge || !pledges:
		return "the box does not take such a statement"
	}
	p, err := leaf.DecodePledge(a.Body)
	if err != nil {
		return err.Error()
	}
	if m.m.Threshold > 0 && p.Threshold != m.m.Threshold || p.Part > 0 && p.Part >= m.m.Parts {
		return "it pledges by another rule than the box has"
	}
	return ""
}

func (m *model) take(a act) {
	h := m.keys[a.Key]
	if h == nil {
		h = &held{}
		m.keys[a.Key] = h
	}
	if a.Sign {
		h.live = true
		return
	}
	h.spoke, h.counter = true, a.Counter
	switch a.Body[0] {
	case leaf.SayPledge:
		h.Pledge, _ = leaf.DecodePledge(a.Body)
		h.live = true
	case leaf.SayWithdraw:
		h.live = false
	case leaf.SayDone:
		h.done = true
	}
}

func (m *model) totals() (b Box) {
	for _, h := range m.keys {
		if h.done {
			b.Done++
		}
		if h.live {
			b.Counted++
		} else {
			b.Withdrawn++
		}
	}
	for part := range max(m.m.Parts, 1) {
		b.Standing = append(b.Standing, m.standing(part))
	}
	return b
}

func (m *model) standing(part uint16) (best uint64) {
	for k := range uint64(len(m.keys) + 1) {
		n := uint64(0)
		for _, h := range m.keys {
			if h.live && h.Threshold > 0 && h.Part == part && uint64(h.Threshold) <= k {
				n++
			}
		}
		if n >= k {
			best = k
		}
	}
	return best
}

// noted says what is wrong with a milestone of goal at this moment.
func (m *model) noted(x leaf.Milestone, before []leaf.Milestone) string {
	b := m.totals()
	count := uint64(b.Counted)
	if m.m.Takes == leaf.TakesSay {
		count = b.Standing[max(x.Part, 0)]
	}
	if x.Count != count || count < x.Goal {
		return fmt.Sprintf("the node's log says that %d was reached here with %d; counted again it is %d", x.Goal, x.Count, count)
	}
	for _, y := range before {
		if x.Goal == y.Goal && x.Part == y.Part {
			return fmt.Sprintf("the node's log notes the goal %d twice", x.Goal)
		}
	}
	return ""
}

// scene is a box that is counted, and what comes out.
type scene struct {
	m          leaf.Box
	activated  leaf.Key
	leaves     [][]byte
	milestones []leaf.Milestone
	want       Box
	wrong      string
}

func drawScene(t *rapid.T) *scene {
	s := &scene{m: leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign, Goals: []uint64{1, 2, 3, 4, 5, 6, 7, 8}}, activated: leaf.Key{1}}
	if rapid.Bool().Draw(t, "pledges") {
		s.m.Type, s.m.Takes = leaf.PledgeTo, leaf.TakesSay
		s.m.Parts = rapid.SampledFrom([]uint16{0, 2}).Draw(t, "parts")
		s.m.Threshold = rapid.SampledFrom([]uint32{0, 0, 2}).Draw(t, "threshold")
	}
	m := &model{m: &s.m, activated: s.activated, keys: map[leaf.Key]*held{}}
	honest := rapid.SampledFrom([]int{1000, 20, 5}).Draw(t, "honest leaves")
	for range rapid.SampledFrom([]int{150, 60, 10}).Draw(t, "acts") {
		a := drawAct(t)
		if h := m.keys[a.Key]; h != nil {
			a.Counter += h.counter
		} else if len(s.leaves) < honest {
			a.Sign, a.Shown = s.m.Takes == leaf.TakesSign, true
		}
		if m.m.Threshold > 0 && a.Body[0] == leaf.SayPledge && len(s.leaves) < honest {
			a.Body[4] = byte(m.m.Threshold)
		}
		wrong := m.wrong(a)
		if wrong != "" && len(s.leaves) < honest {
			continue
		}
		s.leaves = append(s.leaves, a.encode())
		if wrong == "" {
			m.take(a)
		}
		if s.wrong == "" && wrong != "" {
			s.wrong = Wrong{"b/x", int64(len(s.leaves) - 1), wrong}.Error()
		}
		if rapid.IntRange(0, 5).Draw(t, "milestone") == 0 {
			s.note(t, m, len(s.leaves) < honest)
		}
	}
	s.want = m.totals()
	return s
}

func drawAct(t *rapid.T) act {
	pledge := leaf.Pledge{Threshold: rapid.Uint32Range(0, 9).Draw(t, "threshold"), Part: rapid.Uint16Range(0, 2).Draw(t, "part")}
	return act{
		Key: leaf.Key{rapid.ByteRange(0, 15).Draw(t, "key")}, Sign: rapid.IntRange(0, 2).Draw(t, "sign") == 0, Shown: rapid.Bool().Draw(t, "shown"),
		Counter: rapid.Uint32Range(0, 3).Draw(t, "counter"),
		Body:    rapid.SampledFrom([][]byte{pledge.Encode(), pledge.Encode(), leaf.Withdraw(), leaf.Done(), {leaf.SayBallot}}).Draw(t, "body"),
	}
}

// note has the node note a goal here, if it is not honest now and then one that was
// not reached or was noted before.
func (s *scene) note(t *rapid.T, m *model, honest bool) {
	b := m.totals()
	x := leaf.Milestone{Part: -1, Size: uint64(len(s.leaves)), Count: uint64(b.Counted)}
	if s.m.Takes == leaf.TakesSay {
		if s.m.Parts > 0 {
			x.Part = int32(rapid.IntRange(0, int(s.m.Parts)-1).Draw(t, "part of goal"))
		}
		x.Count = b.Standing[max(x.Part, 0)]
	}
	if !honest && rapid.IntRange(0, 3).Draw(t, "lie") == 0 {
		x.Count++
	}
	x.Goal = x.Count
	noted := func(y leaf.Milestone) bool { return x.Goal == y.Goal && x.Part == y.Part }
	if x.Goal == 0 || x.Goal > 8 || honest && slices.ContainsFunc(s.milestones, noted) {
		return
	}
	if s.wrong == "" {
		if what := m.noted(x, s.milestones); what != "" {
			s.wrong = Wrong{"b/x", int64(len(s.leaves) - 1), what}.Error()
		}
	}
	s.milestones = append(s.milestones, x)
}

func (s *scene) count(size partSizes) (*count, error) {
	c := &count{path: "b/x", size: int64(len(s.leaves)), x: opened{manifest: s.m}, roll: &roll{}}
	c.roll.activated[0] = map[leaf.Key]bool{s.activated: true}
	c.begin(size, s.milestones)
	defer c.parts.close()
	var err error
	for n, l := range s.leaves {
		if err = c.take(int64(n), l); err != nil {
			break
		}
	}
	if earlier := c.settle(context.Background()); earlier != nil {
		err = earlier
	}
	return c, err
}

// TestParts: a box counted in many parts, in one, and by a small model is the same
// box, right or wrong.
func TestParts(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	right, wrong, leaves := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		for _, size := range []partSizes{usualParts, {leaves: 2, block: 1, most: 4096}, {leaves: 7, block: 3, most: 5}} {
			c, err := s.count(size)
			if s.wrong != "" {
				wrong++
				if err == nil || err.Error() != s.wrong {
					t.Fatalf("%+v: found %v, want %s", size, err, s.wrong)
				}
				continue
			}
			right++
			if err != nil {
				t.Fatalf("%+v: a right box is wrong: %v", size, err)
			}
			got := Box{Counted: c.box.Counted, Withdrawn: c.box.Withdrawn, Done: c.box.Done}
			for part := range max(s.m.Parts, 1) {
				got.Standing = append(got.Standing, c.standing(part))
			}
			if d := cmp.Diff(s.want, got); d != "" {
				t.Fatalf("%+v: %s", size, d)
			}
			leaves += len(s.leaves)
			if len(c.box.Milestones) != len(s.milestones) {
				t.Fatalf("%d goals, want %d", len(c.box.Milestones), len(s.milestones))
			}
		}
	})
	if !t.Failed() && (right < 20 || wrong < 5 || leaves < 20*20) {
		t.Errorf("%d right boxes of %d leaves and %d wrong ones prove little", right, leaves, wrong)
	}
	t.Logf("%d right boxes of %d leaves, %d wrong ones", right, leaves, wrong)
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestSpread: parts keep each entry as it was, in its order, whatever the keys.
func TestSpread(t *testing.T) {
	p := newParts(5000, partSizes{leaves: 100, block: 8, most: 4096})
	defer p.close()
	want := map[uint32]entry{}
	for n := range uint32(5000) {
		e := entry{leaf: n, key: p.keyed(leaf.Key{31: byte(n), 30: byte(n >> 8)}), kind: signs, shown: n%2 == 0, counter: n * 7, Pledge: leaf.Pledge{Threshold: n * 9, Part: uint16(n)}}
		want[n] = e
		if err := p.add(e); err != nil {
			t.Fatal(err)
		}
	}
	for n := range p.all {
		var order []uint32
		err := p.each(n, func(e entry) bool {
			if want[e.leaf] != e {
				t.Fatalf("it became %+v", e)
			}
			delete(want, e.leaf)
			order = append(order, e.leaf)
			return true
		})
		if err != nil || !slices.IsSorted(order) || len(order) > 400 {
			t.Fatalf("%d entries, %v", len(order), err)
		}
	}
	if len(want) > 0 {
		t.Errorf("%d are lost", len(want))
	}
}
