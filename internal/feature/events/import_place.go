package events

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"convoke/internal/geo"
)

// Distances in kilometres by which an import judges places.
const (
	// farFromTown is beyond any town's outskirts: a point further from the town
	// that its row names is not there.
	farFromTown = 150
	// nearTown is how far around a town its country and state are sure enough.
	nearTown = 25
)

// bigTown is the number of people from which on a name alone, without state or
// country, means the town: "Leipzig" does; "Media", "Union" and "Bar", which are
// towns too, do not. No place on the map is better than a wrong one.
const bigTown = 100_000

// placer answers about places and remembers, because the rows of a file are
// about the same towns again and again.
type placer struct {
	gaz    Gazetteer
	found  memo[[3]string, maybePlace]
	zones  memo[geo.Point, string]
	inside memo[pointIn, bool]
	locs   memo[string, *time.Location]
}

type maybePlace struct {
	geo.Place
	ok bool
}

type pointIn struct {
	geo.Point
	town, region, country string
}

func newPlacer(g Gazetteer) placer {
	return placer{
		gaz: g, found: memo[[3]string, maybePlace]{}, zones: memo[geo.Point, string]{},
		inside: memo[pointIn, bool]{}, locs: memo[string, *time.Location]{},
	}
}

// memo remembers answers, some ten thousand at most.
type memo[K comparable, V any] map[K]V

func (m memo[K, V]) get(k K, ask func() V) V {
	if v, ok := m[k]; ok {
		return v
	}
	if len(m) >= 20_000 {
		clear(m)
	}
	v := ask()
	m[k] = v
	return v
}

func (p *placer) lookup(name, region, country string) (geo.Place, bool) {
	f := p.found.get([3]string{name, region, country}, func() maybePlace {
		f, ok := p.gaz.Lookup(name, region, country)
		return maybePlace{f, ok}
	})
	return f.Place, f.ok
}

func (p *placer) zoneAt(at geo.Point) string {
	return p.zones.get(at, func() string { return p.gaz.ZoneAt(at) })
}

// location is the zone's clock; UTC for a zone that is not known.
func (p *placer) location(zone string) *time.Location {
	return p.locs.get(zone, func() *time.Location {
		loc, err := geo.LoadZone(zone)
		if err != nil {
			return time.UTC
		}
		return loc
	})
}

// area brings the words of a table for state and country into the gazetteer's
// codes; what it does not know stays.
func (p *placer) area(region, country string) (string, string) {
	if region == "" && country == "" {
		return "", ""
	}
	if f, ok := p.lookup("", region, country); ok {
		if f.Region == "" && f.Country == country {
			return region, country // a country of which no regions are kept
		}
		return f.Region, f.Country
	}
	if f, ok := p.lookup("", "", country); ok && country != "" {
		return region, f.Country
	}
	return region, country
}

// contains reports whether a point can be in the town, or at least the state,
// that w names. Only for the United States are states and towns known well
// enough to say no.
func (p *placer) contains(w *Where, at geo.Point) bool {
	if w.Country != "US" {
		return true
	}
	key := pointIn{at, w.Locality, w.Region, w.Country}
	return p.inside.get(key, func() bool {
		if town, ok := p.lookup(w.Locality, w.Region, w.Country); ok && w.Locality != "" {
			if geo.Distance(town.Point, at) <= farFromTown {
				return true
			}
		}
		return p.inState(w.Region, at)
	})
}

// inState asks for the nearest town, and close to a border for the nearest ones
// around.
func (p *placer) inState(region string, at geo.Point) bool {
	near, _ := p.gaz.Nearest(at)
	if _, known := p.lookup("", region, "US"); !known || region == "" {
		return near.Country == "US" || islands(near.Country)
	}
	if near.Country == "US" && near.Region == region {
		return true
	}
	around := geo.BoxAround(at, nearTown)
	for _, lat := range []float64{around.South, at.Lat, around.North} {
		for _, lon := range []float64{around.West, at.Lon, around.East} {
			if n, km := p.gaz.Nearest(geo.Point{Lat: lat, Lon: lon}); n.Country == "US" && n.Region == region && km <= nearTown {
				return true
			}
		}
	}
	return false
}

// islands are territories of the United States: tables count them to the US,
// ISO 3166-1 gives them codes of their own.
func islands(country string) bool {
	switch country {
	case "PR", "GU", "VI", "MP", "AS":
		return true
	}
	return false
}

// settle gives w a point: the one of the row, or the town's, or the middle of
// the state. It returns the zone there, and whether the row's point was refused.
func (p *placer) settle(w *Where, at geo.Point, has bool) (zone string, refused bool) {
	w.Region, w.Country = p.area(w.Region, w.Country)
	w.Precise = geo.PrecisionNone
	if has && at.Valid() {
		if p.contains(w, at) {
			w.Point, w.HasPoint, w.Precise = at, true, geo.PrecisionLocality
			if near, _ := p.gaz.Nearest(at); w.Country == "US" && islands(near.Country) {
				w.Region, w.Country = near.Region, near.Country
			}
			return p.zoneAt(at), false
		}
		refused = true
	}
	f, ok := geo.Place{}, false
	if w.Locality != "" {
		f, ok = p.lookup(w.Locality, w.Region, w.Country)
	}
	if !ok && w.Region+w.Country != "" {
		f, ok = p.lookup("", w.Region, w.Country)
	}
	if !ok {
		return "", refused
	}
	if w.Country == "" {
		w.Region, w.Country = f.Region, f.Country
	}
	if f.Precision == geo.PrecisionCountry {
		// The middle of a country is nowhere: the map would show a crowd there.
		return p.countryZone(f), refused
	}
	w.Point, w.HasPoint, w.Precise = f.Point, true, f.Precision
	if f.Zone == "" {
		f.Zone = p.zoneAt(f.Point)
	}
	return f.Zone, refused
}

func (p *placer) countryZone(f geo.Place) string {
	if f.Zone != "" {
		return f.Zone
	}
	return p.zoneAt(f.Point)
}

// read finds the town that a calendar's location names, such as "Town hall,
// Springfield, IL 62701". What stands before the town becomes the place. A
// location without a town that is sure stays a text.
func (p *placer) read(location string) Where {
	w := Where{Precise: geo.PrecisionNone}
	if u, err := url.Parse(location); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && len(location) <= maxURL {
		w.OnlineURL = location
		return w
	}
	parts := splitLocation(location)
	w.Place = strings.Join(parts, ", ")
	for i := range parts {
		f, ok := p.town(parts[i:])
		if !ok {
			continue
		}
		w.Place = strings.Join(parts[:i], ", ")
		w.Locality, w.Region, w.Country = f.Name, f.Region, f.Country
		w.Point, w.HasPoint, w.Precise = f.Point, true, f.Precision
		p.postcode(&w, parts[i:])
		return w
	}
	return w
}

// splitLocation takes apart what commas, semicolons and lines divide.
func splitLocation(s string) []string {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == '\n' })
	for i := range parts {
		parts[i] = strings.Join(strings.Fields(parts[i]), " ")
	}
	return slices.DeleteFunc(parts, func(s string) bool { return s == "" })
}

// town reads parts as a town with what follows it: a state, a country, or
// both. The name must be the whole first part.
func (p *placer) town(parts []string) (geo.Place, bool) {
	name := withoutDigits(parts[0])
	if name == "" || len(parts) > 3 {
		return geo.Place{}, false
	}
	var rest []string
	for _, s := range parts[1:] {
		if s = withoutDigits(s); s != "" {
			rest = append(rest, s)
		}
	}
	switch len(rest) {
	case 0:
		f, ok := p.lookup(name, "", "")
		return f, ok && f.Population >= bigTown
	case 1:
		if f, ok := p.lookup(name, rest[0], ""); ok {
			return f, true
		}
		return p.lookup(name, "", rest[0])
	}
	return p.lookup(name, rest[0], rest[1])
}

// postcode takes a US postcode in the text for a finer point, when it lies at
// the town.
func (p *placer) postcode(w *Where, parts []string) {
	if w.Country != "US" {
		return
	}
	for word := range strings.FieldsSeq(strings.Join(parts[1:], " ")) {
		if len(word) < 5 || strings.Trim(word[:5], "0123456789") != "" {
			continue
		}
		f, ok := p.lookup(word[:5], w.Region, w.Country)
		if ok && f.Precision == geo.PrecisionPostcode && geo.Distance(f.Point, w.Point) <= farFromTown/2 {
			w.Point, w.Precise = f.Point, f.Precision
		}
	}
}

// withoutDigits drops the words with digits: house numbers and postcodes.
func withoutDigits(s string) string {
	words := slices.DeleteFunc(strings.Fields(s), func(w string) bool { return strings.ContainsAny(w, "0123456789") })
	return strings.Join(words, " ")
}

// pin places w at exact coordinates. Country and state come from the town
// nearby, the town's name only from the text.
func (p *placer) pin(w *Where, at geo.Point) {
	if w.HasPoint && geo.Distance(w.Point, at) > farFromTown {
		// The text means another town of that name.
		place := w.Place
		if place == "" {
			place = w.Locality
		}
		*w = Where{Place: place, OnlineURL: w.OnlineURL}
	}
	w.Point, w.HasPoint, w.Precise = at, true, geo.PrecisionExact
	if w.Country != "" {
		return
	}
	if near, km := p.gaz.Nearest(at); km <= nearTown {
		w.Region, w.Country = near.Region, near.Country
	}
}
