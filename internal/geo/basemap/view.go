package basemap

import (
	"errors"
	"fmt"
	"math"

	"convoke/internal/geo"
)

const (
	maxLatitude = 85.0511287798066 // where Web Mercator's square ends
	maxWidth    = 1600             // of a picture, CSS pixels
	maxHeight   = 1200
	// maxWorld is how wide the world may be drawn, in CSS pixels: about 38 metres to the pixel at the equator. Beyond it the bundled map has nothing
	// more to show than an empty sheet.
	maxWorld = 1 << 20
)

// ErrPicture is wrapped by errors about a Picture that cannot be drawn: its size, scale or box.
var ErrPicture = errors.New("picture cannot be drawn")

// Marker is a place to show, standing for Count things; a Count below 1 means one.
type Marker struct {
	Point geo.Point
	Count int
}

// Area is a ring of points to outline, and to tint when it is Filled.
type Area struct {
	Ring   []geo.Point
	Filled bool
}

// Picture says what to draw. Width and Height are CSS pixels, at most 1600 by 1200; Scale is 1 or 2 device pixels for each. The whole Box is shown;
// where its shape is not the picture's, more of the map shows around it (see FitBox).
type Picture struct {
	Box           geo.Box
	Width, Height int
	Scale         int
	Dark          bool   // for readers who prefer a dark page
	Areas         []Area // below names and markers
	Markers       []Marker
	Credit        bool // write Archive.Credit into the corner; without it the page itself must show the credit
}

func (p Picture) check() error {
	switch {
	case p.Width < 1 || p.Height < 1 || p.Width > maxWidth || p.Height > maxHeight:
		return fmt.Errorf("%d by %d pixels, at most %d by %d: %w", p.Width, p.Height, maxWidth, maxHeight, ErrPicture)
	case p.Scale != 1 && p.Scale != 2:
		return fmt.Errorf("scale %d, want 1 or 2: %w", p.Scale, ErrPicture)
	case !finite(p.Box):
		return fmt.Errorf("box %v: %w", p.Box, ErrPicture)
	}
	return nil
}

func finite(b geo.Box) bool {
	for _, v := range []float64{b.South, b.West, b.North, b.East} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return b.South <= b.North && math.Abs(b.West) <= 360 && math.Abs(b.East) <= 360
}

// view is the window that a picture shows: world coordinates run from 0 to 1, west to east and north to south; x may leave that range, because the
// world repeats. world is its size in CSS pixels.
type view struct {
	left, top, world float64
	width, height    float64 // CSS pixels
}

// newView fits box into width by height pixels, centred, and keeps the picture on the map from north to south where the map is tall enough.
func newView(b geo.Box, width, height int) view {
	x0, y0 := toWorld(geo.Point{Lat: b.North, Lon: b.West})
	x1, y1 := toWorld(geo.Point{Lat: b.South, Lon: b.East})
	if b.West > b.East {
		x1++
	}
	w, h := float64(width), float64(height)
	v := view{width: w, height: h, world: maxWorld}
	if x1 > x0 {
		v.world = min(v.world, w/(x1-x0))
	}
	if y1 > y0 {
		v.world = min(v.world, h/(y1-y0))
	}
	v.left = (x0+x1)/2 - w/v.world/2
	v.top = (y0+y1)/2 - h/v.world/2
	if tall := h / v.world; tall <= 1 {
		v.top = min(max(v.top, 0), 1-tall)
	} else {
		v.top = (1 - tall) / 2
	}
	return v
}

// project returns a point's place in the picture, on that copy of the world that lies nearest to the picture's middle.
func (v view) project(pt geo.Point) (x, y float64) {
	wx, wy := toWorld(pt)
	middle := v.left + v.width/v.world/2
	wx += math.Round(middle - wx)
	return (wx - v.left) * v.world, (wy - v.top) * v.world
}

// Project returns where a point lies in a picture, in CSS pixels from its upper left corner, so that callers can lay links over it. Points outside the
// picture get places outside it.
func Project(p Picture, pt geo.Point) (x, y float64) {
	return newView(p.Box, p.Width, p.Height).project(pt)
}

// Unproject is the inverse of Project.
func Unproject(p Picture, x, y float64) geo.Point {
	v := newView(p.Box, p.Width, p.Height)
	return fromWorld(v.left+x/v.world, v.top+y/v.world)
}

// FitBox returns the box that a picture of the given size shows when asked for b: b grown to the picture's shape, to a smallest useful size, and kept
// between the ends of the map. Use it for links that say "search in this window".
func FitBox(b geo.Box, width, height int) geo.Box {
	if !finite(b) || width < 1 || height < 1 {
		return b
	}
	v := newView(b, width, height)
	nw := fromWorld(v.left, v.top)
	se := fromWorld(v.left+v.width/v.world, v.top+v.height/v.world)
	out := geo.Box{South: se.Lat, West: nw.Lon, North: nw.Lat, East: se.Lon}
	// A hair of tolerance: fitting the fitted box again must not push it over the edge.
	if v.width/v.world >= 1-1e-9 {
		out.West, out.East = -180, 180
	}
	return out
}

// toWorld is the Web Mercator projection onto the unit square.
func toWorld(pt geo.Point) (x, y float64) {
	lat := min(max(pt.Lat, -maxLatitude), maxLatitude)
	return (pt.Lon + 180) / 360, 0.5 - math.Asinh(math.Tan(lat*math.Pi/180))/(2*math.Pi)
}

// fromWorld is the inverse of toWorld; longitudes come back between -180 and 180, latitudes on the map.
func fromWorld(x, y float64) geo.Point {
	y = min(max(y, 0), 1)
	lon := x*360 - 180
	if lon < -180 || lon > 180 {
		lon -= 360 * math.Floor((lon+180)/360)
	}
	return geo.Point{Lat: math.Atan(math.Sinh((0.5-y)*2*math.Pi)) * 180 / math.Pi, Lon: lon}
}
