package groups

import (
	"testing"

	"convoke/internal/authz"
)

// Organizers' programs tell members something once, and answer who asks to come
// in; those of others learn nothing.
func TestAPIInside(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		sam, olga, mia, eve, kim := x.person("sam"), x.person("olga"), x.person("mia"), x.person("eve"), x.person("kim")
		g := x.group(sam, "riverside", "Riverside Neighbours")
		x.join(g, olga, authz.Organizer)
		x.join(g, mia, authz.Member)
		const told, asked = "/groups/riverside/announcements", "/groups/riverside/requests"
		text := map[string]any{"title": "Key", "body": "It is **under** the mat."}
		by(c, mia).Do("POST", told, text, "Idempotency-Key", "the-key-1").Refused(403, "authz.forbidden")
		by(c, olga, "read").Do("POST", told, text, "Idempotency-Key", "the-key-1").Refused(403, "token.scope")
		mine := by(c, olga)
		mine.Do("POST", told, text).Refused(400, "api.key")
		mine.Do("POST", told, map[string]any{"title": "", "body": " "}, "Idempotency-Key", "the-key-0").
			Refused(422, "form.invalid", "#/title", "group.no_title", "#/body", "group.no_body")
		var one, again apiAnnouncement
		mine.Do("POST", told, text, "Idempotency-Key", "the-key-1").Want(201, &one)
		mine.Do("POST", told, text, "Idempotency-Key", "the-key-1").Want(201, &again)
		mine.Do("POST", told, map[string]any{"title": "Other", "body": "x"}, "Idempotency-Key", "the-key-1").Refused(409, "api.key_reused")
		var list struct{ Items []apiAnnouncement }
		by(c, mia, "read").Get(told).Want(200, &list)
		if one != again || len(list.Items) != 1 || list.Items[0] != one || one.Title != "Key" || one.Body != "It is **under** the mat." {
			t.Errorf("%+v, then %+v; %+v", one, again, list)
		}
		c.Get(told).Refused(401, "token.missing")
		by(c, eve).Get(told).Refused(404, "web.not_found")
		by(c, mia).Do("DELETE", told+"/"+one.ID, nil).Refused(403, "authz.forbidden")
		mine.Do("DELETE", told+"/"+one.ID, nil).Want(204, nil)
		mine.Do("DELETE", told+"/"+one.ID, nil).Refused(404, "web.not_found")

		x.settings(sam, "riverside", SettingsInput{Joining: ByRequest})
		for _, p := range []authz.Actor{eve, kim} {
			if _, err := x.Ask(t.Context(), p, "riverside", JoinInput{Note: "Hello from " + p.Handle}); err != nil {
				t.Fatal(err)
			}
		}
		by(c, mia).Get(asked).Refused(403, "authz.forbidden")
		by(c, olga, "read", "groups:write").Get(asked).Refused(403, "token.scope")
		var q struct{ Items []apiJoinRequest }
		mine.Get(asked).Want(200, &q)
		if len(q.Items) != 2 {
			t.Fatalf("%+v", q)
		}
		for _, r := range q.Items {
			if r.Note != "Hello from "+r.Handle {
				t.Errorf("%+v", r)
			}
			at := asked + "/" + r.ID
			by(c, mia).Do("PUT", at, map[string]any{"answer": "accept"}).Refused(403, "authz.forbidden")
			if r.Handle == "eve" {
				for range 2 {
					mine.Do("PUT", at, map[string]any{"answer": "accept"}).Want(204, nil)
				}
				continue
			}
			mine.Do("PUT", at, map[string]any{"answer": "refuse"}).Refused(422, "form.invalid", "#/reason", "group.no_reason")
			mine.Do("PUT", at, map[string]any{"answer": "refuse", "reason": "Not now."}).Want(204, nil)
			mine.Do("PUT", at, map[string]any{"answer": "accept"}).Want(204, nil) // too late
		}
		if x.role(g, eve) != authz.Member || x.role(g, kim) != authz.None {
			t.Errorf("eve is %q, kim is %q", x.role(g, eve), x.role(g, kim))
		}
		mine.Do("PUT", asked+"/nothing", map[string]any{"answer": "accept"}).Refused(404, "web.not_found")
	})
}

// Stewards' programs publish rules of conduct, and say how people come in.
func TestAPIRules(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		sam, olga := x.person("sam"), x.person("olga")
		x.join(x.group(sam, "riverside", "Riverside Neighbours"), olga, authz.Organizer)
		const conduct, newcomers = "/groups/riverside/conduct", "/groups/riverside/newcomers"
		c.Get(conduct).Refused(404, "web.not_found")
		rules := map[string]any{"body": "We **listen**."}
		c.Do("PUT", conduct, rules).Refused(401, "token.missing")
		by(c, olga).Do("PUT", conduct, rules).Refused(403, "authz.forbidden")
		by(c, sam, "read", "roles:write").Do("PUT", conduct, rules).Refused(403, "token.scope")
		mine := by(c, sam, "groups:write")
		var r apiConduct
		for range 2 {
			mine.Do("PUT", conduct, rules).Want(200, &r)
		}
		if r.Version != 1 || r.Body != "We **listen**." || r.Day == "" {
			t.Errorf("%+v", r)
		}
		mine.Do("PUT", conduct, map[string]any{"body": "We listen and ask."}).Want(200, &r)
		c.Get(conduct+"?version=1").Want(200, &r)
		if r.Body != "We **listen**." {
			t.Errorf("%+v", r)
		}
		c.Get(conduct+"?version=9").Refused(404, "web.not_found")
		// Of two who have read the same version, the second replaces nothing.
		late := map[string]any{"body": "We sing.", "version": 1}
		mine.Do("PUT", conduct, late).Refused(409, "group.changed_meanwhile")
		mine.Do("PUT", conduct, map[string]any{"body": "We listen and ask.", "version": 1}).Want(200, &r) // the answer was lost
		if r.Version != 2 || r.Body != "We listen and ask." {
			t.Errorf("%+v", r)
		}
		mine.Do("PUT", conduct, map[string]any{"body": "", "version": 2}).Want(200, &r)
		mine.Do("PUT", conduct, map[string]any{"body": "We sing.", "version": 2}).Refused(409, "group.changed_meanwhile")
		mine.Do("PUT", conduct, map[string]any{"body": "We sing.", "version": 0}).Want(200, &r)
		mine.Do("PUT", conduct, map[string]any{"body": "We dance.", "version": 0}).Refused(409, "group.changed_meanwhile")
		mine.Do("PUT", conduct, map[string]any{"body": ""}).Want(200, &r)
		c.Get(conduct).Refused(404, "web.not_found")

		by(c, olga).Get(newcomers).Refused(403, "authz.forbidden")
		by(c, olga).Do("PUT", newcomers, map[string]any{"joining": "open"}).Refused(403, "authz.forbidden")
		mine.Do("PUT", newcomers, map[string]any{"joining": "anyhow"}).Refused(422, "form.invalid", "#/joining", "api.choice")
		var n apiNewcomers
		mine.Do("PUT", newcomers, map[string]any{"joining": "request", "welcome": "Hello."}).Want(200, &n)
		mine.Get(newcomers).Want(200, &n)
		if n.Version == "" || n != (apiNewcomers{"request", "Hello.", n.Version}) {
			t.Errorf("%+v", n)
		}
		first, second := n, n
		first.Welcome, second.Welcome = "Hello and welcome.", "Come in."
		mine.Do("PUT", newcomers, first).Want(200, &n)
		mine.Do("PUT", newcomers, first).Want(200, &n) // the answer was lost
		mine.Do("PUT", newcomers, second).Refused(409, "group.changed_meanwhile")
		mine.Get(newcomers).Want(200, &n)
		if n.Version == first.Version || n.Welcome != first.Welcome {
			t.Errorf("%+v", n)
		}
		second.Version = n.Version
		mine.Do("PUT", newcomers, second).Want(200, &n)
	})
}
