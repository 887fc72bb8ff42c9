package ladders

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"time"

	"convoke/internal/i18n"
	"convoke/internal/record/leaf"
)

// Limits of a ladder.
const (
	maxSteps = 40
	maxTitle = 120
	maxLink  = 300
	maxPlan  = 128 << 10 // bytes as JSON
	// maxRecord bounds the line of the record that publishes a ladder.
	maxRecord = 60_000
)

// State is where a step stands.
type State string

// The states. Met and Lapsed are settled.
const (
	Waiting State = "waiting"
	Open    State = "open"
	Met     State = "met"
	Lapsed  State = "lapsed"
	Halted  State = "halted"
)

// name is the English name of the state.
func (s State) name() string {
	switch s {
	case Waiting:
		return i18n.Mark("Waiting")
	case Open:
		return i18n.Mark("Open")
	case Met:
		return i18n.Mark("Met")
	case Lapsed:
		return i18n.Mark("Lapsed")
	case Halted:
		return i18n.Mark("Halted")
	}
	return ""
}

// settled reports whether a step in this state never moves again.
func (s State) settled() bool { return s == Met || s == Lapsed }

// Why a step moved.
const (
	ByGate   = "gate"     // its gate opened, or what says that it is met
	ByLapse  = "lapse"    // its last moment has passed
	ByBefore = "before"   // a step lapsed that had to come first
	ByOwners = "owners"   // organizers of the owners said so
	ByPoll   = "decision" // a poll of an owner did
	ByDown   = "down"     // the campaign stood down
)

// kinds are what a step can be.
var kinds = [...]struct{ code, name string }{
	{"petition", i18n.Mark("Petition")}, {"pledge", i18n.Mark("Pledge")}, {"poll", i18n.Mark("Poll")}, {"day_of_action", i18n.Mark("Day of action")},
	{"presence", i18n.Mark("Presence")}, {"walkout", i18n.Mark("Walkout")}, {"strike", i18n.Mark("Strike")}, {"rent_strike", i18n.Mark("Rent strike")},
	{"boycott", i18n.Mark("Boycott")}, {"statement", i18n.Mark("Statement")}, {"delegation", i18n.Mark("Delegation")},
	{"election", i18n.Mark("Election of representatives")}, {"other", i18n.Mark("Something else")},
}

func kindName(code string) string {
	for _, k := range kinds {
		if k.code == code {
			return k.name
		}
	}
	return ""
}

// Step is one rung, as it is written.
type Step struct {
	Key   string   `json:"key"`
	Title string   `json:"title"`
	Kind  string   `json:"kind"`
	About string   `json:"about,omitempty"` // Markdown
	Link  string   `json:"link,omitempty"`  // path on this server
	After []string `json:"after,omitempty"` // keys of steps that are open or met before
	Gate  *Gate    `json:"gate,omitempty"`
	// Lapses is the moment at which the step lapses if it has not opened.
	Lapses *Moment `json:"lapses,omitempty"`
	// MetBy is what says that the step has met its aim, once it is open.
	MetBy *Gate `json:"met_by,omitempty"`
}

// lapses is zero for a step that never lapses by itself.
func (s *Step) lapses() time.Time {
	if s.Lapses == nil {
		return time.Time{}
	}
	t, _ := s.Lapses.Time() // zero for what Check refuses
	return t
}

// Plan is a whole ladder, as it is written.
type Plan struct {
	Steps []Step `json:"steps"`
}

// step is the place of a step, -1 when there is none of that key.
func (p *Plan) step(key string) int {
	return slices.IndexFunc(p.Steps, func(s Step) bool { return s.Key == key })
}

// leaves calls f with each condition of all steps.
func (p *Plan) leaves(f func(*Step, *Gate)) {
	for i := range p.Steps {
		s := &p.Steps[i]
		for _, g := range []*Gate{s.Gate, s.MetBy} {
			g.leaves(func(x *Gate) { f(s, x) })
		}
	}
}

// keyForm is what keys of steps look like: they stand in addresses.
var keyForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,29}$`)

// reserved are words that addresses use otherwise.
func reserved(key string) bool { return key == "new" }

// ErrPlan says that a text is no ladder.
var ErrPlan = errors.New("this is no ladder")

// ParsePlan reads a ladder as JSON: that it can be read, and no more; see [Check].
func ParsePlan(b []byte) (Plan, error) {
	var p Plan
	if len(b) > maxPlan {
		return p, fmt.Errorf("%w: it is longer than %d bytes", ErrPlan, maxPlan)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return Plan{}, fmt.Errorf("%w: %w", ErrPlan, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Plan{}, fmt.Errorf("%w: something follows", ErrPlan)
	}
	if len(p.Steps) > maxSteps {
		return Plan{}, fmt.Errorf("%w: it has more than %d steps", ErrPlan, maxSteps)
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		if len(once(s.After)) < len(s.After) {
			return Plan{}, fmt.Errorf("%w: step %s comes twice after the same step", ErrPlan, s.Key)
		}
		for _, g := range []**Gate{&s.Gate, &s.MetBy} {
			if *g == nil {
				continue
			}
			again, err := Parse([]byte((*g).String()))
			if err != nil {
				return Plan{}, fmt.Errorf("%w: step %s: %w", ErrPlan, s.Key, err)
			}
			*g = again
		}
		if s.Lapses != nil {
			s.Lapses.Unix = 0
		}
	}
	return p, nil
}

// once are the keys in a, each once, in their order.
func once(a []string) (out []string) {
	for _, key := range a {
		if !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out
}

// JSON is the ladder as it is stored.
func (p *Plan) JSON() string {
	if len(p.Steps) == 0 {
		return `{"steps":[]}`
	}
	b, _ := json.MarshalIndent(p, "", "  ") // of strings and numbers: cannot fail
	return string(b)
}

// public is the ladder without what is shown inside only.
func (p *Plan) public() Plan {
	var out Plan
	_ = json.Unmarshal([]byte(p.JSON()), &out) // a copy of what was just written
	out.leaves(func(_ *Step, g *Gate) {
		if t := g.Trigger; t != nil {
			t.N, t.Delegates = max(t.N, len(t.Delegates)), nil // some may have left
		}
	})
	return out
}

// Text is what the record holds a hash of: all that the ladder says, but who the
// delegates of triggers are.
func (p *Plan) Text() (string, error) {
	pub := p.public()
	b, err := leaf.Canonical(pub)
	return string(b), err
}
