package ladders

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestDrawing: a branch is drawn beside its sister, below what it comes after; the way
// that only a gate names is dashed; what has been gone is marked.
func TestDrawing(t *testing.T) {
	t.Parallel()
	p, err := ParsePlan([]byte(`{"steps":[
		{"key":"sign","title":"Sign","kind":"petition"},
		{"key":"walk","title":"Walk","kind":"walkout","after":["sign"]},
		{"key":"talk","title":"Talk","kind":"delegation","gate":{"step":"sign","state":"lapsed"}},
		{"key":"end","title":"End","kind":"statement","after":["sign","walk"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	d := draw(&p, []stepView{{N: 1, State: Met}, {N: 2, State: Open}, {N: 3, State: Waiting}, {N: 4, State: Waiting}})
	at := d.Dots
	if at[0].Y >= at[1].Y || at[1].Y != at[2].Y || at[1].X >= at[2].X || at[3].Y <= at[1].Y || at[0].X != drawnWidth/2 || d.Height <= at[3].Y {
		t.Errorf("%+v", d)
	}
	var drawn []string
	for _, l := range d.Lines {
		how := "plain"
		if l.Gate {
			how = "gate"
		}
		if l.Taken {
			how += " taken"
		}
		drawn = append(drawn, how)
	}
	if got := strings.Join(drawn, ", "); got != "plain taken, gate, plain, plain" {
		t.Error(got)
	}
	if draw(&Plan{Steps: p.Steps[:1]}, []stepView{{}}) != nil {
		t.Error("one step is drawn")
	}
}

// TestDrawingOfAny: no two steps touch, each below those it comes after, and
// all within the frame.
func TestDrawingOfAny(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		p := drawPlan(rt)
		steps := make([]stepView, len(p.Steps))
		d := draw(&p, steps)
		if d == nil {
			return
		}
		for i, x := range d.Dots {
			touches := func(o drawnDot) bool { return o.Y == x.Y && o.X > x.X-2*drawnDotR && o.X < x.X }
			if slices.ContainsFunc(d.Dots, touches) || x.X < drawnDotR || x.X > d.Width-drawnDotR || x.Y < drawnDotR || x.Y > d.Height-drawnDotR {
				rt.Fatalf("%+v", d.Dots)
			}
			for _, l := range p.links(&p.Steps[i]) {
				if d.Dots[l.step].Y >= x.Y {
					rt.Fatalf("%s: %d is not below %d", p.JSON(), i, l.step)
				}
			}
		}
	})
}
