package app_test

import (
	"errors"
	"testing"

	"convoke/internal/feature/events"
)

// Every date of a series needs what its first does: whoever signed up for a later
// one can offer to take a role there too.
func TestDatesOfASeriesNeedTheSameRoles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		_, sam := s.signIn("sam")
		g := s.group(sam, "riverside", "Riverside Neighbours")
		e := s.event(sam, g, meeting("Weekly table", "2026-06-08"))
		err := errors.Join(
			s.Events.SetProgramme(t.Context(), sam, e, 0, events.ProgrammeInput{Roles: []events.RoleInput{{Row: "r1", Code: "medic", People: "2"}}}),
			s.Events.Repeat(t.Context(), sam, e, s.IDs.Secret(), "", events.RepeatInput{Every: "1", Unit: events.Weeks, End: "times", Times: "3"}),
		)
		if err != nil {
			t.Fatal(err)
		}
		if n := s.count("select count(*) from role_count where role = 'medic' and needed = 2"); n != 3 {
			t.Errorf("%d of 3 dates need medics", n)
		}
	})
}
