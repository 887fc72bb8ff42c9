package polls

import (
	"testing"

	"pgregory.net/rapid"
)

func TestReadAmount(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		typed string
		want  Amount
		of41  int
	}{
		{"", Amount{}, 0},
		{"20", Amount{Num: 20}, 20},
		{">20", Amount{Num: 20, More: true}, 21},
		{"50%", Amount{Num: 1, Den: 2}, 21},
		{" > 50 % ", Amount{Num: 1, Den: 2, More: true}, 21},
		{"66.7%", Amount{Num: 667, Den: 1000}, 28},
		{"66,7 %", Amount{Num: 667, Den: 1000}, 28},
		{"2/3", Amount{Num: 2, Den: 3}, 28},
		{">4/41", Amount{Num: 4, Den: 41, More: true}, 5},
		{"100%", Amount{Num: 1, Den: 1}, 41},
		{"0%", Amount{Num: 0, Den: 1}, 0},
	} {
		a, ok := readAmount(x.typed)
		if !ok || a != x.want || a.of(41) != x.of41 {
			t.Errorf("%q is %+v, %v, and %d of 41", x.typed, a, ok, a.of(41))
		}
	}
	for _, typed := range []string{"half", "-1", "101%", "3/2", "1/0", "1/", "/2", "50.%", "1.2345%", "%", ">", "1e3", "1000000000", "5 0.5.5%", "+3"} {
		if a, ok := readAmount(typed); ok {
			t.Errorf("%q is taken for %+v", typed, a)
		}
	}
}

// A part of all votes is the least number that is no less than it, or more than it.
func TestAmountIsTheLeast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := Amount{Den: rapid.IntRange(1, 1000).Draw(t, "den"), More: rapid.Bool().Draw(t, "more")}
		a.Num = rapid.IntRange(0, a.Den).Draw(t, "num")
		total := rapid.IntRange(0, 10_000_000).Draw(t, "total")
		enough := func(n int) bool {
			if a.More {
				return n*a.Den > total*a.Num
			}
			return n*a.Den >= total*a.Num
		}
		n := a.of(total)
		if !enough(n) || n > 0 && enough(n-1) {
			t.Fatalf("%+v of %d is %d", a, total, n)
		}
	})
}

func FuzzAmount(f *testing.F) {
	for _, s := range []string{"20", "50%", ">2/3", "66,7 %", "", "1/0", "%", "٥٠%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, ok := readAmount(s)
		if ok && (a.Num < 0 || a.Den < 0 || a.Den > 0 && a.Num > a.Den || a.of(1000) < 0) {
			t.Errorf("%q is %+v", s, a)
		}
	})
}
