package ladders

import (
	"slices"
	"time"
)

// node is one thing that can become true of a step.
type node struct {
	step string
	met  bool // else that it opens
}

// circles refuses steps that wait for each other.
func (c *checker) circles(p *Plan) {
	done, way := map[node]bool{}, map[node]bool{}
	var walk func(n node) bool
	walk = func(n node) bool {
		if way[n] {
			return true
		}
		if done[n] {
			return false
		}
		way[n] = true
		defer func() { delete(way, n); done[n] = true }()
		return slices.ContainsFunc(p.needs(n), walk)
	}
	for i := range p.Steps {
		k := p.Steps[i].Key
		if walk(node{k, false}) || walk(node{k, true}) {
			c.fail("step-"+k, "gate.circle", "The step “{step}” waits for steps that wait for it.", "step", k)
			return
		}
	}
}

// needs are what must be known before n is.
func (p *Plan) needs(n node) (out []node) {
	s := &p.Steps[p.step(n.step)]
	g := s.Gate
	if n.met {
		out, g = append(out, node{n.step, false}), s.MetBy
	} else {
		for _, k := range s.After {
			out = append(out, node{k, false})
		}
	}
	g.leaves(func(x *Gate) {
		if x.Step != "" {
			out = append(out, node{x.Step, x.State == Met})
		}
	})
	return out
}

// maxWays bounds how many ways to open a gate are looked at; beyond it no
// contradiction is found.
const maxWays = 256

// ways are the sets of conditions that open a gate, each alone.
func (g *Gate) ways() [][]*Gate {
	switch {
	case g == nil:
		return [][]*Gate{{}}
	case g.Any != nil:
		var out [][]*Gate
		for i := range g.Any {
			out = append(out, g.Any[i].ways()...)
		}
		return out
	case g.All != nil:
		out := [][]*Gate{{}}
		for i := range g.All {
			var next [][]*Gate
			for _, a := range out {
				for _, b := range g.All[i].ways() {
					if len(next) < maxWays {
						next = append(next, slices.Concat(a, b))
					}
				}
			}
			out = next
		}
		return out
	}
	return [][]*Gate{{g}}
}

// reach refuses gates that can never open, or have a way that cannot.
func (c *checker) reach(p *Plan, now time.Time, moved map[string]bool) {
	r := reacher{p: p, soonest: map[string]time.Time{}, lost: map[string]bool{}, ends: map[string]time.Time{}}
	for i := range p.Steps {
		s := &p.Steps[i]
		at, end := "step-"+s.Key, s.lapses()
		if moved[s.Key] {
			continue
		}
		if !end.IsZero() && !end.After(now) {
			c.fail(at, "gate.lapsed", "The step “{step}” would have lapsed already.", "step", s.Key)
			continue
		}
		r.open(s.Key)
		late, never := r.wrong(s)
		switch {
		case never:
			c.fail(at, "gate.never", "The step “{step}” could never open so: its conditions contradict each other.", "step", s.Key)
		case late:
			c.fail(at, "gate.late", "The step “{step}” would lapse before it could open so.", "step", s.Key)
		}
		if s.MetBy != nil && r.impossible(s.MetBy.ways(), s.Key) {
			c.fail(at, "gate.never_met", "What says that “{step}” is met contradicts itself.", "step", s.Key)
		}
	}
}

// reacher remembers when steps can open at the soonest, which never can, and when they
// can lapse: each step is asked once, however many come after it. Steps wait for each
// other in no circle.
type reacher struct {
	p       *Plan
	soonest map[string]time.Time
	lost    map[string]bool
	ends    map[string]time.Time // zero for one that never lapses
}

// open is when a step can open at the soonest; ok is false when it never can.
func (r *reacher) open(key string) (soonest time.Time, ok bool) {
	if t, known := r.soonest[key]; known {
		return t, !r.lost[key]
	}
	s := &r.p.Steps[r.p.step(key)]
	first, can := time.Time{}, false
	for _, way := range s.Gate.ways() {
		t, ok := r.way(way, s.After)
		if ok && (!can || t.Before(first)) {
			first, can = t, true
		}
	}
	end := s.lapses()
	if can && !end.IsZero() && !first.Before(end) {
		can = false
	}
	r.soonest[key], r.lost[key] = first, !can
	return first, can
}

// wrong looks at each way in which a step opens: one that comes too late, or never, is
// there by mistake.
func (r *reacher) wrong(s *Step) (late, never bool) {
	end := s.lapses()
	for _, way := range s.Gate.ways() {
		t, ok := r.way(way, s.After)
		never = never || !ok
		late = late || ok && !end.IsZero() && !t.Before(end)
	}
	return late, never
}

func (r *reacher) impossible(ways [][]*Gate, after string) bool {
	return slices.ContainsFunc(ways, func(way []*Gate) bool { _, ok := r.way(way, []string{after}); return !ok })
}

// way is when conditions can hold together at the soonest, with steps open before.
func (r *reacher) way(way []*Gate, after []string) (soonest time.Time, ok bool) {
	opens, lapses := slices.Clone(after), map[string]bool{}
	for _, g := range way {
		switch {
		case g.Date != "":
			t, _ := g.moment().Time() // one that is wrong was refused before
			soonest = later(soonest, t)
		case g.Step != "" && g.State == Lapsed:
			lapses[g.Step] = true
		case g.Step != "":
			opens = append(opens, g.Step)
		}
	}
	for _, key := range opens {
		t, can := r.open(key)
		if !can || lapses[key] {
			return soonest, false
		}
		soonest = later(soonest, t)
	}
	for key := range lapses {
		t, can := r.lapse(key)
		if !can {
			return soonest, false
		}
		soonest = later(soonest, t)
	}
	return soonest, true
}

// lapse is when a step can lapse at the soonest: at its own last moment, or with one
// that must come before it.
func (r *reacher) lapse(key string) (soonest time.Time, ok bool) {
	if t, known := r.ends[key]; known {
		return t, !t.IsZero()
	}
	defer func() { r.ends[key] = soonest }()
	s := &r.p.Steps[r.p.step(key)]
	if s.Lapses != nil {
		soonest, ok = s.lapses(), true
	}
	for _, k := range s.After {
		if t, can := r.lapse(k); can && (!ok || t.Before(soonest)) {
			soonest, ok = t, true
		}
	}
	return soonest, ok
}
