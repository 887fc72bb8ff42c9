package geo

import (
	"math"
	"strconv"
	"strings"
)

// EarthRadius is the mean radius of the earth in kilometres (IUGG).
const EarthRadius = 6371.0088

const radian = math.Pi / 180

// Point is a place on the earth in degrees, WGS 84.
type Point struct{ Lat, Lon float64 }

// Valid reports whether the point is on the globe: latitude within ±90,
// longitude within ±180.
func (p Point) Valid() bool { return math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180 }

// Distance is the length of the great circle between two points in
// kilometres, by the haversine formula on a sphere: within 0.6 % of the truth.
func Distance(a, b Point) float64 {
	sinLat := math.Sin((b.Lat - a.Lat) / 2 * radian)
	sinLon := math.Sin((b.Lon - a.Lon) / 2 * radian)
	h := sinLat*sinLat + math.Cos(a.Lat*radian)*math.Cos(b.Lat*radian)*sinLon*sinLon
	return 2 * EarthRadius * math.Asin(math.Sqrt(min(1, h)))
}

// parsePoint reads "lat,lon" (or "lat lon") in decimal degrees, as maps show
// and people paste it.
func parsePoint(s string) (Point, bool) {
	lat, lon, found := strings.Cut(strings.TrimSpace(s), ",")
	if !found {
		lat, lon, found = strings.Cut(strings.TrimSpace(s), " ")
	}
	if !found {
		return Point{}, false
	}
	p := Point{}
	var okLat, okLon bool
	p.Lat, okLat = decimal(lat)
	p.Lon, okLon = decimal(lon)
	return p, okLat && okLon && p.Valid()
}

// decimal reads a plain decimal number; ParseFloat alone would also take
// "inf", "nan", hexadecimal and exponents.
func decimal(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 32 || strings.Trim(s, "+-.0123456789") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}
