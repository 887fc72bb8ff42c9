package basemap

import (
	"math"
	"testing"

	"convoke/internal/geo"
	"pgregory.net/rapid"
)

func drawBox(t *rapid.T) geo.Box {
	south := rapid.Float64Range(-84, 84).Draw(t, "south")
	return geo.Box{
		South: south, North: rapid.Float64Range(south, 84.5).Draw(t, "north"),
		West: rapid.Float64Range(-180, 180).Draw(t, "west"), East: rapid.Float64Range(-180, 180).Draw(t, "east"),
	}
}

func drawPicture(t *rapid.T) Picture {
	return Picture{
		Box: drawBox(t), Scale: 1,
		Width: rapid.IntRange(50, 1600).Draw(t, "width"), Height: rapid.IntRange(50, 1200).Draw(t, "height"),
	}
}

func TestProjectInverse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPicture(t)
		v := newView(p.Box, p.Width, p.Height)
		x := rapid.Float64Range(0, v.width).Draw(t, "x")
		y := rapid.Float64Range(max(0, -v.top*v.world), min(v.height, (1-v.top)*v.world)).Draw(t, "y") // off the map there is nothing to invert
		gx, gy := Project(p, Unproject(p, x, y))
		// Where the picture is wider than the world, x may come back some worlds to the side.
		if math.Abs(math.Remainder(gx-x, v.world)) > 1e-3 || math.Abs(gy-y) > 1e-3 {
			t.Fatalf("(%v, %v) came back as (%v, %v)", x, y, gx, gy)
		}
	})
}

func TestWholeBoxShows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPicture(t)
		b := p.Box
		for _, pt := range []geo.Point{{Lat: b.South, Lon: b.West}, {Lat: b.North, Lon: b.East}} {
			v := newView(b, p.Width, p.Height)
			x, y := v.project(pt)
			x = math.Abs(math.Remainder(x-v.width/2, v.world)) + v.width/2 // of a box around the world both ends are the same line
			if x < -1e-3 || x > v.width+1e-3 || y < -1e-3 || y > v.height+1e-3 {
				t.Fatalf("corner %v at (%v, %v) of %d by %d", pt, x, y, p.Width, p.Height)
			}
		}
	})
}

func TestFitBoxIsStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPicture(t)
		once := FitBox(p.Box, p.Width, p.Height)
		v := newView(p.Box, p.Width, p.Height)
		if v.width >= v.world || v.height >= v.world {
			return // such a picture shows more than the world: no box says that
		}
		twice := FitBox(once, p.Width, p.Height)
		for _, d := range []float64{once.South - twice.South, once.North - twice.North, math.Remainder(once.West-twice.West, 360), math.Remainder(once.East-twice.East, 360)} {
			if math.Abs(d) > 1e-6 {
				t.Fatalf("%v fits as %v, then as %v", p.Box, once, twice)
			}
		}
	})
}

func TestFitBoxExamples(t *testing.T) {
	t.Parallel()
	world := FitBox(geo.Box{South: -60, West: -180, North: 75, East: 180}, 640, 360)
	if world.West != -180 || world.East != 180 || world.South < -maxLatitude-1e-9 || world.North > maxLatitude+1e-9 {
		t.Errorf("world fits as %v", world)
	}
	point := FitBox(geo.Box{South: 51.34, West: 12.37, North: 51.34, East: 12.37}, 640, 360)
	if w := point.East - point.West; w < 0.1 || w > 1 || point.South >= 51.34 || point.North <= 51.34 {
		t.Errorf("one point fits as %v", point)
	}
	fiji := FitBox(geo.Box{South: -20, West: 176, North: -15, East: -178}, 640, 360)
	if fiji.West < fiji.East || fiji.West > 176 || fiji.East < -178 {
		t.Errorf("a box across the antimeridian fits as %v", fiji)
	}
	broken := geo.Box{South: math.NaN()}
	if got := FitBox(broken, 640, 360); !math.IsNaN(got.South) {
		t.Errorf("a broken box fits as %v", got)
	}
}

func TestProjectAcrossTheAntimeridian(t *testing.T) {
	t.Parallel()
	p := Picture{Box: geo.Box{South: -20, West: 170, North: 20, East: -170}, Width: 400, Height: 400}
	left, _ := Project(p, geo.Point{Lon: 175})
	middle, y := Project(p, geo.Point{Lon: 180})
	same, _ := Project(p, geo.Point{Lon: -180})
	right, _ := Project(p, geo.Point{Lon: -175})
	if !(left < middle && middle < right) || math.Abs(middle-200) > 1e-6 || math.Abs(math.Abs(same-middle)) > 1e-6 || math.Abs(y-200) > 1e-6 {
		t.Errorf("175, 180, -180, -175 at %v, %v, %v, %v", left, middle, same, right)
	}
}
