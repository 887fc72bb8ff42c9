package groups

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/authz"
	"convoke/internal/db"
)

// A person's program asks to come in, sees what was said, and takes it back.
func TestAPIAsksToJoin(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		sam, eve, kim := x.person("sam"), x.person("eve"), x.person("kim")
		g := x.group(sam, "riverside", "Riverside Neighbours")
		const at, all = "/me/requests/riverside", "/me/requests"
		hello := map[string]any{"note": "Hello."}
		c.Do("PUT", at, hello).Refused(401, "token.missing")
		c.Get(all).Refused(401, "token.missing")
		by(c, eve, "read", "groups:write").Do("PUT", at, hello).Refused(403, "token.scope")
		hers := by(c, eve, "read", "roles:write")
		hers.Do("PUT", at, hello).Refused(409, "group.by_invitation")
		hers.Do("PUT", "/me/requests/nobody", hello).Refused(404, "web.not_found")

		x.settings(sam, "riverside", SettingsInput{Joining: ByRequest})
		if err := x.SetConduct(t.Context(), sam, "riverside", "We listen.", ""); err != nil {
			t.Fatal(err)
		}
		hers.Do("PUT", at, hello).Refused(422, "form.invalid", "#/conduct", "group.conduct")
		hello["conduct"] = 1
		hers.Do("PUT", at, map[string]any{"note": strings.Repeat("x", 301), "conduct": 1}).Refused(422, "form.invalid", "#/note", "group.note_long")
		var r apiMyRequest
		for range 2 {
			hers.Do("PUT", at, hello).Want(200, &r)
		}
		if want := (apiMyRequest{"riverside", "Riverside Neighbours", "waiting", "", x.clock.Now().Format("2006-01-02")}); r != want {
			t.Errorf("%+v", r)
		}
		var mine struct{ Items []apiMyRequest }
		hers.Get(all).Want(200, &mine)
		if len(mine.Items) != 1 || mine.Items[0] != r {
			t.Errorf("%+v", mine)
		}
		var q struct{ Items []apiJoinRequest }
		by(c, sam).Get("/groups/riverside/requests").Want(200, &q)
		if len(q.Items) != 1 || q.Items[0].Note != "Hello." {
			t.Fatalf("%+v", q)
		}
		for range 2 {
			hers.Do("DELETE", at, nil).Want(204, nil)
		}
		hers.Get(all).Want(200, &mine)
		if len(mine.Items) != 0 {
			t.Errorf("%+v", mine)
		}

		// Refused, it stays so: neither asked again nor taken back.
		hers.Do("PUT", at, hello).Want(200, nil)
		by(c, sam).Get("/groups/riverside/requests").Want(200, &q)
		by(c, sam).Do("PUT", "/groups/riverside/requests/"+q.Items[0].ID, map[string]any{"answer": "refuse", "reason": "Not now."}).Want(204, nil)
		hers.Do("PUT", at, hello).Refused(409, "group.refused")
		hers.Do("DELETE", at, nil).Want(204, nil)
		hers.Get(all).Want(200, &mine)
		if len(mine.Items) != 1 || mine.Items[0].State != "refused" || mine.Items[0].Reason != "Not now." {
			t.Errorf("%+v", mine)
		}

		x.settings(sam, "riverside", SettingsInput{Joining: FreeForAll})
		var in apiMyRequest
		for range 2 {
			by(c, kim).Do("PUT", at, map[string]any{"conduct": 1}).Want(200, &in)
		}
		if in != (apiMyRequest{Group: "riverside", Name: "Riverside Neighbours", State: "member"}) || x.role(g, kim) != authz.Member {
			t.Errorf("%+v", in)
		}
	})
}

// A member's program says that its person accepts the rules as they are now, and
// no others.
func TestAPIAcceptsConduct(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		sam, mia, eve := x.person("sam"), x.person("mia"), x.person("eve")
		x.join(x.group(sam, "riverside", "Riverside Neighbours"), mia, authz.Member)
		const at, rules = "/groups/riverside/conduct/accepted", "/groups/riverside/conduct"
		first := map[string]any{"version": 1}
		hers := by(c, mia, "read", "roles:write")
		hers.Do("PUT", at, first).Refused(404, "web.not_found") // there are none
		for _, text := range []string{"We listen.", "We listen and ask."} {
			if err := x.SetConduct(t.Context(), sam, "riverside", text, ""); err != nil {
				t.Fatal(err)
			}
		}
		c.Do("PUT", at, first).Refused(401, "token.missing")
		by(c, mia, "groups:write").Do("PUT", at, first).Refused(403, "token.scope")
		by(c, eve).Do("PUT", at, first).Refused(404, "web.not_found")
		accepted := func(want bool) {
			t.Helper()
			var r apiConduct
			hers.Get(rules).Want(200, &r)
			if r.Version != 2 || r.Accepted != want {
				t.Errorf("%+v", r)
			}
		}
		for _, other := range []int{1, 3} {
			hers.Do("PUT", at, map[string]any{"version": other}).Refused(422, "form.invalid", "#/version", "group.conduct")
		}
		hers.Do("PUT", at, map[string]any{"version": 0}).Refused(422, "form.invalid", "#/version", "api.value")
		accepted(false)
		for range 2 {
			var r apiConduct
			hers.Do("PUT", at, map[string]any{"version": 2}).Want(200, &r)
			if !r.Accepted || r.Body != "We listen and ask." {
				t.Errorf("%+v", r)
			}
		}
		accepted(true)
		for _, who := range []string{"", "eve"} {
			var r apiConduct
			c.As(who).Get(rules).Want(200, &r)
			if r.Accepted {
				t.Errorf("%q is told %+v", who, r)
			}
		}
	})
}

// Members' programs read what newcomers read first.
func TestAPIWelcome(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		sam, mia, eve := x.person("sam"), x.person("mia"), x.person("eve")
		x.join(x.group(sam, "riverside", "Riverside Neighbours"), mia, authz.Member)
		const at = "/groups/riverside/welcome"
		var w apiWelcome
		by(c, mia, "read").Get(at).Want(200, &w)
		if w.Welcome != "" {
			t.Errorf("%+v", w)
		}
		x.settings(sam, "riverside", SettingsInput{Joining: FreeForAll, Welcome: "**Hello.**"})
		by(c, mia, "read").Get(at).Want(200, &w)
		if w.Welcome != "**Hello.**" {
			t.Errorf("%+v", w)
		}
		c.Get(at).Refused(401, "token.missing")
		by(c, eve).Get(at).Refused(404, "web.not_found")
	})
}

// A steward's program reads who let whom in, and removes a member with all who
// came in through them, when it has seen how many these are.
func TestAPILineage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		sam, ada, bea, cat := x.person("sam"), x.person("ada"), x.person("bea"), x.person("cat")
		g := x.group(sam, "riverside", "Riverside Neighbours")
		brought := [][2]authz.Actor{{sam, ada}, {ada, bea}, {bea, cat}}
		err := x.DB.Write(t.Context(), func(tx *db.Tx) error {
			for _, b := range brought {
				if err := x.Join(t.Context(), tx, g, b[1].Person, Admission{Role: "organizer", By: b[0].Person}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		const at = "/groups/riverside/lineage"
		c.Get(at).Refused(401, "token.missing")
		by(c, ada).Get(at).Refused(403, "authz.forbidden")
		by(c, sam, "read", "groups:write").Get(at).Refused(403, "token.scope")
		mine := by(c, sam, "roles:write")
		var all struct{ Items []apiLineage }
		mine.Get(at).Want(200, &all)
		if d := cmp.Diff([]apiLineage{{"sam", "", 3}, {"ada", "sam", 2}, {"bea", "ada", 1}, {"cat", "bea", 0}}, all.Items); d != "" {
			t.Error(d)
		}
		by(c, ada).Do("DELETE", at+"/bea?count=2", nil).Refused(403, "authz.forbidden")
		by(c, x.person("eve")).Do("DELETE", at+"/bea?count=2", nil).Refused(404, "web.not_found")
		mine.Do("DELETE", at+"/bea", nil).Refused(422, "form.invalid", "#/count", "api.missing")
		mine.Do("DELETE", at+"/nobody?count=1", nil).Refused(404, "web.not_found")
		mine.Do("DELETE", at+"/bea?count=1", nil).Refused(409, "group.lineage_changed")
		mine.Do("DELETE", at+"/sam?count=4", nil).Refused(409, "group.last_steward")
		mine.Do("DELETE", at+"/bea?count=2", nil).Want(204, nil)
		mine.Do("DELETE", at+"/bea?count=2", nil).Refused(404, "web.not_found")
		if x.role(g, bea) != authz.None || x.role(g, cat) != authz.None || x.role(g, ada) != authz.Organizer {
			t.Error("others went than those who should")
		}
	})
}
