package pledges

import (
	"testing"

	"pgregory.net/rapid"

	"convoke/internal/record/box"
)

// drawn is a curve, and its thresholds one by one.
func drawn(t *rapid.T) ([]box.Step, []uint64) {
	all := rapid.SliceOfN(rapid.Uint64Range(1, 30), 0, 30).Draw(t, "thresholds")
	var steps []box.Step
	for x := uint64(1); x <= 30; x++ {
		var n uint64
		for _, a := range all {
			if a == x {
				n++
			}
		}
		if n > 0 {
			steps = append(steps, box.Step{Threshold: x, People: n})
		}
	}
	return steps, all
}

// standing tries every number of people.
func standing(all []uint64) (best uint64) {
	for k := uint64(0); k <= uint64(len(all)); k++ {
		var n uint64
		for _, x := range all {
			if x <= k {
				n++
			}
		}
		if n >= k {
			best = k
		}
	}
	return best
}

func plus(all []uint64, m uint64) []uint64 {
	out := append([]uint64(nil), all...)
	for range m {
		out = append(out, 1)
	}
	return out
}

// TestNextAgainstTrying adds people one by one until somebody follows.
func TestNextAgainstTrying(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		steps, all := drawn(t)
		var more, follow uint64
		for m := uint64(1); m <= 31; m++ {
			if g := standing(plus(all, m)) - standing(all); g > m {
				more, follow = m, g-m
				break
			}
		}
		if m, f := Next(steps); m != more || f != follow {
			t.Fatalf("%v: %d more and %d follow, want %d and %d", all, m, f, more, follow)
		}
	})
}

// TestMissingAgainstTrying adds people one by one until the goal stands.
func TestMissingAgainstTrying(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		steps, all := drawn(t)
		goal := rapid.Uint64Range(1, 40).Draw(t, "goal")
		var want uint64
		for standing(plus(all, want)) < goal {
			want++
		}
		if got := Missing(steps, goal); got != want {
			t.Fatalf("%v: %d are missing to %d, want %d", all, got, goal, want)
		}
	})
}

// TestRowsAddUp: a long curve is shortened without losing anybody.
func TestRowsAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var steps []box.Step
		for i := range rapid.IntRange(0, 500).Draw(t, "steps") {
			steps = append(steps, box.Step{Threshold: uint64(i + 1), People: rapid.Uint64Range(1, 9).Draw(t, "people")})
		}
		var sum int
		all := rows(steps)
		for _, r := range all {
			if sum += r.People; r.Sum != sum {
				t.Fatalf("row %+v, added up %d", r, sum)
			}
		}
		if uint64(sum) != Everybody(steps) || len(all) > maxRows {
			t.Fatalf("%d people in %d rows, want %d", sum, len(all), Everybody(steps))
		}
	})
}
