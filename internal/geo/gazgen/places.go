package main

import (
	"cmp"
	"slices"
	"strings"

	"convoke/internal/geo/gazfile"
)

// GeoNames numbers the provinces of Canada and the states of Australia; the
// gazetteer keeps the postal codes that people write.
var (
	canada    = strings.Fields("01=AB 02=BC 03=MB 04=NB 05=NL 07=NS 08=ON 09=PE 10=QC 11=SK 12=YT 13=NT 14=NU")
	australia = strings.Fields("01=ACT 02=NSW 03=NT 04=QLD 05=SA 06=TAS 07=VIC 08=WA")
)

// regionOf turns GeoNames' first administrative division into our region code,
// "" for countries whose regions are not kept.
func regionOf(country, admin1 string) string {
	pick := func(table []string) string {
		for _, pair := range table {
			if code, ok := strings.CutPrefix(pair, admin1+"="); ok {
				return code
			}
		}
		return ""
	}
	switch country {
	case "US", "GB":
		return admin1
	case "CA":
		return pick(canada)
	case "AU":
		return pick(australia)
	}
	return ""
}

func (b *builder) addPlaces(rows []placeRow) error {
	// Most people first, so that lists in b.at are in that order.
	slices.SortStableFunc(rows, func(x, y placeRow) int { return cmp.Compare(y.people, x.people) })
	for _, r := range rows {
		zone, err := b.zones.at(r.point)
		if err != nil {
			return err
		}
		lat, lon := r.e6()
		name, other, _ := strings.Cut(r.name, " / ")
		// The region says it already, and people look for plain "Washington".
		name = strings.TrimSuffix(name, ", D.C.")
		i := b.addEntry(gazfile.Entry{
			Name: name, Kind: gazfile.Locality, Country: r.country, Region: regionOf(r.country, r.admin1),
			People: r.people, LatE6: lat, LonE6: lon, Zone: zone,
		})
		b.addKey(gazfile.NameKey(other), i, b.Entries[i].Region)
		b.extend(r.country, b.Entries[i].Region, r.point)
	}
	return nil
}

// bounds is the span of a state's known points, with its western hemisphere
// unrolled so that Alaska is one piece.
type bounds struct{ south, north, west, east float64 }

// margin is how far outside the known points of its state, in degrees, a
// locality may lie.
const margin = 0.3

func unrolled(lon float64) float64 {
	if lon > 0 {
		return lon - 360
	}
	return lon
}

func (b *builder) extend(country, region string, p point) {
	if area := areaOf(country, region); area != "" {
		lon := unrolled(p.lon)
		s, ok := b.bounds[area]
		if !ok {
			s = &bounds{p.lat, p.lat, lon, lon}
			b.bounds[area] = s
		}
		s.south, s.north = min(s.south, p.lat), max(s.north, p.lat)
		s.west, s.east = min(s.west, lon), max(s.east, lon)
	}
}

func (s *bounds) contain(p point) bool {
	lon := unrolled(p.lon)
	return p.lat >= s.south-margin && p.lat <= s.north+margin && lon >= s.west-margin && lon <= s.east+margin
}

// territory tells the US territories, which GeoNames and ISO 3166 treat as
// countries of their own, from the states.
func territory(code string) bool {
	switch code {
	case "PR", "GU", "VI", "MP", "AS":
		return true
	}
	return false
}

// areaOf names a US state or territory by its postal code, "" for the rest of
// the world.
func areaOf(country, region string) string {
	switch {
	case country == "US":
		return region
	case territory(country):
		return country
	}
	return ""
}

// usArea is the reverse.
func usArea(code string) (country, region string) {
	if territory(code) {
		return code, ""
	}
	return "US", code
}
