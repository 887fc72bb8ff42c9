package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/coalitions"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/id"
	"convoke/internal/notify/notifytest"
	"convoke/internal/web/webtest"
)

// mailStand is a node that sends mail.
type mailStand struct {
	*stand
	sink *notifytest.Server
}

func eachWithMail(t *testing.T, f func(t *testing.T, s *mailStand)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, sink := settings(t, url(t)), notifytest.Sink(t)
			cfg.SMTPURL, cfg.MailFrom, cfg.BaseURL = sink.URL(), "post@example.org", "http://example.org"
			f(t, &mailStand{start(t, cfg), sink})
		})
	}
}

// tables lists all but what is made from others.
func (s *stand) tables() []string {
	s.t.Helper()
	q := "select name from sqlite_master where type = 'table' and name not like 'event_text%' and name not like 'sqlite_%'"
	if s.DB.Engine() == db.Postgres {
		q = "select table_name::text from information_schema.tables where table_schema = current_schema() and table_name not like 'event_text%'"
	}
	return s.column(q)
}

func (s *stand) column(q string, args ...any) []string {
	s.t.Helper()
	var out []string
	err := s.DB.Read(s.t.Context(), func(tx *db.Tx) error {
		var err error
		out, err = db.Column[string](s.t.Context(), tx, q, args...)
		return err
	})
	if err != nil {
		s.t.Fatalf("%s: %v", q, err)
	}
	return out
}

// scan counts the rows of every table that hold one of the words anywhere.
func (s *stand) scan(words ...string) map[string]int {
	s.t.Helper()
	out := map[string]int{}
	for _, table := range s.tables() {
		q := fmt.Sprintf(`select row_to_json(t)::text from %q t`, table)
		if s.DB.Engine() == db.SQLite {
			var cells []string
			for _, c := range s.column("select name from pragma_table_info($1)", table) {
				cells = append(cells, fmt.Sprintf("quote(%q)", c))
			}
			q = fmt.Sprintf("select %s from %q", strings.Join(cells, " || ' ' || "), table)
		}
		for _, row := range s.column(q) {
			if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(row, w) }) {
				out[table]++
			}
		}
	}
	return out
}

// held counts the rows of the file that a person takes along.
func held(t *testing.T, b *webtest.Browser) map[string]int {
	t.Helper()
	a := b.Get("/me/data.json").Want(t, 200, "")
	var file struct {
		Tables map[string][]map[string]any
	}
	if err := json.Unmarshal([]byte(a.Body), &file); err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for name, rows := range file.Tables {
		if len(rows) > 0 {
			out[name] = len(rows)
		}
	}
	return out
}

// filled makes a person about whom every table that can hold something does.
func (s *mailStand) filled() (b *webtest.Browser, robin authz.Actor, sam authz.Actor) {
	s.t.Helper()
	ctx := s.t.Context()
	_, sam = s.signIn("sam")
	secret := ""
	g := s.group(sam, "riverside", "Riverside")
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		var err error
		secret, err = s.Identity.Invite(ctx, tx, identity.InviteInput{Group: &g, Role: "organizer", MadeBy: sam.Person})
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	b = s.visitor()
	b.Post("/invitations/"+secret, "key", s.IDs.Secret(), "handle", "robin.unusual").Want(s.t, 200, "")
	x, ok, err := s.Identity.Session(ctx, b.Cookies["convoke"].Value)
	if err != nil || !ok {
		s.t.Fatalf("session: %v, %v", ok, err)
	}
	robin = x.Actor
	if by := s.column("select vouched_by from member where group_id = $1 and person_id = $2", string(g), string(robin.Person)); by[0] != string(sam.Person) {
		s.t.Errorf("%q let robin in, not sam", by)
	}
	s.confirmed(robin, s.group(robin, "hillside", "Hillside"))
	b.Post("/groups/riverside/invitations", "role", "member").Want(s.t, 200, "")
	b.Post("/me/tokens", "name", "website", "scope", "read", "days", "30").Want(s.t, 200, "")
	b.Post("/me/codes").Want(s.t, 200, "")
	_, lee := s.signIn("lee")
	if err := s.DB.Write(ctx, func(tx *db.Tx) error { return s.Groups.Join(ctx, tx, g, lee.Person, groups.Admission{Role: "member"}) }); err != nil {
		s.t.Fatal(err)
	}
	s.group(sam, "lakeside", "Lakeside")
	if err := s.Groups.SetNewcomers(ctx, sam, "lakeside", groups.SettingsInput{Joining: groups.ByRequest}); err != nil {
		s.t.Fatal(err)
	}
	b.Post("/groups/lakeside/join", "note", "unusual words").Want(s.t, 303, "/groups/mine")
	b.Post("/me/passkeys/options", "name", "phone").Want(s.t, 200, "")
	if err := s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `insert into passkey (credential, id, person_id, name, data, created_day, used_day)
			values ($1, 'key', $2, 'phone', '{}', 20260101, 0)`, []byte{1}, string(robin.Person))
		return err
	}); err != nil {
		s.t.Fatal(err)
	}
	b.Post("/me/mail", "email", "robin@example.org").Want(s.t, 200, "")
	if _, err := s.Jobs.RunPending(ctx); err != nil {
		s.t.Fatal(err)
	}
	mails, err := s.sink.Wait(ctx, 1)
	if err != nil {
		s.t.Fatal(err)
	}
	link := regexp.MustCompile(`/mail/[0-9a-z]{26}\b`).FindString(mails[0].Text)
	b.Post(link).Want(s.t, 303, "/me/mail")
	b.Post("/me/mail", "email", "another@example.org").Want(s.t, 200, "")
	if err := s.Groups.SetRole(ctx, sam, "riverside", "robin.unusual", authz.Steward); err != nil {
		s.t.Fatal(err)
	}
	e := s.event(sam, g, meeting("Open assembly", "2026-06-06"))
	if err := s.DB.Write(ctx, func(tx *db.Tx) error { return s.Grants.Help(ctx, tx, e, robin.Person, sam.Person) }); err != nil {
		s.t.Fatal(err)
	}
	if err := s.Grants.Name(ctx, robin, e, "sam"); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.Grants.Invite(ctx, sam, e, "robin.unusual", ""); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.Coalitions.Create(ctx, robin, s.IDs.Secret(), coalitions.Input{
		Settings: coalitions.Settings{Weights: "group", Polls: "open", Entry: "apply", Seats: 1},
		Group:    "riverside", Name: "The Valley", Handle: "valley", Points: "We share the water.",
	}); err != nil {
		s.t.Fatal(err)
	}
	s.proposes(robin)
	s.meets(robin)
	s.climbs(sam, robin)
	s.verifies(sam, robin)
	b.Post("/groups/riverside/members/lee/recovery").Want(s.t, 303, "/groups/riverside/members/lee/recovery")
	b.Post("/groups/riverside/tasks", "key", s.IDs.Secret(), "title", "Print flyers", "mine", "1").Want(s.t, 303, "/groups/riverside/tasks")
	b.Post("/groups/riverside/skills", "do", "offer", "skill", "cooking", "line", "my van", "shared", "1").Want(s.t, 303, "/groups/riverside/skills")
	b.Post("/groups/riverside/digest", "do", "ask").Want(s.t, 303, "/groups/riverside/digest")
	if err := s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "update dormancy set state = 'asked', since_day = 20260101, asked_day = 20260501, person_id = $1 where group_id = $2", string(robin.Person), string(g))
		return err
	}); err != nil {
		s.t.Fatal(err)
	}
	return b, robin, sam
}

func TestTheReportIsAllThatIsHeld(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *mailStand) {
		b, robin, _ := s.filled()
		inTables := s.scan(string(robin.Person), robin.Handle, "robin@example.org")
		if got := held(t, b); !maps.Equal(got, inTables) {
			t.Errorf("the report has %v, the tables have %v", got, inTables)
		}
		if s.DB.Engine() == db.SQLite {
			// A new table about people must be filled above, and so be in the report.
			for _, table := range s.column(`select m.name from sqlite_master m where m.type = 'table' and exists (
				select 1 from pragma_foreign_key_list(m.name) f where f."table" = 'person')`) {
				if inTables[table] == 0 {
					t.Errorf("nothing is in %s, so the report of it is not proved", table)
				}
			}
		}
		page := b.Get("/me/data").Want(t, 200, "")
		for table := range inTables {
			if len(page.All("h2#held-"+table)) != 1 {
				t.Errorf("%s is not on the page", table)
			}
		}
		if !strings.Contains(page.Text("main"), "Hillside") || !strings.Contains(page.Text("main"), "unusual words") || page.Header.Get("Cache-Control") != "no-store" {
			t.Error("the page does not name the groups, or may be kept by others")
		}
		if a := b.Get("/me/data.json"); strings.Contains(a.Body, "sam") || a.Header.Get("Content-Disposition") != `attachment; filename="robin.unusual.json"` {
			t.Errorf("the file tells of others, or has no name: %s", a.Body)
		}
		s.visitor().Get("/me/data").Want(t, 303, "/sign-in?next=%2Fme%2Fdata")
		s.visitor().Get("/me/data.json").Want(t, 401, "")
	})
}

func TestErasingAnAccountLeavesNothing(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *mailStand) {
		ctx := t.Context()
		b, robin, _ := s.filled()
		s.clock.Add(time.Hour)
		e := s.event(robin, s.groupID("hillside"), meeting("Meeting", "2026-12-28"))
		page := b.Get("/me/erase").Want(t, 200, "")
		if !strings.Contains(page.Text("main"), "Hillside") || strings.Contains(page.Text("main"), "Riverside") {
			t.Errorf("the groups with nobody else are not named: %s", page.Text("main"))
		}
		b.Post("/me/erase").Want(t, 422, "")
		before := s.scan(string(robin.Person), robin.Handle, "robin@example.org")
		b.Post("/me/erase", "passphrase", "wrong").Want(t, 422, "")
		if got := s.scan(string(robin.Person), robin.Handle, "robin@example.org"); !maps.Equal(got, before) {
			t.Fatal("erased without the words")
		}
		if err := s.Identity.Erase(ctx, robin); err != nil {
			t.Fatal(err)
		}
		if err := s.Identity.Erase(ctx, robin); err != nil {
			t.Errorf("again: %v", err)
		}
		if left := s.scan(string(robin.Person), robin.Handle, "robin@example.org"); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
		b.Get("/me").Want(t, 303, "/sign-in?next=%2Fme")
		s.visitor().Get("/groups/hillside").Want(t, 404, "")
		s.visitor().Get("/events/"+string(e)).Want(t, 404, "")
		s.visitor().Get("/groups/riverside").Want(t, 200, "")
		// The audit goes on, under one name that is nobody's.
		if names := s.column("select distinct person_id from audit where action in ('recovery codes', 'confirm recovery', 'erase account')"); len(names) != 1 || !id.ValidSecret(names[0]) {
			t.Errorf("names in the audit: %v", names)
		}
		if n := s.column("select id from audit where about <> '' and about in (select person_id from audit where action = 'erase account')"); len(n) != 1 {
			t.Errorf("%d rows about the pseudonym, want that of the role", len(n))
		}
	})
}

func (s *stand) groupID(handle string) id.Group {
	s.t.Helper()
	return id.Group(s.column("select id from groups where handle = $1", handle)[0])
}

func TestWhoIsNeededCannotErase(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	operator, sam := s.signIn("sam")
	b, robin := s.signIn("robin")
	g := s.group(robin, "hillside", "Hillside")
	if err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
		return s.Groups.Join(t.Context(), tx, g, sam.Person, groups.Admission{Role: "member"})
	}); err != nil {
		t.Fatal(err)
	}
	a := b.Get("/me/erase").Want(t, 200, "")
	if !strings.Contains(a.Text("main"), "Hillside") || len(a.All("main form")) != 0 {
		t.Errorf("offers to erase the last steward: %s", a.Text("main"))
	}
	if a := b.Post("/me/erase").Want(t, 422, ""); !strings.Contains(a.Text(".error-summary"), "Hillside") {
		t.Errorf("no message: %s", a.Text("main"))
	}
	operator.Post("/me/erase").Want(t, 422, "")
	if a := operator.Get("/me/erase"); len(a.All("main form")) != 0 || !strings.Contains(a.Text("main"), "only operator") {
		t.Errorf("offers to erase the only operator: %s", a.Text("main"))
	}
	if err := s.Groups.SetRole(t.Context(), robin, "hillside", "sam", authz.Steward); err != nil {
		t.Fatal(err)
	}
	b.Post("/me/erase").Want(t, 303, "/sign-in?erased=1")
	if len(b.Cookies) != 0 {
		t.Error("the cookie remains")
	}
	if a := b.Get("/sign-in?erased=1"); !strings.Contains(a.Text(".flash"), "erased") {
		t.Error("nothing says that it is done")
	}
	s.visitor().Get("/groups/hillside").Want(t, 200, "")
}

// Two stewards of a real group give a member a new way in.
func TestStewardsRecoverAMember(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		operator, sam := s.signIn("sam")
		first, robin := s.signIn("robin")
		second, kim := s.signIn("kim")
		_, lee := s.signIn("lee")
		g := s.group(robin, "riverside", "Riverside")
		join := func(p authz.Actor, g id.Group, role string) {
			t.Helper()
			if err := s.DB.Write(ctx, func(tx *db.Tx) error { return s.Groups.Join(ctx, tx, g, p.Person, groups.Admission{Role: role}) }); err != nil {
				t.Fatal(err)
			}
		}
		join(lee, g, "member")
		join(sam, g, "member")
		const path = "/groups/riverside/members/lee/recovery"
		first.Post(path).Want(t, 422, "") // one steward is not enough
		join(kim, g, "steward")
		operator.Get(path).Want(t, 404, "") // a member, and an operator: no steward
		s.visitor().Get(path).Want(t, 303, "/sign-in?next=%2Fgroups%2Friverside%2Fmembers%2Flee%2Frecovery")
		if a := first.Get("/groups/riverside/members/lee"); len(a.All("a[href="+path+"]")) != 1 {
			t.Error("no way to it")
		}
		first.Post("/groups/riverside/members/sam/recovery").Want(t, 422, "") // an operator
		hill := s.group(lee, "hillside", "Hillside")
		first.Post(path).Want(t, 422, "") // a steward elsewhere
		join(kim, hill, "steward")
		if err := s.Groups.Leave(ctx, lee, "hillside"); err != nil {
			t.Fatal(err)
		}
		first.Post(path).Want(t, 303, path)
		second.Post(path).Want(t, 303, path)
		s.clock.Add(72 * time.Hour)
		if err := s.Groups.SetRole(ctx, robin, "riverside", "kim", authz.Member); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Identity.RecoveryLink(ctx, robin, "riverside", "lee"); err == nil {
			t.Error("a group with one steward gets a link")
		}
		if err := s.Groups.SetRole(ctx, robin, "riverside", "kim", authz.Steward); err != nil {
			t.Fatal(err)
		}
		link, err := s.Identity.RecoveryLink(ctx, robin, "riverside", "lee")
		if err != nil {
			t.Fatal(err)
		}
		if a := s.visitor().Post(link).Want(t, 200, ""); len(strings.Fields(a.Text("#words"))) != 7 {
			t.Errorf("no words: %s", a.Text("main"))
		}
	})
}
