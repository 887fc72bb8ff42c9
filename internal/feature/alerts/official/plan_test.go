package official

import (
	"testing"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
)

// TestQueriesUseIndices: a page reads what holds at a place, and not all that there is.
func TestQueriesUseIndices(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now))
	dbtest.Walks(t, d, "alert_official_feed (feed=? AND sent_at>?)", currentQuery, 0, 0, "", 100, "f")
	dbtest.Walks(t, d, "alert_official_cell USING PRIMARY KEY (cell=?)", touchingQuery(2), 1, 2)
	dbtest.Walks(t, d, "alert_official_expires", endedQuery, 0)
	dbtest.Walks(t, d, "alert_feed_file_until", fileQuery, 0)
	dbtest.Walks(t, d, "alert_official_over_until", overQuery, 0)
	dbtest.Walks(t, d, "alert_official_feed (feed=?", surplusQuery, "f", 1)
}
