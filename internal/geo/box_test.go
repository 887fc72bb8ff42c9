package geo_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"convoke/internal/geo"

	"pgregory.net/rapid"
)

func TestDistance(t *testing.T) {
	t.Parallel()
	london, paris := geo.Point{Lat: 51.5074, Lon: -0.1278}, geo.Point{Lat: 48.8566, Lon: 2.3522}
	newYork, losAngeles := geo.Point{Lat: 40.7128, Lon: -74.006}, geo.Point{Lat: 34.0522, Lon: -118.2437}
	for _, c := range []struct {
		a, b geo.Point
		want float64
	}{
		{london, paris, 343.6},
		{newYork, losAngeles, 3935.7},
		{london, newYork, 5570.2},
		{geo.Point{Lat: 90}, geo.Point{Lat: -90, Lon: 77}, math.Pi * geo.EarthRadius},
		{geo.Point{Lon: 179.5}, geo.Point{Lon: -179.5}, 111.2},
		{paris, paris, 0},
	} {
		if got := geo.Distance(c.a, c.b); math.Abs(got-c.want) > 0.1 {
			t.Errorf("Distance(%v, %v) = %.2f, want %.1f", c.a, c.b, got, c.want)
		}
	}
}

func TestValid(t *testing.T) {
	t.Parallel()
	for p, want := range map[geo.Point]bool{
		{Lat: 90, Lon: 180}:          true,
		{Lat: -90, Lon: -180}:        true,
		{Lat: 90.1}:                  false,
		{Lon: -180.1}:                false,
		{Lat: math.Inf(1)}:           false,
		{Lat: math.NaN()}:            false,
		{Lat: 0, Lon: math.NaN()}:    false,
		{Lat: 39.7817, Lon: -89.650}: true,
	} {
		if p.Valid() != want {
			t.Errorf("%v valid: %v", p, !want)
		}
	}
	if (geo.Box{South: 2, North: 1}).Valid() || !geo.World.Valid() {
		t.Error("south above north is valid, or the world is not")
	}
}

func TestBoxContains(t *testing.T) {
	t.Parallel()
	fiji := geo.Box{South: -20, West: 177, North: -15, East: -178}
	for _, c := range []struct {
		b    geo.Box
		p    geo.Point
		want bool
	}{
		{fiji, geo.Point{Lat: -17, Lon: 179}, true},
		{fiji, geo.Point{Lat: -17, Lon: -179}, true},
		{fiji, geo.Point{Lat: -17, Lon: 0}, false},
		{fiji, geo.Point{Lat: -21, Lon: 179}, false},
		{geo.Box{South: 0, West: 170, North: 1, East: 180}, geo.Point{Lat: 0.5, Lon: -180}, true},
		{geo.Box{South: 80, West: 0, North: 90, East: 1}, geo.Point{Lat: 90, Lon: 100}, true},
		{geo.World, geo.Point{Lat: 90, Lon: -180}, true},
		{geo.World, geo.Point{Lat: math.NaN()}, false},
	} {
		if got := c.b.Contains(c.p); got != c.want {
			t.Errorf("%v contains %v: %v", c.b, c.p, got)
		}
	}
}

func latitude() *rapid.Generator[float64] {
	return rapid.OneOf(rapid.Float64Range(-90, 90), rapid.SampledFrom([]float64{-90, 0, 45, 90}))
}

func longitude() *rapid.Generator[float64] {
	return rapid.OneOf(rapid.Float64Range(-180, 180), rapid.SampledFrom([]float64{-180, -135, -90, -45, 0, 45, 90, 135, 180}))
}

// box draws boxes of every size, antimeridian and poles included.
func box(t *rapid.T) geo.Box {
	p := func() geo.Point {
		return geo.Point{Lat: latitude().Draw(t, "lat"), Lon: longitude().Draw(t, "lon")}
	}
	switch rapid.IntRange(0, 3).Draw(t, "kind of box") {
	case 0:
		a, b := latitude().Draw(t, "lat"), latitude().Draw(t, "lat")
		return geo.Box{South: min(a, b), West: longitude().Draw(t, "west"), North: max(a, b), East: longitude().Draw(t, "east")}
	case 1:
		return geo.BoxAround(p(), rapid.Float64Range(0, 3000).Draw(t, "km"))
	case 2: // about what the coarse level is for
		return geo.BoxAround(p(), rapid.Float64Range(50, 500).Draw(t, "km"))
	}
	return geo.BoxAround(p(), rapid.Float64Range(0, 60).Draw(t, "km"))
}

// inside draws a point of the box, corners and edges often.
func inside(t *rapid.T, b geo.Box) geo.Point {
	part := func(name string) float64 {
		return rapid.OneOf(rapid.Float64Range(0, 1), rapid.SampledFrom([]float64{0, 1})).Draw(t, name)
	}
	east := b.East
	if b.West > b.East {
		east += 360
	}
	blend := func(from, to, f float64) float64 {
		if f == 1 {
			return to
		}
		return from + f*(to-from)
	}
	lon := blend(b.West, east, part("x"))
	if lon > 180 {
		lon -= 360
	}
	return geo.Point{Lat: min(b.North, blend(b.South, b.North, part("y"))), Lon: lon}
}

func TestCoverIsComplete(t *testing.T) {
	t.Parallel()
	levels := map[int]int{}
	rapid.Check(t, func(t *rapid.T) {
		b := box(t)
		limit := rapid.IntRange(1, 200).Draw(t, "limit")
		level, cells, ok := geo.Cover(b, limit)
		if !ok {
			return
		}
		levels[level]++
		if len(cells) == 0 || len(cells) > limit {
			t.Fatalf("%d cells for a limit of %d", len(cells), limit)
		}
		for range 20 {
			p := inside(t, b)
			if !b.Contains(p) {
				continue // rounding put it a hair outside
			}
			if !slices.Contains(cells, geo.Cell(p, level)) {
				t.Fatalf("%v of %v lies in no cell of level %d", p, b, level)
			}
			if p.Lon = -p.Lon; math.Abs(p.Lon) == 180 && !slices.Contains(cells, geo.Cell(p, level)) {
				t.Fatalf("%v of %v, by its other name, lies in no cell of level %d", p, b, level)
			}
		}
	})
	for _, level := range []int{geo.Coarse, geo.Middle, geo.Fine} {
		if levels[level] == 0 {
			t.Errorf("level %d was never tried", level)
		}
	}
}

func TestCoverChoosesTheFinestLevel(t *testing.T) {
	t.Parallel()
	leipzig := geo.Point{Lat: 51.34, Lon: 12.37}
	for _, c := range []struct {
		km    float64
		limit int
		level int
	}{
		{25, 32, geo.Fine},
		{250, 32, geo.Middle},
		{2500, 64, geo.Coarse},
	} {
		level, cells, ok := geo.Cover(geo.BoxAround(leipzig, c.km), c.limit)
		if !ok || level != c.level {
			t.Errorf("%v km: level %d with %d cells, %v; want level %d", c.km, level, len(cells), ok, c.level)
		}
	}
	if _, _, ok := geo.Cover(geo.World, 32); ok {
		t.Error("32 cells cover the world")
	}
	if level, cells, ok := geo.Cover(geo.World, 384); !ok || level != geo.Coarse || len(cells) != 384 {
		t.Errorf("the world: level %d, %d cells, %v", level, len(cells), ok)
	}
	for _, bad := range []geo.Box{{South: 1, North: 0}, {North: 91}, {West: math.NaN()}} {
		if _, _, ok := geo.Cover(bad, 100); ok {
			t.Errorf("%v was covered", bad)
		}
	}
}

func TestCellsNest(t *testing.T) {
	t.Parallel()
	a, b := geo.Point{Lat: 51.34, Lon: 12.37}, geo.Point{Lat: 51.35, Lon: 12.38}
	for _, level := range []int{geo.Coarse, geo.Middle, geo.Fine} {
		if geo.Cell(a, level) != geo.Cell(b, level) {
			t.Errorf("1 km apart, two cells of level %d", level)
		}
	}
	if geo.Cell(geo.Point{Lat: 10, Lon: 180}, geo.Fine) != geo.Cell(geo.Point{Lat: 10, Lon: -180}, geo.Fine) {
		t.Error("the antimeridian has two sides")
	}
}

// towards is the point km away on a bearing (https://www.movable-type.co.uk/scripts/latlong.html).
func towards(p geo.Point, bearing, km float64) geo.Point {
	const radian = math.Pi / 180
	sinLat, cosLat := math.Sincos(p.Lat * radian)
	sinDist, cosDist := math.Sincos(km / geo.EarthRadius)
	lat := math.Asin(sinLat*cosDist + cosLat*sinDist*math.Cos(bearing*radian))
	lon := math.Atan2(math.Sin(bearing*radian)*sinDist*cosLat, cosDist-sinLat*math.Sin(lat))
	return geo.Point{Lat: lat / radian, Lon: math.Remainder(p.Lon+lon/radian, 360)}
}

func TestBoxAroundHoldsTheCircle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := geo.Point{Lat: latitude().Draw(t, "lat"), Lon: longitude().Draw(t, "lon")}
		km := rapid.Float64Range(0, 21000).Draw(t, "km")
		b := geo.BoxAround(p, km)
		if !b.Valid() {
			t.Fatalf("%v is not valid", b)
		}
		q := geo.Point{Lat: latitude().Draw(t, "lat"), Lon: longitude().Draw(t, "lon")}
		if rapid.Bool().Draw(t, "near") {
			q = geo.Point{
				Lat: max(-90, min(90, p.Lat+rapid.Float64Range(-1, 1).Draw(t, "dlat")*km/100)),
				Lon: math.Remainder(p.Lon+rapid.Float64Range(-1, 1).Draw(t, "dlon")*km/50, 360),
			}
		}
		if rapid.Bool().Draw(t, "on the circle") {
			q = towards(p, rapid.Float64Range(0, 360).Draw(t, "bearing"), km*0.999999)
		}
		if geo.Distance(p, q) <= km && !b.Contains(q) {
			t.Fatalf("%v lies %.3f km from %v but not in %v", q, geo.Distance(p, q), p, b)
		}
	})
	// High up, the circle reaches furthest east north of its middle.
	reykjavik := geo.Point{Lat: 64.15, Lon: -21.94}
	wide := geo.BoxAround(reykjavik, 1000)
	for bearing := range 360 {
		if q := towards(reykjavik, float64(bearing), 999.999); !wide.Contains(q) {
			t.Errorf("%v, 1000 km off, is not in %v", q, wide)
		}
	}
	b := geo.BoxAround(geo.Point{Lat: 51.34, Lon: 12.37}, 25)
	if h := geo.Distance(geo.Point{Lat: b.South}, geo.Point{Lat: b.North}); math.Abs(h-50) > 0.01 {
		t.Errorf("25 km around is %.2f km high", h)
	}
	for _, km := range []float64{-1, math.NaN(), math.Inf(1)} {
		if !geo.BoxAround(geo.Point{}, km).Valid() {
			t.Errorf("a radius of %v breaks the box", km)
		}
	}
}

func TestParseBox(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]geo.Box{
		"11.5,51,13,52":         {South: 51, West: 11.5, North: 52, East: 13},
		" 177, -20, -178, -15 ": {South: -20, West: 177, North: -15, East: -178},
		"-180,-90,180,90":       geo.World,
		"170,-10,190,10":        {South: -10, West: 170, North: 10, East: -170},
		"-190,-10,-170,10":      {South: -10, West: 170, North: 10, East: -170},
		"-300,-10,300,10":       {South: -10, West: -180, North: 10, East: 180},
		"530,0,550,1":           {South: 0, West: 170, North: 1, East: -170},
		"0,0,0,0":               {},
	} {
		got, err := geo.ParseBox(in)
		if err != nil || got != want {
			t.Errorf("ParseBox(%q) = %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "1,2,3", "1,2,3,4,5", "1,2,0,5,6,7", "a,b,c,d", "0,2,1,1", "0,-91,1,1", "0,0,1,91", "NaN,0,1,1", "0,0,Inf,1",
		"1e2,0,120,1", "0x1,0,2,1", "2000,0,2001,1", "200,0,-170,1", "1,,2,3", "1;2;3;4",
	} {
		if got, err := geo.ParseBox(in); !errors.Is(err, geo.ErrBox) {
			t.Errorf("ParseBox(%q) = %v, %v", in, got, err)
		}
	}
}

func FuzzParseBox(f *testing.F) {
	for _, s := range []string{"11.5,51,13,52", "177,-20,-178,-15", "-190,0,-170,1", "1e5,,-", "NaN,0,0,0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := geo.ParseBox(s)
		if err == nil && !b.Valid() {
			t.Fatalf("ParseBox(%q) = %v, which is not valid", s, b)
		}
		if err != nil && b != (geo.Box{}) {
			t.Fatalf("ParseBox(%q) gives a box and %v", s, err)
		}
	})
}

// TestCoverShape asks that work is bounded and that coarser cells are named then.
func TestCoverShape(t *testing.T) {
	t.Parallel()
	town := geo.Point{Lat: 38.47, Lon: -120.14}
	asked := 0
	holds := func(b geo.Box) bool { asked++; return b.Contains(town) }
	for _, c := range []struct{ calls, least, most int }{{1000, 13, 13}, {60, 3, 12}, {30, 0, 6}, {6, 0, 0}, {0, 0, 0}} {
		asked = 0
		level, cells, ok := geo.CoverShape(holds, 13, 4, c.calls)
		if !ok || !slices.Contains(cells, geo.Cell(town, level)) || level < c.least || level > c.most {
			t.Errorf("%d calls: level %d, cells %v, %v", c.calls, level, cells, ok)
		}
		if asked > max(c.calls, 6) {
			t.Errorf("%d calls became %d", c.calls, asked)
		}
	}
	if _, _, ok := geo.CoverShape(func(geo.Box) bool { return true }, 13, 5, 1000); ok {
		t.Error("five cells hold the earth")
	}
	if level, cells, ok := geo.CoverShape(func(geo.Box) bool { return true }, 13, 100, 1000); !ok || level != 2 || len(cells) != 96 {
		t.Errorf("the earth: level %d, %d cells", level, len(cells))
	}
}
