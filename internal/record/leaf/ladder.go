package leaf

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// The kinds of ladders, in node logs.
const (
	KindLadder Kind = 0x08
	KindStep   Kind = 0x09
)

// Ladder publishes a version of a campaign's ladder: its manifest as canonical JSON.
// The name of a ladder is [IDOf] the leaf of its first version.
type Ladder struct{ Manifest []byte }

// Encode writes the leaf.
func (l Ladder) Encode() []byte {
	return append(begin(KindLadder, 2+len(l.Manifest)), l.Manifest...)
}

// DecodeLadder reads the leaf.
func DecodeLadder(b []byte) (Ladder, error) {
	r := read(b, KindLadder)
	l := Ladder{r.rest()}
	if r.err == nil {
		r.err = checkCanonical(l.Manifest)
	}
	return l, r.end()
}

// Step says that a step of a ladder is in another state now, as canonical JSON; see
// [StepMove].
type Step struct {
	Ladder ID
	JSON   []byte
}

// Encode writes the leaf.
func (l Step) Encode() []byte {
	return append(append(begin(KindStep, 18+len(l.JSON)), l.Ladder[:]...), l.JSON...)
}

// DecodeStep reads the leaf.
func DecodeStep(b []byte) (Step, error) {
	r := read(b, KindStep)
	l := Step{r.id(), r.rest()}
	if r.err == nil {
		r.err = checkCanonical(l.JSON)
	}
	return l, r.end()
}

// LadderManifest is what the record knows of a ladder: its steps and their gates, and a
// hash of what they are called.
type LadderManifest struct {
	V        int          `json:"v"`
	Ladder   string       `json:"ladder,omitempty"` // name of the first version, absent in that
	Version  int          `json:"version"`
	Campaign string       `json:"campaign"` // handle
	Text     string       `json:"text"`     // hexadecimal SHA-256 of a salt and the text
	Time     int64        `json:"time"`
	Steps    []LadderStep `json:"steps"`
}

// LadderStep is one step. Lapses is 0 for one that does not by itself.
type LadderStep struct {
	Key    string      `json:"key"`
	After  []string    `json:"after,omitempty"`
	Gate   *LadderGate `json:"gate,omitempty"`
	Lapses int64       `json:"lapses,omitempty"`
	MetBy  *LadderGate `json:"met_by,omitempty"`
}

// LadderGate is a condition of a gate, or several. What nobody can compute again from
// the record is kept as it is.
type LadderGate struct {
	All      []LadderGate    `json:"all,omitempty"`
	Any      []LadderGate    `json:"any,omitempty"`
	Date     string          `json:"date,omitempty"`
	Zone     string          `json:"zone,omitempty"`
	Unix     int64           `json:"unix,omitempty"`
	Count    *LadderCount    `json:"count,omitempty"`
	Silence  json.RawMessage `json:"silence,omitempty"`
	Refusal  json.RawMessage `json:"refusal,omitempty"`
	Decision json.RawMessage `json:"decision,omitempty"`
	Turnout  json.RawMessage `json:"turnout,omitempty"`
	Trigger  json.RawMessage `json:"trigger,omitempty"`
	Step     string          `json:"step,omitempty"`
	State    string          `json:"state,omitempty"`
}

// LadderCount waits for People in a box: in a part of it, in so many parts, or all
// together.
type LadderCount struct {
	Petition string `json:"petition,omitempty"`
	Pledge   string `json:"pledge,omitempty"`
	People   uint64 `json:"people"`
	Part     string `json:"part,omitempty"`
	Groups   int    `json:"groups,omitempty"`
	Box      string `json:"box"`
	Index    *int   `json:"index,omitempty"`
}

// StepMove is a change of a step.
type StepMove struct {
	Step   string      `json:"step"`
	State  string      `json:"state"` // waiting, open, met, lapsed or halted
	Reason string      `json:"reason"`
	Time   int64       `json:"time"`
	Counts []StepCount `json:"counts,omitempty"`
}

// StepCount claims that a box had Count in a part (−1 for all together) after Size
// leaves, which are at least the People that a gate waited for.
type StepCount struct {
	Box    string `json:"box"`
	Part   int    `json:"part"`
	People uint64 `json:"people"`
	Count  uint64 `json:"count"`
	Size   uint64 `json:"size"`
}

// ParseLadder reads and checks a manifest.
func ParseLadder(b []byte) (m LadderManifest, err error) {
	if err := strict(b, &m); err != nil {
		return m, err
	}
	h, err := hex.DecodeString(m.Text)
	if err != nil || len(h) != 32 || m.V != 1 || m.Version < 1 || (m.Ladder == "") != (m.Version == 1) || m.Campaign == "" || m.Time < 1 || len(m.Steps) == 0 {
		return m, fmt.Errorf("%w: the manifest of a ladder is not as it should be", ErrLeaf)
	}
	for i := range m.Steps {
		s := &m.Steps[i]
		if s.Key == "" || m.Find(s.Key) != s {
			return m, fmt.Errorf("%w: a ladder has a step twice, or one without a name", ErrLeaf)
		}
		for _, k := range s.After {
			if k == s.Key || m.Find(k) == nil {
				return m, fmt.Errorf("%w: a step comes after one that there is not", ErrLeaf)
			}
		}
		for _, g := range []*LadderGate{s.Gate, s.MetBy} {
			if g != nil && !g.valid(&m, s.Key, 1) {
				return m, fmt.Errorf("%w: a gate is not as it should be", ErrLeaf)
			}
		}
	}
	return m, nil
}

// Find is the step of a key, nil when there is none.
func (m *LadderManifest) Find(key string) *LadderStep {
	i := slices.IndexFunc(m.Steps, func(s LadderStep) bool { return s.Key == key })
	if i < 0 {
		return nil
	}
	return &m.Steps[i]
}

// maxGateDepth bounds gates in gates.
const maxGateDepth = 8

func (g *LadderGate) valid(m *LadderManifest, self string, depth int) bool {
	n := 0
	for _, is := range []bool{
		len(g.All) > 0, len(g.Any) > 0, g.Date != "", g.Count != nil, g.Silence != nil, g.Refusal != nil, g.Decision != nil, g.Turnout != nil,
		g.Trigger != nil, g.Step != "",
	} {
		if is {
			n++
		}
	}
	if n != 1 || depth > maxGateDepth || (g.Date != "") != (g.Unix != 0) || (g.Step != "") != (g.State != "") {
		return false
	}
	if g.Step != "" && (g.Step == self || m.Find(g.Step) == nil || !slices.Contains([]string{"open", "met", "lapsed"}, g.State)) {
		return false
	}
	if c := g.Count; c != nil {
		if _, err := ParseID(c.Box); err != nil || c.People == 0 || c.Groups < 0 || c.Groups > 0 && c.Index != nil || c.Index != nil && *c.Index < 0 {
			return false
		}
	}
	for _, of := range [][]LadderGate{g.All, g.Any} {
		for i := range of {
			if !of[i].valid(m, self, depth+1) {
				return false
			}
		}
	}
	return true
}

// ParseMove reads and checks a change of a step.
func ParseMove(b []byte) (m StepMove, err error) {
	if err := strict(b, &m); err != nil {
		return m, err
	}
	states, reasons := []string{"waiting", "open", "met", "lapsed", "halted"}, []string{"gate", "lapse", "before", "owners", "decision", "down"}
	if m.Step == "" || m.Time < 1 || !slices.Contains(states, m.State) || !slices.Contains(reasons, m.Reason) {
		return m, fmt.Errorf("%w: a change of a step is not as it should be", ErrLeaf)
	}
	for _, c := range m.Counts {
		if _, err := ParseID(c.Box); err != nil || c.Part < -1 || c.People == 0 || c.Count < c.People {
			return m, fmt.Errorf("%w: a count of a step is not as it should be", ErrLeaf)
		}
	}
	return m, nil
}
