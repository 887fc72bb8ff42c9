package ladders

import (
	"time"

	"convoke/internal/day"
	"convoke/internal/geo"
	"convoke/internal/i18n"
)

// words say in the reader's language what gates wait for.
type words struct {
	*i18n.Locale
	d    *Ladder
	plan *Plan // for what steps are called
}

// on is a moment on the clocks of a place, and the name of these: UTC for none.
func on(t time.Time, zone string) (time.Time, string) {
	if loc, err := geo.LoadZone(zone); err == nil && zone != "" {
		return t.In(loc), zone
	}
	return t.UTC(), "UTC"
}

// at is a moment in one line, on the clocks of a place.
func at(l *i18n.Locale, t time.Time, zone string) string {
	t, zone = on(t, zone)
	return l.DateShort(t) + ", " + l.Time(t) + " (" + zone + ")"
}

func (w words) stepTitle(key string) string {
	if i := w.plan.step(key); i >= 0 {
		return w.plan.Steps[i].Title
	}
	return key
}

// called is the name of what a condition is about: as the reader finds it now, else as it
// was when the ladder was published, where either is known.
func (w words) called(g *Gate, otherwise string) string {
	if a := w.d.About[g.atom()]; a.Title != "" {
		return a.Title
	}
	if x := w.d.Watches[g.atom()]; x.Label != "" {
		return x.Label
	}
	return otherwise
}

// say is a condition as a sentence, and where to look.
func (w words) say(g *Gate) (text, url string) {
	url = w.d.About[g.atom()].URL
	switch g.kind() {
	case "date":
		t, _ := g.moment().Time()
		text = w.T("It is {time}.", "time", at(w.Locale, t, g.Zone))
	case "count":
		text = w.count(g)
	case "silence":
		text = w.T("“{title}” got no reply in time.", "title", w.called(g, g.Silence.Petition))
	case "refusal":
		text = w.T("What “{title}” asks was refused.", "title", w.called(g, g.Refusal.Petition))
	case "decision":
		text = w.T("A proposal is adopted.")
		if title := w.called(g, ""); title != "" {
			text = w.T("“{title}” is adopted.", "title", title)
		}
	case "turnout":
		text = w.turnout(g)
	case "trigger":
		n := max(g.Trigger.N, len(g.Trigger.Delegates))
		text = w.N("{n} of {of} delegates declares: “{what}”.", "{n} of {of} delegates declare: “{what}”.", g.Trigger.K, "of", n, "what", g.Trigger.Name)
	case "step":
		return w.stepSo(g), "#step-" + g.Step
	}
	return text, url
}

func (w words) turnout(g *Gate) string {
	n := g.Turnout.Low
	switch title := w.called(g, ""); {
	case g.Turnout.Campaign:
		return w.N("{n} person came to the events of this campaign, by the lowest estimates.", "{n} people came to the events of this campaign, by the lowest estimates.", n)
	case title == "":
		return w.N("{n} person came to an event that is not public, by the lowest estimate.", "{n} people came to an event that is not public, by the lowest estimate.", n)
	default:
		return w.N("{n} person came to “{title}”, by the lowest estimate.", "{n} people came to “{title}”, by the lowest estimate.", n, "title", title)
	}
}

func (w words) stepSo(g *Gate) string {
	switch g.State {
	case Met:
		return w.T("“{step}” is met.", "step", w.stepTitle(g.Step))
	case Lapsed:
		return w.T("“{step}” has lapsed.", "step", w.stepTitle(g.Step))
	case Open, Waiting, Halted:
	}
	return w.T("“{step}” has opened.", "step", w.stepTitle(g.Step))
}

func (w words) count(g *Gate) string {
	n := g.Count
	title, part := w.called(g, n.Petition+n.Pledge), n.Part
	if a := w.d.About[g.atom()]; a.Part != "" {
		part = a.Part
	}
	switch {
	case n.Petition != "":
		return w.N("{n} person has signed “{title}”.", "{n} people have signed “{title}”.", n.People, "title", title)
	case n.Part != "":
		return w.N("{n} person in {part} stands in “{title}”.", "{n} people in {part} stand in “{title}”.", n.People, "title", title, "part", part)
	case n.Groups > 0:
		return w.N("{n} place or group of “{title}” has {people} people.", "{n} places or groups of “{title}” have {people} people each.", n.Groups,
			"title", title, "people", n.People)
	}
	return w.N("{n} person stands in “{title}”.", "{n} people stand in “{title}”.", n.People, "title", title)
}

// far says how far away a condition is that is not so.
func (w words) far(p *Progress, now time.Time) string {
	a := w.d.About[p.Gate.atom()]
	switch k := p.Gate.kind(); {
	case a.Reply != nil:
		return w.reply(k, a.Reply, p.Never)
	case p.Never:
		return w.T("cannot happen any more")
	case p.counts():
		return w.T("{n} of {need}; {more} more", "n", p.Have, "need", p.Need, "more", max(p.Need-p.Have, 0))
	case k == "date":
		then, _ := on(p.Due, p.Gate.Zone)
		today, _ := on(now, p.Gate.Zone)
		n := int(day.Time(day.Of(then)).Sub(day.Time(day.Of(today))).Hours()) / 24
		if n == 0 {
			return w.T("today")
		}
		return w.N("{n} day from now", "{n} days from now", n)
	case !a.Closes.IsZero():
		return w.T("there is a vote until {time}", "time", at(w.Locale, a.Closes, a.Zone))
	}
	return w.T("not yet")
}

// counts reports whether a condition is a number of people.
func (p *Progress) counts() bool {
	return p.Need > 1 || p.Gate.Count != nil || p.Gate.Turnout != nil
}

// reply says where a petition stands whose reply, or silence, is waited for.
func (w words) reply(kind string, r *Reply, never bool) string {
	until := w.DateShort(r.Until)
	switch {
	case r.Answered && never:
		return w.T("a reply came, so this cannot happen any more")
	case !r.Delivered:
		return w.T("not handed over yet")
	case never:
		return w.T("handed over without a day for the reply, so this cannot happen any more")
	case r.Until.IsZero():
		return w.T("handed over; no reply yet")
	case r.Left < 0:
		return w.T("no reply by {day}", "day", until)
	case r.Left == 0:
		return w.T("a reply is awaited until {day}, which is today", "day", until)
	case kind == "silence":
		return w.N("so if there is no reply by {day}, {n} day from now", "so if there is no reply by {day}, {n} days from now", r.Left, "day", until)
	}
	return w.N("a reply is awaited until {day}, {n} day from now", "a reply is awaited until {day}, {n} days from now", r.Left, "day", until)
}

// reason says why a step moved. s is the step as it is written, nil when nobody knows.
func (w words) reason(m *Move, s *Step) string {
	switch m.Reason {
	case ByGate:
		switch {
		case m.State == Met:
			return w.T("its aim is reached")
		case s == nil || s.Gate != nil && len(s.After) == 0:
			return w.T("its gate opened")
		case s.Gate != nil:
			return w.N("its gate and the step before it have opened", "its gate and the steps before it have opened", len(s.After))
		case len(s.After) > 0:
			return w.N("the step before it has opened", "the steps before it have opened", len(s.After))
		}
		return w.T("nothing had to happen before it")
	case ByLapse:
		return w.T("its last moment has passed")
	case ByBefore:
		return w.T("a step lapsed that had to come first")
	case ByOwners:
		if m.State == Halted {
			return w.T("a group that owns the campaign said so")
		}
		return w.T("the groups that own the campaign said so")
	case ByPoll:
		return w.T("a poll decided it")
	case ByDown:
		return w.T("the campaign stood down")
	}
	return ""
}
