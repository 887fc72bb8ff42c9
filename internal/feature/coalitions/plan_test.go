package coalitions

import (
	"fmt"
	"strings"
	"testing"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/id"
)

// What pages and polls ask walks along indexes, and sorts nothing.
func TestQueriesUseIndices(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now))
	for name, q := range map[string]struct {
		query string
		args  []any
	}{
		"list":        {listQuery, []any{lastID, 31}},
		"members":     {memberPageQuery, []any{"c", "member", "", 51}},
		"count":       {countMembersQuery, []any{"c", "member"}},
		"seats":       {countSeatsQuery, []any{"c"}},
		"page":        {seatsPageQuery, []any{"c", "a", "b", 100}},
		"electorate":  {heldQuery + " order by m.handle, d.seat", []any{"c", 0}},
		"taken":       {takenQuery, []any{"c", 0}},
		"bands":       {bandsQuery, []any{"c", 0}},
		"of a group":  {heldQuery + " and m.group_id = $3 order by m.handle, d.seat", []any{"c", 0, "g"}},
		"group":       {ofGroupQuery, []any{"g", "c"}},
		"of member":   {ofMemberSeatsQuery, []any{"g", 10}},
		"person":      {byPersonQuery, []any{"p"}},
		"parts":       {partsQuery, []any{"g", 10}},
		"coalitions":  {ofMemberQuery, []any{"g"}},
		"due":         {dueQuery, []any{0, 10}},
		"longest":     {longestQuery, []any{"c"}},
		"working in":  {workingInQuery, []any{"g", 10}},
		"working for": {worksForQuery, []any{"g", 10}},
	} {
		plan := dbtest.Plan(t, d, q.query, q.args...)
		for line := range strings.Lines(plan) {
			if strings.Contains(line, "SCAN") || strings.Contains(line, "TEMP B-TREE") && !sorts[name] {
				t.Errorf("%s: %s", name, plan)
				break
			}
		}
	}
	plan := dbtest.Plan(t, d, aboveQuery, "c", "g")
	if strings.Contains(plan, "SCAN coalition_member") || strings.Contains(plan, "SCAN m") {
		t.Errorf("circles: %s", plan) // what it walked so far it does read as a whole
	}
}

// sorts are queries whose few rows, of one group or one person, are sorted.
var sorts = map[string]bool{"group": true, "of member": true, "person": true}

const (
	manyGroups    = 2000
	manyDelegates = 5 // of each group
)

// fillMany makes a coalition of very many groups with as many delegates.
func fillMany(t testing.TB, x *fixture) (handle string, c id.Group) {
	t.Helper()
	ada := x.person("ada")
	x.group("anglers", ada)
	in := valley("anglers", "valley")
	in.Seats, in.Weights = manyDelegates, "delegates"
	handle, c = x.start(ada, in)
	until := clock.Micros(x.clock.Now().AddDate(1, 0, 0))
	x.write(func(tx *db.Tx) error {
		ctx := t.Context()
		for from := 0; from < manyGroups; from += 100 {
			var groups, members, people, delegates []any
			for i := from; i < from+100; i++ {
				g := fmt.Sprintf("0many-%04d", i)
				h := fmt.Sprintf("many-%04d", i)
				groups = append(groups, g, h, "Group "+h)
				members = append(members, string(c), g, h, i%len(bands))
				for n := 1; n <= manyDelegates; n++ {
					p := fmt.Sprintf("%s-%d", g, n)
					people = append(people, p, p)
					delegates = append(delegates, p, string(c), g, n, p, p, until)
				}
			}
			for _, b := range []struct {
				head, values string
				width        int
				args         []any
			}{
				{"insert into groups (id, handle, name, name_folded, about, about_html, place, zone, langs, suspended, sample, created_at)", "%s, %s, %s, 'x', '', '', '', 'UTC', '', 0, 0, 0", 3, groups},
				{"insert into coalition_member (coalition_id, group_id, handle, band, state, version, day)", "%s, %s, %s, %s, 'member', 1, 0", 4, members},
				{"insert into person (id, handle, pass, operator, suspended, locale, created_day)", "%s, %s, '', 0, 0, '', 0", 2, people},
				{"insert into delegate (id, coalition_id, group_id, seat, form, person_id, until_at, alternate_ok, mandate, instructions, instructions_html, everybody, stands_in, state, since_at, ended_at)",
					"%s, %s, %s, %s, %s, %s, %s, 0, 'free', '', '', 0, 0, 'holds', 1, 0", 7, delegates},
			} {
				if err := insertMany(tx, t, b.head, b.values, b.width, b.args); err != nil {
					return err
				}
			}
		}
		_, err := tx.Exec(ctx, "insert into member (group_id, person_id, role, since_day) select coalition_id, person_id, 'organizer', 0 from delegate where id like '0many-%'")
		return err
	})
	return handle, c
}

func insertMany(tx *db.Tx, t testing.TB, head, values string, width int, args []any) error {
	var rows []string
	for i := 0; i < len(args); i += width {
		var at []any
		for n := range width {
			at = append(at, fmt.Sprintf("$%d", i+n+1))
		}
		rows = append(rows, "("+fmt.Sprintf(values, at...)+")")
	}
	_, err := tx.Exec(t.Context(), head+" values "+strings.Join(rows, ", "), args...)
	return err
}

// A coalition of 2,000 groups with 10,000 delegates is read whole; how long its pages
// take, convoke bench coalition measures.
func TestVeryManyGroups(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	handle, c := fillMany(t, n.fixture)
	if got := len(n.electorate(c)); got != manyGroups*manyDelegates+1 {
		t.Errorf("%d seats", got)
	}
	one := authz.Actor{Person: "0many-0000-1", Handle: "0many-0000-1"}
	for _, path := range []string{
		"/coalitions", "/groups/" + handle + "/coalition", "/groups/" + handle + "/delegates", "/groups/" + handle + "/delegates?after=many-1900",
		"/groups/" + handle + "/delegates.json?after=many-0900", "/groups/many-0700/delegates", "/groups/" + handle + "/working-groups",
	} {
		n.browser().Get(path).Want(t, 200, "")
		n.as(one).Get(path).Want(t, 200, "")
	}
	// The list is whole, page by page, and nobody is on it twice.
	seen := map[string]bool{}
	from := ""
	for range 100 {
		n.write(func(tx *db.Tx) error {
			all, err := membersAfter(t.Context(), tx, c, Belongs, from, maxPage)
			for _, m := range all {
				seen[m.Handle] = true
				from = m.Handle
			}
			return err
		})
	}
	if len(seen) != manyGroups+1 {
		t.Errorf("%d groups are listed", len(seen))
	}
}
