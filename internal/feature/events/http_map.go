package events

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"convoke/internal/db"
	"convoke/internal/geo"
	"convoke/internal/geo/basemap"
	"convoke/internal/web"
)

// mapLimit is how many events one map shows.
const mapLimit = 5000

// Size of the pictures in CSS pixels; they are drawn at twice that. Larger ones
// would break the page's budget of 64 kB.
const (
	mapWidth  = 480
	mapHeight = 320
)

// Drawer draws a map picture as PNG; see package basemap.
type Drawer interface {
	Draw(ctx context.Context, w io.Writer, p basemap.Picture) error
	MaxZoom() int
	Credit() string
}

// mapView is a map in a page: a picture that needs no script, and what the
// script needs to replace it.
type mapView struct {
	Src, Dark       string // the picture, light and dark
	Width, Height   int
	Alt             string
	Data            string // GeoJSON of the same search
	ZoomIn, ZoomOut string
	Most            int // events that a map of a search shows
	Box             string
	MaxZoom         int
	Credit          string
}

// mapView shows the events of a search: in its window, around its place, or
// the smallest box that holds what was found.
func (w *Web) mapView(c *web.Call, q *Query, es []Event) mapView {
	box, ok := q.area()
	if !ok {
		box, ok = boxOf(pointsOf(es))
	}
	if !ok {
		return mapView{}
	}
	return w.mapIn(c, q, box)
}

func pointsOf(es []Event) []geo.Point {
	var out []geo.Point
	for i := range es {
		if es[i].Where.HasPoint {
			out = append(out, es[i].Where.Point)
		}
	}
	return out
}

// mapIn shows the events of a search that are in a box.
func (w *Web) mapIn(c *web.Call, q *Query, box geo.Box) mapView {
	c.AllowMap()
	box = basemap.FitBox(box, mapWidth, mapHeight)
	v := q.Values()
	v.Set("bbox", formatBox(box))
	m := mapView{Width: mapWidth, Height: mapHeight, Box: formatBox(box), MaxZoom: w.Map.MaxZoom(), Credit: w.Map.Credit()}
	m.Src, m.Dark = pictureURLs(v)
	m.Most = mapLimit
	m.Data = withQuery("/events.geojson", without(v, "bbox"))
	m.Alt = c.Locale.T("Map of the events; the same events are in the list.")
	m.ZoomIn = withQuery("/events", with(without(v, "near", "radius_km"), "bbox", formatBox(zoom(box, 0.5))))
	m.ZoomOut = withQuery("/events", with(without(v, "near", "radius_km"), "bbox", formatBox(zoom(box, 2))))
	return m
}

// eventMap shows one event in its surroundings.
func (w *Web) eventMap(c *web.Call, e *Event) mapView {
	c.AllowMap()
	m := w.surroundings(c, e, url.Values{"event": {string(e.ID)}})
	m.Data = "/events/" + string(e.ID) + ".geojson"
	return m
}

// sketchMap is the picture of [Web.eventMap] for an event that is not stored.
func (w *Web) sketchMap(c *web.Call, e *Event) mapView {
	return w.surroundings(c, e, url.Values{"pin": {fmt.Sprintf("%.5f,%.5f", e.Where.Point.Lat, e.Where.Point.Lon)}})
}

// surroundings is the picture of a map around an event; v says what is marked.
func (w *Web) surroundings(c *web.Call, e *Event, v url.Values) mapView {
	km := 60.0
	if e.Where.Precise == geo.PrecisionExact || e.Where.Precise == geo.PrecisionStreet {
		km = 30
	}
	box := basemap.FitBox(geo.BoxAround(e.Where.Point, km), mapWidth, mapHeight)
	v.Set("bbox", formatBox(box))
	m := mapView{Width: mapWidth, Height: mapHeight, Box: formatBox(box), MaxZoom: w.Map.MaxZoom(), Credit: w.Map.Credit()}
	m.Src, m.Dark = pictureURLs(v)
	m.Alt = c.Locale.T("Map: {place}", "place", placeLabel(e.Where))
	return m
}

func pictureURLs(v url.Values) (light, dark string) {
	return withQuery("/map/picture.png", v), withQuery("/map/picture.png", with(v, "dark", "1"))
}

func with(v url.Values, key, value string) url.Values {
	out := without(v)
	out.Set(key, value)
	return out
}

func without(v url.Values, keys ...string) url.Values {
	out := url.Values{}
	for k, vs := range v {
		out[k] = vs
	}
	for _, k := range keys {
		out.Del(k)
	}
	return out
}

// boxOf is the smallest box around the points, at least some kilometres wide.
// It does not look for boxes across the antimeridian.
func boxOf(all []geo.Point) (geo.Box, bool) {
	if len(all) == 0 {
		return geo.Box{}, false
	}
	b := geo.Box{South: all[0].Lat, North: all[0].Lat, West: all[0].Lon, East: all[0].Lon}
	for _, p := range all {
		b.South, b.North = min(b.South, p.Lat), max(b.North, p.Lat)
		b.West, b.East = min(b.West, p.Lon), max(b.East, p.Lon)
	}
	padLat, padLon := max(0.1, (b.North-b.South)*0.08), max(0.15, (b.East-b.West)*0.08)
	b.South, b.North = max(-85, b.South-padLat), min(85, b.North+padLat)
	b.West, b.East = max(-180, b.West-padLon), min(180, b.East+padLon)
	return b, true
}

// zoom scales the box about its middle and keeps it on the globe.
func zoom(b geo.Box, f float64) geo.Box {
	lat, dLat := (b.South+b.North)/2, (b.North-b.South)/2*f
	width := b.East - b.West
	if width < 0 {
		width += 360
	}
	lon, dLon := b.West+width/2, min(width/2*f, 179.9)
	out := geo.Box{South: max(-85, lat-dLat), North: min(85, lat+dLat), West: lon - dLon, East: lon + dLon}
	if out.West < -180 {
		out.West = -180
	}
	if out.East > 180 {
		out.East = 180
	}
	return out
}

// picture draws the events of a search.
func (w *Web) picture(c *web.Call) error {
	return c.Cached([]string{"events"}, 10*time.Minute, func() error {
		v := c.Query()
		q, err := ParseQuery(v, w.Places)
		if err != nil {
			return err
		}
		box, ok := q.area()
		if !ok {
			box = geo.Box{South: -58, North: 75, West: -170, East: 179}
		}
		p := basemap.Picture{
			Box: basemap.FitBox(box, mapWidth, mapHeight), Width: mapWidth, Height: mapHeight, Scale: 2,
			Dark: v.Get("dark") != "", Credit: true,
		}
		if pin, ok := pinOf(v.Get("pin")); ok {
			p.Markers = []basemap.Marker{{Point: pin, Count: 1}}
		} else if p.Markers, err = w.markers(c, q, v.Get("event")); err != nil {
			return err
		}
		var out bytes.Buffer
		if err := w.Map.Draw(c.Context(), &out, p); err != nil {
			return err
		}
		return c.Write(200, "image/png", out.Bytes())
	}, append(searchParams(), "event", "pin", "dark")...)
}

// pinOf reads a point that is marked for itself.
func pinOf(s string) (geo.Point, bool) {
	lat, lon, _ := strings.Cut(s, ",")
	var p geo.Point
	var err, bad error
	p.Lat, err = strconv.ParseFloat(lat, 64)
	p.Lon, bad = strconv.ParseFloat(lon, 64)
	return p, err == nil && bad == nil && p.Valid()
}

// markers are the events of the search, or the one event that a page is about.
func (w *Web) markers(c *web.Call, q Query, one string) ([]basemap.Marker, error) {
	if one != "" {
		return w.marker(c, one)
	}
	q.Limit, q.After = mapLimit, 0
	all, err := w.Points(c.Context(), q)
	ms := make([]basemap.Marker, len(all))
	for i, p := range all {
		ms[i] = basemap.Marker{Point: p, Count: 1}
	}
	return ms, err
}

func (w *Web) marker(c *web.Call, one string) ([]basemap.Marker, error) {
	eid, err := eventID(one)
	if err != nil {
		return nil, err
	}
	var e Event
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		e, _, _, err = w.Get(c.Context(), tx, c.Actor(), eid)
		return err
	})
	if err != nil || !e.Where.HasPoint {
		return nil, err
	}
	return []basemap.Marker{{Point: e.Where.Point, Count: 1}}, nil
}
