package pledges

import (
	"html/template"
	"strings"
	"time"

	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/record/leaf"
	"convoke/internal/record/told"
)

// ID names a pledge.
type ID string

// State is where a pledge stands.
type State string

// The states. Reached and Missed are settled; Closed takes nothing more, and the
// rows of what was reached say how it ended.
const (
	Draft   State = "draft"
	Open    State = "open"
	Reached State = "reached"
	Missed  State = "missed"
	Closed  State = "closed"
)

// name is the English name of the state.
func (s State) name() string {
	switch s {
	case Draft:
		return i18n.Mark("Draft")
	case Open:
		return i18n.Mark("Open")
	case Reached:
		return i18n.Mark("It happens")
	case Missed:
		return i18n.Mark("Not enough people")
	case Closed:
		return i18n.Mark("Closed")
	}
	return ""
}

// Public reports whether everybody may know of a pledge in this state.
func (s State) Public() bool { return s != Draft }

// kinds are what people pledge to do, and how they say it themselves.
var kinds = [...]struct{ code, name, will, did string }{
	{"attend", i18n.Mark("Attend"), i18n.Mark("I will come"), i18n.Mark("I came")},
	{"strike", i18n.Mark("Strike"), i18n.Mark("I will strike"), i18n.Mark("I went on strike")},
	{"walk_out", i18n.Mark("Walk out"), i18n.Mark("I will walk out"), i18n.Mark("I walked out")},
	{"boycott", i18n.Mark("Boycott"), i18n.Mark("I will boycott"), i18n.Mark("I boycotted")},
	{"withhold", i18n.Mark("Withhold"), i18n.Mark("I will withhold"), i18n.Mark("I withheld")},
	{"host", i18n.Mark("Host"), i18n.Mark("I will host"), i18n.Mark("I hosted")},
	{"bring", i18n.Mark("Bring something"), i18n.Mark("I will bring something"), i18n.Mark("I brought it")},
	{"teach", i18n.Mark("Teach"), i18n.Mark("I will teach"), i18n.Mark("I taught")},
	{"drive", i18n.Mark("Drive"), i18n.Mark("I will drive"), i18n.Mark("I drove")},
}

// Will is the English sentence of a kind, in the first person; "" when it is none.
func Will(kind string) string {
	for _, k := range kinds {
		if k.code == kind {
			return k.will
		}
	}
	return ""
}

func did(kind string) string {
	for _, k := range kinds {
		if k.code == kind {
			return k.did
		}
	}
	return ""
}

// gates are how somebody shows that they may pledge; see package box.
var gates = [...]struct{ code, name, hint string }{
	{"email", i18n.Mark("Whoever has an e-mail address"), i18n.Mark("A code is sent to it; the address is not kept.")},
	{"members", i18n.Mark("Members of the groups that own it"), i18n.Mark("As they are when it opens: nobody is added later.")},
	{"paper", i18n.Mark("Whoever has a code on paper"), i18n.Mark("You print codes and give them out.")},
	{"codes", i18n.Mark("Whoever has a code from your list"), i18n.Mark("You bring the codes when you open it.")},
	{"browser", i18n.Mark("Everybody"), i18n.Mark("Nobody is asked anything, so somebody could pledge twice.")},
}

// How a pledge counts.
const (
	Together = "all"
	ByPlace  = "place"
	ByGroup  = "group"
)

var splits = [...]struct{ code, name string }{
	{Together, i18n.Mark("All together")}, {ByPlace, i18n.Mark("Each place apart")}, {ByGroup, i18n.Mark("Each group apart")},
}

// Part is a place or group that counts apart.
type Part struct {
	Label string
	Group id.Group // "" for a place
}

// Success is what was reached, and when; Part is -1 for all together.
type Success struct {
	Part   int
	People int
	At     time.Time
}

// Pledge is one row with its parts.
type Pledge struct {
	ID         ID
	Slug, Form string
	Title      string
	Lang       string // ISO 639
	Kind       string
	Body       string // Markdown: what exactly
	HTML       template.HTML
	Gate       string
	Split      string // Together, ByPlace or ByGroup
	Personal   bool   // each who pledges says how many it takes
	People     int    // how many it takes, counting oneself
	Deadline   time.Time
	Zone       string
	State      State
	Salt, Hash string // of the frozen text, hexadecimal; "" in drafts
	Box        string // "" in drafts
	Campaign   id.Campaign
	Event      id.Event
	Sequence   int
	Created    time.Time
	Updated    time.Time

	Parts   []Part
	Reached []Success
	Told    *told.Record // of one that came in with its group; nil for a pledge of this server
}

// afterwards is how long after the deadline people can say that they did it.
const afterwards = 14 * 24 * time.Hour

// Closes is when the box takes nothing more.
func (p *Pledge) Closes() time.Time { return p.Deadline.Add(afterwards) }

// takes reports whether somebody can pledge now.
func (p *Pledge) takes(now time.Time) bool {
	return p.Told == nil && (p.State == Open || p.State == Reached) && now.Before(p.Deadline)
}

// Local is t on the clocks of the pledge's place.
func (p *Pledge) Local(t time.Time) time.Time {
	if loc, err := geo.LoadZone(p.Zone); err == nil {
		return t.In(loc)
	}
	return t.UTC()
}

// reached is when a part was, or all together.
func (p *Pledge) reached(part int) (Success, bool) {
	for _, r := range p.Reached {
		if r.Part == part {
			return r, true
		}
	}
	return Success{}, false
}

// settle is the state after the deadline.
func (p *Pledge) settle() State {
	if len(p.Reached) > 0 {
		return Reached
	}
	return Missed
}

// Text is what the record holds a hash of: all that people agree to, so that not a
// word of it can change unseen.
func (p *Pledge) Text() string {
	var b strings.Builder
	b.WriteString(p.Title + "\n" + p.Kind + "\n\n")
	for _, x := range p.Parts {
		b.WriteString("- " + x.Label + "\n")
	}
	if len(p.Parts) > 0 {
		b.WriteByte('\n')
	}
	b.WriteString(p.Body + "\n")
	return b.String()
}

// manifest is the rule of the box.
func (p *Pledge) manifest(now time.Time) leaf.Box {
	m := leaf.Box{
		Type: leaf.PledgeTo, Takes: leaf.TakesSay, Text: p.Hash, Opens: now.Unix(), Closes: p.Closes().Unix(), Until: p.Deadline.Unix(),
		Parts: uint16(len(p.Parts)),
	}
	if p.Personal {
		m.Goals = []uint64{uint64(p.People)}
	} else {
		m.Threshold = uint32(p.People)
	}
	return m
}

// suggested are thresholds to choose from when each chooses their own.
func suggested(people int) []uint32 {
	out := []uint32{1}
	for _, n := range []int{people / 4, people / 2, people, people * 2} {
		if x := uint32(n); x > out[len(out)-1] {
			out = append(out, x)
		}
	}
	return out
}
