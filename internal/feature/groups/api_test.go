package groups

import (
	"strings"
	"testing"

	"convoke/internal/api/apitest"
	"convoke/internal/authz"
	"convoke/internal/web/webtest"
)

// programs serves the API over x.
func (x *fixture) programs() *apitest.Client {
	site := webtest.New(x.t, x.clock, nil)
	x.DB.OnTouch(site.Cache().Touch)
	x.MountAPI(apitest.Node(x.t, site))
	return apitest.New(x.t, site)
}

// by is a client with a token of a person.
func by(c *apitest.Client, p authz.Actor, scopes ...string) *apitest.Client {
	return c.As(strings.Join(append([]string{string(p.Person)}, scopes...), " "))
}

type groupList struct {
	Items []apiGroup
	Next  string
}

func TestAPIGroups(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		sam := x.person("sam")
		mine := by(c, sam)
		var g apiGroup
		body := map[string]any{"name": "Riverside Neighbours", "handle": "riverside", "place": "Leipzig", "langs": []string{"de"}, "about": "Come along"}
		a := mine.Do("POST", "/groups", body).Want(201, &g)
		if g.Handle != "riverside" || g.Place != "Leipzig, Germany" || g.Zone != "Europe/Berlin" || g.Lat == nil ||
			a.Header.Get("Location") != "http://localhost/api/v1/groups/riverside" {
			t.Errorf("%+v", g)
		}
		mine.Do("POST", "/groups", body).Want(201, &g) // an answer that was lost
		for _, name := range []string{"Bakers of the North", "Choir"} {
			mine.Do("POST", "/groups", map[string]any{"name": name, "handle": strings.ToLower(name[:5])}).Want(201, nil)
		}
		var names []string
		after := ""
		for range 5 {
			var page groupList
			c.Get("/groups?limit=2&after="+after).Want(200, &page)
			for _, g := range page.Items {
				names = append(names, g.Name)
			}
			if after = page.Next; after == "" {
				break
			}
		}
		if got := strings.Join(names, ", "); got != "Bakers of the North, Choir, Riverside Neighbours" {
			t.Errorf("listed: %s", got)
		}
		var found groupList
		c.Get("/groups?q=choi").Want(200, &found)
		if len(found.Items) != 1 || found.Items[0].Handle != "choir" {
			t.Errorf("%+v", found)
		}
		shown := c.Get("/groups/riverside").Want(200, nil)
		c.Get("/groups/riverside", "If-None-Match", shown.Header.Get("ETag")).Want(304, nil)
		mine.Do("PUT", "/groups/riverside", map[string]any{"name": "Riverside Friends", "place": "Leipzig, Germany"}).Want(200, &g)
		if g.Name != "Riverside Friends" || g.About != "" || g.Place != "Leipzig, Germany" {
			t.Errorf("%+v", g)
		}
		c.Get("/groups/riverside", "If-None-Match", shown.Header.Get("ETag")).Want(200, nil)
		// Of two who read the same group, the second does not overwrite the first.
		version := g.Version
		mine.Do("PUT", "/groups/riverside", map[string]any{"name": "Riverside Friends", "about": "We dig.", "version": version}).Want(200, &g)
		mine.Do("PUT", "/groups/riverside", map[string]any{"name": "Riverside Friends", "about": "We dig.", "version": version}).Want(200, &g) // the answer was lost
		mine.Do("PUT", "/groups/riverside", map[string]any{"name": "Riverside Friends", "about": "We sing.", "version": version}).Refused(409, "group.changed_meanwhile")
		if g.About != "We dig." || g.Version == version {
			t.Errorf("%+v", g)
		}
	})
}

func TestAPIGroupsAreRefused(t *testing.T) {
	t.Parallel()
	x := newNode(t)
	c := x.programs()
	sam, eve := x.person("sam"), x.person("eve")
	good := map[string]any{"name": "Riverside", "handle": "riverside"}
	c.Do("POST", "/groups", good).Refused(401, "token.missing")
	by(c, sam, "read").Do("POST", "/groups", good).Refused(403, "token.scope")
	by(c, sam).Do("POST", "/groups", map[string]any{"name": "", "handle": "new", "place": "Springfield"}).Refused(422, "form.invalid",
		"#/name", "group.no_name", "#/handle", "handle.reserved", "#/place", "group.place_which")
	by(c, sam).Do("POST", "/groups", good).Want(201, nil)
	by(c, eve).Do("PUT", "/groups/riverside", map[string]any{"name": "Mine now"}).Refused(404, "web.not_found")
	c.Get("/groups/nobody").Refused(404, "web.not_found")
	c.Get("/groups?limit=0").Refused(422, "form.invalid", "#/limit", "api.value")
	// A token never has an operator's powers, not even an operator's own.
	if err := x.Suspend(t.Context(), authz.Actor{Person: "op", Operator: true}, "riverside", true); err != nil {
		t.Fatal(err)
	}
	c.As("op").Get("/groups/riverside").Refused(404, "web.not_found")
	by(c, sam).Get("/groups/riverside").Want(200, nil)
}

func TestAPIMembers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		sam, ada, eve := x.person("sam"), x.person("ada"), x.person("eve")
		g, err := x.Create(t.Context(), CreateInput{Name: "Riverside", Handle: "riverside"}, sam)
		if err != nil {
			t.Fatal(err)
		}
		x.join(g, ada, authz.Member)
		steward := by(c, sam)
		var list struct{ Items []apiMember }
		steward.Get("/groups/riverside/members").Want(200, &list)
		if len(list.Items) != 2 || list.Items[0].Handle != "ada" || list.Items[0].Role != "member" || list.Items[0].Since == "" {
			t.Errorf("%+v", list)
		}
		by(c, sam, "read", "groups:write").Get("/groups/riverside/members").Refused(403, "token.scope")
		by(c, ada).Get("/groups/riverside/members").Refused(403, "authz.forbidden")
		by(c, eve).Get("/groups/riverside/members").Refused(404, "web.not_found")
		c.Get("/groups/riverside/members").Refused(401, "token.missing")

		steward.Do("PUT", "/groups/riverside/members/ada", map[string]any{"role": "organizer"}).Want(200, nil)
		if x.role(g, ada) != authz.Organizer {
			t.Error("the role is as it was")
		}
		steward.Do("PUT", "/groups/riverside/members/ada", map[string]any{"role": "king"}).Refused(422, "form.invalid", "#/role", "api.choice")
		steward.Do("PUT", "/groups/riverside/members/sam", map[string]any{"role": "member"}).Refused(409, "group.last_steward")
		var mine struct{ Items []apiMine }
		by(c, ada).Get("/me/groups").Want(200, &mine)
		if len(mine.Items) != 1 || mine.Items[0].Role != "organizer" || mine.Items[0].Handle != "riverside" {
			t.Errorf("%+v", mine)
		}
		by(c, ada).Do("DELETE", "/me/groups/riverside", nil).Want(204, nil)
		x.join(g, ada, authz.Member)
		steward.Do("DELETE", "/groups/riverside/members/ada", nil).Want(204, nil)
		if x.role(g, ada) != authz.None {
			t.Error("she is still there")
		}
	})
}

func TestAPIInvitations(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		sam, ada := x.person("sam"), x.person("ada")
		g, err := x.Create(t.Context(), CreateInput{Name: "Riverside", Handle: "riverside"}, sam)
		if err != nil {
			t.Fatal(err)
		}
		x.join(g, ada, authz.Organizer)
		var link apiLink
		a := by(c, ada).Do("POST", "/groups/riverside/invitations", map[string]any{"role": "member"}, "Idempotency-Key", "for-one-member").Want(201, &link)
		if !strings.HasPrefix(link.URL, "http://localhost/invitations/secret-") || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%+v %v", link, a.Header)
		}
		by(c, ada).Do("POST", "/groups/riverside/invitations", map[string]any{"role": "steward"}, "Idempotency-Key", "for-one-steward").Refused(403, "authz.forbidden")
		var open struct{ Items []apiInvitation }
		by(c, sam).Get("/groups/riverside/invitations").Want(200, &open)
		if len(open.Items) != 1 || open.Items[0].Role != "member" {
			t.Fatalf("%+v", open)
		}
		by(c, sam).Do("DELETE", "/groups/riverside/invitations/"+open.Items[0].ID, nil).Want(204, nil)
		by(c, sam).Do("DELETE", "/groups/riverside/invitations/"+open.Items[0].ID, nil).Refused(404, "web.not_found")
	})
}
