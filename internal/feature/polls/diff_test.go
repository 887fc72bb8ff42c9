package polls

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func joined(all []Piece, skip func(Piece) bool) string {
	var b strings.Builder
	for _, p := range all {
		if !skip(p) {
			b.WriteString(strings.Join(p.Lines, "\n"))
		}
	}
	return b.String()
}

// What a comparison shows is both texts, whatever they are, and no more than differs.
func TestDiffIsBothTexts(t *testing.T) {
	t.Parallel()
	word := rapid.SampledFrom([]string{"we ", "meet ", "on ", "Monday.\n", "Tuesday.\n\n", "garden ", "day "})
	rapid.Check(t, func(t *rapid.T) {
		before := strings.Join(rapid.SliceOfN(word, 0, 30).Draw(t, "before"), "")
		after := strings.Join(rapid.SliceOfN(word, 0, 30).Draw(t, "after"), "")
		all := diff(before, after)
		if got := joined(all, func(p Piece) bool { return p.Added }); got != before {
			t.Fatalf("the old text becomes %q", got)
		}
		if got := joined(all, func(p Piece) bool { return p.Removed }); got != after {
			t.Fatalf("the new text becomes %q", got)
		}
		changed, least := 0, len(words(before))+len(words(after))-2*common(words(before), words(after))
		for _, p := range all {
			if p.Added || p.Removed {
				changed += len(words(strings.Join(p.Lines, "\n")))
			}
		}
		if changed != least {
			t.Fatalf("%d words are marked, %d differ", changed, least)
		}
	})
}

// common is the length of the longest common subsequence, slowly.
func common(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		last := 0
		for j, y := range b {
			was := row[j+1]
			if x == y {
				row[j+1] = last + 1
			} else {
				row[j+1] = max(row[j+1], row[j])
			}
			last = was
		}
	}
	return row[len(b)]
}

func TestDiffOfLongTexts(t *testing.T) {
	t.Parallel()
	before, after := strings.Repeat("a b c d ", 2000), strings.Repeat("x y z w ", 2000)
	all := diff(before, after)
	if len(all) != 2 || !all[0].Removed || !all[1].Added {
		t.Errorf("%d pieces", len(all))
	}
}

func FuzzDiff(f *testing.F) {
	f.Add("we meet on Monday", "we meet on Tuesday\n")
	f.Fuzz(func(t *testing.T, before, after string) {
		all := diff(before, after)
		if joined(all, func(p Piece) bool { return p.Added }) != before || joined(all, func(p Piece) bool { return p.Removed }) != after {
			t.Errorf("%q and %q become %+v", before, after, all)
		}
	})
}
