package statements

import (
	"fmt"
	"strings"
	"testing"

	"convoke/internal/api/apitest"
	"convoke/internal/fact"
	"convoke/internal/web/webtest"
)

// programs serves the API over s.
func (s *stand) programs() *apitest.Client {
	site := webtest.New(s.t, s.clock, nil)
	s.db.OnTouch(site.Cache().Touch)
	s.MountAPI(apitest.Node(s.t, site))
	return apitest.New(s.t, site)
}

func body(pairs ...any) map[string]any {
	m := map[string]any{
		"title": "Open the  bridge", "markdown": "We **say** so.", "lang": "en", "day": "2026-05-01", "state": "published",
		"tags": []string{"bridges", "walking"},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

func TestAPIStatements(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		c := s.programs()
		mine := c.As("olga")
		const path = "/groups/riverside/statements"
		var st, again apiStatement
		a := mine.Do("POST", path, body(), "Idempotency-Key", "bridge-1").Want(201, &st)
		if st.Texts[0].Title != "Open the bridge" || st.Day != "2026-05-01" || st.Group != "riverside" || len(st.Tags) != 2 ||
			a.Header.Get("Location") != "http://localhost/api/v1/statements/"+st.ID {
			t.Errorf("%+v", st)
		}
		mine.Do("POST", path, body(), "Idempotency-Key", "bridge-1").Want(201, &again)
		if again.ID != st.ID || len(s.facts.all) != 1 || s.facts.all[0] != (fact.StatementPublished{Statement: st.ID, Group: "g1"}) {
			t.Errorf("the same key made two statements, or it was told otherwise: %v", s.facts.all)
		}
		mine.Do("POST", path, body("title", "Another"), "Idempotency-Key", "bridge-1").Refused(409, "api.key_reused")
		shown := c.Get("/statements/"+st.ID).Want(200, nil)
		c.Get("/statements/"+st.ID, "If-None-Match", shown.Header.Get("ETag")).Want(304, nil)

		mine.Do("PUT", "/statements/"+st.ID, body("title", "Open both bridges")).Refused(422, "form.invalid", "#/note", "statement.no_note")
		mine.Do("PUT", "/statements/"+st.ID, body("title", "Open both bridges", "note", "There are two.")).Want(200, &st)
		if st.Texts[0].Title != "Open both bridges" || len(st.Corrections) != 1 || st.Corrections[0].Note != "There are two." || st.Sequence != 1 {
			t.Errorf("%+v", st)
		}
		mine.Do("PUT", "/statements/"+st.ID+"/picture", apitest.File{Field: "picture", Name: "a.png", Data: []byte("x")}).Want(200, &st)
		if st.Picture != "http://localhost/pictures/picturekey" {
			t.Errorf("picture: %q", st.Picture)
		}
		mine.Do("DELETE", "/statements/"+st.ID+"/picture", nil).Want(204, nil)
		mine.Get("/statements/"+st.ID).Want(200, &st)
		mine.Do("PUT", "/statements/"+st.ID, body("note", "x", "sequence", 0)).Refused(409, "statement.changed_meanwhile")
		version := map[string]any{"title": "Öffnet beide Brücken", "markdown": "Das sagen wir.", "sequence": st.Sequence}
		mine.Do("PUT", "/statements/"+st.ID+"/texts/de", version).Want(200, &st)
		if len(st.Texts) != 2 || st.Texts[1].Lang != "de" || st.Texts[1].Title != "Öffnet beide Brücken" {
			t.Errorf("%+v", st)
		}
		mine.Do("POST", "/statements/"+st.ID+"/withdraw", map[string]any{"why": "", "sequence": st.Sequence}).Refused(422, "form.invalid", "#/why", "statement.no_reason")
		mine.Do("POST", "/statements/"+st.ID+"/withdraw", map[string]any{"why": "It is open now.", "sequence": st.Sequence}).Want(200, nil)
		c.Get("/statements/"+st.ID, "If-None-Match", shown.Header.Get("ETag")).Want(200, &st)
		if st.State != "withdrawn" || st.Why != "It is open now." || st.Texts[0].Markdown != "" {
			t.Errorf("%+v", st)
		}
	})
}

func TestAPIStatementsPageByPage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		c := s.programs()
		for i := range 5 {
			in := some(fmt.Sprint("Number ", i))
			in.Day = fmt.Sprintf("2026-04-%02d", i+1)
			s.publish("riverside", in)
		}
		s.publish("harbour", some("Of another group"))
		var days []string
		after := ""
		for range 5 {
			var page struct {
				Items []apiStatement
				Next  string
			}
			c.Get("/statements?group=riverside&limit=2&after="+after).Want(200, &page)
			for _, x := range page.Items {
				days = append(days, x.Day[8:])
			}
			if after = page.Next; after == "" {
				break
			}
		}
		if got := strings.Join(days, " "); got != "05 04 03 02 01" {
			t.Errorf("listed: %s", got)
		}
	})
}

func TestAPIStatementsAreRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		c := s.programs()
		const path = "/groups/riverside/statements"
		key := []string{"Idempotency-Key", "refused-1"}
		c.Do("POST", path, body(), key...).Refused(401, "token.missing")
		c.As("olga events:write").Do("POST", path, body(), key...).Refused(403, "token.scope")
		c.As("mia").Do("POST", path, body(), key...).Refused(403, "authz.forbidden")
		c.As("olga").Do("POST", path, body("title", "", "day", "soon", "lang", "xx"), key...).Refused(422, "form.invalid", "#/lang", "api.choice")
		c.As("olga").Do("POST", path, body("title", "", "day", "soon"), key...).Refused(422, "form.invalid",
			"#/title", "statement.no_title", "#/day", "statement.day")
		c.As("olga").Do("POST", path, body("state", "withdrawn"), key...).Refused(422, "form.invalid", "#/state", "api.choice")
		var draft apiStatement
		c.As("olga").Do("POST", path, body("state", "draft"), key...).Want(201, &draft)
		if len(s.facts.all) != 0 {
			t.Errorf("a draft was told of: %v", s.facts.all)
		}
		c.As("mia").Get("/statements/"+draft.ID).Want(200, nil)
		c.As("otto").Get("/statements/"+draft.ID).Refused(404, "statement.not_found")
		c.Get("/statements/"+draft.ID).Refused(404, "statement.not_found")
		c.Get("/statements/x").Refused(404, "statement.not_found")
		c.Get("/statements?lang=xx&limit=0&after=x").Refused(422, "form.invalid",
			"#/lang", "search.lang", "#/limit", "statement.limit", "#/after", "search.cursor")
		s.groups.suspended["g1"] = true
		c.As("olga").Do("PUT", "/statements/"+draft.ID, body()).Refused(403, "authz.suspended")
	})
}
