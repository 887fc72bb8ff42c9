package ladders

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"convoke/internal/day"
	"convoke/internal/geo"
	"convoke/internal/web"
)

// assumption is something that may happen or not, in a simulation: that a number is
// reached, for all steps that wait for one of the same people, or anything else.
type assumption struct {
	N        string // behind the names of the fields
	Text     string
	URL      string
	Far      string   // how far it is now
	Lower    []string // what is so before
	Count    bool     // a number is assumed
	Silence  bool     // that nobody replies until a day
	Settled  bool     // it has happened, or cannot any more: nothing is assumed
	Happened bool
	waits    []*Gate
}

// futureView is a move in a simulation.
type futureView struct {
	Day, Time, Reason string
	stepView
}

type simulateData struct {
	Form             *web.Form
	Campaign         Campaign
	URL              string
	Asks             []assumption
	Asked            bool
	Zone, Until      string
	Nothing, AtOnce  string // queries
	Moves            []futureView
	Ends             []stepView
	HasSteps, Failed bool
}

var simulatePage = web.NewPage[simulateData](pages, "pages/simulate.html", "pages/parts.html")

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
	return time.Date(d.Year(), d.Month(), d.Day(), 12, 0, 0, 0, loc), true
}

// simulate shows how the draft would go if it were published now and things happened as
// the reader assumes: at noon of the day that is given for each; a silence, when its day
// is over.
func (w *Web) simulate(c *web.Call) error {
	d, _, err := w.draft(c)
	if err != nil {
		return err
	}
	q, zone := c.Query(), d.zone()
	f := c.NewForm()
	s := simulateData{Form: f, Campaign: d.Of, URL: urlOf(&d.Of), Asked: q.Get("until") != "", Zone: zone, HasSteps: len(d.Draft.Steps) > 0}
	until, ok := dayIn(q.Get("until"), zone)
	if !ok {
		until, _ = on(c.Now().AddDate(1, 0, 0), zone)
		if s.Asked {
			f.Fail("until", "Write the day as year-month-day, such as 2026-11-28.")
		}
	}
	f.Set("until", until.Format(time.DateOnly))
	known := s.assume(c, d, q, f)
	s.presets(until, c.Now())
	if s.Asked && !f.Failed() && len(Check(&d.Draft, c.Now(), d.moved())) == 0 {
		s.run(c, d, known, until)
	} else if s.Asked && !f.Failed() {
		f.Fail("steps", "This ladder has something in it that is wrong. Mend that first.")
	}
	s.Failed = f.Failed()
	return simulatePage.RenderForm(c, f, s)
}

// subject is what a number is counted of, "" for what is no number.
func (g *Gate) subject() string {
	x := *g
	switch {
	case g.Count != nil && g.Count.Groups == 0:
		n := *g.Count
		n.People, x.Count = 0, &n
	case g.Turnout != nil:
		x.Turnout = &Turnout{Event: g.Turnout.Event, Campaign: g.Turnout.Campaign}
	default:
		return ""
	}
	return x.atom()
}

// asks are what may be assumed, in the order of the steps; of the same people the highest
// number that something waits for.
func (w words) asks(live Known, now time.Time) (out []assumption) {
	of := map[string]int{}
	for _, g := range w.plan.atoms() {
		p, sub := Eval(g, live, now), g.subject()
		a := assumption{Count: g.need() > 1, Silence: g.Silence != nil, Happened: p.Open, Settled: p.Open || p.Never, waits: []*Gate{g}}
		a.Text, a.URL = w.say(g)
		if !p.Open {
			a.Far = w.far(&p, now)
		}
		at, again := of[sub]
		switch {
		case a.Settled || sub == "" || !again:
			if !a.Settled {
				of[sub] = len(out)
			}
			out = append(out, a)
		case g.need() > out[at].waits[0].need():
			a.waits, a.Lower = append(a.waits, out[at].waits...), append(out[at].Lower, out[at].Text)
			out[at] = a
		default:
			out[at].waits, out[at].Lower = append(out[at].waits, g), append(out[at].Lower, a.Text)
		}
	}
	for i := range out {
		out[i].N = strconv.Itoa(i)
	}
	return out
}

// assume asks what happens, and reads what was answered. At first, nobody replies to a
// petition that waits for a reply, and nothing else happens.
func (s *simulateData) assume(c *web.Call, d *Ladder, q url.Values, f *web.Form) Known {
	known := Known{}
	s.Asks = words{c.Locale, d, &d.Draft}.asks(d.live(true, c.Now()), c.Now())
	for _, a := range s.Asks {
		if a.Settled {
			continue
		}
		g := a.waits[0]
		many, when := strings.TrimSpace(q.Get("n"+a.N)), strings.TrimSpace(q.Get("d"+a.N))
		if many == "" {
			many = strconv.Itoa(g.need())
		}
		if r := d.About[g.atom()].Reply; !s.Asked && a.Silence && r != nil && !r.Until.IsZero() {
			when = r.Until.Format(time.DateOnly)
		}
		f.Set("n"+a.N, many).Set("d"+a.N, when)
		have, err := strconv.Atoi(many)
		if err != nil || have < 0 {
			f.Fail("n"+a.N, "Write how many people it takes: from {min} to {max}.", "min", 1, "max", maxPeople)
		}
		at, ok := dayIn(when, s.Zone)
		switch {
		case !ok && when != "":
			f.Fail("d"+a.N, "Write the day as year-month-day, such as 2026-11-28.")
		case ok && a.Silence:
			at = day.At(day.After(day.Of(at), 1), at.Location())
		}
		for _, g := range a.waits {
			if ok && have >= g.need() {
				known[g.atom()] = Fact{Have: have, Since: at.UTC()}
			}
		}
	}
	return known
}

// presets are the two ends of what may happen: nothing, and everything today.
func (s *simulateData) presets(until, now time.Time) {
	q := url.Values{"until": {until.Format(time.DateOnly)}}
	s.Nothing = "?" + q.Encode()
	today, _ := on(now, s.Zone)
	for _, a := range s.Asks {
		if !a.Settled {
			q.Set("d"+a.N, today.Format(time.DateOnly))
			s.AtOnce = "?" + q.Encode()
		}
	}
}

// run goes through time.
func (s *simulateData) run(c *web.Call, d *Ladder, known Known, until time.Time) {
	l := c.Locale
	moves, stand, known := d.simulate(known, c.Now(), until.UTC())
	say := words{l, &Ladder{row: d.row, Of: d.Of, Stand: stand}, &d.Draft}
	for _, m := range moves {
		step := &d.Draft.Steps[d.Draft.step(m.Step)]
		t, _ := on(m.At, s.Zone)
		s.Moves = append(s.Moves, futureView{l.DateShort(t), l.Time(t), say.reason(&m, step), stepView{Title: step.Title, State: m.State, StateName: l.T(m.State.name())}})
	}
	s.Until = l.DateShort(until)
	for i := range d.Draft.Steps {
		s.Ends = append(s.Ends, say.step(i, known, until))
	}
}
