package tally_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/record/tally"
)

// The examples of Markus Schulze, "The Schulze Method of Voting" (section 3,
// example 1) and of his collection of examples on Wikipedia and Electowiki, with the
// strengths of the strongest paths that he gives.
func TestSchulzeExamples(t *testing.T) {
	for _, c := range []struct {
		name    string
		options int
		papers  []string
		paths   [][]int64
		order   string
	}{
		{
			"45 voters", 5,
			[]string{"5 ACBED", "5 ADECB", "8 BEDAC", "3 CABED", "7 CAEBD", "2 CBADE", "7 DCEBA", "8 EBADC"},
			[][]int64{{0, 28, 28, 30, 24}, {25, 0, 28, 33, 24}, {25, 29, 0, 29, 24}, {25, 28, 28, 0, 24}, {25, 28, 28, 31, 0}},
			"EACBD",
		},
		{
			"30 voters and 4 options", 4,
			[]string{"5 ACBD", "2 ACDB", "3 ADCB", "4 BACD", "3 CBDA", "3 CDBA", "1 DACB", "5 DBAC", "4 DCBA"},
			[][]int64{{0, 20, 20, 17}, {19, 0, 19, 17}, {19, 21, 0, 17}, {18, 18, 18, 0}},
			"DACB",
		},
		{
			"30 voters and 5 options", 5,
			[]string{"3 ABDEC", "5 ADEBC", "1 ADECB", "2 BADEC", "2 BDECA", "4 CABDE", "6 CBADE", "2 DBECA", "5 DECAB"},
			nil, "BADEC",
		},
		{
			"21 voters", 4,
			[]string{"8 ACDB", "2 BADC", "4 CDBA", "4 DBAC", "3 DCBA"},
			[][]int64{{0, 14, 14, 12}, {13, 0, 13, 12}, {13, 15, 0, 12}, {13, 19, 13, 0}},
			"DACB",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := counted(t, pool(tally.Schulze, c.options, 0), c.papers...)
			if c.paths != nil && !cmp.Equal(got.Paths, c.paths) {
				t.Errorf("paths are %v, not %v", got.Paths, c.paths)
			}
			if letters(got.Order) != c.order || letters(got.Winners) != c.order[:1] || len(got.Ties) != 0 {
				t.Errorf("order %s, not %s; ties %v", letters(got.Order), c.order, got.Ties)
			}
		})
	}
}

// The same collection's example in which B and D are both unbeaten: B beats C, and D
// beats A. Whoever stands first among the lots wins, and all that a lot decided is told.
func TestSchulzeTie(t *testing.T) {
	t.Parallel()
	papers := []string{"3 ABCD", "2 DABC", "2 DBCA", "2 CBDA"}
	paths := [][]int64{{0, 5, 5, 5}, {5, 0, 7, 5}, {5, 5, 0, 5}, {6, 5, 5, 0}}
	for _, c := range []struct {
		lots  []int
		order string
		ties  []tally.Tie
	}{
		{[]int{0, 1, 2, 3}, "BCDA", []tally.Tie{{Among: []int{1, 3}, Chosen: 1}, {Among: []int{2, 3}, Chosen: 2}}},
		{[]int{3, 2, 1, 0}, "DBCA", []tally.Tie{{Among: []int{1, 3}, Chosen: 3}, {Among: []int{0, 1}, Chosen: 1}, {Among: []int{0, 2}, Chosen: 2}}},
		{[]int{0, 2, 3, 1}, "DABC", []tally.Tie{{Among: []int{1, 3}, Chosen: 3}, {Among: []int{0, 1}, Chosen: 0}}},
	} {
		r := tally.Rules{Method: tally.Schulze, Options: 4, Lots: c.lots}
		got := counted(t, r, papers...)
		for i := range c.ties {
			c.ties[i].By, c.ties[i].For = "lot", "order"
		}
		if letters(got.Order) != c.order || !cmp.Equal(got.Ties, c.ties) || !cmp.Equal(got.Paths, paths) {
			t.Errorf("lots %v: order %s, not %s; ties %+v; paths %v", c.lots, letters(got.Order), c.order, got.Ties, got.Paths)
		}
	}
}

// Equal ranks and options that are not ranked.
func TestSchulzeUnranked(t *testing.T) {
	t.Parallel()
	got := counted(t, pool(tally.Schulze, 4, 0), "3 A=B", "2 C", "1 DBA", "4 ")
	want := [][]int64{{0, 0, 4, 3}, {1, 0, 4, 3}, {2, 2, 0, 2}, {1, 1, 1, 0}}
	if !cmp.Equal(got.Pairs, want) {
		t.Errorf("pairs are %v, not %v", got.Pairs, want)
	}
	if letters(got.Winners) != "B" || got.Abstained != 4 || got.Weight != 10 || !cmp.Equal(got.Sums, []int64{3, 3, 2, 1}) {
		t.Error(text(t, got))
	}
	if got = counted(t, pool(tally.Schulze, 4, 0), "4 "); got.Adopted || len(got.Winners) != 0 || !cmp.Equal(got.Reasons, []string{"nobody"}) {
		t.Error(text(t, got))
	}
}
