package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/roles"
	"convoke/internal/id"
	"convoke/internal/web/webtest"
)

// programme sends the form of an event's programme with these roles.
func (h *hosts) programme(pairs ...string) webtest.Answer {
	h.t.Helper()
	seq := h.steward.Get(h.page()+"/programme").Want(h.t, 200, "").Attr("input[name=sequence]", "value")
	return h.steward.Post(h.page()+"/programme", append([]string{"sequence", seq}, pairs...)...)
}

// Everything of roles on a whole node: the programme asks, those who have signed
// up offer, organizers confirm, the public page counts; a programme that needs
// fewer is refused; who cancels makes room; and a week after it all is gone.
func TestRolesOnANode(t *testing.T) {
	t.Parallel()
	h := newHosts(t, "")
	second, ben := h.signIn("ben")
	err := h.DB.Write(t.Context(), func(tx *db.Tx) error {
		return h.Groups.Join(t.Context(), tx, h.group, ben.Person, groups.Admission{Role: string(authz.Organizer)})
	})
	if err != nil {
		t.Fatal(err)
	}
	h.programme("role_marshal_people", "1", "role_1_name", "Tea", "role_1_people", "2").Want(t, 303, h.page()+"/programme?saved=1")
	public := func() string {
		h.clock.Add(time.Second) // it is rendered once a second
		return strings.ReplaceAll(h.visitor().Get(h.page()).Want(t, 200, "").Text("section#roles"), " ,", ",")
	}
	if got := public(); !strings.Contains(got, "Marshals: 1 needed, 0 confirmed") || !strings.Contains(got, "Sign up first, then take a role") {
		t.Errorf("%q", got)
	}
	if !strings.Contains(string(h.steward.Get(h.page()).Body), h.page()+"/roles") {
		t.Error("organizers find no link")
	}
	mine := func(secret string) string { return h.page() + "/attend/" + secret }
	one, two := h.signUp("1", "email", "one@example.org"), h.signUp("1")
	for _, s := range []string{one, two} {
		if got := h.visitor().Get(mine(s)).Text("main"); !strings.Contains(got, "Take a role") {
			t.Fatalf("no panel: %q", got)
		}
		h.visitor().Post(mine(s)+"/roles", "role", "marshal").Want(t, 303, mine(s)+"?saved=1")
	}
	h.steward.Post(h.page()+"/roles", "confirmers", "2").Want(t, 303, h.page()+"/roles?saved=1")
	code := func(s string) string { return id.Code(id.Hash(s)) }
	for _, b := range []*webtest.Browser{h.steward, second} {
		if a := b.Get(h.page()+"/roles").Want(t, 200, ""); strings.Contains(string(a.Body), "one@example.org") {
			t.Error("the desk shows an address")
		}
		b.Post(h.page()+"/roles/marshal/"+code(one), "answer", "confirm").Want(t, 303, h.page()+"/roles?role=marshal&saved=1#offers")
	}
	if got := public(); !strings.Contains(got, "Marshals: 1 needed, 1 confirmed") {
		t.Errorf("%q", got)
	}
	if kinds := h.jobsTo(one); kinds != 1 {
		t.Errorf("%d messages wait for who was confirmed", kinds)
	}
	a := h.programme("role_marshal_people", "", "role_1_name", "Coffee", "role_1_people", "2").Want(t, 422, "")
	if got := a.Text("#role_marshal_people-error"); !strings.Contains(got, "Confirmed for this role: 1.") || a.Attr("input#role_1_name", "value") != "Coffee" {
		t.Errorf("beside the field %q, kept %q", got, a.Attr("input#role_1_name", "value"))
	}
	if got := h.visitor().Get(mine(two)).Text("main"); !strings.Contains(got, "you are in reserve. You are next.") {
		t.Errorf("%q", got)
	}
	if got := second.Get("/me/data").Text("main"); !strings.Contains(got, code(one)) {
		t.Error("who confirmed does not see that it is stored about them")
	}
	h.visitor().Post(mine(one)+"/cancel").Want(t, 200, "")
	if got := h.visitor().Get(mine(two)).Text("main"); !strings.Contains(got, "Offered. The organizers have not answered yet.") {
		t.Errorf("%q", got)
	}
	if got := public(); !strings.Contains(got, "Marshals: 1 needed, 0 confirmed") {
		t.Errorf("%q", got)
	}
	h.clock.Add(7*24*time.Hour + 8*24*time.Hour)
	if err := h.Attendance.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left string
	err = h.DB.Read(t.Context(), func(tx *db.Tx) error {
		var offers, confirmations, counted int
		err := tx.Get(t.Context(), `select (select count(*) from role_offer), (select count(*) from role_confirmation),
			(select sum(confirmed + offered + reserve) from role_count)`, nil, &offers, &confirmations, &counted)
		left = fmt.Sprint(offers, confirmations, counted)
		return err
	})
	if err != nil || left != "0 0 0" {
		t.Errorf("left after a week: %s, %v", left, err)
	}
	if got := public(); strings.Contains(got, "confirmed") {
		t.Errorf("of an event that is over: %q", got)
	}
}

// confirmed makes an event of a group where somebody offers a role and its
// organizer confirms it.
func (s *stand) confirmed(by authz.Actor, g id.Group) {
	s.t.Helper()
	ctx := s.t.Context()
	e := s.event(by, g, meeting("Planting day", s.clock.Now().AddDate(0, 0, 7).Format(time.DateOnly)))
	err := s.Events.SetProgramme(ctx, by, e, 0, events.ProgrammeInput{Roles: []events.RoleInput{{Row: "role_1", Name: "Tea", People: "1"}}})
	if err != nil {
		s.t.Fatal(err)
	}
	secret := s.IDs.Secret()
	if _, err := s.Attendance.SignUp(ctx, e, secret, attendance.Input{Party: 1}); err != nil {
		s.t.Fatal(err)
	}
	d, err := s.Roles.Desk(ctx, by, e, "", "")
	if err != nil || len(d.Roles) != 1 {
		s.t.Fatal(d, err)
	}
	rid := roles.IDOf(d.Roles[0].Role)
	if err := s.Roles.Offer(ctx, e, secret, roles.Input{Roles: []string{rid}}); err != nil {
		s.t.Fatal(err)
	}
	if err := s.Roles.Answer(ctx, by, e, rid, id.Code(id.Hash(secret)), roles.Answer{Confirm: true}); err != nil {
		s.t.Fatal(err)
	}
}

// jobsTo is how many messages about a role wait for a sign-up.
func (h *hosts) jobsTo(secret string) int {
	h.t.Helper()
	n := 0
	err := h.DB.Read(h.t.Context(), func(tx *db.Tx) error {
		return tx.Get(h.t.Context(), "select count(*) from job where kind = 'attendance.tell' and args like $1",
			[]any{fmt.Sprintf("%%%x%%role%%", id.Hash(secret))}, &n)
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// Every role that a programme knows has a name where it is taken.
func TestRolesHaveNames(t *testing.T) {
	t.Parallel()
	h := newHosts(t, "")
	form := h.steward.Get(h.page()+"/programme").Want(t, 200, "")
	var pairs []string
	for _, n := range form.All("input") {
		if name := webtest.Attr(n, "name"); strings.HasPrefix(name, "role_") && strings.HasSuffix(name, "_people") && !strings.HasPrefix(name, "role_1") && !strings.HasPrefix(name, "role_2") {
			pairs = append(pairs, name, "1")
		}
	}
	h.programme(pairs...).Want(t, 303, h.page()+"/programme?saved=1")
	a := h.steward.Get(h.page()+"/roles").Want(t, 200, "")
	rows := a.All("tbody th")
	if len(rows) != len(pairs)/2 || len(rows) < 7 {
		t.Errorf("%d rows for %d roles", len(rows), len(pairs)/2)
	}
	for _, n := range rows {
		if got := webtest.Text(n); got == "" || strings.Contains(got, "_") || strings.ToLower(got) == got {
			t.Errorf("a role is called %q", got)
		}
	}
}
