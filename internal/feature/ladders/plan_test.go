package ladders

import (
	"strings"
	"testing"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
)

// TestGatesAreNotScanned: what asks whether a gate opens walks along the index of what
// waits, and reads neither campaigns nor steps that nothing has happened to.
func TestGatesAreNotScanned(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(start))
	for name, q := range map[string]struct {
		query, index string
		args         []any
	}{
		"happened": {waitingQuery, "ladder_watch_subject", []any{"count", "x"}},
		"due":      {dueQuery, "ladder_watch_due", []any{1, "", 10}},
		"due of":   {dueOfQuery, "(campaign_id=?", []any{"c", 1}},
	} {
		plan := dbtest.Plan(t, d, q.query, q.args...)
		if strings.Contains(plan, "SCAN") || !strings.Contains(plan, q.index) {
			t.Errorf("%s: %s", name, plan)
		}
	}
}
