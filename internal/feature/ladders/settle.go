package ladders

import "time"

// Standing is where a step stands.
type Standing struct {
	State State
	Was   State // before it was halted
	// Free is the first moment at which it may move: when it was published, or went on.
	Free                time.Time
	Opened, Met, Lapsed time.Time // zero when it was never so
}

// Move is one change of a step.
type Move struct {
	Step   string
	State  State
	Reason string
	At     time.Time
}

// Settle moves the steps of a ladder as far as they go by now, and returns the moves in
// the order of their moments. Each is dated by when its condition came true, however
// late that is heard of, and the earliest is made first: so what comes out does not
// depend on when, or how often, Settle is asked. stand has every step of the plan, and
// is changed.
func Settle(p *Plan, stand map[string]*Standing, f Known, now time.Time) []Move {
	var out []Move
	known := Known{}
	for atom, x := range f {
		known[atom] = x
	}
	for key, s := range stand {
		s.tell(known, key)
	}
	for {
		best, ok := Move{}, false
		for i := range p.Steps {
			if m, can := next(&p.Steps[i], stand, known, now); can && (!ok || m.before(best)) {
				best, ok = m, true
			}
		}
		if !ok {
			return out
		}
		s := stand[best.Step]
		s.move(best)
		s.tell(known, best.Step)
		out = append(out, best)
	}
}

// before orders moves: by their moment, and at the same moment what opens comes before
// what lapses.
func (m Move) before(o Move) bool {
	if !m.At.Equal(o.At) {
		return m.At.Before(o.At)
	}
	return m.State != Lapsed && o.State == Lapsed
}

func (s *Standing) move(m Move) {
	if m.State == Halted {
		s.Was = s.State
	}
	s.State = m.State
	switch m.State {
	case Open:
		if s.Opened.IsZero() {
			s.Opened = m.At
		}
	case Met:
		s.Met = m.At
	case Lapsed:
		s.Lapsed = m.At
	case Waiting, Halted:
	}
}

// tell adds what a step has been to the facts that gates of others ask for.
func (s *Standing) tell(f Known, key string) {
	for state, at := range map[State]time.Time{Open: s.Opened, Met: s.Met, Lapsed: s.Lapsed} {
		if !at.IsZero() {
			f[(&Gate{Step: key, State: state}).atom()] = Fact{Have: 1, Since: at}
		}
	}
}

// next is the next move of a step that is due by now.
func next(s *Step, stand map[string]*Standing, f Known, now time.Time) (Move, bool) {
	x := stand[s.Key]
	switch x.State {
	case Waiting:
		return opening(s, x, stand, f, now)
	case Open:
		if s.MetBy == nil {
			break
		}
		if p := Eval(s.MetBy, f, now); p.Open {
			return Move{s.Key, Met, ByGate, later(p.Since, later(x.Opened, x.Free))}, true
		}
	case Met, Lapsed, Halted:
	}
	return Move{}, false
}

// opening is how a waiting step opens or lapses. One that must come after another
// waits until that is open or met, and not halted.
func opening(s *Step, x *Standing, stand map[string]*Standing, f Known, now time.Time) (Move, bool) {
	at, ready := x.Free, true
	for _, key := range s.After {
		switch y := stand[key]; y.State {
		case Open, Met:
			at = later(at, later(y.Opened, y.Free))
		case Lapsed:
			return Move{s.Key, Lapsed, ByBefore, later(y.Lapsed, x.Free)}, true
		case Waiting, Halted:
			ready = false
		}
	}
	p := Eval(s.Gate, f, now)
	at = later(at, p.Since)
	end := s.lapses()
	if ready && p.Open && !at.After(now) && (end.IsZero() || at.Before(end)) {
		return Move{s.Key, Open, ByGate, at}, true
	}
	if !end.IsZero() && !end.After(now) {
		return Move{s.Key, Lapsed, ByLapse, later(end, x.Free)}, true
	}
	return Move{}, false
}

// ready reports whether no other step holds s back: all that come before it are open or
// met.
func ready(s *Step, stand map[string]*Standing) bool {
	for _, key := range s.After {
		if x := stand[key]; x == nil || x.State != Open && x.State != Met {
			return false
		}
	}
	return true
}

// fresh is where every step of a plan stands when it is published.
func (p *Plan) fresh(at time.Time) map[string]*Standing {
	out := map[string]*Standing{}
	for i := range p.Steps {
		out[p.Steps[i].Key] = &Standing{State: Waiting, Free: at}
	}
	return out
}

// Simulate is how a ladder would go if it were published at one moment, looked at until
// another, when things happen as assumed. stand is where steps of an earlier version
// stand that have moved already; it is not changed, and may be nil.
func Simulate(p *Plan, stand map[string]*Standing, assumed Known, from, until time.Time) ([]Move, map[string]*Standing) {
	out := p.fresh(from)
	for key, x := range stand {
		if out[key] != nil {
			y := *x
			out[key] = &y
		}
	}
	return Settle(p, out, assumed, until), out
}
