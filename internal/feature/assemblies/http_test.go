package assemblies

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"convoke/internal/api"
	"convoke/internal/api/apitest"
	"convoke/internal/authz"
	"convoke/internal/db/dbtest"
	"convoke/internal/id"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// house is the feature's pages on a real site. A session's secret is its person.
type house struct {
	*hall
	t    *testing.T
	site *web.Site
	w    *Web
}

type anySession struct{}

// Session implements web.Sessions.
func (anySession) Session(_ context.Context, secret string) (web.Session, bool, error) {
	return web.Session{ID: "s", Actor: actor(secret)}, true, nil
}

type freely struct{}

// Allow implements Limiter.
func (freely) Allow(string, string) (bool, time.Duration) { return true, 0 }

func newHouse(t *testing.T) *house {
	t.Helper()
	x := &house{hall: newHall(t, dbtest.SQLite(t)), t: t}
	x.site = webtest.New(t, x.clock, anySession{})
	x.w = &Web{Service: x.Service, Limiter: freely{}, Client: func(*web.Call) string { return "" }, Hub: NewHub()}
	x.DB.OnTouch(func(tags []string) {
		x.site.Cache().Touch(tags)
		x.w.Touched(tags)
	})
	x.w.Mount(x.site)
	x.site.Handle("GET /panel", func(c *web.Call) error {
		h, err := x.w.GroupPanel(c, x.group.ID)
		if err != nil {
			return err
		}
		return c.Write(200, "text/html; charset=utf-8", []byte(h))
	})
	return x
}

func (x *house) as(person string) *webtest.Browser {
	b := webtest.NewBrowser(x.t, x.site)
	if person != "" {
		b.WithSession(person)
	}
	return b
}

func (x *house) form(in Input, more ...string) []string {
	public := "members"
	if in.Public {
		public = "all"
	}
	return append([]string{
		"title", in.Title, "about", in.About, "lang", in.Lang, "place", in.Place, "online_url", in.OnlineURL, "online_inside", "1",
		"day", in.Day, "start", in.Start, "end", in.End, "public", public, "first_first", "1", "speak", in.Speak,
	}, more...)
}

// The whole way of an assembly, by forms alone.
func TestPages(t *testing.T) {
	t.Parallel()
	x := newHouse(t)
	bob, cat, visitor := x.as("bob"), x.as("cat"), x.as("")
	visitor.Get("/assemblies/new").Want(t, 303, "/sign-in?next=%2Fassemblies%2Fnew")
	cat.Get("/assemblies/new").Want(t, 403, "")
	key := bob.Get("/assemblies/new?group=riverside").Want(t, 200, "").Attr("input[name=key]", "value")
	in := plenary()
	in.Title = ""
	a := bob.Post("/assemblies/new", x.form(in, "group", "riverside", "key", key)...).Want(t, 422, "")
	if a.Text("#title-error") != "Error: Give the assembly a title." || a.Attr("#place", "value") != "Old school" {
		t.Errorf("the form says %q, keeps %q", a.Text("#title-error"), a.Attr("#place", "value"))
	}
	at := bob.Post("/assemblies/new", x.form(plenary(), "group", "riverside", "key", key)...).Header.Get("Location")
	bob.Post("/assemblies/new", x.form(plenary(), "group", "riverside", "key", key)...).Want(t, 303, at) // sent twice
	visitor.Get(at).Want(t, 404, "")
	cat.Get(at).Want(t, 200, "")
	bob.Get(at+"/edit").Want(t, 200, "")
	bob.Post(at+"/edit", x.form(plenary(), "sequence", "0")...).Want(t, 303, at)
	bob.Get(at+"/call").Want(t, 200, "")
	bob.Post(at+"/call", "do", "call", "sequence", "1").Want(t, 303, at)
	page := visitor.Get(at).Want(t, 200, "")
	if got := page.Text("main"); !strings.Contains(got, "Called 7 days ahead.") || strings.Contains(got, "meet.example.org") ||
		!strings.Contains(got, "The address is shown to members.") || strings.Contains(got, "Facilitator") {
		t.Errorf("a visitor reads %s", got)
	}
	if got := cat.Get(at).Want(t, 200, "").Text("main"); !strings.Contains(got, "meet.example.org") {
		t.Errorf("a member reads %s", got)
	}
	for path, want := range map[string]string{at + ".json": `"notice_ahead": 7`, at + ".ics": "SUMMARY;LANGUAGE=en:Spring plenary", "/assemblies.json": `"state": "called"`, "/assemblies": "Spring plenary"} {
		if got := string(visitor.Get(path).Want(t, 200, "").Body); !strings.Contains(got, want) || strings.Contains(got, "meet.example.org") {
			t.Errorf("%s: %s", path, got)
		}
	}
	if got := visitor.Get("/panel").Text("section"); !strings.Contains(got, "Spring plenary") {
		t.Errorf("the panel says %s", got)
	}
	x.agendaPages(at, bob, cat)
	x.runPages(at, bob, cat, visitor)
	x.minutesPages(at, bob, cat, visitor)
}

func (x *house) agendaPages(at string, bob, cat *webtest.Browser) {
	t := x.t
	key := cat.Get(at+"/agenda").Want(t, 200, "").Attr("#change input[name=key]", "value")
	cat.Post(at+"/agenda", "do", "add", "key", key, "item", "").Want(t, 422, "")
	cat.Post(at+"/agenda", "do", "add", "key", key, "item", "Tea <or> coffee", "minutes", "10", "link", "http://"+webtest.Host+"/polls/x").Want(t, 303, at+"/agenda")
	if got := x.as("").Get(at).Text("#agenda"); strings.Contains(got, "Tea") {
		t.Errorf("what was proposed is public: %s", got)
	}
	page := bob.Get(at+"/agenda").Want(t, 200, "")
	item, seq := page.Attr("input[name=of]", "value"), page.Attr("input[name=sequence]", "value")
	bob.Post(at+"/agenda", "do", "accept", "of", item, "sequence", seq).Want(t, 303, at+"/agenda")
	bob.Post(at+"/agenda", "do", "remove", "of", item, "sequence", seq).Want(t, 422, "")
	// Members order it by the forms on their page, and those who follow get it anew.
	bob.Post(at+"/agenda", "do", "add", "key", x.IDs.Secret(), "item", "Cake").Want(t, 303, at+"/agenda")
	mine := cat.Get(at+"/agenda").Want(t, 200, "")
	if n := strings.Count(mine.Body, `value="up"`); n != 2 || strings.Contains(mine.Body, `value="remove"`) || strings.Contains(mine.Body, "#change\"") {
		t.Errorf("a member has %d items to move: %s", n, mine.Body)
	}
	if got := cat.Get(at).Text("main"); !strings.Contains(got, "Add to the agenda, or order it") {
		t.Errorf("a member is not told that they may: %s", got)
	}
	before := cat.Get(at).Attr("#agenda", "data-v")
	down := []string{"do", "down", "of", mine.Attr("input[name=of]", "value"), "place", mine.Attr("input[name=place]", "value")}
	cat.Post(at+"/agenda", down...).Want(t, 303, at+"/agenda")
	cat.Post(at+"/agenda", down...).Want(t, 303, at+"/agenda") // sent twice, it moves once
	if got := cat.Get(at).Text("#agenda"); !strings.Contains(got, "Cake To come Tea") || cat.Get(at).Attr("#agenda", "data-v") == before {
		t.Errorf("ordered as %s", got)
	}
	cat.Post(at+"/agenda", "do", "down", "of", item, "place", "3").Want(t, 422, "")
	cat.Post(at+"/agenda", "do", "up", "of", item).Want(t, 422, "")
	x.as("eve").Post(at+"/agenda", down...).Want(t, 403, "")
	page = bob.Get(at + "/agenda") // Cake is first
	bob.Post(at+"/agenda", "do", "remove", "of", page.Attr("input[name=of]", "value"), "sequence", page.Attr("input[name=sequence]", "value")).Want(t, 303, at+"/agenda")
	page = bob.Get(at+"/agenda?item="+item).Want(t, 200, "")
	if page.Attr("#item", "value") != "Tea <or> coffee" || page.Attr("#link", "value") != "/polls/x" {
		t.Errorf("the form begins with %q, %q", page.Attr("#item", "value"), page.Attr("#link", "value"))
	}
	bob.Post(at+"/agenda", "do", "change", "of", item, "sequence", page.Attr("#change input[name=sequence]", "value"), "item", "Tea", "minutes", "10").Want(t, 303, at+"/agenda")
	if got := x.as("").Get(at).Text("#agenda"); !strings.Contains(got, "Tea 10 minutes, To come") {
		t.Errorf("the agenda is %s", got)
	}
}

func (x *house) runPages(at string, bob, cat, visitor *webtest.Browser) {
	t := x.t
	press := func(do string, more ...string) webtest.Answer {
		page := bob.Get(at+"/run").Want(t, 200, "")
		return bob.Post(at+"/run", append(more, "do", do, "key", page.Attr("#acts input[name=key]", "value"), "step", page.Attr("#acts input[name=step]", "value"))...)
	}
	cat.Get(at+"/run").Want(t, 403, "")
	visitor.Get(at+"/run").Want(t, 303, "/sign-in?next="+strings.ReplaceAll(at+"/run", "/", "%2F"))
	press("open").Want(t, 303, at+"/run")
	press("next").Want(t, 303, at+"/run")
	cat.Post(at+"/role", "role", "facilitator", "do", "take").Want(t, 303, at+"#roles")
	cat.Get(at+"/run").Want(t, 200, "")
	own := cat.Get(at).Want(t, 200, "")
	cat.Post(at+"/hand", "do", "up", "key", own.Attr("#own input[name=key]", "value"), "name", "").Want(t, 422, "")
	cat.Post(at+"/hand", "do", "up", "key", own.Attr("#own input[name=key]", "value"), "name", "Catherine").Want(t, 303, at+"#own")
	door := strings.TrimPrefix(bob.Get(at+"/run").Text("#link"), "http://"+webtest.Host)
	visitor.Get(at+"/door/"+id.SecretOf(make([]byte, 16))).Want(t, 404, "")
	raised := visitor.Get(door).Want(t, 200, "")
	mine := visitor.Post(door, "do", "up", "key", raised.Attr("#own input[name=key]", "value"), "name", "Ola").Header.Get("Location")
	if got := visitor.Get(mine).Want(t, 200, "").Text("main"); !strings.Contains(got, "Your hand is up.") || !strings.Contains(got, "Catherine Ola") {
		t.Errorf("one's own page says %s", got)
	}
	press("speaker").Want(t, 303, at+"/run")
	// Names are for those in the room, in every form that a page has.
	for path, b := range map[string]*webtest.Browser{at: visitor, at + "/now": visitor, at + "/room": visitor, at + ".json": visitor, at + ".ics": visitor} {
		if got := string(b.Get(path).Want(t, 200, "").Body); strings.Contains(got, "Catherine") || strings.Contains(got, "Ola") {
			t.Errorf("%s shows names to everybody", path)
		}
	}
	for path, b := range map[string]*webtest.Browser{
		at: cat, at + "/now": cat, at + "/room": cat, door: visitor, door + "/room": visitor, door + "/now": visitor, mine: visitor, mine + "/now": visitor,
	} {
		if got := b.Get(path).Want(t, 200, "").Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s has names and may be kept: %q", path, got)
		}
	}
	if len(x.w.kept.all) == 0 {
		t.Error("nothing is kept, so that it is forgotten proves nothing")
	}
	for path, b := range map[string]*webtest.Browser{at: cat, at + "/now": cat, at + "/room": cat, door + "/room": visitor, door + "/now": visitor, mine + "/now": visitor} {
		if got := string(b.Get(path).Want(t, 200, "").Body); !strings.Contains(got, "Catherine") || !strings.Contains(got, "Ola") {
			t.Errorf("%s shows no names: %s", path, got)
		}
	}
	if got := visitor.Get(at + "/now").Text("#now"); !strings.Contains(got, "Somebody speaks.") || !strings.Contains(got, "1 person waits to speak") || !strings.Contains(got, "Tea") {
		t.Errorf("everybody reads %s", got)
	}
	if n := len(visitor.Get(at + "/now").Body); n > 3000 {
		t.Errorf("what is asked for again and again weighs %d bytes", n)
	}
	visitor.Post(mine, "do", "down").Want(t, 303, mine)
	visitor.Post(mine, "do", "again").Want(t, 303, mine)
	press("people", "people", "x").Want(t, 422, "")
	press("people", "people", "41").Want(t, 303, at+"/run")
	press("show-people").Want(t, 303, at+"/run")
	if got := visitor.Get(at).Text("#now"); !strings.Contains(got, "41 people are here") {
		t.Errorf("the count is %s", got)
	}
	press("close").Want(t, 303, at+"/run")
	visitor.Get(mine).Want(t, 404, "")
	visitor.Get(door+"/now").Want(t, 404, "")
	for k := range x.w.kept.all {
		if k.named {
			t.Errorf("names of an assembly that is closed are kept: %+v", k)
		}
	}
	if got := visitor.Get(at).Text("#now"); !strings.Contains(got, "Closed") || !strings.Contains(got, "41 people were there") {
		t.Errorf("at the end: %s", got)
	}
	if a := visitor.Get(at + "/live"); a.Status != 204 {
		t.Errorf("a closed assembly is followed: %d", a.Status)
	}
}

func (x *house) minutesPages(at string, bob, cat, visitor *webtest.Browser) {
	t := x.t
	visitor.Get(at+"/minutes").Want(t, 404, "")
	write := bob.Get(at+"/minutes").Want(t, 200, "").Attr("section a", "href")
	cat.Get(write).Want(t, 404, "") // the draft is not hers to read
	bob.Get(write).Want(t, 200, "")
	bob.Post(write, "sequence", "0", "notes", "We had *tea*.", "decisions", "Green tea", "task1", "Buy it", "owner1", "nobody").Want(t, 422, "")
	bob.Post(write, "sequence", "0", "notes", "We had *tea*.", "decisions", "Green tea", "task1", "Buy it", "owner1", "dan", "until1", "2026-06-01").
		Want(t, 303, at+"/minutes#item-"+write[strings.LastIndexByte(write, '/')+1:])
	bob.Post(at+"/minutes", "do", "publish").Want(t, 422, "")
	bob.Post(at+"/minutes", "do", "publish", "for", "public").Want(t, 303, at+"/minutes")
	if got := visitor.Get(at+"/minutes").Want(t, 200, "").Text("main"); !strings.Contains(got, "Green tea") || !strings.Contains(got, "Buy it , until") || strings.Contains(got, "dan") {
		t.Errorf("a visitor reads %s", got)
	}
	if got := cat.Get(at+"/minutes").Want(t, 200, "").Text("main"); !strings.Contains(got, "Buy it , dan") {
		t.Errorf("a member reads %s", got)
	}
	bob.Post(at+"/minutes", "do", "approve").Want(t, 303, at+"/minutes")
	key := bob.Get(at+"/minutes").Attr("input[name=key]", "value")
	bob.Post(at+"/minutes", "do", "correct", "key", key, "body", "Black tea").Want(t, 303, at+"/minutes")
	if got := visitor.Get(at+"/minutes").Want(t, 200, "").Text("main"); !strings.Contains(got, "Black tea") {
		t.Errorf("the correction is missing: %s", got)
	}
}

// A group's own list has what is for members, for members; stewards set the notice.
func TestGroupPage(t *testing.T) {
	t.Parallel()
	x := newHouse(t)
	in := plenary()
	in.Public = false
	x.called(t, in)
	at := "/groups/riverside/assemblies"
	if got := x.as("").Get(at).Want(t, 200, "").Text("main"); strings.Contains(got, "Spring") {
		t.Errorf("a visitor reads %s", got)
	}
	if got := x.as("cat").Get(at).Want(t, 200, "").Text("main"); !strings.Contains(got, "Spring") {
		t.Errorf("a member reads %s", got)
	}
	x.as("ann").Post(at, "notice", "many").Want(t, 422, "")
	x.as("bob").Post(at, "notice", "3").Want(t, 403, "")
	x.as("ann").Post(at, "notice", "3").Want(t, 303, at)
	if got := x.as("cat").Get(at).Text("main"); !strings.Contains(got, "The group asks for 3 days of notice.") {
		t.Errorf("the notice is not said: %s", got)
	}
	if got := x.as("").Get(at).Text("main"); !strings.Contains(got, "The group asks for 3 days of notice.") {
		t.Errorf("a visitor reads an old page: %s", got)
	}
	x.as("").Get("/groups/none/assemblies").Want(t, 404, "")
}

// Programs do what pages do; each answer is held against the description.
func TestAPI(t *testing.T) {
	t.Parallel()
	x := newHouse(t)
	a := api.New(api.Options{Site: x.site, Tokens: anyToken{}, Keys: anyKey{}, Limit: freely{}, Client: func(*http.Request) string { return "" }})
	x.w.MountAPI(a)
	c := apitest.New(t, x.site)
	bob, cat := c.As("bob"), c.As("cat")
	key := func() []string { return []string{"Idempotency-Key", x.IDs.Secret()} }
	var got apiAssembly
	in := map[string]any{"title": "Spring plenary", "lang": "en", "place": "Old school", "day": "2026-05-09", "start": "18:00", "end": "20:00", "public": true}
	k := key()
	bob.Do("POST", "/groups/riverside/assemblies", in, k...).Want(201, &got)
	first := got.ID
	bob.Do("POST", "/groups/riverside/assemblies", in, k...).Want(201, &got)
	if got.ID != first {
		t.Error("one key makes two")
	}
	at := "/assemblies/" + got.ID
	c.Get(at).Want(404, nil)
	in["title"], in["sequence"] = "Plenary", 0
	bob.Do("PUT", at, in).Want(200, &got)
	c.As("ann").Do("PUT", "/groups/riverside/assembly_notice", map[string]any{"days": 9}).Want(204, nil)
	bob.Do("POST", at+"/call", map[string]any{"do": "call", "sequence": got.Sequence}).Want(422, nil)
	bob.Do("POST", at+"/call", map[string]any{"do": "call", "sequence": got.Sequence, "urgent": true}).Want(200, &got)
	if !got.Urgent || got.NoticeAsked != 9 || got.State != "called" {
		t.Errorf("called as %+v", got)
	}
	cat.Do("POST", at+"/items", map[string]any{"title": "Tea", "minutes": 5}, key()...).Want(201, &got)
	item := at + "/items/" + got.Agenda[0].ID
	bob.Do("PUT", item, map[string]any{"title": "Tea!", "minutes": 5, "sequence": got.Sequence}).Want(200, &got)
	bob.Do("POST", item+"/arrange", map[string]any{"do": "accept", "sequence": got.Sequence}).Want(200, &got)
	k = key()
	cat.Do("POST", at+"/items", map[string]any{"title": "Cake"}, k...).Want(201, &got)
	cat.Do("POST", at+"/items", map[string]any{"title": "Beer"}, k...).Refused(409, "api.key_reused")
	cake := at + "/items/" + got.Agenda[1].ID + "/arrange"
	c.As("eve").Do("POST", cake, map[string]any{"do": "up", "place": 2}).Want(403, nil)
	cat.Do("POST", cake, map[string]any{"do": "up"}).Refused(422, "form.invalid")
	for range 2 { // sent twice, it moves once
		cat.Do("POST", cake, map[string]any{"do": "up", "place": 2}).Want(200, &got)
	}
	if got.Agenda[0].Title != "Cake" {
		t.Errorf("the agenda begins with %s", got.Agenda[0].Title)
	}
	cat.Do("POST", cake, map[string]any{"do": "down", "place": 3}).Refused(409, "assembly.item_moved")
	bob.Do("POST", cake, map[string]any{"do": "remove", "sequence": got.Sequence}).Want(200, &got)
	cat.Do("POST", at+"/role", map[string]any{"role": "notes", "do": "take"}).Want(204, nil)
	run := func(do string) {
		t.Helper()
		bob.Do("POST", at+"/run", map[string]any{"do": do, "step": got.Step}, key()...).Want(200, &got)
	}
	run("open")
	bob.Do("POST", at+"/run", map[string]any{"do": "next", "step": got.Step + 1}, key()...).Want(409, nil)
	run("next")
	if got.Agenda[0].State != "now" || got.TimerEnds == nil {
		t.Errorf("begun: %+v", got)
	}
	cat.Do("POST", at+"/hand", map[string]any{"do": "up", "name": "Cat"}, key()...).Want(200, &got)
	door := "/door/" + x.look(t, ID(first), room{By: actor("bob")}).Door
	var mine apiAssemblyRaised
	k = key()
	c.Do("POST", at+door, map[string]any{"name": "Ola"}, k...).Want(201, &mine)
	c.Do("POST", at+door, map[string]any{"name": "Ole"}, k...).Refused(409, "api.key_reused")
	c.Get(at+door).Want(200, &got)
	c.Get(at+"/hand/"+mine.Secret).Want(200, &got)
	if strings.Join(got.Next, " ") != "Cat Ola" || got.Hand != "up" {
		t.Errorf("in the room: %+v", got)
	}
	got = apiAssembly{}
	c.Get(at).Want(200, &got)
	if got.Next != nil || got.Waiting != 2 {
		t.Errorf("everybody gets %+v", got)
	}
	c.Do("POST", at+"/hand/"+mine.Secret, map[string]any{"do": "down"}).Want(200, nil)
	c.Do("POST", at+"/hand/"+mine.Secret, map[string]any{"do": "again"}).Want(200, nil)
	cat.Do("POST", at+"/hand", map[string]any{"do": "down"}, key()...).Want(200, &got)
	run("close")
	notes := at + "/minutes/" + got.Agenda[0].ID
	cat.Do("PUT", notes, map[string]any{"notes": "Tea.", "decisions": []string{"Green"}, "tasks": []map[string]any{{"task": "Buy", "owner": "dan"}}}).Want(200, nil)
	cat.Do("POST", at+"/minutes", map[string]any{"do": "publish", "for": "public"}, key()...).Want(200, nil)
	var m apiAssemblyMinutes
	c.Get(at+"/minutes").Want(200, &m)
	if m.State != "public" || m.Items[0].Decisions[0] != "Green" || m.Items[0].Tasks[0].Owner != "" {
		t.Errorf("the minutes are %+v", m)
	}
	bob.Do("POST", at+"/minutes", map[string]any{"do": "approve"}, key()...).Want(200, nil)
	k = key()
	bob.Do("POST", at+"/minutes", map[string]any{"do": "correct", "body": "Black."}, k...).Want(200, nil)
	bob.Do("POST", at+"/minutes", map[string]any{"do": "correct", "body": "White."}, k...).Refused(409, "api.key_reused")
	c.Get("/assemblies").Want(200, nil)
	for _, op := range []string{"createAssembly", "changeAssembly", "callAssembly", "setAssemblyNotice", "addAssemblyItem", "changeAssemblyItem", "arrangeAssemblyItem", "runAssembly", "takeAssemblyRole", "raiseHand", "raiseHandInRoom", "getAssemblyInRoom", "getOwnHand", "moveOwnHand", "writeAssemblyNotes", "actOnAssemblyMinutes", "getAssemblyMinutes", "getAssembly", "listAssemblies"} {
		if !c.Done(op) {
			t.Errorf("%s was not tried", op)
		}
	}
}

type anyToken struct{}

// Grant implements api.Tokens: a token is the handle of its person.
func (anyToken) Grant(_ context.Context, secret string) (api.Grant, bool, error) {
	return api.Grant{ID: secret, Actor: authz.Actor{Person: id.Person(secret), Handle: secret}, Scopes: api.Scopes()}, true, nil
}

type anyKey struct{}

// Tag implements api.Keys.
func (anyKey) Tag(_ context.Context, purpose, value string) ([]byte, error) {
	return id.Hash(purpose + strconv.Itoa(len(purpose)) + value)[:16], nil
}
