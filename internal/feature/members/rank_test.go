package members

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"convoke/internal/db/dbtest"
)

// TestRank: what is urgent stands first, and nothing is lost.
func TestRank(t *testing.T) {
	t.Parallel()
	now := dbtest.Now
	in := []Item{
		{Title: "in a month", When: now.AddDate(0, 1, 0)},
		{Title: "statement"},
		{Title: "in five days", When: now.AddDate(0, 0, 5)},
		{Title: "task"},
		{Title: "tomorrow", When: now.AddDate(0, 0, 1)},
		{Title: "called off", When: now.AddDate(0, 2, 0), Off: true},
		{Title: "in two weeks", When: now.AddDate(0, 0, 14)},
	}
	var got []string
	for _, x := range rank(in, now) {
		got = append(got, x.Title)
	}
	if want := []string{"called off", "tomorrow", "in five days", "statement", "task", "in two weeks", "in a month"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOf(rapid.Custom(func(t *rapid.T) Item {
			x := Item{Title: rapid.String().Draw(t, "title"), Off: rapid.Bool().Draw(t, "off")}
			if rapid.Bool().Draw(t, "timed") {
				x.When = now.Add(time.Duration(rapid.IntRange(0, 60*24).Draw(t, "hours")) * time.Hour)
			}
			return x
		})).Draw(t, "items")
		out := rank(all, now)
		if len(out) != len(all) {
			t.Fatalf("%d of %d", len(out), len(all))
		}
		late := false
		for i, x := range out {
			if x.Off && i > 0 && !out[i-1].Off {
				t.Fatal("what is called off comes behind")
			}
			if far := !x.Off && !x.When.IsZero() && !x.When.Before(now.Add(soon)); far {
				late = true
			} else if late && !far {
				t.Fatal("what is far away comes first")
			}
		}
		if !slices.Equal(rank(out, now), out) {
			t.Fatal("the order changes")
		}
	})
}
