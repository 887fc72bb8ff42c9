package app_test

import (
	"strings"
	"testing"

	"convoke/internal/feature/coalitions"
)

// TestACoalitionsNotice: what its rules say of how far ahead assemblies are called is
// what calls and moves are held against, and no other place says another number.
func TestACoalitionsNotice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newAlliance(s)
		ctx, by, sam := t.Context(), x.actors["riverside"], x.browsers["riverside"]
		in := plenary()
		in.Day = s.clock.Now().AddDate(0, 0, 6).Format("2006-01-02")
		aid, err := s.Assemblies.Create(ctx, by, "valley", s.IDs.Secret(), in)
		if err != nil {
			t.Fatal(err)
		}
		at := "/assemblies/" + string(aid)
		wants(t, sam.Get(at+"/call"), "The group asks for 7 days of notice. Now it is 6 days.", "Urgent")
		refused(t, s.Assemblies.Call(ctx, by, aid, 0, false), "assembly.notice")
		const list = "/groups/valley/assemblies"
		wants(t, s.visitor().Get(list), "The group asks for 7 days of notice.")
		wants(t, sam.Get(list), "How this coalition works")
		if got := sam.Post(list, "notice", "0").Want(t, 422, "").Text(".error-summary"); !strings.Contains(got, "one of its rules") {
			t.Errorf("who sets another number is told %q", got)
		}
		refused(t, s.Assemblies.SetNotice(ctx, by, "valley", "0"), "assembly.coalition_notice")
		refused(t, s.Assemblies.Call(ctx, by, aid, 0, false), "assembly.notice")

		err = s.Coalitions.Set(ctx, by, "valley", coalitions.Settings{Weights: "group", Polls: "open", Entry: "apply", Seats: 1, Notice: 5})
		if err == nil {
			err = s.Assemblies.Call(ctx, by, aid, 0, false)
		}
		if err != nil {
			t.Fatal(err)
		}
		wants(t, s.visitor().Get(list), "The group asks for 5 days of notice.")
		wants(t, s.visitor().Get(at), "Called 6 days ahead. The group asks for 5 days of notice.")
		in.Day = s.clock.Now().AddDate(0, 0, 4).Format("2006-01-02")
		refused(t, s.Assemblies.Edit(ctx, by, aid, 1, in), "assembly.notice")

		// A group that is no coalition says it on its own.
		if err := s.Assemblies.SetNotice(ctx, by, "riverside", "3"); err != nil {
			t.Fatal(err)
		}
		if got := s.visitor().Get("/groups/riverside/assemblies").Text("main"); !strings.Contains(got, "The group asks for 3 days of notice.") {
			t.Errorf("riverside says %s", got)
		}
		if got := sam.Get(list).Attr("#notice", "name"); got != "" {
			t.Error("the coalition's page has a second place for the number")
		}
	})
}

// TestMemberGroupsHearOfAnAssembly: members of a group learn of what its coalition calls in
// public, of a move and of its end, where they read what they are told.
func TestMemberGroupsHearOfAnAssembly(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *mailStand) {
		x := newAlliance(s.stand)
		ctx, by := t.Context(), x.actors["riverside"]
		said := func(group string) string {
			t.Helper()
			return x.browsers["alternate"].Get("/groups/"+group+"/announcements").Want(t, 200, "").Text("main")
		}
		in := plenary()
		in.Day = s.clock.Now().AddDate(0, 0, 9).Format("2006-01-02")
		aid, err := s.Assemblies.Create(ctx, by, "valley", s.IDs.Secret(), in)
		if err == nil {
			err = s.Assemblies.Call(ctx, by, aid, 0, false)
		}
		inside := in
		inside.Title, inside.Public = "Delegates meet", false
		if err == nil {
			aid, err := s.Assemblies.Create(ctx, by, "valley", s.IDs.Secret(), inside)
			if err == nil {
				err = s.Assemblies.Call(ctx, by, aid, 0, false)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := said("hill"); !strings.Contains(got, "Assembly: Spring plenary") || strings.Contains(got, "Delegates meet") {
			t.Errorf("the hill reads %s", got)
		}
		in.Place = "New school"
		if err == nil {
			err = s.Assemblies.Edit(ctx, by, aid, 1, in)
		}
		if err == nil {
			err = s.Assemblies.CallOff(ctx, by, aid)
		}
		if err != nil {
			t.Fatal(err)
		}
		wants(t, x.browsers["alternate"].Get("/groups/hill/announcements"), "Assembly moved: Spring plenary", "New school", "Assembly called off: Spring plenary")
		if got := x.browsers["alternate"].Get("/groups/hill/announcements").Body; !strings.Contains(got, `href="`+s.Config.BaseURL+`/assemblies/`+string(aid)+`"`) {
			t.Errorf("it leads nowhere: %s", got)
		}
		wants(t, x.browsers["hill"].Get("/groups/valley/announcements"), "Assembly: Delegates meet") // who is a delegate
	})
}
