package box_test

import (
	"slices"
	"strings"
	"testing"

	"convoke/internal/fault"
	"convoke/internal/record/box"
)

// What is pasted is a list of codes that differ and that nobody guesses, which read
// again is the same list; or there is a message for the field.
func FuzzReadCodes(f *testing.F) {
	for _, s := range []string{"abcd-efgh\nijkm-npqr\n", "ABCD EFGH\r\nabcdefgh\r\n", "abcdefgo\nabcdefg0\n", "short\n", "\x00\xff\n\n", "ａｂｃｄｅｆｇｈ\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		codes, err := box.ReadCodes("codes", s)
		if err != nil {
			if !fault.Is(err, fault.KindInvalid) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		for _, c := range codes {
			if len(c) < 8 || box.CleanCode(c) != c {
				t.Fatalf("%q has the code %q", s, c)
			}
		}
		again, err := box.ReadCodes("codes", strings.Join(codes, "\n"))
		if err != nil || !slices.Equal(again, codes) {
			t.Fatalf("%q is read as %q, then as %q, %v", s, codes, again, err)
		}
	})
}
