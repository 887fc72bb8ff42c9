package groups

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/authz"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

func TestStartAGroup(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.browser().Get("/groups/new").Want(t, 303, "/sign-in?next=%2Fgroups%2Fnew")
	b := n.as(n.person("sam"))
	a := b.Get("/groups/new").Want(t, 200, "")
	if len(a.All("input[name=langs]")) != len(web.Languages()) || len(a.All("main input[checked=]")) != 1 {
		t.Error("languages are not offered, or the reader's own is not ticked")
	}
	a = b.Post("/groups/new", "name", "<b>Ri", "handle", "R!", "place", "Nowhere", "about", "Hello\nyou", "langs", "de").Want(t, 422, "")
	for id, want := range map[string]string{"#name": "<b>Ri", "#handle": "R!", "#place": "Nowhere"} {
		if got := a.Attr(id, "value"); got != want {
			t.Errorf("%s holds %q", id, got)
		}
	}
	if a.Text("#about") != "Hello you" || len(a.All("main input[checked=]")) != 1 {
		t.Error("the text or the language is lost")
	}
	if a.Text("#handle-error") == "" || a.Text("#place-error") == "" || len(a.All(".error-summary li")) != 2 {
		t.Errorf("messages: %s", a.Text(".error-summary"))
	}
	// Several places have this name.
	a = b.Post("/groups/new", "name", "Choir", "handle", "choir", "place", "Springfield").Want(t, 422, "")
	if got := len(a.All("input[name=place_pick]")); got != 2 || a.Text("#place-error") == "" {
		t.Errorf("%d places are offered", got)
	}
	// What was chosen stays while something else is wrong.
	a = b.Post("/groups/new", "name", "", "handle", "choir", "place", "Springfield", "place_pick", "Springfield, Illinois, US").Want(t, 422, "")
	if a.Attr("input[name=place_pick]", "value") != "Springfield, Illinois, US" || len(a.All("#place_pick input[checked=]")) != 1 {
		t.Error("the chosen place is lost")
	}
	b.Post("/groups/new", "name", "Choir", "handle", "Choir", "place", "Springfield", "place_pick", "Springfield, Illinois, US").
		Want(t, 303, "/groups/choir")
	if a := n.browser().Get("/groups/choir"); !strings.Contains(a.Text("dl"), "Springfield, Illinois, US") {
		t.Errorf("place: %s", a.Text("dl"))
	}
	// A look-alike is made only when it is meant.
	a = b.Post("/groups/new", "name", "Cho1r", "handle", "other").Want(t, 422, "")
	if !strings.Contains(a.Text("#anyway-error"), "Choir") || len(a.All("#anyway")) != 1 {
		t.Errorf("no second thought: %s", a.Text("main"))
	}
	b.Post("/groups/new", "name", "Cho1r", "handle", "other", "anyway", "1").Want(t, 303, "/groups/other")
}

func TestGroupPage(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	sam := n.person("sam")
	g := n.group(sam, "riverside", `Riverside <script>alert(1)</script>`)
	visitor := n.browser()
	a := visitor.Get("/groups/riverside").Want(t, 200, "")
	if a.Text("h1") != "Riverside <script>alert(1)</script>" || len(a.All("main script")) != 0 || a.Text(".prose strong") != "Hello" {
		t.Errorf("page: %s", a.Text("main"))
	}
	facts := a.Text("dl")
	for _, want := range []string{"@riverside", "Leipzig, Germany", "Deutsch, English", "May 2026"} {
		if !strings.Contains(facts, want) {
			t.Errorf("%q is not in %q", want, facts)
		}
	}
	if a.Text(".panel") != string(g) {
		t.Error("the panel is missing")
	}
	if strings.Contains(a.Text("main"), "sam") || len(a.All("main form")) != 0 {
		t.Error("a visitor sees who belongs, or forms")
	}
	if a.Header.Get("Etag") == "" {
		t.Error("the page has no validator")
	}
	mine := n.as(sam).Get("/groups/riverside").Want(t, 200, "")
	for _, link := range []string{"/events/new", "/invitations", "/members", "/edit", "/leave"} {
		if len(mine.All("a[href=/groups/riverside"+link+"]")) != 1 {
			t.Errorf("no link to %s", link)
		}
	}
	// A change shows at once, although the page was kept.
	n.as(sam).Post("/groups/riverside/edit", "name", "Riverside", "about", "New words", "place", "Leipzig, Germany").Want(t, 303, "/groups/riverside")
	if a := visitor.Get("/groups/riverside"); a.Text("h1") != "Riverside" || !strings.Contains(a.Text(".prose"), "New words") {
		t.Error("the old page is shown")
	}
	if a := visitor.Get("/groups"); a.Text("main .card a") != "Riverside" {
		t.Errorf("list: %s", a.Text("main"))
	}
	visitor.Get("/groups/riverside.ics").Want(t, 302, "/groups/riverside/events.ics")
	visitor.Get("/groups/riverside.xml").Want(t, 404, "")
	visitor.Get("/groups/RIVERSIDE").Want(t, 404, "")
	js := visitor.Get("/groups/riverside.json").Want(t, 200, "")
	var got map[string]any
	if err := json.Unmarshal([]byte(js.Body), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"handle": "riverside", "name": "Riverside", "about": "New words", "place": "Leipzig, Germany",
		"languages": []any{}, "url": "http://localhost/groups/riverside",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestListPage(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	b := n.browser()
	if a := b.Get("/groups").Want(t, 200, ""); len(a.All(".empty")) != 1 {
		t.Error("an empty list says nothing")
	}
	sam := n.person("sam")
	for i := range pageSize + 1 {
		name := "Group " + string(rune('a'+i/26)) + string(rune('a'+i%26))
		if _, err := n.Create(t.Context(), CreateInput{Name: name, Handle: "g-" + name[6:], Anyway: true}, sam); err != nil {
			t.Fatal(err)
		}
	}
	a := b.Get("/groups?q=group").Want(t, 200, "")
	if len(a.All("main .card")) != pageSize {
		t.Errorf("%d groups on a page", len(a.All("main .card")))
	}
	next := a.Attr("a[rel=next]", "href")
	if a = b.Get(next).Want(t, 200, ""); len(a.All("main .card")) != 1 || len(a.All("a[rel=next]")) != 0 || a.Attr("#q", "value") != "group" {
		t.Errorf("second page %s: %s", next, a.Text("main"))
	}
	b.Get("/groups?q=%FF%00&after=%FF").Want(t, 400, "")
	b.Get("/groups?q="+strings.Repeat("x", 5000)).Want(t, 200, "")
}

func TestMembersPages(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	sam, ada := n.person("sam"), n.person("ada")
	g := n.group(sam, "riverside", "Riverside")
	n.join(g, ada, authz.Member)
	b := n.as(sam)
	a := b.Get("/groups/riverside/members").Want(t, 200, "")
	if len(a.All("tbody tr")) != 2 || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("members: %s", a.Text("main"))
	}
	if a = b.Post("/groups/riverside/members/sam", "role", "member").Want(t, 422, ""); a.Text(".error-summary") == "" {
		t.Error("the last steward steps down without a word")
	}
	a = b.Get("/groups/riverside/members/ada").Want(t, 200, "")
	if len(a.All("main input[name=role]")) != 3 || a.Attr("main input[checked=]", "value") != "member" {
		t.Errorf("role: %s", a.Text("main"))
	}
	if len(a.All("main a[href=/groups/riverside/members/ada/remove]")) != 1 ||
		len(b.Get("/groups/riverside/members/sam").All("main a[href=/groups/riverside/leave]")) != 1 {
		t.Error("no way to remove a member, or to leave")
	}
	b.Get("/groups/riverside/members/nobody").Want(t, 404, "")
	b.Post("/groups/riverside/members/ada", "role", "king").Want(t, 422, "")
	b.Post("/groups/riverside/members/nobody", "role", "member").Want(t, 404, "")
	b.Post("/groups/riverside/members/ada", "role", "steward").Want(t, 303, "/groups/riverside/members")
	b.Get("/groups/riverside/members/ada/remove").Want(t, 200, "")
	b.Get("/groups/riverside/leave").Want(t, 200, "")
	if n.role(g, ada) != authz.Steward || n.role(g, sam) != authz.Steward {
		t.Fatal("opening a page changed a role")
	}
	b.Post("/groups/riverside/members/ada/remove").Want(t, 303, "/groups/riverside/members")
	if a = b.Post("/groups/riverside/leave").Want(t, 422, ""); !strings.Contains(a.Text(".error-summary"), "steward") {
		t.Error("the last steward leaves")
	}
	n.as(ada).Get("/groups/mine").Want(t, 200, "")
}

func TestInvitationsPage(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	sam, ada := n.person("sam"), n.person("ada")
	g := n.group(sam, "riverside", "Riverside")
	n.join(g, ada, authz.Organizer)
	b := n.as(sam)
	a := b.Post("/groups/riverside/invitations", "role", "organizer").Want(t, 200, "")
	if a.Text("#link") != "http://localhost/invitations/secret-inv1" || len(a.All("tbody tr")) != 1 {
		t.Errorf("link: %s", a.Text("main"))
	}
	if again := b.Get("/groups/riverside/invitations"); strings.Contains(again.Body, "secret-inv1") {
		t.Error("the link is shown again")
	}
	theirs := n.as(ada).Get("/groups/riverside/invitations").Want(t, 200, "")
	if len(theirs.All("input[name=role]")) != 1 || len(theirs.All("tbody button")) != 0 {
		t.Error("an organizer is offered what only a steward may do")
	}
	b.Post("/groups/riverside/invitations", "role", "x").Want(t, 422, "")
	b.Post("/groups/riverside/invitations/inv1/revoke").Want(t, 303, "/groups/riverside/invitations")
	b.Post("/groups/riverside/invitations/inv1/revoke").Want(t, 404, "")
}

// Who may ask for what: every role with every route.
func TestAuthorization(t *testing.T) {
	t.Parallel()
	roles := []string{"visitor", "account", "member", "organizer", "steward", "operator"}
	for _, x := range []struct {
		route string
		want  [6]int
		// while the group is suspended
		suspended [6]int
	}{
		{"GET /groups", [6]int{200, 200, 200, 200, 200, 200}, [6]int{200, 200, 200, 200, 200, 200}},
		{"GET /groups/mine", [6]int{303, 200, 200, 200, 200, 200}, [6]int{303, 200, 200, 200, 200, 200}},
		{"GET /groups/new", [6]int{303, 200, 200, 200, 200, 200}, [6]int{303, 200, 200, 200, 200, 200}},
		{"POST /groups/new", [6]int{401, 422, 422, 422, 422, 422}, [6]int{401, 422, 422, 422, 422, 422}},
		{"GET /groups/G", [6]int{200, 200, 200, 200, 200, 200}, [6]int{404, 404, 200, 200, 200, 200}},
		{"GET /groups/G.json", [6]int{200, 200, 200, 200, 200, 200}, [6]int{404, 404, 200, 200, 200, 200}},
		{"GET /groups/G.ics", [6]int{302, 302, 302, 302, 302, 302}, [6]int{404, 404, 302, 302, 302, 302}},
		{"GET /groups/G/edit", [6]int{303, 404, 403, 403, 200, 404}, [6]int{303, 404, 403, 403, 403, 404}},
		{"POST /groups/G/edit", [6]int{401, 404, 403, 403, 422, 404}, [6]int{401, 404, 403, 403, 403, 404}},
		{"GET /groups/G/members", [6]int{303, 404, 403, 403, 200, 404}, [6]int{303, 404, 403, 403, 200, 404}},
		{"GET /groups/G/members/m-member", [6]int{303, 404, 403, 403, 200, 404}, [6]int{303, 404, 403, 403, 403, 404}},
		{"POST /groups/G/members/m-member", [6]int{401, 404, 403, 403, 422, 404}, [6]int{401, 404, 403, 403, 403, 404}},
		{"GET /groups/G/members/m-member/remove", [6]int{303, 404, 403, 403, 200, 404}, [6]int{303, 404, 403, 403, 403, 404}},
		{"POST /groups/G/members/nobody/remove", [6]int{401, 404, 403, 403, 404, 404}, [6]int{401, 404, 403, 403, 403, 404}},
		{"GET /groups/G/lineage", [6]int{303, 404, 403, 403, 200, 404}, [6]int{303, 404, 403, 403, 200, 404}},
		{"GET /groups/G/lineage/m-member", [6]int{303, 404, 403, 403, 200, 404}, [6]int{303, 404, 403, 403, 403, 404}},
		{"POST /groups/G/lineage/m-member", [6]int{401, 404, 403, 403, 422, 404}, [6]int{401, 404, 403, 403, 403, 404}},
		{"GET /groups/G/leave", [6]int{303, 404, 200, 200, 200, 404}, [6]int{303, 404, 200, 200, 200, 404}},
		{"GET /groups/G/invitations", [6]int{303, 404, 403, 200, 200, 404}, [6]int{303, 404, 403, 403, 403, 404}},
		{"POST /groups/G/invitations member", [6]int{401, 404, 403, 200, 200, 404}, [6]int{401, 404, 403, 403, 403, 404}},
		{"POST /groups/G/invitations steward", [6]int{401, 404, 403, 403, 200, 404}, [6]int{401, 404, 403, 403, 403, 404}},
		{"POST /groups/G/invitations/none/revoke", [6]int{401, 404, 403, 404, 404, 404}, [6]int{401, 404, 403, 403, 403, 404}},
		{"POST /groups/G/leave", [6]int{401, 404, 303, 303, 422, 404}, [6]int{401, 404, 303, 303, 422, 404}},
		{"GET /groups/G/join", [6]int{303, 409, 303, 303, 303, 409}, [6]int{303, 404, 403, 403, 403, 403}},
		{"POST /groups/G/join", [6]int{401, 409, 303, 303, 303, 409}, [6]int{401, 404, 403, 403, 403, 403}},
		{"POST /groups/G/join/withdraw", [6]int{401, 303, 303, 303, 303, 303}, [6]int{401, 404, 303, 303, 303, 303}},
		{"GET /groups/G/requests", [6]int{303, 404, 403, 200, 200, 404}, [6]int{303, 404, 403, 403, 403, 404}},
		{"POST /groups/G/requests", [6]int{401, 404, 403, 422, 422, 404}, [6]int{401, 404, 403, 403, 403, 404}},
		{"GET /groups/G/newcomers", [6]int{303, 404, 403, 403, 200, 404}, [6]int{303, 404, 403, 403, 403, 404}},
		{"POST /groups/G/newcomers", [6]int{401, 404, 403, 403, 422, 404}, [6]int{401, 404, 403, 403, 403, 404}},
		{"GET /groups/G/welcome", [6]int{303, 404, 303, 303, 303, 404}, [6]int{303, 404, 303, 303, 303, 404}},
		{"GET /groups/G/announcements", [6]int{303, 404, 200, 200, 200, 404}, [6]int{303, 404, 200, 200, 200, 404}},
		{"POST /groups/G/announcements", [6]int{401, 404, 403, 400, 400, 404}, [6]int{401, 404, 403, 403, 403, 404}},
		{"POST /groups/G/announcements/none/delete", [6]int{401, 404, 403, 404, 404, 404}, [6]int{401, 404, 403, 403, 403, 404}},
		{"GET /groups/G/conduct", [6]int{404, 404, 404, 404, 404, 404}, [6]int{404, 404, 404, 404, 404, 404}},
		{"GET /groups/G/conduct/edit", [6]int{303, 404, 403, 403, 200, 404}, [6]int{303, 404, 403, 403, 403, 404}},
		{"POST /groups/G/conduct/edit", [6]int{401, 404, 403, 403, 303, 404}, [6]int{401, 404, 403, 403, 403, 404}},
		{"POST /groups/G/conduct/accept", [6]int{401, 404, 303, 303, 303, 404}, [6]int{401, 404, 303, 303, 303, 404}},
		{"GET /groups/G/suspend", [6]int{303, 404, 404, 404, 404, 200}, [6]int{303, 404, 404, 404, 404, 200}},
		{"POST /groups/G/suspend", [6]int{401, 404, 404, 404, 404, 303}, [6]int{401, 404, 404, 404, 404, 303}},
	} {
		t.Run(x.route, func(t *testing.T) {
			t.Parallel()
			n := newNode(t)
			actors := map[string]authz.Actor{}
			for _, r := range roles[1:] {
				actors[r] = n.person("m-" + r)
			}
			g := n.group(actors["steward"], "riverside", "Riverside")
			n.join(g, actors["member"], authz.Member)
			n.join(g, actors["organizer"], authz.Organizer)
			op := actors["operator"]
			op.Operator = true
			actors["operator"] = op
			method, path, _ := strings.Cut(strings.ReplaceAll(x.route, "/G", "/riverside"), " ")
			path, role, _ := strings.Cut(path, " ")
			for _, suspended := range []bool{false, true} {
				want := x.want
				if suspended {
					want = x.suspended
					if err := n.Suspend(t.Context(), op, "riverside", true); err != nil {
						t.Fatal(err)
					}
					// Those who left above come back.
					if err := n.Suspend(t.Context(), op, "riverside", false); err != nil {
						t.Fatal(err)
					}
					n.join(g, actors["member"], authz.Member)
					n.join(g, actors["organizer"], authz.Organizer)
					if err := n.Suspend(t.Context(), op, "riverside", true); err != nil {
						t.Fatal(err)
					}
				}
				for i, r := range roles {
					b := n.browser()
					if r != "visitor" {
						b = n.as(actors[r])
					}
					var got webtest.Answer
					switch {
					case method == "GET":
						got = b.Get(path)
					case role != "":
						got = b.Post(path, "role", role)
					default:
						got = b.Post(path, "suspended", "1")
					}
					if got.Status != want[i] {
						t.Errorf("as %s (suspended %v): %d, want %d", r, suspended, got.Status, want[i])
					}
				}
			}
		})
	}
}

// To those who may not know, a group looks as if it never was.
func TestForbiddenLooksAbsent(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	sam, eve, op := n.person("sam"), n.person("eve"), n.person("op")
	op.Operator = true
	n.group(sam, "riverside", "Riverside")
	n.group(sam, "suspended", "Another one")
	if err := n.Suspend(t.Context(), op, "suspended", true); err != nil {
		t.Fatal(err)
	}
	bare := func(b *webtest.Browser, path string) string {
		a := b.Get(path).Want(t, 404, "")
		body := strings.ReplaceAll(a.Body, path, "")
		return body[:strings.Index(body, "Status")] // what follows names the request
	}
	for _, b := range []*webtest.Browser{n.browser(), n.as(eve)} {
		if bare(b, "/groups/suspended") != bare(b, "/groups/neverwas1") {
			t.Error("a suspended group can be told from none")
		}
	}
	for _, inner := range []string{"/edit", "/members", "/invitations", "/leave"} {
		if bare(n.as(eve), "/groups/suspended"+inner) != bare(n.as(eve), "/groups/neverwas1"+inner) ||
			bare(n.as(eve), "/groups/riverside"+inner) != bare(n.as(eve), "/groups/neverwas1"+inner) {
			t.Errorf("%s tells that a group is there", inner)
		}
		// A visitor is asked to sign in, group or none.
		a, b := n.browser().Get("/groups/suspended"+inner), n.browser().Get("/groups/neverwas1"+inner)
		if a.Status != 303 || b.Status != 303 {
			t.Errorf("%s: %d and %d for a visitor", inner, a.Status, b.Status)
		}
	}
	j := n.browser().Get("/groups/suspended.json").Want(t, 404, "")
	if !strings.Contains(j.Body, `"web.not_found"`) {
		t.Errorf("problem: %s", j.Body)
	}
	if a := n.as(sam).Get("/groups/suspended").Want(t, 200, ""); a.Text(".notice") == "" {
		t.Error("its steward is not told that it is suspended")
	}
}
