package gazfile

import (
	"cmp"
	"math"
	"slices"
)

// Vec is a point on the unit sphere.
type Vec [3]float64

// Vector turns microdegrees into a point on the unit sphere, where distances
// need no care for poles or the antimeridian.
func Vector(latE6, lonE6 int32) Vec {
	lat, lon := float64(latE6)*(math.Pi/180e6), float64(lonE6)*(math.Pi/180e6)
	sinLat, cosLat := math.Sincos(lat)
	sinLon, cosLon := math.Sincos(lon)
	return Vec{cosLat * cosLon, cosLat * sinLon, sinLat}
}

func (v Vec) dist2(w Vec) float64 {
	x, y, z := v[0]-w[0], v[1]-w[1], v[2]-w[2]
	return x*x + y*y + z*z
}

// Plant orders the points into a balanced k-d tree without pointers: the root
// is the middle element, its axis is x, the halves are its subtrees with the
// next axis. The result is a permutation of indices into points.
func Plant(points []Vec) []uint32 {
	order := make([]uint32, len(points))
	for i := range order {
		order[i] = uint32(i)
	}
	var plant func(part []uint32, axis int)
	plant = func(part []uint32, axis int) {
		if len(part) < 2 {
			return
		}
		slices.SortFunc(part, func(a, b uint32) int {
			if c := cmp.Compare(points[a][axis], points[b][axis]); c != 0 {
				return c
			}
			return cmp.Compare(a, b)
		})
		mid := len(part) / 2
		plant(part[:mid], (axis+1)%3)
		plant(part[mid+1:], (axis+1)%3)
	}
	plant(order, 0)
	return order
}

// walk is one search for the nearest point in a planted tree.
type walk struct {
	tree  string
	at    func(i int) Vec
	query Vec
	best  int
	dist2 float64
}

// nearest gives the index of the point closest to q, or -1 when none is within
// reach, a chord of the unit sphere.
func nearest(tree string, reach float64, at func(i int) Vec, q Vec) int {
	w := walk{tree: tree, at: at, query: q, best: -1, dist2: reach * reach * (1 + 1e-12)}
	w.visit(0, len(tree)/4, 0, Vec{})
	return w.best
}

// visit searches a subtree. Gaps holds, by axis, how far the query lies outside
// the slab of space that the subtree divides.
func (w *walk) visit(lo, hi, axis int, gaps Vec) {
	if lo >= hi {
		return
	}
	mid := lo + (hi-lo)/2
	i := int(u32(w.tree, 4*mid))
	p := w.at(i)
	if d := p.dist2(w.query); d < w.dist2 || d == w.dist2 && i < w.best {
		w.best, w.dist2 = i, d
	}
	gap := w.query[axis] - p[axis]
	next := (axis + 1) % 3
	nearLo, nearHi, farLo, farHi := mid+1, hi, lo, mid
	if gap < 0 {
		nearLo, nearHi, farLo, farHi = lo, mid, mid+1, hi
	}
	w.visit(nearLo, nearHi, next, gaps)
	gaps[axis] = gap
	if gaps.dist2(Vec{}) <= w.dist2 {
		w.visit(farLo, farHi, next, gaps)
	}
}
