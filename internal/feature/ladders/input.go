package ladders

import (
	"strconv"
	"strings"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/markdown"
)

// Row is one condition as somebody typed it: Kind is one of [rowKinds], "" for none.
type Row struct {
	Kind   string
	What   string // address or short name
	Number string
	More   string // place or group, how many of them, or handles
	Day    string
	Time   string
}

func (r Row) empty() bool { return r.Kind == "" && r.What+r.Number+r.More+r.Day+r.Time == "" }

// Input is a step as somebody typed it. A gate that is written as Text counts instead of
// its rows.
type Input struct {
	Key, Title, Kind, About, Link string
	After                         []string
	Zone                          string
	Join                          string // "all" or "any"
	Rows                          []Row
	Text                          string
	LapseDay, LapseTime           string
	Met                           Row
	MetText                       string
}

// rowKinds are the conditions that a form has.
var rowKinds = [...]struct{ code, name string }{
	{"date", i18n.Mark("A day has come")},
	{"petition", i18n.Mark("People have signed a petition")},
	{"pledge", i18n.Mark("People stand in a pledge")},
	{"pledge_part", i18n.Mark("People stand in one place or group of a pledge")},
	{"pledge_groups", i18n.Mark("So many places or groups of a pledge have enough people")},
	{"silence", i18n.Mark("A petition got no reply in time")},
	{"refusal", i18n.Mark("What a petition asks was refused")},
	{"decision", i18n.Mark("A proposal was adopted")},
	{"event", i18n.Mark("People came to an event")},
	{"campaign", i18n.Mark("People came to all events of the campaign")},
	{"trigger", i18n.Mark("Delegates declare something")},
	{"step_open", i18n.Mark("Another step has opened")},
	{"step_met", i18n.Mark("Another step is met")},
	{"step_lapsed", i18n.Mark("Another step has lapsed")},
}

// last is the end of an address, which names a thing.
func last(s string) string {
	s, _, _ = strings.Cut(s, "?")
	s, _, _ = strings.Cut(s, "#")
	s = strings.TrimRight(strings.TrimSpace(s), "/")
	return s[strings.LastIndexByte(s, '/')+1:]
}

// clockTime is a time on a clock; none is the beginning of the day.
func clockTime(s string) string {
	if s = strings.TrimSpace(s); s != "" {
		return s
	}
	return "00:00"
}

func (in *Input) parse() (Step, error) {
	c := checker{at: "key"}
	s := Step{
		Key: strings.TrimSpace(in.Key), Title: strings.TrimSpace(in.Title), Kind: in.Kind, About: in.About, Link: strings.TrimSpace(in.Link), After: once(in.After),
	}
	c.step(&s)
	for i, code := range map[string]string{"title": "ladder.no_title", "kind": "ladder.kind", "link": "ladder.link"} {
		for k := range c.fields {
			if c.fields[k].Code == code || c.fields[k].Code == "form.long" && i == "title" {
				c.fields[k].Name = i
			}
		}
	}
	if _, err := markdown.Render(s.About); err != nil {
		c.fail("about", "ladder.about", "This text cannot be shown: it is too long, or there is something unusual in it.")
	}
	s.Gate = c.gateOf(in.Text, "text", func() *Gate { return in.rows(&c) })
	if day := strings.TrimSpace(in.LapseDay); day != "" {
		s.Lapses = &Moment{Date: day + "T" + clockTime(in.LapseTime), Zone: in.Zone}
		c.at = "lapse_day"
		c.moment(*s.Lapses)
	}
	s.MetBy = c.gateOf(in.MetText, "met_text", func() *Gate {
		if in.Met.empty() {
			return nil
		}
		c.at = "kind-met"
		return c.row(in.Met, in.Zone)
	})
	return s, fault.Invalid(c.fields...)
}

// gateOf is a gate that is written as text, or that its rows make.
func (c *checker) gateOf(text, field string, rows func() *Gate) *Gate {
	var g *Gate
	if strings.TrimSpace(text) != "" {
		var err error
		if g, err = Parse([]byte(text)); err != nil {
			c.fail(field, "gate.text", "This cannot be read as a gate: {why}", "why", err.Error())
			return nil
		}
		c.at = field
		c.gate(g)
		return g
	}
	return rows()
}

// rows joins the rows to a gate; nil for none.
func (in *Input) rows(c *checker) *Gate {
	var all []Gate
	for i, r := range in.Rows {
		if r.empty() {
			continue
		}
		c.at = "kind-" + strconv.Itoa(i+1)
		if g := c.row(r, in.Zone); g != nil {
			all = append(all, *g)
		}
	}
	switch {
	case len(all) == 0:
		return nil
	case len(all) == 1:
		return &all[0]
	case in.Join == "any":
		return &Gate{Any: all}
	}
	return &Gate{All: all}
}

// row is the condition of one row, checked.
func (c *checker) row(r Row, zone string) *Gate {
	n, _ := strconv.Atoi(strings.TrimSpace(r.Number)) // 0 is refused where a number is needed
	g := &Gate{}
	switch r.Kind {
	case "date":
		g.Date, g.Zone = strings.TrimSpace(r.Day)+"T"+clockTime(r.Time), zone
	case "petition":
		g.Count = &Count{Petition: last(r.What), People: n}
	case "pledge":
		g.Count = &Count{Pledge: last(r.What), People: n}
	case "pledge_part":
		g.Count = &Count{Pledge: last(r.What), People: n, Part: strings.TrimSpace(r.More)}
	case "pledge_groups":
		many, _ := strconv.Atoi(strings.TrimSpace(r.More))
		g.Count = &Count{Pledge: last(r.What), People: n, Groups: many}
	case "silence":
		g.Silence = &Asked{last(r.What)}
	case "refusal":
		g.Refusal = &Asked{last(r.What)}
	case "decision":
		g.Decision = &Decision{last(r.What)}
	case "event":
		g.Turnout = &Turnout{Event: last(r.What), Low: n}
	case "campaign":
		g.Turnout = &Turnout{Campaign: true, Low: n}
	case "trigger":
		g.Trigger = &Trigger{Name: strings.TrimSpace(r.What), K: n, Delegates: handles(r.More)}
	case "step_open", "step_met", "step_lapsed":
		g.Step, g.State = last(r.What), State(strings.TrimPrefix(r.Kind, "step_"))
	default:
		c.fail(c.at, "gate.kind", "Choose what has to happen.")
		return nil
	}
	if c.gate(g); g.set() == 1 && (g.Count == nil || r.Kind != "pledge_part" && r.Kind != "pledge_groups" || g.Count.Part != "" || g.Count.Groups > 0) {
		return g
	}
	if g.set() == 1 {
		c.fail(c.at, "gate.part", "Only pledges have places or groups that count apart. Name one of them, or say how many.")
	}
	return nil
}

// handles are those in a list with commas or spaces.
func handles(s string) []string {
	var out []string
	for _, h := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) }) {
		out = append(out, strings.TrimPrefix(h, "@"))
	}
	return out
}

// typed is a condition as a row; ok is false for what a row cannot say.
func (g *Gate) typed(zone string) (r Row, ok bool) {
	ok = true
	r.Number = strconv.Itoa(g.need())
	switch k := g.kind(); k {
	case "date":
		r = Row{Kind: k}
		r.Day, r.Time, _ = strings.Cut(g.Date, "T")
		ok = g.Zone == zone
	case "count":
		n := g.Count
		r = Row{Kind: "petition", What: "/petitions/" + n.Petition, Number: strconv.Itoa(n.People)}
		switch {
		case n.Pledge == "":
		case n.Part != "":
			r.Kind, r.More = "pledge_part", n.Part
		case n.Groups > 0:
			r.Kind, r.More = "pledge_groups", strconv.Itoa(n.Groups)
		default:
			r.Kind = "pledge"
		}
		if n.Pledge != "" {
			r.What = "/pledges/" + n.Pledge
		}
	case "silence":
		r = Row{Kind: k, What: "/petitions/" + g.Silence.Petition}
	case "refusal":
		r = Row{Kind: k, What: "/petitions/" + g.Refusal.Petition}
	case "decision":
		r = Row{Kind: k, What: "/proposals/" + g.Decision.Proposal}
	case "turnout":
		r.Kind, r.What = "event", "/events/"+g.Turnout.Event
		if g.Turnout.Campaign {
			r.Kind, r.What = "campaign", ""
		}
	case "trigger":
		r.Kind, r.What, r.More = k, g.Trigger.Name, strings.Join(g.Trigger.Delegates, ", ")
	case "step":
		r = Row{Kind: "step_" + string(g.State), What: g.Step}
	default:
		return Row{}, false
	}
	return r, ok
}

// maxRows is how many conditions a form shows.
const maxRows = 8

// typedStep is a step as its form shows it.
func typedStep(s *Step, zone string) Input {
	if s.Lapses != nil {
		zone = s.Lapses.Zone
	}
	s.Gate.leaves(func(g *Gate) {
		if g.Zone != "" {
			zone = g.Zone
		}
	})
	in := Input{Key: s.Key, Title: s.Title, Kind: s.Kind, About: s.About, Link: s.Link, After: s.After, Zone: zone, Join: "all"}
	if s.Lapses != nil {
		in.LapseDay, in.LapseTime, _ = strings.Cut(s.Lapses.Date, "T")
	}
	if !in.typeGate(s.Gate) {
		in.Rows, in.Text = nil, s.Gate.String()
	}
	if s.MetBy != nil {
		r, ok := s.MetBy.typed(zone)
		if in.Met = r; !ok {
			in.Met, in.MetText = Row{}, s.MetBy.String()
		}
	}
	return in
}

// typeGate is false for a gate that rows cannot say.
func (in *Input) typeGate(g *Gate) bool {
	if g == nil {
		return true
	}
	all := []Gate{*g}
	switch {
	case g.All != nil:
		all = g.All
	case g.Any != nil:
		all, in.Join = g.Any, "any"
	}
	if len(all) > maxRows {
		return false
	}
	for i := range all {
		r, ok := all[i].typed(in.Zone)
		if !ok {
			return false
		}
		in.Rows = append(in.Rows, r)
	}
	return true
}
