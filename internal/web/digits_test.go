package web

import (
	"testing"

	"pgregory.net/rapid"
)

// TestFormsReadAnyDigits: numbers, dates and times come as programs read them,
// whichever digits the keyboard wrote; text stays as it was written.
func TestFormsReadAnyDigits(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"٢٠٢٦-٠٦-٠٦": "2026-06-06", "۱۰:۳۰": "10:30", " ٤٠ ": "40", "\u200f١٢\u200f": "12", "٤٬٠": "٤٬٠", "٥٢٫٥": "52.5", "−٣": "-3", "５": "5",
		"04109": "04109", "٠٤١٠٩": "04109", "१२": "12", "٢ بيوت": "٢ بيوت", "Room ٣": "Room ٣", "–": "–", "": "",
	} {
		f := &Form{values: map[string][]string{"x": {typed}}}
		if got := f.Line("x"); got != want {
			t.Errorf("%q is read as %q, want %q", typed, got, want)
		}
	}
	f := &Form{values: map[string][]string{"n": {"٢٥"}}}
	if n, ok := f.Int("n"); !ok || n != 25 {
		t.Errorf("%d, %v", n, ok)
	}
	if got := Digits("٢٠٢٦-١١-٢٨ إلى ۲۰۲۶-۱۲-۰۱"); got != "2026-11-28 إلى 2026-12-01" {
		t.Errorf("%q", got)
	}
}

// TestTextKeepsItsDigits: whatever holds a letter comes as it was typed, and
// reading twice is reading once.
func TestTextKeepsItsDigits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		s := rapid.StringOfN(rapid.RuneFrom([]rune("٠٩۵5 -:./aب\u200f")), 0, 12, -1).Draw(r, "typed")
		got := onlyDigits(s)
		if onlyDigits(got) != got {
			r.Fatalf("%q is read as %q and then as %q", s, got, onlyDigits(got))
		}
		for _, letter := range s {
			if (letter == 'a' || letter == 'ب') && got != s {
				r.Fatalf("%q became %q", s, got)
			}
		}
	})
}
