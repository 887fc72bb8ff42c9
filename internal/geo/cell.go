package geo

import (
	"github.com/golang/geo/r1"
	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

// Levels of the S2 cells (https://s2geometry.io) that positions are stored
// under: about 1,200, 150 and 18 km across.
const (
	Coarse = 3
	Middle = 6
	Fine   = 9
)

// Cell is the id of the S2 cell of a level (0 to 30) that holds the point. The
// unsigned id is stored in the signed 64 bits that both database engines have;
// ids are compared for equality only.
func Cell(p Point, level int) int64 {
	if p.Lon == 180 {
		p.Lon = -180 // rounding would put the two names of the antimeridian into two cells
	}
	return int64(s2.CellIDFromLatLng(s2.LatLngFromDegrees(p.Lat, p.Lon)).Parent(level))
}

// Cover names the finest of the three levels at which at most limit cells
// cover the box, and those cells: every point of the box lies in one of them,
// and a few lie around it, so results must still be compared with the box. It
// says ok=false when even the coarse level needs more, or the box is not
// valid: then search the whole world.
func Cover(b Box, limit int) (level int, cells []int64, ok bool) {
	if !b.Valid() {
		return 0, nil, false
	}
	window := rect(b)
	front := make([]s2.CellID, 0, 6)
	for face := range 6 {
		if touches(window, s2.CellIDFromFace(face)) {
			front = append(front, s2.CellIDFromFace(face))
		}
	}
	// Each cell of the front has a child in the next one, so fronts only
	// grow: the first that is too long ends the search.
	var best []s2.CellID
	for depth := 1; depth <= Fine; depth++ {
		next := make([]s2.CellID, 0, min(4*len(front), limit+1))
		for _, id := range front {
			for _, child := range id.Children() {
				if touches(window, child) {
					next = append(next, child)
				}
			}
			if len(next) > limit {
				break
			}
		}
		if len(next) > limit {
			break
		}
		front = next
		if depth == Coarse || depth == Middle || depth == Fine {
			level, best = depth, front
		}
	}
	if level == 0 {
		return 0, nil, false
	}
	cells = make([]int64, len(best))
	for i, id := range best {
		cells[i] = int64(id)
	}
	return level, cells, true
}

// touches compares bounding rectangles, which errs towards a cell too many (2 %
// for 25 km around a town). s2.Rect.IntersectsCell means to be exact, but misses
// cells that a parallel only bulges into.
func touches(window s2.Rect, id s2.CellID) bool {
	return window.Intersects(s2.CellFromCellID(id).RectBound())
}

// rect turns the box into radians, wider by about a millimetre so that
// rounding loses no point on its border.
func rect(b Box) s2.Rect {
	const margin = 1e-8 * radian
	lat := r1.Interval{Lo: b.South * radian, Hi: b.North * radian}.Expanded(margin)
	lng := s1.FullInterval()
	if b.South > -90 && b.North < 90 { // a pole has every longitude
		west, east := b.West, b.East
		if west == 180 && east == -180 {
			east = 180 // one meridian under two names, which s1 would take for nothing
		}
		lng = s1.IntervalFromEndpoints(west*radian, east*radian).Expanded(margin)
	}
	return s2.Rect{Lat: lat.Intersection(r1.Interval{Lo: -90 * radian, Hi: 90 * radian}), Lng: lng}
}
