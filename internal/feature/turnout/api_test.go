package turnout

import (
	"testing"

	"convoke/internal/api/apitest"
	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
	"convoke/internal/web/webtest"
)

func (s *stand) programs() *apitest.Client {
	site := webtest.New(s.t, clock.NewManual(dbtest.Now), nil)
	s.db.OnTouch(site.Cache().Touch)
	s.web.MountAPI(apitest.Node(s.t, site))
	return apitest.New(s.t, site)
}

type estimateList struct{ Items []apiEstimate }

func TestAPIEstimates(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	c := s.programs()
	path := "/events/" + string(s.e) + "/estimates"
	said := map[string]any{"low": 1200, "high": 1500, "method": "grid", "source_name": "The organizers", "words": "well over a thousand"}
	add := func(key string, body any) apitest.Answer {
		return c.As("org").Do("POST", path, body, "Idempotency-Key", key)
	}
	empty := c.Get(path).Want(200, nil)
	var e apiEstimate
	add("number-1", said).Want(201, &e)
	if e.People == nil || *e.People != (apiRange{1200, 1500}) || e.Words != "well over a thousand" {
		t.Errorf("%+v", e)
	}
	add("number-1", said).Want(201, nil)
	said["high"] = 1600
	add("number-1", said).Refused(409, "api.key_reused")
	add("number-2", map[string]any{"low": 4, "method": "eye", "source_name": "A neighbour"}).Want(201, nil)
	var list estimateList
	c.Get(path, "If-None-Match", empty.Header.Get("ETag")).Want(200, &list)
	if len(list.Items) != 2 || (list.Items[0].People == nil) == (list.Items[1].People == nil) { // of four people no number is said
		t.Errorf("%+v", list)
	}
	add("number-3", map[string]any{"low": 9, "high": 8, "method": "grid", "source_name": ""}).Refused(422, "form.invalid",
		"#/high", "turnout.order", "#/source_name", "turnout.source_missing")
	add("number-3", map[string]any{"low": "many", "method": "guess"}).Refused(422, "form.invalid",
		"#/low", "api.value", "#/method", "api.choice", "#/source_name", "api.missing")
	c.As("otto").Do("POST", path, said, "Idempotency-Key", "number-3").Refused(403, "authz.forbidden")
	c.Do("POST", path, said, "Idempotency-Key", "number-3").Refused(401, "token.missing")
	c.Get("/events/01arz3ndektsv4rrffq69g5fav/estimates").Refused(404, "web.not_found")
	c.Get("/events/x/estimates").Refused(404, "web.not_found")
}

func TestAPITotals(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	c := s.programs()
	if err := s.web.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	body := map[string]any{"low": 1200, "high": 1500, "method": "grid", "source_name": "The organizers"}
	c.As("org").Do("POST", "/events/"+string(s.e)+"/estimates", body, "Idempotency-Key", "number-1").Want(201, nil)
	var days struct {
		Items []apiTotal
		Next  string
	}
	a := c.Get("/turnout").Want(200, &days)
	if len(days.Items) != 1 || days.Items[0].Day != "2024-01-05" || days.Items[0].People == nil || days.Items[0].People.High != 1500 || days.Next != "" {
		t.Errorf("%+v", days)
	}
	c.Get("/turnout", "If-None-Match", a.Header.Get("ETag")).Want(304, nil)
	c.Get("/turnout?by=place&month=2024-01").Want(200, &days)
	if len(days.Items) != 1 || days.Items[0].Month != "2024-01" || days.Items[0].Region != "IL" {
		t.Errorf("%+v", days)
	}
	c.Get("/turnout?month=x&limit=0").Refused(422, "form.invalid", "#/month", "turnout.month", "#/limit", "turnout.limit")
	c.Get("/turnout?after=x").Refused(422, "form.invalid", "#/after", "turnout.cursor")
}
