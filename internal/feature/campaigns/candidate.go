package campaigns

import (
	"slices"
	"strconv"
	"strings"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/plaintext"
)

// CandidateState is where a demand stands that was put forward.
type CandidateState string

// The states of a candidate. A merged one stands behind another, with whoever put it
// forward; a chosen one is a demand of the campaign.
const (
	Forward CandidateState = "forward"
	Merged  CandidateState = "merged"
	Chosen  CandidateState = "chosen"
	Retired CandidateState = "retired"
)

var candidateStates = [...]struct {
	state CandidateState
	name  string
}{
	{Forward, i18n.Mark("Put forward")}, {Merged, i18n.Mark("Merged")}, {Chosen, i18n.Mark("A demand of the campaign")}, {Retired, i18n.Mark("Taken back")},
}

// Name is the English name of the state; "" when unknown.
func (s CandidateState) Name() string {
	for _, x := range candidateStates {
		if x.state == s {
			return x.name
		}
	}
	return ""
}

// Candidate is a demand that a group puts forward. Its words never change: what is
// merged keeps its own, so that everybody sees what became of them.
type Candidate struct {
	ID        string
	Form      string
	Group     id.Group
	Body      string
	Addressee string
	State     CandidateState
	Into      string // of a merged one
	Number    int    // of the demand that came of it, 0 otherwise
	Day       int    // yyyymmdd
}

// maxCandidates bounds those of one campaign.
const maxCandidates = 200

// onBallot are those that are put forward, with the words by which a ballot names them:
// their own, and of whom it is demanded where two have the same. What says and demands
// the same of the same is there once.
func onBallot(all []Candidate) (out []Candidate) {
	open := slices.DeleteFunc(slices.Clone(all), func(k Candidate) bool { return k.State != Forward })
	for i, k := range open {
		same := func(x Candidate) bool { return strings.EqualFold(x.Body, k.Body) }
		again := func(x Candidate) bool { return same(x) && strings.EqualFold(x.Addressee, k.Addressee) }
		if slices.ContainsFunc(open[:i], again) {
			continue
		}
		if slices.ContainsFunc(open, func(x Candidate) bool { return same(x) && !again(x) }) {
			k.Body += " (" + k.Addressee + ")"
		}
		out = append(out, k)
	}
	return out
}

// mergeable says why one cannot be merged into another, nil when it can.
func mergeable(from, into *Candidate) error {
	switch {
	case from.ID == into.ID:
		return fault.Invalid(fault.Field("into", "candidate.itself", "Choose another one: nothing is merged into itself."))
	case from.State != Forward || into.State != Forward:
		return fault.Conflict("candidate.settled", "One of the two is not open any more. Please look at the list again.")
	case from.Addressee != into.Addressee:
		return fault.Invalid(fault.Field("into", "candidate.addressee", "The two are addressed to different bodies, so they are different demands."))
	}
	return nil
}

func (in DemandInput) candidate() (Candidate, error) {
	d, err := in.parse(true)
	return Candidate{Body: plaintext.Line(d.Body), Addressee: d.Addressee, State: Forward}, err
}

// demandMove is what a decision says of a demand: "NUMBER:STATE".
func demandMove(subject string) (number int, s DemandState, ok bool) {
	n, state, ok := strings.Cut(subject, ":")
	number, err := strconv.Atoi(n)
	s = DemandState(state)
	return number, s, ok && err == nil && s.Name() != ""
}
