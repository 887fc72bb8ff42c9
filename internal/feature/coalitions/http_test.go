package coalitions

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/id"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// three are three groups with an organizer each, and members of the first two.
func three(n *node) (ada, ben, cem, dia, eve authz.Actor) {
	ada, ben, cem, dia, eve = n.person("ada"), n.person("ben"), n.person("cem"), n.person("dia"), n.person("eve")
	n.group("anglers", ada, dia)
	n.group("bakers", ben, eve)
	n.group("carvers", cem)
	return ada, ben, cem, dia, eve
}

// newValley fills the form for a coalition.
func newValley(key string, pairs ...string) []string {
	return append([]string{
		"key", key, "group", "anglers", "band", "1", "name", "The valley", "handle", "valley", "points", "We **share** the water.",
		"weights", "bands", "polls", "open", "entry", "apply", "seats", "2", "notice", "7",
	}, pairs...)
}

func TestACoalitionForms(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	ada, ben, cem, dia, eve := three(n)
	n.browser().Get("/coalitions/new").Want(t, 303, "/sign-in?next=%2Fcoalitions%2Fnew")
	n.as(dia).Get("/coalitions/new").Want(t, 403, "") // a member speaks for nobody
	if a := n.browser().Get("/coalitions").Want(t, 200, ""); len(a.All(".empty")) != 1 {
		t.Error("an empty list says nothing")
	}
	b := n.as(ada)
	a := b.Get("/coalitions/new").Want(t, 200, "")
	key := a.Attr("input[name=key]", "value")
	bad := newValley(key)
	bad[len(bad)-3] = "99"
	a = b.Post("/coalitions/new", bad...).Want(t, 422, "")
	if a.Text("#seats-error") == "" || a.Attr("#name", "value") != "The valley" || a.Attr("#seats", "value") != "99" {
		t.Errorf("messages: %s", a.Text(".error-summary"))
	}
	b.Post("/coalitions/new", newValley(key)...).Want(t, 303, "/groups/valley/coalition")
	b.Post("/coalitions/new", newValley(key)...).Want(t, 303, "/groups/valley/coalition")

	page := n.browser().Get("/groups/valley/coalition").Want(t, 200, "")
	for _, want := range []string{"By the size of groups", "declared", "A coalition cannot be within itself", "1 group belongs to it", "Open, by the name of the group"} {
		if !strings.Contains(page.Text("main"), want) {
			t.Errorf("%q is not said", want)
		}
	}
	if len(page.All("main form")) != 0 {
		t.Error("a visitor sees forms")
	}
	if got := n.browser().Get("/coalitions").Text("main .card"); !strings.Contains(got, "The valley") || !strings.Contains(got, "1 group") {
		t.Errorf("listed: %s", got)
	}
	n.browser().Get("/groups/anglers/coalition").Want(t, 404, "")
	n.browser().Get("/groups/nobody/coalition").Want(t, 404, "")

	// Another group asks, without agreeing first.
	bb := n.as(ben)
	a = bb.Post("/groups/valley/coalition", "do", "apply", "group", "bakers", "band", "4").Want(t, 422, "")
	if a.Text("#version-error") == "" {
		t.Errorf("messages: %s", a.Text(".error-summary"))
	}
	bb.Post("/groups/valley/coalition", "do", "apply", "group", "bakers", "band", "4", "version", "1").Want(t, 303, "/groups/bakers/delegates")
	if a := n.browser().Get("/groups/bakers/delegates"); strings.Contains(a.Text("main"), "valley") {
		t.Error("everybody sees that a group asked")
	}
	if a := b.Get("/groups/valley/coalition"); !strings.Contains(a.Text("main"), "Let The bakers in") {
		t.Error("the delegate does not see who asks")
	}
	if a := bb.Get("/groups/valley/coalition"); strings.Contains(a.Text("main"), "Let The bakers in") {
		t.Error("others see who asks")
	}
	b.Post("/groups/valley/coalition", "do", "accept", "group", "bakers").Want(t, 303, "/groups/valley/coalition")
	b.Post("/groups/valley/coalition", "do", "invite", "group", "@carvers").Want(t, 303, "/groups/valley/coalition")
	if a := n.as(cem).Get("/groups/carvers/delegates"); !strings.Contains(a.Text("main"), "Your group is invited") {
		t.Errorf("not told: %s", a.Text("main"))
	}
	n.as(cem).Post("/groups/valley/coalition", "do", "apply", "group", "carvers", "band", "0", "version", "1").Want(t, 303, "/groups/carvers/delegates")

	// The second group sends somebody.
	form := bb.Get("/groups/bakers/delegates/new?coalition=valley").Want(t, 200, "")
	key = form.Attr("input[name=key]", "value")
	a = bb.Post("/groups/bakers/delegates/new", "key", key, "coalition", "valley", "seat", "0", "person", "dia", "mandate", "bound", "day", "2027-05-31").Want(t, 422, "")
	if a.Text("#person-error") == "" || a.Attr("#person", "value") != "dia" {
		t.Errorf("messages: %s", a.Text(".error-summary"))
	}
	bb.Post("/groups/bakers/delegates/new", "key", key, "coalition", "valley", "seat", "0", "person", "@eve", "alternate", "ben", "mandate", "bound",
		"instructions", "Say **no**.", "day", "2027-05-31").Want(t, 303, "/groups/bakers/delegates")
	e := n.as(eve)
	mine := e.Get("/groups/bakers/delegates").Want(t, 200, "")
	seat := mine.Attr("input[name=seat]", "value")
	e.Post("/groups/bakers/delegates", "do", "take", "seat", seat).Want(t, 303, "/groups/bakers/delegates")
	public := n.browser().Get("/groups/valley/delegates").Want(t, 200, "")
	if text := public.Text("main"); !strings.Contains(text, "A delegate until May 31, 2027") || strings.Contains(text, "eve") || strings.Contains(text, "ada") {
		t.Errorf("public: %s", text)
	}
	if text := n.as(cem).Get("/groups/valley/delegates").Text("main"); strings.Contains(text, "eve") {
		t.Error("an organizer of another group, no delegate, sees the handle")
	}
	if text := b.Get("/groups/valley/delegates").Text("main"); !strings.Contains(text, "eve until May 31, 2027") {
		t.Errorf("a delegate does not see the other: %s", text)
	}
	if text := n.browser().Get("/groups/bakers/delegates").Text("main"); strings.Contains(text, "Say no") || strings.Contains(text, "eve") {
		t.Errorf("everybody reads the instructions, or the handle: %s", text)
	}
	if text := e.Get("/groups/bakers/delegates").Text("main"); !strings.Contains(text, "Say no") {
		t.Error("the group does not read its own instructions")
	}
	// Recalled at once, and the alternate was not asked whether they want.
	bb.Post("/groups/bakers/delegates", "do", "recall", "seat", seat).Want(t, 303, "/groups/bakers/delegates")
	if text := n.browser().Get("/groups/valley/delegates").Text("main"); strings.Contains(text, "May 31, 2027") {
		t.Error("the recalled delegate is still shown")
	}
	bb.Post("/groups/bakers/delegates", "do", "leave", "coalition", "valley").Want(t, 303, "/groups/bakers/delegates")
	bb.Post("/groups/bakers/delegates", "do", "dance").Want(t, 400, "")
	e.Post("/groups/bakers/delegates", "do", "leave", "coalition", "valley").Want(t, 403, "")
	n.browser().Post("/groups/bakers/delegates", "do", "leave", "coalition", "valley").Want(t, 401, "")
}

func TestDelegatesForPrograms(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	ada, ben, _, _, _ := three(n)
	in := valley("anglers", "valley")
	in.Weights = "bands"
	n.start(ada, in)
	n.joins("bakers", ben, "valley", ada, 4)
	a := n.browser().Get("/groups/valley/delegates.json").Want(t, 200, "")
	var got apiGroupDelegates
	if err := json.Unmarshal([]byte(a.Body), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Items) != 2 || got.Items[0].Weight != 2 || got.Items[1].Weight != 0 || got.Items[0].Seats[0].Handle != "" || got.Rule == "" || !got.Coalition {
		t.Errorf("%+v", got)
	}
	if a.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("no other page may read it")
	}
	a = n.browser().Get("/groups/anglers/delegates.json").Want(t, 200, "")
	got = apiGroupDelegates{}
	if err := json.Unmarshal([]byte(a.Body), &got); err != nil || len(got.BelongsTo) != 1 || got.BelongsTo[0].Coalition != "valley" || got.BelongsTo[0].Seats[0].Weight != 2 {
		t.Errorf("%+v %v", got, err)
	}
	n.browser().Get("/groups/nobody/delegates.json").Want(t, 404, "")
}

func TestPointsHaveVersions(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	ada, ben, _, _, _ := three(n)
	n.start(ada, valley("anglers", "valley"))
	n.joins("bakers", ben, "valley", ada, 0)
	b := n.as(ada)
	b.Get("/groups/valley/coalition/points").Want(t, 200, "")
	b.Post("/groups/valley/coalition/points", "version", "1", "points", " ").Want(t, 422, "")
	b.Post("/groups/valley/coalition/points", "version", "1", "points", "We share the water and the wood.").Want(t, 303, "/groups/valley/coalition")
	a := b.Post("/groups/valley/coalition/points", "version", "1", "points", "Mine alone.").Want(t, 422, "")
	if !strings.Contains(a.Text(".error-summary"), "meanwhile") || a.Text("#points") != "Mine alone." {
		t.Error("what was typed is lost, or nothing is said")
	}
	if text := n.as(ben).Get("/groups/bakers/delegates").Text("main"); !strings.Contains(text, "have a new version") {
		t.Error("the member is not asked again")
	}
	if text := n.browser().Get("/groups/valley/delegates").Text("main"); !strings.Contains(text, "Agreed to version 1") {
		t.Error("nobody sees what was agreed to")
	}
	n.as(ben).Post("/groups/bakers/delegates", "do", "terms", "coalition", "valley", "band", "3", "version", "2").Want(t, 303, "/groups/bakers/delegates")
	if text := n.browser().Get("/groups/valley/coalition").Text(".prose"); !strings.Contains(text, "wood") {
		t.Errorf("shown: %s", text)
	}
	if text := n.browser().Get("/groups/valley/coalition?version=1").Text(".prose"); strings.Contains(text, "wood") {
		t.Errorf("version 1: %s", text)
	}
	n.as(ben).Get("/groups/valley/coalition/edit").Want(t, 403, "")
	b.Get("/groups/valley/coalition/edit").Want(t, 200, "")
	b.Post("/groups/valley/coalition/edit", "weights", "delegates", "polls", "secret", "entry", "invite", "seats", "9", "notice", "14", "sequence", "1").
		Want(t, 303, "/groups/valley/coalition")
	b.Post("/groups/valley/coalition/edit", "weights", "group", "polls", "secret", "entry", "invite", "seats", "9", "notice", "14", "sequence", "1").Want(t, 422, "")
	if text := n.browser().Get("/groups/valley/coalition").Text("aside"); !strings.Contains(text, "By delegates") || !strings.Contains(text, "Secret") {
		t.Errorf("rules: %s", text)
	}
}

func TestWorkingGroups(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	ada, ben, cem, _, _ := three(n)
	n.start(ada, valley("anglers", "valley"))
	b := n.as(ada)
	url := "/groups/valley/working-groups"
	for group, id := range map[string]string{"nobody": "#group-error", "valley": "#group-error", "bakers": "#purpose-error"} {
		if a := b.Post(url, "do", "ask", "group", group, "purpose", map[bool]string{false: "Press"}[group == "bakers"]).Want(t, 422, ""); a.Text(id) == "" {
			t.Errorf("%s: %s", group, a.Text(".error-summary"))
		}
	}
	b.Post(url, "do", "ask", "group", "@bakers", "purpose", "Bread for the <b>camp</b>").Want(t, 303, url)
	if text := n.browser().Get(url).Want(t, 200, "").Text("main"); strings.Contains(text, "Bread") {
		t.Error("what is only asked is public")
	}
	n.as(cem).Post("/groups/carvers/working-groups", "do", "yes", "group", "valley").Want(t, 422, "")
	n.as(ben).Post("/groups/bakers/working-groups", "do", "yes", "group", "valley").Want(t, 303, "/groups/bakers/working-groups")
	if text := n.browser().Get(url).Text("main"); !strings.Contains(text, "Bread for the <b>camp</b>") {
		t.Errorf("not listed: %s", text)
	}
	// Not for each other, and no coalition.
	if a := n.as(ben).Post("/groups/bakers/working-groups", "do", "ask", "group", "valley", "purpose", "Water").Want(t, 422, ""); len(a.All("#group-error")) != 1 {
		t.Error("a coalition works for its working group")
	}
	n.as(ben).Post("/groups/bakers/working-groups", "do", "no", "group", "valley").Want(t, 303, "/groups/bakers/working-groups")
	if text := n.browser().Get(url).Text("main"); strings.Contains(text, "Bread") {
		t.Error("it still works for the coalition")
	}
}

func TestPanel(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	ada, ben, _, _, eve := three(n)
	_, c := n.start(ada, valley("anglers", "valley"))
	n.joins("bakers", ben, "valley", ada, 0)
	in := n.term("valley", 1)
	in.Person = "eve"
	_, err := n.Appoint(t.Context(), ben, "bakers", n.IDs.Secret(), in)
	n.must(err)
	w := &Web{n.Service}
	site := webtest.New(t, n.clock, n.sessions)
	site.Handle("GET /panel/{g}", panelOf(w))
	n.site = site
	if text := n.browser().Get("/panel/"+string(c)).Want(t, 200, "").Text("section"); !strings.Contains(text, "2 groups belong to it") {
		t.Errorf("panel: %s", text)
	}
	text := n.browser().Get("/panel/"+string(n.id("bakers"))).Want(t, 200, "").Text("section")
	if !strings.Contains(text, "Belongs to: The valley") || strings.Contains(text, "asked for") {
		t.Errorf("panel: %s", text)
	}
	if text := n.as(eve).Get("/panel/" + string(n.id("bakers"))).Text("section"); !strings.Contains(text, "Your answer is asked for") {
		t.Errorf("panel: %s", text)
	}
	if a := n.browser().Get("/panel/"+string(n.id("carvers"))).Want(t, 200, ""); strings.TrimSpace(a.Body) != "" {
		t.Errorf("a panel of nothing: %s", a.Body)
	}
}

func TestAMandateEndsOnThePage(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	ada, _, _, _, _ := three(n)
	n.start(ada, valley("anglers", "valley"))
	day := n.clock.Now().AddDate(1, 0, 0)
	if text := n.browser().Get("/groups/valley/delegates").Text("main"); !strings.Contains(text, "A delegate until") {
		t.Errorf("nobody: %s", text)
	}
	n.clock.Set(day.Add(25 * time.Hour))
	if text := n.browser().Get("/groups/valley/delegates").Text("main"); !strings.Contains(text, "Nobody yet") {
		t.Errorf("an expired mandate is shown: %s", text)
	}
	n.must(n.Due(t.Context()))
	if n.role(n.id("valley"), ada) != authz.None {
		t.Error("an expired delegate still organizes the coalition")
	}
	n.must(n.Expire(t.Context()))
	n.clock.Add(31 * 24 * time.Hour)
	n.must(n.Expire(t.Context()))
	var rows int
	n.write(func(tx *db.Tx) error { return tx.Get(t.Context(), "select count(*) from delegate", nil, &rows) })
	if rows != 0 {
		t.Errorf("%d rows of mandates that ended are kept", rows)
	}
}

func TestASuspendedCoalitionIsAbsent(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	ada, ben, _, _, _ := three(n)
	_, c := n.start(ada, valley("anglers", "valley"))
	n.joins("bakers", ben, "valley", ada, 0)
	n.write(func(tx *db.Tx) error {
		if _, err := tx.Exec(t.Context(), "update groups set suspended = $2 where id = $1", string(c), true); err != nil {
			return err
		}
		tx.Touch("groups", "group:"+string(c))
		return n.GroupSuspended(t.Context(), tx, fact.GroupSuspended{Group: c, Suspended: true})
	})
	for _, path := range []string{"/groups/valley/coalition", "/groups/valley/delegates", "/groups/valley/delegates.json", "/groups/valley/working-groups"} {
		n.browser().Get(path).Want(t, 404, "")
	}
	if text := n.browser().Get("/coalitions").Text("main"); strings.Contains(text, "valley") {
		t.Error("it is listed")
	}
	if text := n.browser().Get("/groups/bakers/delegates").Text("main"); strings.Contains(text, "valley") {
		t.Error("a member names it")
	}
	if got := n.electorate(c); len(got) != 0 {
		t.Errorf("%v can vote", got)
	}
	n.as(ben).Post("/groups/bakers/delegates", "do", "leave", "coalition", "valley").Want(t, 303, "/groups/bakers/delegates")
}

func panelOf(w *Web) func(c *web.Call) error {
	return func(c *web.Call) error {
		h, err := w.GroupPanel(c, id.Group(c.Param("g")))
		if err != nil {
			return err
		}
		return c.Write(200, "text/html", []byte(h))
	}
}

// What somebody typed is still there when something is wrong, beside its message.
func TestFormsKeepWhatWasTyped(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	ada, ben, _, _, _ := three(n)
	n.start(ada, valley("anglers", "valley"))
	n.group("ada-s-other", ada) // so that ada has both forms
	const show = "/groups/valley/coalition"
	a := n.as(ben).Post(show, "do", "apply", "group", "bakers", "version", "1").Want(t, 422, "")
	if a.Text("#band-error") == "" || len(a.All("input#version[checked=]")) != 1 || a.Attr("select#group option[selected=]", "value") != "bakers" {
		t.Errorf("asking: %s", a.Text(".error-summary"))
	}
	a = n.as(ada).Post(show, "do", "invite", "invited", "@nobody").Want(t, 422, "")
	if a.Text("#invited-error") == "" || a.Attr("#invited", "value") != "@nobody" || a.Text("#group-error") != "" {
		t.Errorf("inviting: %s", a.Text(".error-summary"))
	}
	n.as(ada).Post(show, "do", "invite", "invited", "@carvers").Want(t, 303, show)

	n.joins("bakers", ben, "valley", ada, 0)
	a = n.as(ben).Post("/groups/bakers/delegates", "do", "terms", "coalition", "valley", "band", "3").Want(t, 422, "")
	if a.Text("#version-error") == "" || a.Attr("select#band option[selected=]", "value") != "3" || len(a.All("input#version[checked=]")) != 0 {
		t.Errorf("declaring: %s", a.Text(".error-summary"))
	}
	a = n.as(ben).Post("/groups/bakers/delegates", "do", "terms", "coalition", "valley", "band", "99", "version", "1").Want(t, 422, "")
	if a.Text("#band-error") == "" || len(a.All("input#version[checked=]")) != 1 {
		t.Errorf("declaring: %s", a.Text(".error-summary"))
	}
}
