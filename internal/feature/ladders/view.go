package ladders

import (
	"html/template"
	"time"

	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/markdown"
)

func urlOf(c *Campaign) string { return "/campaigns/" + c.Handle + "/ladder" }

// title is what a step is called, also one of an earlier version.
func (d *Ladder) title(key string) string {
	if d.Published == nil {
		return key
	}
	for _, p := range append([]Plan{d.Published.Plan}, plansOf(d.Earlier)...) {
		if at := p.step(key); at >= 0 {
			return p.Steps[at].Title
		}
	}
	return key
}

func plansOf(all []Version) (out []Plan) {
	for _, v := range all {
		out = append(out, v.Plan)
	}
	return out
}

// words say in the reader's language what gates wait for.
type words struct {
	*i18n.Locale
	d    *Ladder
	plan *Plan // for what steps are called
}

// at is a moment in one line, on the clocks of a place.
func at(l *i18n.Locale, t time.Time, zone string) string {
	if loc, err := geo.LoadZone(zone); err == nil && zone != "" {
		t = t.In(loc)
	} else {
		zone = "UTC"
		t = t.UTC()
	}
	return l.DateShort(t) + ", " + l.Time(t) + " (" + zone + ")"
}

func (w words) stepTitle(key string) string {
	if i := w.plan.step(key); i >= 0 {
		return w.plan.Steps[i].Title
	}
	return key
}

// called is the name of what a condition is about, where that is known.
func (w words) called(g *Gate, otherwise string) string {
	if x := w.d.Watches[g.atom()]; x.Label != "" {
		return x.Label
	}
	return otherwise
}

// say is a condition as a sentence, and where to look.
func (w words) say(g *Gate) (text, url string) {
	switch g.kind() {
	case "date":
		t, _ := g.moment().Time()
		return w.T("It is {time}.", "time", at(w.Locale, t, g.Zone)), ""
	case "count":
		return w.count(g)
	case "silence":
		p := g.Silence.Petition
		return w.T("“{title}” got no reply in time.", "title", w.called(g, p)), "/petitions/" + p
	case "refusal":
		p := g.Refusal.Petition
		return w.T("What “{title}” asks was refused.", "title", w.called(g, p)), "/petitions/" + p
	case "decision":
		return w.T("A proposal is adopted."), "/proposals/" + g.Decision.Proposal
	case "turnout":
		n := g.Turnout.Low
		if g.Turnout.Campaign {
			return w.N("{n} person came to the events of this campaign, by the lowest estimates.", "{n} people came to the events of this campaign, by the lowest estimates.", n), ""
		}
		return w.N("{n} person came to “{title}”, by the lowest estimate.", "{n} people came to “{title}”, by the lowest estimate.", n,
			"title", w.called(g, g.Turnout.Event)), "/events/" + g.Turnout.Event
	case "trigger":
		n := max(g.Trigger.N, len(g.Trigger.Delegates))
		return w.N("{n} of {of} delegates declares: “{what}”.", "{n} of {of} delegates declare: “{what}”.", g.Trigger.K, "of", n, "what", g.Trigger.Name), ""
	case "step":
		switch g.State {
		case Met:
			return w.T("“{step}” is met.", "step", w.stepTitle(g.Step)), "#step-" + g.Step
		case Lapsed:
			return w.T("“{step}” has lapsed.", "step", w.stepTitle(g.Step)), "#step-" + g.Step
		case Open, Waiting, Halted:
		}
		return w.T("“{step}” has opened.", "step", w.stepTitle(g.Step)), "#step-" + g.Step
	}
	return "", ""
}

func (w words) count(g *Gate) (text, url string) {
	n := g.Count
	title := w.called(g, n.Petition+n.Pledge)
	switch {
	case n.Petition != "":
		return w.N("{n} person has signed “{title}”.", "{n} people have signed “{title}”.", n.People, "title", title), "/petitions/" + n.Petition
	case n.Part != "":
		return w.N("{n} person in {part} stands in “{title}”.", "{n} people in {part} stand in “{title}”.", n.People, "title", title, "part", n.Part), "/pledges/" + n.Pledge
	case n.Groups > 0:
		return w.N("{n} place or group of “{title}” has {people} people.", "{n} places or groups of “{title}” have {people} people each.", n.Groups,
			"title", title, "people", n.People), "/pledges/" + n.Pledge
	}
	return w.N("{n} person stands in “{title}”.", "{n} people stand in “{title}”.", n.People, "title", title), "/pledges/" + n.Pledge
}

// condView is a condition of a gate on a page, or several.
type condView struct {
	Text, URL string
	Join      string // before Of
	Of        []condView
	Open      bool
	State     string // how far away
	Have, Max int    // of a meter, where there is one
}

func (w words) cond(p Progress) condView {
	v := condView{Open: p.Open, Have: min(p.Have, p.Need), Max: p.Need}
	if p.Gate == nil {
		return v
	}
	if p.Of != nil {
		v.Join = w.T("All of these:")
		if p.Gate.Any != nil {
			v.Join = w.T("One of these:")
		}
		for _, x := range p.Of {
			v.Of = append(v.Of, w.cond(x))
		}
		return v
	}
	v.Text, v.URL = w.say(p.Gate)
	counts := p.Need > 1 || p.Gate.Count != nil || p.Gate.Turnout != nil
	switch {
	case p.Open:
		zone := p.Gate.Zone
		if zone == "" {
			zone = w.plan.zone(nil)
		}
		v.State = w.T("since {time}", "time", at(w.Locale, p.Since, zone))
	case p.Never:
		v.State = w.T("cannot happen any more")
	case counts:
		v.State = w.T("{n} of {need}; {more} more", "n", p.Have, "need", p.Need, "more", max(p.Need-p.Have, 0))
	default:
		v.State = w.T("not yet")
	}
	if !counts {
		v.Max = 0
	}
	return v
}

// stepView is a step on a page.
type stepView struct {
	N                 int
	Key, Title, Kind  string
	HTML              template.HTML
	Link              string
	State             State
	StateName, Reason string
	Since             string
	After             []linkView
	Gate, Met         *condView
	Lapses            string
	Agreed            []string
}

type linkView struct{ URL, Title string }

func (w words) step(n int, facts Known, now time.Time) stepView {
	s := &w.plan.Steps[n]
	v := stepView{N: n + 1, Key: s.Key, Title: s.Title, Link: s.Link, State: Waiting}
	if s.Kind != "other" {
		v.Kind = w.T(kindName(s.Kind))
	}
	v.HTML, _ = markdown.Render(s.About) // checked when it was stored
	for _, k := range s.After {
		v.After = append(v.After, linkView{"#step-" + k, w.stepTitle(k)})
	}
	if x := w.d.Stand[s.Key]; x != nil {
		v.State = x.State
	}
	v.StateName = w.T(v.State.name())
	for _, p := range w.d.Past {
		if p.Step == s.Key {
			v.Reason, v.Since = w.T(reasonName(p.Reason)), at(w.Locale, p.At, w.plan.zone(s))
			break
		}
	}
	if s.Gate != nil {
		g := w.cond(Eval(s.Gate, facts, now))
		v.Gate = &g
	}
	if s.MetBy != nil {
		g := w.cond(Eval(s.MetBy, facts, now))
		v.Met = &g
	}
	if s.Lapses != nil && (v.State == Waiting || v.State == Halted) {
		v.Lapses = at(w.Locale, s.lapses(), s.Lapses.Zone)
	}
	for _, a := range w.d.Agreed {
		if a.Step == s.Key {
			v.Agreed = append(v.Agreed, w.T(actName(a.Act)))
		}
	}
	return v
}

// zone is that in which the times of a step are said: its own, or else the first in the
// ladder, so that one page has one clock where it can; "" for none.
func (p *Plan) zone(s *Step) (zone string) {
	if s != nil {
		zone = s.zone()
	}
	for i := range p.Steps {
		if zone == "" {
			zone = p.Steps[i].zone()
		}
	}
	return zone
}

// zone is that of the times in a step, "" for none.
func (s *Step) zone() (zone string) {
	if s.Lapses != nil {
		zone = s.Lapses.Zone
	}
	s.Gate.leaves(func(g *Gate) {
		if g.Zone != "" {
			zone = g.Zone
		}
	})
	return zone
}

// actName says what one owner has asked for.
func actName(act string) string {
	switch act {
	case DoResume:
		return i18n.Mark("One owner wants this step to go on. A second one has to say so, too.")
	case DoMet:
		return i18n.Mark("One owner says that this step is met. A second one has to say so, too.")
	case DoUp:
		return i18n.Mark("One owner wants the campaign to go on. A second one has to say so, too.")
	}
	return ""
}

func downText(l *i18n.Locale, d *Down) string {
	if d.Reason == "met" {
		return l.T("This campaign has stood down on {day}: its demands are met.", "day", l.DateShort(d.At))
	}
	return l.T("This campaign has stood down on {day}.", "day", l.DateShort(d.At))
}
