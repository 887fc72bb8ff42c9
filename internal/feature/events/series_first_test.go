package events

import (
	"testing"
	"time"

	"convoke/internal/day"
)

// A change of all dates looks at those that may still be to come, however long
// the series is; one of the later ones begins at its event.
func TestFirstDay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC)
	for scope, want := range map[Scope]int{
		Later: 20260505, After: 20260506, All: 20260303,
	} {
		if got := firstDay(scope, 20260505, now); got != want {
			t.Errorf("%s begins on %s, want %s", scope, day.ISO(got), day.ISO(want))
		}
	}
}
