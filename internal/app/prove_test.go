package app_test

import (
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/web/webtest"
)

// Every act that is dangerous in the hands of whoever finds a browser open asks
// for the words, but not again within ten minutes.
func TestDangerousActsAskForTheWords(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]struct {
		form  string // the page that has the form; "" when it asks only after a choice
		path  string
		send  []string
		want  int
		leads string
	}{
		"change a role": {
			"/groups/riverside/members/robin", "/groups/riverside/members/robin", []string{"role", "organizer"},
			303, "/groups/riverside/members",
		},
		"remove a member": {
			"/groups/riverside/members/robin/remove", "/groups/riverside/members/robin/remove", nil, 303, "/groups/riverside/members",
		},
		"invite a steward": {
			"", "/groups/riverside/invitations", []string{"role", "steward"}, 200, "",
		},
		"suspend a group": {
			"/groups/riverside/suspend", "/groups/riverside/suspend", []string{"suspended", "1"}, 303, "/groups/riverside",
		},
		"make an account": {
			"/operator", "/operator", []string{"role", identity.RoleAccount}, 200, "",
		},
		"make an operator": {
			"/operator", "/operator", []string{"role", identity.RoleOperator}, 200, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, settings(t, ""))
			b, sam, words := s.provable()
			g := s.group(sam, "riverside", "Riverside")
			_, robin := s.signIn("robin")
			if err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
				return s.Groups.Join(t.Context(), tx, g, robin.Person, groups.Admission{Role: "member"})
			}); err != nil {
				t.Fatal(err)
			}
			send := func(words ...string) webtest.Answer {
				return b.Post(act.path, append(append([]string(nil), act.send...), words...)...)
			}
			asks := func(want bool) {
				t.Helper()
				if act.form == "" {
					return
				}
				a := b.Get(act.form).Want(t, 200, "")
				if got := len(a.All("main input#passphrase")) == 1; got != want {
					t.Errorf("the form asks for the words: %v, want %v", got, want)
				}
			}
			before := s.marks()
			asks(false)
			s.clock.Add(10 * time.Minute)
			asks(true)
			for _, wrong := range [][]string{nil, {"passphrase", " - "}, {"passphrase", "abacus " + words}} {
				a := send(wrong...).Want(t, 422, "")
				if a.Text("#passphrase-error") == "" || a.Attr(".error-summary a", "href") != "#passphrase" ||
					a.Attr("#passphrase", "autocomplete") != "current-password" || strings.Contains(a.Body, "abacus") {
					t.Errorf("no message beside the field, or the words came back: %s", a.Text("main"))
				}
				if got := a.Attr("main input[checked=]", "value"); len(act.send) > 0 && act.send[0] == "role" && got != act.send[1] {
					t.Errorf("chosen is %q, not what was sent", got)
				}
			}
			if now := s.marks(); now != before {
				t.Fatalf("done without the words: %s, then %s", before, now)
			}
			send("passphrase", words).Want(t, act.want, act.leads)
			if now := s.marks(); now == before {
				t.Error("nothing was done")
			}
			s.clock.Add(10*time.Minute - time.Second)
			b.Post("/operator", "role", identity.RoleAccount).Want(t, 200, "")
			if a := b.Get("/operator"); len(a.All("#passphrase")) != 0 {
				t.Error("asked again within ten minutes")
			}
			s.clock.Add(time.Second)
			b.Post("/operator", "role", identity.RoleAccount).Want(t, 422, "")
		})
	}
}

// What is done every day asks for nothing.
func TestInvitingMembersAsksForNoWords(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	b, sam, _ := s.provable()
	s.group(sam, "riverside", "Riverside")
	s.clock.Add(time.Hour)
	if a := b.Get("/groups/riverside/invitations").Want(t, 200, ""); len(a.All("#passphrase")) != 0 {
		t.Error("the form asks for words before it is needed")
	}
	b.Post("/groups/riverside/invitations", "role", "member").Want(t, 200, "")
	b.Post("/groups/riverside/leave").Want(t, 422, "") // the last steward
}

// provable is an operator's browser whose words are known.
func (s *stand) provable() (*webtest.Browser, authz.Actor, string) {
	s.t.Helper()
	path, _, err := s.Identity.SetupLink(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	b := s.visitor()
	a := b.Post(path, "name", "Test node", "language", "en", "handle", "sam").Want(s.t, 200, "")
	x, ok, err := s.Identity.Session(s.t.Context(), b.Cookies["convoke"].Value)
	if err != nil || !ok {
		s.t.Fatalf("session: %v, %v", ok, err)
	}
	return b, x.Actor, a.Text("#words")
}

// marks is what the dangerous acts change.
func (s *stand) marks() string {
	s.t.Helper()
	var out []string
	err := s.DB.Read(s.t.Context(), func(tx *db.Tx) error {
		var err error
		out, err = db.Column[string](s.t.Context(), tx, `select 'member ' || role from member union all select 'suspended' from groups where suspended
			union all select 'link ' || role from invitation where used_day = 0`)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.Join(sorted(out), ", ")
}
