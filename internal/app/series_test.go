package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"convoke/internal/api/apitest"
	"convoke/internal/feature/events"
	"convoke/internal/id"
)

// A series with sign-ups: each date has its own, and its own times to choose
// from; those who signed up for a date hear when it is called off, and their
// private page stays.
func TestSeriesWithSignUps(t *testing.T) {
	t.Parallel()
	h := newHosts(t, "3")
	start := h.clock.Now().AddDate(0, 0, 7)
	slot := h.IDs.Secret()
	h.steward.Post(h.page()+"/timeslots", "key", slot, "title", "Tea shift", "start_date", start.Format(time.DateOnly), "start_time", "18:30",
		"end_time", "19:00", "capacity", "2").Want(t, 303, h.page()+"/timeslots?saved=1&day=2026-05-09")
	h.signUp("2", "slot", slot)
	form := h.steward.Get(h.page()+"/repeat").Want(t, 200, "")
	if a := h.steward.Get(h.page()); !strings.Contains(a.Body, h.page()+"/repeat") {
		t.Error("no link leads to the form")
	}
	h.steward.Post(h.page()+"/repeat", "key", form.Attr("input[name=key]", "value"), "every", "1", "unit", "week", "end", "times", "times", "3", "step", "save").
		Want(t, 303, h.page()+"/dates?saved=repeat")
	dates := h.visitor().Get(h.page()+"/dates").Want(t, 200, "").All("article.event h3 a")
	if len(dates) != 3 {
		t.Fatalf("%d dates", len(dates))
	}
	var next string
	for _, n := range dates {
		for _, x := range n.Attr {
			if x.Key == "href" && x.Val != h.page() && next == "" {
				next = x.Val
			}
		}
	}
	first := h.page()
	a := h.visitor().Get(next+"/attend").Want(t, 200, "")
	if text := a.Text("main"); !strings.Contains(text, "Tea shift") || !strings.Contains(text, "6:30 PM") {
		t.Errorf("the second date offers %s", text)
	}
	key := a.Attr("input[name=key]", "value")
	h.visitor().Post(next+"/attend", "key", key, "party", "2", "slot", slot).Want(t, 303, next+"/attend/"+key+"?new=1")
	if got := h.visitor().Get(first).Text("section.attend p"); !strings.HasPrefix(got, "2 are coming") {
		t.Errorf("the first date: %s", got)
	}
	// Fewer places than people have on one of the dates change none of them.
	in := h.in
	in.Capacity = "1"
	page := h.steward.Get(first+"/edit").Want(t, 200, "")
	a = h.steward.Post(first+"/edit", asForm(in, "sequence", "0", "series_version", page.Attr("input[name=series_version]", "value"), "scope", "all")...).Want(t, 422, "")
	if a.Text("#capacity-error") == "" {
		t.Errorf("beside the field: %s", a.Text(".error-summary"))
	}
	h.steward.Post(next+"/repeat/end", "end_scope", "later", "version", "1").Want(t, 303, next+"/dates?saved=end&n=2")
	if text := h.visitor().Get(next).Want(t, 200, "").Text("main"); !strings.Contains(text, "This event is cancelled.") {
		t.Errorf("the date is not shown as cancelled: %s", text)
	}
	if text := h.visitor().Get(next+"/attend/"+key).Want(t, 200, "").Text("main"); !strings.Contains(text, "cancelled") {
		t.Errorf("who signed up is not told: %s", text)
	}
	if text := h.visitor().Get(first).Want(t, 200, "").Text("main"); strings.Contains(text, "This event is cancelled.") {
		t.Error("the first date is cancelled too")
	}
}

// Each date of an event that is part of a campaign is so, and follows its
// template from then on.
func TestSeriesOfACampaign(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	sam := callDay(t, s)
	const url = "/campaigns/day-of-care"
	sam.Post(url+"/template", "version", "0", "title", "Day of care", "kind", "mutual_aid", "description", "Bring gloves.").Want(t, 303, url)
	in := meeting("", "2026-06-06")
	a := sam.Post("/groups/riverside/events/new", asForm(in, "key", s.IDs.Secret(), "campaign", "day-of-care", "template", "1")...)
	event, _, _ := strings.Cut(a.Location, "?")
	form := sam.Get(event + "/repeat")
	sam.Post(event+"/repeat", "key", form.Attr("input[name=key]", "value"), "unit", "week", "end", "times", "times", "3", "step", "save").
		Want(t, 303, event+"/dates?saved=repeat")
	sam.Post(url+"/template", "version", "1", "title", "Weeks of care", "kind", "mutual_aid", "description", "Bring gloves.").Want(t, 303, url)
	if got := titles(s.visitor().Get("/events?campaign=day-of-care")); strings.Join(got, ", ") != "Weeks of care, Weeks of care, Weeks of care" {
		t.Errorf("of the campaign: %q", got)
	}
}

// A program makes an event repeat, once for each key, and changes several dates.
func TestSeriesInTheAPI(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, olga := s.signIn("olga")
		g := s.group(olga, "riverside", "Riverside Neighbours")
		e := s.event(olga, g, meeting("Open assembly", "2026-05-05"))
		token := b.Post("/me/tokens", "name", "website", "scope", "read", "scope", "events:write", "days", "30").Want(t, 200, "").Text("#token")
		c := apitest.New(t, s.Site).As(token)
		type date struct {
			ID, Title, Start string
			Sequence         int
			Series           *struct {
				ID, Rule, Date string
				Version        int
			}
		}
		var page struct{ Items []date }
		path := "/events/" + string(e)
		body := map[string]any{"unit": "month", "monthly": "nth", "end": "times", "times": 4, "except": []string{"2026-07-07"}}
		for range 2 {
			c.Do("POST", path+"/repeat", body, "Idempotency-Key", "every-month").Want(201, &page)
		}
		var got []string
		for _, x := range page.Items {
			got = append(got, x.Series.Date+" "+x.Start)
		}
		if want := "2026-05-05 2026-05-05T18:00+02:00, 2026-06-02 2026-06-02T18:00+02:00, 2026-08-04 2026-08-04T18:00+02:00"; strings.Join(got, ", ") != want {
			t.Fatalf("the dates: %q", got)
		}
		if x := page.Items[1].Series; x.Rule != "FREQ=MONTHLY;BYDAY=1TU;COUNT=4" || x.ID != page.Items[0].Series.ID {
			t.Errorf("%+v", x)
		}
		change := map[string]any{
			"title": "Open circle", "kind": "meeting", "state": "confirmed", "near": "Leipzig", "start_date": "2026-05-05", "start_time": "18:00",
			"sequence": 0, "scope": "all", "series_version": 7,
		}
		c.Do("PUT", path, change).Refused(409, "series.changed_meanwhile")
		change["series_version"] = 1
		var one date
		c.Do("PUT", path, change).Want(200, &one)
		c.Get("/events/"+page.Items[2].ID).Want(200, &one)
		if one.Title != "Open circle" || one.Series.Date != "2026-08-04" {
			t.Errorf("%+v", one)
		}
		c.Do("POST", path+"/repeat", map[string]any{"unit": "day"}, "Idempotency-Key", "every-day").Refused(409, "series.changed_meanwhile")
		c.Do("POST", path+"/repeat", map[string]any{"unit": "week", "weekday": []string{"WE"}, "series_version": 2}, "Idempotency-Key", "wednesdays").
			Refused(422, "form.invalid", "#/weekday", "series.weekday_own")
		other := s.event(olga, g, meeting("Open table", "2026-05-06"))
		c.Get("/events/"+string(other)).Want(200, &one)
		var bare struct{ Series any }
		c.Get("/events/"+string(other)).Want(200, &bare)
		if bare.Series != nil {
			t.Errorf("an event that does not repeat has the series %v", bare.Series)
		}
		in := meeting("Open circle", "2026-06-03")
		in.State = events.Moved
		if err := s.Events.Update(t.Context(), olga, id.Event(page.Items[1].ID), 1, in); err != nil {
			t.Fatal(err)
		}
		c.Get("/events/"+page.Items[1].ID).Want(200, &one)
		if one.Series.Date != "2026-06-02" || !strings.HasPrefix(one.Start, "2026-06-03") {
			t.Errorf("a moved date: %+v", one)
		}
		ics := s.visitor().Get("/groups/riverside/events.ics").Want(t, 200, "").Body
		for _, x := range page.Items {
			if n := strings.Count(ics, fmt.Sprintf("\r\nUID:%s@localhost\r\n", x.ID)); n != 1 {
				t.Errorf("%s is %d times in the calendar", x.ID, n)
			}
		}
	})
}
