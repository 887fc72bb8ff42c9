package geo

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestGridCellsAreLarge proves that no cell of the grid is smaller than a square
// kilometre, wherever it is, by the length of its sides.
func TestGridCellsAreLarge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := GridAt(anywhere(t))
		k := c.Corners()
		area := triangle(k[0], k[1], k[2]) + triangle(k[0], k[2], k[3])
		if area < 2.9 || area > 6.6 {
			t.Fatalf("%s has %.2f km²", c, area)
		}
	})
}

// triangle is the area of a small one, by Heron's formula.
func triangle(a, b, c Point) float64 {
	x, y, z := Distance(a, b), Distance(b, c), Distance(c, a)
	s := (x + y + z) / 2
	return math.Sqrt(s * (s - x) * (s - y) * (s - z))
}

func anywhere(t *rapid.T) Point {
	return Point{Lat: rapid.Float64Range(-90, 90).Draw(t, "lat"), Lon: rapid.Float64Range(-180, 180).Draw(t, "lon")}
}

// TestGridNames proves that a cell is found by its name and by its middle, and that
// neighbours are so both ways.
func TestGridNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := GridAt(anywhere(t))
		if back, ok := ParseGridCell(c.String()); !ok || back != c || !c.Valid() || GridAt(c.Middle()) != c {
			t.Fatalf("%s is %v", c, back)
		}
		around := c.Around()
		if len(around) < 7 || len(around) > 8 {
			t.Fatalf("%s has %d neighbours", c, len(around))
		}
		for _, n := range around {
			if !slices.Contains(n.Around(), c) {
				t.Fatalf("%s does not know its neighbour %s", n, c)
			}
		}
	})
	for _, bad := range []string{"", "0", "x", "47a6", "47a6f3a1", "47A6F3", "ffffffffffffffff", "47a6f4000"} {
		if _, ok := ParseGridCell(bad); ok {
			t.Errorf("%q is taken for a cell", bad)
		}
	}
}

// TestGridWithin compares with what a walk over a fine net of points finds.
func TestGridWithin(t *testing.T) {
	t.Parallel()
	for _, p := range []Point{{51.34, 12.37}, {0, 0}, {-36.85, 179.99}, {89.9, 10}, {35.3, 44.99}} {
		cells, ok := GridWithin(p, 12, 500)
		if !ok || !slices.Contains(cells, GridAt(p)) || !slices.IsSorted(cells) {
			t.Fatalf("%v: %d %v", p, len(cells), ok)
		}
		for i := range 200 {
			for j := range 200 {
				q := Point{p.Lat + float64(i-100)*.0015, p.Lon + float64(j-100)*.002}
				if !q.Valid() {
					continue
				}
				c := GridAt(q)
				if in := Distance(p, c.Middle()) <= 12; in && !slices.Contains(cells, c) {
					t.Fatalf("around %v the cell %s is missing", p, c)
				}
			}
		}
	}
	if _, ok := GridWithin(Point{51, 12}, 500, 200); ok {
		t.Error("a large circle has few cells")
	}
}
