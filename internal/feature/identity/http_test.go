package identity

import (
	"strings"
	"testing"

	"convoke/internal/id"
	"convoke/internal/web/webtest"
)

func TestSignInPage(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	j, _, _ := account(t, n.Service, RoleAccount, "sam")
	b := n.browser()

	a := b.Get("/sign-in?next=/events%3Fq%3Dx").Want(t, 200, "")
	if got := a.Attr("main input[name=next]", "value"); got != "/events?q=x" {
		t.Errorf("next is %q", got)
	}
	if got := b.Get("/sign-in?next=//evil.example").Attr("main input[name=next]", "value"); got != "" {
		t.Errorf("leads to %q", got)
	}
	a = b.Post("/sign-in", "handle", "Sam", "passphrase", "secret guess", "next", "/me").Want(t, 422, "")
	if a.Attr("#handle", "value") != "Sam" || strings.Contains(a.Body, "secret guess") {
		t.Error("the handle is lost, or the passphrase came back")
	}
	if a.Text("p#passphrase-error") == "" || a.Attr("#passphrase", "aria-invalid") != "true" || a.Attr(".error-summary a", "href") != "#passphrase" {
		t.Errorf("no message beside the field:\n%s", a.Text("main"))
	}
	if a.Attr("main input[name=next]", "value") != "/me" {
		t.Error("the way back is lost")
	}
	if absent := b.Post("/sign-in", "handle", "nobody", "passphrase", "secret guess"); absent.Text("#passphrase-error") != a.Text("#passphrase-error") {
		t.Error("an unknown handle can be told from a wrong passphrase")
	}
	b.Post("/sign-in", "handle", "sam", "passphrase", j.Words, "next", "//evil.example").Want(t, 303, "/me")
	a = b.Get("/me").Want(t, 200, "")
	if a.Text("h1") != "sam" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%q, %q", a.Text("h1"), a.Header.Get("Cache-Control"))
	}
	b.Post("/sign-out").Want(t, 303, "/sign-in?out=1")
	if len(b.Cookies) != 0 {
		t.Errorf("cookies remain: %v", b.Cookies)
	}
	if a := b.Get("/sign-in?out=1"); a.Attr(".flash", "data-draft-clear") != "*" {
		t.Error("drafts stay on a shared computer")
	}
	b.Get("/me").Want(t, 303, "/sign-in?next=%2Fme")
}

func TestTooManyTries(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.Limit = never{}
	for _, path := range []string{"/sign-in", "/invitations/" + n.IDs.Secret(), "/setup/" + n.IDs.Secret(), "/reset/" + n.IDs.Secret()} {
		a := n.browser().Post(path, "handle", "sam", "passphrase", "x").Want(t, 429, "")
		if a.Header.Get("Retry-After") != "90" {
			t.Errorf("%s: Retry-After %q", path, a.Header.Get("Retry-After"))
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

	a := b.Get("/me").Want(t, 200, "")
	if rows := a.All("tbody tr"); len(rows) != 2 {
		t.Errorf("%d sessions", len(rows))
	}
	if len(a.All("a[href=/operator]")) != 0 {
		t.Error("a plain account is offered the operator's page")
	}
	b.Get("/me/sessions/"+theirs).Want(t, 404, "")
	b.Post("/me/sessions/"+theirs, "label", "x").Want(t, 404, "")
	b.Post("/me/sessions/"+theirs+"/end").Want(t, 404, "")
	long := strings.Repeat("kitchen ", 10)
	if a := b.Post("/me/sessions/"+there.ID, "label", long).Want(t, 422, ""); a.Attr("#label", "value") != long || a.Text("#label-error") == "" {
		t.Error("the label is lost or has no message")
	}
	b.Post("/me/sessions/"+there.ID, "label", " Kitchen <b>\u202etablet ").Want(t, 303, "/me")
	if a := b.Get("/me"); !strings.Contains(a.Text("tbody"), "Kitchen <b>tablet") {
		t.Errorf("label: %s", a.Text("tbody"))
	}
	b.Post("/me/sessions/"+there.ID+"/end").Want(t, 303, "/me")
	n.as(other).Get("/me").Want(t, 303, "/sign-in?next=%2Fme")
	if a := b.Post("/me/passphrase", "passphrase", "wrong").Want(t, 422, ""); a.Text("#passphrase-error") == "" {
		t.Error("no message beside the passphrase")
	}
	a = b.Post("/me/passphrase", "passphrase", j.Words).Want(t, 200, "")
	words := a.Text("#words")
	if words == j.Words || len(strings.Fields(words)) != passWords || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("new words %q", words)
	}
	if again := b.Get("/me"); strings.Contains(again.Body, words) {
		t.Error("the words are shown again")
	}
	b.Post("/me/sessions/end-others").Want(t, 303, "/me")
	b.Post("/me/sessions/"+here+"/end").Want(t, 303, "/me")
	b.Get("/me").Want(t, 303, "/sign-in?next=%2Fme")
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	j, _, _ := account(t, n.Service, RoleAccount, "sam")
	b := n.as(j.Session)
	b.Post("/language", "lang", "es", "next", "/groups?q=1").Want(t, 303, "/groups?q=1")
	if a := b.Get("/me"); a.Attr("html", "lang") != "es" {
		t.Errorf("language %q", a.Attr("html", "lang"))
	}
	// In another browser the account remembers it.
	if a := n.as(j.Session).Get("/me"); a.Attr("html", "lang") != "es" {
		t.Errorf("language of the account %q", a.Attr("html", "lang"))
	}
	b.Post("/language", "lang", "tlh", "next", "https://evil.example/").Want(t, 303, "/")
	if a := b.Get("/me"); a.Attr("html", "lang") != "es" {
		t.Error("an unknown language changed something")
	}
	// Whoever chose none reads the first that the browser asks for and there is.
	k, _, _ := account(t, n.Service, RoleAccount, "kim")
	if a := n.as(k.Session).Get("/me", "Accept-Language", "tlh, ar;q=0.9, es;q=0.8"); a.Attr("html", "lang") != "ar" {
		t.Errorf("language of the browser %q", a.Attr("html", "lang"))
	}
}

func TestInvitationPage(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	group := riverside
	path := "/invitations/" + invite(t, n.Service, InviteInput{Group: &group, Role: "organizer"})
	b := n.browser()
	for range 3 { // a mail scanner opens it
		a := b.Get(path).Want(t, 200, "")
		if !strings.Contains(a.Text("h1"), "Riverside Neighbours") || a.Attr("main form", "action") != path {
			t.Errorf("page: %s", a.Text("main"))
		}
	}
	a := b.Post(path, "handle", "A B").Want(t, 422, "")
	if a.Attr("#handle", "value") != "A B" || a.Text("#handle-error") == "" {
		t.Error("the handle is lost or has no message")
	}
	a = b.Post(path, "handle", "Sam").Want(t, 200, "")
	if len(strings.Fields(a.Text("#words"))) != passWords || a.Attr("main a.button", "href") != "/groups/riverside/welcome" ||
		a.Header.Get("Cache-Control") != "no-store" || a.Text(".site-actions a") != "sam" {
		t.Errorf("words page: %s", a.Text("body"))
	}
	b.Get("/me").Want(t, 200, "")
	b.Post(path, "handle", "Sam").Want(t, 410, "")
	n.browser().Post(path, "handle", "eve").Want(t, 410, "")
	n.browser().Get(path).Want(t, 410, "")

	// Somebody with an account joins with one press.
	second := "/invitations/" + invite(t, n.Service, InviteInput{Group: &group, Role: "steward"})
	if a := n.browser().Get(second); a.Attr("main p a", "href") != "/sign-in?next="+strings.ReplaceAll(second, "/", "%2f") {
		t.Errorf("way to sign in: %q", a.Attr("main p a", "href"))
	}
	if a := b.Get(second); !strings.Contains(a.Text("main form button"), "sam") || len(a.All("#handle")) != 0 {
		t.Errorf("page for an account: %s", a.Text("main"))
	}
	b.Post(second).Want(t, 303, "/groups/riverside/welcome")
	b.Post(second).Want(t, 410, "")
	third := "/invitations/" + invite(t, n.Service, InviteInput{Role: RoleAccount})
	b.Post(third).Want(t, 422, "")
	if got := n.groups.joined; len(got) != 2 || !strings.HasSuffix(got[1], "steward") {
		t.Errorf("joined %q", got)
	}
}

// A group with rules of conduct takes who accepts them as they are.
func TestInvitationAsksForTheRules(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	group := riverside
	n.groups.conduct = 2
	path := "/invitations/" + invite(t, n.Service, InviteInput{Group: &group, Role: "member"})
	b := n.browser()
	a := b.Get(path).Want(t, 200, "")
	if a.Attr("#conduct", "value") != "2" || len(a.All("main a[href=/groups/riverside/conduct]")) != 1 {
		t.Errorf("page: %s", a.Text("main"))
	}
	for _, version := range []string{"", "1", "x"} {
		a = b.Post(path, "handle", "sam", "conduct", version).Want(t, 422, "")
		if a.Text("#conduct-error") == "" || a.Attr("#handle", "value") != "sam" {
			t.Errorf("version %q: %s", version, a.Text("main"))
		}
	}
	b.Post(path, "handle", "sam", "conduct", "2").Want(t, 200, "")
	other := "/invitations/" + invite(t, n.Service, InviteInput{Group: &group, Role: "organizer"})
	b.Post(other).Want(t, 422, "")
	b.Post(other, "conduct", "2").Want(t, 303, "/groups/riverside/welcome")
}

// Whatever the reason, a dead link says the same.
func TestDeadLinksAreAlike(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	group := riverside
	used := invite(t, n.Service, InviteInput{Role: RoleAccount})
	if _, err := n.AcceptNew(t.Context(), used, "", "sam", 0); err != nil {
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
			body := strings.ReplaceAll(n.browser().Get(prefix+secret).Want(t, 410, "").Body, prefix+secret, "")
			post := strings.ReplaceAll(n.browser().Post(prefix+secret, "handle", "eve", "name", "x", "language", "en").Want(t, 410, "").Body, prefix+secret, "")
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
	b.Get(path).Want(t, 200, "")
	a := b.Post(path, "name", "", "language", "es", "handle", "ADA!").Want(t, 422, "")
	if a.Text("#name-error") == "" || a.Text("#handle-error") == "" || a.Attr("#handle", "value") != "ADA!" ||
		a.Attr("#language option[selected=]", "value") != "es" {
		t.Errorf("the form lost something: %s", a.Text("main"))
	}
	a = b.Post(path, "name", "Springfield", "language", "en", "handle", "ada").Want(t, 200, "")
	if a.Attr("main a.button", "href") != "/groups/new" {
		t.Error("no way on")
	}
	a = b.Get("/operator").Want(t, 200, "")
	if !strings.Contains(a.Text("aside"), "1") {
		t.Error("no numbers")
	}
	b.Post("/operator", "role", "x").Want(t, 422, "")
	a = b.Post("/operator", "role", RoleAccount).Want(t, 200, "")
	link := a.Text("#link")
	if !strings.HasPrefix(link, "http://localhost/invitations/") {
		t.Fatalf("link %q", link)
	}
	if again := b.Get("/operator"); strings.Contains(again.Body, link) {
		t.Error("the link is shown again")
	}
	n.browser().Get(strings.TrimPrefix(link, "http://localhost")).Want(t, 200, "")
}

func TestResetPage(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	j, _, _ := account(t, n.Service, RoleAccount, "sam")
	path, err := n.ResetSignIn(t.Context(), "sam")
	if err != nil {
		t.Fatal(err)
	}
	n.browser().Get(path).Want(t, 200, "")
	n.as(j.Session).Get("/me").Want(t, 200, "")
	a := n.browser().Post(path).Want(t, 200, "")
	if len(strings.Fields(a.Text("#words"))) != passWords {
		t.Error("no words")
	}
	n.as(j.Session).Get("/me").Want(t, 303, "/sign-in?next=%2Fme")
	n.browser().Post(path).Want(t, 410, "")
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
			b    *webtest.Browser
			want int
		}{{"visitor", n.browser(), x.visitor}, {"account", n.as(plain.Session), x.plain}, {"operator", n.as(oper.Session), x.opertr}} {
			var got int
			if x.method == "POST" {
				got = who.b.Post(x.path).Status
			} else {
				got = who.b.Get(x.path).Status
			}
			if got != who.want {
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
		a := b.Get(path).Want(t, 404, "")
		body := strings.ReplaceAll(a.Body, path, "")
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
