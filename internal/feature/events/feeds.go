package events

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"convoke/internal/clock"
	"convoke/internal/ical"
	"convoke/internal/web"
)

// feedLimit is how many events a feed holds at most; "limit" asks for another
// number up to maxResult.
const feedLimit = 500

// feed runs the search of the address and caches what write makes of it.
func (w *Web) feed(c *web.Call, limit int, write func(q *Query, r Result) error) error {
	return c.Cached([]string{"events", "site"}, listTTL, func() error {
		v := c.Query()
		q, err := ParseQuery(v, w.Places)
		if err != nil {
			return err
		}
		if v.Get("limit") == "" {
			q.Limit = limit
		}
		r, err := w.Search(c.Context(), q)
		if err != nil {
			return err
		}
		if r.More {
			next := q.Values()
			next.Set("after", strconv.FormatInt(r.Next, 36))
			c.Header().Set("Link", "<"+c.BaseURL()+c.R.URL.Path+"?"+next.Encode()+`>; rel="next"`)
		}
		return write(&q, r)
	})
}

func writeJSON(c *web.Call, ctype string, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(true)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	return c.Write(200, ctype, b.Bytes())
}

// GeoJSON per RFC 7946.
type featureCollection struct {
	Type     string    `json:"type"`
	Features []feature `json:"features"`
	More     bool      `json:"more"`
}

type feature struct {
	Type       string     `json:"type"`
	ID         string     `json:"id"`
	Geometry   *geometry  `json:"geometry"`
	Properties properties `json:"properties"`
}

type geometry struct {
	Type        string     `json:"type"`
	Coordinates [2]float64 `json:"coordinates"` // longitude, latitude
}

type properties struct {
	Title string `json:"title"`
	When  string `json:"when"`
	Start string `json:"start"`
	End   string `json:"end"`
	Kind  Kind   `json:"kind"`
	State State  `json:"state"`
	Place string `json:"place"`
	URL   string `json:"url"`
}

func (w *Web) geoJSON(c *web.Call) error {
	return w.feed(c, mapLimit, func(_ *Query, r Result) error {
		fc := featureCollection{Type: "FeatureCollection", Features: []feature{}, More: r.More}
		for i := range r.Events {
			fc.Features = append(fc.Features, w.feature(c, &r.Events[i]))
		}
		return writeJSON(c, "application/geo+json", fc)
	})
}

func (w *Web) feature(c *web.Call, e *Event) feature {
	l, start := c.Locale, e.Local(e.Start)
	f := feature{Type: "Feature", ID: string(e.ID), Properties: properties{
		Title: e.Title, When: l.DateShort(start) + ", " + hours(l, e), Start: datetime(e, start),
		End: datetime(e, e.Local(e.End)), Kind: e.Kind, State: e.State, Place: e.Where.Label(), URL: "/events/" + string(e.ID),
	}}
	if e.Where.HasPoint {
		f.Geometry = &geometry{"Point", [2]float64{e.Where.Point.Lon, e.Where.Point.Lat}}
	}
	return f
}

func (w *Web) calendarFeed(c *web.Call) error {
	return w.feed(c, feedLimit, func(q *Query, r Result) error {
		return w.ics(c, listTitle(c, q), r.Events)
	})
}

// groupFeed is the calendar of one group.
func (w *Web) groupFeed(c *web.Call) error {
	g, err := w.groupOf(c)
	if err != nil {
		return err
	}
	if g.Suspended {
		return web.ErrNotFound()
	}
	return c.Cached([]string{"group-events:" + string(g.ID), "group:" + string(g.ID)}, 10*time.Minute, func() error {
		r, err := w.Search(c.Context(), Query{Group: g.ID, Limit: feedLimit, From: c.Now().AddDate(0, -3, 0)})
		if err != nil {
			return err
		}
		return w.ics(c, g.Name, r.Events)
	})
}

func (w *Web) oneICS(c *web.Call, e Event, g Group) error {
	if e.Organizer == "" {
		e.Organizer = g.Name
	}
	return w.ics(c, e.Title, []Event{e})
}

func (w *Web) ics(c *web.Call, name string, es []Event) error {
	var out bytes.Buffer
	iw := ical.NewWriter(&out, ical.Calendar{Name: name, Host: c.R.Host, Language: c.Locale.Tag(), Refresh: 6 * time.Hour})
	for i := range es {
		if err := iw.Event(w.icsEvent(c, &es[i])); err != nil {
			return fmt.Errorf("write calendar: %w", err)
		}
	}
	if err := iw.Close(); err != nil {
		return fmt.Errorf("write calendar: %w", err)
	}
	return c.Write(200, "text/calendar; charset=utf-8", out.Bytes())
}

func (w *Web) icsEvent(c *web.Call, e *Event) ical.Out {
	o := ical.Out{
		UID: string(e.ID) + "@" + hostname(c), Sequence: e.Sequence, Stamp: e.Updated, LastModified: e.Updated,
		Summary: e.Title, Description: w.Plain(e.Description, 2000), Location: e.Where.Label(),
		URL: c.BaseURL() + "/events/" + string(e.ID), Organizer: e.Organizer, Status: "CONFIRMED",
		Start: e.Local(e.Start), End: e.Local(e.End), Zone: e.Zone, AllDay: e.AllDay,
		Lat: e.Where.Point.Lat, Lon: e.Where.Point.Lon, HasGeo: e.Where.HasPoint,
		Categories: []string{e.Kind.Name()}, Language: e.Lang,
	}
	switch e.State {
	case Cancelled:
		o.Status = "CANCELLED"
	case Proposed, Postponed:
		o.Status = "TENTATIVE"
	}
	return o
}

func hostname(c *web.Call) string {
	h := strings.TrimPrefix(strings.TrimPrefix(c.BaseURL(), "https://"), "http://")
	h, _, _ = strings.Cut(h, ":")
	return h
}

// Atom per RFC 4287, with a GeoRSS point.
type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	GeoRSS  string      `xml:"xmlns:georss,attr"`
	Title   string      `xml:"title"`
	ID      string      `xml:"id"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
	Type string `xml:"type,attr,omitempty"`
}

type atomEntry struct {
	Title   string   `xml:"title"`
	ID      string   `xml:"id"`
	Updated string   `xml:"updated"`
	Author  string   `xml:"author>name"`
	Link    atomLink `xml:"link"`
	Summary string   `xml:"summary"`
	Content atomHTML `xml:"content"`
	Point   string   `xml:"georss:point,omitempty"`
}

type atomHTML struct {
	Type string `xml:"type,attr"`
	Body string `xml:",chardata"`
}

func (w *Web) atom(c *web.Call) error {
	return w.feed(c, 100, func(q *Query, r Result) error {
		base := c.BaseURL()
		f := atomFeed{
			GeoRSS: "http://www.georss.org/georss", Title: listTitle(c, q), ID: base + c.R.URL.RequestURI(),
			Links: []atomLink{
				{"self", base + c.R.URL.RequestURI(), "application/atom+xml"},
				{"alternate", base + withQuery("/events", q.Values()), "text/html"},
			},
		}
		updated := c.Now().Truncate(24 * time.Hour) // of an empty feed; RFC 4287 section 4.1.1 wants one
		if len(r.Events) > 0 {
			updated = r.Events[0].Updated
		}
		for i := range r.Events {
			e := &r.Events[i]
			if e.Updated.After(updated) {
				updated = e.Updated
			}
			f.Entries = append(f.Entries, w.atomEntry(c, e))
		}
		f.Updated = updated.Format(time.RFC3339)
		b, err := xml.MarshalIndent(f, "", " ")
		if err != nil {
			return fmt.Errorf("encode feed: %w", err)
		}
		return c.Write(200, "application/atom+xml; charset=utf-8", append([]byte(xml.Header), b...))
	})
}

func (w *Web) atomEntry(c *web.Call, e *Event) atomEntry {
	href := c.BaseURL() + "/events/" + string(e.ID)
	by := e.Organizer
	if by == "" {
		by = c.Locale.T("A group of this site")
	}
	a := atomEntry{
		Title: e.Title, ID: href, Updated: e.Updated.Format(time.RFC3339), Author: by, Link: atomLink{Rel: "alternate", Href: href},
		Summary: c.Locale.Date(e.Local(e.Start)) + ", " + hours(c.Locale, e) + " · " + e.Where.Label(),
		Content: atomHTML{"html", string(e.HTML)},
	}
	if e.Where.HasPoint {
		a.Point = fmt.Sprintf("%.5f %.5f", e.Where.Point.Lat, e.Where.Point.Lon)
	}
	return a
}

// csv writes RFC 4180, with formula cells made harmless.
func (w *Web) csv(c *web.Call) error {
	return w.feed(c, feedLimit, func(_ *Query, r Result) error {
		var out bytes.Buffer
		cw := csv.NewWriter(&out)
		cw.UseCRLF = true
		rows := [][]string{{
			"id", "title", "kind", "state", "start", "end", "zone", "all_day", "place", "address", "locality", "region", "country",
			"lat", "lon", "precision", "online_url", "language", "access", "capacity", "organizer", "source_url", "url", "updated",
		}}
		for i := range r.Events {
			rows = append(rows, csvRow(c, &r.Events[i]))
		}
		for _, row := range rows {
			for i := range row {
				row[i] = SafeCell(row[i])
			}
			if err := cw.Write(row); err != nil {
				return fmt.Errorf("write table: %w", err)
			}
		}
		cw.Flush()
		c.Header().Set("Content-Disposition", `attachment; filename="events.csv"`)
		return c.Write(200, "text/csv; charset=utf-8", out.Bytes())
	})
}

func csvRow(c *web.Call, e *Event) []string {
	var lat, lon, capacity string
	if e.Where.HasPoint {
		lat, lon = strconv.FormatFloat(e.Where.Point.Lat, 'f', -1, 64), strconv.FormatFloat(e.Where.Point.Lon, 'f', -1, 64)
	}
	if e.Capacity > 0 {
		capacity = strconv.Itoa(e.Capacity)
	}
	var access []string
	for _, f := range e.Access.Has() {
		access = append(access, f.Code)
	}
	return []string{
		string(e.ID), e.Title, string(e.Kind), string(e.State), datetime(e, e.Local(e.Start)), datetime(e, e.Local(e.End)), e.Zone,
		strconv.FormatBool(e.AllDay), e.Where.Place, e.Where.Address, e.Where.Locality, e.Where.Region, e.Where.Country, lat, lon,
		string(e.Where.Precise), e.Where.OnlineURL, e.Lang, strings.Join(access, " "), capacity, e.Organizer, e.SourceURL,
		c.BaseURL() + "/events/" + string(e.ID), clock.FromMicros(clock.Micros(e.Updated)).Format(time.RFC3339),
	}
}

// SafeCell keeps a spreadsheet from running a cell as a formula (OWASP, "CSV
// Injection"): such a cell gets an apostrophe in front. Numbers stay.
func SafeCell(s string) string {
	first, _ := utf8.DecodeRuneInString(s)
	if s == "" || !strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) { // full-width too: some locales read them alike
		return s
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return s
	}
	return "'" + s
}
