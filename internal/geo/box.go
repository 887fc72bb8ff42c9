package geo

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// Box is a window on the earth in degrees, WGS 84. A box whose West is greater
// than its East crosses the antimeridian. Borders belong to the box.
type Box struct{ South, West, North, East float64 }

// World is the box of everything.
var World = Box{South: -90, West: -180, North: 90, East: 180}

// ErrBox says that a text is no bounding box.
var ErrBox = errors.New("a box is four numbers: west,south,east,north in degrees")

// Valid reports whether both corners are on the globe and south is not above
// north.
func (b Box) Valid() bool {
	return Point{b.South, b.West}.Valid() && Point{b.North, b.East}.Valid() && b.South <= b.North
}

// Contains reports whether the point lies in the box or on its border. The two
// names of the antimeridian, 180 and -180, mean the same line; at a pole every
// longitude does.
func (b Box) Contains(p Point) bool {
	if !p.Valid() || p.Lat < b.South || p.Lat > b.North {
		return false
	}
	if math.Abs(p.Lat) == 90 || b.between(p.Lon) {
		return true
	}
	return math.Abs(p.Lon) == 180 && b.between(-p.Lon)
}

func (b Box) between(lon float64) bool {
	if b.West <= b.East {
		return lon >= b.West && lon <= b.East
	}
	return lon >= b.West || lon <= b.East
}

// BoxAround is the smallest box that holds every point within km of p. Near a
// pole it spans all longitudes. A negative or impossible radius counts as 0.
func BoxAround(p Point, km float64) Box {
	if !(km > 0) {
		km = 0
	}
	// A hair wider, so that rounding cannot lose a point on the circle.
	angle := km/EarthRadius*(1+1e-9) + 1e-12
	lat := angle / radian
	b := Box{South: p.Lat - lat, North: p.Lat + lat, West: -180, East: 180}
	if b.South <= -90 || b.North >= 90 {
		b.South, b.North = max(b.South, -90), min(b.North, 90)
		return b
	}
	// The circle's easternmost point is where a meridian touches it.
	lon := math.Asin(min(1, math.Sin(angle)/math.Cos(p.Lat*radian))) / radian
	if lon >= 180 {
		return b
	}
	b.West, b.East = wrap(p.Lon-lon), wrap(p.Lon+lon)
	return b
}

// ParseBox reads "west,south,east,north", the order of GeoJSON (RFC 7946
// section 5). Maps that can be dragged around the globe send longitudes beyond
// ±180: up to three turns are taken and brought back; 360 degrees or more are
// all longitudes. Anything else that is not a valid box fails with [ErrBox].
func ParseBox(s string) (Box, error) {
	parts := strings.Split(s, ",")
	if len(s) > 200 || len(parts) != 4 {
		return Box{}, ErrBox
	}
	var n [4]float64
	for i, part := range parts {
		f, ok := decimal(part)
		if !ok {
			return Box{}, fmt.Errorf("%w: %q is not a number", ErrBox, part)
		}
		n[i] = f
	}
	west, east := n[0], n[2]
	b := Box{South: n[1], West: west, North: n[3], East: east}
	if math.Abs(west) > 180 || math.Abs(east) > 180 {
		switch {
		case math.Abs(west) > 1080 || math.Abs(east) > 1080 || west > east:
			return Box{}, fmt.Errorf("%w: longitude out of range", ErrBox)
		case east-west >= 360:
			b.West, b.East = -180, 180
		default:
			b.West, b.East = wrap(west), wrap(east)
		}
	}
	if !b.Valid() {
		return Box{}, fmt.Errorf("%w: out of range", ErrBox)
	}
	return b, nil
}

// wrap brings a longitude into ±180.
func wrap(lon float64) float64 {
	if math.Abs(lon) <= 180 {
		return lon
	}
	return math.Remainder(lon, 360)
}
