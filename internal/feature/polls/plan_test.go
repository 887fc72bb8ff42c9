package polls

import (
	"strings"
	"testing"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
)

// TestQueriesUseIndices: what runs by the clock, or when a mandate ends, reads polls that
// go on and not all that ever were.
func TestQueriesUseIndices(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now))
	for name, q := range map[string]struct {
		query, index string
		args         []any
	}{
		"uncounted": {uncountedQuery, "poll_closed", []any{"", 10}},
		"mandate":   {openSeatsQuery, "poll_seat_mandate", []any{"m"}},
		"group":     {groupSeatsQuery, "poll_seat_group", []any{"g", "c"}},
	} {
		plan := dbtest.Plan(t, d, q.query, q.args...)
		if strings.Contains(plan, "SCAN") || !strings.Contains(plan, q.index) {
			t.Errorf("%s: %s", name, plan)
		}
	}
}
