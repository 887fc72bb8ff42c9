package tally_test

import (
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"convoke/internal/record/tally"
	"convoke/internal/record/tally/tallytest"
)

// naiveSTV counts as the order of 2007 says, one paper at a time and with fractions:
// slowly, and sharing nothing with the package.
type naiveSTV struct {
	seats   int
	lots    []int
	papers  []*naivePaper
	quota   *big.Rat
	elected []int
	out     []int
	moved   map[int]bool // whose surplus has moved
	stages  [][]*big.Rat
	none    *big.Rat // on papers that name nobody else
}

type naivePaper struct {
	prefs []int
	with  int // the option that it is credited to; -1 nobody
	value *big.Rat
}

func (s *naiveSTV) continuing(o int) bool {
	return !slices.Contains(s.elected, o) && !slices.Contains(s.out, o)
}

// next is the next available preference; -1 is none.
func (s *naiveSTV) next(p *naivePaper) int {
	for _, o := range p.prefs {
		if s.continuing(o) {
			return o
		}
	}
	return -1
}

// total is what is credited to an option: the quota once its surplus has moved.
func (s *naiveSTV) total(o int) *big.Rat {
	sum := new(big.Rat)
	if s.moved[o] {
		return sum.Set(s.quota)
	}
	for _, p := range s.papers {
		if p.with == o {
			sum.Add(sum, p.value)
		}
	}
	return sum
}

// truncated is x with five decimals.
func truncated(x *big.Rat) *big.Rat {
	n := new(big.Int).Mul(x.Num(), big.NewInt(100_000))
	n.Quo(n, x.Denom())
	return new(big.Rat).SetFrac(n, big.NewInt(100_000))
}

// endStage writes the votes down and elects; it reports whether the count goes on.
func (s *naiveSTV) endStage() bool {
	votes := make([]*big.Rat, len(s.lots))
	for o := range votes {
		votes[o] = s.total(o)
	}
	s.stages = append(s.stages, votes)
	for {
		var list []int
		for o := range votes {
			if s.continuing(o) && votes[o].Cmp(s.quota) >= 0 {
				list = append(list, o)
			}
		}
		if len(list) == 0 {
			break
		}
		s.elected = append(s.elected, s.choose(list, 1))
	}
	for left := s.all(s.continuing); len(left) > 0 && len(s.elected)+len(left) <= s.seats; left = s.all(s.continuing) {
		s.elected = append(s.elected, s.choose(left, 1))
	}
	return len(s.elected) < s.seats
}

func (s *naiveSTV) all(is func(int) bool) (list []int) {
	for o := range s.lots {
		if is(o) {
			list = append(list, o)
		}
	}
	return list
}

// choose is the option with the most (1) or fewest (-1) votes; equal ones are told
// apart by the stages before, the latest first, and in the end by lot.
func (s *naiveSTV) choose(list []int, most int) int {
	list = slices.Clone(list)
	for k := len(s.stages) - 1; k >= 0; k-- {
		slices.SortStableFunc(list, func(a, b int) int { return -most * s.stages[k][a].Cmp(s.stages[k][b]) })
		best := s.stages[k][list[0]]
		list = slices.DeleteFunc(list, func(o int) bool { return s.stages[k][o].Cmp(best) != 0 })
	}
	slices.SortFunc(list, func(a, b int) int { return most * (slices.Index(s.lots, a) - slices.Index(s.lots, b)) })
	return list[0]
}

func (s *naiveSTV) count() {
	for _, p := range s.papers {
		p.with = p.prefs[0]
	}
	for s.endStage() {
		over := s.all(func(o int) bool {
			return slices.Contains(s.elected, o) && !s.moved[o] && s.total(o).Cmp(s.quota) > 0
		})
		if len(over) > 0 {
			s.surplus(s.choose(over, 1))
		} else {
			s.exclude(s.choose(s.all(s.continuing), -1))
		}
	}
}

func (s *naiveSTV) surplus(o int) {
	all := s.total(o)
	part := new(big.Rat).Sub(all, s.quota)
	for _, p := range s.papers {
		if p.with == o {
			a := new(big.Rat).Mul(part, p.value)
			p.value = truncated(a.Quo(a, all))
			p.with = s.next(p)
			if p.with < 0 {
				s.none.Add(s.none, p.value)
			}
		}
	}
	s.moved[o] = true
}

func (s *naiveSTV) exclude(o int) {
	s.out = append(s.out, o)
	for _, p := range s.papers {
		if p.with == o {
			if p.with = s.next(p); p.with < 0 {
				s.none.Add(s.none, p.value)
			}
		}
	}
}

// checkSTV compares a count with the naive one, and with what must hold of every one.
func checkSTV(t interface {
	Fatalf(string, ...any)
}, r tally.Rules, papers [][]byte, weights []int64,
) tally.Result {
	c := tally.New(r)
	s := &naiveSTV{seats: max(r.Winners, 1), lots: r.Lots, moved: map[int]bool{}, none: new(big.Rat)}
	for i, p := range papers {
		if err := c.Add(p, weights[i]); err != nil {
			t.Fatalf("%v", err)
		}
		var prefs []int
		for rank := byte(1); slices.Contains(p, rank); rank++ {
			prefs = append(prefs, slices.Index(p, rank))
		}
		for range weights[i] {
			if len(prefs) > 0 {
				s.papers = append(s.papers, &naivePaper{prefs: prefs, value: big.NewRat(1, 1)})
			}
		}
	}
	s.quota = big.NewRat(int64(len(s.papers)/(s.seats+1)+1), 1)
	s.count()
	got := c.Result(0)
	if len(got.Rounds) != len(s.stages) || len(got.Order) != r.Options || !slices.Equal(got.Order[:s.seats], s.elected) {
		t.Fatalf("%v %v: order %v in %d rounds, not %v in %d", papers, weights, got.Order, len(got.Rounds), s.elected, len(s.stages))
	}
	valid := int64(len(s.papers)) * tally.Unit
	for k, round := range got.Rounds {
		sum := round.Exhausted + round.Lost
		for o, v := range round.Votes {
			if big.NewRat(v, tally.Unit).Cmp(s.stages[k][o]) != 0 {
				t.Fatalf("%v %v: round %d, option %d: %d, not %s", papers, weights, k, o, v, s.stages[k][o].FloatString(5))
			}
			sum += v
		}
		if sum != valid {
			t.Fatalf("%v %v: round %d has %d of %d votes", papers, weights, k, sum, valid)
		}
	}
	if last := got.Rounds[len(got.Rounds)-1]; big.NewRat(last.Exhausted, tally.Unit).Cmp(s.none) != 0 {
		t.Fatalf("%v %v: %d exhausted, not %s", papers, weights, last.Exhausted, s.none.FloatString(5))
	}
	return got
}

func TestSTVBrute(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		options, voters int
		strict          bool
	}{{3, 1, false}, {3, 2, false}, {3, 3, false}, {3, 4, false}, {3, 5, false}, {4, 2, false}, {4, 4, true}} {
		r := pool(tally.STV, c.options, 0)
		papers := everyPaper(r, c.options)
		if c.strict {
			papers = full(papers)
		}
		set := make([][]byte, c.voters)
		weights := slices.Repeat([]int64{1}, c.voters)
		for r.Winners = 1; r.Winners <= c.options; r.Winners++ {
			multisets(len(papers), c.voters, func(choice []int) {
				for i, p := range choice {
					set[i] = papers[p]
				}
				checkSTV(t, r, set, weights)
			})
		}
	}
}

// Many options, seats and weights, where surpluses of surpluses move.
func TestSTVAgainstNaive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 9).Draw(t, "options")
		r := pool(tally.STV, n, rapid.IntRange(1, n).Draw(t, "seats"))
		r.Lots = rapid.Permutation(r.Lots).Draw(t, "lots")
		var papers [][]byte
		var weights []int64
		for range rapid.IntRange(0, 12).Draw(t, "papers") {
			papers = append(papers, tallytest.Paper(t, r))
			weights = append(weights, rapid.Int64Range(1, 40).Draw(t, "weight"))
		}
		checkSTV(t, r, papers, weights)
	})
}
