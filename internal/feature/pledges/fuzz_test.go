package pledges

import (
	"testing"

	"convoke/internal/clock"
	"convoke/internal/id"
)

// Whatever a page link carries is the place behind a pledge, or the beginning.
func FuzzCursor(f *testing.F) {
	for _, s := range []string{
		"1778421600000000.01kqm8ymg00000000000000000", "-62135596800000000.01kqm8ymg00000000000000000", "", ".", "1.", "99999999999999999999.x",
		"+1.01kqm8ymg00000000000000000", "1.81kqm8ymg00000000000000000", "1.01KQM8YMG00000000000000000",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := readCursor(s)
		if c == (cursor{}) {
			return
		}
		p := Pledge{ID: ID(c.id), Deadline: clock.FromMicros(c.deadline)}
		if again := readCursor(p.cursor()); !id.Valid(c.id) || again != c {
			t.Errorf("%q is read as %+v, then as %+v", s, c, again)
		}
	})
}
