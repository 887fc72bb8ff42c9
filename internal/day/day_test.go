package day

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDays(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	late := time.Date(2026, 3, 28, 23, 30, 0, 0, time.UTC)
	if got := Of(late); got != 20260328 {
		t.Errorf("in UTC it is %d", got)
	}
	if got := Of(late.In(berlin)); got != 20260329 {
		t.Errorf("in Berlin it is %d", got)
	}
	if got := At(20260330, berlin).Sub(At(20260329, berlin)); got != 23*time.Hour {
		t.Errorf("the day when clocks go forward is %s long", got)
	}
	for d, want := range map[int]int{20240228: 20240229, 20230228: 20230301, 20261231: 20270101} {
		if got := After(d, 1); got != want || After(want, -1) != d {
			t.Errorf("after %d comes %d", d, got)
		}
	}
	if !Time(0).IsZero() || ISO(0) != "" || Time(20240229).Location() != time.UTC {
		t.Errorf("no day is %s, %q", Time(0), ISO(0))
	}
	for _, bad := range []string{"", "2026", "2026-13-01", "2026-02-30", "0999-01-01", "20260101", " 2026-01-01", "2026-1-1", "12026-01-01"} {
		if d, ok := Read(bad); ok || d != 0 {
			t.Errorf("%q is read as %d", bad, d)
		}
	}
}

// What was written is read again, and days sort as their times do.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		day := func(name string) time.Time {
			return time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 3_280_000).Draw(t, name))
		}
		a, b := day("a"), day("b")
		if got, ok := Read(ISO(Of(a))); !ok || got != Of(a) || !Time(got).Equal(a) {
			t.Fatalf("%s becomes %d", a, got)
		}
		if a.Before(b) != (Of(a) < Of(b)) {
			t.Fatalf("%d and %d do not sort as %s and %s", Of(a), Of(b), a, b)
		}
	})
}
