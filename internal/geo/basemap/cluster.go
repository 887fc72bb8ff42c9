package basemap

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

const (
	clusterReach = 24.0 // markers nearer than this are drawn as one, CSS pixels
	markerRadius = 6.0  // of a single marker
	biggest      = 26.0 // no circle is larger than this
)

// Cluster is a circle of the picture: one marker, or several that lie too near each other to be told apart. X, Y and R are CSS pixels; Markers are
// indexes into Picture.Markers, ascending, and Count is the sum of their counts.
type Cluster struct {
	X, Y, R float64
	Count   int
	Markers []int
}

// Clusters groups the markers that lie inside the picture as Draw shows them, biggest first. The result depends on the markers alone, not on their
// order, up to markers at the very same place. Callers lay links over the circles.
func Clusters(p Picture) []Cluster {
	if p.check() != nil {
		return nil
	}
	out := group(seeds(p), func(a, b Cluster) float64 { return clusterReach })
	// Big circles reach further than the first distance: join those that would cover each other, until none does. Each round that changes something
	// leaves fewer circles; circles that still touch after a few rounds may stay so.
	for range 8 {
		joined := group(out, func(a, b Cluster) float64 { return a.R + b.R + 2 })
		if len(joined) == len(out) {
			break
		}
		out = joined
	}
	for i := range out {
		slices.Sort(out[i].Markers)
	}
	return out
}

// seeds makes every marker in the picture a cluster of its own, in drawing order.
func seeds(p Picture) []Cluster {
	v := newView(p.Box, p.Width, p.Height)
	out := make([]Cluster, 0, len(p.Markers))
	for i, m := range p.Markers {
		x, y := v.project(m.Point)
		if !(x >= 0 && y >= 0 && x <= v.width && y <= v.height) { // also leaves out what is not a number
			continue
		}
		n := max(m.Count, 1)
		out = append(out, Cluster{X: x, Y: y, R: radius(n), Count: n, Markers: []int{i}})
	}
	arrange(out)
	return out
}

func arrange(cs []Cluster) {
	slices.SortFunc(cs, func(a, b Cluster) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Y, b.Y), cmp.Compare(a.X, b.X))
	})
}

// group lets every cluster, biggest first, take in those that are nearer than reach. A grid of cells as wide as the longest reach keeps this linear in
// the number of markers.
func group(in []Cluster, reach func(a, b Cluster) float64) []Cluster {
	const cell = 2*biggest + 2
	key := func(x, y float64) [2]int { return [2]int{int(math.Floor(x / cell)), int(math.Floor(y / cell))} }
	grid := map[[2]int][]int{} // seeds of out, by cell of their first place
	anchors := make([]Cluster, 0, len(in))
	out := make([]Cluster, 0, len(in))
	for _, c := range in {
		k := key(c.X, c.Y)
		best, nearest := -1, math.Inf(1)
		for dx := -1; dx <= 1; dx++ {
			for dy := -1; dy <= 1; dy++ {
				for _, i := range grid[[2]int{k[0] + dx, k[1] + dy}] {
					d := math.Hypot(anchors[i].X-c.X, anchors[i].Y-c.Y)
					if d < reach(anchors[i], c) && d < nearest {
						best, nearest = i, d
					}
				}
			}
		}
		if best < 0 {
			grid[k] = append(grid[k], len(out))
			anchors, out = append(anchors, c), append(out, c)
			continue
		}
		out[best] = join(out[best], c)
	}
	arrange(out)
	return out
}

// join puts two clusters together, in the middle of what they stand for.
func join(a, b Cluster) Cluster {
	n := a.Count + b.Count
	wa, wb := float64(a.Count)/float64(n), float64(b.Count)/float64(n)
	return Cluster{
		X: a.X*wa + b.X*wb, Y: a.Y*wa + b.Y*wb,
		R: radius(n), Count: n, Markers: append(a.Markers, b.Markers...),
	}
}

// radius makes a circle's area grow with the square root of its count, so that one city does not hide a country, and leaves room for the number.
func radius(count int) float64 {
	r := markerRadius * math.Pow(float64(count), 0.25)
	if count > 1 {
		r = max(r, 6.5+3*float64(len(countText(count))-1)+1.5)
	}
	return min(r, biggest)
}

// countText writes a count for a circle: whole below ten thousand, then in thousands or millions, rounded down.
func countText(n int) string {
	switch {
	case n >= 1e6:
		return strconv.Itoa(n/1e6) + "M"
	case n >= 1e4:
		return strconv.Itoa(n/1e3) + "k"
	}
	return strconv.Itoa(n)
}
