package geo_test

import (
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"convoke/internal/geo"
	"convoke/internal/geo/gazfile"
)

var shared = sync.OnceValues(geo.Load)

func gazetteer(t testing.TB) *geo.Gazetteer {
	t.Helper()
	g, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestEmbeddedFileKeepsItsPromises(t *testing.T) {
	t.Parallel()
	packed, err := os.ReadFile("gazetteer.bin.zst")
	if err != nil {
		t.Fatal(err)
	}
	r, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := r.DecodeAll(packed, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := gazfile.Parse(string(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Check(); err != nil {
		t.Error(err)
	}
	if f.Entries() < 38_000 || f.Zips() < 33_000 {
		t.Errorf("only %d places and %d postcodes", f.Entries(), f.Zips())
	}
	for _, zone := range f.Zones {
		if !slices.Contains(geo.Zones(), zone) {
			t.Errorf("places lie in %s, which cannot be chosen", zone)
		}
	}
}

// processorTime is what this process has used: what else runs on the machine takes none of it.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestLoadTakesLittle(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := processorTime(t)
	g, err := geo.Load()
	took := processorTime(t) - start
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 5<<20 { // what is unpacked has 3.4 million bytes
		t.Errorf("the heap grew by %d bytes", grown)
	}
	if took > 300*time.Millisecond { // ten times the aim, for slow machines
		t.Errorf("loading took %v", took)
	}
	runtime.KeepAlive(g)
}

func TestFind(t *testing.T) {
	t.Parallel()
	g := gazetteer(t)
	for _, c := range []struct {
		query string
		want  []string // the first labels, in order; none at all when empty
	}{
		{"Springfield, Illinois", []string{"Springfield, Illinois, US"}},
		{"springfield il", []string{"Springfield, Illinois, US"}},
		{"springfield illinois usa", []string{"Springfield, Illinois, US"}},
		{"springfield, i", []string{"Springfield, Illinois, US"}},
		{"Springfield", []string{"Springfield, Missouri, US", "Springfield, Massachusetts, US", "Springfield, Illinois, US"}},
		{"Portland", []string{"Portland, Oregon, US", "Portland, Maine, US"}},
		{"Portland, ME", []string{"Portland, Maine, US"}},
		{"Paris", []string{"Paris, France", "Paris, Texas, US"}},
		{"paris texas", []string{"Paris, Texas, US"}},
		{"10001", []string{"10001, New York, US"}},
		{"62701-1234", []string{"62701, Illinois, US"}},
		{"00926", []string{"00926, Puerto Rico"}},
		{"San Jose CA", []string{"San Jose, California, US"}},
		{"Washington DC", []string{"Washington, District of Columbia, US"}},
		{"Washington, D.C.", []string{"Washington, District of Columbia, US"}},
		{"washington", []string{"Washington, District of Columbia, US", "Washington, US"}},
		{"Saint Louis", []string{"St. Louis, Missouri, US"}},
		{"St. Louis", []string{"St. Louis, Missouri, US"}},
		{"St. Paul", []string{"Saint Paul, Minnesota, US"}},
		{"saint p", []string{"Saint Petersburg, Russia", "Saint Paul, Minnesota, US"}},
		{"Munich", []string{"Munich, Germany"}},
		{"München", []string{"Munich, Germany"}},
		{"Koeln", []string{"Köln, Germany"}},
		{"Cologne", []string{"Köln, Germany", "Cologne, Minnesota, US"}},
		{"Leipzig", []string{"Leipzig, Germany"}},
		{"leipzig de", []string{"Leipzig, Germany"}},
		{"Leipzig, Deutschland", []string{"Leipzig, Germany"}},
		{"Sao Paulo", []string{"São Paulo, Brazil"}},
		{"New York", []string{"New York City, New York, US", "New York, US"}},
		{"new yo", []string{"New York City, New York, US"}},
		{"NYC", []string{"New York City, New York, US"}},
		{"the bronx", []string{"The Bronx, New York, US"}},
		{"Jackson Heights, Queens", []string{"Jackson Heights, New York, US"}},
		{"Illinois", []string{"Illinois, US"}},
		{"germany", []string{"Germany"}},
		{"Georgia", []string{"Georgia", "Georgia, US"}},
		{"Mexico", []string{"Mexico", "Mexico, Philippines", "Mexico, Missouri, US"}}, // Mexico City only starts so
		{"London, CA", []string{"London, Ontario, Canada", "London, California, US"}},
		{"London", []string{"London, England, United Kingdom", "London, Ontario, Canada"}},
		{"San Juan, PR", []string{"San Juan, Puerto Rico"}},
		{"San Juan, PR, USA", []string{"San Juan, Puerto Rico"}},
		{"O'Fallon, MO", []string{"O'Fallon, Missouri, US"}},
		{"Alamagordo NM", []string{"Alamogordo, New Mexico, US"}},
		{"East Chicago, IL", []string{"East Chicago, Indiana, US"}},
		{"Singapore", []string{"Singapore", "Singapore"}},
		{"12 Main Street, Springfield, IL", []string{"Springfield, Illinois, US"}},
		{"12 Main Street, Springfield, IL 62701", []string{"62701, Illinois, US"}},
		{"Norfolk, IN", nil}, // lay in England; and must not become Indiana, India or Indianapolis
		{"Nowhere, LA", nil}, // nor Louisiana or Los Angeles
		{"xyzzy", nil},
		{"", nil},
		{" , ,", nil},
		{"99999", nil},
		{strings.Repeat("a", 201), nil},
	} {
		var got []string
		for _, p := range g.Find(c.query, 0) {
			got = append(got, p.Label())
		}
		if len(got) < len(c.want) || !slices.Equal(got[:len(c.want)], c.want) || c.want == nil && got != nil {
			t.Errorf("Find(%q) = %q, want first %q", c.query, got, c.want)
		}
	}
}

func TestFindHidesTwins(t *testing.T) {
	t.Parallel()
	g := gazetteer(t)
	for _, query := range []string{"Washington", "Franklin", "Hawaii", "Springfield", "Planaltina", "San Pedro", "s"} {
		found := g.Find(query, 100)
		for i, p := range found {
			for _, q := range found[:i] {
				if p.Label() == q.Label() && p.Precision == q.Precision && geo.Distance(p.Point, q.Point) < 50 {
					t.Errorf("Find(%q) gives %s twice", query, p.Label())
				}
			}
		}
	}
}

func TestFindLimit(t *testing.T) {
	t.Parallel()
	g := gazetteer(t)
	for limit, want := range map[int]int{-1: 10, 0: 10, 1: 1, 7: 7, 100: 100, 5000: 100} {
		if got := len(g.Find("san", limit)); got != want {
			t.Errorf("limit %d gives %d places, want %d", limit, got, want)
		}
	}
	// A smaller limit gives the head of the longer list.
	long := g.Find("san", 100)
	if short := g.Find("san", 5); !slices.Equal(short, long[:5]) {
		t.Errorf("%v is not the head of %v", short, long[:5])
	}
}

func TestFindCoordinates(t *testing.T) {
	t.Parallel()
	g := gazetteer(t)
	for _, query := range []string{"39.7817,-89.6501", " 39.7817, -89.6501 ", "39.7817 -89.6501"} {
		found := g.Find(query, 5)
		if len(found) != 1 || found[0].Point != (geo.Point{Lat: 39.7817, Lon: -89.6501}) ||
			found[0].Precision != geo.PrecisionExact || found[0].Zone != "America/Chicago" ||
			found[0].Label() != "39.7817, -89.6501" {
			t.Errorf("Find(%q) = %+v", query, found)
		}
	}
	for _, query := range []string{"91,0", "0,181", "nan,nan", "inf,0", "0x1p2,3", "1e1,1"} {
		for _, p := range g.Find(query, 5) {
			if p.Precision == geo.PrecisionExact {
				t.Errorf("Find(%q) took it for coordinates: %+v", query, p)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	g := gazetteer(t)
	for _, c := range []struct {
		name, region, country string
		want                  string // label, "" for none
		precision             geo.Precision
	}{
		{"Springfield", "IL", "US", "Springfield, Illinois, US", geo.PrecisionLocality},
		{"SPRINGFIELD", "Illinois", "", "Springfield, Illinois, US", geo.PrecisionLocality},
		{"Springfield", "", "US", "Springfield, Missouri, US", geo.PrecisionLocality},
		{"Springfield", "", "", "Springfield, Missouri, US", geo.PrecisionLocality},
		{"Leipzig", "", "DE", "Leipzig, Germany", geo.PrecisionLocality},
		{"Leipzig", "Sachsen", "Germany", "Leipzig, Germany", geo.PrecisionLocality},
		{"Leipzig", "", "US", "", ""},
		{"New York", "NY", "US", "New York City, New York, US", geo.PrecisionLocality},
		{"East Chicago", "IL", "US", "East Chicago, Indiana, US", geo.PrecisionLocality},
		{"San Juan", "PR", "US", "San Juan, Puerto Rico", geo.PrecisionLocality},
		{"San Juan", "", "PR", "San Juan, Puerto Rico", geo.PrecisionLocality},
		{"Orange County", "CA", "US", "Orange County, California, US", geo.PrecisionRegion},
		{"62701", "IL", "US", "62701, Illinois, US", geo.PrecisionPostcode},
		{"62701", "OH", "US", "", ""},
		{"Norfolk", "IN", "US", "", ""},
		{"Springfield", "Nowhere", "US", "", ""},
		{"Springfield", "Nowhere", "", "", ""},
		{"Springf", "IL", "US", "", ""},
		{"Toronto", "Ontario", "CA", "Toronto, Ontario, Canada", geo.PrecisionLocality},
		{"", "IL", "US", "Illinois, US", geo.PrecisionRegion},
		{"", "NY", "US", "New York, US", geo.PrecisionRegion},
		{"", "", "DE", "Germany", geo.PrecisionCountry},
		{"", "PR", "US", "Puerto Rico", geo.PrecisionCountry},
		{"", "", "", "", ""},
		{"Leipzig", "", "Atlantis", "", ""},
	} {
		got, ok := g.Lookup(c.name, c.region, c.country)
		if ok != (c.want != "") || ok && (got.Label() != c.want || got.Precision != c.precision) {
			t.Errorf("Lookup(%q, %q, %q) = %s (%s), %v, want %q", c.name, c.region, c.country, got.Label(), got.Precision, ok, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	g := gazetteer(t)
	for _, c := range []struct {
		p    geo.Point
		want string
		km   float64 // at most
	}{
		{geo.Point{Lat: 51.34, Lon: 12.37}, "Leipzig, Germany", 2},
		{geo.Point{Lat: 39.80, Lon: -89.64}, "Springfield, Illinois, US", 2},
		{geo.Point{Lat: -17.8, Lon: 180}, "Labasa, Fiji", 200},
		{geo.Point{Lat: -17.8, Lon: -180}, "Labasa, Fiji", 200},
	} {
		got, km := g.Nearest(c.p)
		if got.Label() != c.want || km > c.km {
			t.Errorf("Nearest(%v) = %s at %.1f km, want %s", c.p, got.Label(), km, c.want)
		}
	}
	if p, km := g.Nearest(geo.Point{Lat: 91}); p != (geo.Place{}) || km != 0 {
		t.Errorf("off the globe lies %v", p)
	}
}

func TestNearestIsFast(t *testing.T) {
	t.Parallel()
	g := gazetteer(t)
	random := rand.New(rand.NewPCG(1, 2))
	const n = 2000
	start := time.Now()
	for range n {
		g.Nearest(geo.Point{Lat: random.Float64()*180 - 90, Lon: random.Float64()*360 - 180})
	}
	if each := time.Since(start) / n; each > 2*time.Millisecond { // ten times the aim, for busy machines
		t.Errorf("one look-up takes %v", each)
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"Springfield, IL", "saint", "62701-1234", "39.8,-89.6", "the", ", ,", "\xff", "München 北京", "12345 12345"} {
		f.Add(s, 3)
	}
	g := gazetteer(f)
	f.Fuzz(func(t *testing.T, query string, limit int) {
		found := g.Find(query, limit)
		if len(found) > 100 || limit > 0 && len(found) > limit {
			t.Fatalf("%d places for a limit of %d", len(found), limit)
		}
		for _, p := range found {
			if !p.Point.Valid() || p.Label() == "" || !geo.KnownZone(p.Zone) {
				t.Fatalf("Find(%q) gives %+v", query, p)
			}
		}
		g.Lookup(query, query, "")
	})
}

func BenchmarkFind(b *testing.B) {
	g := gazetteer(b)
	for b.Loop() {
		g.Find("springfield, il", 10)
	}
}

func BenchmarkFindOneLetter(b *testing.B) {
	g := gazetteer(b)
	for b.Loop() {
		g.Find("s", 10)
	}
}

func BenchmarkNearest(b *testing.B) {
	g := gazetteer(b)
	for b.Loop() {
		g.Nearest(geo.Point{Lat: 39.8, Lon: -89.6})
	}
}
