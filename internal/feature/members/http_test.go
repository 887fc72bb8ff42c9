package members

import (
	"context"
	"strings"
	"testing"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/id"
)

func TestStartPages(t *testing.T) {
	t.Parallel()
	x := newFixture(t, dbtest.SQLite(t))
	const path, edit = "/groups/riverside/start", "/groups/riverside/start/edit"
	olga, mia, eve, visitor := x.as("olga"), x.as("mia"), x.as("eve"), x.as("")
	visitor.Get(path).Want(t, 404, "")
	visitor.Get(edit).Want(t, 303, "/sign-in?next=%2Fgroups%2Friverside%2Fstart%2Fedit")
	eve.Get(edit).Want(t, 404, "")
	mia.Get(edit).Want(t, 403, "")
	mia.Post(edit, "does", "x").Want(t, 403, "")
	a := olga.Post(edit, "does", strings.Repeat("x", 20<<10), "ask", "typed", "version", "0").Want(t, 422, "")
	if a.Text("#does-error") == "" || a.Attr("#ask", "value") != "typed" {
		t.Errorf("form: %.200s", a.Text("main"))
	}
	fields := []string{"does", "We **dig**.", "first", "Come <b>along</b>.", "ask", "Whoever wears green", "version", "0"}
	olga.Post(edit, fields...).Want(t, 303, path)
	visitor.Get(path).Want(t, 404, "")
	eve.Get(path).Want(t, 404, "")
	if a = mia.Get(path).Want(t, 200, ""); !strings.Contains(a.Text("main"), "Only members see this page") || !strings.Contains(a.Text("main"), "Open assembly") {
		t.Errorf("a member reads %s", a.Text("main"))
	}
	if a = olga.Get(edit); a.Attr("input[name=version]", "value") != "1" || a.Text("#does") != "We **dig**." {
		t.Errorf("the form is filled with %s", a.Text("main"))
	}
	olga.Post(edit, append(fields[:6:6], "shown", "1", "version", "1")...).Want(t, 303, path)
	a = visitor.Get(path).Want(t, 200, "")
	text := a.Text("main")
	for _, want := range []string{"We dig", "Open assembly", "tomorrow", "Leipzig", "Come <b>along</b>.", "Set up chairs", "Whoever wears green", "Ask to join"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q: %s", want, text)
		}
	}
	if strings.Contains(text, "Only members") || strings.Contains(text, "Edit this page") || strings.Contains(text, "Take one of") {
		t.Errorf("a visitor reads %s", text)
	}
	// Whoever asks again is answered from the cache, without asking for tasks.
	asked, first := 0, x.First
	x.First = func(ctx context.Context, tx *db.Tx, g id.Group) ([]string, error) {
		asked++
		return first(ctx, tx, g)
	}
	for range 3 {
		visitor.Get(path).Want(t, 200, "")
	}
	if asked != 0 {
		t.Errorf("tasks were read %d times", asked)
	}
	// A changed page is shown at once.
	olga.Post(edit, "does", "We sing.", "shown", "1", "version", "2").Want(t, 303, path)
	if got := visitor.Get(path).Text("main"); !strings.Contains(got, "We sing.") {
		t.Errorf("kept from the cache: %s", got)
	}
	if got := visitor.Get("/panels").Text("main"); got != "New here?" {
		t.Errorf("the group's page says to visitors: %q", got)
	}
	if got := mia.Get("/panels").Text("main"); !strings.Contains(got, "Skills") || !strings.Contains(got, "Weekly mail") {
		t.Errorf("and to members: %q", got)
	}
}

func TestSkillPages(t *testing.T) {
	t.Parallel()
	x := newFixture(t, dbtest.SQLite(t))
	const path = "/groups/riverside/skills"
	x.as("").Get(path).Want(t, 303, "/sign-in?next=%2Fgroups%2Friverside%2Fskills")
	x.as("eve").Get(path).Want(t, 404, "")
	x.as("eve").Post(path, "do", "offer", "skill", "cooking").Want(t, 404, "")
	mia := x.as("mia")
	a := mia.Post(path, "do", "offer", "skill", "spying", "line", "typed").Want(t, 422, "")
	if a.Text("#skill-error") == "" || a.Attr("#line", "value") != "typed" {
		t.Errorf("form: %s", a.Text("main"))
	}
	mia.Post(path, "do", "x").Want(t, 400, "")
	mia.Post(path, "do", "offer", "skill", "cooking", "skill", "driving", "line", "my <van>", "shared", "1").Want(t, 303, path)
	a = mia.Get(path).Want(t, 200, "")
	if strings.Count(a.Body, " checked") != 3 || a.Attr("#line", "value") != "my <van>" || strings.Contains(a.Text("dl"), "@mia") || !strings.Contains(a.Text("dl"), "fewer than 3") {
		t.Errorf("mia sees %s", a.Text("main"))
	}
	if got := x.as("olga").Get(path).Text("main"); !strings.Contains(got, "1 member: @mia") || !strings.Contains(got, "my <van>") {
		t.Errorf("olga sees %s", got)
	}
	if got := x.as("ned").Get(path).Text("main"); strings.Contains(got, "In their own words") {
		t.Errorf("ned sees words: %s", got)
	}
	if got := x.as("ned").Get(path).Text("main"); strings.Contains(got, "@mia") || strings.Contains(got, "van") {
		t.Errorf("ned sees %s", got)
	}
	mia.Post(path, "do", "remove").Want(t, 303, path)
	if got := x.as("olga").Get(path).Text("main"); strings.Contains(got, "@mia") {
		t.Errorf("taken back: %s", got)
	}
}

func TestDigestPages(t *testing.T) {
	t.Parallel()
	x := newFixture(t, dbtest.SQLite(t))
	const path = "/groups/riverside/digest"
	mia := x.as("mia")
	x.as("").Get(path).Want(t, 303, "/sign-in?next=%2Fgroups%2Friverside%2Fdigest")
	x.as("eve").Get(path).Want(t, 404, "")
	x.as("eve").Post(path, "do", "ask").Want(t, 404, "")
	if got := x.as("ned").Get(path).Text("main"); !strings.Contains(got, "no e-mail address") {
		t.Errorf("ned, who has no address: %s", got)
	}
	x.as("ned").Post(path, "do", "ask").Want(t, 422, "")
	if got := mia.Get(path).Text("main"); !strings.Contains(got, "mia@example.org") {
		t.Errorf("mia: %s", got)
	}
	mia.Post(path, "do", "x").Want(t, 400, "")
	mia.Post(path, "do", "ask").Want(t, 303, path)
	x.News = []News{told("riverside", day.Of(dbtest.Now), "New")}
	x.days(7)
	text := x.sent.take()["mia@example.org"].Text
	link := "/digest/" + text[strings.Index(text, "/digest/")+8:]
	visitor := x.as("")
	visitor.Get(link+"x").Want(t, 404, "")
	visitor.Get(link).Want(t, 200, "")
	if x.count("select count(*) from digest") != 1 {
		t.Fatal("opening the link ended it")
	}
	if a := visitor.Post(link).Want(t, 200, ""); !strings.Contains(a.Text("main"), "no more") {
		t.Errorf("ended: %s", a.Text("main"))
	}
	visitor.Post(link).Want(t, 404, "")
	mia.Post(path, "do", "ask").Want(t, 303, path)
	mia.Post(path, "do", "end").Want(t, 303, path)
	if x.count("select count(*) from digest") != 0 {
		t.Error("it goes on")
	}
}

func TestQuietPages(t *testing.T) {
	t.Parallel()
	x := newFixture(t, dbtest.SQLite(t))
	const path = "/groups/riverside/quiet"
	sam, mia, olga, visitor := x.as("sam"), x.as("mia"), x.as("olga"), x.as("")
	visitor.Get(path).Want(t, 303, "/sign-in?next=%2Fgroups%2Friverside%2Fquiet")
	visitor.Post(path, "do", "here").Want(t, 401, "")
	x.as("eve").Get(path).Want(t, 404, "")
	x.as("eve").Post(path, "do", "ask").Want(t, 404, "")
	mia.Post(path, "do", "x").Want(t, 400, "")
	x.acted("sam")
	if got := mia.Get(path).Text("main"); !strings.Contains(got, "This group is looked after.") || strings.Contains(got, "still here") {
		t.Errorf("mia: %s", got)
	}
	sam.Post(path, "do", "months", "months", "5").Want(t, 422, "")
	sam.Post(path, "do", "months", "months", "3").Want(t, 303, path)
	if got := visitor.Get("/panels").Text("main"); got != "" {
		t.Errorf("visitors are told %q", got)
	}
	x.days(93)
	if got := visitor.Get("/panels").Text("main"); !strings.Contains(got, "This group is quiet.") || !strings.Contains(got, "3 months") {
		t.Errorf("visitors are told %q", got)
	}
	if a := sam.Get("/panels"); a.Attr("form", "action") != path {
		t.Errorf("sam is shown %s", a.Text("main"))
	}
	if a := olga.Post(path, "do", "ask").Want(t, 422, ""); !strings.Contains(a.Text(".error-summary"), "too early") || !strings.Contains(a.Text("main"), "You can ask") {
		t.Errorf("olga is told %s", a.Text("main"))
	}
	x.days(answerDays)
	olga.Post(path, "do", "ask").Want(t, 303, path)
	if got := mia.Get(path).Text("main"); !strings.Contains(got, "olga asks to take this group on.") {
		t.Errorf("mia is told %s", got)
	}
	if got := mia.Get("/panels").Text("main"); !strings.Contains(got, "olga asks") {
		t.Errorf("mia is told on the group's page: %s", got)
	}
	for _, who := range []string{"", "eve"} {
		if got := x.as(who).Get("/panels").Text("main"); strings.Contains(got, "olga") {
			t.Errorf("%q is told %s", who, got)
		}
	}
	if got := olga.Get(path).Text("main"); !strings.Contains(got, "I would rather not") {
		t.Errorf("olga is told %s", got)
	}
	sam.Post(path, "do", "here").Want(t, 303, path)
	if got := visitor.Get("/panels").Text("main"); got != "" {
		t.Errorf("still quiet: %q", got)
	}
}

func TestMembersByAPI(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		const g = "/groups/riverside"
		mia, olga, sam, eve := c.As("mia"), c.As("olga"), c.As("sam"), c.As("eve")
		for _, path := range []string{"/skills", "/digest", "/quiet"} {
			c.Get(g+path).Refused(401, "token.missing")
			eve.Get(g+path).Refused(404, "web.not_found")
		}
		var s apiStart
		c.Get(g+"/start").Refused(404, "web.not_found")
		mia.Do("PUT", g+"/start", map[string]any{"does": "x"}).Refused(403, "authz.forbidden")
		eve.Do("PUT", g+"/start", map[string]any{"does": "x"}).Refused(404, "web.not_found")
		c.As("olga read").Do("PUT", g+"/start", map[string]any{"does": "x"}).Refused(403, "token.scope")
		olga.Do("PUT", g+"/start", map[string]any{"ask": strings.Repeat("x", 201)}).Refused(422, "form.invalid", "#/ask", "start.ask_long")
		olga.Do("PUT", g+"/start", map[string]any{"does": "We dig.", "shown": true, "version": 0}).Want(200, &s)
		olga.Do("PUT", g+"/start", map[string]any{"does": "We sing.", "version": 0}).Refused(409, "start.changed_meanwhile")
		c.Get(g+"/start").Want(200, &s)
		asked, first := 0, x.First
		x.First = func(ctx context.Context, tx *db.Tx, g id.Group) ([]string, error) {
			asked++
			return first(ctx, tx, g)
		}
		for range 2 {
			if c.Get(g+"/start").Want(200, &s); asked != 0 {
				t.Error("tasks are read again for a page that was just shown")
			}
		}
		if s.Does != "We dig." || !s.Shown || s.Version != 1 || s.Next == nil || s.Next.URL != "http://localhost/assemblies/1" || s.Joining != "request" || len(s.Tasks) != 1 {
			t.Errorf("%+v", s)
		}
		var k apiSkills
		mia.Do("PUT", g+"/skills/mine", map[string]any{}).Refused(422, "form.invalid", "#/skill", "skill.none")
		mia.Do("PUT", g+"/skills/mine", map[string]any{"skill": []string{"spying"}}).Refused(422, "form.invalid", "#/skill/0", "api.choice")
		for range 2 {
			mia.Do("PUT", g+"/skills/mine", map[string]any{"skill": []string{"cooking"}, "line": "my van", "shared": true}).Want(200, &k)
		}
		if len(k.Skills) != 1 || k.Skills[0].People != nil || k.Skills[0].Handles != nil || k.Words != nil || k.Mine == nil || k.Mine.Line != "my van" {
			t.Errorf("%+v", k)
		}
		k = apiSkills{}
		olga.Get(g+"/skills").Want(200, &k)
		if len(k.Skills) != 1 || k.Skills[0].People == nil || *k.Skills[0].People != 1 || k.Skills[0].Handles[0] != "mia" || k.Words[0].Line != "my van" || k.Mine != nil {
			t.Errorf("%+v", k)
		}
		for range 2 {
			mia.Do("DELETE", g+"/skills/mine", nil).Want(204, nil)
		}
		var d apiDigest
		c.As("ned").Do("PUT", g+"/digest", nil).Refused(409, "digest.no_address")
		mia.Do("PUT", g+"/digest", nil).Want(200, &d)
		if !d.On || d.Next == "" {
			t.Errorf("%+v", d)
		}
		mia.Do("DELETE", g+"/digest", nil).Want(204, nil)
		mia.Get(g+"/digest").Want(200, &d)
		if d.On {
			t.Errorf("%+v", d)
		}
		var q apiQuiet
		mia.Get(g+"/quiet").Want(200, &q)
		if q.Phase != "active" || q.Months != 6 {
			t.Errorf("%+v", q)
		}
		mia.Do("PUT", g+"/quiet", map[string]any{"do": "here"}).Refused(403, "authz.forbidden")
		mia.Do("PUT", g+"/quiet", map[string]any{"do": "ask"}).Refused(409, "quiet.active")
		sam.Do("PUT", g+"/quiet", map[string]any{"do": "months", "months": 4}).Refused(422, "form.invalid", "#/months", "quiet.months")
		sam.Do("PUT", g+"/quiet", map[string]any{"do": "months", "months": 12}).Want(200, &q)
		c.As("sam read").Do("PUT", g+"/quiet", map[string]any{"do": "here"}).Refused(403, "token.scope")
		if q.Months != 12 {
			t.Errorf("%+v", q)
		}
	})
}
