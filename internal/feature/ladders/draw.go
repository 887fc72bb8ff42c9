package ladders

import (
	"fmt"
	"slices"
)

// drawing is a ladder as circles with the steps' numbers: each stands below the steps
// that come before it, or whose state its gate waits for.
type drawing struct {
	Width, Height int
	Lines         []drawnLine
	Dots          []drawnDot
}

type drawnDot struct {
	X, Y, N int
	State   State
}

// drawnLine leads from a step to a later one. A dashed one is a gate's: what follows if
// the step lapses, say.
type drawnLine struct {
	Path  string // of SVG
	Gate  bool
	Taken bool // both ends have opened
}

// Of a drawing, in its own units: a phone shows them as pixels.
const (
	drawnWidth = 240 // at least
	drawnApart = 40
	drawnRow   = 56
	drawnDotR  = 15
)

// draw is nil for a ladder that a line of words shows as well.
func draw(p *Plan, steps []stepView) *drawing {
	if len(steps) < 2 {
		return nil
	}
	before := make([][]link, len(steps))
	for i := range p.Steps {
		before[i] = p.links(&p.Steps[i])
	}
	row := rows(before)
	beside := make([][]int, slices.Max(row)+1)
	for i, r := range row {
		beside[r] = append(beside[r], i)
	}
	d := &drawing{Width: drawnWidth, Height: drawnRow * len(beside)}
	for _, all := range beside {
		d.Width = max(d.Width, drawnApart*len(all))
	}
	at := make([]drawnDot, len(steps))
	for r, all := range beside {
		for n, i := range all {
			at[i] = drawnDot{d.Width * (2*n + 1) / (2 * len(all)), drawnRow*r + drawnRow/2, steps[i].N, steps[i].State}
		}
	}
	d.Dots = at
	for i, all := range before {
		for _, l := range all {
			from, to := at[l.step], at[i]
			d.Lines = append(d.Lines, drawnLine{d.curve(from, to, row[i]-row[l.step]), l.gate, from.begun() && to.begun()})
		}
	}
	return d
}

func (d drawnDot) begun() bool { return d.State == Open || d.State == Met }

// link is a step that another one waits for.
type link struct {
	step int
	gate bool
}

// links are the steps that one comes after, and then those that only its gate names.
func (p *Plan) links(s *Step) (out []link) {
	add := func(key string, gate bool) {
		n := p.step(key)
		if n >= 0 && !slices.ContainsFunc(out, func(l link) bool { return l.step == n }) {
			out = append(out, link{n, gate})
		}
	}
	for _, k := range s.After {
		add(k, false)
	}
	s.Gate.leaves(func(g *Gate) {
		if g.Step != "" {
			add(g.Step, true)
		}
	})
	return out
}

// rows is how many steps come before each at most. A draft may still go in circles; it
// has no more rows than steps.
func rows(before [][]link) []int {
	row := make([]int, len(before))
	for range before {
		for i, all := range before {
			for _, l := range all {
				row[i] = min(max(row[i], row[l.step]+1), len(before)-1)
			}
		}
	}
	return row
}

// curve goes around what stands between rows that are not next to each other.
func (d *drawing) curve(from, to drawnDot, rows int) string {
	aside := 0
	if rows > 1 {
		aside = 3 * drawnDotR
		if from.X+to.X < d.Width {
			aside = -aside
		}
	}
	y1, y2 := from.Y+drawnDotR, to.Y-drawnDotR
	return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", from.X, y1, from.X+aside, y1+drawnRow/2, to.X+aside, y2-drawnRow/2, to.X, y2)
}
