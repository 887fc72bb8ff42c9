package events

import (
	"time"

	"convoke/internal/api"
	"convoke/internal/db"
	"convoke/internal/web"
)

// The media types by which programs of other systems ask for events as they
// know them; package eventjson reads both.
const (
	osdiType     = "application/hal+json"
	mobilizeType = "application/vnd.mobilize+json"
)

// osdiEvent is an event of the Open Supporter Data Interface 1.2.
type osdiEvent struct {
	Identifiers  []string     `json:"identifiers" nullable:"false"`
	OriginSystem string       `json:"origin_system"`
	Created      time.Time    `json:"created_date"`
	Modified     time.Time    `json:"modified_date"`
	Title        string       `json:"title"`
	Name         string       `json:"name"`
	Description  string       `json:"description" doc:"HTML."`
	Summary      string       `json:"summary"`
	URL          string       `json:"browser_url"`
	Type         string       `json:"type" enum:"open"`
	Status       string       `json:"status" enum:"confirmed,tentative,cancelled"`
	Start        string       `json:"start_date"`
	End          string       `json:"end_date"`
	AllDay       bool         `json:"all_day"`
	AllDayDate   string       `json:"all_day_date,omitempty"`
	Capacity     int          `json:"capacity,omitempty"`
	Visibility   string       `json:"visibility" enum:"public,private"`
	Location     osdiLocation `json:"location"`
	Links        osdiLinks    `json:"_links"`
}

type osdiLocation struct {
	Venue    string     `json:"venue,omitempty"`
	Lines    []string   `json:"address_lines" nullable:"false"`
	Locality string     `json:"locality,omitempty"`
	Region   string     `json:"region,omitempty"`
	Country  string     `json:"country,omitempty"`
	Language string     `json:"language,omitempty"`
	Point    *osdiPoint `json:"location,omitempty"`
}

type osdiPoint struct {
	Lat      float64 `json:"latitude"`
	Lon      float64 `json:"longitude"`
	Accuracy string  `json:"accuracy" enum:"Rooftop,Approximate"`
}

type osdiLink struct {
	Href string `json:"href"`
}

type osdiLinks struct {
	Self osdiLink  `json:"self"`
	Next *osdiLink `json:"next,omitempty"`
}

type osdiEmbedded struct {
	Events []osdiEvent `json:"osdi:events" nullable:"false"`
}

// osdiPage has no totals: nothing here counts the whole list.
type osdiPage struct {
	PerPage  int          `json:"per_page"`
	Links    osdiLinks    `json:"_links"`
	Embedded osdiEmbedded `json:"_embedded"`
}

// mobilizeEvent is an event of Mobilize's API, with the one timeslot it has.
type mobilizeEvent struct {
	ID          int64             `json:"id"`
	Title       string            `json:"title"`
	Summary     string            `json:"summary"`
	Description string            `json:"description" doc:"HTML."`
	Picture     string            `json:"featured_image_url"`
	Sponsor     mobilizeSponsor   `json:"sponsor"`
	Timeslots   []mobilizeSlot    `json:"timeslots" nullable:"false"`
	Location    *mobilizeLocation `json:"location,omitempty"`
	Timezone    string            `json:"timezone"`
	EventType   string            `json:"event_type"`
	URL         string            `json:"browser_url"`
	Created     int64             `json:"created_date"`
	Modified    int64             `json:"modified_date"`
	Visibility  string            `json:"visibility" enum:"PUBLIC,PRIVATE"`
	Address     string            `json:"address_visibility" enum:"PUBLIC"`
	Virtual     bool              `json:"is_virtual"`
	ActionURL   string            `json:"virtual_action_url,omitempty"`
	Accessible  string            `json:"accessibility_status" enum:"ACCESSIBLE,NOT_ACCESSIBLE,NOT_SURE"`
	AccessNotes string            `json:"accessibility_notes"`
}

type mobilizeSponsor struct {
	Name string `json:"name"`
	Slug string `json:"slug"`
}

type mobilizeSlot struct {
	ID    int64 `json:"id"`
	Start int64 `json:"start_date"`
	End   int64 `json:"end_date"`
}

type mobilizeLocation struct {
	Venue    string         `json:"venue"`
	Lines    []string       `json:"address_lines" nullable:"false"`
	Locality string         `json:"locality"`
	Region   string         `json:"region"`
	Country  string         `json:"country"`
	Point    *mobilizePoint `json:"location,omitempty"`
}

type mobilizePoint struct {
	Lat float64 `json:"latitude"`
	Lon float64 `json:"longitude"`
}

type mobilizePage struct {
	Data []mobilizeEvent `json:"data" nullable:"false"`
	Next string          `json:"next,omitempty"`
}

type mobilizeOne struct {
	Data mobilizeEvent `json:"data"`
}

// listFormats and oneFormats are the other forms of these operations.
func (w *Web) listFormats() []api.Format {
	return []api.Format{
		api.As(osdiType, func(c *web.Call) (osdiPage, error) {
			out := osdiPage{Embedded: osdiEmbedded{Events: []osdiEvent{}}, Links: osdiLinks{Self: osdiLink{c.BaseURL() + c.R.URL.RequestURI()}}}
			next, per, err := w.foreignPage(c, func(e *Event, g Group) { out.Embedded.Events = append(out.Embedded.Events, w.osdiOf(c, e)) })
			out.PerPage = per
			if next != "" {
				out.Links.Next = &osdiLink{next}
			}
			return out, err
		}),
		api.As(mobilizeType, func(c *web.Call) (mobilizePage, error) {
			out := mobilizePage{Data: []mobilizeEvent{}}
			next, _, err := w.foreignPage(c, func(e *Event, g Group) { out.Data = append(out.Data, w.mobilizeOf(c, e, g)) })
			out.Next = next
			return out, err
		}),
	}
}

func (w *Web) oneFormats() []api.Format {
	return []api.Format{
		api.As(osdiType, func(c *web.Call) (osdiEvent, error) {
			e, _, err := w.apiEvent(c, c.Param("id"))
			return w.osdiOf(c, &e), err
		}),
		api.As(mobilizeType, func(c *web.Call) (mobilizeOne, error) {
			e, g, err := w.apiEvent(c, c.Param("id"))
			return mobilizeOne{w.mobilizeOf(c, &e, g)}, err
		}),
	}
}

// foreignPage searches as the list does and gives each event to add. next is the
// address of the page that follows.
func (w *Web) foreignPage(c *web.Call, add func(e *Event, g Group)) (next string, per int, err error) {
	q, r, h, err := w.apiFind(c)
	if err != nil {
		return "", 0, err
	}
	for i := range r.Events {
		add(&r.Events[i], h.groups[r.Events[i].Group])
	}
	if r.More {
		next = c.BaseURL() + withQuery(c.R.URL.Path, nextPage(c, &q, r))
	}
	return next, q.Limit, nil
}

func (w *Web) apiEvent(c *web.Call, name string) (e Event, g Group, err error) {
	eid, err := eventID(name)
	if err != nil {
		return e, g, err
	}
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		e, g, _, err = w.Get(c.Context(), tx, c.Actor(), eid)
		return err
	})
	return e, g, err
}

func lines(w Where) []string {
	if w.Address == "" {
		return []string{}
	}
	return []string{w.Address}
}

func (w *Web) osdiOf(c *web.Call, e *Event) osdiEvent {
	p := e.Where
	out := osdiEvent{
		Identifiers: []string{"convoke:" + string(e.ID)}, OriginSystem: "Convoke", Created: e.Created, Modified: e.Updated,
		Title: e.Title, Name: e.Title, Description: string(e.HTML), Summary: w.Plain(e.Description, 200),
		URL: c.BaseURL() + "/events/" + string(e.ID), Type: "open", Status: "confirmed",
		Start: e.Local(e.Start).Format(time.RFC3339), End: e.Local(e.End).Format(time.RFC3339), AllDay: e.AllDay,
		Capacity: e.Capacity, Visibility: "public",
		Location: osdiLocation{
			Venue: p.Place, Lines: lines(p), Locality: p.Locality, Region: p.Region, Country: p.Country, Language: e.Lang,
		},
		Links: osdiLinks{Self: osdiLink{c.BaseURL() + "/api/v1/events/" + string(e.ID)}},
	}
	switch e.State {
	case Cancelled:
		out.Status = "cancelled"
	case Proposed, Postponed, Draft:
		out.Status = "tentative"
	}
	if e.State == Draft {
		out.Visibility = "private"
	}
	if e.AllDay {
		out.AllDayDate = e.Local(e.Start).Format(time.DateOnly)
	}
	if p.HasPoint {
		out.Location.Point = &osdiPoint{p.Point.Lat, p.Point.Lon, "Approximate"}
		if p.Precise == "exact" || p.Precise == "street" {
			out.Location.Point.Accuracy = "Rooftop"
		}
	}
	return out
}

func (w *Web) mobilizeOf(c *web.Call, e *Event, g Group) mobilizeEvent {
	p := e.Where
	out := mobilizeEvent{
		ID: e.Seq, Title: e.Title, Summary: w.Plain(e.Description, 200), Description: string(e.HTML),
		Sponsor:   mobilizeSponsor{Name: e.Organizer},
		Timeslots: []mobilizeSlot{{e.Seq, e.Start.Unix(), e.End.Unix()}}, Timezone: e.Zone, EventType: "OTHER",
		URL: c.BaseURL() + "/events/" + string(e.ID), Created: e.Created.Unix(), Modified: e.Updated.Unix(),
		Visibility: "PUBLIC", Address: "PUBLIC", Virtual: p.Label() == "", ActionURL: p.OnlineURL,
		Accessible: "NOT_SURE", AccessNotes: e.Access.Note,
	}
	if g.Handle != "" {
		out.Sponsor = mobilizeSponsor{g.Name, g.Handle}
	}
	if e.State == Draft {
		out.Visibility = "PRIVATE"
	}
	for kind, name := range map[Kind]string{"rally": "RALLY", "meeting": "MEETING", "training": "TRAINING", "assembly": "TOWN_HALL", "mutual_aid": "COMMUNITY"} {
		if e.Kind == kind {
			out.EventType = name
		}
	}
	if e.Picture != "" {
		out.Picture = c.BaseURL() + "/pictures/" + e.Picture
	}
	stepFree := bits([]string{"step_free"})
	switch {
	case e.Access.Yes&stepFree != 0:
		out.Accessible = "ACCESSIBLE"
	case e.Access.No&stepFree != 0:
		out.Accessible = "NOT_ACCESSIBLE"
	}
	if p.Label() != "" {
		out.Location = &mobilizeLocation{Venue: p.Place, Lines: append(lines(p), ""), Locality: p.Locality, Region: p.Region, Country: p.Country}
		if p.HasPoint {
			out.Location.Point = &mobilizePoint{p.Point.Lat, p.Point.Lon}
		}
	}
	return out
}
