package web

import "testing"

func TestBare(t *testing.T) {
	t.Parallel()
	const in = "// one\nlet a = 1; // stays\n  /** two */\n/*\n * three\n */\n  f(\"https://a\");\n"
	const want = "let a = 1; // stays\nf(\"https://a\");\n"
	if got := string(Bare([]byte(in))); got != want {
		t.Errorf("got %q", got)
	}
}
