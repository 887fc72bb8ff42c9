package app_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"convoke/internal/feature/events"
)

// What search engines read on an event's page is what the event's JSON says, in
// every state, and tells no more than the page does.
func TestStructuredDataOfEvents(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, sam := s.signIn("sam")
		g := s.group(sam, "riverside", "Riverside Neighbours")
		town := s.Places.Find("Leipzig", 1)[0].Point
		for _, c := range []struct {
			name, status, mode string
			was                string // start before it was moved
			places             []string
			first, then        func(*events.Input)
		}{
			{name: "confirmed", status: "EventScheduled", mode: "Offline", places: []string{"Place"}},
			{name: "proposed", status: "EventScheduled", mode: "Offline", places: []string{"Place"}, first: func(in *events.Input) { in.State = events.Proposed }},
			{
				name: "moved", status: "EventRescheduled", mode: "Offline", places: []string{"Place"}, was: "2026-05-10T18:00+02:00",
				then: func(in *events.Input) { in.State, in.StartTime, in.Place = events.Moved, "19:30", "Town hall" },
			},
			{
				name: "postponed", status: "EventPostponed", mode: "Offline", places: []string{"Place"}, was: "2026-05-10T18:00+02:00",
				then: func(in *events.Input) { in.State, in.StartDate = events.Postponed, "2026-05-17" },
			},
			{
				name: "cancelled", status: "EventCancelled", mode: "Offline", places: []string{"Place"},
				then: func(in *events.Input) { in.State = events.Cancelled },
			},
			{
				name: "online", status: "EventScheduled", mode: "Online", places: []string{"VirtualLocation"},
				first: func(in *events.Input) {
					in.Kind, in.Near, in.Zone, in.OnlineURL = "online", "", "Europe/Berlin", "https://meet.example.org/a"
				},
			},
			{
				name: "both", status: "EventScheduled", mode: "Mixed", places: []string{"Place", "VirtualLocation"},
				first: func(in *events.Input) { in.OnlineURL, in.Place = "https://meet.example.org/a", "Town hall" },
			},
			{
				name: "whole day", status: "EventScheduled", mode: "Offline", places: []string{"Place"},
				first: func(in *events.Input) {
					in.StartTime, in.Description = "", "</script><script>alert(1)</script> **Bring** gloves."
				},
			},
		} {
			in := meeting("Assembly: "+c.name, "2026-05-10")
			if c.first != nil {
				c.first(&in)
			}
			path := "/events/" + string(s.event(sam, g, in))
			if c.then != nil {
				c.then(&in)
				seq := b.Get(path+"/edit").Want(t, 200, "").Attr("main input[name=sequence]", "value")
				b.Post(path+"/edit", asForm(in, "sequence", seq)...).Want(t, 303, path+"?saved=1")
			}
			x := s.structured(t, path)
			if x.Context != "https://schema.org" || x.Type != "Event" || x.Name != in.Title || x.ID != x.URL || x.URL != "http://localhost"+path || x.Organizer.Name != "Riverside Neighbours" {
				t.Errorf("%s: what is required is wrong: %+v", c.name, x)
			}
			if x.EventStatus != "https://schema.org/"+c.status || x.EventAttendanceMode != "https://schema.org/"+c.mode+"EventAttendanceMode" || x.PreviousStartDate != c.was {
				t.Errorf("%s: status %s, mode %s, before %s", c.name, x.EventStatus, x.EventAttendanceMode, x.PreviousStartDate)
			}
			if from, to := moment(t, in.StartTime != "", x.StartDate), moment(t, in.StartTime != "", x.EndDate); !from.Before(to) {
				t.Errorf("%s: from %s to %s", c.name, x.StartDate, x.EndDate)
			}
			var kinds []string
			for _, l := range x.Location {
				kinds = append(kinds, l.Type)
				switch {
				case l.Type == "VirtualLocation":
					if l.URL != in.OnlineURL || l.Geo != nil {
						t.Errorf("%s: %+v", c.name, l)
					}
				// The town is all that is known: no street, and no point but its middle.
				case l.Name != in.Place || l.Address["addressLocality"] != "Leipzig" || l.Address["streetAddress"] != "" || l.Geo == nil || l.Geo.Latitude != town.Lat || l.Geo.Longitude != town.Lon:
					t.Errorf("%s: %+v, the middle of the town is at %v", c.name, l, town)
				}
			}
			if !slices.Equal(kinds, c.places) {
				t.Errorf("%s: the places are %q", c.name, kinds)
			}
		}
	})
}

type structured struct {
	Context             string `json:"@context"`
	Type                string `json:"@type"`
	ID                  string `json:"@id"`
	Name, URL           string
	StartDate, EndDate  string
	PreviousStartDate   string
	EventStatus         string
	EventAttendanceMode string
	Organizer           struct{ Name string }
	Location            []struct {
		Type      string `json:"@type"`
		Name, URL string
		Address   map[string]string
		Geo       *struct{ Latitude, Longitude float64 }
	}
}

// structured is the data block of an event's page; the test fails unless the
// event's JSON says the same, but for what only a programme needs.
func (s *stand) structured(t *testing.T, path string) structured {
	t.Helper()
	block := s.visitor().Get(path).Want(t, 200, "").All("script[type=application/ld+json]")
	if len(block) != 1 || block[0].FirstChild == nil {
		t.Fatalf("%s has %d data blocks", path, len(block))
	}
	var page, one map[string]any
	var out structured
	text := []byte(block[0].FirstChild.Data)
	for _, err := range []error{
		json.Unmarshal(text, &page), json.Unmarshal(text, &out),
		json.Unmarshal([]byte(s.visitor().Get(path+".json").Want(t, 200, "").Body), &one),
	} {
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	delete(one, "programme")
	if !maps.EqualFunc(page, one, func(a, b any) bool { return asJSON(t, a) == asJSON(t, b) }) {
		t.Errorf("%s: the page has\n%s\nand the JSON\n%s", path, asJSON(t, page), asJSON(t, one))
	}
	return out
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// moment reads a time with its offset, or the day of an event without one.
func moment(t *testing.T, timed bool, s string) time.Time {
	t.Helper()
	form := time.DateOnly
	if timed {
		form = "2006-01-02T15:04Z07:00"
	}
	at, err := time.Parse(form, s)
	if err != nil {
		t.Errorf("a time that schema.org does not know: %v", err)
	}
	return at
}
