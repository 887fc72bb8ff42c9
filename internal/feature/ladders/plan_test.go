package ladders

import (
	"testing"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
)

// TestGatesAreNotScanned: what asks whether a gate opens walks along the index of what
// waits, and reads neither campaigns nor steps that nothing has happened to.
func TestGatesAreNotScanned(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(start))
	dbtest.Walks(t, d, "ladder_watch_subject", waitingQuery, "count", "x")
	dbtest.Walks(t, d, "ladder_watch_due", dueQuery, 1, "", 10)
	dbtest.Walks(t, d, "(campaign_id=?", dueOfQuery, "c", 1)
}
