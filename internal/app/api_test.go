package app_test

import (
	"bytes"
	"flag"
	"image"
	"image/png"
	"os"
	"strings"
	"testing"
	"time"

	"convoke/internal/api/apitest"
	"convoke/internal/web/webtest"
)

var update = flag.Bool("update", false, "write docs/openapi.json")

// The description under docs is the one that is served. Whoever changes it
// changes api.Version too.
func TestDescriptionOfTheAPI(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	got, err := s.API.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	const file = "../../docs/openapi.json"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("the API is not as docs/openapi.json says. Change api.Version and run: go test ./internal/app -run DescriptionOfTheAPI -update")
	}
}

// A token made on its page publishes an event, and a program without one signs
// up for it twice with one key.
func TestAPIAsAWhole(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, _ := s.signIn("olga")
		b.Post("/groups/new", "name", "Riverside Neighbours", "handle", "riverside", "place", "Leipzig", "langs", "de").Want(t, 303, "/groups/riverside")
		token := b.Post("/me/tokens", "name", "website", "scope", "read", "scope", "events:write", "days", "30").Want(t, 200, "").Text("#token")
		c := apitest.New(t, s.Site)
		mine := c.As(token)
		var e struct{ ID, State string }
		body := map[string]any{
			"title": "Riverside clean-up", "kind": "mutual_aid", "state": "confirmed", "near": "Leipzig", "capacity": 5,
			"start_date": s.clock.Now().AddDate(0, 1, 0).Format("2006-01-02"), "start_time": "10:00",
		}
		mine.Do("POST", "/groups/riverside/events", body, "Idempotency-Key", "clean-up").Want(201, &e)
		mine.Do("POST", "/groups", map[string]any{"name": "Another", "handle": "another"}).Refused(403, "token.scope")
		path := "/events/" + e.ID + "/attendance"
		var one, two struct{ Secret, URL string }
		key := s.IDs.Secret()
		c.Do("POST", path, map[string]any{"party": 2, "needs": []string{"seating"}}, "Idempotency-Key", key).Want(201, &one)
		c.Do("POST", path, map[string]any{"party": 2, "needs": []string{"seating"}}, "Idempotency-Key", key).Want(201, &two)
		var n struct {
			Going int
			Needs map[string]int
		}
		mine.Get(path).Want(200, &n)
		if one != two || n.Going != 2 || n.Needs["seating"] != 1 {
			t.Errorf("%+v %+v %+v", one, two, n)
		}
		var shown struct{ Picture string }
		var picture bytes.Buffer
		if err := png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 40, 30))); err != nil {
			t.Fatal(err)
		}
		mine.Do("PUT", "/events/"+e.ID+"/picture", apitest.File{Field: "picture", Name: "a.png", Data: picture.Bytes()}).Want(200, &shown)
		s.visitor().Get(strings.TrimPrefix(shown.Picture, "http://localhost")).Want(t, 200, "")
		mine.Do("PUT", "/events/"+e.ID+"/picture", apitest.File{Field: "picture", Name: "a.png", Data: []byte("no picture")}).Refused(422, "form.invalid", "#/picture", "picture.type")
		mine.Do("PUT", "/events/"+e.ID+"/picture", apitest.File{Field: "other", Name: "a.png", Data: picture.Bytes()}).Refused(422, "form.invalid", "#/picture", "picture.missing")
		mine.Do("PUT", "/events/"+e.ID+"/picture", "{}").Refused(400, "form.type")
		c.Do("PUT", "/events/"+e.ID+"/picture", apitest.File{Field: "picture", Name: "a.png", Data: picture.Bytes()}).Refused(401, "token.missing")
		mine.Do("DELETE", "/events/"+e.ID+"/picture", nil).Want(204, nil)
		page := webtest.NewBrowser(t, s.Site).Get("/events/" + e.ID + "/attend/" + one.Secret)
		page.Want(t, 200, "")
		b.Get("/api").Want(t, 200, "")
	})
}

func TestAPIShowsCampaigns(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam := callDay(t, s)
		const url = "/campaigns/day-of-care"
		sam.Post(url+"/demands", "after", "0", "body", "Benches at each stop", "addressee", "The town council").Want(t, 303, url+"/demands")
		sam.Post(url+"/points", "version", "0", "body", "Nobody is hurt.").Want(t, 303, url+"#points")
		token := sam.Post("/me/tokens", "name", "website", "scope", "events:write", "days", "7").Want(t, 200, "").Text("#token")
		c := apitest.New(t, s.Site)
		var e struct{ ID, Campaign string }
		c.As(token).Do("POST", "/groups/riverside/events", map[string]any{
			"title": "Care by the river", "kind": "mutual_aid", "state": "confirmed", "near": "Leipzig", "start_date": "2026-06-06", "campaign": "day-of-care",
		}, "Idempotency-Key", "care-by-the-river").Want(201, &e)
		var list struct {
			Items []struct{ Handle, Title, State string }
		}
		c.Get("/campaigns").Want(200, &list)
		var one struct {
			Handle, State string
			Texts         []struct{ Title, Statement string }
			Dates         []struct{ First, Last string }
			Demands       []struct{ Text, Addressee, State string }
			Points        struct{ Text string } `json:"points_of_unity"`
			Owners        []struct{ Handle string }
			Events        int
		}
		a := c.Get("/campaigns/day-of-care").Want(200, &one)
		if e.Campaign != "day-of-care" || len(list.Items) != 1 || list.Items[0].Handle != "day-of-care" || one.Texts[0].Statement != "We **care**." ||
			one.Demands[0].Addressee != "The town council" || one.Points.Text != "Nobody is hurt." || one.Owners[0].Handle != "riverside" ||
			one.Dates[0].First != "2026-06-06" || one.Events != 1 {
			t.Errorf("%+v\n%+v\n%s", e, list, a.Body)
		}
		c.Get("/campaigns/day-of-care", "If-None-Match", a.Header.Get("ETag")).Want(304, nil)
		c.Get("/campaigns/nothing").Refused(404, "web.not_found")
		var events struct{ Items []struct{ ID string } }
		c.Get("/events?campaign=day-of-care").Want(200, &events)
		if len(events.Items) != 1 || events.Items[0].ID != e.ID {
			t.Errorf("%+v", events)
		}
	})
}

// What happens to events and groups is written down for webhooks in its own
// transaction.
func TestWebhooksHearOfWhatHappens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, olga := s.signIn("olga")
		s.group(olga, "riverside", "Riverside Neighbours")
		const path = "/groups/riverside/webhooks"
		key := b.Get(path).Want(t, 200, "").Attr("input[name=key]", "value")
		b.Post(path, "key", key, "url", "https://hooks.example.org/in", "kinds", "event.published", "kinds", "event.changed",
			"kinds", "event.cancelled", "kinds", "group.changed", "kinds", "statement.published").Want(t, 200, "")
		token := b.Post("/me/tokens", "name", "website", "scope", "events:write", "scope", "groups:write", "scope", "statements:write", "days", "7").Want(t, 200, "").Text("#token")
		c := apitest.New(t, s.Site).As(token)
		body := map[string]any{
			"title": "Riverside clean-up", "kind": "mutual_aid", "state": "draft", "near": "Leipzig", "start_date": "2026-06-06", "start_time": "10:00",
		}
		var e struct {
			ID       string
			Sequence int
		}
		tick := func() { s.clock.Add(time.Second) }
		tick()
		c.Do("POST", "/groups/riverside/events", body, "Idempotency-Key", "clean-up").Want(201, &e)
		for _, state := range []string{"confirmed", "moved", "cancelled"} {
			tick()
			body["state"], body["sequence"] = state, e.Sequence
			c.Do("PUT", "/events/"+e.ID, body).Want(200, &e)
		}
		tick()
		c.Do("POST", "/groups/riverside/statements", map[string]any{
			"title": "Open the bridge", "markdown": "We say so.", "lang": "en", "day": "2026-05-01", "state": "published",
		}, "Idempotency-Key", "bridge-01").Want(201, nil)
		tick()
		c.Do("PUT", "/groups/riverside", map[string]any{"name": "Riverside Friends"}).Want(200, nil)
		var hooks struct{ Items []struct{ ID string } }
		c.Get(path).Want(200, &hooks)
		var sent struct{ Items []struct{ Type string } }
		c.Get(path+"/"+hooks.Items[0].ID+"/deliveries").Want(200, &sent)
		var got []string
		for _, d := range sent.Items {
			got = append(got, d.Type)
		}
		if s := strings.Join(got, " "); s != "group.changed statement.published event.cancelled event.changed event.published ping" {
			t.Errorf("written down: %s", s)
		}
	})
}
