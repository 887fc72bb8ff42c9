package tally_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"convoke/internal/record/tally"
	"convoke/internal/record/tally/tallytest"
)

func TestYesNo(t *testing.T) {
	t.Parallel()
	two3 := &tally.Share{Num: 2, Den: 3}
	more23 := &tally.Share{Num: 2, Den: 3, More: true}
	for _, c := range []struct {
		name             string
		rules            tally.Rules
		yes, no, abstain int64
		why              []string
	}{
		{"more yes than no", tally.Rules{}, 2, 1, 9, nil},
		{"as many", tally.Rules{}, 2, 2, 0, []string{"share"}},
		{"nobody", tally.Rules{}, 0, 0, 0, []string{"nobody", "share"}},
		{"abstentions only", tally.Rules{Quorum: 5}, 0, 0, 5, []string{"nobody", "share"}},
		{"no only", tally.Rules{}, 0, 1, 0, []string{"nobody", "share"}},
		{"two thirds", tally.Rules{Share: two3}, 2, 1, 7, nil},
		{"less than two thirds", tally.Rules{Share: two3}, 199, 100, 0, []string{"share"}},
		{"no more than two thirds", tally.Rules{Share: more23}, 200, 100, 0, []string{"share"}},
		{"more than two thirds", tally.Rules{Share: more23}, 201, 100, 0, nil},
		{"quorum with abstentions", tally.Rules{Quorum: 5}, 2, 0, 3, nil},
		{"no quorum", tally.Rules{Quorum: 6}, 2, 0, 3, []string{"quorum"}},
		{"a no completes no quorum", tally.Rules{Quorum: 3}, 2, 1, 0, []string{"quorum"}},
		{"unless it does", tally.Rules{Quorum: 3, AgainstCounts: true}, 2, 1, 0, nil},
		{"half of the roll", tally.Rules{Support: 50}, 50, 1, 0, nil},
		{"less than that", tally.Rules{Support: 50}, 49, 1, 100, []string{"support"}},
		{"all at once", tally.Rules{Quorum: 9, Support: 2, Share: two3}, 1, 1, 1, []string{"quorum", "share", "support"}},
	} {
		c.rules.Method, c.rules.Options = tally.YesNo, 1
		counter := tally.New(c.rules)
		for says, n := range []int64{c.yes, c.no, c.abstain} {
			if n > 0 {
				if err := counter.Add([]byte{byte(says)}, n); err != nil {
					t.Fatal(err)
				}
			}
		}
		checkDecided(t, c.name, counter.Result(1000), c.why)
	}
}

func checkDecided(t *testing.T, name string, got tally.Result, why []string) {
	t.Helper()
	if !slices.Equal(got.Reasons, why) || got.Adopted != (len(why) == 0) || got.Adopted != (len(got.Winners) > 0) {
		t.Errorf("%s: not %v: %s", name, why, text(t, got))
	}
}

func TestConsent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		rules  tally.Rules
		papers []string
		why    []string
	}{
		{"all agree", tally.Rules{}, []string{"5 0"}, nil},
		{"one blocks", tally.Rules{}, []string{"5 0", "1 3"}, []string{"blocked"}},
		{"one of two blocks", tally.Rules{Blocks: 2}, []string{"5 0", "1 3"}, nil},
		{"a block that weighs two", tally.Rules{Blocks: 2}, []string{"5 0", "2 3"}, []string{"blocked"}},
		{"nobody agrees", tally.Rules{}, []string{"5 1", "1 2"}, []string{"nobody"}},
		{"nobody at all", tally.Rules{}, nil, []string{"nobody"}},
		{"share of all but aside", tally.Rules{Share: &tally.Share{Num: 3, Den: 4}}, []string{"3 0", "9 1", "1 2"}, nil},
		{"too many reservations", tally.Rules{Share: &tally.Share{Num: 3, Den: 4}}, []string{"3 0", "9 1", "2 2"}, []string{"share"}},
		{"reservations are in the quorum", tally.Rules{Quorum: 4}, []string{"1 0", "1 1", "2 2"}, nil},
		{"a block is not", tally.Rules{Quorum: 4, Blocks: 2}, []string{"3 0", "1 3"}, []string{"quorum"}},
		{"unless it is", tally.Rules{Quorum: 4, Blocks: 2, AgainstCounts: true}, []string{"3 0", "1 3"}, nil},
		{"support", tally.Rules{Support: 4}, []string{"3 0", "1 1"}, []string{"support"}},
	} {
		c.rules.Method, c.rules.Options = tally.Consent, 1
		checkDecided(t, c.name, counted(t, c.rules, c.papers...), c.why)
	}
}

func TestApprovalAndScore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		rules          tally.Rules
		papers         []string
		winners, order string
		ties           int
		why            []string
	}{
		{"most approvals", pool(tally.Approval, 3, 0), []string{"3 AB", "2 B", "1 C"}, "B", "BAC", 0, nil},
		{"two seats", pool(tally.Approval, 3, 2), []string{"3 AB", "2 B", "1 C"}, "BA", "BAC", 0, nil},
		{"a seat stays empty", pool(tally.Approval, 3, 3), []string{"3 AB", "2 B"}, "BA", "BAC", 0, nil},
		{"a tie", tally.Rules{Method: tally.Approval, Options: 3, Lots: []int{2, 1, 0}}, []string{"1 A", "1 C"}, "C", "CAB", 1, nil},
		{"nobody approves", pool(tally.Approval, 2, 0), []string{"3 "}, "", "AB", 1, []string{"nobody"}},
		{
			"share of those that approve anything",
			tally.Rules{Method: tally.Approval, Options: 3, Winners: 3, Share: &tally.Share{Num: 1, Den: 2}, Lots: lots(3)},
			[]string{"2 A", "1 AB", "1 C", "9 "},
			"A", "ABC", 1, nil,
		},
		{
			"the second has no support",
			tally.Rules{Method: tally.Approval, Options: 3, Winners: 2, Support: 3, Lots: lots(3)},
			[]string{"3 A", "2 B"},
			"A", "ABC", 0, nil,
		},
		{
			"nobody has the support",
			tally.Rules{Method: tally.Approval, Options: 2, Support: 3, Lots: lots(2)},
			[]string{"2 A", "1 B"},
			"", "AB", 0, []string{"support"},
		},
		{"scores", tally.Rules{Method: tally.Score, Options: 3, Max: 5, Lots: lots(3)}, []string{"2 052", "1 500"}, "B", "BAC", 0, nil},
		{"two by score", tally.Rules{Method: tally.Score, Options: 3, Max: 5, Winners: 2, Lots: lots(3)}, []string{"2 052", "1 500"}, "BA", "BAC", 0, nil},
		{"no points", tally.Rules{Method: tally.Score, Options: 2, Max: 5, Lots: lots(2)}, []string{"2 00"}, "", "AB", 1, []string{"nobody"}},
		{"no quorum", tally.Rules{Method: tally.Score, Options: 2, Max: 5, Quorum: 3, Lots: lots(2)}, []string{"2 10"}, "", "AB", 0, []string{"quorum"}},
	} {
		got := counted(t, c.rules, c.papers...)
		checkDecided(t, c.name, got, c.why)
		if letters(got.Winners) != c.winners || letters(got.Order) != c.order || len(got.Ties) != c.ties {
			t.Errorf("%s: %s", c.name, text(t, got))
		}
	}
}

func TestTemperatureDecidesNothing(t *testing.T) {
	t.Parallel()
	got := counted(t, tally.Rules{Method: tally.Check, Options: 1, Max: 3}, "4 1", "2 3")
	checkDecided(t, "check", got, []string{"check"})
	if !slices.Equal(got.Sums, []int64{4, 0, 2}) || got.Weight != 6 || got.Papers != 2 {
		t.Error(text(t, got))
	}
}

// Where against does not count for the quorum, whoever is against can stay away or
// say so without ever helping, and whoever is in favour helps by saying so.
func TestNoNeverHelps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := tallytest.Rules(t)
		r = tally.Rules{
			Method: rapid.SampledFrom([]string{tally.YesNo, tally.Consent}).Draw(t, "method"), Options: 1,
			Quorum: r.Quorum, Support: r.Support, Share: r.Share,
		}
		if r.Share != nil && rapid.Bool().Draw(t, "no share") {
			r.Share = nil
		}
		for1, against := []byte{tally.Yes}, []byte{tally.No}
		if r.Method == tally.Consent {
			r.Blocks = rapid.IntRange(0, 9).Draw(t, "blocks")
			against = append([]byte{tally.Block}, make([]byte, 32)...)
		}
		c := tally.New(r)
		for range rapid.IntRange(0, 12).Draw(t, "papers") {
			if err := c.Add(tallytest.Paper(t, r), rapid.Int64Range(1, 9).Draw(t, "weight")); err != nil {
				t.Fatal(err)
			}
		}
		weight := rapid.Int64Range(1, 40).Draw(t, "more")
		before := c.Result(0)
		if err := c.Add(against, weight); err != nil {
			t.Fatal(err)
		}
		if c.Result(0).Adopted && !before.Adopted {
			t.Fatal("more against, and it is adopted")
		}
		if err := c.Remove(against, weight); err != nil {
			t.Fatal(err)
		}
		if err := c.Add(for1, weight); err != nil {
			t.Fatal(err)
		}
		if before.Adopted && !c.Result(0).Adopted {
			t.Fatal("more in favour, and it is not adopted any more")
		}
	})
}

// With against_counts a no does complete a quorum; that is what the rule is for.
func TestNoCompletesQuorum(t *testing.T) {
	t.Parallel()
	r := tally.Rules{Method: tally.YesNo, Options: 1, Quorum: 10, AgainstCounts: true}
	if counted(t, r, "9 0").Adopted || !counted(t, r, "9 0", "1 1").Adopted {
		t.Error("a no does not complete the quorum")
	}
}
