package handle

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	dots, plain := Rules{Dots: true, Reserved: []string{"visitor"}}, Rules{}
	for _, x := range []struct {
		typed       string
		dots, plain string // codes
	}{
		{"sam", "", ""}, {" @Sam\n", "", ""}, {"ｓａｍ", "", ""}, {"a-b_c9", "", ""}, {strings.Repeat("a", 30), "", ""},
		{"", "handle.missing", "handle.missing"}, {"@ ", "handle.missing", "handle.missing"},
		{"ab", "handle.length", "handle.length"}, {strings.Repeat("a", 31), "handle.length", "handle.length"},
		{"sam.json", "", "handle.shape_no_dots"}, {".sam", "handle.shape", "handle.shape_no_dots"},
		{"9sam", "handle.shape", "handle.shape_no_dots"}, {"sa m", "handle.shape", "handle.shape_no_dots"},
		{"sаm", "handle.shape", "handle.shape_no_dots"}, // Cyrillic а
		{"Admin", "handle.reserved", "handle.reserved"}, {"visitor", "handle.reserved", ""},
	} {
		for _, c := range []struct {
			rules Rules
			want  string
		}{{dots, x.dots}, {plain, x.plain}} {
			if f, bad := c.rules.Check(Fold(x.typed)); f.Code != c.want || bad != (c.want != "") {
				t.Errorf("%q with dots %v: %q, %v, want %q", x.typed, c.rules.Dots, f.Code, bad, c.want)
			}
		}
	}
	for _, h := range Reserved() {
		if Fold(h) != h || !plain.shape(h) || len(h) > Max {
			t.Errorf("%q would not be a handle anyway", h)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"@Sam", "ｓａｍ", "İstanbul", "a\u0301", "\xff", " @ "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h := Fold(s)
		if again := Fold(h); again != h {
			t.Errorf("%q becomes %q, then %q", s, h, again)
		}
		if _, bad := (Rules{}).Check(h); !bad && (strings.ContainsAny(h, "./%?@ ") || h != strings.ToLower(h)) {
			t.Errorf("%q is accepted", h)
		}
	})
}
