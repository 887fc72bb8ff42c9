package alerts

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/geo/basemap"
	"convoke/internal/web"
)

// Drawer draws a map picture as PNG; see package basemap.
type Drawer interface {
	Draw(ctx context.Context, w io.Writer, p basemap.Picture) error
}

const (
	// side is that of the picture on which an area is drawn, in CSS pixels: it fits on the
	// smallest screen, and is never scaled, since what is pressed counts its pixels.
	side = 288
	// windowKm is how much of the map it shows: some twelve cells, which fingers can press.
	windowKm = 27
	// windowFrom is how far from the area it may be, in kilometres.
	windowFrom = 100
	// areaWidth and areaHeight are of the picture of a whole area.
	areaWidth  = 480
	areaHeight = 320
)

// Draw puts cells into a network's area, or takes them out. sequence is that of the page.
func (s *Service) Draw(ctx context.Context, by authz.Actor, handle string, sequence int, want map[geo.GridCell]bool) error {
	return s.run(ctx, by, handle, "edit alert network", func(tx *db.Tx, n *Network, _ seat) error {
		if n.Sequence != sequence {
			return fault.Conflict("alert.changed_meanwhile", "Somebody else has changed this network meanwhile. Please open the page again: what you typed is still here to copy.")
		}
		n.Area = draw(n.Area, want)
		cells, wrong := cellsOf(n.Area)
		if len(wrong) > 0 {
			return fault.Invalid(wrong...)
		}
		return errors.Join(putNetwork(ctx, tx, n), putArea(ctx, tx, n.ID, cells))
	})
}

// window is what the picture shows around a point.
func window(p geo.Point) basemap.Picture {
	return basemap.Picture{Box: geo.BoxAround(p, windowKm/2), Width: side, Height: side, Scale: 2, Credit: true}
}

// seen are the cells of a window, from north to south and west to east.
func seen(p geo.Point) []geo.GridCell {
	all, _ := geo.GridWithin(p, windowKm*0.75, maxAreaCells)
	pic := window(p)
	all = slices.DeleteFunc(all, func(c geo.GridCell) bool {
		x, y := basemap.Project(pic, c.Middle())
		return x < 0 || y < 0 || x >= side || y >= side
	})
	slices.SortFunc(all, func(a, b geo.GridCell) int {
		return cmp.Or(cmp.Compare(b.Middle().Lat, a.Middle().Lat), cmp.Compare(a.Middle().Lon, b.Middle().Lon))
	})
	return all
}

// areas are rings of cells to be drawn, tinted where they are in an area.
func areas(all []geo.GridCell, in map[geo.GridCell]bool) (out []basemap.Area) {
	for _, c := range all {
		corners := c.Corners()
		out = append(out, basemap.Area{Ring: corners[:], Filled: in == nil || in[c]})
	}
	return out
}

func setOf(all []geo.GridCell) map[geo.GridCell]bool {
	out := make(map[geo.GridCell]bool, len(all))
	for _, c := range all {
		out[c] = true
	}
	return out
}

// areaPicture is the map of a network's area: all of it, or the window around a cell.
func (w *Web) areaPicture(c *web.Call) error {
	return c.Cached([]string{"alerts"}, time.Hour, func() error {
		var n *Network
		var cells []geo.GridCell
		err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
			if n, err = w.network(c.Context(), tx, c.Param("handle")); err == nil {
				cells, err = areaOf(c.Context(), tx, n.ID)
			}
			return err
		})
		if err != nil {
			return err
		}
		p := basemap.Picture{Box: boxOf(cells), Width: areaWidth, Height: areaHeight, Scale: 2, Credit: true, Areas: areas(cells, nil)}
		if at, ok := geo.ParseGridCell(c.Query().Get("at")); ok {
			// Pictures of the whole world would push pages out of the memory.
			if !slices.ContainsFunc(cells, func(x geo.GridCell) bool { return geo.Distance(x.Middle(), at.Middle()) <= windowFrom }) {
				return web.ErrNotFound()
			}
			p = window(at.Middle())
			p.Areas = areas(seen(at.Middle()), setOf(cells))
		}
		p.Dark = c.Query().Get("dark") != ""
		var out bytes.Buffer
		if err := w.Map.Draw(c.Context(), &out, p); err != nil {
			return err
		}
		return c.Write(200, "image/png", out.Bytes())
	}, "at", "dark")
}

// boxOf holds all cells, with some room; an area that crosses the 180th meridian is shown as the world.
func boxOf(cells []geo.GridCell) geo.Box {
	b := geo.Box{South: 90, North: -90, West: 180, East: -180}
	for _, c := range cells {
		for _, p := range c.Corners() {
			b.South, b.North = min(b.South, p.Lat), max(b.North, p.Lat)
			b.West, b.East = min(b.West, p.Lon), max(b.East, p.Lon)
		}
	}
	// Some of what lies around it says where it is.
	up, out := (b.North-b.South)/3, (b.East-b.West)/3
	return geo.Box{South: max(b.South-up, -85), North: min(b.North+up, 85), West: max(b.West-out, -180), East: min(b.East+out, 180)}
}

type areaData struct {
	Form    *web.Form
	Network Network
	At      string
	Src     string
	Side    int
	Cells   int
	List    []web.Choice
	Moves   []web.NavItem
}

var areaPage = web.NewPage[areaData](pages, "pages/area.html", "pages/parts.html")

func (w *Web) areaForm(c *web.Call) error {
	n, _, err := w.runs(c)
	if err != nil {
		return err
	}
	f := c.NewForm().Set("near", c.Query().Get("near"))
	at := geo.GridAt(n.Middle)
	if x, ok := geo.ParseGridCell(c.Query().Get("at")); ok {
		at = x
	}
	if near := f.Line("near"); near != "" {
		if found := w.Places.Find(near, 1); len(found) > 0 {
			at = geo.GridAt(found[0].Point)
		} else {
			f.Fail("near", "We do not know “{place}”. Write a town, a postcode or coordinates.", "place", near)
		}
	}
	return w.showArea(c, f, n, at)
}

func (w *Web) showArea(c *web.Call, f *web.Form, n *Network, at geo.GridCell) error {
	var cells []geo.GridCell
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		cells, err = areaOf(c.Context(), tx, n.ID)
		return err
	})
	if err != nil {
		return err
	}
	l, in, page := c.Locale, setOf(cells), n.path()+"/area"
	d := areaData{
		Form: f.Set("sequence", strconv.Itoa(n.Sequence)), Network: *n, At: at.String(), Side: side, Cells: len(cells),
		Src: page + ".png?at=" + at.String() + "&v=" + strconv.Itoa(n.Sequence),
	}
	for _, x := range seen(at.Middle()) {
		place, _ := w.Nearest(x.Middle())
		d.List = append(d.List, web.Choice{Value: x.String(), Label: place + " (" + x.String() + ")", On: in[x]})
	}
	step := windowKm * 0.6 / 111 // degrees of latitude
	for _, m := range []struct {
		text       string
		north, out float64
	}{{l.T("North"), 1, 0}, {l.T("West"), 0, -1}, {l.T("East"), 0, 1}, {l.T("South"), -1, 0}} {
		p := at.Middle()
		p.Lon = math.Remainder(p.Lon+m.out*step/max(math.Cos(p.Lat*math.Pi/180), 0.1), 360)
		p.Lat = min(max(p.Lat+m.north*step, -80), 80)
		d.Moves = append(d.Moves, web.NavItem{Href: page + "?at=" + geo.GridAt(p).String(), Text: m.text})
	}
	c.Header().Set("Cache-Control", "no-store")
	return areaPage.RenderForm(c, f, d)
}

// drawArea takes a press on the picture, or the list below it.
func (w *Web) drawArea(c *web.Call) error {
	n, _, err := w.runs(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	at, ok := geo.ParseGridCell(f.Line("at"))
	if !ok {
		return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
	}
	want := map[geo.GridCell]bool{}
	if f.Has("do", "list") {
		for _, x := range seen(at.Middle()) {
			want[x] = f.Has("cell", x.String())
		}
	} else if x, ok := pressed(f, at); ok {
		if want[x], err = w.outside(c.Context(), n, x); err != nil {
			return err
		}
	}
	sequence, _ := f.Int("sequence")
	err = w.Draw(c.Context(), c.Actor(), n.Handle, sequence, want)
	if f.Accepts(err) {
		return w.showArea(c, f, n, at)
	}
	if err != nil {
		return err
	}
	return c.SeeOther(n.path() + "/area?at=" + at.String())
}

// pressed is the cell on which somebody pressed in the picture. A keyboard presses on its
// corner, and means none.
func pressed(f *web.Form, at geo.GridCell) (geo.GridCell, bool) {
	x, ok := f.Int("press.x")
	y, too := f.Int("press.y")
	if !ok || !too || x < 0 || y < 0 || x >= side || y >= side || x == 0 && y == 0 {
		return 0, false
	}
	return geo.GridAt(basemap.Unproject(window(at.Middle()), float64(x)+0.5, float64(y)+0.5)), true
}

func (s *Service) outside(ctx context.Context, n *Network, c geo.GridCell) (out bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		in, err := watches(ctx, tx, n.ID, c)
		out = !in
		return err
	})
	return out, err
}
