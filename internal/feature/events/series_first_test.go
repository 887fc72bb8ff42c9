package events

import (
	"testing"
	"time"
)

// A change of all dates looks at those that may still be to come, however long
// the series is; one of the later ones begins at its event.
func TestFirstDay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC)
	for scope, want := range map[Scope]int{
		Later: dayOf(day("2026-05-05")), After: dayOf(day("2026-05-05")) + 1, All: dayOf(day("2026-03-03")),
	} {
		if got := firstDay(scope, dayOf(day("2026-05-05")), now); got != want {
			t.Errorf("%s begins on %s, want %s", scope, dayText(got), dayText(want))
		}
	}
}
