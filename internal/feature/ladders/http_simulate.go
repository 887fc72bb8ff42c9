package ladders

import (
	"strconv"
	"strings"
	"time"

	"convoke/internal/geo"
	"convoke/internal/web"
)

// assumption is something that may happen or not, in a simulation.
type assumption struct {
	Atom  string // name of the fields
	Text  string
	Count bool // a number is assumed
	N     string
	Day   string
}

type simulateData struct {
	Form     *web.Form
	Campaign Campaign
	URL      string
	Asks     []assumption
	Until    string
	Asked    bool
	Moves    []pastView
	Ends     []stepView
}

var simulatePage = web.NewPage[simulateData](pages, "pages/simulate.html")

// atoms are what may happen to a plan, each once, in the order of its steps: dates come
// by themselves, and steps follow.
func (p *Plan) atoms() (out []*Gate) {
	seen := map[string]bool{}
	p.leaves(func(_ *Step, g *Gate) {
		if a := g.atom(); g.Date == "" && g.Step == "" && !seen[a] {
			seen[a] = true
			out = append(out, g)
		}
	})
	return out
}

// dayIn is noon of a day on the clocks of a zone.
func dayIn(s, zone string) (time.Time, bool) {
	d, err := time.Parse(time.DateOnly, strings.TrimSpace(s))
	if err != nil || d.Year() < 2000 || d.Year() > 2200 {
		return time.Time{}, false
	}
	loc, err := geo.LoadZone(zone)
	if err != nil {
		loc = time.UTC
	}
	return time.Date(d.Year(), d.Month(), d.Day(), 12, 0, 0, 0, loc).UTC(), true
}

// simulate shows how the draft would go if it were published now and things happened as
// the reader assumes: at noon of the day that is given for each.
func (w *Web) simulate(c *web.Call) error {
	d, _, err := w.draft(c)
	if err != nil {
		return err
	}
	q, zone := c.Query(), d.zone()
	f := c.NewForm()
	s := simulateData{Form: f, Campaign: d.Of, URL: urlOf(&d.Of), Asked: q.Get("until") != ""}
	until, ok := dayIn(q.Get("until"), zone)
	if !ok {
		until = c.Now().AddDate(1, 0, 0)
		if s.Asked {
			f.Fail("until", "Write the day as year-month-day, such as 2026-11-28.")
		}
	}
	s.Until = until.Format(time.DateOnly)
	f.Set("until", s.Until)
	say, known := words{c.Locale, d, &d.Draft}, Known{}
	for i, g := range d.Draft.atoms() {
		n := strconv.Itoa(i)
		text, _ := say.say(g)
		a := assumption{Atom: n, Text: text, Count: g.need() > 1, N: q.Get("n" + n), Day: q.Get("d" + n)}
		f.Set("n"+n, a.N).Set("d"+n, a.Day)
		s.Asks = append(s.Asks, a)
		day, ok := dayIn(a.Day, zone)
		if !ok && strings.TrimSpace(a.Day) != "" {
			f.Fail("d"+n, "Write the day as year-month-day, such as 2026-11-28.")
		}
		have := g.need()
		if x, err := strconv.Atoi(strings.TrimSpace(a.N)); err == nil {
			have = x
		}
		if ok && have >= g.need() {
			known[g.atom()] = Fact{Have: have, Since: day}
		}
	}
	if s.Asked && !f.Failed() && len(Check(&d.Draft, c.Now(), d.moved())) == 0 {
		s.run(c, d, known, until)
	} else if s.Asked && !f.Failed() {
		f.Fail("steps", "This ladder has something in it that is wrong. Mend that first.")
	}
	return simulatePage.RenderForm(c, f, s)
}

// run goes through time.
func (s *simulateData) run(c *web.Call, d *Ladder, known Known, until time.Time) {
	l := c.Locale
	moves, stand, known := d.simulate(known, c.Now(), until)
	say := words{l, &Ladder{row: d.row, Of: d.Of, Stand: stand}, &d.Draft}
	for _, m := range moves {
		s.Moves = append(s.Moves, pastView{at(l, m.At, d.zone()), say.stepTitle(m.Step), l.T(m.State.name()), l.T(reasonName(m.Reason)), ""})
	}
	for i := range d.Draft.Steps {
		s.Ends = append(s.Ends, say.step(i, known, until))
	}
}
