package roles

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/fact"
)

// Nothing that a page asks reads more than it shows.
func TestQueriesUseIndices(t *testing.T) {
	t.Parallel()
	c := newCrew(t, dbtest.SQLite(t))
	hash := []byte{1}
	for _, x := range []struct {
		q    string
		args []any
	}{
		{selectCount + " order by position, role", []any{"e"}},
		{selectOffer + " and hash = $2 and role = $3", []any{"e", hash, "marshal"}},
		{selectOffer + " and code = $2 and role = $3", []any{"e", "aaaa-aaaa", "marshal"}},
		{selectAfter, []any{"e", "marshal", "offered", 3, 26}},
		{selectBegun, []any{"e"}},
		{selectHeld, []any{"ann"}},
	} {
		if plan := dbtest.Plan(t, c.db, x.q, x.args...); strings.Contains(plan, "SCAN") {
			t.Errorf("%s\n%s", plan, x.q)
		}
	}
	if plan := dbtest.Plan(t, c.db, selectAfter, "e", "marshal", "offered", 3, 26); strings.Contains(plan, "TEMP B-TREE") {
		t.Errorf("a page of offers is sorted: %s", plan)
	}
}

// Programmes that were there before roles could be taken have them from the start.
func TestMigrationFillsRoles(t *testing.T) {
	t.Parallel()
	text, err := fs.ReadFile(migrations.Main, "202611280920_roles.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, fill, found := strings.Cut(string(text), "insert into role_count")
	fill, _, _ = strings.Cut(fill, ";")
	if !found {
		t.Fatal("the migration fills nothing")
	}
	crews(t, func(t *testing.T, c *crew) {
		e := c.event(t)
		c.exec(t, "insert into programme (event_id, bring, bring_html, legal_help, offer, starts_at) values ($1, '', '', '', '', 0)", string(e))
		for i, r := range []fact.RoleNeeded{{Code: "medic", People: 2}, {Name: "Tea", People: 1}, {Name: "Tea", People: 3}} {
			c.exec(t, "insert into role_need (event_id, position, role, name, people) values ($1, $2, $3, $4, $5)", string(e), i+1, r.Code, r.Name, r.People)
		}
		c.exec(t, "insert into role_count"+fill)
		var got []Count
		err := c.db.Read(t.Context(), func(tx *db.Tx) (err error) {
			got, err = countsOf(t.Context(), tx, e)
			return err
		})
		want := []Count{{Role: "medic", Needed: 2, position: 1}, {Role: "=Tea", Needed: 4, position: 2}}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(Count{})); d != "" || err != nil {
			t.Error(d, err)
		}
	})
}
