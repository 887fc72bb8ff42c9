package roles

import (
	"testing"

	"convoke/internal/fault"
)

// Whatever a page link carries is the place of an offer, as there is one way to write
// it, or the link is refused.
func FuzzCursor(f *testing.F) {
	for _, s := range []string{"", "offered-12", "confirmed-0", "reserve--1", "declined-1", "offered-01", "offered-99999999999999999999", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := parseCursor(s)
		switch {
		case err != nil && !fault.Is(err, fault.KindMalformed):
			t.Errorf("%q: %v", s, err)
		case err == nil && s != "" && c.String() != s:
			t.Errorf("%q is read as %+v", s, c)
		}
	})
}
