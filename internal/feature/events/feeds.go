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

	"convoke/internal/db"
	"convoke/internal/ical"
	"convoke/internal/web"
)

// feedLimit is how many events a feed holds at most; "limit" asks for another
// number up to maxResult.
const feedLimit = 500

// geoLimit is the same for the map that can be moved.
const geoLimit = 1000

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
		q.In = q.Lang // as with statements: without it the originals
		r, err := w.Search(c.Context(), q)
		if err != nil {
			return err
		}
		if r.More {
			c.Header().Set("Link", "<"+c.BaseURL()+withQuery(c.R.URL.Path, nextPage(c, &q, r))+`>; rel="next"`)
		}
		return write(&q, r)
	}, searchParams()...)
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
	Lang  string `json:"lang,omitempty"` // of the title
	When  string `json:"when"`
	Start string `json:"start"`
	End   string `json:"end"`
	Kind  Kind   `json:"kind"`
	State State  `json:"state"`
	Place string `json:"place"`
	URL   string `json:"url"`
	// What it was before it was moved or postponed; absent when that did not change.
	WasStart string `json:"was_start,omitempty"`
	WasPlace string `json:"was_place,omitempty"`
	// What its page says beyond time and place; of one event and in exports, not
	// in lists, which maps load.
	Bring       string          `json:"bring,omitempty"` // Markdown
	Contingents []apiContingent `json:"contingents,omitempty"`
	Roles       []apiRoleNeed   `json:"roles,omitempty"`
	LegalHelp   string          `json:"legal_help,omitempty"`
}

// prepare adds what a programme says.
func (x *properties) prepare(e *Event, p *Programme) {
	if all := apiProgrammeOf(e, p); all != nil {
		x.Bring, x.Contingents, x.Roles, x.LegalHelp = all.Bring, all.Contingents, all.Roles, all.LegalHelp
	}
}

func (w *Web) geoJSON(c *web.Call) error {
	limit := geoLimit
	if c.Query().Get("campaign") != "" { // all of it, as on its map
		limit = mapLimit
	}
	return w.feed(c, limit, func(_ *Query, r Result) error {
		fc := featureCollection{Type: "FeatureCollection", Features: []feature{}, More: r.More}
		for i := range r.Events {
			fc.Features = append(fc.Features, featureOf(c.Locale, &r.Events[i]))
		}
		return writeJSON(c, "application/geo+json", fc)
	})
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

func (w *Web) oneGeoJSON(c *web.Call, e Event) error {
	f := featureOf(c.Locale, &e)
	p, err := w.programmeOf(c, &e)
	if err != nil {
		return err
	}
	f.Properties.prepare(&e, p)
	return writeJSON(c, "application/geo+json", featureCollection{Type: "FeatureCollection", Features: []feature{f}})
}

func (w *Web) oneICS(c *web.Call, e Event, g Group, notes string) error {
	if e.Organizer == "" {
		e.Organizer = g.Name
	}
	return w.ics(c, e.Title, []Event{e}, notes)
}

// ics writes events as a calendar. notes end the description of each.
func (w *Web) ics(c *web.Call, name string, es []Event, notes ...string) error {
	var out bytes.Buffer
	base := c.BaseURL()
	iw := ical.NewWriter(&out, ical.Calendar{Name: name, Host: hostOf(base), Language: c.Locale.Tag(), Refresh: 6 * time.Hour})
	var all programmes
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		all, err = programmesOf(c.Context(), tx, es...)
		return err
	})
	if err != nil {
		return err
	}
	for i := range es {
		e := &es[i]
		if err := iw.Event(icsOut(base, w.Plain, e, calendarText(c.Locale, e, all.of(e))+strings.Join(notes, ""))); err != nil {
			return fmt.Errorf("write calendar: %w", err)
		}
	}
	if err := iw.Close(); err != nil {
		return fmt.Errorf("write calendar: %w", err)
	}
	return c.Write(200, "text/calendar; charset=utf-8", out.Bytes())
}

// Atom per RFC 4287, with a GeoRSS point.
type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	GeoRSS  string      `xml:"xmlns:georss,attr"`
	Lang    string      `xml:"xml:lang,attr"`
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
	Lang    string   `xml:"xml:lang,attr"` // of title and content; "" is not known
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
			GeoRSS: "http://www.georss.org/georss", Lang: c.Locale.Tag(), Title: listTitle(c, q), ID: base + c.R.URL.RequestURI(),
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
		Lang: e.Lang, Title: e.Title, ID: href, Updated: e.Updated.Format(time.RFC3339), Author: by, Link: atomLink{Rel: "alternate", Href: href},
		Summary: c.Locale.Date(e.Local(e.Start)) + ", " + hours(c.Locale, e) + " · " + e.Where.Label(),
		Content: atomHTML{"html", string(e.HTML)},
	}
	if was := wasNote(c.Locale, e); was != "" {
		a.Summary += " · " + was
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
		rows := [][]string{csvHeader()}
		var all programmes
		err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
			all, err = programmesOf(c.Context(), tx, r.Events...)
			return err
		})
		if err != nil {
			return err
		}
		for i := range r.Events {
			rows = append(rows, csvCells(c.BaseURL(), &r.Events[i], all.of(&r.Events[i])))
		}
		if err := cw.WriteAll(rows); err != nil {
			return fmt.Errorf("write table: %w", err)
		}
		c.Header().Set("Content-Disposition", `attachment; filename="events.csv"`)
		return c.Write(200, "text/csv; charset=utf-8", out.Bytes())
	})
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
