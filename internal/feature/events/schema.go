package events

import (
	"encoding/json"
	"html/template"
	"time"

	"convoke/internal/web"
)

// schemaEvent is schema.org/Event as search engines read it, and our public
// JSON of one event.
type schemaEvent struct {
	Context     string         `json:"@context"`
	Type        string         `json:"@type"`
	ID          string         `json:"@id"`
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Start       string         `json:"startDate"`
	End         string         `json:"endDate"`
	Previous    string         `json:"previousStartDate,omitempty"`
	Status      string         `json:"eventStatus"`
	Mode        string         `json:"eventAttendanceMode"`
	Location    []any          `json:"location,omitempty"`
	Organizer   *schemaOrg     `json:"organizer,omitempty"`
	Language    string         `json:"inLanguage,omitempty"`
	Capacity    int            `json:"maximumAttendeeCapacity,omitempty"`
	URL         string         `json:"url"`
	Image       string         `json:"image,omitempty"`
	Modified    string         `json:"dateModified"`
	Kind        string         `json:"additionalType"`
	Access      map[string]any `json:"accessibility,omitempty"`
	Programme   *apiProgramme  `json:"programme,omitempty"`
}

type schemaOrg struct {
	Type string `json:"@type"`
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

type schemaPlace struct {
	Type        string        `json:"@type"`
	Name        string        `json:"name,omitempty"`
	Address     schemaAddress `json:"address"`
	Geo         *schemaGeo    `json:"geo,omitempty"`
	Description string        `json:"description,omitempty"`
}

type schemaAddress struct {
	Type     string `json:"@type"`
	Street   string `json:"streetAddress,omitempty"`
	Locality string `json:"addressLocality,omitempty"`
	Region   string `json:"addressRegion,omitempty"`
	Country  string `json:"addressCountry,omitempty"`
}

type schemaGeo struct {
	Type string  `json:"@type"`
	Lat  float64 `json:"latitude"`
	Lon  float64 `json:"longitude"`
}

type schemaVirtual struct {
	Type string `json:"@type"`
	URL  string `json:"url"`
}

func schemaOf(c *web.Call, e *Event, g Group, plain string) schemaEvent {
	url := c.BaseURL() + "/events/" + string(e.ID)
	s := schemaEvent{
		Context: "https://schema.org", Type: "Event", ID: url, URL: url, Name: e.Title, Description: plain,
		Start: datetime(e, e.Local(e.Start)), End: datetime(e, e.Local(e.End)), Language: e.Lang, Capacity: e.Capacity,
		Previous: wasStart(e),
		Modified: e.Updated.Format(time.RFC3339), Kind: string(e.Kind),
		Status: "https://schema.org/EventScheduled", Mode: "https://schema.org/OfflineEventAttendanceMode",
	}
	switch e.State {
	case Cancelled:
		s.Status = "https://schema.org/EventCancelled"
	case Postponed:
		s.Status = "https://schema.org/EventPostponed"
	case Moved:
		s.Status = "https://schema.org/EventRescheduled"
	}
	w := e.Where
	if w.Label() != "" {
		p := schemaPlace{
			Type: "Place", Name: w.Place, Address: schemaAddress{"PostalAddress", w.Address, w.Locality, w.Region, w.Country},
			Description: w.Directions,
		}
		if w.HasPoint {
			p.Geo = &schemaGeo{"GeoCoordinates", w.Point.Lat, w.Point.Lon}
		}
		s.Location = append(s.Location, p)
	}
	if w.OnlineURL != "" {
		s.Location = append(s.Location, schemaVirtual{"VirtualLocation", w.OnlineURL})
		s.Mode = "https://schema.org/MixedEventAttendanceMode"
		if w.Label() == "" {
			s.Mode = "https://schema.org/OnlineEventAttendanceMode"
		}
	}
	switch {
	case g.Handle != "":
		s.Organizer = &schemaOrg{"Organization", g.Name, c.BaseURL() + "/groups/" + g.Handle}
	case e.Organizer != "":
		s.Organizer = &schemaOrg{Type: "Organization", Name: e.Organizer}
	}
	if e.Picture != "" {
		s.Image = c.BaseURL() + "/pictures/" + e.Picture
	}
	s.Access = accessJSON(e.Access)
	return s
}

func accessJSON(a Access) map[string]any {
	if a.Unknown() {
		return nil
	}
	out := map[string]any{}
	for _, f := range a.Has() {
		out[f.Code] = true
	}
	for _, f := range a.Lacks() {
		out[f.Code] = false
	}
	if a.Note != "" {
		out["note"] = a.Note
	}
	return out
}

// schema is the JSON-LD of a page. A data block is no script, and the content
// policy lets it stand; its text has no "<" that could end it.
func (w *Web) schema(c *web.Call, e *Event, g Group) template.JS {
	b, err := json.Marshal(schemaOf(c, e, g, w.Plain(e.Description, 500)))
	if err != nil {
		return "{}" // strings and numbers always encode
	}
	return template.JS(b) //nolint:gosec // JSON with <, > and & escaped
}

func (w *Web) oneJSON(c *web.Call, e Event, g Group, p *Programme) error {
	s := schemaOf(c, &e, g, w.Plain(e.Description, 2000))
	s.Programme = apiProgrammeOf(&e, p)
	return writeJSON(c, "application/ld+json", s)
}
