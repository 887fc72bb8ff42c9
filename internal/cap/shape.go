package cap

import (
	"cmp"
	"math"
	"slices"

	"convoke/internal/geo"
)

// halfway around the earth in kilometres, the largest useful radius.
const maxRadius = 20_100

// tiny is how close to a line counts as on it, in square degrees.
const tiny = 1e-11

// corner is a point on a map on which longitudes go on beyond ±180.
type corner struct{ x, y float64 }

// window is a part of that map, borders included.
type window struct{ west, south, east, north float64 }

func (w window) apart(v window) bool {
	return w.west > v.east || v.west > w.east || w.south > v.north || v.south > w.north
}

// outline is a polygon laid out on that map.
type outline struct {
	line   []corner
	bounds window
}

// flat lays a polygon out: each edge takes the short way around the earth, but
// an edge from -180 to 180, which is how the whole earth is drawn. around tells
// that the line does not come back to where it began, or is wider than the
// earth.
func (p Polygon) flat() (o outline, around bool) {
	o = outline{make([]corner, len(p)), window{720, 90, -720, -90}}
	turn := 0.0
	for i, at := range p {
		if i > 0 {
			switch step := at.Lon - p[i-1].Lon; {
			case step > 180 && step < 360:
				turn -= 360
			case step < -180 && step > -360:
				turn += 360
			}
		}
		x := at.Lon + turn
		o.line[i] = corner{x, at.Lat}
		o.bounds = window{min(o.bounds.west, x), min(o.bounds.south, at.Lat), max(o.bounds.east, x), max(o.bounds.north, at.Lat)}
	}
	return o, turn != 0 || o.bounds.east-o.bounds.west > 360
}

// shapes are checked after everything else, as they cost the most.
func (c checker) shapes(a Area) {
	for i, p := range a.Polygon {
		c.polygon(nth("polygon", i), p)
	}
	for i, circle := range a.Circle {
		if !(circle.Radius >= 0 && circle.Radius <= maxRadius) {
			c.fail(nth("circle", i), "cap.radius", "A radius is between 0 and {limit} kilometres.", "limit", maxRadius)
		}
		c.globe(nth("circle", i), circle.Center)
	}
}

func (c checker) globe(name string, p geo.Point) bool {
	ok := p.Valid() // which NaN is not
	if !ok {
		c.fail(name, "cap.globe", "{value} is not on the globe: latitudes are between -90 and 90, longitudes between -180 and 180.", "value", pair(p))
	}
	return ok
}

func (c checker) polygon(name string, p Polygon) {
	for _, at := range p {
		if !c.globe(name, at) {
			return
		}
	}
	if len(p) < 4 {
		c.fail(name, "cap.polygon_few", "A polygon has at least four pairs, and the last is the same as the first.")
		return
	}
	if p[0] != p[len(p)-1] {
		c.fail(name, "cap.polygon_open", "It is not closed: the last pair must be the same as the first.")
		return
	}
	o, around := p.flat()
	if around {
		c.fail(name, "cap.polygon_around", "It goes around the whole earth.")
		return
	}
	if at, crosses := crossing(o.line); crosses {
		c.fail(name, "cap.polygon_crosses", "Its border crosses itself at the line from {pair}.", "pair", pair(geo.Point{Lat: at.y, Lon: math.Remainder(at.x, 360)}))
		return
	}
	area, line := 0.0, o.line
	for i := 1; i < len(line); i++ {
		area += (line[i-1].x-line[0].x)*(line[i].y-line[0].y) - (line[i].x-line[0].x)*(line[i-1].y-line[0].y)
	}
	if math.Abs(area) < tiny {
		c.fail(name, "cap.polygon_flat", "It encloses nothing.")
	}
}

// side is positive when c lies left of the line from a to b, 0 when on it.
func side(a, b, c corner) float64 {
	s := (b.x-a.x)*(c.y-a.y) - (b.y-a.y)*(c.x-a.x)
	if math.Abs(s) < tiny {
		return 0
	}
	return s
}

// crossing finds an edge that properly crosses another; a border may touch
// itself, which agencies' borders do. It sweeps northwards, so that edges are
// compared only with those beside them.
func crossing(line []corner) (corner, bool) {
	type edge struct {
		from, to corner
		window
	}
	edges := make([]edge, len(line)-1)
	for i := range edges {
		a, b := line[i], line[i+1]
		edges[i] = edge{a, b, window{min(a.x, b.x), min(a.y, b.y), max(a.x, b.x), max(a.y, b.y)}}
	}
	slices.SortFunc(edges, func(e, f edge) int { return cmp.Compare(e.south, f.south) })
	var beside []edge
	for _, e := range edges {
		beside = slices.DeleteFunc(beside, func(f edge) bool { return f.north < e.south })
		for i := range beside {
			f := &beside[i]
			if !e.apart(f.window) && side(e.from, e.to, f.from)*side(e.from, e.to, f.to) < 0 && side(f.from, f.to, e.from)*side(f.from, f.to, e.to) < 0 {
				return e.from, true
			}
		}
		beside = append(beside, e)
	}
	return corner{}, false
}
