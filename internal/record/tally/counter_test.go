package tally_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
	"convoke/internal/record/tally/tallytest"
)

// cast is a paper and what it weighs.
type cast struct {
	paper  []byte
	weight int64
}

func drawCasts(t *rapid.T, r tally.Rules) []cast {
	out := make([]cast, rapid.IntRange(0, 15).Draw(t, "papers"))
	for i := range out {
		out[i] = cast{tallytest.Paper(t, r), rapid.Int64Range(1, 20).Draw(t, "weight")}
	}
	return out
}

func count(t *rapid.T, r tally.Rules, all []cast) tally.Result {
	c := tally.New(r)
	for _, p := range all {
		if err := c.Add(p.paper, p.weight); err != nil {
			t.Fatal(err)
		}
	}
	return c.Result(0)
}

// The order in which papers come is nothing; what is added and taken away is nothing;
// asking twice is nothing; and the result is canonical JSON as the record writes it.
func TestCounting(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := tallytest.Rules(t)
		all := drawCasts(t, r)
		want := count(t, r, all)
		b, err := want.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := leaf.Canonical(want); err != nil || string(again) != string(b) {
			t.Fatalf("%s\nis canonically\n%s, %v", b, again, err)
		}
		other := tally.New(r)
		gone := drawCasts(t, r)
		for _, p := range gone {
			if err := other.Add(p.paper, p.weight); err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range rapid.Permutation(all).Draw(t, "another order") {
			if err := other.Add(p.paper, p.weight); err != nil {
				t.Fatal(err)
			}
		}
		_ = other.Result(0)
		for _, p := range gone {
			if err := other.Remove(p.paper, p.weight); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, other.Result(0)); diff != "" {
			t.Fatal(diff)
		}
		checkShape(t, r, want)
	})
}

// checkShape is what holds of every result.
func checkShape(t *rapid.T, r tally.Rules, got tally.Result) {
	if got.Adopted != (len(got.Reasons) == 0) || got.Adopted != (len(got.Winners) > 0) || len(got.Winners) > max(1, r.Winners) {
		t.Fatalf("adopted %v for %v: %v", got.Adopted, got.Reasons, got.Winners)
	}
	seen := slices.Sorted(slices.Values(got.Winners))
	if len(slices.Compact(seen)) != len(got.Winners) || len(seen) > 0 && (seen[0] < 0 || seen[len(seen)-1] >= r.Options) {
		t.Fatalf("winners %v", got.Winners)
	}
	if len(got.Order) > 0 && !slices.Equal(slices.Sorted(slices.Values(got.Order)), lots(r.Options)) {
		t.Fatalf("order %v", got.Order)
	}
	for _, tie := range got.Ties {
		if len(tie.Among) < 2 || !slices.IsSorted(tie.Among) || !slices.Contains(tie.Among, tie.Chosen) {
			t.Fatalf("tie %+v", tie)
		}
	}
}

// A paper of weight n is n papers of weight 1, but for their number.
func TestWeightIsSoManyPapers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := tallytest.Rules(t)
		all := drawCasts(t, r)
		var single []cast
		for _, p := range all {
			for range p.weight {
				single = append(single, cast{p.paper, 1})
			}
		}
		one, other := count(t, r, all), count(t, r, single)
		one.Papers = other.Papers
		if diff := cmp.Diff(one, other); diff != "" {
			t.Fatal(diff)
		}
	})
}

// What more than half rank first, alone, wins by every method that ranks.
func TestMajority(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := pool(rapid.SampledFrom([]string{tally.Schulze, tally.STV}).Draw(t, "method"), rapid.IntRange(2, 8).Draw(t, "options"), 0)
		all := drawCasts(t, r)
		sum := int64(1)
		for _, p := range all {
			sum += p.weight
		}
		first := make([]byte, r.Options)
		first[rapid.IntRange(0, r.Options-1).Draw(t, "favourite")] = 1
		all = append(all, cast{first, sum})
		if got := count(t, r, all); got.Winners[0] != slices.Index(first, 1) {
			t.Fatalf("%v wins", got.Winners)
		}
	})
}

// Whoever beats each other one wins a Schulze count, whatever the lots.
func TestCondorcetWinnerWins(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := pool(tally.Schulze, rapid.IntRange(2, 8).Draw(t, "options"), 0)
		r.Lots = rapid.Permutation(r.Lots).Draw(t, "lots")
		got := count(t, r, drawCasts(t, r))
		for a := range r.Options {
			beats := 0
			for b := range r.Options {
				if got.Pairs[a][b] > got.Pairs[b][a] {
					beats++
				}
			}
			if beats == r.Options-1 && got.Winners[0] != a {
				t.Fatalf("%d beats all, and %v wins: %v", a, got.Winners, got.Pairs)
			}
		}
	})
}

func TestCounterRefuses(t *testing.T) {
	t.Parallel()
	r := tally.Rules{Method: tally.YesNo, Options: 1}
	c := tally.New(r)
	yes, no := []byte{tally.Yes}, []byte{tally.No}
	for _, w := range []int64{0, -1, tally.MaxWeight + 1} {
		if err := c.Add(yes, w); !errors.Is(err, tally.ErrWeight) {
			t.Errorf("add %d: %v", w, err)
		}
	}
	if err := c.Remove(yes, 1); !errors.Is(err, tally.ErrAbsent) {
		t.Error("it takes away what was not there:", err)
	}
	if err := errors.Join(c.Add(yes, tally.MaxWeight-2), c.Add(no, 1)); err != nil {
		t.Fatal(err)
	}
	if err := c.Add(yes, 2); !errors.Is(err, tally.ErrWeight) {
		t.Error("too much together:", err)
	}
	for _, w := range []int64{0, -1} {
		if err := c.Remove(no, w); !errors.Is(err, tally.ErrWeight) {
			t.Errorf("remove %d: %v", w, err)
		}
	}
	if err := c.Remove(no, 2); !errors.Is(err, tally.ErrAbsent) {
		t.Error("it takes away more than there was:", err)
	}
	if err := c.Remove(yes, 1); !errors.Is(err, tally.ErrAbsent) {
		t.Error("the last paper leaves a weight behind:", err)
	}
	if err := errors.Join(c.Add(no, 1), c.Remove(no, 1)); err != nil {
		t.Error(err)
	}
	two := tally.New(r)
	if err := errors.Join(two.Add(no, 1), two.Add(no, 1)); err != nil {
		t.Fatal(err)
	}
	if err := two.Remove(no, 2); !errors.Is(err, tally.ErrAbsent) {
		t.Error("a paper that weighs nothing is left:", err)
	}
	if err := c.Remove([]byte{9}, 1); !errors.Is(err, tally.ErrPaper) {
		t.Error(err)
	}
	if papers, weight := c.Papers(); papers != 2 || weight != tally.MaxWeight-1 {
		t.Error(papers, weight)
	}
}

// The heaviest count that there can be stays exact.
func TestHeaviest(t *testing.T) {
	t.Parallel()
	r := pool(tally.STV, 3, 2)
	c := tally.New(r)
	if err := errors.Join(c.Add(ranked(3, "ABC"), tally.MaxWeight-7), c.Add(ranked(3, "C"), 7)); err != nil {
		t.Fatal(err)
	}
	got := c.Result(tally.MaxWeight)
	if _, err := leaf.Canonical(got); err != nil {
		t.Error(err)
	}
	for _, eligible := range []int64{-1, tally.MaxWeight + 1} {
		if _, err := c.Result(eligible).JSON(); !errors.Is(err, tally.ErrWeight) {
			t.Errorf("%d may vote: %v", eligible, err)
		}
	}
	if letters(got.Winners) != "AB" || got.Quota != 30_000_000_001*tally.Unit || got.Rounds[1].Votes[1] != 66666*(tally.MaxWeight-7) {
		t.Error(text(t, got))
	}
}

// What somebody left empty by hand is written without null.
func TestNoNull(t *testing.T) {
	t.Parallel()
	if s := text(t, tally.Result{}); s != `{"abstained":0,"adopted":false,"eligible":0,"method":"","order":[],"papers":0,`+
		`"quorum":{"met":false,"needed":0,"reached":0},"reasons":[],"sums":[],"ties":[],"v":0,"weight":0,"winners":[]}` {
		t.Error(s)
	}
}
