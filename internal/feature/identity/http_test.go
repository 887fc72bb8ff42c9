package identity

import (
	"strings"
	"testing"

	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

func TestTemplatesFitTheirTypes(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for _, l := range n.Locales.Locales() {
		for name, check := range map[string]func(*web.Site, *i18n.Locale) error{
			"sign_in": signInPage.Check, "words": wordsPage.Check, "gone": gonePage.Check, "me": mePage.Check,
			"label": labelPage.Check, "operator": operatorPage.Check, "invitation": invitationPage.Check,
			"setup": setupPage.Check, "reset": resetPage.Check,
		} {
			if err := check(n.site, l); err != nil {
				t.Errorf("%s in %s: %v", name, l.Tag(), err)
			}
		}
	}
}

func TestSignInPage(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	j, _, _ := account(t, n.Service, RoleAccount, "sam")
	b := n.browser()

	a := b.get("/sign-in?next=/events%3Fq%3Dx").want(t, 200, "")
	if got := a.attr("main input[name=next]", "value"); got != "/events?q=x" {
		t.Errorf("next is %q", got)
	}
	if got := b.get("/sign-in?next=//evil.example").attr("main input[name=next]", "value"); got != "" {
		t.Errorf("leads to %q", got)
	}
	a = b.post("/sign-in", "handle", "Sam", "passphrase", "secret guess", "next", "/me").want(t, 422, "")
	if a.attr("#handle", "value") != "Sam" || strings.Contains(a.body, "secret guess") {
		t.Error("the handle is lost, or the passphrase came back")
	}
	if a.text("p#passphrase-error") == "" || a.attr("#passphrase", "aria-invalid") != "true" || a.attr(".error-summary a", "href") != "#passphrase" {
		t.Errorf("no message beside the field:\n%s", a.text("main"))
	}
	if a.attr("main input[name=next]", "value") != "/me" {
		t.Error("the way back is lost")
	}
	if absent := b.post("/sign-in", "handle", "nobody", "passphrase", "secret guess"); absent.text("#passphrase-error") != a.text("#passphrase-error") {
		t.Error("an unknown handle can be told from a wrong passphrase")
	}
	b.post("/sign-in", "handle", "sam", "passphrase", j.Words, "next", "//evil.example").want(t, 303, "/me")
	a = b.get("/me").want(t, 200, "")
	if a.text("h1") != "sam" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%q, %q", a.text("h1"), a.header.Get("Cache-Control"))
	}
	b.post("/sign-out").want(t, 303, "/sign-in?out=1")
	if len(b.cookies) != 0 {
		t.Errorf("cookies remain: %v", b.cookies)
	}
	if a := b.get("/sign-in?out=1"); a.attr(".flash", "data-draft-clear") != "*" {
		t.Error("drafts stay on a shared computer")
	}
	b.get("/me").want(t, 303, "/sign-in?next=%2Fme")
}

func TestTooManyTries(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.Limit = never{}
	for _, path := range []string{"/sign-in", "/invitations/" + n.IDs.Secret(), "/setup/" + n.IDs.Secret(), "/reset/" + n.IDs.Secret()} {
		a := n.browser().post(path, "handle", "sam", "passphrase", "x").want(t, 429, "")
		if a.header.Get("Retry-After") != "90" {
			t.Errorf("%s: Retry-After %q", path, a.header.Get("Retry-After"))
		}
	}
}

func TestMyPage(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	j, _, here := account(t, n.Service, RoleAccount, "sam")
	other, err := n.SignIn(t.Context(), "sam", j.Words, "")
	if err != nil {
		t.Fatal(err)
	}
	there, _, _ := n.Session(t.Context(), other)
	_, _, theirs := account(t, n.Service, RoleAccount, "ada")
	b := n.as(j.Session)

	a := b.get("/me").want(t, 200, "")
	if rows := a.all("tbody tr"); len(rows) != 2 {
		t.Errorf("%d sessions", len(rows))
	}
	if len(a.all("a[href=/operator]")) != 0 {
		t.Error("a plain account is offered the operator's page")
	}
	b.get("/me/sessions/"+theirs).want(t, 404, "")
	b.post("/me/sessions/"+theirs, "label", "x").want(t, 404, "")
	b.post("/me/sessions/"+theirs+"/end").want(t, 404, "")
	long := strings.Repeat("kitchen ", 10)
	if a := b.post("/me/sessions/"+there.ID, "label", long).want(t, 422, ""); a.attr("#label", "value") != long || a.text("#label-error") == "" {
		t.Error("the label is lost or has no message")
	}
	b.post("/me/sessions/"+there.ID, "label", " Kitchen <b>\u202etablet ").want(t, 303, "/me")
	if a := b.get("/me"); !strings.Contains(a.text("tbody"), "Kitchen <b>tablet") {
		t.Errorf("label: %s", a.text("tbody"))
	}
	b.post("/me/sessions/"+there.ID+"/end").want(t, 303, "/me")
	n.as(other).get("/me").want(t, 303, "/sign-in?next=%2Fme")
	if a := b.post("/me/passphrase", "passphrase", "wrong").want(t, 422, ""); a.text("#passphrase-error") == "" {
		t.Error("no message beside the passphrase")
	}
	a = b.post("/me/passphrase", "passphrase", j.Words).want(t, 200, "")
	words := a.text("#words")
	if words == j.Words || len(strings.Fields(words)) != passWords || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("new words %q", words)
	}
	if again := b.get("/me"); strings.Contains(again.body, words) {
		t.Error("the words are shown again")
	}
	b.post("/me/sessions/end-others").want(t, 303, "/me")
	b.post("/me/sessions/"+here+"/end").want(t, 303, "/me")
	b.get("/me").want(t, 303, "/sign-in?next=%2Fme")
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	j, _, _ := account(t, n.Service, RoleAccount, "sam")
	b := n.as(j.Session)
	b.post("/language", "lang", "es", "next", "/groups?q=1").want(t, 303, "/groups?q=1")
	if a := b.get("/me"); a.attr("html", "lang") != "es" {
		t.Errorf("language %q", a.attr("html", "lang"))
	}
	// In another browser the account remembers it.
	if a := n.as(j.Session).get("/me"); a.attr("html", "lang") != "es" {
		t.Errorf("language of the account %q", a.attr("html", "lang"))
	}
	b.post("/language", "lang", "tlh", "next", "https://evil.example/").want(t, 303, "/")
	if a := b.get("/me"); a.attr("html", "lang") != "es" {
		t.Error("an unknown language changed something")
	}
}

func TestInvitationPage(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	group := riverside
	path := "/invitations/" + invite(t, n.Service, InviteInput{Group: &group, Role: "organizer"})
	b := n.browser()
	for range 3 { // a mail scanner opens it
		a := b.get(path).want(t, 200, "")
		if !strings.Contains(a.text("h1"), "Riverside Neighbours") || a.attr("main form", "action") != path {
			t.Errorf("page: %s", a.text("main"))
		}
	}
	a := b.post(path, "handle", "A B").want(t, 422, "")
	if a.attr("#handle", "value") != "A B" || a.text("#handle-error") == "" {
		t.Error("the handle is lost or has no message")
	}
	a = b.post(path, "handle", "Sam").want(t, 200, "")
	if len(strings.Fields(a.text("#words"))) != passWords || a.attr("main a.button", "href") != "/groups/riverside" ||
		a.header.Get("Cache-Control") != "no-store" || a.text(".site-actions a") != "sam" {
		t.Errorf("words page: %s", a.text("body"))
	}
	b.get("/me").want(t, 200, "")
	b.post(path, "handle", "Sam").want(t, 410, "")
	n.browser().post(path, "handle", "eve").want(t, 410, "")
	n.browser().get(path).want(t, 410, "")

	// Somebody with an account joins with one press.
	second := "/invitations/" + invite(t, n.Service, InviteInput{Group: &group, Role: "steward"})
	if a := n.browser().get(second); a.attr("main p a", "href") != "/sign-in?next="+strings.ReplaceAll(second, "/", "%2f") {
		t.Errorf("way to sign in: %q", a.attr("main p a", "href"))
	}
	if a := b.get(second); !strings.Contains(a.text("main form button"), "sam") || len(a.all("#handle")) != 0 {
		t.Errorf("page for an account: %s", a.text("main"))
	}
	b.post(second).want(t, 303, "/groups/riverside")
	b.post(second).want(t, 410, "")
	third := "/invitations/" + invite(t, n.Service, InviteInput{Role: RoleAccount})
	b.post(third).want(t, 422, "")
	if got := n.groups.joined; len(got) != 2 || !strings.HasSuffix(got[1], "steward") {
		t.Errorf("joined %q", got)
	}
}

// Whatever the reason, a dead link says the same.
func TestDeadLinksAreAlike(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	group := riverside
	used := invite(t, n.Service, InviteInput{Role: RoleAccount})
	if _, err := n.AcceptNew(t.Context(), used, "sam"); err != nil {
		t.Fatal(err)
	}
	expired := invite(t, n.Service, InviteInput{Group: &group, Role: "member"})
	setup, _, err := n.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reset, err := n.ResetSignIn(t.Context(), "sam")
	if err != nil {
		t.Fatal(err)
	}
	n.clock.Add(invitationTTL)
	first := ""
	for _, prefix := range []string{"/invitations/", "/setup/", "/reset/"} {
		for _, secret := range []string{used, expired, n.IDs.Secret(), "short", setup[len("/setup/"):], reset[len("/reset/"):]} {
			// The page names its own address in the form for the language.
			body := strings.ReplaceAll(n.browser().get(prefix+secret).want(t, 410, "").body, prefix+secret, "")
			post := strings.ReplaceAll(n.browser().post(prefix+secret, "handle", "eve", "name", "x", "language", "en").want(t, 410, "").body, prefix+secret, "")
			if first == "" {
				first = body
			}
			if body != first || post != first {
				t.Errorf("%s%s differs", prefix, secret)
			}
		}
	}
}

func TestSetupPage(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	path, _, err := n.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := n.browser()
	b.get(path).want(t, 200, "")
	a := b.post(path, "name", "", "language", "es", "handle", "ADA!").want(t, 422, "")
	if a.text("#name-error") == "" || a.text("#handle-error") == "" || a.attr("#handle", "value") != "ADA!" ||
		a.attr("#language option[selected=]", "value") != "es" {
		t.Errorf("the form lost something: %s", a.text("main"))
	}
	a = b.post(path, "name", "Springfield", "language", "en", "handle", "ada").want(t, 200, "")
	if a.attr("main a.button", "href") != "/groups/new" {
		t.Error("no way on")
	}
	a = b.get("/operator").want(t, 200, "")
	if !strings.Contains(a.text("aside"), "1") {
		t.Error("no numbers")
	}
	b.post("/operator", "role", "x").want(t, 422, "")
	a = b.post("/operator", "role", RoleAccount).want(t, 200, "")
	link := a.text("#link")
	if !strings.HasPrefix(link, "http://localhost/invitations/") {
		t.Fatalf("link %q", link)
	}
	if again := b.get("/operator"); strings.Contains(again.body, link) {
		t.Error("the link is shown again")
	}
	n.browser().get(strings.TrimPrefix(link, "http://localhost")).want(t, 200, "")
}

func TestResetPage(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	j, _, _ := account(t, n.Service, RoleAccount, "sam")
	path, err := n.ResetSignIn(t.Context(), "sam")
	if err != nil {
		t.Fatal(err)
	}
	n.browser().get(path).want(t, 200, "")
	n.as(j.Session).get("/me").want(t, 200, "")
	a := n.browser().post(path).want(t, 200, "")
	if len(strings.Fields(a.text("#words"))) != passWords {
		t.Error("no words")
	}
	n.as(j.Session).get("/me").want(t, 303, "/sign-in?next=%2Fme")
	n.browser().post(path).want(t, 410, "")
}

// Who may ask for what: every role with every route.
func TestAuthorization(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	plain, _, own := account(t, n.Service, RoleAccount, "sam")
	oper, _, _ := account(t, n.Service, RoleOperator, "ada")
	_, _, theirs := account(t, n.Service, RoleAccount, "eve")
	unknown := id.NewSource(n.clock, nil).New()
	for _, x := range []struct {
		method, path           string
		visitor, plain, opertr int
	}{
		{"GET", "/sign-in", 200, 200, 200},
		{"POST", "/sign-in", 422, 422, 422},
		{"POST", "/language", 303, 303, 303},
		{"GET", "/me", 303, 200, 200},
		{"POST", "/me/passphrase", 401, 422, 422},
		{"POST", "/me/sessions/end-others", 401, 303, 303},
		{"GET", "/me/sessions/" + own, 303, 200, 404},
		{"POST", "/me/sessions/" + own, 401, 303, 404},
		{"GET", "/me/sessions/" + theirs, 303, 404, 404},
		{"POST", "/me/sessions/" + theirs, 401, 404, 404},
		{"POST", "/me/sessions/" + theirs + "/end", 401, 404, 404},
		{"POST", "/me/sessions/" + unknown + "/end", 401, 404, 404},
		{"GET", "/operator", 303, 404, 200},
		{"POST", "/operator", 401, 404, 422},
		{"GET", "/people", 404, 404, 404},
		{"GET", "/me/sign-out", 404, 404, 404},
		{"GET", "/sign-out", 405, 405, 405},
		{"POST", "/sign-out", 303, 303, 303}, // the last: it ends the sessions
	} {
		for _, who := range []struct {
			name string
			b    *browser
			want int
		}{{"visitor", n.browser(), x.visitor}, {"account", n.as(plain.Session), x.plain}, {"operator", n.as(oper.Session), x.opertr}} {
			a := who.b.get
			if x.method == "POST" {
				a = func(p string) answer { return who.b.post(p) }
			}
			if got := a(x.path).status; got != who.want {
				t.Errorf("%s %s as %s: %d, want %d", x.method, x.path, who.name, got, who.want)
			}
		}
	}
}

// To those who may not know, a thing looks as if it never was.
func TestForbiddenLooksAbsent(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	sam, _, _ := account(t, n.Service, RoleAccount, "sam")
	_, _, theirs := account(t, n.Service, RoleAccount, "eve")
	b := n.as(sam.Session)
	bare := func(path string) string {
		a := b.get(path).want(t, 404, "")
		body := strings.ReplaceAll(a.body, path, "")
		return body[:strings.Index(body, "Status")] // what follows names the request
	}
	for forbidden, absent := range map[string]string{
		"/operator": "/nothing-here", "/me/sessions/" + theirs: "/me/sessions/" + n.IDs.New(),
	} {
		if bare(forbidden) != bare(absent) {
			t.Errorf("%s differs from a page that never was", forbidden)
		}
	}
}
