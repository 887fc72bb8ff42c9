package gazfile_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"convoke/internal/geo/gazfile"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func contents() gazfile.Contents {
	return gazfile.Contents{
		Zones: []string{"Europe/Berlin", "America/Chicago"},
		Entries: []gazfile.Entry{
			{Name: "Leipzig", Country: "DE", People: 500, LatE6: 51_340_000, LonE6: 12_371_000},
			{Name: "Illinois", Kind: gazfile.Region, Country: "US", Region: "IL", LatE6: 40e6, LonE6: -89e6, Zone: 1},
			{Name: "Leipzig", Country: "US", Region: "ND", People: 900, LatE6: 46_500_000, LonE6: -101_800_000, Zone: 1},
		},
		Keys: []gazfile.Key{
			{Text: "leipzig", Entry: 0},
			{Text: "illinois", Entry: 1, Region: "IL"},
			{Text: "leipzig", Entry: 2, Region: "ND"},
			{Text: "leipzig", Entry: 0},
		},
		Zips: []gazfile.Zip{{Code: 501, LatE6: 40e6, LonE6: -73e6, Region: "NY", Zone: 1}},
	}
}

func TestFileKeepsContents(t *testing.T) {
	t.Parallel()
	c := contents()
	data, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	f, err := gazfile.Parse(string(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	for i, want := range c.Entries {
		if diff := cmp.Diff(want, f.Entry(i)); diff != "" {
			t.Error(diff)
		}
	}
	var keys []gazfile.Key
	for i := range f.Keys() {
		keys = append(keys, f.Key(i))
	}
	// Sorted, once each, the bigger Leipzig first.
	if diff := cmp.Diff([]gazfile.Key{c.Keys[1], c.Keys[2], c.Keys[0]}, keys); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(c.Zips[0], f.Zip(0)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(c.Zones, f.Zones); diff != "" {
		t.Error(diff)
	}
	// The region lies closer, but is nowhere in particular.
	if got := f.NearestEntry(gazfile.Vector(40e6, -89e6), 2); got != 2 {
		t.Errorf("nearest is entry %d, want 2", got)
	}
	if got := f.NearestEntry(gazfile.Vector(0, 0), 0.01); got != -1 {
		t.Errorf("nearest within reach is entry %d, want none", got)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	data, err := contents().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"empty":       "",
		"other magic": "CVGEO\x002\n" + string(data[8:]),
		"cut off":     string(data[:len(data)-1]),
		"header only": string(data[:40]),
	} {
		if _, err := gazfile.Parse(bad); !errors.Is(err, gazfile.ErrFormat) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestCheckFindsDamage(t *testing.T) {
	t.Parallel()
	c := contents()
	c.Entries[0].LatE6 = 91e6
	data, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	f, err := gazfile.Parse(string(data))
	if err != nil {
		t.Fatal(err)
	}
	if f.Check() == nil {
		t.Error("a latitude of 91 degrees passed")
	}
}

func TestEncodeRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	c := contents()
	c.Entries[0].Country = "DEU"
	if _, err := c.Encode(); err == nil {
		t.Error("a country of three letters was written")
	}
}

// The tree must agree with looking at every point.
func TestNearestAgreesWithScan(t *testing.T) {
	t.Parallel()
	coordinate := func(limit int32) *rapid.Generator[int32] { return rapid.Int32Range(-limit, limit) }
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "points")
		c := gazfile.Contents{Zones: []string{"UTC"}}
		for range n {
			c.Zips = append(c.Zips, gazfile.Zip{
				LatE6: coordinate(90e6).Draw(t, "lat"), LonE6: coordinate(180e6).Draw(t, "lon"),
			})
		}
		data, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		f, err := gazfile.Parse(string(data))
		if err != nil {
			t.Fatal(err)
		}
		q := gazfile.Vector(coordinate(90e6).Draw(t, "query lat"), coordinate(180e6).Draw(t, "query lon"))
		chord := func(i int) float64 {
			v := gazfile.Vector(c.Zips[i].LatE6, c.Zips[i].LonE6)
			return math.Hypot(math.Hypot(v[0]-q[0], v[1]-q[1]), v[2]-q[2])
		}
		best := 0
		for i := range n {
			if chord(i) < chord(best) {
				best = i
			}
		}
		got := f.NearestZip(q, 2)
		if got < 0 || chord(got) > chord(best)+1e-12 {
			t.Fatalf("tree says %d, scan says %d", got, best)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("")
	f.Add(strings.Repeat("\x00", 200))
	f.Fuzz(func(t *testing.T, data string) {
		g, err := gazfile.Parse(data)
		if err != nil || g.Check() != nil {
			return
		}
		for i := range g.Entries() {
			g.Entry(i)
		}
	})
}
