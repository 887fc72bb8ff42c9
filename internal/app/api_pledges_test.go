package app_test

import (
	"testing"

	"convoke/internal/api/apitest"
)

// A program drafts a pledge once for each key, changes it, is told when somebody
// else did meanwhile, opens it, and reads it as described.
func TestPledgesByAPI(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam, actor := s.signIn("sam")
		s.group(actor, "riverside", "Riverside Neighbours")
		c := apitest.New(t, s.Site)
		mine := c.As(token(t, sam, "read", "groups:write"))
		tools := map[string]any{
			"title": "A tool for the garden day", "body": "I bring **one tool**.", "lang": "en", "kind": "bring", "gate": "browser", "split": "all",
			"people": 3, "day": "2026-05-10", "time": "18:00",
		}
		type pledge struct {
			Slug, Title, State, Deadline string
			People, Sequence             int
		}
		var one, again, now pledge
		mine.Do("POST", "/groups/riverside/pledges", tools, "Idempotency-Key", "tools-once").Want(201, &one)
		mine.Do("POST", "/groups/riverside/pledges", tools, "Idempotency-Key", "tools-once").Want(201, &again)
		if one != again || one.Title != tools["title"] || one.State != "draft" || one.People != 3 || one.Deadline != "2026-05-10T16:00:00Z" {
			t.Errorf("%+v, then %+v", one, again)
		}
		at := "/pledges/" + one.Slug
		c.Get(at).Refused(404, "web.not_found")
		tools["people"], tools["sequence"] = 4, one.Sequence
		mine.Do("PUT", at, tools).Want(200, &now)
		if now.People != 4 || now.Sequence != one.Sequence+1 {
			t.Errorf("changed to %+v", now)
		}
		mine.Do("PUT", at, tools).Refused(409, "pledge.changed_meanwhile")
		tools["title"], tools["sequence"] = " ", now.Sequence
		mine.Do("PUT", at, tools).Refused(422, "form.invalid", "#/title", "pledge.no_title")
		mine.Do("POST", at+"/open", map[string]any{"sequence": one.Sequence}).Refused(409, "pledge.changed_meanwhile")
		mine.Do("POST", at+"/open", map[string]any{"sequence": now.Sequence}).Want(200, &now)
		var list struct{ Items []pledge }
		c.Get("/pledges").Want(200, &list)
		c.Get(at).Want(200, &again)
		if again != now || again.State != "open" || len(list.Items) != 1 || list.Items[0].Deadline != one.Deadline {
			t.Errorf("%+v, and %+v", again, list)
		}
		mine.Do("PUT", at, map[string]any{
			"title": "Two tools", "body": "Two.", "lang": "en", "kind": "bring", "gate": "browser", "split": "all", "people": 2, "day": "2026-05-10", "sequence": now.Sequence,
		}).Refused(409, "pledge.frozen")
	})
}
