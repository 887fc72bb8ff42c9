package tally

import (
	"errors"
	"fmt"
)

// Methods that there are.
const (
	Consent  = "consent"
	YesNo    = "yesno"
	Approval = "approval"
	Score    = "score"
	Schulze  = "schulze"
	STV      = "stv"
	// Check is a temperature check: it decides nothing.
	Check = "check"
)

// Bounds of rules and counts.
const (
	MaxOptions = 32
	MaxScore   = 10
	// MaxWeight is the most that all papers of a poll weigh together. A hundred
	// thousand times as much is a number that every JSON reader keeps exactly.
	MaxWeight = 90_000_000_000

	maxPart = 1_000_000
)

// ErrRules says that rules contradict themselves or go beyond the bounds.
var ErrRules = errors.New("these are no rules of a poll")

// Rules are the part of a poll's manifest that says how it is counted. Weights
// count as so many equal papers.
type Rules struct {
	Method string `json:"method"`
	// Options is how many there are to choose from: 1 for [Consent], [YesNo] and
	// [Check], 2 to 32 otherwise.
	Options int `json:"options"`
	// Winners is how many there are at most ([Approval], [Score], [STV]); 0 is one.
	Winners int `json:"winners,omitempty"`
	// Max is the highest score ([Score]) or the highest of the scale ([Check]).
	Max int `json:"max,omitempty"`
	// Quorum is the weight that must take part; 0 is none.
	Quorum int64 `json:"quorum,omitempty"`
	// AgainstCounts says that a no or a block takes part in the quorum ([YesNo],
	// [Consent]). Without it a no never completes a quorum.
	AgainstCounts bool `json:"against_counts,omitempty"`
	// Support is the weight that must be in favour, whoever else takes part
	// ([YesNo], [Consent], [Approval]); 0 is none.
	Support int64 `json:"support,omitempty"`
	// Share must be in favour: of yes and no, of all but those who stand aside, or
	// of the papers that approve anything.
	Share *Share `json:"share,omitempty"`
	// Blocks is the weight of blocks that stops a consent; 0 is one.
	Blocks int `json:"blocks,omitempty"`
	// Lots are the options in the order drawn when the poll opened: who stands
	// earlier wins a tie. Methods with several options have them.
	Lots []int `json:"lots,omitempty"`
}

// Share is a part of a whole: at least Num of Den, or more than that.
type Share struct {
	Num  int64 `json:"num"`
	Den  int64 `json:"den"`
	More bool  `json:"more,omitempty"`
}

// reached reports whether a part of a whole is enough.
func (s Share) reached(part, whole int64) bool {
	have, need := part*s.Den, whole*s.Num
	return have > need || have == need && !s.More
}

// method is what can be said in the rules of one.
type method struct {
	options, winners, favour, against bool
	scale                             int // the least [Rules.Max]; 0 where there is none
}

func methodOf(name string) (method, bool) {
	switch name {
	case Consent, YesNo:
		return method{favour: true, against: true}, true
	case Approval:
		return method{options: true, winners: true, favour: true}, true
	case Score:
		return method{options: true, winners: true, scale: 1}, true
	case Schulze:
		return method{options: true}, true
	case STV:
		return method{options: true, winners: true}, true
	case Check:
		return method{scale: 2}, true
	}
	return method{}, false
}

// Check refuses rules with which nothing could be counted, or that say what their
// method does not know.
func (r *Rules) Check() error {
	m, ok := methodOf(r.Method)
	switch {
	case !ok:
		return fmt.Errorf("%w: method %q", ErrRules, r.Method)
	case m.options && (r.Options < 2 || r.Options > MaxOptions) || !m.options && r.Options != 1:
		return fmt.Errorf("%w: %d options", ErrRules, r.Options)
	case r.Winners < 0 || r.Winners > r.Options || !m.winners && r.Winners != 0:
		return fmt.Errorf("%w: %d winners", ErrRules, r.Winners)
	case m.scale == 0 && r.Max != 0 || m.scale > 0 && (r.Max < m.scale || r.Max > MaxScore):
		return fmt.Errorf("%w: scores up to %d", ErrRules, r.Max)
	case r.Blocks < 0 || r.Blocks > maxPart || r.Method != Consent && r.Blocks != 0:
		return fmt.Errorf("%w: %d blocks", ErrRules, r.Blocks)
	case !m.against && r.AgainstCounts:
		return fmt.Errorf("%w: nothing is said against", ErrRules)
	}
	if err := r.checkThresholds(m); err != nil {
		return err
	}
	return r.checkLots(m)
}

func (r *Rules) checkThresholds(m method) error {
	switch {
	case r.Quorum < 0 || r.Quorum > MaxWeight || r.Method == Check && r.Quorum != 0:
		return fmt.Errorf("%w: a quorum of %d", ErrRules, r.Quorum)
	case r.Support < 0 || r.Support > MaxWeight || !m.favour && r.Support != 0:
		return fmt.Errorf("%w: a support of %d", ErrRules, r.Support)
	case r.Share == nil:
		return nil
	}
	if s := *r.Share; !m.favour || s.Num < 1 || s.Den < s.Num || s.Den > maxPart || s.More && s.Num == s.Den {
		return fmt.Errorf("%w: a share of %d/%d", ErrRules, s.Num, s.Den)
	}
	return nil
}

func (r *Rules) checkLots(m method) error {
	want := 0
	if m.options {
		want = r.Options
	}
	if len(r.Lots) != want {
		return fmt.Errorf("%w: %d lots for %d options", ErrRules, len(r.Lots), want)
	}
	seen := uint64(0)
	for _, o := range r.Lots {
		if o < 0 || o >= r.Options || seen>>o&1 == 1 {
			return fmt.Errorf("%w: lots that are no order of the options", ErrRules)
		}
		seen |= 1 << o
	}
	return nil
}

// places is where each option stands among the lots.
func (r *Rules) places() []int {
	at := make([]int, r.Options)
	for i, o := range r.Lots {
		at[o] = i
	}
	return at
}

// seats is how many can win.
func (r *Rules) seats() int { return max(r.Winners, 1) }

// blocks is the weight of blocks that stops a consent.
func (r *Rules) blocks() int64 { return int64(max(r.Blocks, 1)) }
