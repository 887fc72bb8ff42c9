package events_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/feature/events"
)

// A programme that is saved says how many are needed in which role, and where that
// was typed, also of roles that are not needed; and it is not saved when that is
// refused.
func TestProgrammeTellsRoles(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		e := marched(t, f)
		want := fact.ProgrammeChanged{Event: e, Field: "role_1_name", Roles: []fact.RoleNeeded{
			{Code: "medic", Field: "role_medic_people", People: 2}, {Name: "Tea", Field: "role_1_people", People: 1},
		}}
		if diff := cmp.Diff([]fact.ProgrammeChanged{want}, f.facts.programmes); diff != "" {
			t.Error(diff)
		}
		f.facts.veto = fault.Invalid(fault.Field("role_medic_people", "roles.confirmed", "No."))
		less := programme()
		less.Roles = []events.RoleInput{{Row: "role_medic", Code: "medic"}, {Row: "role_2"}}
		if err := f.SetProgramme(t.Context(), olga, e, 1, less); !fault.HasCode(err, "roles.confirmed") {
			t.Error(err)
		}
		last := f.facts.programmes[len(f.facts.programmes)-1]
		if diff := cmp.Diff([]fact.RoleNeeded{{Code: "medic", Field: "role_medic_people"}}, last.Roles); diff != "" {
			t.Error(diff)
		}
		var people int
		err := d.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Get(t.Context(), "select sum(people) from role_need where event_id = $1", []any{string(e)}, &people)
		})
		if err != nil || people != 3 {
			t.Errorf("%d are needed, %v", people, err)
		}
	})
}
