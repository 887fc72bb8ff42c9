package coalitions

import (
	"strings"
	"testing"

	"convoke/internal/api/apitest"
	"convoke/internal/authz"
	"convoke/internal/web/webtest"
)

// programs serves the API over x.
func (x *fixture) programs(t *testing.T) *apitest.Client {
	site := webtest.New(t, x.clock, nil)
	x.DB.OnTouch(site.Cache().Touch)
	(&Web{x.Service}).MountAPI(apitest.Node(t, site))
	return apitest.New(t, site)
}

// by is a client with a token of a person.
func by(c *apitest.Client, p authz.Actor, scopes ...string) *apitest.Client {
	return c.As(strings.Join(append([]string{string(p.Person)}, scopes...), " "))
}

func valleyBody() map[string]any {
	return map[string]any{
		"group": "anglers", "band": 1, "name": "The valley", "handle": "valley", "points": "We share the water.",
		"weights": "bands", "polls": "open", "entry": "apply", "seats": 2, "notice": 7,
	}
}

func TestAPI(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs(t)
		ada, ben, eve := x.person("ada"), x.person("ben"), x.person("eve")
		x.group("anglers", ada)
		x.group("bakers", ben, eve)
		var v apiCoalition
		key := []string{"Idempotency-Key", "one-and-only"}
		a := by(c, ada).Do("POST", "/coalitions", valleyBody(), key...).Want(201, &v)
		if v.Handle != "valley" || v.Groups != 1 || v.Delegates != 1 || v.Points.Version != 1 || v.Rule == "" || len(v.Bands) != 5 || v.Bands[4].Weight != 8 ||
			a.Header.Get("Location") != "http://localhost/api/v1/groups/valley/coalition" {
			t.Errorf("%+v", v)
		}
		by(c, ada).Do("POST", "/coalitions", valleyBody(), key...).Want(201, &v) // an answer that was lost
		var list struct{ Items []CoalitionItem }
		c.Get("/coalitions").Want(200, &list)
		if len(list.Items) != 1 || list.Items[0].Groups != 1 || list.Items[0].Weights != "bands" {
			t.Errorf("%+v", list)
		}
		join := func(p authz.Actor, group, do string, more ...any) apitest.Answer {
			body := map[string]any{"group": group, "do": do}
			for i := 0; i+1 < len(more); i += 2 {
				body[more[i].(string)] = more[i+1]
			}
			return by(c, p).Do("POST", "/groups/valley/coalition/groups", body)
		}
		join(ben, "bakers", "apply", "band", 4).Refused(422, "form.invalid", "#/version", "coalition.points_changed")
		join(ben, "bakers", "apply", "version", 1, "band", 4).Want(204, nil)
		c.Get("/groups/valley/coalition").Want(200, &v)
		if len(v.Applied) != 0 {
			t.Error("everybody sees who asks")
		}
		by(c, ada).Get("/groups/valley/coalition").Want(200, &v)
		if len(v.Applied) != 1 || v.Applied[0].Handle != "bakers" {
			t.Errorf("%+v", v)
		}
		join(eve, "bakers", "accept").Refused(403, "authz.forbidden")
		join(ada, "bakers", "accept").Want(204, nil)

		var made apiAppointed
		mandate := map[string]any{"coalition": "valley", "person": "eve", "alternate": "ben", "mandate": "free", "day": "2027-05-31"}
		key = []string{"Idempotency-Key", "eve-for-the-bakers"}
		by(c, ben).Do("POST", "/groups/bakers/delegates", mandate, key...).Want(201, &made)
		first := made.ID
		by(c, ben).Do("POST", "/groups/bakers/delegates", mandate, key...).Want(201, &made)
		if made.ID != first {
			t.Error("sent twice, it asked twice")
		}
		by(c, ada).Do("POST", "/groups/bakers/delegates/"+first, map[string]any{"do": "take"}).Refused(404, "web.not_found")
		by(c, eve).Do("POST", "/groups/bakers/delegates/"+first, map[string]any{"do": "take"}).Want(204, nil)
		by(c, ben).Do("POST", "/groups/bakers/delegates/"+first, map[string]any{"do": "take"}).Want(204, nil)
		var d apiGroupDelegates
		c.Get("/groups/valley/delegates").Want(200, &d)
		if len(d.Items) != 2 || d.Items[1].Weight != 8 || d.Items[1].Seats[0].Handle != "" || d.Items[1].Seats[0].Until != "2027-05-31" || !d.Items[1].Seats[0].HasAlternate {
			t.Errorf("%+v", d)
		}
		by(c, ada).Get("/groups/valley/delegates").Want(200, &d)
		if d.Items[1].Seats[0].Handle != "eve" {
			t.Errorf("%+v", d)
		}
		by(c, ben).Do("POST", "/groups/bakers/delegates/"+first, map[string]any{"do": "recall"}).Want(204, nil)
		d = apiGroupDelegates{}
		by(c, ben).Get("/groups/bakers/delegates").Want(200, &d)
		if len(d.BelongsTo) != 1 || len(d.BelongsTo[0].Seats) != 1 || !d.BelongsTo[0].Seats[0].StandsIn || d.BelongsTo[0].Seats[0].Handle != "ben" {
			t.Errorf("%+v", d)
		}

		rules := map[string]any{"weights": "group", "polls": "secret", "entry": "invite", "seats": 3, "notice": 1}
		by(c, ada).Do("PUT", "/groups/valley/coalition", rules).Want(200, &v)
		rules["seats"] = 4
		by(c, ada).Do("PUT", "/groups/valley/coalition", rules).Refused(409, "coalition.changed_meanwhile")
		by(c, eve).Do("PUT", "/groups/valley/coalition", rules).Refused(403, "authz.forbidden")
		points := map[string]any{"version": 1, "points": "We share the wood."}
		by(c, ada).Do("PUT", "/groups/valley/coalition/points", points).Want(200, &v)
		if v.Points.Version != 2 || v.Polls != "secret" || v.Seats != 3 {
			t.Errorf("%+v", v)
		}
		join(ben, "bakers", "terms", "version", 2, "band", 3).Want(204, nil)

		working := func(p authz.Actor, of, group, do string) apitest.Answer {
			return by(c, p).Do("POST", "/groups/"+of+"/working-groups", map[string]any{"group": group, "do": do, "purpose": "Bread"})
		}
		working(ada, "valley", "bakers", "ask").Want(204, nil)
		working(ben, "bakers", "valley", "yes").Want(204, nil)
		var all apiWorkingGroups
		c.Get("/groups/valley/working-groups").Want(200, &all)
		if len(all.Items) != 1 || all.Items[0].Purpose != "Bread" || !all.Items[0].Listed {
			t.Errorf("%+v", all)
		}
		join(ben, "bakers", "leave").Want(204, nil)
		c.Get("/groups/valley/coalition").Want(200, &v)
		if v.Groups != 1 {
			t.Errorf("%+v", v)
		}
	})
}

func TestAPIRefuses(t *testing.T) {
	t.Parallel()
	x := newNode(t)
	c := x.programs(t)
	ada, eve := x.person("ada"), x.person("eve")
	x.group("anglers", ada, eve)
	key := []string{"Idempotency-Key", "some-key-or-other"}
	c.Do("POST", "/coalitions", valleyBody()).Refused(401, "token.missing")
	by(c, ada, "read").Do("POST", "/coalitions", valleyBody()).Refused(403, "token.scope")
	by(c, eve).Do("POST", "/coalitions", valleyBody(), key...).Refused(403, "authz.forbidden")
	bad := valleyBody()
	bad["seats"], bad["points"], bad["band"] = 99, "", 7
	by(c, ada).Do("POST", "/coalitions", bad, key...).Refused(422, "form.invalid", "#/seats", "coalition.seats", "#/points", "coalition.no_points", "#/band", "coalition.band")
	c.Get("/groups/anglers/coalition").Refused(404, "web.not_found")
	c.Get("/groups/nobody/delegates").Refused(404, "web.not_found")
	by(c, ada).Do("POST", "/groups/anglers/delegates", map[string]any{"coalition": "nobody", "person": "eve", "mandate": "free", "day": "2027-05-31"}, key...).
		Refused(404, "web.not_found")
}
