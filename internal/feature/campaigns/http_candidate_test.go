package campaigns

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// TestForwardPage puts demands forward and merges them by forms; a reader without a
// group sees the list and no form.
func TestForwardPage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		h := x.start(careDay)
		site := webtest.New(t, x.clock, secretIsPerson{})
		x.DB.OnTouch(site.Cache().Touch)
		w := &Web{Service: x.Service, Pictures: onePicture{}, Shown: noEventPages{}, Limiter: &few{5}, Client: func(*web.Call) string { return "" }}
		w.Mount(site)
		path := "/campaigns/" + h + "/forward"
		mine := webtest.NewBrowser(t, site).WithSession("p-riverside")
		put := func(key, body string) webtest.Answer {
			return mine.Post(path, "do", "put", "group", "riverside", "key", key, "body", body, "addressee", "The council")
		}
		if a := put(x.key(), "").Want(t, 422, ""); !strings.Contains(a.Text("main"), "Write what you demand.") {
			t.Errorf("an empty demand: %s", a.Text("main"))
		}
		// Who may not put anything forward is not told what is wrong with it.
		for _, group := range []string{"riverside", "market", ""} {
			webtest.NewBrowser(t, site).WithSession("p-market").Post(path, "do", "put", "group", group, "key", "", "body", "").Want(t, 403, "")
		}
		key := x.key()
		for range 2 {
			put(key, "Benches by the river").Want(t, 303, path)
		}
		put(x.key(), "Seats by the river").Want(t, 303, path)
		page := mine.Get(path).Want(t, 200, "")
		if n := len(page.All("details")); n != 2 {
			t.Errorf("%d of the two can be merged", n)
		}
		if text := page.Text("main"); !strings.Contains(text, "Put them to the vote in riverside") {
			t.Errorf("an owner cannot put it to the vote: %s", text)
		}
		mine.Post(path, "do", "merge", "candidate", x.named(h, "Seats by the river"), "into", x.named(h, "Benches by the river")).Want(t, 303, path)
		visitor := webtest.NewBrowser(t, site)
		page = visitor.Get(path).Want(t, 200, "")
		if text := page.Text("main"); !strings.Contains(text, "Merged into it:") || len(page.All("form")) > 0 && strings.Contains(text, "Put it forward") {
			t.Errorf("a visitor reads %s", text)
		}
		if text := visitor.Get("/campaigns/"+h).Want(t, 200, "").Text("main"); !strings.Contains(text, "1 demand is put forward") {
			t.Errorf("the campaign says %s", text)
		}
		visitor.Post(path, "do", "put", "group", "riverside", "key", x.key(), "body", "Anything", "addressee", "The council")
		if left := x.standing(h); len(left) != 1 {
			t.Errorf("a visitor put something forward: %v", left)
		}
		visitor.Get("/campaigns/nothing/forward").Want(t, 404, "")
	})
}

// TestAPICandidates does the same for programs.
func TestAPICandidates(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		h := x.start(careDay)
		c := x.programs()
		path := "/campaigns/" + h + "/candidates"
		mine := by(c, "riverside")
		benches := body{"group": "riverside", "text": "Benches by the river", "addressee": "The council"}
		for range 2 {
			mine.Do("POST", path, benches, "Idempotency-Key", "benches-1").Want(201, nil)
		}
		mine.Do("POST", path, body{"group": "riverside", "text": "", "addressee": ""}, "Idempotency-Key", "nothing-1").
			Refused(422, "form.invalid", "#/text", "demand.no_body", "#/addressee", "demand.no_addressee")
		for group, code := range map[string]string{"riverside": "authz.forbidden", "market": "candidate.outside"} {
			by(c, "market").Do("POST", path, body{"group": group, "text": "", "addressee": ""}, "Idempotency-Key", "nothing-2").Refused(403, code)
		}
		benches["text"] = "Seats by the river"
		mine.Do("POST", path, benches, "Idempotency-Key", "benches-1").Refused(409, "api.key_reused")
		mine.Do("POST", path, benches, "Idempotency-Key", "seats-by-1").Want(201, nil)
		seats, into := x.named(h, "Seats by the river"), x.named(h, "Benches by the river")
		by(c, "market").Do("PUT", path+"/"+seats+"/into", body{"into": into}).Refused(403, "authz.forbidden")
		mine.Do("PUT", path+"/"+seats+"/into", body{"into": into}).Want(200, nil)
		mine.Do("DELETE", path+"/"+seats+"/into", nil).Want(204, nil)
		mine.Do("DELETE", path+"/"+seats, nil).Want(204, nil)
		var list struct{ Items []apiCandidate }
		c.Get(path).Want(200, &list)
		states := map[string]string{}
		for _, k := range list.Items {
			states[k.Text+" by "+k.Group] = k.State
		}
		if d := cmp.Diff(map[string]string{"Benches by the river by riverside": "forward", "Seats by the river by riverside": "retired"}, states); d != "" {
			t.Error(d)
		}
	})
}
