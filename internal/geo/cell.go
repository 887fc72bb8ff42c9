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

// CoverShape is [Cover] for any shape, which touches compares with a box; it may
// err towards yes. It names the finest level, at most finest (to 30), at which
// at most limit cells touch the shape, and those cells. It stops after about
// calls of touches and then gives the finest level that was done. It says
// ok=false when not even the coarsest level was.
func CoverShape(touches func(Box) bool, finest, limit, calls int) (level int, cells []int64, ok bool) {
	var front []s2.CellID
	next := make([]s2.CellID, 0, 6)
	for face := range 6 {
		next = append(next, s2.CellIDFromFace(face))
	}
	for depth := 0; depth <= finest; depth++ {
		kept := next[:0]
		for _, id := range next {
			if touches(bound(id)) {
				kept = append(kept, id)
			}
		}
		calls -= len(next)
		if len(kept) <= limit {
			level, front, ok = depth, kept, true
		}
		// The boxes around large cells err most, so a front that is too long can shrink
		// again, but only a little below the second level.
		if len(kept) > max(limit, 24) || calls < 4*len(kept) {
			break
		}
		next = make([]s2.CellID, 0, 4*len(kept))
		for _, id := range kept {
			children := id.Children()
			next = append(next, children[:]...)
		}
	}
	for _, id := range front {
		cells = append(cells, int64(id))
	}
	return level, cells, ok
}

// bound is the box around a cell.
func bound(id s2.CellID) Box {
	r := s2.CellFromCellID(id).RectBound()
	b := Box{South: max(r.Lat.Lo/radian, -90), North: min(r.Lat.Hi/radian, 90), West: -180, East: 180}
	if !r.Lng.IsFull() {
		b.West, b.East = max(r.Lng.Lo/radian, -180), min(r.Lng.Hi/radian, 180)
	}
	return b
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
