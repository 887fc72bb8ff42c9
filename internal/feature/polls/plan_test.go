package polls

import (
	"testing"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
)

// TestQueriesUseIndices: what runs by the clock, or when a mandate ends, reads polls that
// go on and not all that ever were.
func TestQueriesUseIndices(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now))
	dbtest.Walks(t, d, "poll_closed", uncountedQuery, "", 10)
	dbtest.Walks(t, d, "poll_seat_mandate", openSeatsQuery, "m")
	dbtest.Walks(t, d, "poll_seat_group", groupSeatsQuery, "g", "c")
}
