package alerts

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"convoke/internal/fault"
	"convoke/internal/geo"
)

const (
	maxAreaCells = 4000 // some 20,000 km²: a large city with all around it
	maxParts     = 20
	maxDrawn     = 1000 // cells that were drawn, or taken out
)

// AreaPart is a part of an area: all within some kilometres of a place; or cells of the grid that
// were drawn, which are added to all others or, Without, taken out of them.
type AreaPart struct {
	Place   string   `json:"place,omitempty"`
	Lat     float64  `json:"lat,omitempty"`
	Lon     float64  `json:"lon,omitempty"`
	Km      int      `json:"km,omitempty"`
	Cells   []string `json:"cells,omitempty"`
	Without bool     `json:"without,omitempty"`
}

// cellSet is cells of the grid.
type cellSet map[geo.GridCell]bool

func (s cellSet) add(all []geo.GridCell) {
	for _, c := range all {
		s[c] = true
	}
}

// part names cells that were drawn, in order; ok is false for none.
func (s cellSet) part(without bool) (p AreaPart, ok bool) {
	p.Without = without
	for c := range s {
		p.Cells = append(p.Cells, c.String())
	}
	slices.Sort(p.Cells)
	return p, len(p.Cells) > 0
}

// sets are the cells around places, those that were drawn, and those that were taken out.
// There are more than an area may have when it is not ok.
func setsOf(parts []AreaPart) (around, with, without cellSet, ok bool) {
	around, with, without = cellSet{}, cellSet{}, cellSet{}
	for _, p := range parts {
		for _, name := range p.Cells {
			if c, ok := geo.ParseGridCell(name); ok && p.Without {
				without[c] = true
			} else if ok {
				with[c] = true
			}
		}
		if len(p.Cells) > 0 {
			continue
		}
		some, ok := geo.GridWithin(geo.Point{Lat: p.Lat, Lon: p.Lon}, float64(p.Km), maxAreaCells)
		if !ok {
			return nil, nil, nil, false
		}
		around.add(some)
	}
	return around, with, without, len(with) <= maxDrawn && len(without) <= maxDrawn
}

// cellsOf are the cells of an area, in order.
func cellsOf(parts []AreaPart) ([]geo.GridCell, []fault.FieldError) {
	around, with, without, ok := setsOf(parts[:min(len(parts), maxParts)])
	var out []geo.GridCell
	for _, s := range []cellSet{around, with} {
		for c := range s {
			if !without[c] {
				out = append(out, c)
			}
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	switch {
	case !ok || len(parts) > maxParts || len(out) > maxAreaCells:
		return nil, []fault.FieldError{fault.Field("area", "alert.area_large", "This area is too large for one network: neighbouring networks are better.")}
	case len(out) == 0:
		return nil, []fault.FieldError{fault.Field("area", "alert.area", "Say which area it watches.")}
	}
	return out, nil
}

// draw are the parts of an area with some cells as wanted, in it or not, and all others as
// they were.
func draw(parts []AreaPart, want map[geo.GridCell]bool) []AreaPart {
	around, with, without, _ := setsOf(parts)
	for c, in := range want {
		delete(with, c)
		delete(without, c)
		if in && !around[c] {
			with[c] = true
		} else if !in && around[c] {
			without[c] = true
		}
	}
	out := slices.DeleteFunc(slices.Clone(parts), func(p AreaPart) bool { return len(p.Cells) > 0 })
	for _, s := range []struct {
		cells   cellSet
		without bool
	}{{with, false}, {without, true}} {
		if p, ok := s.cells.part(s.without); ok {
			out = append(out, p)
		}
	}
	return out
}

// parseArea reads parts, one in a line: a place, then kilometres, of which five are meant
// where none are given; or "+" or "-" and the names of cells.
func (n *Network) parseArea(typed string, places Places) (cells []geo.GridCell, wrong []fault.FieldError) {
	refuse := func(f fault.FieldError) ([]geo.GridCell, []fault.FieldError) { return nil, []fault.FieldError{f} }
	for line := range strings.Lines(typed) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if len(n.Area) > maxParts {
			break // which is too many, and each costs
		}
		if p, ok := drawnLine(line); ok {
			n.Area = append(n.Area, p)
			continue
		}
		km, at := 5, strings.LastIndexAny(line, ";:؛")
		if at < 0 {
			at = len(line)
		} else if k, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(strings.TrimLeft(line[at:], ";:؛")), "km"))); err == nil && k >= 1 && k <= 100 {
			km = k
		} else {
			return refuse(fault.Field("area", "alert.area_km", "Behind “{place}” stands no number of kilometres from 1 to 100.", "place", line[:at]))
		}
		found := places.Find(strings.TrimSpace(line[:at]), 1)
		if len(found) == 0 {
			return refuse(fault.Field("area", "alert.area_place", "We do not know “{place}”. Write a town, a postcode or coordinates.", "place", line[:at]))
		}
		p := found[0]
		n.Area = append(n.Area, AreaPart{Place: p.Label(), Lat: p.Point.Lat, Lon: p.Point.Lon, Km: km})
		n.Zone = cmp.Or(n.Zone, p.Zone)
		if n.Middle == (geo.Point{}) {
			n.Middle = p.Point
		}
	}
	if n.Zone == "" { // a place says whose clock it is
		return refuse(fault.Field("area", "alert.area", "Say which area it watches."))
	}
	return cellsOf(n.Area)
}

// drawnLine reads cells that were drawn. Coordinates, which may begin with a minus too, are
// none.
func drawnLine(line string) (p AreaPart, ok bool) {
	words := strings.Fields(line)
	if len(words) < 2 || words[0] != "+" && words[0] != "-" {
		return p, false
	}
	for _, w := range words[1:] {
		if _, ok := geo.ParseGridCell(w); !ok {
			return p, false
		}
	}
	return AreaPart{Cells: words[1:], Without: words[0] == "-"}, true
}

// areaText is the area as it is typed.
func (n *Network) areaText() string {
	var out strings.Builder
	for _, p := range n.Area {
		switch {
		case len(p.Cells) == 0:
			fmt.Fprintf(&out, "%s; %d\n", p.Place, p.Km)
		case p.Without:
			out.WriteString("- " + strings.Join(p.Cells, " ") + "\n")
		default:
			out.WriteString("+ " + strings.Join(p.Cells, " ") + "\n")
		}
	}
	return out.String()
}

func partsJSON(all []AreaPart) string {
	b, err := json.Marshal(all)
	if err != nil {
		panic("alerts: an area is no JSON: " + err.Error()) // numbers and text
	}
	return string(b)
}
