package alerts

import (
	"testing"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
)

// TestQueriesUseIndices: what everybody asks for in an emergency, and what runs by the
// clock, reads what is asked for and not all that ever was.
func TestQueriesUseIndices(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now))
	dbtest.Walks(t, d, "alert_case_queue", casesQuery, "n", "new", "", 0, 51, 0)
	dbtest.Walks(t, d, "alert_case_called", uncalledQuery, calledNobody, calledOnCall, 0)
	dbtest.Walks(t, d, "alert_case_near", nearQuery(8), "n", "fire", 0, 0, 0, "withdraw", "clear", 1, 2, 3, 4, 5, 6, 7, 8, 9)
	dbtest.Walks(t, d, "alert_newest", newestQuery, false, 100, 0)
	dbtest.Walks(t, d, "alert_network_newest", newestOfQuery, "n", false, 100)
	dbtest.Walks(t, d, "alert_network_newest (network_id=? AND sent_at>?)", standingQuery, "n", false, 0, 0, 100)
	dbtest.Walks(t, d, "alert_newest", behindQuery, false, 0, 0, 100)
	dbtest.Walks(t, d, "(chain_id=?)", chainSinceQuery, "c", 0)
	dbtest.Walks(t, d, "alert_passed USING PRIMARY KEY (origin_id=? AND network_id=?)", answeredQuery, "a", "c", "n")
	dbtest.Walks(t, d, "alert_cell USING PRIMARY KEY (cell=? AND sent_at>?)", sinceQuery, 1, 0)
	dbtest.Walks(t, d, "alert_area USING PRIMARY KEY (cell=?)", watchingQuery, 1)
	dbtest.Walks(t, d, "alert_area_network", areaQuery, "n")
	dbtest.Walks(t, d, "alert_draft_network", draftsQuery, "n", 0)
	dbtest.Walks(t, d, "alert_sent", oldQuery, 0)
	for _, table := range []string{"alert_report", "alert_note", "alert_case"} {
		dbtest.Walks(t, d, table+"_expires", overQuery(table), 0)
		dbtest.Walks(t, d, table+"_scope", overQuery(table), 0)
		dbtest.Walks(t, d, table+"_expires", "delete from "+table+" where expires_at <= $1", 0)
	}
}
