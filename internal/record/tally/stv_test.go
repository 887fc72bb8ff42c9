package tally_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/record/tally"
)

// ward is an official count: testdata/README.md.
type ward struct {
	seats   int
	options int
	papers  []string // as [counted] reads them
	stages  [][]int64
	elected string
}

func readWard(t *testing.T, name string) (w ward) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "seats":
			w.seats, err = strconv.Atoi(rest)
		case "papers":
			for _, s := range strings.Fields(rest) {
				digits := strings.IndexFunc(s, func(r rune) bool { return r >= 'A' })
				w.papers = append(w.papers, s[:digits]+" "+s[digits:])
			}
		case "stage":
			var votes []int64
			for _, s := range strings.Fields(rest) {
				whole, part, _ := strings.Cut(s, ".")
				v, bad := strconv.ParseInt(whole+part+strings.Repeat("0", 5-len(part)), 10, 64)
				votes, err = append(votes, v), bad
			}
			w.stages = append(w.stages, votes)
			w.options = len(votes)
		case "elected":
			w.elected = rest
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// Each stage has the votes of the official result sheet, to the fifth decimal.
func TestOfficialCounts(t *testing.T) {
	t.Parallel()
	for name, stages := range map[string]int{"ward-a.txt": 4, "ward-b.txt": 6} {
		w := readWard(t, name)
		got := counted(t, pool(tally.STV, w.options, w.seats), w.papers...)
		var votes [][]int64
		for _, r := range got.Rounds {
			votes = append(votes, r.Votes)
		}
		if diff := cmp.Diff(w.stages, votes); diff != "" || len(votes) != stages {
			t.Errorf("%s: %s", name, diff)
		}
		if letters(got.Winners) != w.elected || len(got.Ties) != 0 {
			t.Errorf("%s: %s elected, not %s; ties %v", name, letters(got.Winners), w.elected, got.Ties)
		}
	}
}

// What a page says of a count: who moves how much to whom, and where papers end.
func TestSTVMoves(t *testing.T) {
	t.Parallel()
	got := counted(t, pool(tally.STV, 4, 2), "7 AB", "3 AC", "2 A", "3 B", "2 CB", "1 DC", "4 ")
	want := []tally.Round{
		{Action: "first", Option: -1, Elected: []int{0}, Filled: []int{}, Moves: []tally.Move{}, Votes: []int64{12e5, 3e5, 2e5, 1e5}},
		{
			// Of twelve votes five move: 5/12 of each paper, 0.41666.
			Action: "surplus", Option: 0, Elected: []int{}, Filled: []int{},
			Moves: []tally.Move{{To: 1, Votes: 7 * 41666, Weight: 7}, {To: 2, Votes: 3 * 41666, Weight: 3}, {To: -1, Votes: 2 * 41666, Weight: 2}},
			Votes: []int64{7e5, 3e5 + 7*41666, 2e5 + 3*41666, 1e5}, Exhausted: 2 * 41666, Lost: 5e5 - 12*41666,
		},
		{
			Action: "exclude", Option: 3, Elected: []int{}, Filled: []int{},
			Moves: []tally.Move{{To: 2, Votes: 1e5, Weight: 1}},
			Votes: []int64{7e5, 3e5 + 7*41666, 3e5 + 3*41666, 0}, Exhausted: 2 * 41666, Lost: 5e5 - 12*41666,
		},
		{
			// The three of A that C has carry what they had; nobody else is left.
			Action: "exclude", Option: 2, Elected: []int{1}, Filled: []int{},
			Moves: []tally.Move{{To: 1, Votes: 2e5, Weight: 2}, {To: -1, Votes: 1e5 + 3*41666, Weight: 4}},
			Votes: []int64{7e5, 5e5 + 7*41666, 0, 0}, Exhausted: 1e5 + 5*41666, Lost: 5e5 - 12*41666,
		},
	}
	if diff := cmp.Diff(want, got.Rounds); diff != "" {
		t.Error(diff)
	}
	if got.Quota != 7e5 || got.Abstained != 4 || letters(got.Order) != "ABCD" {
		t.Error(text(t, got))
	}
}

// Ties: the latest earlier round that tells equal options apart, and the lots where
// none does.
func TestSTVTies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		seats  int
		lots   []int
		papers []string
		order  string
		ties   []tally.Tie
	}{
		{
			// B and C have five each in the end; before D was excluded B had less.
			"earlier", 1, []int{0, 1, 2, 3},
			[]string{"6 A", "4 BA", "5 C", "1 DB"},
			"ACBD", []tally.Tie{{Among: []int{1, 2}, By: "earlier", Chosen: 1, For: "exclude", Round: 1}},
		},
		{
			"the last of the lots is excluded", 1, []int{2, 1, 0},
			[]string{"3 A", "3 B", "3 CB"},
			"CBA", []tally.Tie{
				{Among: []int{0, 1, 2}, By: "lot", Chosen: 0, For: "exclude"},
				{Among: []int{1, 2}, By: "lot", Chosen: 1, For: "exclude", Round: 1},
			},
		},
		{
			"the first of the lots moves first", 2, []int{1, 0, 2},
			[]string{"5 AC", "5 BC", "1 C"},
			"BAC", []tally.Tie{{Among: []int{0, 1}, By: "lot", Chosen: 1, For: "order"}},
		},
		{
			// After the first surplus C has more than D, and that tells them apart.
			"equal surpluses", 3, []int{3, 2, 1, 0},
			[]string{"6 AC", "6 BD", "2 C", "2 D"},
			"BADC", []tally.Tie{
				{Among: []int{0, 1}, By: "lot", Chosen: 1, For: "order"},
				{Among: []int{0, 1}, By: "lot", Chosen: 1, For: "surplus"},
				{Among: []int{2, 3}, By: "earlier", Chosen: 2, For: "exclude", Round: 2},
			},
		},
		{
			"nobody ranks anybody", 1, []int{1, 0},
			[]string{"3 "},
			"BA", []tally.Tie{{Among: []int{0, 1}, By: "lot", Chosen: 0, For: "exclude"}},
		},
	} {
		got := counted(t, tally.Rules{Method: tally.STV, Options: len(c.lots), Winners: c.seats, Lots: c.lots}, c.papers...)
		if diff := cmp.Diff(c.ties, got.Ties); diff != "" || letters(got.Order) != c.order {
			t.Errorf("%s: order %s, not %s\n%s", c.name, letters(got.Order), c.order, diff)
		}
	}
}

// Without quorum nobody is elected, but the count is told.
func TestSTVWithoutQuorum(t *testing.T) {
	t.Parallel()
	r := pool(tally.STV, 2, 1)
	r.Quorum = 4
	got := counted(t, r, "2 A", "1 B")
	if got.Adopted || len(got.Winners) != 0 || letters(got.Order) != "AB" || len(got.Rounds) != 1 || !cmp.Equal(got.Reasons, []string{"quorum"}) {
		t.Error(text(t, got))
	}
}
