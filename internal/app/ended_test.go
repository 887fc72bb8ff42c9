package app_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"convoke/internal/api"
	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/groups"
)

// A group that has ended keeps what it published and takes nothing new, can go on
// for 30 days, and then nothing of its members is left.
func TestAGroupEndsItsWork(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, sam, words := s.provable()
		s.clock.Add(time.Hour)
		g := s.group(sam, "riverside", "Riverside Neighbours")
		e := s.event(sam, g, meeting("Open assembly", "2026-08-06"))
		page := "/events/" + string(e)
		_, robin := s.signIn("robin")
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		ctx := t.Context()
		must(s.Groups.SetNewcomers(ctx, sam, "riverside", groups.SettingsInput{Joining: groups.ByRequest, Welcome: "Come *in*."}))
		must(s.Groups.Announce(ctx, sam, "riverside", groups.AnnounceInput{Key: s.IDs.Secret(), Title: "Keys", Body: "At the library."}))
		_, err := s.Groups.Ask(ctx, robin, "riverside", groups.JoinInput{Note: "I am Robin"})
		must(err)
		var link string
		must(s.DB.Write(ctx, func(tx *db.Tx) error {
			link, err = s.Groups.InviteFirst(ctx, tx, g)
			return err
		}))
		open := func() int { return s.visitor().Get(page + "/attend").Status }
		if open() != 200 {
			t.Fatal("nobody can sign up before the end")
		}
		b.Post("/groups/riverside/end", "ended", "1").Want(t, 422, "")
		b.Post("/groups/riverside/end", "ended", "1", "passphrase", words).Want(t, 303, "/groups/riverside")
		for _, path := range []string{"/groups/riverside", page} {
			if a := s.visitor().Get(path); a.Status != 200 || !strings.Contains(a.Body, "This group has ended its work on") {
				t.Errorf("%s answers %d and does not say that the group has ended", path, a.Status)
			}
		}
		if !strings.Contains(s.visitor().Get("/groups/riverside.json").Body, `"ended":"2026-05-02"`) {
			t.Error("the group's JSON does not say that it has ended")
		}
		if !strings.Contains(s.visitor().Get("/events").Body, "Open assembly") {
			t.Error("its event is hidden")
		}
		if _, err := s.Attendance.SignUp(ctx, e, s.IDs.Secret(), attendance.Input{Party: 1}); err == nil {
			t.Error("somebody signed up")
		}
		if _, err := s.Events.Create(ctx, sam, g, s.IDs.Secret(), meeting("Another", "2026-08-07")); !fault.HasCode(err, "authz.ended") {
			t.Errorf("a new event: %v", err)
		}
		if err := s.Events.Update(ctx, sam, e, 0, meeting("Changed", "2026-08-06")); !fault.HasCode(err, "authz.ended") {
			t.Errorf("a changed event: %v", err)
		}
		if _, err := s.publishing(sam); !fault.HasCode(err, "authz.ended") {
			t.Errorf("a statement: %v", err)
		}
		if _, err := s.Identity.AcceptNew(ctx, strings.TrimPrefix(link, "/invitations/"), "", "newcomer", 0); !fault.HasCode(err, "group.ended") {
			t.Errorf("an invitation: %v", err)
		}
		// An operator who suspends it and lifts that opens nothing.
		must(s.Groups.Suspend(ctx, sam, "riverside", true))
		must(s.Groups.Suspend(ctx, sam, "riverside", false))
		if _, err := s.Attendance.SignUp(ctx, e, s.IDs.Secret(), attendance.Input{Party: 1}); err == nil {
			t.Error("somebody signed up after a suspension")
		}
		// It goes on after all, and ends again.
		must(s.Groups.End(ctx, sam, "riverside", false))
		if open() != 200 || strings.Contains(s.visitor().Get(page).Body, "has ended its work") {
			t.Error("it does not go on")
		}
		must(s.Groups.End(ctx, sam, "riverside", true))
		s.clock.Add(29 * 24 * time.Hour)
		must(s.Groups.Expire(ctx))
		if n := s.count("select count(*) from member where group_id = $1", string(g)); n != 1 {
			t.Errorf("%d members after 29 days", n)
		}
		s.clock.Add(25 * time.Hour)
		if err := s.Groups.End(ctx, sam, "riverside", false); !fault.HasCode(err, "group.ended_for_good") {
			t.Errorf("going on after 30 days: %v", err)
		}
		must(s.Groups.Expire(ctx))
		must(s.Groups.Expire(ctx))
		for _, table := range []string{"member", "join_request", "announcement", "invitation", "webhook"} {
			if n := s.count("select count(*) from "+table+" where group_id = $1", string(g)); n != 0 {
				t.Errorf("%s has %d rows of a group that ended", table, n)
			}
		}
		if n := s.count("select count(*) from groups where id = $1 and welcome = '' and welcome_html = ''", string(g)); n != 1 {
			t.Error("the welcome is left")
		}
		if s.visitor().Get("/groups/riverside").Status != 200 || s.visitor().Get(page).Status != 200 {
			t.Error("its pages are gone")
		}
	})
}

func (s *stand) count(q string, args ...any) int {
	s.t.Helper()
	n := -1
	if err := s.DB.Read(s.t.Context(), func(tx *db.Tx) error { return tx.Get(s.t.Context(), q, args, &n) }); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *stand) publishing(by authz.Actor) (string, error) {
	sid, err := s.Statements.Create(s.t.Context(), by, "riverside", s.IDs.Secret(), saying("More"))
	return string(sid), err
}

// A steward says where the group is now, and its pages lead there; nowhere else.
func TestAGroupHasMoved(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	b, sam, words := s.provable()
	s.clock.Add(time.Hour)
	g := s.group(sam, "riverside", "Riverside Neighbours")
	e := s.event(sam, g, meeting("Open assembly", "2026-06-06"))
	const to = "https://new.example/groups/riverside"
	b.Post("/groups/riverside/moved", "moved_to", to).Want(t, 422, "")
	for _, bad := range []string{"javascript:alert(1)", "new.example", "//new.example", "https://sam@new.example/", "https://new example/", "https://x/" + strings.Repeat("x", 600)} {
		a := b.Post("/groups/riverside/moved", "moved_to", bad, "passphrase", words)
		if a.Status != 422 || !strings.Contains(a.Body, "Write a full address") {
			t.Errorf("%s: %d", bad, a.Status)
		}
	}
	b.Post("/groups/riverside/moved", "moved_to", to).Want(t, 303, "/groups/riverside") // proved a moment ago
	for _, path := range []string{"/groups/riverside", "/events/" + string(e)} {
		if got := s.visitor().Get(path).Attr(".notice a", "href"); got != to {
			t.Errorf("%s leads to %q", path, got)
		}
	}
	if got := s.visitor().Get("/events/" + string(e) + "/attend").Status; got != 200 {
		t.Errorf("signing up here answers %d: who comes to an event that was announced here must be able to", got)
	}
	if got := b.Get("/groups/riverside/moved").Attr("input[name=moved_to]", "value"); got != to {
		t.Errorf("the form has %q", got)
	}
	b.Post("/groups/riverside/moved", "moved_to", "").Want(t, 303, "/groups/riverside")
	if strings.Contains(s.visitor().Get("/groups/riverside").Body, to) {
		t.Error("it still leads away")
	}
}

// A steward takes the archive with the words, in the browser and by a program
// that may change groups; nobody else does.
func TestTakingAnArchive(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	b, sam, words := s.provable()
	s.clock.Add(time.Hour)
	g := s.group(sam, "riverside", "Riverside Neighbours")
	s.event(sam, g, meeting("Open assembly", "2026-06-06"))
	organizer, olga := s.signIn("olga")
	if err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
		return s.Groups.Join(t.Context(), tx, g, olga.Person, groups.Admission{Role: "organizer"})
	}); err != nil {
		t.Fatal(err)
	}
	const path = "/groups/riverside/archive"
	b.Get(path).Want(t, 200, "")
	if a := b.Post(path); a.Status != 422 || a.Header.Get("Content-Disposition") != "" {
		t.Fatalf("without the words: %d", a.Status)
	}
	organizer.Get(path).Want(t, 403, "")
	organizer.Post(path).Want(t, 403, "")
	s.visitor().Post(path).Want(t, 401, "")
	a := b.Post(path, "passphrase", words)
	if a.Status != http.StatusOK || a.Header.Get("Content-Type") != "application/zip" || a.Header.Get("Cache-Control") != "no-store" ||
		!strings.Contains(a.Header.Get("Content-Disposition"), "riverside-2026-05-02.zip") {
		t.Fatalf("the file: %d, %v", a.Status, a.Header)
	}
	if !bytes.Equal([]byte(a.Body), s.archived(g)) {
		t.Error("the browser gets another file than the command")
	}
	if got := s.column("select action from audit where person_id = $1 order by id", string(sam.Person)); !strings.Contains(strings.Join(got, ","), "export group") {
		t.Errorf("noted: %v", got)
	}
	for scope, want := range map[api.Scope]int{api.Roles: 200, api.Groups: 403, api.Read: 403} {
		secret := b.Post("/me/tokens", "name", "website", "scope", string(scope), "days", "30").Want(t, 200, "").Text("#token")
		got := s.visitor().Do("POST", "/api/v1"+path, strings.NewReader(""), "Authorization", "Bearer "+secret)
		if got.Status != want || want == 200 && !strings.HasPrefix(got.Body, "PK") {
			t.Errorf("a token for %s gets %d: %.100s", scope, got.Status, got.Body)
		}
	}
	// It can be taken while the group is suspended or over: leaving stays easy.
	for _, do := range []func() error{
		func() error { return s.Groups.Suspend(t.Context(), sam, "riverside", true) },
		func() error { return s.Groups.Suspend(t.Context(), sam, "riverside", false) },
		func() error { return s.Groups.End(t.Context(), sam, "riverside", true) },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
		b.Post(path).Want(t, 200, "")
	}
}
