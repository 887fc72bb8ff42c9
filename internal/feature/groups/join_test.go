package groups

import (
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
)

func (x *fixture) settings(by authz.Actor, handle string, in SettingsInput) {
	x.t.Helper()
	if err := x.SetNewcomers(x.t.Context(), by, handle, in); err != nil {
		x.t.Fatal(err)
	}
}

// rows counts requests in the table, seen or not.
func (x *fixture) rows() int {
	x.t.Helper()
	n := 0
	err := x.DB.Read(x.t.Context(), func(tx *db.Tx) error {
		return tx.Get(x.t.Context(), "select count(*) from join_request", nil, &n)
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return n
}

func TestOpenGroup(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam, ada := x.person("sam"), x.person("ada")
		g := x.group(sam, "riverside", "Riverside")
		if _, err := x.Ask(ctx, ada, "riverside", JoinInput{}); !fault.HasCode(err, "group.by_invitation") {
			t.Errorf("joined by themselves: %v", err)
		}
		x.settings(sam, "riverside", SettingsInput{Joining: FreeForAll, Welcome: "Come **in**"})
		if _, err := x.Ask(ctx, authz.Actor{}, "riverside", JoinInput{}); !fault.Is(err, fault.KindUnauthenticated) {
			t.Errorf("a visitor: %v", err)
		}
		for range 2 { // sent twice
			joined, err := x.Ask(ctx, ada, "riverside", JoinInput{Note: "hello"})
			if err != nil || !joined || x.role(g, ada) != authz.Member {
				t.Errorf("%v, %v", joined, err)
			}
		}
		if joined, err := x.Ask(ctx, sam, "riverside", JoinInput{}); err != nil || !joined || x.role(g, sam) != authz.Steward {
			t.Errorf("the steward joins: %v, %v", joined, err)
		}
		if x.rows() != 0 {
			t.Error("a request was left")
		}
	})
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	x := newNode(t)
	sam := x.person("sam")
	x.group(sam, "riverside", "Riverside")
	for code, in := range map[string]SettingsInput{
		"group.joining":    {Joining: "all"},
		"group.about_long": {Joining: FreeForAll, Welcome: strings.Repeat("x", 17<<10)},
	} {
		if err := x.SetNewcomers(t.Context(), sam, "riverside", in); !fault.Is(err, fault.KindInvalid) || !fault.HasCode(err, code) {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam, ada, eve, bea := x.person("sam"), x.person("ada"), x.person("eve"), x.person("bea")
		g := x.group(sam, "riverside", "Riverside")
		x.settings(sam, "riverside", SettingsInput{Joining: ByRequest})
		if _, err := x.Ask(ctx, ada, "riverside", JoinInput{Note: strings.Repeat("ü", maxNote+1)}); !fault.HasCode(err, "group.note_long") {
			t.Errorf("a long note: %v", err)
		}
		for _, by := range []authz.Actor{ada, ada, eve, bea} {
			if joined, err := x.Ask(ctx, by, "riverside", JoinInput{Note: "canary of " + by.Handle}); err != nil || joined {
				t.Fatalf("%v, %v", joined, err)
			}
		}
		_, list, err := x.Requests(ctx, sam, "riverside")
		slices.SortFunc(list, func(a, b Request) int { return strings.Compare(a.Handle, b.Handle) })
		if err != nil || len(list) != 3 || list[0].Handle != "ada" || list[0].Note != "canary of ada" {
			t.Fatalf("%+v, %v", list, err)
		}
		for _, r := range list {
			if strings.Contains(string(r.sealed), "canary") {
				t.Error("a note is not sealed")
			}
		}
		accept, refuse, withdrawn := list[0].ID, list[2].ID, list[1].ID
		wantKind(t, x.Answer(ctx, eve, "riverside", accept, true, ""), fault.KindNotFound)
		wantKind(t, x.Answer(ctx, sam, "riverside", "none", true, ""), fault.KindNotFound)
		wantKind(t, x.Answer(ctx, sam, "riverside", refuse, false, " "), fault.KindInvalid)
		wantKind(t, x.Answer(ctx, sam, "riverside", refuse, false, strings.Repeat("x", maxNote+1)), fault.KindInvalid)
		for range 2 {
			if err := x.Answer(ctx, sam, "riverside", accept, true, ""); err != nil {
				t.Fatal(err)
			}
			if err := x.Answer(ctx, sam, "riverside", refuse, false, "Not now"); err != nil {
				t.Fatal(err)
			}
			if err := x.Withdraw(ctx, bea, "riverside"); err != nil {
				t.Fatal(err)
			}
		}
		if err := x.Answer(ctx, sam, "riverside", refuse, true, ""); err != nil || x.role(g, eve) != authz.None {
			t.Error("a second answer counts")
		}
		if x.role(g, ada) != authz.Member || x.role(g, bea) != authz.None {
			t.Error("the answers have no effect")
		}
		if err := x.Expire(ctx); err != nil || x.rows() != 1 {
			t.Errorf("%d rows after the answers, %v", x.rows(), err)
		}
		for _, rid := range []string{accept, refuse, withdrawn} {
			if _, err := x.vault.Existing(ctx, noteScope+rid); err == nil {
				t.Errorf("the key of %s is kept after the answer", rid)
			}
		}
		asked, of, err := x.Asked(ctx, eve)
		if err != nil || len(asked) != 1 || asked[0].State != Refused || asked[0].Reason != "Not now" || of[0].Handle != "riverside" {
			t.Errorf("%+v, %v", asked, err)
		}
		if asked, _, err := x.Asked(ctx, bea); err != nil || len(asked) != 0 {
			t.Errorf("%+v, %v", asked, err)
		}
		if _, err := x.Ask(ctx, eve, "riverside", JoinInput{}); !fault.HasCode(err, "group.refused") {
			t.Errorf("asked again at once: %v", err)
		}
		if _, err := x.Ask(ctx, bea, "riverside", JoinInput{Note: "again"}); err != nil {
			t.Error(err)
		}
		x.clock.Add(keepRequest + 24*time.Hour)
		if err := x.Expire(ctx); err != nil || x.rows() != 0 {
			t.Errorf("%d rows are left, %v", x.rows(), err)
		}
		if _, err := x.Ask(ctx, eve, "riverside", JoinInput{}); err != nil {
			t.Error(err)
		}
	})
}

// A link, or a group that opens, ends a request; so does the account's end.
func TestRequestsEnd(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam, ada, eve := x.person("sam"), x.person("ada"), x.person("eve")
		g := x.group(sam, "riverside", "Riverside")
		x.settings(sam, "riverside", SettingsInput{Joining: ByRequest})
		keys := map[string]string{}
		for _, by := range []authz.Actor{ada, eve} {
			if _, err := x.Ask(ctx, by, "riverside", JoinInput{Note: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		_, list, err := x.Requests(ctx, sam, "riverside")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			keys[r.Handle] = noteScope + r.ID
		}
		x.join(g, ada, authz.Member)
		err = x.DB.Write(ctx, func(tx *db.Tx) error {
			if err := x.LeaveAll(ctx, tx, eve.Person); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, "delete from person where id = $1", string(eve.Person))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, list, err := x.Requests(ctx, sam, "riverside"); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
		if err := x.Expire(ctx); err != nil || x.rows() != 0 {
			t.Errorf("%d rows are left, %v", x.rows(), err)
		}
		for who, k := range keys {
			if _, err := x.vault.Existing(ctx, k); err == nil {
				t.Errorf("the key of %s is kept", who)
			}
		}
	})
}

// Of many who press the button at once, each is asked for once.
func TestAskAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam, ada := x.person("sam"), x.person("ada")
		x.group(sam, "riverside", "Riverside")
		x.settings(sam, "riverside", SettingsInput{Joining: ByRequest})
		errs := make(chan error, 4)
		for range cap(errs) {
			go func() {
				_, err := x.Ask(ctx, ada, "riverside", JoinInput{Note: "me"})
				errs <- err
			}()
		}
		for range cap(errs) {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		_, list, err := x.Requests(ctx, sam, "riverside")
		if err != nil || len(list) != 1 || list[0].Note != "me" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestConduct(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam, ada, eve := x.person("sam"), x.person("ada"), x.person("eve")
		g := x.group(sam, "riverside", "Riverside")
		x.join(g, ada, authz.Organizer)
		unread := func(by authz.Actor) bool {
			t.Helper()
			now, _, _, err := x.Joinable(ctx, sam, "riverside")
			if err != nil {
				t.Fatal(err)
			}
			is, err := x.unread(ctx, now, by.Person)
			if err != nil {
				t.Fatal(err)
			}
			return is
		}
		wantKind(t, x.SetConduct(ctx, ada, "riverside", "Be kind", ""), fault.KindForbidden)
		wantKind(t, x.SetConduct(ctx, sam, "riverside", strings.Repeat("x", 17<<10), ""), fault.KindInvalid)
		for range 2 { // the same text is one version
			if err := x.SetConduct(ctx, sam, "riverside", "Be **kind**", ""); err != nil {
				t.Fatal(err)
			}
		}
		if unread(sam) || !unread(ada) || unread(eve) {
			t.Error("the wrong people are asked")
		}
		if err := x.AcceptConduct(ctx, ada, "riverside", 7); err != nil || !unread(ada) {
			t.Errorf("accepted what is not there: %v", err)
		}
		if err := x.AcceptConduct(ctx, ada, "riverside", 1); err != nil || unread(ada) {
			t.Errorf("asked again: %v", err)
		}
		wantKind(t, x.AcceptConduct(ctx, eve, "riverside", 1), fault.KindNotFound)
		// No way in leads past the rules.
		link := func(version int) error {
			return x.DB.Write(ctx, func(tx *db.Tx) error {
				return x.Join(ctx, tx, g, eve.Person, Admission{Role: "member", Conduct: version})
			})
		}
		for _, way := range []Joining{FreeForAll, ByRequest} {
			x.settings(sam, "riverside", SettingsInput{Joining: way})
			for _, version := range []int{0, 2} {
				if _, err := x.Ask(ctx, eve, "riverside", JoinInput{Conduct: version}); !fault.HasCode(err, "group.conduct") {
					t.Errorf("%s with version %d: %v", way, version, err)
				}
				if err := link(version); !fault.HasCode(err, "group.conduct") {
					t.Errorf("a link with version %d: %v", version, err)
				}
			}
		}
		// Who asked before a change is asked again once they are in.
		if _, err := x.Ask(ctx, eve, "riverside", JoinInput{Conduct: 1}); err != nil {
			t.Fatal(err)
		}
		if err := x.SetConduct(ctx, sam, "riverside", "Be very kind", ""); err != nil {
			t.Fatal(err)
		}
		_, list, err := x.Requests(ctx, sam, "riverside")
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		if err := x.Answer(ctx, sam, "riverside", list[0].ID, true, ""); err != nil {
			t.Fatal(err)
		}
		if !unread(eve) || !unread(ada) || unread(sam) {
			t.Error("the new version is not asked for")
		}
		// Without rules nobody is asked; versions go on counting.
		if err := x.SetConduct(ctx, sam, "riverside", "", ""); err != nil || unread(ada) {
			t.Errorf("asked for nothing: %v", err)
		}
		if err := x.SetConduct(ctx, sam, "riverside", "Be kind again", ""); err != nil {
			t.Fatal(err)
		}
		_, _, text, err := x.Conduct(ctx, authz.Actor{}, "riverside", 0)
		if err != nil || text.Version != 3 || text.Body != "Be kind again" {
			t.Errorf("%+v, %v", text, err)
		}
		if _, _, old, err := x.Conduct(ctx, authz.Actor{}, "riverside", 1); err != nil || string(old.HTML) != "<p>Be <strong>kind</strong></p>\n" {
			t.Errorf("%+v, %v", old, err)
		}
		_, _, _, err = x.Conduct(ctx, authz.Actor{}, "riverside", 9)
		wantKind(t, err, fault.KindNotFound)
	})
}

func TestJoinPages(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	sam, ada, eve := n.person("sam"), n.person("ada"), n.person("eve")
	g := n.group(sam, "riverside", "Riverside")
	steward, theirs, visitor := n.as(sam), n.as(ada), n.browser()
	if len(visitor.Get("/groups/riverside").All("a[href=/groups/riverside/join]")) != 0 {
		t.Error("a group by invitation offers to join")
	}
	a := steward.Post("/groups/riverside/newcomers", "joining", "x", "welcome", "Hello\nyou").Want(t, 422, "")
	if a.Text("#welcome") != "Hello you" || a.Text("#joining-error") == "" {
		t.Errorf("what was typed is lost: %s", a.Text("main"))
	}
	steward.Post("/groups/riverside/newcomers", "joining", "request", "welcome", "Hello **you**").Want(t, 303, "/groups/riverside")
	if len(visitor.Get("/groups/riverside").All("a[href=/groups/riverside/join]")) != 1 {
		t.Error("nothing leads a visitor in")
	}
	visitor.Get("/groups/riverside/join").Want(t, 303, "/sign-in?next=%2Fgroups%2Friverside%2Fjoin")
	theirs.Get("/groups/riverside/join").Want(t, 200, "")
	a = theirs.Post("/groups/riverside/join", "note", strings.Repeat("x", maxNote+1)).Want(t, 422, "")
	if len(a.Text("#note")) != maxNote+1 || a.Text("#note-error") == "" {
		t.Error("a long note is lost, or has no message")
	}
	theirs.Post("/groups/riverside/join", "note", "<b>Hi").Want(t, 303, "/groups/mine")
	if a = theirs.Get("/groups/mine").Want(t, 200, ""); !strings.Contains(a.Text("main"), "has not answered yet") {
		t.Errorf("my requests: %s", a.Text("main"))
	}
	if a = theirs.Get("/groups/riverside/join"); len(a.All("main form[action=/groups/riverside/join/withdraw]")) != 1 {
		t.Error("a request cannot be taken back")
	}
	if a = steward.Get("/groups/riverside"); !strings.Contains(a.Text("main nav"), "1 request to join") && !strings.Contains(a.Text("main"), "1 request to join") {
		t.Errorf("no count: %s", a.Text("main"))
	}
	a = steward.Get("/groups/riverside/requests").Want(t, 200, "")
	rid := a.Attr("input[name=request]", "value")
	if a.Text("blockquote") != "<b>Hi" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("queue: %s", a.Text("main"))
	}
	a = steward.Post("/groups/riverside/requests", "request", rid, "do", "refuse", "reason", "").Want(t, 422, "")
	if a.Text("#reason-error") == "" || len(a.All(".error-summary a[href=#reason]")) != 1 {
		t.Errorf("no message: %s", a.Text("main"))
	}
	steward.Post("/groups/riverside/requests", "request", rid, "do", "refuse", "reason", "Too <early").Want(t, 303, "/groups/riverside/requests")
	if a = theirs.Get("/groups/mine"); a.Text("blockquote") != "Too <early" {
		t.Errorf("no reason: %s", a.Text("main"))
	}
	a = theirs.Post("/groups/riverside/join").Want(t, 422, "")
	if a.Text(".error-summary") == "" {
		t.Error("a refused person asks again")
	}
	// Rules of conduct, and an open group.
	steward.Post("/groups/riverside/conduct/edit", "body", "Be **kind**").Want(t, 303, "/groups/riverside")
	if a = visitor.Get("/groups/riverside/conduct").Want(t, 200, ""); a.Text(".prose strong") != "kind" || len(a.All("main a[href=/groups/riverside/conduct/edit]")) != 0 {
		t.Errorf("rules: %s", a.Text("main"))
	}
	if len(visitor.Get("/groups/riverside").All("main a[href=/groups/riverside/conduct]")) != 1 {
		t.Error("nothing leads to the rules")
	}
	steward.Post("/groups/riverside/newcomers", "joining", "open", "welcome", "Hello **you**").Want(t, 303, "/groups/riverside")
	newest := n.as(eve)
	if a = newest.Get("/groups/riverside/join").Want(t, 200, ""); a.Attr("input[name=conduct]", "value") != "1" {
		t.Error("the rules are not asked for")
	}
	if a = newest.Post("/groups/riverside/join").Want(t, 422, ""); a.Text("#conduct-error") == "" {
		t.Error("joined without the rules")
	}
	newest.Post("/groups/riverside/join", "conduct", "1").Want(t, 303, "/groups/riverside/welcome")
	if a = newest.Get("/groups/riverside/welcome").Want(t, 200, ""); a.Text(".prose strong") != "you" || n.role(g, eve) != authz.Member {
		t.Errorf("welcome: %s", a.Text("main"))
	}
	steward.Post("/groups/riverside/conduct/edit", "body", "Be kinder").Want(t, 303, "/groups/riverside")
	for _, page := range []string{"", "/welcome"} {
		a = newest.Get("/groups/riverside"+page).Want(t, 200, "")
		if a.Attr("input[name=version]", "value") != "2" || len(a.All("main a[href=/groups/riverside/leave]")) == 0 {
			t.Errorf("%s does not ask: %s", page, a.Text("main"))
		}
	}
	newest.Post("/groups/riverside/conduct/accept", "version", "2", "next", "/groups/riverside/welcome").Want(t, 303, "/groups/riverside/welcome")
	if a = newest.Get("/groups/riverside"); len(a.All("input[name=version]")) != 0 {
		t.Error("asks again")
	}
	newest.Post("/groups/riverside/conduct/accept", "version", "2", "next", "https://elsewhere.example/").Want(t, 303, "/groups/riverside")
	if a = visitor.Get("/groups/riverside/conduct?version=1").Want(t, 200, ""); len(a.All(".notice")) != 1 {
		t.Error("an old version looks like the new one")
	}
	visitor.Get("/groups/riverside/conduct?version=x").Want(t, 200, "")
	visitor.Get("/groups/riverside/conduct?version=99").Want(t, 404, "")
}
