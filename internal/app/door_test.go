package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/feature/attendance"
	"convoke/internal/feature/door"
	"convoke/internal/feature/turnout"
	"convoke/internal/id"
	"convoke/internal/web/webtest"
)

// porch is a host whose event is about to begin, with the link of one door.
type porch struct {
	*hosts
	door string // path of the door link
}

var doorLink = regexp.MustCompile(`/door/[0-9a-z]{26}`)

func newPorch(t *testing.T, capacity string) *porch {
	t.Helper()
	p := &porch{hosts: newHosts(t, capacity)}
	p.door = p.makeDoor("North gate")
	return p
}

func (p *porch) makeDoor(name string) string {
	p.t.Helper()
	key := p.steward.Get(p.page()+"/doors").Want(p.t, 200, "").Attr("input[name=key]", "value")
	a := p.steward.Post(p.page()+"/doors", "key", key, "name", name).Want(p.t, 200, "")
	link := doorLink.FindString(a.Text("#link"))
	if link == "" {
		p.t.Fatalf("no link: %s", a.Text("main"))
	}
	return link
}

// begin sets the clock to the hour before the event.
func (p *porch) begin() { p.clock.Set(p.start().Add(-time.Hour)) }

func (p *porch) start() time.Time { return time.Date(2026, 5, 9, 16, 0, 0, 0, time.UTC) }

// after sets the clock to when the event is over.
func (p *porch) after() { p.clock.Set(p.start().Add(8 * time.Hour)) }

// code is what the holder of a secret finds on their private page.
func (p *porch) code(secret string) string {
	p.t.Helper()
	code := p.visitor().Get(p.page()+"/attend/"+secret).Want(p.t, 200, "").Text("#code")
	if len(code) != 9 {
		p.t.Fatalf("the code is %q", code)
	}
	return code
}

// tap sends a form of the door and follows to its answer.
func (p *porch) tap(b *webtest.Browser, at string, pairs ...string) webtest.Answer {
	p.t.Helper()
	key := b.Get(at).Want(p.t, 200, "").Attr("input[name=key]", "value")
	a := b.Post(at, append([]string{"key", key}, pairs...)...)
	if a.Status == http.StatusSeeOther {
		return b.Get(a.Location).Want(p.t, 200, "")
	}
	return a
}

func (p *porch) check(b *webtest.Browser, code string) webtest.Answer {
	p.t.Helper()
	return p.tap(b, p.door, "action", "check", "code", code)
}

// says wants the answer on a page of the door.
func says(t *testing.T, a webtest.Answer, want string) {
	t.Helper()
	if got := a.Text("#answer"); got != want || !strings.HasPrefix(a.Text("title"), want) {
		t.Errorf("the door says %q, titled %q; want %q", got, a.Text("title"), want)
	}
}

func TestAtTheDoor(t *testing.T) {
	t.Parallel()
	p := newPorch(t, "5")
	mine, late := p.signUp("3", "need", "step_free", "email", "robin@example.org"), p.signUp("3")
	keeper := p.visitor()
	keeper.Get(p.door).Want(t, 409, "") // seven days early
	p.begin()
	a := p.check(keeper, strings.ToUpper(strings.Replace(p.code(mine), "-", " ", 1)))
	says(t, a, "Welcome. 3 people.")
	for _, secret := range []string{"robin", "example", "step", mine, late} {
		if strings.Contains(strings.ToLower(a.Body), secret) {
			t.Errorf("the page of the door holds %q", secret)
		}
	}
	says(t, p.tap(keeper, a.Attr("form", "action"), "action", "people", "code", a.Attr("input[name=code]", "value"), "people", "2"), "Welcome. 2 people.")
	says(t, p.check(keeper, p.code(mine)), "Already checked in: 2 people.")
	wrong := p.tap(keeper, p.door, "action", "people", "code", p.code(mine), "people", "9").Want(t, 422, "")
	if wrong.Text("#people-error") == "" || wrong.Attr("#people", "value") != "9" {
		t.Errorf("a number too large: %s", wrong.Text("main"))
	}
	says(t, p.check(keeper, p.code(late)), "On the waiting list: 3 people.")
	says(t, p.tap(keeper, p.door, "action", "let-in", "code", p.code(late)), "Welcome. 3 people.")
	says(t, p.tap(keeper, p.door, "action", "others", "walk_ins", "4"), "Counted: 4 people without sign-up.")
	a = p.tap(keeper, p.door, "action", "others", "walk_ins", "1")
	says(t, p.tap(keeper, p.door, "action", "undo", "tap", a.Attr("input[name=tap]", "value")), "Undone.")
	if got := keeper.Get(p.door).Text("dl"); !strings.Contains(got, "9") || !strings.Contains(got, "7") {
		t.Errorf("totals: %q", got)
	}
	// What the organizers see; nobody else does.
	p.after()
	panel := p.steward.Get(p.page()).Want(t, 200, "").Text("section[aria-labelledby=at-the-door] dl")
	for _, want := range []string{"Signed up 3", "Came of them 2", "Did not come 1", "Came without sign-up 7", "Came in all 9"} {
		if !strings.Contains(panel, want) {
			t.Errorf("the panel does not say %q: %q", want, panel)
		}
	}
	if p.visitor().Get(p.page()).Text("#at-the-door") != "" {
		t.Error("everybody sees what was counted")
	}
	p.visitor().Get(p.page()+"/doors").Want(t, 303, "/sign-in?next="+strings.ReplaceAll(p.page(), "/", "%2F")+"%2Fdoors")
	p.clock.Set(p.start().Add(48 * time.Hour))
	keeper.Get(p.door).Want(t, 410, "")
}

// Opening the address of a code changes nothing, wherever; the phone of a door
// gets a button.
func TestThePictureOfACode(t *testing.T) {
	t.Parallel()
	p := newPorch(t, "")
	mine := p.signUp("2")
	p.begin()
	code := p.code(mine)
	v := p.visitor()
	v.Get(p.page()+"/attend/"+mine+"/door.png").Want(t, 200, "")
	v.Get(p.page()+"/attend/"+p.IDs.Secret()+"/door.png").Want(t, 404, "")
	address := p.page() + "/door?code=" + code
	a := v.Get(address).Want(t, 200, "")
	if len(a.All("main form")) != 0 || !strings.Contains(a.Text("main"), code) || strings.Contains(a.Text("main"), "2 people") {
		t.Errorf("a passer-by sees %s", a.Text("main"))
	}
	if b := v.Get(p.page()+"/door?code=kq4m-7d2x").Want(t, 200, ""); strings.ReplaceAll(b.Text("main"), "kq4m-7d2x", code) != a.Text("main") {
		t.Error("it tells whether there is such a code")
	}
	keeper := p.visitor()
	keeper.Get(p.door).Want(t, 200, "")
	a = keeper.Get(address).Want(t, 200, "")
	action, key := a.Attr("main form", "action"), a.Attr("main input[name=key]", "value")
	if action != p.door {
		t.Fatalf("the phone of the door sees %s", a.Text("main"))
	}
	if n, _, err := p.Door.Numbers(t.Context(), p.event); err != nil || n.All() != 0 {
		t.Errorf("looking counted: %+v, %v", n, err)
	}
	for range 2 {
		b := keeper.Post(action, "action", "check", "key", key, "code", a.Attr("main input[name=code]", "value"))
		says(t, keeper.Get(b.Location), "Welcome. 2 people.")
	}
	if n, _, err := p.Door.Numbers(t.Context(), p.event); err != nil || n.All() != 2 {
		t.Errorf("%+v, %v", n, err)
	}
	// With the code nobody changes or cancels anything.
	for _, tail := range []string{"", "/cancel", "/feedback"} {
		v.Post(p.page()+"/attend/"+strings.ReplaceAll(code, "-", "")+tail, "party", "9", "mood", "bad")
	}
	if got := v.Get(p.page()+"/attend/"+mine).Want(t, 200, "").Text(".pocket-card"); !strings.Contains(got, "2 people") {
		t.Errorf("the sign-up is now %q", got)
	}
	other := p.stand.event(p.by, p.group, meeting("Elsewhere", "2026-05-09"))
	if got := keeper.Get("/events/"+string(other)+"/door?code="+code).Want(t, 200, ""); len(got.All("main form")) != 0 || !strings.Contains(got.Text(".notice"), "another event") {
		t.Errorf("another event: %s", got.Text("main"))
	}
	for _, bad := range []string{"", "?code=", "?code=<script>", "?code=" + strings.Repeat("a", 5000)} {
		if got := keeper.Get(p.page()+"/door"+bad).Want(t, 200, ""); len(got.All("main form")) != 0 {
			t.Errorf("%q can be checked in", bad)
		}
	}
	p.steward.Post(p.page()+"/doors/1/revoke").Want(t, 303, p.page()+"/doors?revoked=1")
	keeper.Get(p.door).Want(t, 404, "")
	keeper.Post(p.door, "action", "check", "key", p.IDs.Secret(), "code", code).Want(t, 404, "")
	if got := keeper.Get(address).Want(t, 200, ""); len(got.All("main form")) != 0 {
		t.Error("a door that was revoked still has its button")
	}
}

func TestBadInputAtTheDoor(t *testing.T) {
	t.Parallel()
	p := newPorch(t, "")
	p.begin()
	keeper, key := p.visitor(), p.IDs.Secret()
	for _, x := range []struct {
		pairs  []string
		status int
		field  string
	}{
		{[]string{"action", "check", "code", "kq4m-7d2x"}, 422, "code"}, {[]string{"action", "check", "code", "nonsense!"}, 422, "code"},
		{[]string{"action", "check"}, 422, "code"}, {[]string{"action", "others", "walk_ins", "many"}, 422, "walk_ins"},
		{[]string{"action", "others", "walk_ins", "101"}, 422, "walk_ins"}, {[]string{"action", "people", "code", "kq4m-7d2x", "people", "1"}, 422, "code"},
		{[]string{"action", "undo", "tap", "x"}, 404, ""}, {[]string{"action", "dance"}, 400, ""}, {nil, 400, ""},
	} {
		a := keeper.Post(p.door, append([]string{"key", key}, x.pairs...)...).Want(t, x.status, "")
		if x.field != "" && (a.Text("#"+x.field+"-error") == "" || len(a.All(".error-summary")) != 1) {
			t.Errorf("%q: nothing beside %s", x.pairs, x.field)
		}
		if len(x.pairs) == 4 && x.field != "" && x.pairs[2] == x.field && a.Attr("#"+x.field, "value") != x.pairs[3] {
			t.Errorf("%q: what was typed is lost", x.pairs)
		}
	}
	keeper.Post(p.door, "key", "short", "action", "check", "code", "kq4m-7d2x").Want(t, 400, "")
	keeper.Post("/door/short", "key", key, "action", "check", "code", "kq4m-7d2x").Want(t, 404, "")
	if a := p.steward.Post(p.page()+"/doors", "key", key, "name", " ").Want(t, 422, ""); a.Text("#name-error") == "" {
		t.Error("nothing beside the name of a door")
	}
	for _, tail := range []string{"/doors/9/revoke", "/doors/x/revoke"} {
		p.steward.Post(p.page()+tail).Want(t, 404, "")
	}
	if n, _, err := p.Door.Numbers(t.Context(), p.event); err != nil || n.All() != 0 || len(n.Doors) != 1 {
		t.Errorf("%+v, %v", n, err)
	}
	for i := 0; ; i++ {
		if a := keeper.Post(p.door, "key", key, "action", "check", "code", "kq4m-7d2x"); a.Status == 429 {
			if i < 1000 || a.Header.Get("Retry-After") == "" {
				t.Errorf("refused after %d, %q", i, a.Header.Get("Retry-After"))
			}
			break
		}
		if i > 2000 {
			t.Fatal("codes can be guessed without end")
		}
	}
}

// What was counted becomes an estimate, as a range, once it is over.
func TestPublishingWhatWasCounted(t *testing.T) {
	t.Parallel()
	p := newPorch(t, "")
	p.begin()
	keeper := p.visitor()
	publish := func(high string) webtest.Answer {
		t.Helper()
		return p.steward.Post(p.page()+"/doors/publish", "key", p.IDs.Secret(), "high", high)
	}
	publish("100").Want(t, 422, "")
	p.tap(keeper, p.door, "action", "others", "walk_ins", "95")
	publish("100").Want(t, 422, "")
	p.after()
	form := p.steward.Get(p.page()+"/doors").Want(t, 200, "")
	if got := form.Attr("#high", "value"); got != "105" {
		t.Errorf("it offers %q", got)
	}
	for _, bad := range []string{"", "95", "94", "many", "20000001"} {
		if a := publish(bad).Want(t, 422, ""); a.Text("#high-error") == "" || a.Attr("#high", "value") != bad {
			t.Errorf("%q: %s", bad, a.Text("main"))
		}
	}
	key := p.IDs.Secret()
	for range 2 {
		p.steward.Post(p.page()+"/doors/publish", "key", key, "high", "105").Want(t, 303, p.page()+"/doors?published=1")
	}
	es, err := p.Turnout.Estimates(t.Context(), p.event)
	want := turnout.Estimate{Low: 95, High: 105, Method: "gate", SourceName: "The organizers, counted at the door"}
	if err != nil || !slices.Equal(es, []turnout.Estimate{want}) {
		t.Errorf("%+v, %v", es, err)
	}
	if got := p.visitor().Get(p.page()).Text("#turnout"); !strings.Contains(got, "Counted at a gate") {
		t.Errorf("in public: %q", got)
	}
}

// The rows of arrivals go with the sign-ups; what was counted, and what was
// answered, stays.
func TestExpiryKeepsTotals(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		_, sam := s.signIn("sam")
		g := s.group(sam, "riverside", "Riverside Neighbours")
		in := meeting("Open assembly", "2026-05-09")
		in.Capacity = "4"
		e := s.event(sam, g, in)
		path := "/events/" + string(e)
		var secrets []string
		for range 5 {
			secret := s.IDs.Secret()
			if _, err := s.Attendance.SignUp(t.Context(), e, secret, attendance.Input{Party: 1, Lang: "en"}); err != nil {
				t.Fatal(err)
			}
			secrets = append(secrets, secret)
		}
		start := time.Date(2026, 5, 9, 16, 0, 0, 0, time.UTC)
		gate := s.IDs.Secret()
		about := door.Event{ID: e, Start: start, End: start.Add(2 * time.Hour)}
		if err := s.Door.Add(t.Context(), about, gate, "Door"); err != nil {
			t.Fatal(err)
		}
		s.clock.Set(start)
		for _, secret := range secrets {
			out, err := s.Door.CheckIn(t.Context(), gate, door.Tap{Key: s.IDs.Secret(), Code: id.Code(id.Hash(secret)), LetIn: true})
			if err != nil || out.Result != door.Welcome {
				t.Fatalf("%+v, %v", out, err)
			}
		}
		came := func(attended, walkIns int) {
			t.Helper()
			n, _, err := s.Door.Numbers(t.Context(), e)
			if err != nil || n.Count != (door.Count{Attended: attended, WalkIns: walkIns}) {
				t.Errorf("%+v, %v; want %d and %d", n, err, attended, walkIns)
			}
		}
		came(4, 1)
		// One leaves, so the place goes to who was let in without one.
		if err := s.Attendance.Cancel(t.Context(), e, secrets[0]); err != nil {
			t.Fatal(err)
		}
		came(4, 1)
		s.clock.Set(start.Add(9 * time.Hour))
		for i, secret := range secrets[1:] {
			b := s.visitor()
			b.Post(path+"/attend/"+secret+"/feedback", "mood", "good", "text", fmt.Sprint("Words ", i)).
				Want(t, 303, path+"/attend/"+secret+"?saved=1#feedback")
			if got := b.Get(path+"/attend/"+secret).Want(t, 200, "").Text("section[aria-labelledby=feedback] p"); !strings.Contains(got, "Thank you") {
				t.Errorf("the private page says %q", got)
			}
		}
		s.clock.Set(start.AddDate(0, 0, 8))
		for _, expire := range []func() error{
			func() error { return s.Attendance.Expire(t.Context()) }, func() error { return s.Door.Expire(t.Context()) },
		} {
			if err := expire(); err != nil {
				t.Fatal(err)
			}
		}
		came(4, 1)
		for _, table := range []string{"attendance", "arrival", "feedback"} {
			if n := s.column("select cast(count(*) as text) from " + table); n[0] != "0" {
				t.Errorf("%s rows of %s are left", n[0], table)
			}
		}
		if n := s.column("select cast(people as text) from feedback_total where question = 'mood'"); !slices.Equal(n, []string{"4"}) {
			t.Errorf("feedback: %q", n)
		}
	})
}

func TestFeedbackPages(t *testing.T) {
	t.Parallel()
	p := newPorch(t, "")
	mine := p.signUp("1")
	v, path := p.visitor(), p.page()+"/attend/"+mine
	if got := v.Get(path).Want(t, 200, "").Text("#feedback"); got != "" {
		t.Errorf("it asks before the event: %q", got)
	}
	v.Get(path+"/feedback").Want(t, 409, "")
	v.Post(path+"/feedback", "mood", "good").Want(t, 409, "")
	p.after()
	if a := v.Get(path).Want(t, 200, ""); a.Attr("section[aria-labelledby=feedback] form", "action") != path+"/feedback" {
		t.Errorf("it does not ask: %s", a.Text("main"))
	}
	a := v.Post(path+"/feedback", "again", "maybe", "text", strings.Repeat("x", 1001)).Want(t, 422, "")
	if a.Text("#mood-error") == "" || a.Text("#again-error") == "" || a.Text("#text-error") == "" || a.Text("textarea") != strings.Repeat("x", 1001) {
		t.Errorf("bad input: %s", a.Text("main"))
	}
	v.Post(path+"/feedback", "mood", "bad", "access", "no", "text", "No ramp <b>at all</b>").Want(t, 303, path+"?saved=1#feedback")
	if a := v.Get(path+"/feedback").Want(t, 200, ""); a.Text("textarea") != "No ramp <b>at all</b>" || strings.Count(a.Body, " checked>") != 2 {
		t.Errorf("the answer is not shown again: %s", a.Body)
	}
	report := func() webtest.Answer { t.Helper(); return p.steward.Get(p.page()+"/feedback").Want(t, 200, "") }
	if got := report().Text("main"); !strings.Contains(got, "Fewer than five have answered") || strings.Contains(got, "ramp") {
		t.Errorf("of one answer: %s", got)
	}
	p.clock.Set(p.start().AddDate(0, 0, -1))
	var others []string
	for range 4 {
		others = append(others, p.signUp("1"))
	}
	p.after()
	for _, s := range others {
		v.Post(p.page()+"/attend/"+s+"/feedback", "mood", "good").Want(t, 303, p.page()+"/attend/"+s+"?saved=1#feedback")
	}
	got := report()
	if text := got.Text("main"); !strings.Contains(text, "5 have answered") || !strings.Contains(text, "Good 4") || !strings.Contains(text, "No ramp <b>at all</b>") {
		t.Errorf("of five: %s", text)
	}
	for _, s := range append(others, mine) {
		if code := id.Code(id.Hash(s)); strings.Contains(got.Body, code) || strings.Contains(got.Body, s) {
			t.Error("it tells who answered")
		}
	}
	p.visitor().Get(p.page()+"/feedback").Want(t, 303, "/sign-in?next="+strings.ReplaceAll(p.page(), "/", "%2F")+"%2Ffeedback")
	v.Get(p.page()+"/attend/"+p.IDs.Secret()+"/feedback").Want(t, 404, "")
	p.clock.Set(p.start().AddDate(0, 0, 8))
	v.Post(path+"/feedback", "mood", "good").Want(t, 410, "")
}

// The programs' twin of the pages.
func TestDoorAndFeedbackByAPI(t *testing.T) {
	t.Parallel()
	p := newPorch(t, "")
	mine := p.signUp("3")
	p.begin()
	b := p.visitor()
	ask := func(method, path, body, key string, want int, out any) {
		t.Helper()
		a := b.Do(method, "/api/v1"+path, strings.NewReader(body), "Content-Type", "application/json", "Idempotency-Key", key)
		if a.Status != want {
			t.Fatalf("%s %s: %d %s", method, path, a.Status, a.Body)
		}
		if out != nil {
			if err := json.Unmarshal([]byte(a.Body), out); err != nil {
				t.Fatal(err)
			}
		}
	}
	var held struct{ Door struct{ Code, URL string } }
	ask("GET", "/events/"+string(p.event)+"/attendance/"+mine, "", "", 200, &held)
	if held.Door.Code != p.code(mine) || !strings.HasSuffix(held.Door.URL, p.page()+"/door?code="+held.Door.Code) {
		t.Errorf("%+v", held)
	}
	key := "0123456789abcdefghijklmnop"
	var out struct {
		Result, ID, Code string
		Party, People    int
	}
	for range 2 {
		ask("POST", p.door+"/arrivals", `{"code":"`+held.Door.Code+`","people":2}`, key, 200, &out)
		if out.Result != "welcome" || out.People != 2 || out.Party != 3 {
			t.Errorf("%+v", out)
		}
	}
	ask("PUT", p.door+"/arrivals", `{"code":"`+out.Code+`","people":3}`, "", 200, &out)
	ask("POST", p.door+"/arrivals", `{"walk_ins":5}`, key, 200, &out)
	var view struct {
		All struct{ Attended, Walk_ins int }
	} //nolint:revive // as in JSON
	ask("GET", p.door, "", "", 200, &view)
	if view.All.Attended != 3 || view.All.Walk_ins != 5 {
		t.Errorf("%+v", view)
	}
	for range 2 {
		ask("DELETE", p.door+"/arrivals/"+out.ID, "", "", 200, &out)
	}
	ask("POST", p.door+"/arrivals", `{"walk_ins":0}`, key, 422, nil)
	ask("POST", p.door+"/arrivals", `{"code":"kq4m-7d2x"}`, key, 422, nil)
	ask("POST", p.door+"/arrivals", `{"walk_ins":1}`, "short", 400, nil)
	ask("GET", "/events/"+string(p.event)+"/arrivals", "", "", 401, nil)
	if n, _, err := p.Door.Numbers(t.Context(), p.event); err != nil || n.Count != (door.Count{Attended: 3}) {
		t.Errorf("%+v, %v", n, err)
	}
	own := "/events/" + string(p.event) + "/attendance/" + mine + "/feedback"
	ask("PUT", own, `{"mood":"good"}`, "", 409, nil)
	p.after()
	ask("GET", own, "", "", 404, nil)
	ask("PUT", own, `{"mood":"great"}`, "", 422, nil)
	ask("PUT", own, `{"mood":"good","text":"Thank you"}`, "", 200, nil)
	var answer struct{ Mood, Text string }
	ask("GET", own, "", "", 200, &answer)
	if answer.Mood != "good" || answer.Text != "Thank you" {
		t.Errorf("%+v", answer)
	}
	ask("GET", "/events/"+string(p.event)+"/feedback", "", "", 401, nil)
}

// The door says which times somebody has a place in, and follows a place that
// comes free and a party that shrinks while people are inside.
func TestTimesAndPlacesAtTheDoor(t *testing.T) {
	t.Parallel()
	p := newPorch(t, "3")
	b := door.Event{ID: p.event, Start: p.start(), End: p.start().Add(2 * time.Hour)}
	slots := map[string]string{}
	for _, title := range []string{"Morning shift", "Evening shift"} {
		slots[title] = p.IDs.Secret()
		err := p.Attendance.AddSlot(t.Context(), p.event, slots[title], b.Start, b.End, attendance.SlotInput{
			Title: title, StartDate: "2026-05-09", StartTime: "16:00", EndTime: "17:00",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	first := p.signUp("3", "slot", slots["Morning shift"], "slot", slots["Evening shift"])
	second := p.signUp("2", "slot", slots["Evening shift"])
	p.begin()
	keeper := p.visitor()
	if got := p.check(keeper, p.code(first)).Text("section strong"); !strings.Contains(got, "Welcome. 3 people.") {
		t.Errorf("the door says %q", got)
	}
	for _, want := range []string{"Morning shift", "Evening shift"} {
		if got := p.check(keeper, p.code(first)).Text("section[aria-labelledby=answer]"); !strings.Contains(got, want) {
			t.Errorf("the door does not say %q: %q", want, got)
		}
	}
	p.tap(keeper, p.door, "action", "let-in", "code", p.code(second))
	came := func(attended, walkIns int) {
		t.Helper()
		n, _, err := p.Door.Numbers(t.Context(), p.event)
		if err != nil || n.Count != (door.Count{Attended: attended, WalkIns: walkIns}) {
			t.Errorf("%+v, %v; want %d and %d", n, err, attended, walkIns)
		}
	}
	came(3, 2)
	p.visitor().Post(p.page()+"/attend/"+first, "party", "1", "slot", slots["Morning shift"]).Want(t, 303, p.page()+"/attend/"+first+"?saved=1")
	came(3, 0) // one of the first, and the two for whom there is room now
	p.visitor().Post(p.page()+"/attend/"+first+"/cancel").Want(t, 200, "")
	came(2, 1)
}
