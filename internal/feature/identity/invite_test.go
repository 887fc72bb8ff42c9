package identity

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
)

func TestInvitationWorksOnceUnderConcurrency(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, g *fakeGroups, _ *clock.Manual) {
		group := riverside
		secret := invite(t, s, InviteInput{Group: &group, Role: "organizer"})
		const n = 8
		errs := make(chan error, n)
		for i := range n {
			go func() {
				_, err := s.AcceptNew(t.Context(), secret, "", "person-"+string(rune('a'+i)), 0)
				errs <- err
			}()
		}
		won := 0
		for range n {
			if err := <-errs; err == nil {
				won++
			} else if !fault.Is(err, fault.KindGone) {
				t.Errorf("loser got %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d people used one link", won)
		}
		people := 0
		if err := s.List(t.Context(), func(Person) error { people++; return nil }); err != nil || people != 1 {
			t.Errorf("%d accounts, %v", people, err)
		}
		if len(g.joined) == 0 || g.joined[len(g.joined)-1] != string(riverside)+" organizer" {
			t.Errorf("joined %q", g.joined)
		}
	})
}

func TestInvitationsEnd(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, g *fakeGroups, c *clock.Manual) {
		ctx := t.Context()
		group := riverside
		_, sam, _ := account(t, s, RoleAccount, "sam")

		taken := invite(t, s, InviteInput{Role: RoleAccount})
		_, err := s.AcceptNew(ctx, taken, "", "SAM", 0)
		if !fault.HasCode(err, "handle.taken") {
			t.Errorf("taken handle: %v", err)
		}
		if _, err := s.Peek(ctx, taken); err != nil {
			t.Errorf("a refused handle used the link up: %v", err)
		}
		_, err = s.Accept(ctx, sam, taken, "", 0)
		wantKind(t, err, fault.KindConflict)
		if _, err := s.Peek(ctx, taken); err != nil {
			t.Errorf("an account that exists used the link up: %v", err)
		}

		late := invite(t, s, InviteInput{Group: &group, Role: "member", TTL: 100 * 24 * time.Hour})
		revoked := invite(t, s, InviteInput{Group: &group, Role: "steward", MadeBy: sam.Person})
		g.suspended = true
		_, err = s.Accept(ctx, sam, late, "", 0)
		wantKind(t, err, fault.KindConflict)
		g.suspended = false
		if _, err := s.Peek(ctx, late); err != nil {
			t.Errorf("a suspended group used the link up: %v", err)
		}
		err = s.DB.Write(ctx, func(tx *db.Tx) error {
			open, err := s.OpenInvitations(ctx, tx, riverside)
			if err != nil || len(open) != 2 {
				return errors.Join(err, errors.New("want two open links"))
			}
			if ok, err := s.RevokeInvitation(ctx, tx, riverside, "none", sam.Person); ok || err != nil {
				return errors.Join(err, errors.New("revoked what is not there"))
			}
			return s.RevokeInvitationsBy(ctx, tx, riverside, sam.Person)
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Accept(ctx, sam, revoked, "", 0)
		wantKind(t, err, fault.KindGone)
		c.Add(7*24*time.Hour + time.Microsecond)
		_, err = s.Accept(ctx, sam, late, "", 0)
		wantKind(t, err, fault.KindGone)
		for _, junk := range []string{"", "../x", s.IDs.Secret()} {
			_, err := s.Peek(ctx, junk)
			wantKind(t, err, fault.KindGone)
		}
	})
}

func TestOperatorInvitationRaisesAnAccount(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, _ *clock.Manual) {
		ctx := t.Context()
		j, sam, _ := account(t, s, RoleAccount, "sam")
		_, err := s.InviteToNode(ctx, sam, RoleOperator, "")
		wantKind(t, err, fault.KindForbidden)
		path, err := s.CreateOperator(ctx)
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.Accept(ctx, sam, strings.TrimPrefix(path, "/invitations/"), "", 0)
		if err != nil || out.Words != "" || out.Next != "/operator" {
			t.Fatalf("%+v, %v", out, err)
		}
		x, _, _ := s.Session(ctx, j.Session)
		if !x.Actor.Operator {
			t.Error("no operator after the invitation")
		}
		if _, err := s.InviteToNode(ctx, x.Actor, "king", ""); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("unknown role: %v", err)
		}
		counts, audit, err := s.Overview(ctx, x.Actor)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(Counts{Operators: 1}, counts); d != "" {
			t.Error(d)
		}
		today := day.Time(day.Of(dbtest.Now))
		if d := cmp.Diff([]AuditCount{{today, "invite", 2}, {today, "join", 2}}, audit); d != "" {
			t.Error(d)
		}
	})
}

func TestSetUp(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, c *clock.Manual) {
		ctx := t.Context()
		told := make(chan string, 1)
		s.SiteChanged = func(name, lang string) { told <- name + " " + lang }
		link := func() string {
			path, ok, err := s.SetupLink(ctx)
			if err != nil || !ok {
				t.Fatalf("%v, %v", ok, err)
			}
			return strings.TrimPrefix(path, "/setup/")
		}
		in := SetupInput{Name: "Springfield", Language: "es", Handle: "ada"}
		old := link()
		late := link()
		_, err := s.SetUp(ctx, old, "", in)
		wantKind(t, err, fault.KindGone)
		_, err = s.Peek(ctx, late) // not by the other page
		wantKind(t, err, fault.KindGone)
		_, err = s.AcceptNew(ctx, late, "", "ada", 0)
		wantKind(t, err, fault.KindGone)
		c.Add(setupTTL)
		_, err = s.SetUp(ctx, late, "", in)
		wantKind(t, err, fault.KindGone)
		now := link()
		account(t, s, RoleOperator, "first") // made from the command line meanwhile
		_, err = s.SetUp(ctx, now, "", in)
		wantKind(t, err, fault.KindGone)
		if err := s.Suspend(ctx, "first", true); err != nil {
			t.Fatal(err)
		}
		_, err = s.SetUp(ctx, now, "", SetupInput{Language: "xx", Handle: "1"})
		if e := fault.Of(err); e == nil || len(e.Fields) != 3 {
			t.Errorf("an empty form gives %v", err)
		}
		j, err := s.SetUp(ctx, now, "", in)
		if err != nil || j.Next != "/groups/new" {
			t.Fatalf("%+v, %v", j, err)
		}
		if got := <-told; got != "Springfield es" {
			t.Errorf("told %q", got)
		}
		if name, lang, err := s.Site(ctx); err != nil || name != "Springfield" || lang != "es" {
			t.Errorf("%q, %q, %v", name, lang, err)
		}
		if x, ok, _ := s.Session(ctx, j.Session); !ok || !x.Actor.Operator {
			t.Error("the first person is no operator")
		}
		_, err = s.SetUp(ctx, now, "", in)
		wantKind(t, err, fault.KindGone)
		if _, ok, err := s.SetupLink(ctx); ok || err != nil {
			t.Errorf("a second set-up link: %v, %v", ok, err)
		}
	})
}

func TestReset(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, c *clock.Manual) {
		ctx := t.Context()
		j, sam, _ := account(t, s, RoleAccount, "sam")
		_, err := s.ResetSignIn(ctx, "nobody")
		wantKind(t, err, fault.KindNotFound)
		link := func() string {
			path, err := s.ResetSignIn(ctx, "Sam")
			if err != nil {
				t.Fatal(err)
			}
			return strings.TrimPrefix(path, "/reset/")
		}
		// An invitation that Sam made is no key to Sam's account.
		group := riverside
		given := invite(t, s, InviteInput{Group: &group, Role: "member", MadeBy: sam.Person})
		_, err = s.Reset(ctx, given, "")
		wantKind(t, err, fault.KindGone)
		_, err = s.SetUp(ctx, given, "", SetupInput{Name: "x", Language: "en", Handle: "eve"})
		wantKind(t, err, fault.KindGone)

		older, secret := link(), link()
		_, err = s.Reset(ctx, older, "")
		wantKind(t, err, fault.KindGone)
		_, err = s.AcceptNew(ctx, secret, "", "eve", 0)
		wantKind(t, err, fault.KindGone)
		if h, err := s.peekReset(ctx, secret); h != "sam" || err != nil {
			t.Errorf("%q, %v", h, err)
		}
		if _, ok, _ := s.Session(ctx, j.Session); !ok {
			t.Error("opening the link ended a session")
		}
		out, err := s.Reset(ctx, secret, "")
		if err != nil || out.Handle != "sam" {
			t.Fatalf("%+v, %v", out, err)
		}
		if _, ok, _ := s.Session(ctx, j.Session); ok {
			t.Error("a session outlived the reset")
		}
		_, err = s.SignIn(ctx, "sam", j.Words, "")
		wantKind(t, err, fault.KindInvalid)
		if _, err := s.SignIn(ctx, "sam", out.Words, ""); err != nil {
			t.Error(err)
		}
		_, err = s.Reset(ctx, secret, "")
		wantKind(t, err, fault.KindGone)

		late := link()
		c.Add(resetTTL)
		_, err = s.Reset(ctx, late, "")
		wantKind(t, err, fault.KindGone)
	})
}
