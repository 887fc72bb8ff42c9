package dbtest

import (
	"strings"
	"testing"

	"convoke/internal/db"
)

// Plan is how SQLite would run a query, one step a line. Tests look in it for
// "SCAN", which reads a whole table or index, and for "TEMP B-TREE", which sorts.
func Plan(t testing.TB, d *db.DB, query string, args ...any) string {
	t.Helper()
	var steps []string
	err := d.Read(t.Context(), func(tx *db.Tx) error {
		var err error
		steps, err = db.Query(t.Context(), tx, "explain query plan "+query, args, func(scan func(...any) error) (string, error) {
			var id, parent, unused int
			var detail string
			err := scan(&id, &parent, &unused, &detail)
			return detail, err
		})
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return strings.Join(steps, "\n")
}

// Walks demands that SQLite runs a query along an index and scans nothing.
func Walks(t testing.TB, d *db.DB, index, query string, args ...any) {
	t.Helper()
	if plan := Plan(t, d, query, args...); strings.Contains(plan, "SCAN") || !strings.Contains(plan, index) {
		t.Errorf("%s: %s", query, plan)
	}
}
