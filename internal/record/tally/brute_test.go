package tally_test

import (
	"math/bits"
	"slices"
	"testing"

	"convoke/internal/record/tally"
)

// multisets calls with each choice of k of n things in which order is nothing and
// one thing may come again.
func multisets(n, k int, with func([]int)) {
	choice := make([]int, k)
	var fill func(at, from int)
	fill = func(at, from int) {
		if at == k {
			with(choice)
			return
		}
		for i := from; i < n; i++ {
			choice[at] = i
			fill(at+1, i)
		}
	}
	fill(0, 0)
}

// everyPaper is every paper that the rules know, by trying all bytes.
func everyPaper(r tally.Rules, size int) (all [][]byte) {
	p := make([]byte, size)
	var fill func(int)
	fill = func(at int) {
		if at == size {
			if r.CheckPaper(p) == nil {
				all = append(all, slices.Clone(p))
			}
			return
		}
		for b := range r.Options + 2 {
			p[at] = byte(b)
			fill(at + 1)
		}
	}
	fill(0)
	return all
}

func full(papers [][]byte) [][]byte {
	return slices.DeleteFunc(slices.Clone(papers), func(p []byte) bool {
		seen := 0
		for _, b := range p {
			seen |= 1 << b
		}
		return bits.OnesCount(uint(seen)) != len(p) || seen&1 == 1
	})
}

// naivePairs asks of every paper and pair which comes first.
func naivePairs(n int, papers [][]byte) [][]int64 {
	m := make([][]int64, n)
	for a := range n {
		m[a] = make([]int64, n)
		for b := range n {
			for _, p := range papers {
				if p[a] != 0 && (p[b] == 0 || p[a] < p[b]) {
					m[a][b]++
				}
			}
		}
	}
	return m
}

// naivePath tries every path that visits no option twice.
func naivePath(pairs [][]int64, from, to int, visited uint) int64 {
	best := int64(0)
	for via := range pairs {
		if visited>>via&1 == 1 || pairs[from][via] <= pairs[via][from] {
			continue
		}
		strength := pairs[from][via]
		if via != to {
			strength = min(strength, naivePath(pairs, via, to, visited|1<<via))
		}
		best = max(best, strength)
	}
	return best
}

// smith is the smallest set of options that all beat all others.
func smith(pairs [][]int64) uint {
	n := len(pairs)
	for size := 1; size <= n; size++ {
		for set := range uint(1) << n {
			if bits.OnesCount(set) == size && dominates(pairs, set) {
				return set
			}
		}
	}
	panic("all together are such a set")
}

func dominates(pairs [][]int64, set uint) bool {
	for a := range pairs {
		for b := range pairs {
			if set>>a&1 == 1 && set>>b&1 == 0 && pairs[a][b] <= pairs[b][a] {
				return false
			}
		}
	}
	return true
}

// checkSchulze compares a count with the naive one, and with what the method
// promises: the winner is in the Smith set (so a Condorcet winner wins), and nobody
// stands before an option that everybody prefers.
func checkSchulze(t *testing.T, r tally.Rules, papers [][]byte) {
	c := tally.New(r)
	for _, p := range papers {
		if err := c.Add(p, 1); err != nil {
			t.Fatal(err)
		}
	}
	got := c.Result(0)
	n := r.Options
	pairs := naivePairs(n, papers)
	place := make([]int, n)
	for i, o := range got.Order {
		place[o] = i
	}
	for a := range n {
		for b := range n {
			if a == b {
				continue
			}
			there, back := naivePath(pairs, a, b, 1<<a), naivePath(pairs, b, a, 1<<b)
			if got.Pairs[a][b] != pairs[a][b] || got.Paths[a][b] != there {
				t.Fatalf("%v: from %d to %d: %d and %d, not %d and %d", papers, a, b, got.Pairs[a][b], got.Paths[a][b], pairs[a][b], there)
			}
			if place[a] > place[b] && (there > back || pairs[a][b] == int64(len(papers))) {
				t.Fatalf("%v: %d stands before %d in %v", papers, b, a, got.Order)
			}
		}
	}
	if smith(pairs)>>got.Order[0]&1 == 0 {
		t.Fatalf("%v: %d is not in the Smith set", papers, got.Order[0])
	}
}

func TestSchulzeBrute(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		options, voters int
		strict          bool
	}{{3, 1, false}, {3, 2, false}, {3, 3, false}, {3, 4, false}, {4, 5, true}, {4, 4, true}, {4, 2, false}} {
		r := pool(tally.Schulze, c.options, 0)
		papers := everyPaper(r, c.options)
		if c.strict {
			papers = full(papers)
		}
		set := make([][]byte, c.voters)
		multisets(len(papers), c.voters, func(choice []int) {
			for i, p := range choice {
				set[i] = papers[p]
			}
			checkSchulze(t, r, set)
		})
	}
}
