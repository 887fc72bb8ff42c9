package app_test

import (
	"strings"
	"testing"

	"convoke/internal/api/apitest"
)

type managersJSON struct {
	Managers []struct{ ID, Handle, Since string }
	Links    []struct{ ID, Handle string }
}

// pathOf is the path of a link that works once.
func pathOf(link string) string { return helpLink.FindString(link) }

// A program of an organizer makes a link that lets somebody help, and takes it
// back. Who sees sign-ups is beyond every token.
func TestManagersByAPI(t *testing.T) {
	t.Parallel()
	eachHelpers(t, func(t *testing.T, h *helpers) {
		c := apitest.New(t, h.Site)
		at := "/events/" + string(h.event) + "/managers"
		robin := c.As(token(t, h.robin, "roles:write"))
		c.Get(at).Refused(401, "token.missing")
		c.As(token(t, h.robin, "events:write")).Do("POST", at+"/links", map[string]any{}).Refused(403, "token.scope")
		mia := c.As(token(t, h.mia, "roles:write"))
		mia.Do("POST", at+"/links", map[string]any{}, "Idempotency-Key", "not-for-mia").Refused(403, "authz.forbidden")
		mia.Get(at).Refused(403, "authz.forbidden")
		c.As(token(t, h.ana, "roles:write")).Get("/events/"+string(h.draft)+"/managers").Refused(404, "event.not_found")
		robin.Do("POST", at+"/links", map[string]any{"handle": "no such!"}, "Idempotency-Key", "no-such-one").Refused(422, "form.invalid", "#/handle", "handle.shape")

		var link, spare struct{ URL string }
		robin.Do("POST", at+"/links", map[string]any{}, "Idempotency-Key", "a-first-link").Want(201, &link)
		robin.Do("POST", at+"/links", map[string]any{}, "Idempotency-Key", "a-first-link").Want(201, &spare)
		if spare != link {
			t.Errorf("%+v, then %+v", link, spare)
		}
		robin.Do("POST", at+"/links", map[string]any{"handle": "ana"}, "Idempotency-Key", "a-first-link").Refused(409, "api.key_reused")
		robin.Do("POST", at+"/links", map[string]any{}).Refused(400, "api.key")
		robin.Do("POST", at+"/links", map[string]any{"handle": "ana"}, "Idempotency-Key", "a-spare-link").Want(201, &spare)
		var all managersJSON
		a := robin.Get(at).Want(200, &all)
		if len(all.Links) != 2 || len(all.Managers) != 0 || strings.Contains(string(a.Body), pathOf(link.URL)[len("/invitations/"):]) {
			t.Fatalf("%s", a.Body)
		}
		for _, l := range all.Links {
			if l.Handle == "ana" {
				mia.Do("DELETE", at+"/links/"+l.ID, nil).Refused(403, "authz.forbidden")
				robin.Do("DELETE", at+"/links/"+l.ID, nil).Want(204, nil)
				robin.Do("DELETE", at+"/links/"+l.ID, nil).Refused(404, "grant.not_found")
			}
		}
		h.ana.Get(pathOf(spare.URL)).Want(t, 410, "")
		h.ana.Post(pathOf(link.URL), "key", h.IDs.Secret()).Want(t, 303, page(h.event))
		h.ana.Get(page(h.event)+"/edit").Want(t, 200, "")

		if err := h.Grants.Name(t.Context(), h.by["sam"], h.event, "mia"); err != nil {
			t.Fatal(err)
		}
		robin.Get(at).Want(200, &all)
		if len(all.Managers) != 1 || all.Managers[0].Handle != "ana" || all.Managers[0].Since == "" || len(all.Links) != 0 {
			t.Fatalf("%+v", all)
		}
		roster := h.column("select id from event_grant where kind = $1", "roster")
		if len(roster) != 1 {
			t.Fatalf("%v", roster)
		}
		robin.Do("DELETE", at+"/"+roster[0], nil).Refused(404, "grant.not_found")
		c.As(token(t, h.ana, "roles:write")).Do("DELETE", at+"/"+all.Managers[0].ID, nil).Refused(403, "authz.forbidden")
		robin.Do("DELETE", at+"/"+all.Managers[0].ID, nil).Want(204, nil)
		robin.Do("DELETE", at+"/"+all.Managers[0].ID, nil).Refused(404, "grant.not_found")
		h.ana.Get(page(h.event)+"/edit").Want(t, 403, "")

		// What one holds oneself, also as one who is named, can be given up.
		var mine struct {
			Items []struct{ ID, What, Event, Title string }
		}
		c.As(token(t, h.mia, "read")).Get("/me/helping").Want(200, &mine)
		if len(mine.Items) != 1 || mine.Items[0].What != "roster" || mine.Items[0].Event != string(h.event) || mine.Items[0].Title != "Open assembly" {
			t.Fatalf("%+v", mine)
		}
		held := "/me/helping/" + mine.Items[0].ID
		c.As(token(t, h.mia, "read")).Do("DELETE", held, nil).Refused(403, "token.scope")
		robin.Do("DELETE", held, nil).Refused(404, "grant.not_found")
		mia.Do("DELETE", held, nil).Want(204, nil)
		mia.Do("DELETE", held, nil).Refused(404, "grant.not_found")
	})
}
