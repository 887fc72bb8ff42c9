package geo

import (
	"slices"

	"github.com/golang/geo/s2"
)

// Area is a stretch of land by which somebody says what is near to them: the cell of a
// level that holds a place, and the eight around it, stored as [Cell] is.
type Area int64

// AreaAt is the area of a level (1 to [Grid]) around a cell.
func AreaAt(c GridCell, level int) Area { return Area(c.Above(level)) }

// Level is that of the nine cells.
func (a Area) Level() int { return s2.CellID(a).Level() }

// Middle is the middle of the area.
func (a Area) Middle() Point { return pointOf(s2.CellID(a).Point()) }

// Kilometers is about how wide the area is: three cells of the mean size of its level.
func (a Area) Kilometers() float64 { return 3 * EarthRadius * s2.AvgEdgeMetric.Value(a.Level()) }

// AreasWith lists the areas of the levels that hold one of the cells, sorted: nine a cell and
// level at most, and far fewer of cells that lie together.
func AreasWith(cells []GridCell, levels ...int) []Area {
	seen := map[s2.CellID]bool{}
	var out []Area
	for _, level := range levels {
		for _, c := range cells {
			up := s2.CellID(c).Parent(level)
			if seen[up] {
				continue
			}
			seen[up] = true
			out = append(out, Area(up))
			for _, n := range up.AllNeighbors(level) {
				out = append(out, Area(n))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
