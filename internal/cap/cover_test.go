package cap

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"convoke/internal/geo"
)

func polygon(latLon ...float64) Polygon {
	var p Polygon
	for i := 0; i < len(latLon); i += 2 {
		p = append(p, geo.Point{Lat: latLon[i], Lon: latLon[i+1]})
	}
	return append(p, p[0])
}

func shaped(p Polygon) Area { return Area{Polygon: []Polygon{p}} }

func TestContains(t *testing.T) {
	t.Parallel()
	square := shaped(polygon(0, 0, 0, 10, 10, 10, 10, 0))
	notched := shaped(polygon(0, 0, 10, 0, 10, 10, 5, 5, 0, 10))
	fiji := shaped(polygon(-20, 177, -20, -178, -15, -178, -15, 177))
	earth := shaped(polygon(-90, -180, 90, -180, 90, 180, -90, 180))
	circle := Area{Circle: []Circle{{geo.Point{Lat: 52.5, Lon: 13.4}, 10}}}
	spot := Area{Circle: []Circle{{geo.Point{Lat: 32.9525, Lon: -115.5527}, 0}}}
	dateline := Area{Circle: []Circle{{geo.Point{Lat: 0, Lon: 179.9}, 50}}}
	pole := Area{Circle: []Circle{{geo.Point{Lat: 89.9, Lon: 0}, 50}}}
	for name, c := range map[string]struct {
		a        Area
		lat, lon float64
		want     bool
	}{
		"inside":               {square, 5, 5, true},
		"on an edge":           {square, 0, 5, true},
		"on a corner":          {square, 10, 10, true},
		"beside":               {square, 5, 10.001, false},
		"level with a corner":  {square, 10, 11, false},
		"in the notch":         {notched, 5, 8, false},
		"beside the notch":     {notched, 8, 7, true},
		"west of 180":          {fiji, -17, 179, true},
		"east of 180":          {fiji, -17, -179, true},
		"180 itself":           {fiji, -17, 180, true},
		"-180 itself":          {fiji, -17, -180, true},
		"the other way around": {fiji, -17, 0, false},
		"the whole earth":      {earth, 33, -71, true},
		"in the circle":        {circle, 52.58, 13.4, true},
		"out of the circle":    {circle, 52.6, 13.4, false},
		"a circle of nothing":  {spot, 32.9525, -115.5527, true},
		"beside it":            {spot, 32.9526, -115.5527, false},
		"over the dateline":    {dateline, 0, -179.9, true},
		"over the pole":        {pole, 89.9, 180, true},
		"no shapes":            {Area{Geocode: []Pair{{"SAME", "006037"}}}, 34, -118, false},
	} {
		if got := c.a.Contains(geo.Point{Lat: c.lat, Lon: c.lon}); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOverlaps(t *testing.T) {
	t.Parallel()
	square := shaped(polygon(0, 0, 0, 10, 10, 10, 10, 0))
	sliver := shaped(polygon(0, 0, 0.001, 0, 10, 10, 9.999, 10))
	fiji := shaped(polygon(-20, 177, -20, -178, -15, -178, -15, 177))
	circle := Area{Circle: []Circle{{geo.Point{Lat: 60, Lon: 10}, 100}}}
	for name, c := range map[string]struct {
		a    Area
		b    geo.Box
		want bool
	}{
		"box in polygon":             {square, geo.Box{South: 4, North: 5, West: 4, East: 5}, true},
		"polygon in box":             {square, geo.Box{South: -40, North: 50, West: -40, East: 50}, true},
		"edges only":                 {sliver, geo.Box{South: 4, North: 6, West: 4.9, East: 5.1}, true},
		"bounds only":                {sliver, geo.Box{South: 1, North: 2, West: 8, East: 9}, false},
		"apart":                      {square, geo.Box{South: 11, North: 12, West: 4, East: 5}, false},
		"both over the antimeridian": {fiji, geo.Box{South: -18, North: -17, West: 178, East: -179}, true},
		"box west of it":             {fiji, geo.Box{South: -18, North: -17, West: 178, East: 179}, true},
		"box east of it":             {fiji, geo.Box{South: -18, North: -17, West: -179, East: -178.5}, true},
		"world":                      {fiji, geo.World, true},
		"circle meets a corner":      {circle, geo.Box{South: 60.5, North: 61, West: 11, East: 12}, true},
		"circle misses a corner":     {circle, geo.Box{South: 60.7, North: 61, West: 11.5, East: 12}, false},
		"circle meets a side":        {circle, geo.Box{South: 40, North: 80, West: 11.7, East: 12}, true},
		"circle misses a side":       {circle, geo.Box{South: 40, North: 80, West: 11.9, East: 12}, false},
		"box around the circle":      {circle, geo.Box{South: 50, North: 70, West: 0, East: 20}, true},
	} {
		if got := c.a.Overlaps(c.b); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestCells asks that every point of an area lies in a named cell, and that
// cells far off are not named.
func TestCells(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for name, a := range map[string]Area{
		"town":         shaped(polygon(38.47, -120.14, 38.46, -120.12, 38.48, -120.10, 38.5, -120.13)),
		"antimeridian": shaped(polygon(-17, 179.98, -17, -179.98, -16.97, -179.98, -16.97, 179.98)),
		"circle":       {Circle: []Circle{{geo.Point{Lat: 52.5, Lon: 13.4}, 3}}},
		"far north":    {Circle: []Circle{{geo.Point{Lat: 89.99, Lon: 13.4}, 3}}},
	} {
		level, cells, ok := Cells([]Area{a}, 13, 200)
		if !ok || level != 13 || len(cells) == 0 || len(cells) > 200 {
			t.Fatalf("%s: level %d, %d cells, %v", name, level, len(cells), ok)
		}
		hits := 0
		for range 200_000 {
			p := geo.Point{Lat: 38.4 + rng.Float64()*0.2, Lon: -120.2 + rng.Float64()*0.2}
			switch name {
			case "antimeridian":
				p = geo.Point{Lat: -17.1 + rng.Float64()*0.2, Lon: math.Remainder(179.9+rng.Float64()*0.2, 360)}
			case "circle":
				p = geo.Point{Lat: 52.4 + rng.Float64()*0.2, Lon: 13.3 + rng.Float64()*0.2}
			case "far north":
				p = geo.Point{Lat: 89.9 + rng.Float64()*0.1, Lon: -180 + rng.Float64()*360}
			}
			if a.Contains(p) {
				hits++
				if !slices.Contains(cells, geo.Cell(p, level)) {
					t.Fatalf("%s: %v lies in no cell", name, p)
				}
			}
		}
		if hits < 1000 {
			t.Errorf("%s: only %d points", name, hits)
		}
		if slices.Contains(cells, geo.Cell(geo.Point{Lat: 10, Lon: 10}, level)) {
			t.Errorf("%s: a cell far off", name)
		}
	}
	big := shaped(polygon(30, -120, 30, -80, 50, -80, 50, -120))
	if level, cells, ok := Cells([]Area{big}, 13, 1000); !ok || level < 5 || level > 9 || len(cells) > 1000 {
		t.Errorf("a country: level %d, %d cells", level, len(cells))
	}
	if _, _, ok := Cells([]Area{{Desc: "somewhere"}}, 13, 10); ok {
		t.Error("cells of an area without shapes")
	}
}
