package geo_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/geo"
)

func TestZoneAt(t *testing.T) {
	t.Parallel()
	g := gazetteer(t)
	for _, c := range []struct {
		name string
		p    geo.Point
		want string
	}{
		{"Phoenix", geo.Point{Lat: 33.448, Lon: -112.074}, "America/Phoenix"},
		{"Indianapolis", geo.Point{Lat: 39.768, Lon: -86.158}, "America/Indiana/Indianapolis"},
		{"Gary", geo.Point{Lat: 41.593, Lon: -87.346}, "America/Chicago"},
		{"Leipzig", geo.Point{Lat: 51.34, Lon: 12.37}, "Europe/Berlin"},
		{"El Paso", geo.Point{Lat: 31.76, Lon: -106.485}, "America/Denver"},
		{"Honolulu", geo.Point{Lat: 21.307, Lon: -157.858}, "Pacific/Honolulu"},
		{"Window Rock", geo.Point{Lat: 35.68, Lon: -109.05}, "America/Denver"},
		{"Kathmandu", geo.Point{Lat: 27.717, Lon: 85.324}, "Asia/Kathmandu"},
		{"mid Atlantic", geo.Point{Lat: 40, Lon: -45}, "Etc/GMT+3"},
		{"Gulf of Guinea", geo.Point{Lat: -10, Lon: 0}, "Etc/GMT"},
		{"Indian Ocean", geo.Point{Lat: -40, Lon: 90}, "Etc/GMT-6"},
		{"date line, east", geo.Point{Lat: 40, Lon: 180}, "Etc/GMT-12"},
		{"date line, west", geo.Point{Lat: 40, Lon: -180}, "Etc/GMT+12"},
		{"South Pole", geo.Point{Lat: -90, Lon: 0}, "Etc/GMT"},
		{"off the globe", geo.Point{Lat: 100, Lon: 0}, "Etc/GMT"},
	} {
		if got := g.ZoneAt(c.p); got != c.want || !geo.KnownZone(got) {
			t.Errorf("%s: zone %s, want %s", c.name, got, c.want)
		}
	}
	for query, want := range map[string]string{
		"Phoenix": "America/Phoenix", "Indianapolis": "America/Indiana/Indianapolis", "Leipzig": "Europe/Berlin",
		"El Paso": "America/Denver", "Honolulu": "Pacific/Honolulu", "79901": "America/Denver", "46402": "America/Chicago",
	} {
		if got := g.Find(query, 1); len(got) != 1 || got[0].Zone != want {
			t.Errorf("%s: %+v, want zone %s", query, got, want)
		}
	}
}

func TestKnownZone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Berlin", "UTC", "America/Indiana/Indianapolis", "US/Pacific", "Etc/GMT+5", "Europe/Kiev", "Africa/Abidjan", "Zulu"} {
		if !geo.KnownZone(name) {
			t.Errorf("%q is not known", name)
		}
	}
	for _, name := range []string{
		"", "Local", "local", "europe/berlin", "Europe/Berlin ", "Europe", "Berlin", "../etc/passwd", "/etc/localtime",
		"posix/Europe/Berlin", "Mars/Olympus", "Europe/Berlin\nUTC", "\n", "Factory", "Pacific/Zzz", "ulu",
	} {
		if geo.KnownZone(name) {
			t.Errorf("%q is known", name)
		}
	}
}

func TestZones(t *testing.T) {
	t.Parallel()
	zones := geo.Zones()
	if len(zones) < 350 || zones[len(zones)-1] != "UTC" || !slices.IsSorted(zones[:len(zones)-1]) {
		t.Errorf("%d zones, the last %q", len(zones), zones[len(zones)-1])
	}
	for _, name := range zones {
		if !geo.KnownZone(name) {
			t.Errorf("%s can be chosen but is not known", name)
		}
		if _, err := time.LoadLocation(name); err != nil || strings.HasPrefix(name, "Etc/") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if slices.Contains(zones, "US/Pacific") {
		t.Error("a link can be chosen")
	}
}
