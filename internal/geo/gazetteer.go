package geo

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/klauspost/compress/zstd"

	"convoke/internal/geo/gazfile"
)

//go:embed gazetteer.bin.zst
var gazetteerData []byte

// Gazetteer knows places by name and by position. It is safe for concurrent
// use.
type Gazetteer struct {
	file  *gazfile.File
	areas []areaName // names of regions and countries, sorted
}

// Load opens the embedded gazetteer. It fails only when the file was built by
// another version.
func Load() (*Gazetteer, error) {
	f, err := unpack(gazetteerData)
	if err != nil {
		return nil, fmt.Errorf("open the embedded gazetteer: %w", err)
	}
	return &Gazetteer{file: f, areas: readAreas()}, nil
}

func unpack(packed []byte) (*gazfile.File, error) {
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := r.DecodeAll(packed, nil)
	if err != nil {
		return nil, err
	}
	return gazfile.Parse(string(data))
}

// Fold makes texts comparable, for look-up and full text search: case and
// diacritics disappear, whatever is neither letter, digit nor mark becomes one
// space, the ends are trimmed ("Saint-Étienne" becomes "saint etienne").
// Folding twice changes nothing.
func Fold(s string) string { return gazfile.Fold(s) }

// Lookup finds a place by its parts, for importers. Name is a place or a US
// postcode; region and country are codes or names, and either may be "". Every
// part is compared folded and in full. The most populous of several wins; a
// region of a country whose regions the gazetteer does not keep is ignored.
// With an empty name the region, or else the country, itself is the place.
func (g *Gazetteer) Lookup(name, region, country string) (Place, bool) {
	if len(name) > maxQuery || len(region) > maxQuery || len(country) > maxQuery {
		return Place{}, false
	}
	areas, ok := g.within(gazfile.Fold(region), gazfile.Fold(country))
	if !ok {
		return Place{}, false
	}
	words := strings.Fields(gazfile.Fold(name))
	if len(words) == 0 {
		return g.wholeArea(areas, region != "" || country != "")
	}
	if code, rest, ok := g.cutZip(words); ok && len(rest) == 0 {
		if z := g.file.Zip(code); holds(areas, zipArea(z.Region)) {
			return g.zipPlace(code), true
		}
	}
	key := gazfile.WordsKey(words)
	for i := g.firstKey(key); i < g.file.Keys() && g.file.KeyText(i) == key; i++ {
		k := g.file.Key(i)
		e := g.file.Entry(k.Entry)
		if e.Kind != gazfile.Country && holds(areas, area{e.Country, k.Region}) {
			return g.place(e), true
		}
	}
	return Place{}, false
}

// within reads region and country, both folded, of a structured look-up.
func (g *Gazetteer) within(region, country string) ([]area, bool) {
	countries := []string{""}
	if country != "" {
		countries = countries[:0]
		for _, n := range g.areasNamed(country) {
			if n.region == "" {
				countries = append(countries, n.country)
			}
		}
	}
	var found []area
	for _, c := range countries {
		kept := false
		for _, n := range g.areas {
			if region != "" && n.region != "" && n.country == c {
				kept = true
				break
			}
		}
		if region == "" || c != "" && !kept {
			found = append(found, area{country: c})
			continue
		}
		for _, n := range g.areasNamed(region) {
			if (n.region != "" || territory(n.country)) && (c == "" || within(n.area, c)) {
				found = append(found, n.area)
			}
		}
	}
	return found, len(found) > 0
}

// wholeArea is the place of the first area itself.
func (g *Gazetteer) wholeArea(areas []area, given bool) (Place, bool) {
	if !given {
		return Place{}, false
	}
	want := areas[0]
	name := CountryName(want.country)
	if want.region != "" {
		name = RegionName(want.country, want.region)
	}
	key := gazfile.NameKey(name)
	for i := g.firstKey(key); i < g.file.Keys() && g.file.KeyText(i) == key; i++ {
		e := g.file.Entry(g.file.Key(i).Entry)
		if (e.Kind == gazfile.Region || e.Kind == gazfile.Country) && e.Country == want.country && e.Region == want.region {
			return g.place(e), true
		}
	}
	return Place{}, false
}

// Nearest gives the locality closest to the point and its distance in
// kilometres; the zero Place and 0 when the point is not on the globe.
func (g *Gazetteer) Nearest(p Point) (Place, float64) {
	if !p.Valid() {
		return Place{}, 0
	}
	i := g.file.NearestEntry(vector(p), 2)
	if i < 0 {
		return Place{}, 0
	}
	near := g.place(g.file.Entry(i))
	return near, Distance(p, near.Point)
}

func (g *Gazetteer) place(e gazfile.Entry) Place {
	p := Place{
		Name: e.Name, Region: e.Region, Country: e.Country, Point: degrees(e.LatE6, e.LonE6),
		Zone: g.file.Zones[e.Zone], Population: int(e.People), Precision: PrecisionLocality,
	}
	switch e.Kind {
	case gazfile.Region, gazfile.Stretch:
		p.Precision = PrecisionRegion
	case gazfile.Country:
		p.Precision = PrecisionCountry
	}
	return p
}

func (g *Gazetteer) zipPlace(i int) Place {
	z := g.file.Zip(i)
	a := zipArea(z.Region)
	return Place{
		Name: fmt.Sprintf("%05d", z.Code), Region: a.region, Country: a.country,
		Point: degrees(z.LatE6, z.LonE6), Zone: g.file.Zones[z.Zone], Precision: PrecisionPostcode,
	}
}

// zipArea turns the state of a postcode into an area.
func zipArea(state string) area {
	if territory(state) {
		return area{country: state}
	}
	return area{"US", state}
}

func holds(areas []area, in area) bool {
	for _, a := range areas {
		if a.holds(in.country, in.region) {
			return true
		}
	}
	return false
}

func degrees(latE6, lonE6 int32) Point {
	return Point{Lat: float64(latE6) / 1e6, Lon: float64(lonE6) / 1e6}
}

// vector expects a valid point.
func vector(p Point) gazfile.Vec {
	return gazfile.Vector(int32(p.Lat*1e6), int32(p.Lon*1e6))
}
