package tasks

import (
	"strings"
	"testing"
	"time"

	"convoke/internal/db/dbtest"
)

func dbtestNow() time.Time { return dbtest.Now }

func sqlite(t *testing.T) string { return dbtest.SQLite(t) }

func TestTaskPages(t *testing.T) {
	t.Parallel()
	x := newFixture(t, sqlite(t))
	const path = "/groups/riverside/tasks"
	x.as("").Get(path).Want(t, 303, "/sign-in?next=%2Fgroups%2Friverside%2Ftasks")
	x.as("eve").Get(path).Want(t, 404, "")
	mia, ned, olga := x.as("mia"), x.as("ned"), x.as("olga")
	key := mia.Get(path).Want(t, 200, "").Attr("input[name=key]", "value")
	a := mia.Post(path, "key", key, "title", "", "note", "typed", "until", "x").Want(t, 422, "")
	if a.Text("#title-error") == "" || a.Text("#until-error") == "" || a.Text("#note") != "typed" || a.Attr("input[name=key]", "value") != key {
		t.Errorf("form: %s", a.Text("main"))
	}
	for range 2 {
		mia.Post(path, "key", key, "title", "Print <b> flyers", "note", "At the **library**", "until", "2026-05-03").Want(t, 303, path)
	}
	page := ned.Get(path).Want(t, 200, "")
	link := page.Attr("main ul a", "href")
	if len(page.All("main ul a")) != 1 || !strings.Contains(page.Text("main ul"), "Nobody yet") {
		t.Errorf("listed: %s", page.Text("main"))
	}
	x.as("eve").Get(link).Want(t, 404, "")
	x.as("").Post(link, "do", "take").Want(t, 401, "")
	if a = ned.Get(link).Want(t, 200, ""); a.Text(".prose strong") != "library" || strings.Contains(a.Text("main"), "For organizers") {
		t.Errorf("a member sees %s", a.Text("main"))
	}
	ned.Post(link, "do", "take").Want(t, 303, link)
	if a = mia.Post(link, "do", "take").Want(t, 422, ""); !strings.Contains(a.Text(".error-summary"), "Somebody else has taken") {
		t.Errorf("mia is told %q", a.Text(".error-summary"))
	}
	mia.Post(link, "do", "finish").Want(t, 403, "")
	mia.Post(link, "do", "drop").Want(t, 403, "")
	if a = olga.Post(link, "do", "give", "to", "nobody").Want(t, 422, ""); a.Attr("#to", "value") != "nobody" || a.Text("#to-error") == "" {
		t.Errorf("olga is told %q", a.Text("main"))
	}
	olga.Post(link, "do", "first").Want(t, 303, link)
	olga.Post(link, "do", "give", "to", "mia").Want(t, 303, link)
	// Panels: the group's for members, one's own for oneself.
	if got := x.as("mia").Get("/panels").Text("main"); !strings.Contains(got, "Your tasks") || !strings.Contains(got, "Print <b> flyers") || !strings.Contains(got, "RIVERSIDE") {
		t.Errorf("mia's panels: %s", got)
	}
	if got := x.as("ned").Get("/panels").Text("main"); strings.Contains(got, "Your tasks") || !strings.Contains(got, "@mia") {
		t.Errorf("ned's panels: %s", got)
	}
	for _, who := range []string{"", "eve"} {
		if got := x.as(who).Get("/panels").Text("main"); got != "" {
			t.Errorf("%q is shown %s", who, got)
		}
	}
	x.clock.Add(72 * time.Hour)
	if got := mia.Get(link).Text("main"); !strings.Contains(got, "Late") {
		t.Errorf("late: %s", got)
	}
	mia.Post(link, "do", "finish").Want(t, 303, path)
	if got := mia.Get(path).Text("main"); !strings.Contains(got, "Done lately") || !strings.Contains(got, "Nothing is left to do") {
		t.Errorf("when it is done: %s", got)
	}
	mia.Post(link, "do", "burn").Want(t, 400, "")
}

func TestTasksByAPI(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		const at = "/groups/riverside/tasks"
		c.Get(at).Refused(401, "token.missing")
		c.As("eve").Get(at).Refused(404, "web.not_found")
		c.As("mia read").Do("POST", at, map[string]any{"title": "Buy paint"}, "Idempotency-Key", "the-key-1").Refused(403, "token.scope")
		mia, olga := c.As("mia"), c.As("olga")
		c.As("eve").Do("POST", at, map[string]any{"title": "Buy paint"}, "Idempotency-Key", "the-key-1").Refused(404, "web.not_found")
		mia.Do("POST", at, map[string]any{"title": "Buy paint"}).Refused(400, "api.key")
		mia.Do("POST", at, map[string]any{"title": " ", "until": "soon"}, "Idempotency-Key", "the-key-0").
			Refused(422, "form.invalid", "#/title", "task.no_title", "#/until", "task.day")
		var one, again apiTask
		body := map[string]any{"title": "Buy paint", "until": "2026-06-01", "mine": true}
		mia.Do("POST", at, body, "Idempotency-Key", "the-key-1").Want(201, &one)
		mia.Do("POST", at, body, "Idempotency-Key", "the-key-1").Want(201, &again)
		mia.Do("POST", at, map[string]any{"title": "Other"}, "Idempotency-Key", "the-key-1").Refused(409, "api.key_reused")
		if one != again || one.Owner != "mia" || one.Until != "2026-06-01" || one.State != "open" {
			t.Errorf("%+v, then %+v", one, again)
		}
		var list struct{ Items []apiTask }
		mia.Get("/me/tasks").Want(200, &list)
		if len(list.Items) != 1 || list.Items[0] != one {
			t.Errorf("%+v", list)
		}
		this := at + "/" + one.ID
		c.As("eve").Get(this).Refused(404, "web.not_found")
		mia.Get(this).Want(200, &again)
		mia.Do("PUT", this, map[string]any{"do": "drop"}).Refused(403, "authz.forbidden")
		olga.Do("PUT", this, map[string]any{"do": "give", "to": "nobody"}).Refused(422, "form.invalid", "#/to", "task.no_member")
		for range 2 {
			olga.Do("PUT", this, map[string]any{"do": "give", "to": "ned"}).Want(200, &again)
		}
		if again.Owner != "ned" {
			t.Errorf("%+v", again)
		}
		mia.Do("PUT", this, map[string]any{"do": "take"}).Refused(409, "task.taken")
		olga.Do("PUT", this, map[string]any{"do": "drop"}).Want(200, &again)
		c.As("ned").Get(at).Want(200, &list)
		if again.State != "dropped" || again.Closed == "" || len(list.Items) != 1 || list.Items[0] != again {
			t.Errorf("%+v; %+v", again, list)
		}
	})
}
