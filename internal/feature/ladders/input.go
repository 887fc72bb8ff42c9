package ladders

import (
	"strconv"
	"strings"

	"convoke/internal/fault"
	"convoke/internal/markdown"
)

// Row is one condition as somebody typed it: Kind is one of those in [rowGroups].
type Row struct {
	Kind   string
	What   string // address or short name
	Number string
	More   string // place or group, how many of them, or handles
	Day    string
	Time   string
}

// empty is a row into which nothing is typed: its kind is there before.
func (r Row) empty() bool { return r.What+r.Number+r.More+r.Day+r.Time == "" }

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
	Met                           []Row // all of them
	MetText                       string
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
	s.Gate = c.gateOf(in.Text, "text", func() *Gate { return c.rows(in.Rows, "", in.Join, in.Zone) })
	if day := strings.TrimSpace(in.LapseDay); day != "" {
		s.Lapses = &Moment{Date: day + "T" + clockTime(in.LapseTime), Zone: in.Zone}
		c.at = "lapse_day"
		c.moment(*s.Lapses)
	}
	s.MetBy = c.gateOf(in.MetText, "met_text", func() *Gate { return c.rows(in.Met, metRow, "all", in.Zone) })
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

// metRow begins the numbers of the rows that say when a step is met.
const metRow = "m"

// rows joins rows to a gate; nil for none. They are numbered behind prefix.
func (c *checker) rows(rows []Row, prefix, join, zone string) *Gate {
	var all []Gate
	for i, r := range rows {
		if r.empty() {
			continue
		}
		n, before := prefix+strconv.Itoa(i+1), len(c.fields)
		c.at = "kind-" + n
		if g := c.row(r, zone); g != nil {
			all = append(all, *g)
		}
		for k := before; k < len(c.fields); k++ {
			if field := rowField(c.fields[k].Code); field != "" {
				c.fields[k].Name = field + "-" + n
			}
		}
	}
	switch {
	case len(all) == 0:
		return nil
	case len(all) == 1:
		return &all[0]
	case join == "any":
		return &Gate{Any: all}
	}
	return &Gate{All: all}
}

// rowField is the field of a row beside which a problem is said, "" for its kind.
func rowField(code string) string {
	switch code {
	case "gate.date", "gate.skipped":
		return "day"
	case "gate.slug", "gate.proposal", "gate.turnout", "gate.trigger", "gate.state":
		return "what"
	case "gate.people", "gate.k":
		return "number"
	case "gate.part", "gate.delegates":
		return "more"
	}
	return ""
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

// maxRows is how many conditions a form shows that are there. Each group has a new one
// beside them, and a gate cannot have more than that.
const maxRows = maxLeaves - len(rowGroups)

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
	in := Input{Key: s.Key, Title: s.Title, Kind: s.Kind, About: s.About, Link: s.Link, After: s.After, Zone: zone}
	if s.Lapses != nil {
		in.LapseDay, in.LapseTime, _ = strings.Cut(s.Lapses.Date, "T")
	}
	var ok bool
	if in.Rows, in.Join, ok = s.Gate.rows(zone); !ok {
		in.Rows, in.Text = nil, s.Gate.String()
	}
	join := ""
	if in.Met, join, ok = s.MetBy.rows(zone); !ok || join == "any" {
		in.Met, in.MetText = nil, s.MetBy.String()
	}
	return in
}

// rows are a gate as rows, and how they are joined; ok is false for one that rows cannot
// say.
func (g *Gate) rows(zone string) (out []Row, join string, ok bool) {
	if g == nil {
		return nil, "all", true
	}
	all, join := []Gate{*g}, "all"
	switch {
	case g.All != nil:
		all = g.All
	case g.Any != nil:
		all, join = g.Any, "any"
	}
	for i := range all {
		r, ok := all[i].typed(zone)
		if !ok {
			return nil, join, false
		}
		out = append(out, r)
	}
	return out, join, len(out) <= maxRows
}
