package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"convoke/internal/api/apitest"
	"convoke/internal/feature/turnout"
	"convoke/internal/web/webtest"
)

// token makes one on its page.
func token(t *testing.T, b *webtest.Browser, scopes ...string) string {
	t.Helper()
	pairs := []string{"name", "program", "days", "30"}
	for _, s := range scopes {
		pairs = append(pairs, "scope", s)
	}
	return b.Post("/me/tokens", pairs...).Want(t, 200, "").Text("#token")
}

type doorJSON struct {
	Number            int
	Name, Secret, URL string
	Revoked           bool
}

// A program makes a door once for each key, counts there, revokes it, and
// publishes what was counted.
func TestDoorsByAPI(t *testing.T) {
	t.Parallel()
	p := newPorch(t, "")
	c := apitest.New(t, p.Site)
	mine := c.As(token(t, p.steward, "events:write"))
	at := "/events/" + string(p.event)
	doors := at + "/doors"
	c.Get(doors).Refused(401, "token.missing")
	c.As(token(t, p.steward, "read")).Get(doors).Refused(403, "token.scope")
	stranger, _ := p.signIn("eve")
	theirs := c.As(token(t, stranger, "events:write"))
	theirs.Get(doors).Refused(403, "authz.forbidden")
	theirs.Do("POST", doors, map[string]any{"name": "Mine"}, "Idempotency-Key", "south-gate").Refused(403, "authz.forbidden")

	south := map[string]any{"name": "South gate"}
	mine.Do("POST", doors, south).Refused(400, "api.key")
	mine.Do("POST", doors, map[string]any{"name": " "}, "Idempotency-Key", "nameless").Refused(422, "form.invalid", "#/name", "door.name")
	var one, again doorJSON
	mine.Do("POST", doors, south, "Idempotency-Key", "south-gate").Want(201, &one)
	mine.Do("POST", doors, south, "Idempotency-Key", "south-gate").Want(201, &again)
	mine.Do("POST", doors, map[string]any{"name": "West gate"}, "Idempotency-Key", "south-gate").Refused(409, "api.key_reused")
	if one != again || one.Number != 2 || one.Name != "South gate" || one.URL != "http://localhost/door/"+one.Secret {
		t.Errorf("%+v, then %+v", one, again)
	}
	var list struct{ Items []doorJSON }
	a := mine.Get(doors).Want(200, &list)
	if len(list.Items) != 2 || list.Items[1].Name != "South gate" || strings.Contains(string(a.Body), one.Secret) {
		t.Errorf("%s", a.Body)
	}

	p.begin()
	tap := func(want int) {
		t.Helper()
		c.Do("POST", "/door/"+one.Secret+"/arrivals", map[string]any{"walk_ins": 95}, "Idempotency-Key", "nobody-can-guess-this-1").Want(want, nil)
	}
	tap(200)
	said := at + "/arrivals/estimate"
	publish := func(who *apitest.Client, high int, key string) apitest.Answer {
		return who.Do("POST", said, map[string]any{"high": high}, "Idempotency-Key", key)
	}
	publish(mine, 105, "counted-1").Refused(409, "door.not_over")
	mine.Do("DELETE", fmt.Sprint(doors, "/", one.Number), nil).Want(204, nil)
	mine.Do("DELETE", fmt.Sprint(doors, "/", one.Number), nil).Want(204, nil)
	mine.Do("DELETE", doors+"/9", nil).Refused(404, "door.not_found")
	mine.Do("DELETE", doors+"/0", nil).Refused(404, "door.not_found")
	theirs.Do("DELETE", doors+"/1", nil).Refused(403, "authz.forbidden")
	tap(404)
	mine.Get(doors).Want(200, &list)
	if !list.Items[1].Revoked || list.Items[0].Revoked {
		t.Errorf("%+v", list)
	}

	p.after()
	publish(mine, 95, "counted-1").Refused(422, "form.invalid", "#/high", "door.high")
	publish(theirs, 105, "counted-1").Refused(403, "authz.forbidden")
	var counted struct{ Low, High int }
	for range 2 {
		publish(mine, 105, "counted-1").Want(201, &counted)
	}
	publish(mine, 106, "counted-1").Refused(409, "api.key_reused")
	if counted.Low != 95 || counted.High != 105 {
		t.Errorf("%+v", counted)
	}
	es, err := p.Turnout.Estimates(t.Context(), p.event)
	want := turnout.Estimate{Low: 95, High: 105, Method: "gate", SourceName: "The organizers, counted at the door"}
	if err != nil || !slices.Equal(es, []turnout.Estimate{want}) {
		t.Errorf("%+v, %v", es, err)
	}
}
