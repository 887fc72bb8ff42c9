package tally

import "slices"

// state is where an option stands in an [STV] count.
type state uint8

const (
	continuing state = iota
	surplus          // elected, with votes above the quota that have not moved
	elected
	excluded
)

// stv counts as the Scottish Local Government Elections Order 2007 says, schedule 1,
// rules 45 to 52: each surplus moves all papers on at a part of their value
// (weighted inclusive Gregory), parts of votes are cut behind five decimals.
func (c *Counter) stv(r *Result) {
	c.firsts(r)
	s := newSTV(c, r)
	s.first()
	for !s.stage() {
		if o, ok := s.largest(); ok {
			s.moveSurplus(o)
		} else {
			s.exclude()
		}
	}
	s.end()
	r.Winners = s.won
}

// stvCount is an [STV] count under way.
type stvCount struct {
	*papers
	r      *Result
	places []int // of the options among the lots
	seats  int
	quota  int64
	states []state
	votes  []int64
	past   [][]int64 // votes at the end of each round
	out    []int     // excluded, the first one first
	won    []int     // elected, the first one first
	// of all rounds until now
	exhausted, lost int64
}

func newSTV(c *Counter, r *Result) *stvCount {
	n := c.rules.Options
	valid := c.weight - r.Abstained
	s := &stvCount{
		papers: rankedPapers(c), r: r, places: c.rules.places(), seats: c.rules.seats(),
		states: make([]state, n), votes: make([]int64, n), won: []int{},
	}
	s.quota = (valid/int64(s.seats+1) + 1) * Unit // rule 46
	r.Quota = s.quota
	return s
}

// first credits first preferences (rule 45).
func (s *stvCount) first() {
	for i := range s.weight {
		s.credit(int32(i), s.continues)
	}
	for o := range s.votes {
		s.votes[o] = s.r.Sums[o] * Unit
	}
	s.r.Rounds = append(s.r.Rounds, Round{Action: "first", Option: -1, Moves: []Move{}})
}

func (s *stvCount) continues(o byte) bool { return s.states[o] == continuing }

// stage ends a round: who has the quota is elected (rule 47), and who is left gets
// the seats that are left where there are no more (rule 52). It reports whether the
// count is over.
func (s *stvCount) stage() bool {
	s.past = append(s.past, slices.Clone(s.votes))
	round := &s.r.Rounds[len(s.r.Rounds)-1]
	round.Votes, round.Exhausted, round.Lost = slices.Clone(s.votes), s.exhausted, s.lost
	round.Elected = s.elect(func(o int) bool { return s.votes[o] >= s.quota })
	round.Filled = []int{}
	left := s.those(continuing)
	if len(left) > 0 && len(left) <= s.seats-len(s.won) {
		round.Filled = s.elect(func(int) bool { return true })
	}
	return len(s.won) >= s.seats
}

// elect elects those of the continuing options, the most votes first.
func (s *stvCount) elect(those func(int) bool) []int {
	list := s.sorted(slices.DeleteFunc(s.those(continuing), func(o int) bool { return !those(o) }))
	for _, o := range list {
		s.states[o] = elected
		if s.votes[o] > s.quota {
			s.states[o] = surplus
		}
	}
	s.won = append(s.won, list...)
	return list
}

// largest is the option whose surplus moves next (rule 49).
func (s *stvCount) largest() (int, bool) {
	all := s.those(surplus)
	if len(all) == 0 {
		return 0, false
	}
	return s.pick(all, true, forSurplus), true
}

// moveSurplus moves the papers of an elected option on, each at its value times the
// surplus, divided by all votes of the option (rule 48).
func (s *stvCount) moveSurplus(o int) {
	over, all := s.votes[o]-s.quota, s.votes[o]
	s.states[o] = elected
	s.votes[o] = s.quota
	moved := s.move("surplus", o, func(value int64) int64 { return mulDiv(over, value, all) })
	s.lost += over - moved
}

// exclude takes the option with the fewest votes out; its papers move on at the
// value that they have (rules 50 and 51).
func (s *stvCount) exclude() {
	o := s.pick(s.those(continuing), false, forExclude)
	s.states[o] = excluded
	s.out = append(s.out, o)
	s.votes[o] = 0
	s.move("exclude", o, func(value int64) int64 { return value })
}

// move makes a round of moving all papers of an option, and returns the votes that
// they carry.
func (s *stvCount) move(action string, from int, worth func(int64) int64) (all int64) {
	n := len(s.votes)
	moves := make([]Move, n+1) // the last are those that name nobody else
	for i := s.take(from); i >= 0; {
		next := s.next[i]
		s.value[i] = int32(worth(int64(s.value[i])))
		to := s.credit(i, s.continues)
		if to < 0 {
			to = n
		}
		moves[to].Votes += int64(s.value[i]) * s.weight[i]
		moves[to].Weight += s.weight[i]
		i = next
	}
	round := Round{Action: action, Option: from, Moves: []Move{}}
	for to, m := range moves {
		all += m.Votes
		if m.To = to; to == n {
			m.To = -1
			s.exhausted += m.Votes
		} else {
			s.votes[to] += m.Votes
		}
		if m.Weight > 0 {
			round.Moves = append(round.Moves, m)
		}
	}
	s.r.Rounds = append(s.r.Rounds, round)
	return all
}

// end makes the order: who is elected, who was left, and who was excluded, the last
// one first.
func (s *stvCount) end() {
	s.r.Order = append(slices.Clone(s.won), s.sorted(s.those(continuing))...)
	slices.Reverse(s.out)
	s.r.Order = append(s.r.Order, s.out...)
}

func (s *stvCount) those(in state) []int {
	var out []int
	for o, st := range s.states {
		if st == in {
			out = append(out, o)
		}
	}
	return out
}

// sorted are options, the one with the most votes first.
func (s *stvCount) sorted(list []int) []int {
	out := []int{}
	for len(list) > 0 {
		o := s.pick(list, true, forOrder)
		out = append(out, o)
		list = slices.DeleteFunc(slices.Clone(list), func(x int) bool { return x == o })
	}
	return out
}

// pick is the option with the most or the fewest votes. Among equal ones those that
// had the most or the fewest in the latest round in which they were not equal, and
// so on; then the lots.
func (s *stvCount) pick(among []int, most bool, why string) int {
	better := func(a, b int64) bool { return a > b == most && a != b }
	last := len(s.past) - 1
	var now []int // those that are equal now
	for k := last; k >= 0 && len(among) > 1; k-- {
		among = extreme(among, s.past[k], better)
		if k == last {
			now = among
		}
	}
	by := byEarlier
	chosen := among[0]
	if len(among) > 1 {
		by, now = byLot, among
		chosen = slices.MinFunc(among, func(a, b int) int {
			if most {
				return s.places[a] - s.places[b]
			}
			return s.places[b] - s.places[a]
		})
	}
	if len(now) > 1 {
		s.r.Ties = append(s.r.Ties, Tie{Among: now, By: by, Chosen: chosen, For: why, Round: last})
	}
	return chosen
}

// extreme are those with the best votes of a round.
func extreme(among []int, votes []int64, better func(a, b int64) bool) []int {
	var out []int
	for _, o := range among {
		switch {
		case len(out) == 0 || better(votes[o], votes[out[0]]):
			out = append(out[:0:0], o)
		case votes[o] == votes[out[0]]:
			out = append(out, o)
		}
	}
	return out
}
