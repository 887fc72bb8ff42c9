package tally

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Why a poll adopts nothing.
const (
	ReasonCheck   = "check"   // it decides nothing
	ReasonQuorum  = "quorum"  // too few took part
	ReasonBlocked = "blocked" // blocks stopped it
	ReasonNobody  = "nobody"  // nobody was in favour of anything
	ReasonSupport = "support" // too few were in favour
	ReasonShare   = "share"   // too small a part was in favour
)

// Unit is how many parts of a vote the votes of an [STV] count are told in.
const Unit = 100_000

// Result is what a count says. Options are told by their place in the poll, the
// first is 0. Its fields stand in the order of their names in JSON, so that
// [Result.JSON] writes them canonically.
type Result struct {
	// Abstained is the weight of papers that took part without saying anything.
	Abstained int64 `json:"abstained"`
	Adopted   bool  `json:"adopted"`
	// Eligible is the weight of all who may vote; 0 is unknown.
	Eligible int64  `json:"eligible"`
	Method   string `json:"method"`
	// Order is all options, the best first: of [Approval], [Score], [Schulze], [STV].
	Order []int `json:"order"`
	// Pairs[a][b] is the weight of papers that prefer a to b ([Schulze]).
	Pairs  [][]int64 `json:"pairs,omitempty"`
	Papers int64     `json:"papers"`
	// Paths[a][b] is the strength of the strongest path from a to b ([Schulze]).
	Paths  [][]int64 `json:"paths,omitempty"`
	Quorum Need      `json:"quorum"`
	// Quota is what elects an option, in parts of [Unit] ([STV]).
	Quota int64 `json:"quota,omitempty"`
	// Reasons are why nothing is adopted.
	Reasons []string `json:"reasons"`
	// Rounds are the stages of the count ([STV]).
	Rounds []Round `json:"rounds,omitempty"`
	Share  *Part   `json:"share,omitempty"`
	// Sums are weights: of yes, no, abstain; of agree, aside, reservation, block; of
	// each mark of a check from 1; of the approvals or scores of each option; of the
	// papers that rank each option first.
	Sums    []int64 `json:"sums"`
	Support *Need   `json:"support,omitempty"`
	// Ties are those that had to be broken.
	Ties   []Tie `json:"ties"`
	V      int   `json:"v"` // 1
	Weight int64 `json:"weight"`
	// Winners are the options that are adopted, the best first; 0 where there was
	// one only to say yes to.
	Winners []int `json:"winners"`
}

// Need is a weight that the rules ask for, and the one that there is.
type Need struct {
	Met     bool  `json:"met"`
	Needed  int64 `json:"needed"`
	Reached int64 `json:"reached"`
}

// Part is a share that the rules ask for, and the weights that there are: Reached
// of Of.
type Part struct {
	Den     int64 `json:"den"`
	Met     bool  `json:"met"`
	More    bool  `json:"more"`
	Num     int64 `json:"num"`
	Of      int64 `json:"of"`
	Reached int64 `json:"reached"`
}

// Tie is one choice among options that stood equal.
type Tie struct {
	Among []int `json:"among"` // ascending
	// By is "earlier" (an earlier round of [STV] told them apart) or "lot".
	By     string `json:"by"`
	Chosen int    `json:"chosen"`
	// For is what was chosen: who stands before the others in the "order", whose
	// "surplus" moves first, whom to "exclude".
	For   string `json:"for"`
	Round int    `json:"round"` // of [STV], the first is 0
}

// Round is one stage of an [STV] count. Votes are in parts of [Unit].
type Round struct {
	// Action is "first" (first preferences), "surplus" or "exclude".
	Action string `json:"action"`
	// Elected are the options that reach the quota by it, in the order of their votes.
	Elected []int `json:"elected"`
	// Exhausted are all votes until now of papers that name nobody else.
	Exhausted int64 `json:"exhausted"`
	// Filled are the options that get the last seats because no more are left.
	Filled []int `json:"filled"`
	// Lost is all that was lost until now because parts of votes are cut.
	Lost  int64  `json:"lost"`
	Moves []Move `json:"moves"`
	// Option is whose papers move; -1 in the first.
	Option int     `json:"option"`
	Votes  []int64 `json:"votes"` // of every option, at the end
}

// Move is the papers that go to one option, ascending; to -1 where they name
// nobody else.
type Move struct {
	To     int   `json:"to"`
	Votes  int64 `json:"votes"`
	Weight int64 `json:"weight"`
}

// JSON is the result in canonical JSON (RFC 8785), what the record holds a hash of.
func (r Result) JSON() ([]byte, error) {
	if r.Eligible < 0 || r.Eligible > MaxWeight {
		return nil, fmt.Errorf("%w: %d may vote", ErrWeight, r.Eligible)
	}
	r.Order, r.Reasons, r.Sums = list(r.Order), list(r.Reasons), list(r.Sums)
	r.Ties, r.Winners = list(r.Ties), list(r.Winners)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return nil, fmt.Errorf("write a result: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// list makes none an empty list.
func list[E any](s []E) []E {
	if s == nil {
		return []E{}
	}
	return s
}

func (r *Result) fails(why string) { r.Reasons = append(r.Reasons, why) }

func (r *Result) quorum(needed, reached int64) {
	r.Quorum = Need{Met: reached >= needed, Needed: needed, Reached: reached}
}

// favour says who is in favour of what could be adopted, and of how many.
func (r *Result) favour(rules *Rules, share *Share, reached, of int64) {
	if rules.Support > 0 {
		r.Support = &Need{Met: reached >= rules.Support, Needed: rules.Support, Reached: reached}
	}
	if share != nil {
		r.Share = &Part{
			Num: share.Num, Den: share.Den, More: share.More,
			Met: share.reached(reached, of) && of > 0, Of: of, Reached: reached,
		}
	}
	if reached == 0 {
		r.fails(ReasonNobody)
	}
}

// decided ends the count: the reasons in their order, and nothing won where there
// is one.
func (r *Result) decided() Result {
	if !r.Quorum.Met {
		r.fails(ReasonQuorum)
	}
	if r.Support != nil && !r.Support.Met {
		r.fails(ReasonSupport)
	}
	if r.Share != nil && !r.Share.Met {
		r.fails(ReasonShare)
	}
	slices.Sort(r.Reasons)
	r.Adopted = len(r.Reasons) == 0
	if !r.Adopted {
		r.Winners = []int{}
	}
	return *r
}

// ranks fills the order: again and again the best of those that are left, by lot
// where there are several.
func (r *Result) ranks(rules *Rules, best func(left []int) []int) {
	places := rules.places()
	left := make([]int, rules.Options)
	for i := range left {
		left[i] = i
	}
	for len(left) > 0 {
		among := best(left)
		chosen := slices.MinFunc(among, func(a, b int) int { return places[a] - places[b] })
		if len(among) > 1 {
			r.Ties = append(r.Ties, Tie{Among: among, By: byLot, Chosen: chosen, For: forOrder})
		}
		r.Order = append(r.Order, chosen)
		left = slices.DeleteFunc(left, func(o int) bool { return o == chosen })
	}
}

// How ties are broken, and for what.
const (
	byLot      = "lot"
	byEarlier  = "earlier"
	forOrder   = "order"
	forSurplus = "surplus"
	forExclude = "exclude"
)
