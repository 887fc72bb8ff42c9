package basemap

import (
	"math"
	"slices"
	"testing"

	"convoke/internal/geo"
	"pgregory.net/rapid"
)

func drawMarkers(t *rapid.T) []Marker {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Marker {
		return Marker{
			Point: geo.Point{Lat: rapid.Float64Range(-85, 85).Draw(t, "lat"), Lon: rapid.Float64Range(-180, 180).Draw(t, "lon")},
			Count: rapid.IntRange(-1, 300).Draw(t, "count"),
		}
	}), 0, 200).Draw(t, "markers")
}

func TestClustersKeepTotals(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPicture(t)
		p.Markers = drawMarkers(t)
		want, total := []int(nil), 0
		for i, m := range p.Markers {
			if x, y := Project(p, m.Point); x >= 0 && y >= 0 && x <= float64(p.Width) && y <= float64(p.Height) {
				want = append(want, i)
				total += max(m.Count, 1)
			}
		}
		var got []int
		sum := 0
		for _, c := range Clusters(p) {
			got = append(got, c.Markers...)
			sum += c.Count
			if c.X < -1e-9 || c.Y < -1e-9 || c.X > float64(p.Width)+1e-9 || c.Y > float64(p.Height)+1e-9 || c.R <= 0 || !slices.IsSorted(c.Markers) {
				t.Fatalf("bad cluster %+v", c)
			}
		}
		slices.Sort(got)
		if sum != total || !slices.Equal(got, want) {
			t.Fatalf("clusters hold %v (%d), the picture %v (%d)", got, sum, want, total)
		}
	})
}

func TestClustersDoNotDependOnOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPicture(t)
		p.Markers = drawMarkers(t)
		a := Clusters(p)
		slices.Reverse(p.Markers)
		b := Clusters(p)
		if len(a) != len(b) {
			t.Fatalf("%d clusters, in reverse %d", len(a), len(b))
		}
		for i := range a {
			if math.Hypot(a[i].X-b[i].X, a[i].Y-b[i].Y) > 1e-6 || a[i].Count != b[i].Count {
				t.Fatalf("%+v in reverse is %+v", a[i], b[i])
			}
		}
	})
}

func TestClustersExamples(t *testing.T) {
	t.Parallel()
	p := Picture{Box: geo.Box{South: -10, West: -10, North: 10, East: 10}, Width: 400, Height: 400, Scale: 1}
	p.Markers = []Marker{
		{Point: geo.Point{Lat: 0, Lon: 0}}, {Point: geo.Point{Lat: 0, Lon: 0.5}, Count: 2}, // 10 pixels apart
		{Point: geo.Point{Lat: 5, Lon: 5}, Count: 7},
		{Point: geo.Point{Lat: 50, Lon: 5}, Count: 7}, // outside
		{Point: geo.Point{Lat: math.NaN(), Lon: 5}},
	}
	got := Clusters(p)
	if len(got) != 2 || got[0].Count != 7 || got[1].Count != 3 || !slices.Equal(got[1].Markers, []int{0, 1}) {
		t.Errorf("clusters %+v", got)
	}
	if got := Clusters(Picture{Markers: p.Markers}); got != nil {
		t.Errorf("clusters of a picture without size: %v", got)
	}
}

func TestCountText(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{2: "2", 9999: "9999", 10000: "10k", 999999: "999k", 1000000: "1M", 7300000: "7M"} {
		if got := countText(n); got != want {
			t.Errorf("countText(%d) = %q, want %q", n, got, want)
		}
	}
}
