package ladders

import (
	"context"
	"html/template"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/markdown"
)

func urlOf(c *Campaign) string { return "/campaigns/" + c.Handle + "/ladder" }

// step is one as it was published last, also of an earlier version; nil when there is none.
func (d *Ladder) step(key string) *Step {
	if d.Published == nil {
		return nil
	}
	for _, p := range append([]Plan{d.Published.Plan}, plansOf(d.Earlier)...) {
		if at := p.step(key); at >= 0 {
			return &p.Steps[at]
		}
	}
	return nil
}

// title is what a step is called.
func (d *Ladder) title(key string) string {
	if s := d.step(key); s != nil {
		return s.Title
	}
	return key
}

func plansOf(all []Version) (out []Plan) {
	for _, v := range all {
		out = append(out, v.Plan)
	}
	return out
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

func (w words) cond(p Progress, now time.Time) condView {
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
			v.Of = append(v.Of, w.cond(x, now))
		}
		return v
	}
	v.Text, v.URL = w.say(p.Gate)
	if p.Open {
		zone := p.Gate.Zone
		if zone == "" {
			zone = w.plan.zone(nil)
		}
		v.State = w.T("since {time}", "time", at(w.Locale, p.Since, zone))
	} else {
		v.State = w.far(&p, now)
	}
	if !p.counts() {
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
			v.Reason, v.Since = w.reason(&p.Move, w.d.step(s.Key)), at(w.Locale, p.At, w.plan.zone(s))
			break
		}
	}
	if s.Gate != nil {
		g := w.cond(Eval(s.Gate, facts, now), now)
		v.Gate = &g
	}
	if s.MetBy != nil {
		g := w.cond(Eval(s.MetBy, facts, now), now)
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

// downView is that a campaign has stood down, and why; Poll is the title of the one that
// decided it, "" for none that the reader may know of.
type downView struct{ Text, Poll, PollURL string }

// view is nil for a campaign that goes on.
func (d *Down) view(l *i18n.Locale) *downView {
	if d == nil {
		return nil
	}
	v := &downView{Poll: d.Title, PollURL: d.url()}
	on := l.DateShort(d.At)
	switch {
	case d.Reason == DownMet:
		v.Text = l.T("This campaign has stood down on {day}: its demands are met.", "day", on)
	case d.Poll != "":
		v.Text = l.T("This campaign has stood down on {day}: a vote decided it.", "day", on)
	default:
		v.Text = l.T("This campaign has stood down on {day}: a group that owns it decided so.", "day", on)
	}
	return v
}

// url is where the poll is that decided it, "" where the reader may know of none.
func (d *Down) url() string {
	if d.Title == "" {
		return ""
	}
	return "/polls/" + d.Poll
}

// name finds what the poll is called that let a campaign stand down, for somebody who may
// know of it.
func (s *Service) name(ctx context.Context, tx *db.Tx, by authz.Actor, d *Down) error {
	if d == nil || d.Poll == "" {
		return nil
	}
	title, err := s.Elsewhere.Poll(ctx, tx, by, d.Poll)
	if err == nil {
		d.Title = title
	}
	return hidden(err)
}
