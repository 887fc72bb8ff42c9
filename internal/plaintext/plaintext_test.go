package plaintext

import (
	"testing"

	"pgregory.net/rapid"
)

func TestClean(t *testing.T) {
	t.Parallel()
	if got := Line(" a\u202eb\n c\x00 "); got != "ab c" {
		t.Errorf("a line: %q", got)
	}
	if got := Line("A\x00\u0300"); got != "\u00c0" {
		t.Errorf("a letter and its accent: %q", got)
	}
	if got := Text(" a\r\nb\x07\n"); got != "a\nb" {
		t.Errorf("a text: %q", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		if once := Line(s); Line(once) != once {
			t.Fatalf("a second cleaning changes %q", once)
		}
	})
}

func TestContact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]bool{
		"Call 0170 / 123 45-67":        {false, true},
		"٠١٧٠ ١٢٣٤٥٦٧":                 {false, true}, // the same in Arabic digits
		"0\u200b1\u200b7\u200b0123456": {false, true}, // with invisible characters between
		"on 2026-11-28 at 18:30":       {false, false},
		"28.11.2026, 3 of 5":           {false, false},
		"sam@example.org":              {true, false},
		"sam (at) example":             {true, false},
		"ｗｗｗ.ｅｘａｍｐｌｅ":                  {true, false}, // full width
		"find me on example.info":      {true, false},
		"I want quiet nights.":         {false, false},
	} {
		s := Judged(text)
		if got := [2]bool{HasContact(s), HasPhone(s)}; got != want {
			t.Errorf("%q: contact and phone %v, want %v", text, got, want)
		}
	}
}
