package alerts

import (
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/fact"
)

// TestLeftThenGrows: what was left when it was far waits again when it has changed; what was
// passed on does not.
func TestLeftThenGrows(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		f.far()
		_, err := f.report("", smoke())
		must(t, err)
		m := f.message(f.first())
		last, err := f.send(f.first().ID, m, "bo", "cy")
		must(t, err)
		origin := last
		waits := func(want bool) {
			t.Helper()
			if q := f.browser("dee").Get("/alerts/queue/far").Text("main"); strings.Contains(q, "From neighbouring") != want {
				t.Errorf("it waits: %t", !want)
			}
		}
		for range 2 {
			waits(true)
			for range 2 {
				must(t, f.Leave(f.ctx(), as("dee"), "far", last))
			}
			waits(false)
			m.Kind, m.Cells = fact.AlertUpdate, nil
			for _, c := range f.areaCells()[:maxCells/2] {
				m.Cells = append(m.Cells, c.String())
			}
			slices.Sort(m.Cells)
			advance(f, time.Minute)
			last, err = f.both("near", origin, m, "bo", "cy")
			must(t, err)
		}
		waits(true)
		_, err = f.Pass(f.ctx(), as("dee"), "far", last)
		must(t, err)
		waits(false)
		must(t, f.Leave(f.ctx(), as("dee"), "far", last))
		must(t, f.Leave(f.ctx(), as("dee"), "far", origin))
		m.Kind = fact.AlertCorrect
		_, err = f.both("near", origin, m, "bo", "cy")
		must(t, err)
		waits(false)
		if all := f.heard.all; all[len(all)-1].Chain == origin {
			t.Error("what was passed on is not corrected")
		}
	})
}

// TestStandingBehindManyOver: many later alerts that are over do not hide one that stands from
// the queue, neither from that of its network nor from a neighbour's.
func TestStandingBehindManyOver(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		f.far()
		_, err := f.report("", smoke())
		must(t, err)
		m := f.message(f.first())
		m.Lasts = 720
		_, err = f.send(f.first().ID, m, "bo", "cy")
		must(t, err)
		n := 0
		for _, category := range []string{"road", "weather", "operation", "person"} {
			for _, c := range f.areaCells() {
				if n == 20 || c == m.cells()[0] {
					continue
				}
				_, err := f.report("", seenIn(ReportInput{Category: category, Network: "near", Ago: "0", FirstHand: "seen"}, c))
				must(t, err)
				q := waiting(t, f, "near")
				if len(q) == 0 {
					continue // of a case of which an alert came
				}
				x := f.message(&q[0])
				x.Lasts, x.Guidance = 10, nil
				advance(f, time.Second)
				_, err = f.send(q[0].ID, x, "bo", "cy")
				must(t, err)
				n++
			}
		}
		if n < 20 {
			t.Fatalf("only %d", n)
		}
		advance(f, 30*time.Minute)
		for net, who := range map[string]string{"far": "dee", "near": "bo"} {
			if q := f.browser(who).Get("/alerts/queue/" + net).Text("main"); strings.Count(q, "Fire and smoke, Leipzig") != 1 {
				t.Errorf("what stands until midnight is not on the queue of %s: %s", net, q)
			}
		}
	})
}

// TestPassAgainAfterTakenBack: who presses “Pass it on” once more learns that it was taken back
// meanwhile; before that it is said to be passed on, once.
func TestPassAgainAfterTakenBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		f.far()
		_, err := f.report("", smoke())
		must(t, err)
		origin, err := f.send(f.first().ID, f.message(f.first()), "bo", "cy")
		must(t, err)
		copied, err := f.Pass(f.ctx(), as("dee"), "far", origin)
		must(t, err)
		if again, err := f.Pass(f.ctx(), as("fay"), "far", origin); err != nil || again != copied {
			t.Errorf("%s %v", again, err)
		}
		_, err = f.Withdraw(f.ctx(), as("fay"), "far", copied)
		must(t, err)
		if _, err := f.Pass(f.ctx(), as("dee"), "far", origin); code(err) != "alert.withdrawn" {
			t.Errorf("it is withdrawn, and nothing goes out: %v", err)
		}
		f.browser("dee").Post("/alerts/queue/far/pass/"+origin, "do", "pass").Want(t, 409, "")
		if n := len(f.heard.all); n != 3 {
			t.Errorf("%d went out", n)
		}
	})
}
