package ladders

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"convoke/internal/fault"
	"convoke/internal/handle"
	"convoke/internal/id"
	"convoke/internal/slug"
)

// Check lists what is wrong with a ladder that is to be published now: what is said
// wrongly, what refers to itself, and what contradicts itself, so that it could never
// open. Whether what it names exists on this server is not known here. Each problem is
// beside "step-KEY". moved are steps that have opened or settled already, whose gates
// are not asked any more.
func Check(p *Plan, now time.Time, moved map[string]bool) []fault.FieldError {
	var c checker
	c.plan(p, moved)
	if len(c.fields) == 0 {
		c.circles(p)
	}
	if len(c.fields) == 0 {
		c.reach(p, now, moved)
	}
	return c.fields
}

type checker struct {
	fields []fault.FieldError
	at     string // the step that is looked at
	left   bool   // it has moved: some of its delegates may have left since
}

func (c *checker) fail(name, code, msg string, args ...any) {
	c.fields = append(c.fields, fault.Field(name, code, msg, args...))
}

func (c *checker) plan(p *Plan, moved map[string]bool) {
	if len(p.Steps) == 0 {
		c.fail("steps", "ladder.empty", "A ladder needs at least one step.")
	}
	seen, triggers := map[string]bool{}, map[string]*Trigger{}
	for i := range p.Steps {
		s := &p.Steps[i]
		c.at, c.left = "step-"+s.Key, moved[s.Key]
		if seen[s.Key] {
			c.fail(c.at, "ladder.twice", "Two steps have the short name “{step}”.", "step", s.Key)
		}
		seen[s.Key] = true
		c.step(s)
		for _, k := range s.After {
			c.known(p, s, k)
		}
		for _, g := range []*Gate{s.Gate, s.MetBy} {
			if g == nil {
				continue
			}
			c.gate(g)
			g.leaves(func(x *Gate) {
				if x.Step != "" {
					c.known(p, s, x.Step)
				}
				if t := x.Trigger; t != nil {
					if o := triggers[t.Name]; o != nil && (o.K != t.K || !slices.Equal(o.Delegates, t.Delegates)) {
						c.fail(c.at, "gate.trigger_twice", "“{name}” is there twice, with other delegates.", "name", t.Name)
					}
					triggers[t.Name] = t
				}
			})
		}
	}
}

// known refuses a step that there is not, and one that waits for itself.
func (c *checker) known(p *Plan, s *Step, key string) {
	switch {
	case key == s.Key:
		c.fail(c.at, "gate.self", "The step “{step}” waits for itself.", "step", s.Key)
	case p.step(key) < 0:
		c.fail(c.at, "gate.no_step", "There is no step with the short name “{step}”.", "step", key)
	}
}

// step checks what a step says of itself.
func (c *checker) step(s *Step) {
	if !keyForm.MatchString(s.Key) || reserved(s.Key) {
		c.fail(c.at, "ladder.key", "A short name has up to 30 small letters, digits and dashes, as in “walk-out”.")
	}
	switch n := utf8.RuneCountInString(s.Title); {
	case strings.TrimSpace(s.Title) == "":
		c.fail(c.at, "ladder.no_title", "Give the step a title.")
	case n > maxTitle:
		c.fail(c.at, "form.long", "This is too long: at most {limit} characters, please.", "limit", maxTitle)
	}
	if kindName(s.Kind) == "" {
		c.fail(c.at, "ladder.kind", "Choose what this step is.")
	}
	if s.Link != "" && !validLink(s.Link) {
		c.fail(c.at, "ladder.link", "Write the address of something on this server, as in /petitions/benches.")
	}
	if s.Lapses != nil {
		c.moment(*s.Lapses)
	}
	if len(s.After) > maxSteps {
		c.fail(c.at, "ladder.after", "A step comes after too many others.")
	}
}

// validLink is a path on this server and no more.
func validLink(s string) bool {
	return strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") && len(s) <= maxLink && !strings.ContainsAny(s, " \"<>\\?#\n\r\t\x00")
}

func (c *checker) moment(m Moment) {
	_, err := m.Time()
	switch {
	case errors.Is(err, errSkipped):
		c.fail(c.at, "gate.skipped", "The clocks go forward that night, so {time} does not exist there.", "time", m.Date)
	case err != nil:
		c.fail(c.at, "gate.date", "Write a day and a time, as in 2027-05-01 and 18:00, and the time zone of a place.")
	}
}

// gate checks each condition of a gate alone.
func (c *checker) gate(g *Gate) {
	if g.set() != 1 || (g.All != nil || g.Any != nil) && len(g.All)+len(g.Any) == 0 {
		c.fail(c.at, "gate.one", "Each condition says one thing, and “all” and “any” have at least one in them.")
		return
	}
	if g.Zone != "" && g.Date == "" || g.State != "" && g.Step == "" {
		c.fail(c.at, "gate.one", "Each condition says one thing, and “all” and “any” have at least one in them.")
	}
	for _, of := range [][]Gate{g.All, g.Any} {
		for i := range of {
			c.gate(&of[i])
		}
	}
	switch g.kind() {
	case "date":
		c.moment(g.moment())
	case "count":
		c.count(g.Count)
	case "silence":
		c.slug(g.Silence.Petition)
	case "refusal":
		c.slug(g.Refusal.Petition)
	case "decision":
		if !id.Valid(g.Decision.Proposal) {
			c.fail(c.at, "gate.proposal", "Write the address of a proposal.")
		}
	case "turnout":
		if t := g.Turnout; (t.Event == "") == !t.Campaign || t.Event != "" && !id.Valid(t.Event) || t.Low < 1 || t.Low > maxPeople {
			c.fail(c.at, "gate.turnout", "Write the address of an event, or choose all of the campaign, and how many people.")
		}
	case "trigger":
		c.trigger(g.Trigger)
	case "step":
		if g.State != Open && g.State != Met && g.State != Lapsed {
			c.fail(c.at, "gate.state", "A step can be waited for until it is open, met or lapsed.")
		}
	}
}

func (c *checker) slug(s string) {
	if !slug.Valid(s, 2*slug.Length) { // pledges of one title have a number behind it
		c.fail(c.at, "gate.slug", "Write the address of a petition or pledge, as in /petitions/benches.")
	}
}

func (c *checker) count(n *Count) {
	if (n.Petition == "") == (n.Pledge == "") {
		c.fail(c.at, "gate.slug", "Write the address of a petition or pledge, as in /petitions/benches.")
		return
	}
	c.slug(n.Petition + n.Pledge)
	if n.People < 1 || n.People > maxPeople {
		c.fail(c.at, "gate.people", "Write how many people it takes: from {min} to {max}.", "min", 1, "max", maxPeople)
	}
	if n.Petition != "" && (n.Part != "" || n.Groups != 0) || n.Part != "" && n.Groups != 0 || n.Groups < 0 || utf8.RuneCountInString(n.Part) > maxName {
		c.fail(c.at, "gate.part", "Only pledges have places or groups that count apart. Name one of them, or say how many.")
	}
}

func (c *checker) trigger(t *Trigger) {
	name := strings.TrimSpace(t.Name)
	if name == "" || utf8.RuneCountInString(t.Name) > maxName {
		c.fail(c.at, "gate.trigger", "Write what the delegates declare, as in “the council adopts the plan”.")
	}
	seen := map[string]bool{}
	for _, d := range t.Delegates {
		if _, bad := (handle.Rules{Dots: true}).Check(d); bad || seen[d] {
			c.fail(c.at, "gate.delegates", "Write the handles of the delegates, each once.")
			return
		}
		seen[d] = true
	}
	switch n := len(t.Delegates); {
	case c.left && n <= maxDelegates:
	case n == 0 || n > maxDelegates:
		c.fail(c.at, "gate.delegates", "Write the handles of the delegates, each once.")
	case t.K < 1 || t.K > n:
		c.fail(c.at, "gate.k", "So many delegates cannot declare it: there are {n}.", "n", n)
	}
}
