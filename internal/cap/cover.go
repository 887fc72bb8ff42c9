package cap

import (
	"math"

	"convoke/internal/geo"
)

// maxEdges is how many edges [Cells] looks at before it is content with larger
// cells: some tenths of a second.
const maxEdges = 20_000_000

// Contains reports whether a point lies in one of the area's shapes or on the
// border. Codes are not looked at: an area without shapes contains nothing.
func (a Area) Contains(p geo.Point) bool {
	return a.Overlaps(geo.Box{South: p.Lat, North: p.Lat, West: p.Lon, East: p.Lon})
}

// Overlaps reports whether one of the area's shapes has a point in the box. The
// message must have passed [Alert.Check].
func (a Area) Overlaps(b geo.Box) bool {
	for _, p := range a.Polygon {
		if o, _ := p.flat(); o.overlaps(b) {
			return true
		}
	}
	for _, c := range a.Circle {
		if c.overlaps(b) {
			return true
		}
	}
	return false
}

// Cells names the cells of [geo.Cell] that the areas' shapes touch: those of
// the finest level, at most finest, at which they are no more than limit and
// finding them is not too much work. Level 13 is about a kilometre across. A
// few cells beside the shapes may be among them. ok is false without shapes.
func Cells(areas []Area, finest, limit int) (level int, cells []int64, ok bool) {
	edges := 0
	var outlines []outline
	var circles []Circle
	for _, a := range areas {
		for _, p := range a.Polygon {
			o, _ := p.flat()
			outlines = append(outlines, o)
			edges += len(p)
		}
		circles = append(circles, a.Circle...)
		edges += len(a.Circle)
	}
	if edges == 0 {
		return 0, nil, false
	}
	touches := func(b geo.Box) bool {
		for _, o := range outlines {
			if o.overlaps(b) {
				return true
			}
		}
		for _, c := range circles {
			if c.overlaps(b) {
				return true
			}
		}
		return false
	}
	return geo.CoverShape(touches, finest, limit, maxEdges/edges)
}

// overlaps tries the box at every turn of the earth at which the line can be.
func (o outline) overlaps(b geo.Box) bool {
	if b.West > b.East {
		b.East += 360
	}
	for turn := -720.0; turn <= 720; turn += 360 {
		w := window{b.West + turn, b.South, b.East + turn, b.North}
		if w.apart(o.bounds) {
			continue
		}
		for i := 1; i < len(o.line); i++ {
			if w.meets(o.line[i-1], o.line[i]) {
				return true
			}
		}
		if inside(o.line, corner{w.west, w.south}) {
			return true
		}
	}
	return false
}

// meets clips the edge to the window (Liang and Barsky, 1984).
func (w window) meets(a, b corner) bool {
	from, to := 0.0, 1.0
	clip := func(step, room float64) bool { // step*t <= room
		switch t := room / step; {
		case step == 0:
			return room >= 0
		case step > 0:
			to = min(to, t)
		default:
			from = max(from, t)
		}
		return from <= to
	}
	dx, dy := b.x-a.x, b.y-a.y
	return clip(dx, w.east-a.x) && clip(-dx, a.x-w.west) && clip(dy, w.north-a.y) && clip(-dy, a.y-w.south)
}

// inside counts the edges east of a point that is on none.
func inside(line []corner, p corner) bool {
	in := false
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		if (a.y > p.y) != (b.y > p.y) && p.x < a.x+(p.y-a.y)*(b.x-a.x)/(b.y-a.y) {
			in = !in
		}
	}
	return in
}

// overlaps measures to the nearest point of the box.
func (c Circle) overlaps(b geo.Box) bool {
	within := func(p geo.Point) bool { return geo.Distance(c.Center, p) <= c.Radius+1e-9 }
	lat := min(max(c.Center.Lat, b.South), b.North)
	if (geo.Box{West: b.West, East: b.East}).Contains(geo.Point{Lon: c.Center.Lon}) { // on the equator, as a pole has every longitude
		return within(geo.Point{Lat: lat, Lon: c.Center.Lon})
	}
	for _, lon := range []float64{b.West, b.East} {
		// Where the meridian is nearest: the foot of a right-angled spherical triangle.
		foot := math.Atan2(math.Sin(c.Center.Lat*math.Pi/180), math.Cos(c.Center.Lat*math.Pi/180)*math.Cos((lon-c.Center.Lon)*math.Pi/180)) * 180 / math.Pi
		for _, lat := range []float64{b.South, b.North, min(max(foot, b.South), b.North)} {
			if within(geo.Point{Lat: lat, Lon: lon}) {
				return true
			}
		}
	}
	return false
}
