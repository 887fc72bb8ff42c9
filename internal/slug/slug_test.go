package slug

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSlugs(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"Öffnet die Brücke!": "offnet-die-brucke", "  a  B--c_d ": "a-b-c-d", "日本語": "", "日本 2026": "2026", "": "",
		strings.Repeat("long ", 30):     "long-long-long-long-long-long-long-long-long-long-long-long",
		strings.Repeat("a", 100):        strings.Repeat("a", Length),
		strings.Repeat("a", 59) + "b c": strings.Repeat("a", 59) + "b",
	} {
		if got := Of(title, Length); got != want {
			t.Errorf("%q gives %q, want %q", title, got, want)
		}
	}
	for _, bad := range []string{"", "-a", "a-", "A", "a/b", "a.b", "é", strings.Repeat("a", Length+1)} {
		if Valid(bad, Length) {
			t.Errorf("%q is taken", bad)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "title")
		got := Of(s, Length)
		if got != "" && !Valid(got, Length) || Of(got, Length) != got {
			t.Fatalf("%q gives %q, then %q", s, got, Of(got, Length))
		}
	})
}
