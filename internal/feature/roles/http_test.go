package roles

import (
	"context"
	"html/template"
	"net/http"
	"strings"
	"testing"

	"convoke/internal/api/apitest"
	"convoke/internal/authz"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// desks is the feature's pages on a real site. A session's secret is its person.
type desks struct {
	*crew
	t    *testing.T
	site *web.Site
	w    *Web
}

type anySession struct{}

func (anySession) Session(_ context.Context, secret string) (web.Session, bool, error) {
	return web.Session{ID: "s", Actor: authz.Actor{Person: id.Person(secret), Handle: secret}}, true, nil
}

// Held implements Events.
func (d *desks) Held(_ *web.Call, e id.Event) (Brief, error) {
	return Brief{ID: e, Title: "Riverside <clean-up>", Day: "9 May", When: "10:00", Where: "Old Bridge"}, nil
}

// Edits implements Events.
func (d *desks) Edits(c *web.Call, e id.Event) (Brief, error) {
	if err := c.RequireActor(); err != nil {
		return Brief{}, err
	}
	if !d.are[c.Actor().Person] {
		return Brief{}, fault.Forbidden("authz.forbidden", "Your role does not allow this.")
	}
	return d.Held(c, e)
}

func newDesks(t *testing.T) *desks {
	t.Helper()
	d := &desks{crew: newCrew(t, dbtest.SQLite(t)), t: t}
	d.site = webtest.New(t, d.clock, anySession{})
	d.w = &Web{Service: d.Service, Events: d}
	d.w.Mount(d.site)
	d.site.Handle("GET /events/{id}/attend/{secret}", func(c *web.Call) error {
		b, err := d.Held(c, id.Event(c.Param("id")))
		var h template.HTML
		if err == nil {
			h, err = d.w.HeldPanel(c, b)
		}
		if err != nil {
			return err
		}
		return c.Write(200, "text/html; charset=utf-8", []byte(h))
	})
	return d
}

func (d *desks) as(person string) *webtest.Browser {
	b := webtest.NewBrowser(d.t, d.site)
	if person != "" {
		b.WithSession(person)
	}
	return b
}

// tidy takes out the spaces that stand between elements.
func tidy(s string) string { return strings.NewReplacer(" :", ":", " ,", ",", " .", ".").Replace(s) }

// From the private page to the role, and back out of it.
func TestHolderPages(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	e := d.event(t, marshals(1), fact.RoleNeeded{Code: "medic", People: 2}, fact.RoleNeeded{Name: "Tea & <cake>", People: 1})
	first, second := d.guest(t, e), d.guest(t, e)
	v := d.as("")
	mine := func(secret string) string { return privatePath(e, secret) }
	a := v.Get(mine(first)).Want(t, 200, "")
	if got := a.Text("fieldset"); !strings.Contains(got, "Marshals 1 more is needed.") || !strings.Contains(got, "Medics 2 more are needed.") || !strings.Contains(got, "Tea & <cake>") {
		t.Errorf("what is needed: %q", got)
	}
	if got := a.Text("#note-hint"); !strings.Contains(got, "Leave out your name: we do not ask for it.") {
		t.Errorf("a name seems to be asked: %q", got)
	}
	for range 2 { // a form that is sent twice
		v.Post(mine(first)+"/roles", "role", "marshal", "note", "First aid course.").Want(t, 303, mine(first)+"?saved=1")
	}
	v.Post(mine(second)+"/roles", "role", "marshal", "role", IDOf("=Tea & <cake>")).Want(t, 303, mine(second)+"?saved=1")
	a = v.Get(mine(first)).Want(t, 200, "")
	if got := tidy(a.Text("section")); !strings.Contains(got, "Marshals: Offered. The organizers have not answered yet. Your note: “First aid course.”") ||
		!strings.Contains(got, "Your code: "+code(first)) {
		t.Errorf("%q", got)
	}
	says := func(secret, want string) {
		t.Helper()
		if got := tidy(v.Get(mine(secret)+"/roles").Want(t, 200, "").Text("main")); !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	says(second, "Marshals: Enough people have offered; you are in reserve. You are next.")
	says(d.helper(t, e, "marshal"), "1 person is before you.")
	wantCode(t, d.SetRule(t.Context(), ann, e, 2), "")
	wantCode(t, d.confirm(t, ann, e, "marshal", first), "")
	says(first, "Marshals: Confirmed by 1 of 2 organizers.")
	wantCode(t, d.confirm(t, ben, e, "marshal", first), "")
	says(first, "Marshals: Confirmed: you have this role.")
	for range 2 {
		v.Post(mine(first)+"/roles/withdraw", "role", "marshal").Want(t, 303, mine(first)+"?saved=1")
	}
	says(second, "Marshals: Offered. The organizers have not answered yet.")
	wantCode(t, d.Answer(t.Context(), ann, e, "marshal", code(second), Answer{Reason: "training"}), "")
	says(second, "Marshals: Not needed: This role takes training that we could not check.")
	d.exec(t, "update attendance set state = 'waiting' where hash = $1", id.Hash(first))
	says(first, "You can take a role once you have a place at the event.")
}

// There is no panel where there is nothing to offer.
func TestNoPanel(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	none, over := d.event(t), d.event(t, marshals(1))
	d.closed[over] = true
	for _, e := range []id.Event{none, over} {
		if a := d.as("").Get(privatePath(e, d.guest(t, e))).Want(t, 200, ""); len(a.Body) > 0 {
			t.Errorf("%s", a.Body)
		}
	}
}

// What is wrong is said beside its field, and what was typed is kept.
func TestBadOffers(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	e := d.event(t, marshals(1), fact.RoleNeeded{Code: "medic", People: 1})
	s := d.guest(t, e)
	to := privatePath(e, s) + "/roles"
	long := strings.Repeat("x", 301)
	for _, x := range []struct {
		form        []string
		status      int
		field, said string
	}{
		{nil, 422, "#role-error", "Choose at least one role."},
		{[]string{"role", ""}, 422, "#role-error", "is not asked for any more"},
		{[]string{"role", "king", "role", "medic"}, 422, "#role-error", "is not asked for any more"},
		{[]string{"role", "medic", "note", long}, 422, "#note-error", "at most 300 characters"},
		{[]string{"role", "medic", "note", "\xff"}, 400, "main", "cannot be read"},
	} {
		a := d.as("").Post(to, x.form...).Want(t, x.status, "")
		if got := a.Text(x.field); !strings.Contains(got, x.said) {
			t.Errorf("%q: %q", x.form, got)
		}
		if x.status == 422 && !strings.HasPrefix(a.Text("title"), "Error:") {
			t.Errorf("title %q", a.Text("title"))
		}
	}
	a := d.as("").Post(to, "role", "medic", "note", long).Want(t, 422, "")
	if a.Text("textarea") != long || !strings.Contains(string(a.Body), `value="medic" checked`) {
		t.Error("what was typed is lost")
	}
	for _, bad := range []string{"/events/x/attend/" + s + "/roles", privatePath(e, "nonsense") + "/roles", privatePath(e, d.ids.Secret()) + "/roles"} {
		d.as("").Get(bad).Want(t, 404, "")
		d.as("").Post(bad, "role", "marshal").Want(t, 404, "")
		d.as("").Post(bad+"/withdraw", "role", "marshal").Want(t, 404, "")
	}
	if n := d.number(t, "select count(*) from role_offer"); n != 0 {
		t.Errorf("%d offers are stored", n)
	}
}

// Organizers see numbers, codes and notes, and answer; they see nothing with which
// a sign-up could be opened or found.
func TestDesk(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	e := d.event(t, marshals(1), fact.RoleNeeded{Code: "medic", People: 2})
	s := d.guest(t, e)
	wantCode(t, d.Offer(t.Context(), e, s, Input{Roles: []string{"marshal"}, Note: "I know <b>you</b>."}), "")
	other := d.helper(t, e, "marshal")
	to, answer := "/events/"+string(e)+"/roles", "/events/"+string(e)+"/roles/marshal/"
	olga := d.as("ann")
	a := olga.Get(to).Want(t, 200, "")
	if got := a.Text("tbody"); got != "Marshals1011 Medics2000" && !strings.HasPrefix(strings.ReplaceAll(got, " ", ""), "Marshals1011Medics2000") {
		t.Errorf("%q", got)
	}
	page := string(a.Body)
	for _, secret := range []string{s, other, string(id.Hash(s))} {
		if strings.Contains(page, secret) {
			t.Error("the page shows what opens a sign-up")
		}
	}
	if !strings.Contains(page, code(s)) || !strings.Contains(page, "I know &lt;b&gt;you&lt;/b&gt;.") || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s", page)
	}
	olga.Post(to, "confirmers", "2").Want(t, 303, to+"?saved=1")
	olga.Post(answer+code(s), "answer", "confirm").Want(t, 303, to+"?role=marshal&saved=1#offers")
	a = olga.Get(to + "?role=marshal")
	if got := a.Text("section[aria-labelledby=offer-" + code(s) + "]"); !strings.Contains(got, "Confirmed by 1 of 2 organizers. You are one of them.") || strings.Contains(got, "Confirm:") {
		t.Errorf("%q", got)
	}
	d.as("ben").Post(answer+code(s), "answer", "confirm").Want(t, 303, to+"?role=marshal&saved=1#offers")
	a = olga.Post(answer+code(other), "answer", "confirm").Want(t, 422, "")
	if got := a.Text("div.error-summary"); !strings.Contains(got, "All who are needed in this role are confirmed.") {
		t.Errorf("%q", got)
	}
	a = olga.Post(answer+code(other), "answer", "decline").Want(t, 422, "")
	if got := a.Text("#reason_" + code(other) + "-error"); !strings.Contains(got, "Choose why it is not needed.") {
		t.Errorf("%q", got)
	}
	for range 2 {
		olga.Post(answer+code(other), "answer", "decline", "reason_"+code(other), "enough").Want(t, 303, to+"?role=marshal&saved=1#offers")
	}
	a = olga.Post(to, "confirmers", "many").Want(t, 422, "")
	if !strings.Contains(a.Text("#confirmers-error"), "one or two organizers") {
		t.Errorf("%q", a.Text("form"))
	}
	if d.stateOf(t, e, s, "marshal") != Confirmed || d.stateOf(t, e, other, "marshal") != Declined {
		t.Error("the answers are lost")
	}
}

func TestDeskIsForOrganizers(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	e := d.event(t, marshals(1))
	s := d.helper(t, e, "marshal")
	to := "/events/" + string(e) + "/roles"
	for person, want := range map[string][]int{"": {http.StatusSeeOther, http.StatusUnauthorized}, "mia": {http.StatusForbidden, http.StatusForbidden}} {
		b := d.as(person)
		if a := b.Get(to); a.Status != want[0] || strings.Contains(string(a.Body), code(s)) {
			t.Errorf("%q gets %d", person, a.Status)
		}
		for _, a := range []webtest.Answer{b.Post(to, "confirmers", "2"), b.Post(to+"/marshal/"+code(s), "answer", "confirm")} {
			if a.Status != want[1] {
				t.Errorf("%q gets %d", person, a.Status)
			}
		}
	}
	if d.stateOf(t, e, s, "marshal") != Offered || d.number(t, "select count(*) from role_rule") != 0 {
		t.Error("somebody who may not has changed something")
	}
	d.as("ann").Get("/events/x/roles").Want(t, 404, "")
	d.as("ann").Get(to+"?role=king").Want(t, 404, "")
	d.as("ann").Get(to+"?after=king").Want(t, 400, "")
	d.as("ann").Post(to+"/marshal/aaaa-aaaa", "answer", "confirm").Want(t, 404, "")
	d.as("ann").Post(to+"/king/"+code(s), "answer", "confirm").Want(t, 404, "")
	d.draft[e] = true
	d.as("ann").Get(to).Want(t, 409, "")
}

// The API does what the pages do.
func TestAPI(t *testing.T) {
	t.Parallel()
	d := newDesks(t)
	site := webtest.New(t, d.clock, nil)
	d.w.MountAPI(apitest.Node(t, site))
	c := apitest.New(t, site)
	e := d.event(t, marshals(1), fact.RoleNeeded{Name: "Tea", People: 1})
	s := d.guest(t, e)
	mine, desk := "/events/"+string(e)+"/attendance/"+s+"/roles", "/events/"+string(e)+"/roles"
	tea := IDOf("=Tea")
	var m apiHeldRoles
	c.Get(mine).Want(200, &m)
	if !m.Open || m.Code != code(s) || len(m.Offers) != 0 || len(m.Free) != 2 || m.Free[0] != (apiFreeRole{"marshal", "marshal", "", 1, 0}) || m.Free[1].Name != "Tea" {
		t.Errorf("%+v", m)
	}
	for range 2 {
		c.Do("PUT", mine+"/"+tea, map[string]any{"note": "Good kettle."}).Want(200, &m)
	}
	c.Do("PUT", mine+"/marshal", map[string]any{}).Want(200, &m)
	c.Do("PUT", mine+"/king", map[string]any{}).Refused(422, "form.invalid", "#/role", "roles.unknown")
	c.Do("PUT", mine+"/marshal", map[string]any{"note": strings.Repeat("x", 301)}).Refused(422, "form.invalid", "#/note", "form.long")
	c.Get(desk).Refused(401, "token.missing")
	c.As("mia").Get(desk).Refused(403, "authz.forbidden")
	var all apiRoleDesk
	c.As("ann").Do("PUT", desk, map[string]any{"confirmers": 2}).Want(200, &all)
	c.As("ann").Do("PUT", desk, map[string]any{"confirmers": 3}).Refused(422, "form.invalid", "#/confirmers", "roles.confirmers")
	if all.Confirmers != 2 || len(all.Roles) != 2 || all.Roles[1] != (apiEventRole{tea, "", "Tea", 1, 0, 1, 0}) {
		t.Errorf("%+v", all)
	}
	var offers struct{ Items []apiRoleOffer }
	c.As("ann").Get(desk+"/"+tea).Want(200, &offers)
	if len(offers.Items) != 1 || offers.Items[0] != (apiRoleOffer{code(s), "offered", "Good kettle.", 0, false}) {
		t.Errorf("%+v", offers)
	}
	for _, who := range []string{"ann", "ann", "ben"} {
		c.As(who).Do("PUT", desk+"/"+tea+"/"+code(s), map[string]any{"answer": "confirm"}).Want(204, nil)
	}
	c.As("ann").Do("PUT", desk+"/marshal/"+code(s), map[string]any{"answer": "not_needed"}).Refused(422, "form.invalid", "#/reason", "roles.reason")
	c.As("ann").Do("PUT", desk+"/marshal/"+code(s), map[string]any{"answer": "not_needed", "reason": "meet"}).Want(204, nil)
	c.As("ann").Do("PUT", desk+"/marshal/aaaa-aaaa", map[string]any{"answer": "confirm"}).Refused(404, "roles.not_found")
	c.As("ann").Get(desk+"/king").Refused(404, "roles.no_role")
	a := c.Get(mine).Want(200, &m)
	if m.Offers[1].Name != "Tea" || m.Offers[1].State != "confirmed" || m.Offers[0].State != "declined" || m.Offers[0].Reason != "meet" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%+v", m)
	}
	c.Do("DELETE", mine+"/"+tea, nil).Want(204, nil)
	c.Do("DELETE", mine+"/"+tea, nil).Refused(404, "roles.not_found")
	c.Get("/events/"+string(e)+"/attendance/nonsense/roles").Refused(404, "attendance.not_found")
}
