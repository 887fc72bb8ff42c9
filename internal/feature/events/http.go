package events

import (
	"context"
	"embed"
	"net/url"
	"strconv"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/print"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Panel renders a part of the event page that another feature owns.
type Panel func(c *web.Call, e *Event, can Can) (Fragment, error)

// Web is the feature's pages and formats.
type Web struct {
	*Service
	Map      Drawer
	Pictures Pictures
	Print    *print.Press
	// Attend is shown first on the event page, Panels below what the event says.
	Attend Panel
	Panels []Panel
	// Taken tells how many are confirmed in a role of the programme; nil where
	// roles are not taken here.
	Taken func(ctx context.Context, e id.Event) (func(code, name string) int, error)
	// Tools are what other features offer to those who may edit the event.
	Tools []Tool
}

// Tool is a page of another feature about one event.
type Tool struct {
	Path   string // behind the event's address, as in "/timeslots"
	Text   string // English, for translation
	Public bool   // only once the event is public
	// Needs is what the reader must be allowed to do; "" is to edit the event.
	Needs authz.Action
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /{$}", w.home)
	site.Handle("GET /events", w.list)
	site.Handle("GET /events.geojson", w.geoJSON)
	site.Handle("GET /events.ics", w.calendarFeed)
	site.Handle("GET /events.atom", w.atom)
	site.Handle("GET /events.csv", w.csv)
	site.Handle("GET /calendar", w.calendar)
	site.Handle("GET /map/picture.png", w.picture)
	site.Handle("GET /places", w.places)
	site.Handle("GET /events/{id}", w.show)
	site.Handle("GET /events/kept", w.kept)
	w.mountPrint(site)
	w.mountProgramme(site)
	w.mountSeries(site)
	w.mountExact(site)
	w.mountVersions(site)
	site.Handle("GET /events/{id}/edit", w.editForm)
	site.Handle("POST /events/{id}/edit", w.edit)
	site.Handle("GET /groups/{handle}/events/new", w.newForm)
	site.Handle("POST /groups/{handle}/events/new", w.create)
	site.Handle("GET /groups/{handle}/events.ics", w.groupFeed)
	site.Handle("GET /pictures/{key}", w.servePicture)
}

// listTTL bounds how long a list says "upcoming" of what has begun.
const listTTL = time.Minute

type listData struct {
	Search  searchForm
	Title   string
	Lede    string
	Items   []Item
	Map     mapView
	Next    string // address of the next page
	Formats []link
	Error   string
	Past    bool
	Other   string // the same search, past instead of upcoming or the reverse
	Hidden  int    // events without a place, which the map cannot show
}

type link struct{ Href, Text string }

var listPage = web.NewPage[listData](pages, "pages/list.html", "pages/parts.html")

// list is the search page.
func (w *Web) list(c *web.Call) error {
	return c.Cached([]string{"events", "site"}, listTTL, func() error {
		v := c.Query()
		d := listData{Search: w.searchForm(c, "/events", v)}
		q, err := ParseQuery(v, w.Places)
		if d.Search.Form.Accepts(err) {
			return listPage.RenderForm(c, d.Search.Form, d)
		}
		if err != nil {
			return err
		}
		r, err := w.search(c, q)
		if err != nil {
			return err
		}
		w.fillList(c, &d, &q, r)
		return listPage.Render(c, d)
	}, searchParams()...)
}

// search finds events for a page, with their texts in the language of the reader.
func (w *Web) search(c *web.Call, q Query) (Result, error) {
	if q.In = q.Lang; q.In == "" {
		q.In = c.Locale.Tag()
	}
	return w.Search(c.Context(), q)
}

func (w *Web) fillList(c *web.Call, d *listData, q *Query, r Result) {
	l := c.Locale
	d.Items, d.Past = w.items(c, r.Events, q), q.Past
	d.Title = listTitle(c, q)
	d.Map = w.mapView(c, q, r.Events)
	vals := q.Values()
	if r.More {
		d.Next = withQuery("/events", nextPage(c, q, r))
	}
	for _, f := range [][2]string{{"ics", "iCalendar"}, {"atom", "Atom"}, {"geojson", "GeoJSON"}, {"csv", "CSV"}} {
		d.Formats = append(d.Formats, link{withQuery("/events."+f[0], vals), f[1]})
	}
	other := q.Values()
	if q.Past {
		other.Del("when")
	} else {
		other.Set("when", "past")
	}
	d.Other = withQuery("/events", other)
	if n := len(r.Events); n > 0 {
		d.Lede = l.N("{n} event", "{n} events", n)
		if r.More {
			d.Lede = l.T("The first {n}. There are more.", "n", n)
		}
	}
}

// nextPage is the address parameters of what follows r, as many as were asked for.
func nextPage(c *web.Call, q *Query, r Result) url.Values {
	v := q.Values()
	v.Set("after", strconv.FormatInt(r.Next, 36))
	if n := c.Query().Get("limit"); n != "" {
		v.Set("limit", n)
	}
	return v
}

func withQuery(path string, v url.Values) string {
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

func listTitle(c *web.Call, q *Query) string {
	l := c.Locale
	switch {
	case q.HasPlace && q.Past:
		return l.T("Past events within {km} km of {place}", "km", int(q.Radius), "place", q.Place.Label())
	case q.HasPlace:
		return l.T("Events within {km} km of {place}", "km", int(q.Radius), "place", q.Place.Label())
	case q.Past:
		return l.T("Past events")
	}
	return l.T("Upcoming events")
}

type homeData struct {
	Search   searchForm
	Upcoming []Item
	Past     []Item
	Map      mapView
}

var homePage = web.NewPage[homeData](pages, "pages/home.html", "pages/parts.html")

// home shows what comes next, and what was, on one map.
func (w *Web) home(c *web.Call) error {
	return c.Cached([]string{"events", "site"}, listTTL, func() error {
		up, err := w.search(c, Query{Limit: 8})
		if err != nil {
			return err
		}
		past, err := w.search(c, Query{Limit: 6, Past: true})
		if err != nil {
			return err
		}
		q := Query{}
		d := homeData{
			Search:   w.searchForm(c, "/events", url.Values{}),
			Upcoming: w.items(c, up.Events, &q), Past: w.items(c, past.Events, &q),
		}
		all := Query{Limit: mapLimit, All: true}
		points, err := w.Points(c.Context(), all)
		if err != nil {
			return err
		}
		if box, ok := boxOf(points); ok {
			d.Map = w.mapIn(c, &all, box)
		}
		return homePage.Render(c, d)
	})
}

// Can says which buttons the page shows. The service checks again.
type Can struct {
	Edit, SeeNumbers bool
	Campaign         bool // take it out of its campaign
}

// split takes the format off an id: "01ab.ics".
func split(param string) (name, format string) {
	name, format, _ = strings.Cut(param, ".")
	return name, format
}

// places suggests names while somebody types.
func (w *Web) places(c *web.Call) error {
	type suggestion struct {
		Label string `json:"label"`
	}
	out := []suggestion{}
	if q := strings.TrimSpace(c.Query().Get("q")); q != "" && len(q) <= maxPlace {
		for _, p := range w.Places.Find(q, 8) {
			out = append(out, suggestion{p.Label()})
		}
	}
	return writeJSON(c, "application/json", out)
}

// newEvent finds the group of the address and checks that the actor may add.
func (w *Web) groupOf(c *web.Call) (Group, error) {
	var g Group
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		g, err = w.Groups.ByHandle(c.Context(), tx, c.Param("handle"))
		return err
	})
	return g, err
}

func eventID(s string) (id.Event, error) {
	if !id.Valid(s) {
		return "", errNoEvent()
	}
	return id.Event(s), nil
}
