package geo

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestAreasWith: an area hears of just those cells that lie in its nine, also where the
// faces of the cube meet.
func TestAreasWith(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := Point{Lat: rapid.Float64Range(-90, 90).Draw(t, "lat"), Lon: rapid.Float64Range(-180, 179.9).Draw(t, "lon")}
		level := rapid.SampledFrom([]int{8, 10, Grid}).Draw(t, "level")
		here := GridAt(p)
		own := AreaAt(here, level)
		all := AreasWith([]GridCell{here}, level)
		if !slices.Contains(all, own) || !slices.IsSorted(all) || len(all) < 8 || len(all) > 9 {
			t.Fatalf("%v of level %d: %d areas", p, level, len(all))
		}
		for _, a := range all {
			if a.Level() != level {
				t.Fatalf("level %d", a.Level())
			}
			// The same the other way round: neighbours are each other's.
			if back := AreasWith([]GridCell{GridAt(a.Middle())}, level); !slices.Contains(back, own) {
				t.Fatalf("%v is near %v, and not the reverse", a, own)
			}
			if d := Distance(a.Middle(), own.Middle()); d > own.Kilometers() {
				t.Fatalf("%v km away in an area of %v km", d, own.Kilometers())
			}
		}
	})
	near, far := GridAt(Point{Lat: 51.34, Lon: 12.37}), GridAt(Point{Lat: 52.52, Lon: 13.4})
	if all := AreasWith([]GridCell{near, near, far}, 8, 10, Grid); len(all) != 54 {
		t.Errorf("%d areas for two cells far from each other", len(all))
	}
	if k := AreaAt(near, 8).Kilometers(); k < 90 || k > 110 {
		t.Errorf("%v km", k)
	}
}
