package markdown_test

import (
	"strings"
	"testing"

	"convoke/internal/markdown"
)

func TestUnwrap(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"one\ntwo\nthree\n\nfour":                "one two three\n\nfour",
		"one  \ntwo\\\nthree":                    "one\ntwo\nthree",
		"- a\n  b\n- c\nlazy":                    "- a b\n- c lazy",
		"1.  a\n    b":                           "1.  a b",
		"> a\n> b\nc":                            "> a b c",
		"> a  \n> b":                             "> a\n> b",
		"[a\nlink](https://x.example) *b\nc*":    "[a link](https://x.example) *b c*",
		"`code\nspan` and\nmore":                 "`code\nspan` and more",
		"```\na\nb\n```\nc\nd":                   "```\na\nb\n```\nc d",
		"    a\n    b":                           "    a\n    b",
		"# h\ntext\n---\nx\ny":                   "# h\ntext\n---\nx y",
		"* * *\na\n   b \n c":                    "* * *\na b c",
		"a\n- b\n\nc\n===\nd":                    "a\n- b\n\nc\n===\nd",
		"[x]: https://x.example\na\nb":           "[x]: https://x.example\na b",
		"día\naño":                               "día año",
		"":                                       "",
		strings.Repeat("a\n", markdown.MaxBytes): strings.Repeat("a\n", markdown.MaxBytes),
	} {
		if got := markdown.Unwrap(src); got != want {
			t.Errorf("%.60q becomes %.60q, want %.60q", src, got, want)
		}
	}
}

// Whatever comes in, the words that are shown stay the same.
func FuzzUnwrap(f *testing.F) {
	for _, s := range []string{"a\nb", "- a\n  b", "> a\n> > b\nc", "a  \nb", "a\\\nb", "*a\nb* [x\ny](z)", "\t- a\n\tb", "`a\nb`", "a\n\n\nb\n", "1. a\n2. b\nc"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		got := markdown.Unwrap(src)
		if was, is := markdown.Plain(src, len(src)), markdown.Plain(got, len(src)); was != is {
			t.Errorf("%q becomes %q, which says %q, not %q", src, got, is, was)
		}
	})
}
