package geo

import (
	"math"
	"slices"

	"github.com/golang/geo/s2"
)

// Grid is the level of the S2 cells by which alerts say where: fixed on the earth,
// 3 to 6.4 km² large (https://s2geometry.io/resources/s2cell_statistics), so that one
// tells of no house, and the same place always has the same cell.
const Grid = 12

// GridCell is a cell of the grid, stored as [Cell] is.
type GridCell int64

// GridAt is the cell that holds a point.
func GridAt(p Point) GridCell { return GridCell(Cell(p, Grid)) }

// ParseGridCell reads the name of a cell, as in "47a6f3".
func ParseGridCell(name string) (GridCell, bool) {
	c := s2.CellIDFromToken(name)
	return GridCell(c), c.IsValid() && c.Level() == Grid && c.ToToken() == name
}

// Valid reports whether c is a cell of the grid: any number may come from a file.
func (c GridCell) Valid() bool { return s2.CellID(c).IsValid() && s2.CellID(c).Level() == Grid }

// String is the cell's name: an S2 token, at most seven hexadecimal digits.
func (c GridCell) String() string { return s2.CellID(c).ToToken() }

// Middle is the middle of the cell.
func (c GridCell) Middle() Point { return pointOf(s2.CellID(c).Point()) }

// Corners are those of the cell, counterclockwise.
func (c GridCell) Corners() [4]Point {
	var out [4]Point
	cell := s2.CellFromCellID(s2.CellID(c))
	for i := range out {
		out[i] = pointOf(cell.Vertex(i))
	}
	return out
}

// Around are the cells that share an edge or a corner with c: eight, and seven at a
// corner of the cube that the grid is drawn on.
func (c GridCell) Around() []GridCell {
	var out []GridCell
	for _, n := range s2.CellID(c).AllNeighbors(Grid) {
		if x := GridCell(n); x != c && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	slices.Sort(out)
	return out
}

// Above is the cell of a coarser level that holds c, stored as [Cell] is.
func (c GridCell) Above(level int) int64 { return int64(s2.CellID(c).Parent(level)) }

// GridWithin lists the cells whose middle is within km of p, and that of p, sorted. It
// says ok=false when they are more than limit.
func GridWithin(p Point, km float64, limit int) (cells []GridCell, ok bool) {
	start := GridAt(p)
	seen := map[GridCell]bool{start: true}
	for next := []GridCell{start}; len(next) > 0; next = next[1:] {
		cells = append(cells, next[0])
		if len(cells) > limit {
			return nil, false
		}
		for _, n := range next[0].Around() {
			if !seen[n] && Distance(p, n.Middle()) <= km {
				seen[n], next = true, append(next, n)
			}
		}
	}
	slices.Sort(cells)
	return cells, true
}

func pointOf(p s2.Point) Point {
	l := s2.LatLngFromPoint(p)
	return Point{Lat: round7(l.Lat.Degrees()), Lon: round7(l.Lng.Degrees())}
}

// round7 keeps a centimetre.
func round7(x float64) float64 { return math.Round(x*1e7) / 1e7 }
