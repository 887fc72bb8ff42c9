package attendance_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/api/apitest"
	"convoke/internal/authz"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/feature/attendance"
	"convoke/internal/id"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

type signUpJSON struct {
	Secret, URL, State, Email string
	Party, Ahead              int
	Needs                     []string
}

type numbersJSON struct {
	Open                     bool
	Capacity, Going, Waiting int
	Needs                    map[string]int
}

// programs serves the API over h, where olga organizes everything.
func programs(t *testing.T, h *hall, mail bool) (*desk, *apitest.Client) {
	t.Helper()
	d := &desk{hall: h, t: t, known: map[id.Event]bool{}, hidden: map[id.Event]bool{}}
	site := webtest.New(t, h.clock, nil)
	d.site = site
	w := &attendance.Web{Service: h.Service, Events: d, Limiter: d, Mail: mail, Client: func(*web.Call) string { return "corner" }}
	w.MountAPI(apitest.Node(t, site), func(c *web.Call, _ id.Event) (bool, error) {
		return c.Actor() == authz.Actor{Person: "olga", Handle: "olga"}, nil
	})
	return d, apitest.New(t, site)
}

// held publishes an event and returns where its sign-ups are.
func (d *desk) held(capacity int) (fact.EventChanged, string) {
	e, _ := d.event(capacity)
	return e, "/events/" + string(e.Event) + "/attendance"
}

const aKey = "a-key-that-nobody-guesses-1"

func TestAPISignUp(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			url := ""
			if engine == "sqlite" {
				url = dbtest.SQLite(t)
			} else {
				url = dbtest.Postgres(t)
			}
			d, c := programs(t, newHall(t, url, filepath.Join(t.TempDir(), "keys.db")), true)
			_, path := d.held(3)
			body := map[string]any{"party": 2, "needs": []string{"childcare", "seating"}, "email": "ada@example.org"}
			var one, again signUpJSON
			a := c.Do("POST", path, body, "Idempotency-Key", aKey).Want(201, &one)
			if one.State != "going" || one.Party != 2 || !slices.Equal(one.Needs, []string{"seating", "childcare"}) || one.Email != "ada@example.org" ||
				!strings.HasSuffix(one.URL, "/attend/"+one.Secret) || a.Header.Get("Location") != "http://localhost/api/v1"+path+"/"+one.Secret {
				t.Errorf("%+v %v", one, a.Header)
			}
			c.Do("POST", path, body, "Idempotency-Key", aKey).Want(201, &again)
			if again.Secret != one.Secret {
				t.Error("the same key made two sign-ups")
			}
			c.Do("POST", path, map[string]any{"party": 1}, "Idempotency-Key", aKey).Refused(409, "api.key_reused")
			var n numbersJSON
			c.Get(path).Want(200, &n)
			if !n.Open || n.Capacity != 3 || n.Going != 2 || n.Waiting != 0 || n.Needs != nil {
				t.Errorf("%+v", n)
			}
			c.As("olga").Get(path).Want(200, &n)
			if n.Needs["seating"] != 1 || n.Needs["childcare"] != 1 {
				t.Errorf("%+v", n)
			}
			var other signUpJSON
			c.Do("POST", path, map[string]any{"party": 2}, "Idempotency-Key", aKey+"x").Want(201, &other)
			if other.State != "waiting" {
				t.Errorf("%+v", other)
			}
			c.Do("PUT", path+"/"+one.Secret, map[string]any{"party": 1}).Want(200, &one)
			if one.Party != 1 || len(one.Needs) != 0 || one.Email != "" {
				t.Errorf("%+v", one)
			}
			a = c.Get(path+"/"+other.Secret).Want(200, &other)
			if other.State != "going" || a.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%+v %v", other, a.Header)
			}
			c.Do("DELETE", path+"/"+one.Secret, nil).Want(204, nil)
			c.Do("DELETE", path+"/"+one.Secret, nil).Want(204, nil)
			c.Get(path+"/"+one.Secret).Refused(404, "attendance.not_found")
		})
	}
}

func TestAPISignUpIsRefused(t *testing.T) {
	t.Parallel()
	d, c := programs(t, newHall(t, dbtest.SQLite(t), filepath.Join(t.TempDir(), "keys.db")), false)
	e, path := d.held(0)
	post := func(c *apitest.Client, body any) apitest.Answer {
		return c.Do("POST", path, body, "Idempotency-Key", aKey)
	}
	post(c, map[string]any{"party": 0}).Refused(422, "form.invalid", "#/party", "attendance.party")
	post(c, map[string]any{"needs": []string{"beer"}}).Refused(422, "form.invalid", "#/party", "api.missing", "#/needs/0", "api.choice")
	post(c, map[string]any{"party": 1, "email": "ada@example.org"}).Refused(422, "form.invalid", "#/email", "attendance.no_mail")
	post(c.As("olga read"), map[string]any{"party": 1}).Refused(403, "token.scope")
	c.Do("POST", path, map[string]any{"party": 1}, "Idempotency-Key", "short").Refused(400, "api.key")
	d.hidden[e.Event] = true
	post(c, map[string]any{"party": 1}).Refused(404, "event.not_found")
	c.Get(path).Refused(404, "event.not_found")
	d.hidden[e.Event] = false
	d.limit = fault.RateLimited("x", "x")
	a := post(c, map[string]any{"party": 1})
	a.Refused(429, "attendance.often")
	if a.Header.Get("Retry-After") != "90" {
		t.Errorf("%v", a.Header)
	}
	c.Get(path+"/nonsense").Refused(404, "attendance.not_found")
	c.Do("DELETE", path+"/nonsense", nil).Refused(404, "attendance.not_found")
	c.Get("/events/x/attendance").Refused(404, "web.not_found")
}

type slotJSON struct {
	ID, Title, Start, End    string
	Open                     bool
	Capacity, Going, Waiting int
	Needs                    map[string]int
}

func TestAPISlots(t *testing.T) {
	t.Parallel()
	d, c := programs(t, newHall(t, dbtest.SQLite(t), filepath.Join(t.TempDir(), "keys.db")), false)
	e, path := d.held(0)
	slots := "/events/" + string(e.Event) + "/timeslots"
	from := d.clock.Now().Add(eventIn)
	morning := map[string]any{
		"title": "Morning shift", "start_date": from.Format("2006-01-02"), "start_time": from.Format("15:04"),
		"end_time": from.Add(time.Hour).Format("15:04"), "capacity": 2,
	}
	add := func(c *apitest.Client, key string) apitest.Answer {
		return c.Do("POST", slots, morning, "Idempotency-Key", key)
	}
	add(c.As("olga"), "morning-1").Refused(403, "authz.forbidden")
	d.edits = true
	add(c, aKey).Refused(401, "token.missing")
	var s, again slotJSON
	add(c.As("olga"), "morning-1").Want(201, &s)
	add(c.As("olga"), "morning-1").Want(201, &again)
	if again.ID != s.ID || s.Title != "Morning shift" || s.Capacity != 2 || !s.Open {
		t.Errorf("%+v, %+v", s, again)
	}
	morning["title"] = ""
	add(c.As("olga"), "morning-2").Refused(422, "form.invalid", "#/title", "slot.title")
	morning["title"] = "Other shift"
	add(c.As("olga"), "morning-1").Refused(409, "api.key_reused")

	c.Do("POST", path, map[string]any{"party": 1}, "Idempotency-Key", aKey).Refused(422, "form.invalid", "#/slot", "slot.none")
	var one struct {
		signUpJSON
		Slots []struct{ ID, Title, State string }
	}
	chosen := map[string]any{"party": 2, "needs": []string{"seating"}, "slot": []string{s.ID}}
	for range 2 {
		c.Do("POST", path, chosen, "Idempotency-Key", aKey).Want(201, &one)
	}
	if len(one.Slots) != 1 || one.Slots[0].ID != s.ID || one.Slots[0].State != "going" {
		t.Errorf("%+v", one)
	}
	var n struct{ Slots []slotJSON }
	c.Get(path).Want(200, &n)
	if len(n.Slots) != 1 || n.Slots[0].Going != 2 || n.Slots[0].Needs != nil {
		t.Errorf("%+v", n)
	}
	c.As("olga").Get(path).Want(200, &n)
	if n.Slots[0].Needs["seating"] != 1 {
		t.Errorf("%+v", n)
	}
	c.As("olga").Do("DELETE", slots+"/"+s.ID, nil).Refused(409, "slot.chosen")
	morning["capacity"] = 1
	c.As("olga").Do("PUT", slots+"/"+s.ID, morning).Refused(422, "form.invalid", "#/capacity", "slot.capacity")
	morning["capacity"] = 5
	c.As("olga").Do("PUT", slots+"/"+s.ID, morning).Want(200, &s)
	if s.Title != "Other shift" || s.Capacity != 5 || s.Going != 2 {
		t.Errorf("%+v", s)
	}
	c.Do("DELETE", path+"/"+one.Secret, nil).Want(204, nil)
	c.As("olga").Do("DELETE", slots+"/"+s.ID, nil).Want(204, nil)
	c.As("olga").Do("DELETE", slots+"/"+s.ID, nil).Refused(404, "slot.not_found")
}
