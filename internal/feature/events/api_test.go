package events_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"convoke/internal/api/apitest"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/events"
	"convoke/internal/web/webtest"
)

// eventJSON is what tests read of an event.
type eventJSON struct {
	ID, URL, Group, Title, Kind, State, Start, End, Zone, Near, Locality, Place string
	AllDay                                                                      bool `json:"all_day"`
	Capacity, Sequence                                                          int
	Lat, Lon                                                                    *float64
	WasStart                                                                    string   `json:"was_start"`
	AccessYes                                                                   []string `json:"access_yes"`
}

type eventList struct {
	Items []eventJSON
	Next  string
}

// programs serves the API over d.
func programs(t *testing.T, d *db.DB) (*fixture, *apitest.Client) {
	t.Helper()
	f := setUp(t, d)
	site := webtest.New(t, clock.NewManual(dbtest.Now), nil)
	d.OnTouch(site.Cache().Touch)
	(&events.Web{Service: f.Service, Map: noMap{}, Pictures: noPictures{}, Attend: noPanel}).MountAPI(apitest.Node(t, site))
	return f, apitest.New(t, site)
}

func cleanUp() map[string]any {
	return map[string]any{
		"title": "Riverside  clean-up", "description": "We pick up litter.", "kind": "mutual_aid", "state": "confirmed",
		"start_date": "2026-05-09", "start_time": "10:00", "end_time": "13:00", "near": "Leipzig", "place": "North gate",
		"capacity": 40, "access_yes": []string{"toilet", "step_free"}, "lang": "de",
	}
}

func with(m map[string]any, pairs ...any) map[string]any {
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

func TestAPICreatesAndChangesEvents(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		_, c := programs(t, d)
		olga := c.As("olga")
		var e eventJSON
		const path = "/groups/riverside/events"
		a := olga.Do("POST", path, cleanUp(), "Idempotency-Key", "monday-1").Want(201, &e)
		if e.Title != "Riverside clean-up" || e.Start != "2026-05-09T10:00+02:00" || e.End != "2026-05-09T13:00+02:00" || e.Group != "riverside" ||
			e.Locality != "Leipzig" || e.Lat == nil || e.Capacity != 40 || !slices.Equal(e.AccessYes, []string{"step_free", "toilet"}) {
			t.Errorf("%+v", e)
		}
		if got := a.Header.Get("Location"); got != "http://localhost/api/v1/events/"+e.ID {
			t.Errorf("it is at %q", got)
		}
		var again eventJSON
		olga.Do("POST", path, cleanUp(), "Idempotency-Key", "monday-1").Want(201, &again)
		if again.ID != e.ID {
			t.Error("the same key made two events")
		}
		olga.Do("POST", path, with(cleanUp(), "title", "Another"), "Idempotency-Key", "monday-1").Refused(409, "api.key_reused")

		var moved eventJSON
		olga.Do("PUT", "/events/"+e.ID, with(cleanUp(), "start_date", "2026-05-10", "near", e.Near, "sequence", e.Sequence)).Want(200, &moved)
		if moved.Start != "2026-05-10T10:00+02:00" || moved.WasStart != e.Start || moved.Sequence != 1 || moved.Near != e.Near {
			t.Errorf("%+v", moved)
		}
		olga.Do("PUT", "/events/"+e.ID, with(cleanUp(), "sequence", e.Sequence)).Refused(409, "event.changed_meanwhile")
		var shown eventJSON
		c.Get("/events/"+e.ID).Want(200, &shown)
		if shown.Start != moved.Start {
			t.Error("a visitor sees what was")
		}
	})
}

func TestAPIRefusesWrongEvents(t *testing.T) {
	t.Parallel()
	_, c := programs(t, dbtest.Open(t, dbtest.SQLite(t), clockAt()))
	const path = "/groups/riverside/events"
	post := func(who, key string, body any) apitest.Answer {
		return c.As(who).Do("POST", path, body, "Idempotency-Key", key)
	}
	post("olga", "wrong-000", with(cleanUp(), "title", "", "start_time", "25:00", "near", "")).Refused(422, "form.invalid",
		"#/title", "event.title_missing", "#/start_time", "event.time", "#/near", "event.place_missing")
	post("olga", "wrong-000", with(cleanUp(), "kind", "party", "access_yes", []string{"lift"})).Refused(422, "form.invalid",
		"#/kind", "api.choice", "#/access_yes/0", "api.choice")
	post("mia", "wrong-000", cleanUp()).Refused(403, "authz.forbidden")
	post("olga read", "wrong-000", cleanUp()).Refused(403, "token.scope")
	c.Do("POST", path, cleanUp(), "Idempotency-Key", strings.Repeat("k", 30)).Refused(401, "token.missing")
	c.As("olga").Do("POST", path, cleanUp()).Refused(400, "api.key")
	c.As("olga").Do("POST", "/groups/other/events", cleanUp(), "Idempotency-Key", "wrong-000").Refused(404, "group.not_found")
	var list eventList
	c.Get("/events?when=all").Want(200, &list)
	if len(list.Items) != 0 {
		t.Errorf("something was kept: %+v", list)
	}
	c.Get("/events/01arz3ndektsv4rrffq69g5fav").Refused(404, "event.not_found")
	c.Get("/events/x").Refused(404, "event.not_found")
}

func TestAPIDraftsAreForTheGroup(t *testing.T) {
	t.Parallel()
	_, c := programs(t, dbtest.Open(t, dbtest.SQLite(t), clockAt()))
	var e eventJSON
	c.As("olga").Do("POST", "/groups/riverside/events", with(cleanUp(), "state", "draft"), "Idempotency-Key", "draft-00").Want(201, &e)
	c.As("mia").Get("/events/"+e.ID).Want(200, nil)
	c.As("otto").Get("/events/"+e.ID).Refused(404, "event.not_found")
	c.Get("/events/"+e.ID).Refused(404, "event.not_found")
}

func TestAPIListsEventsPageByPage(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f, c := programs(t, d)
		for i := range 7 {
			in := input()
			in.StartDate = fmt.Sprintf("2026-06-%02d", i+1)
			if i == 6 {
				in.Near = "Hamburg"
			}
			if _, err := f.Create(t.Context(), olga, "g1", fmt.Sprint("k", i), in); err != nil {
				t.Fatal(err)
			}
		}
		var days []string
		after := ""
		for range 10 {
			var page eventList
			a := c.Get("/events?near=Leipzig&radius_km=30&limit=2&after="+url.QueryEscape(after)).Want(200, &page)
			for _, e := range page.Items {
				days = append(days, e.Start[8:10])
			}
			if (page.Next == "") != (a.Header.Get("Link") == "") {
				t.Errorf("next %q, link %q", page.Next, a.Header.Get("Link"))
			}
			if after = page.Next; after == "" {
				break
			}
		}
		if got := strings.Join(days, " "); got != "01 02 03 04 05 06" {
			t.Errorf("listed: %s", got)
		}
		a := c.Get("/events").Want(200, nil)
		c.Get("/events", "If-None-Match", a.Header.Get("ETag")).Want(304, nil)
		if _, err := f.Create(t.Context(), olga, "g1", "more", input()); err != nil {
			t.Fatal(err)
		}
		c.Get("/events", "If-None-Match", a.Header.Get("ETag")).Want(200, nil)
		c.Get("/events?limit=500").Refused(422, "form.invalid", "#/limit", "search.limit")
		c.Get("/events?near=Nowhereville-xyz&kind=party").Refused(422, "form.invalid", "#/near", "search.place_unknown", "#/kind", "search.kind")
	})
}
