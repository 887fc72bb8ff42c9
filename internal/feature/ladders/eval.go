package ladders

import "time"

// Fact is what is known of one atom (see [Gate]): how far it is, and since when it is
// true. Never says that it cannot become true any more, and Due, which pages show, when
// it does if nothing happens before.
type Fact struct {
	Have  int
	Since time.Time // zero while it is not
	Never bool
	Due   time.Time
}

// Known is what is known, by atom. What is not there has not happened. Dates need not
// be there.
type Known map[string]Fact

// Progress is how far a gate is, with the parts of it.
type Progress struct {
	Gate       *Gate
	Have, Need int
	Open       bool
	Since      time.Time // when it opened
	Never      bool      // it cannot open any more
	Due        time.Time // when it opens if nothing happens before; zero when that is not known
	Of         []Progress
}

// Eval says where a gate stands at a moment. It opens once for all: at the latest
// moment of all its parts, or at the first of any. A gate of nil is open since ever.
func Eval(g *Gate, f Known, now time.Time) Progress {
	if g == nil {
		return Progress{Open: true}
	}
	switch {
	case g.All != nil:
		return evalAll(g, f, now)
	case g.Any != nil:
		return evalAny(g, f, now)
	}
	p := Progress{Gate: g, Need: g.need()}
	if g.Date != "" {
		t, err := g.moment().Time()
		if p.Never, p.Due = err != nil, t; err == nil && !t.After(now) {
			p.Have, p.Open, p.Since = 1, true, t
		}
		return p
	}
	x := f[g.atom()]
	p.Have, p.Never, p.Due = x.Have, x.Never, x.Due
	if !x.Since.IsZero() && !x.Since.After(now) {
		p.Have, p.Open, p.Since, p.Never = max(x.Have, p.Need), true, x.Since, false
	}
	return p
}

func evalAll(g *Gate, f Known, now time.Time) Progress {
	p := Progress{Gate: g, Need: len(g.All)}
	for i := range g.All {
		x := Eval(&g.All[i], f, now)
		p.Of, p.Never = append(p.Of, x), p.Never || x.Never
		if x.Open {
			p.Have++
			p.Since = later(p.Since, x.Since)
		}
	}
	if p.Open = p.Have == p.Need; !p.Open {
		p.Since = time.Time{}
	}
	return p
}

func evalAny(g *Gate, f Known, now time.Time) Progress {
	p := Progress{Gate: g, Need: 1, Never: true}
	for i := range g.Any {
		x := Eval(&g.Any[i], f, now)
		p.Of, p.Never = append(p.Of, x), p.Never && x.Never
		if x.Open && (!p.Open || x.Since.Before(p.Since)) {
			p.Have, p.Open, p.Since = 1, true, x.Since
		}
	}
	p.Never = p.Never && !p.Open
	return p
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
