package geo

import (
	_ "embed"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones must not depend on what the host has installed
)

// zonesText holds the zones to choose from, an empty line, and the other names
// that Go's zone data knows (links and fixed offsets).
//
//go:embed zones.txt
var zonesText string

// KnownZone reports whether name is an IANA time zone that time.LoadLocation
// loads on every host. It is strict about case and takes neither "", "Local"
// nor paths.
func KnownZone(name string) bool {
	if name == "" || strings.Contains(name, "\n") {
		return false
	}
	return strings.HasPrefix(zonesText, name+"\n") || strings.Contains(zonesText, "\n"+name+"\n")
}

// Zones lists the zones for a person to choose from, sorted, which keeps
// those of one region prefix together, with UTC last: one name for each area
// whose clocks agreed since 1970, no links. All of them are known
// ([KnownZone]).
func Zones() []string {
	chosen, _, _ := strings.Cut(zonesText, "\n\n")
	return strings.Split(chosen, "\n")
}

// loaded keeps the zones that were loaded: parsing one costs more than a query,
// and a list asks for the same few again and again. It only ever grows to the
// number of zones that exist.
var loaded sync.Map // name to *time.Location

// LoadZone is [time.LoadLocation] for a known zone, remembered.
func LoadZone(name string) (*time.Location, error) {
	if l, ok := loaded.Load(name); ok {
		return l.(*time.Location), nil
	}
	if !KnownZone(name) {
		return nil, fmt.Errorf("there is no time zone called %q", name)
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("load time zone: %w", err)
	}
	loaded.Store(name, l)
	return l, nil
}

// zoneReach is how far, in kilometres, the zone of a place reaches over empty
// land and water.
const zoneReach = 150

// ZoneAt is the IANA zone of the nearest place or postcode within 150 km,
// otherwise the nautical zone of the longitude ("Etc/GMT+5", whose sign is
// POSIX's: west is plus). Close to a border it may name the neighbour's.
func (g *Gazetteer) ZoneAt(p Point) string {
	if !p.Valid() {
		return "Etc/GMT"
	}
	zone, km := "", math.Inf(1)
	v := vector(p)
	const reach = zoneReach / EarthRadius // the chord is a little shorter than the arc
	if i := g.file.NearestEntry(v, reach); i >= 0 {
		e := g.file.Entry(i)
		zone, km = g.file.Zones[e.Zone], Distance(p, degrees(e.LatE6, e.LonE6))
	}
	if i := g.file.NearestZip(v, reach); i >= 0 {
		z := g.file.Zip(i)
		if d := Distance(p, degrees(z.LatE6, z.LonE6)); d < km {
			zone, km = g.file.Zones[z.Zone], d
		}
	}
	if km <= zoneReach {
		return zone
	}
	return nauticalZone(p.Lon)
}

func nauticalZone(lon float64) string {
	hours := int(math.Round(lon / 15))
	if hours == 0 {
		return "Etc/GMT"
	}
	return fmt.Sprintf("Etc/GMT%+d", -hours)
}
