package take

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"convoke/internal/fault"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
	"convoke/internal/record/wallet"
	"convoke/internal/web"
)

// BallotAsk is what a secret poll asks.
type BallotAsk struct {
	// Question is what is voted on.
	Question string
	// Method, Options and Max are those of the box's [tally.Rules]; Options are the
	// names, in their order.
	Method  string
	Options []string
	Max     int
	// Lang is the BCP 47 tag of question and options.
	Lang string
	// Hint says quorum, rule and closing time, in the reader's language.
	Hint string
}

// rules are those of the poll; nil in all other boxes.
func (k *call) rules() *tally.Rules { return k.box.Manifest.Poll }

// vote is what somebody says in a poll: a paper without the hash of its reason, and
// the reason.
type vote struct {
	paper  []byte
	reason string
}

// body is what the vote says with a code, and what goes with it.
func (v *vote) body(p *wallet.Part) ([]byte, *box.Reason) {
	if v.reason == "" {
		return p.Ballot(v.paper, ""), nil
	}
	return p.Ballot(v.paper, v.reason), &box.Reason{Salt: p.Salt(v.reason), Text: v.reason}
}

// said is the vote that a ballot in the box says.
func said(r *tally.Rules, body []byte, reason string) *vote {
	if r == nil || len(body) < 2 || leaf.BodyKind(body) != leaf.SayBallot {
		return nil
	}
	v := &vote{body[1:], reason}
	if r.Method == tally.Consent {
		v.paper = v.paper[:1]
	}
	return v
}

// fields are the names of a form's fields for each option.
func rankField(n int) string  { return "rank-" + itoa(n) }
func scoreField(n int) string { return "score-" + itoa(n) }

// readVote reads the ballot that a form has. What is wrong with it is an Invalid fault.
func readVote(r *tally.Rules, f *web.Form) (*vote, error) {
	switch r.Method {
	case tally.YesNo:
		return readChoice(f, 0, tally.Abstain)
	case tally.Consent:
		v, err := readChoice(f, 0, tally.Block)
		if err != nil {
			return nil, err
		}
		v.reason = f.Text("reason")
		return v, checkReason(v)
	case tally.Check:
		return readChoice(f, 1, r.Max)
	case tally.Approval:
		return readApproval(r, f)
	case tally.Score:
		return readScores(r, f)
	}
	return readRanks(r, f)
}

func readChoice(f *web.Form, least, most int) (*vote, error) {
	n, ok := f.Int("choice")
	if !ok || n < least || n > most {
		return nil, fault.Invalid(fault.Field("choice", "take.choice", "Please choose one."))
	}
	return &vote{paper: []byte{byte(n)}}, nil
}

func checkReason(v *vote) error {
	n := utf8.RuneCountInString(v.reason)
	switch {
	case n > box.MaxReason:
		return fault.Invalid(fault.Field("reason", "take.reason_long", "Please write at most {max} characters; these are {n}.", "max", box.MaxReason, "n", n))
	case v.paper[0] == tally.Block && n == 0:
		return fault.Invalid(fault.Field("reason", "take.reason", "A block needs its reason: others can only answer what they know."))
	case v.paper[0] < tally.Reservation && n > 0:
		return fault.Invalid(fault.Field("reason", "take.reason_none", "Only a reservation or a block has a reason. Choose one of these, or take the text out."))
	}
	return nil
}

func errUnlisted(field string) fault.FieldError {
	return fault.Field(field, "take.value", "Please choose something that is on the list.")
}

func readApproval(r *tally.Rules, f *web.Form) (*vote, error) {
	v := &vote{paper: make([]byte, (r.Options+7)/8)}
	known := 0
	for o := range r.Options {
		if f.Has("approve", itoa(o)) {
			v.paper[o/8] |= 1 << (o % 8)
			known++
		}
	}
	if known != len(f.All("approve")) {
		return nil, fault.Invalid(errUnlisted("approve"))
	}
	return v, nil
}

// readValues reads a number up to most for each option; what is not there is 0.
func readValues(r *tally.Rules, f *web.Form, name func(int) string, most int) (*vote, error) {
	v := &vote{paper: make([]byte, r.Options)}
	var wrong []fault.FieldError
	for o := range r.Options {
		if f.Line(name(o)) == "" {
			continue
		}
		n, ok := f.Int(name(o))
		if !ok || n < 0 || n > most {
			wrong = append(wrong, errUnlisted(name(o)))
			continue
		}
		v.paper[o] = byte(n)
	}
	if len(wrong) > 0 {
		return nil, fault.Invalid(wrong...)
	}
	return v, nil
}

func readScores(r *tally.Rules, f *web.Form) (*vote, error) {
	return readValues(r, f, scoreField, r.Max)
}

func readRanks(r *tally.Rules, f *web.Form) (*vote, error) {
	v, err := readValues(r, f, rankField, r.Options)
	if err == nil {
		err = checkRanks(r, v.paper)
	}
	return v, err
}

// checkRanks explains ranks that are given twice where each counts once, and the first
// that is left out. The message stands at the option with the later rank.
func checkRanks(r *tally.Rules, paper []byte) error {
	var wrong []fault.FieldError
	last := 0
	for _, o := range ranked(paper) {
		n := int(paper[o])
		switch {
		case n == last && r.Method == tally.STV:
			wrong = append(wrong, fault.Field(rankField(o), "take.rank_twice", "Rank {rank} is there twice. Give each rank to one option only.", "rank", n))
		case n > last+1:
			wrong = append(wrong, fault.Field(rankField(o), "take.rank_gap", "Rank {rank} is left out, but a later one is given. Use the ranks without a gap.", "rank", last+1))
		}
		last = n
	}
	if len(wrong) > 0 {
		return fault.Invalid(wrong...)
	}
	return nil
}

// ranked are the options that have a rank or score, in the order of these, and of the
// poll where they are equal.
func ranked(paper []byte) []int {
	var out []int
	for o, n := range paper {
		if n > 0 {
			out = append(out, o)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return cmp.Compare(paper[a], paper[b]) })
	return out
}

// writeVote fills a form with a vote: what [readVote] reads from it.
func writeVote(r *tally.Rules, f *web.Form, v *vote) {
	switch r.Method {
	case tally.YesNo, tally.Consent, tally.Check:
		f.Set("choice", itoa(int(v.paper[0])))
		f.Set("reason", v.reason)
	case tally.Approval:
		var all []string
		for o := range r.Options {
			if approved(v.paper, o) {
				all = append(all, itoa(o))
			}
		}
		f.Set("approve", all...)
	default:
		name := rankField
		if r.Method == tally.Score {
			name = scoreField
		}
		for o, n := range v.paper {
			f.Set(name(o), itoa(int(n)))
		}
	}
}

func approved(paper []byte, o int) bool { return paper[o/8]>>(o%8)&1 == 1 }
