package groups

import (
	"strings"
	"testing"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
)

// The list and its search walk along one index and sort nothing.
func TestListUsesIndices(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now))
	for _, words := range [][]string{nil, {"river"}, {"neighbours", "river", "w"}} {
		for _, from := range []cursor{{}, {"riverside", "g1"}} {
			q, args := listQuery(words, from, 51)
			plan := dbtest.Plan(t, d, q, args...)
			if strings.Contains(plan, "SCAN") || strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("%q: %s\n%s", words, plan, q)
			}
		}
	}
}
