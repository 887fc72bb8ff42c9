package alerts

import (
	"encoding/json"
	"slices"
	"time"

	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/id"
)

// Bounds of an alert.
const (
	lastsUsually = 2 * time.Hour
	lastsAtMost  = 12 * time.Hour
	maxCells     = 37 // of one alert: some 12 km across
	perHour      = 3  // alerts of one cell, without withdrawals
	maxGuidance  = 3  // sentences of what to do
	keptFor      = 168 * time.Hour
	maxChain     = 50
)

// Basis is how something is known.
type Basis string

// The bases, from the surest on.
const (
	Seen     Basis = "seen"     // a verifier saw it
	Official Basis = "official" // an authority says so, beside a verifier who saw it
	Several  Basis = "several"  // several reports that do not know each other, beside a verifier who saw it
)

// Confidence is how sure the verifiers are.
type Confidence string

// The confidences: these are "Observed" and "Likely" of CAP 1.2, section 3.2.2.
const (
	Certain Confidence = "certain"
	Likely  Confidence = "likely"
)

// Message is what an alert says, without its text, which follows from it in every
// language. It is what one verifier proposes and another confirms.
type Message struct {
	Kind       fact.AlertKind `json:"kind"`
	Drill      bool           `json:"drill,omitempty"`
	Category   string         `json:"category"`
	Basis      Basis          `json:"basis"`
	Confidence Confidence     `json:"confidence"`
	Guidance   []string       `json:"guidance,omitempty"`
	Cells      []string       `json:"cells"` // names, sorted
	Seen       int64          `json:"seen"`  // when it was seen first, in seconds since 1970
	Lasts      int            `json:"lasts"` // minutes from when it is sent
	Passed     *Passed        `json:"passed,omitempty"`
}

// JSON is the message as it is stored, hashed and compared.
func (m *Message) JSON() string {
	b, err := json.Marshal(m)
	if err != nil {
		panic("alerts: a message is no JSON: " + err.Error()) // plain fields only
	}
	return string(b)
}

// middle is the cell in the middle of those of the message.
func (m *Message) cells() []geo.GridCell {
	var out []geo.GridCell
	for _, name := range m.Cells {
		if c, ok := geo.ParseGridCell(name); ok {
			out = append(out, c)
		}
	}
	return out
}

// check is the rules of a message that need nothing else than it.
func (m *Message) check(now time.Time) error {
	c, ok := categoryOf(m.Category)
	switch {
	case !slices.Contains([]fact.AlertKind{fact.AlertNew, fact.AlertUpdate, fact.AlertCorrect, fact.AlertClear}, m.Kind):
		return fault.Invalid(fault.Field("kind", "alert.kind", "Choose what it does."))
	case !ok:
		return fault.Invalid(fault.Field("category", "alert.category", "Choose what it is about."))
	case !slices.Contains([]Basis{Seen, Official, Several}, m.Basis):
		return fault.Invalid(fault.Field("basis", "alert.basis", "Choose how you know."))
	case m.Confidence != Certain && m.Confidence != Likely:
		return fault.Invalid(fault.Field("confidence", "alert.confidence", "Choose how sure you are."))
	case len(m.Guidance) > maxGuidance:
		return fault.Invalid(fault.Field("guidance", "alert.guidance", "Choose at most {max}: people read little in danger.", "max", maxGuidance))
	case slices.ContainsFunc(m.Guidance, func(g string) bool { return !slices.Contains(c.Guidance, g) }):
		return fault.Invalid(fault.Field("guidance", "alert.guidance_other", "Choose from the list."))
	case len(m.Cells) == 0 || len(m.Cells) > maxCells || len(m.cells()) != len(m.Cells) || !slices.IsSorted(m.Cells) || len(slices.Compact(slices.Clone(m.Cells))) != len(m.Cells):
		return fault.Invalid(fault.Field("cells", "alert.cells", "Choose from 1 to {max} cells of the network’s area.", "max", maxCells))
	case m.Lasts < 10 || time.Duration(m.Lasts)*time.Minute > lastsAtMost:
		return fault.Invalid(fault.Field("lasts", "alert.lasts", "An alert lasts from ten minutes to twelve hours."))
	case m.Kind == fact.AlertNew && (m.Seen > now.Unix()+60 || m.Seen < now.Add(-24*time.Hour).Unix()):
		return fault.Invalid(fault.Field("seen", "alert.seen", "Say when it was seen: within the last 24 hours."))
	}
	return nil
}

// Alert is a message that went out.
type Alert struct {
	Message
	ID, Chain  string
	N          int // in its chain, from 1
	Network    string
	Sent       time.Time
	Expires    time.Time
	Hash, Salt string
	Verifiers  int
	FirstHand  int // verifiers who saw it themselves
}

// over reports whether nothing is to be done about it any more.
func (a *Alert) over(now time.Time) bool {
	return a.Kind == fact.AlertWithdraw || a.Kind == fact.AlertClear || !a.Expires.After(now)
}

// follows says whether a message may come behind the last one of a chain: what was
// withdrawn stays so, and of what is over only the mistake can be told.
func follows(last *Alert, kind fact.AlertKind, now time.Time) error {
	switch {
	case last.N >= maxChain-1 && kind != fact.AlertWithdraw: // which always has room
		return fault.Conflict("alert.long_chain", "This alert was changed {max} times. Let it end, or withdraw it.", "max", maxChain-1)
	case last.Kind == fact.AlertWithdraw:
		return fault.Conflict("alert.withdrawn", "This alert was withdrawn. If it was right after all, send a new one.")
	case kind == fact.AlertWithdraw || kind == fact.AlertCorrect:
		return nil
	case last.over(now):
		return errOver()
	}
	return nil
}

func errOver() error {
	return fault.Conflict("alert.over", "This alert is over. Send a new one, or correct or withdraw it.")
}

// Verifier is somebody who may verify for a network.
type Verifier struct {
	Person id.Person
	Handle string
	Group  id.Group
}

// part is what one verifier has done for a message.
type part struct {
	Person    id.Person
	FirstHand bool
}

// enough says whether two verifiers together may send a message: seen, that one of them must
// have seen it; related, whether one of them let the other in, or the same person let in both
// (see groups.Related).
func enough(seen bool, first, second part, related bool) error {
	switch {
	case first.Person == second.Person:
		return fault.Conflict("alert.same_person", "Another verifier has to confirm it: nobody sends an alert alone.")
	case related:
		return fault.Conflict("alert.same_lineage",
			"One of you let the other into the network’s groups, or the same member let in both of you. Somebody who came another way has to confirm it.")
	case seen && !first.FirstHand && !second.FirstHand:
		return fault.Conflict("alert.first_hand", "One of the two verifiers must have seen it. Ask somebody near, or go there if it is safe.")
	}
	return nil
}
