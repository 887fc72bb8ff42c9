package app_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"convoke/internal/app"
	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/feature/coalitions"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/polls"
	"convoke/internal/id"
	"convoke/internal/record/recounttest"
)

// valley is a coalition that two groups form, each with a delegate.
func (s *stand) valley(sam, kim authz.Actor) (c, hill id.Group) {
	s.t.Helper()
	ctx := s.t.Context()
	_, err := s.Coalitions.Create(ctx, sam, s.IDs.Secret(), coalitions.Input{
		Settings: coalitions.Settings{Weights: "bands", Polls: "open", Entry: "apply", Seats: 2, Notice: 7},
		Group:    "riverside", Band: 1, Name: "The Valley", Handle: "valley", Points: "We share the water.",
	})
	if err == nil {
		err = s.Coalitions.Apply(ctx, kim, "valley", "hill", coalitions.Terms{Version: 1, Band: 4})
	}
	if err == nil {
		err = s.Coalitions.Accept(ctx, sam, "valley", "hill")
	}
	if err == nil {
		_, err = s.Coalitions.Appoint(ctx, kim, "hill", s.IDs.Secret(), coalitions.AppointInput{
			Coalition: "valley", Person: kim.Handle, Mandate: "free", Day: s.clock.Now().AddDate(0, 6, 0).Format("2006-01-02"),
		})
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return s.groupID("valley"), s.groupID("hill")
}

func (s *stand) roleIn(g id.Group, p authz.Actor) (r authz.Role) {
	s.t.Helper()
	err := s.DB.Read(s.t.Context(), func(tx *db.Tx) (err error) {
		r, err = s.Groups.Role(s.t.Context(), tx, g, p.Person)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// TestCoalitionsTakeNoPersons: nobody joins a coalition, is invited, or gets a role in
// it; delegates come and go with their mandates alone.
func TestCoalitionsTakeNoPersons(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		s.signIn("keeper")
		sams, sam := s.signIn("sam")
		_, kim := s.signIn("kim")
		eves, eve := s.signIn("eve")
		s.group(sam, "riverside", "Riverside Neighbours")
		s.group(kim, "hill", "Hill Gardeners")
		c, hill := s.valley(sam, kim)
		if s.roleIn(c, sam) != authz.Steward || s.roleIn(c, kim) != authz.Organizer {
			t.Error("delegates do not organize their coalition")
		}
		refused := func(what string, err error) {
			t.Helper()
			if !fault.HasCode(err, "group.coalition") {
				t.Errorf("%s: %v", what, err)
			}
		}
		_, err := s.Groups.Ask(ctx, eve, "valley", groups.JoinInput{})
		refused("join", err)
		_, err = s.Groups.Invite(ctx, sam, "valley", authz.Member, s.IDs.Secret())
		refused("invite", err)
		refused("role", s.Groups.SetRole(ctx, sam, "valley", "kim", authz.Steward))
		refused("remove", s.Groups.Remove(ctx, sam, "valley", "kim"))
		refused("leave", s.Groups.Leave(ctx, kim, "valley"))
		refused("link", s.DB.Write(ctx, func(tx *db.Tx) error {
			return s.Groups.Join(ctx, tx, c, eve.Person, groups.Admission{Role: "member"})
		}))
		// No rule hands it over, and its delegates recover nobody's account.
		refused("hand over", s.DB.Write(ctx, func(tx *db.Tx) error { return s.Groups.MakeSteward(ctx, tx, c, kim.Person) }))
		_ = s.DB.Read(ctx, func(tx *db.Tx) error {
			if _, err := s.Groups.Recovering(ctx, tx, sam.Person, "valley", "kim"); !fault.Is(err, fault.KindNotFound) {
				t.Errorf("a delegate recovers another's account: %v", err)
			}
			return nil
		})
		page := sams.Get("/groups/valley").Want(t, 200, "")
		for _, link := range []string{"/invitations", "/members", "/newcomers", "/leave", "/join", "/quiet"} {
			if len(page.All("a[href=/groups/valley"+link+"]")) != 0 {
				t.Errorf("the page of a coalition leads to %s", link)
			}
		}
		if text := s.visitor().Get("/groups/valley").Text("main"); !strings.Contains(text, "2 groups belong to it") || !strings.Contains(text, "By the size of groups") {
			t.Errorf("the page does not say what it is: %s", text)
		}
		if text := s.visitor().Get("/groups/hill").Text("main"); !strings.Contains(text, "Belongs to: The Valley") {
			t.Error("the page of a member does not say so")
		}
		if text := eves.Get("/groups/valley/delegates").Text("main"); strings.Contains(text, "kim") || strings.Contains(text, "sam") {
			t.Error("anybody with an account sees who the delegates are")
		}
		// The first delegate leaves the server. The other leads now.
		_, other := s.signIn("other")
		if err := s.DB.Write(ctx, func(tx *db.Tx) error {
			return s.Groups.Join(ctx, tx, s.groupID("riverside"), other.Person, groups.Admission{Role: "steward"})
		}); err != nil {
			t.Fatal(err)
		}
		if got := held(t, sams); got["delegate"] != 1 {
			t.Errorf("what is held of a delegate: %v", got)
		}
		if err := s.Identity.Erase(ctx, sam); err != nil {
			t.Fatal(err)
		}
		if s.roleIn(c, kim) != authz.Steward {
			t.Error("nobody leads the coalition")
		}
		// A suspended group has no seats, and its delegate no role.
		if err := s.Groups.Suspend(ctx, authz.Actor{Person: other.Person, Operator: true}, "hill", true); err != nil {
			t.Fatal(err)
		}
		err = s.DB.Read(ctx, func(tx *db.Tx) error {
			all, err := s.Coalitions.Electorate(ctx, tx, c)
			if len(all) != 0 || s.roleIn(c, kim) != authz.None {
				t.Errorf("%v", all)
			}
			in, err2 := s.Coalitions.MemberOf(ctx, tx, hill)
			if len(in) != 0 || err2 != nil {
				t.Errorf("%v, %v", in, err2)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestACoalitionMoves: rules and points of unity come along; member groups decide for
// themselves, and no delegate is in the file.
func TestACoalitionMoves(t *testing.T) {
	t.Parallel()
	from := start(t, settings(t, ""))
	_, sam := from.signIn("sam.unusual")
	_, kim := from.signIn("kim")
	from.group(sam, "riverside", "Riverside Neighbours")
	from.group(kim, "hill", "Hill Gardeners")
	c, _ := from.valley(sam, kim)
	if err := from.Coalitions.SetPoints(t.Context(), sam, "valley", 1, "We share the water and the wood."); err != nil {
		t.Fatal(err)
	}
	file := from.archived(c)
	if strings.Contains(string(file), "sam.unusual") {
		t.Error("a delegate is in the archive")
	}
	to := start(t, settings(t, ""))
	done, report := to.takeIn(file, app.ImportGroupOptions{})
	if got := report.Parts["coalitions"]; got.New != 3 || got.Left != 2 {
		t.Errorf("%+v", got)
	}
	if _, report = to.takeIn(file, app.ImportGroupOptions{}); report.Parts["coalitions"].Unchanged != 3 {
		t.Errorf("again: %+v", report.Parts["coalitions"])
	}
	text := to.visitor().Get("/groups/valley/coalition").Want(t, 200, "").Text("main")
	if !strings.Contains(text, "the wood") || !strings.Contains(text, "0 groups belong to it") {
		t.Errorf("%s", text)
	}
	// Whoever has the link looks after it until a group sends somebody.
	robins, robin := to.signIn("robin")
	_, path, _ := strings.Cut(done.Invitation, "/invitations/")
	robins.Post("/invitations/"+path, "key", to.IDs.Secret()).Want(t, 303, "/groups/valley/welcome")
	_, lee := to.signIn("lee")
	to.group(lee, "lake", "Lake Swimmers")
	err := to.Coalitions.Invite(t.Context(), robin, "valley", "lake")
	if err == nil {
		err = to.Coalitions.Apply(t.Context(), lee, "valley", "lake", coalitions.Terms{Version: 2})
	}
	if err == nil {
		_, err = to.Coalitions.Appoint(t.Context(), lee, "lake", to.IDs.Secret(), coalitions.AppointInput{
			Coalition: "valley", Person: "lee", Mandate: "free", Day: to.clock.Now().AddDate(0, 6, 0).Format("2006-01-02"),
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	g := to.groupID("valley")
	if to.roleIn(g, robin) != authz.None || to.roleIn(g, lee) != authz.Steward {
		t.Errorf("robin is %q, lee %q", to.roleIn(g, robin), to.roleIn(g, lee))
	}
}

// TestMandatesEndBeforePollsClose: when a mandate and a poll are over in the same
// minute, the mandate ends first and takes its vote along; also when an organizer closes
// the poll.
func TestMandatesEndBeforePollsClose(t *testing.T) {
	t.Parallel()
	for name, early := range map[string]bool{"in time": false, "early": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mandatesEndFirst(t, early)
		})
	}
}

func mandatesEndFirst(t *testing.T, early bool) {
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		_, sam := s.signIn("sam")
		_, kim := s.signIn("kim")
		s.group(sam, "riverside", "Riverside Neighbours")
		s.group(kim, "hill", "Hill Gardeners")
		_, hill := s.valley(sam, kim)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		pid, err := s.Polls.Create(ctx, sam, "valley", s.IDs.Secret(), polls.Input{Title: "Benches", Body: "We build two.", Lang: "en"})
		must(err)
		must(s.Polls.Move(ctx, sam, string(pid), "discuss"))
		poll, err := s.Polls.Opens(ctx, sam, string(pid), s.IDs.Secret(), polls.OpenInput{
			Sequence: 1, Preset: "majority", Gate: "members", Secrecy: "named", Day: "2026-05-10", Time: "18:00", Early: early,
		})
		must(err)
		for n, by := range []authz.Actor{kim, sam} {
			must(s.Polls.Vote(ctx, by, string(poll), polls.VoteInput{Seat: n, Paper: []byte{0}}))
		}
		_, err = s.Jobs.RunPending(ctx)
		must(err)
		closes, err := strconv.ParseInt(s.column("select closes_at from poll")[0], 10, 64)
		must(err)
		if early {
			closes -= time.Hour.Microseconds()
		}
		s.clock.Set(clock.FromMicros(closes).Add(20 * time.Second))
		must(s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "update delegate set until_at = $2 where group_id = $1", string(hill), clock.Micros(tx.Now().Add(-30*time.Second)))
			return err
		}))
		if early { // no schedule has come by since then
			must(s.Polls.CloseEarly(ctx, sam, string(poll)))
			must(s.Polls.Count(ctx, poll))
		} else {
			_, err = s.Jobs.RunPending(ctx)
			must(err)
		}
		if r := s.column("select result from poll")[0]; !strings.Contains(r, `"papers":1,`) {
			t.Errorf("it came out %s", r)
		}
		recounttest.Record(t, s.Record)
	})
}
