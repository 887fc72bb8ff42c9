package basemap

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"testing"

	"convoke/internal/geo"
)

func drawn640(box geo.Box) Picture {
	return Picture{Box: box, Width: 640, Height: 360, Scale: 1, Credit: true}
}

func unitedStates() geo.Box { return geo.Box{South: 24.5, West: -125, North: 49.5, East: -66.5} }

func render(t *testing.T, p Picture) (image.Image, int) {
	t.Helper()
	var b bytes.Buffer
	if err := bundled(t).Draw(t.Context(), &b, p); err != nil {
		t.Fatal(err)
	}
	size := b.Len()
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return img, size
}

// grid spreads n markers evenly over a box.
func grid(b geo.Box, n int) []Marker {
	var out []Marker
	side := int(math.Ceil(math.Sqrt(float64(n))))
	for i := range n {
		out = append(out, Marker{Count: 1 + i%4, Point: geo.Point{
			Lat: b.South + (b.North-b.South)*(float64(i/side)+0.5)/float64(side), Lon: b.West + (b.East-b.West)*(float64(i%side)+0.5)/float64(side),
		}})
	}
	return out
}

func same(a color.Color, b color.RGBA) bool {
	r, g, bl, _ := a.RGBA()
	near := func(x uint32, y uint8) bool { return math.Abs(float64(x>>8)-float64(y)) <= 3 }
	return near(r, b.R) && near(g, b.G) && near(bl, b.B)
}

func TestDrawSizes(t *testing.T) {
	t.Parallel()
	crowded := drawn640(unitedStates())
	crowded.Markers = grid(unitedStates(), 300)
	sharp := crowded
	sharp.Scale, sharp.Dark = 2, true
	for name, c := range map[string]struct {
		p     Picture
		bytes int
	}{
		"world":    {drawn640(geo.Box{South: -58, West: -180, North: 78, East: 180}), 30_000},
		"country":  {crowded, 30_000},
		"sharp":    {sharp, 80_000},
		"region":   {drawn640(geo.Box{South: 40.9, West: -89.5, North: 42.8, East: -86}), 30_000},
		"one spot": {drawn640(geo.Box{South: 51.34, West: 12.37, North: 51.34, East: 12.37}), 30_000},
		"tall":     {Picture{Box: geo.Box{South: -80, West: -180, North: 80, East: 180}, Width: 100, Height: 900, Scale: 1, Credit: true}, 30_000},
		"tiny":     {Picture{Box: unitedStates(), Width: 1, Height: 1, Scale: 1, Credit: true}, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			img, size := render(t, c.p)
			if got, want := img.Bounds().Size(), image.Pt(c.p.Width*c.p.Scale, c.p.Height*c.p.Scale); got != want {
				t.Errorf("size %v, want %v", got, want)
			}
			if size > c.bytes {
				t.Errorf("%d bytes, want at most %d", size, c.bytes)
			}
			if _, ok := img.ColorModel().(color.Palette); !ok {
				t.Error("not a palette picture")
			}
		})
	}
}

func TestDrawLandAndWater(t *testing.T) {
	t.Parallel()
	for _, dark := range []bool{false, true} {
		s := lightShades()
		if dark {
			s = darkShades()
		}
		p := drawn640(geo.Box{South: 20, West: -130, North: 55, East: -60})
		p.Dark = dark
		img, _ := render(t, p)
		for _, c := range []struct {
			name string
			at   geo.Point
			want color.RGBA
		}{
			{"Nebraska", geo.Point{Lat: 41.5, Lon: -100.2}, s.land},
			{"Atlantic", geo.Point{Lat: 35, Lon: -68}, s.water},
			{"Lake Superior", geo.Point{Lat: 47.7, Lon: -87.5}, s.water},
		} {
			x, y := Project(p, c.at)
			if got := img.At(int(x), int(y)); !same(got, c.want) {
				t.Errorf("dark %v: %s is %v, want %v", dark, c.name, got, c.want)
			}
		}
	}
}

func TestDrawMarkerWhereItProjects(t *testing.T) {
	t.Parallel()
	for _, scale := range []int{1, 2} {
		for _, dark := range []bool{false, true} {
			s := lightShades()
			if dark {
				s = darkShades()
			}
			p := drawn640(unitedStates())
			p.Scale, p.Dark = scale, dark
			p.Markers = []Marker{{Point: geo.Point{Lat: 41.88, Lon: -87.63}}}
			img, _ := render(t, p)
			x, y := Project(p, p.Markers[0].Point)
			k := float64(scale)
			if got := img.At(int(x*k), int(y*k)); !same(got, s.marker) {
				t.Errorf("scale %d, dark %v: marker is %v, want %v", scale, dark, got, s.marker)
			}
			if got := img.At(int((x+markerRadius+0.7)*k), int(y*k)); scale == 2 && !same(got, s.ring) {
				t.Errorf("scale %d, dark %v: outline is %v, want %v", scale, dark, got, s.ring)
			}
		}
	}
}

func TestDrawAcrossTheAntimeridian(t *testing.T) {
	t.Parallel()
	s := lightShades()
	p := drawn640(geo.Box{South: 50, West: 160, North: 72, East: -150})
	p.Markers = []Marker{{Point: geo.Point{Lat: 55, Lon: 179.9}}, {Point: geo.Point{Lat: 55, Lon: -179.9}}}
	img, _ := render(t, p)
	for _, c := range []struct {
		name string
		at   geo.Point
		want color.RGBA
	}{
		{"Chukotka", geo.Point{Lat: 67, Lon: 172}, s.land}, {"Alaska", geo.Point{Lat: 66.5, Lon: -155.5}, s.land}, {"Bering Sea", geo.Point{Lat: 58, Lon: -175}, s.water},
	} {
		x, y := Project(p, c.at)
		if got := img.At(int(x), int(y)); !same(got, c.want) {
			t.Errorf("%s at (%.0f, %.0f) is %v, want %v", c.name, x, y, got, c.want)
		}
	}
	if got := Clusters(p); len(got) != 1 || got[0].Count != 2 {
		t.Errorf("markers on both sides of the line: %+v, want one cluster", got)
	}
}

// What is filled is tinted, what is not only has lines around it, and names stay above.
func TestDrawAreas(t *testing.T) {
	t.Parallel()
	square := func(south, west float64) []geo.Point {
		return []geo.Point{{Lat: south, Lon: west}, {Lat: south, Lon: west + 1}, {Lat: south + 1, Lon: west + 1}, {Lat: south + 1, Lon: west}}
	}
	p := Picture{Box: geo.Box{South: 46, West: 8, North: 50, East: 14}, Width: 300, Height: 300, Scale: 1}
	plain, _ := render(t, p)
	p.Areas = []Area{{Ring: square(47, 9), Filled: true}, {Ring: square(48, 11)}, {Ring: square(-40, -70), Filled: true}, {Ring: square(45.5, 7.5), Filled: true}}
	drawn, _ := render(t, p)
	unchanged := func(at geo.Point) bool {
		x, y := Project(p, at)
		return plain.At(int(x), int(y)) == drawn.At(int(x), int(y))
	}
	for _, x := range []struct {
		at   geo.Point
		same bool
	}{
		{geo.Point{Lat: 47.4, Lon: 9.6}, false}, {geo.Point{Lat: 48.4, Lon: 11.6}, true}, {geo.Point{Lat: 46.5, Lon: 13.5}, true},
		{geo.Point{Lat: 48, Lon: 11.5}, false}, {geo.Point{Lat: 46.2, Lon: 8.2}, false},
	} {
		if unchanged(x.at) != x.same {
			t.Errorf("at %v it is the same as without areas: %v, want %v", x.at, unchanged(x.at), x.same)
		}
	}
}

func TestDrawCredit(t *testing.T) {
	t.Parallel()
	p := drawn640(geo.Box{South: 10, West: -150, North: 20, East: -140}) // open sea
	with, _ := render(t, p)
	p.Credit = false
	without, _ := render(t, p)
	differ := func(r image.Rectangle) bool {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				if !same(with.At(x, y), color.RGBAModel.Convert(without.At(x, y)).(color.RGBA)) {
					return true
				}
			}
		}
		return false
	}
	if !differ(image.Rect(440, 340, 640, 360)) || differ(image.Rect(0, 0, 640, 340)) {
		t.Error("the credit is not in the lower right corner, or not there alone")
	}
}

func TestDrawRefuses(t *testing.T) {
	t.Parallel()
	a := bundled(t)
	good := drawn640(unitedStates())
	for name, change := range map[string]func(*Picture){
		"too wide": func(p *Picture) { p.Width = 1601 }, "too high": func(p *Picture) { p.Height = 1201 }, "no width": func(p *Picture) { p.Width = 0 },
		"negative": func(p *Picture) { p.Height = -1 }, "scale 0": func(p *Picture) { p.Scale = 0 }, "scale 3": func(p *Picture) { p.Scale = 3 },
		"not a number": func(p *Picture) { p.Box.East = math.NaN() }, "infinite": func(p *Picture) { p.Box.North = math.Inf(1) },
		"upside down": func(p *Picture) { p.Box.South, p.Box.North = 50, 20 }, "far east": func(p *Picture) { p.Box.East = 1e9 },
	} {
		p := good
		change(&p)
		if err := a.Draw(t.Context(), new(bytes.Buffer), p); !errors.Is(err, ErrPicture) {
			t.Errorf("%s: %v, want ErrPicture", name, err)
		}
	}
}

func TestDrawStopsWhenAsked(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var b bytes.Buffer
	if err := bundled(t).Draw(ctx, &b, drawn640(unitedStates())); !errors.Is(err, context.Canceled) || b.Len() > 0 {
		t.Errorf("%v after %d bytes, want context.Canceled after none", err, b.Len())
	}
}

func TestDrawDamagedTile(t *testing.T) {
	t.Parallel()
	file := buildArchive(t, map[uint64][]byte{0: {0xff}}, 0, compressionNone, 10)
	a, err := Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Draw(t.Context(), new(bytes.Buffer), drawn640(unitedStates())); !errors.Is(err, ErrFormat) {
		t.Errorf("%v, want ErrFormat", err)
	}
}

// FuzzDrawTile draws whatever a tile claims to hold.
func FuzzDrawTile(f *testing.F) {
	f.Add(exampleTile())
	f.Fuzz(func(t *testing.T, tile []byte) {
		file := buildArchive(t, map[uint64][]byte{0: tile}, 0, compressionNone, 10)
		a, err := Open(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		p := Picture{Box: unitedStates(), Width: 60, Height: 40, Scale: 1}
		if err := a.Draw(t.Context(), new(bytes.Buffer), p); err != nil && !errors.Is(err, ErrFormat) {
			t.Error(err)
		}
	})
}

func TestLetteringSpells(t *testing.T) {
	t.Parallel()
	set, err := loadFonts()
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLettering(set.regular, 12, 0)
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{"Łódź": "Łódź", "Thành phố": "Thanh pho", "Αθήνα": "Αθήνα"} {
		if got, ok := l.spell(in); !ok || got != want {
			t.Errorf("spell(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
	if got, ok := l.spell("東京"); ok {
		t.Errorf("spell of letters that the font lacks = %q", got)
	}
}

func BenchmarkDrawCountry(b *testing.B) {
	a := bundled(b)
	p := drawn640(unitedStates())
	p.Markers = grid(unitedStates(), 300)
	for b.Loop() {
		if err := a.Draw(b.Context(), new(bytes.Buffer), p); err != nil {
			b.Fatal(err)
		}
	}
}
