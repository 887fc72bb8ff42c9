package main

import (
	"sync"
	"testing"

	"github.com/ringsaturn/tzf"
)

// finder is shared: its polygons take long to open.
var finder = sync.OnceValues(tzf.NewDefaultFinder)

func TestRepaired(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"CaÃ±on City":               "Cañon City",
		"Cañon City":                "Cañon City",
		"NÄ\u0081nÄ\u0081kuli":      "Nānākuli",
		"Coeur dâ\u0080\u0099Alene": "Coeur d’Alene",
		"Lee\u0092s Summit":         "Lee's Summit",
		" Springfield":              "Springfield",
		"São Paulo":                 "São Paulo",
	} {
		if got := repaired(in); got != want {
			t.Errorf("repaired(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestStateOfZip(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{
		501: "NY", 802: "VI", 926: "PR", 2139: "MA", 5501: "MA", 5401: "VT", 6390: "NY", 6103: "CT", 10001: "NY",
		20001: "DC", 20101: "VA", 62701: "IL", 73301: "TX", 73101: "OK", 88510: "TX", 88001: "NM",
		96910: "GU", 96950: "MP", 96813: "HI", 99501: "AK",
	} {
		got, err := stateOfZip(code)
		if err != nil || got != want {
			t.Errorf("stateOfZip(%05d) = %q, %v, want %q", code, got, err, want)
		}
	}
	if s, err := stateOfZip(300); err == nil {
		t.Errorf("postcode 00300 lies in %s", s)
	}
}

func TestAlike(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"alamagordo", "alamogordo", true},
		{"newyork", "newyorkcity", true},
		{"turnersfalls", "montague", false},
		{"lyme", "lime", true},
		{"lyme", "lima", false},
		{"northhaven", "newhaven", false},
	} {
		if got := alike(c.a, c.b); got != c.want {
			t.Errorf("alike(%q, %q) = %v", c.a, c.b, got)
		}
	}
}

func TestBoundsCrossTheAntimeridian(t *testing.T) {
	t.Parallel()
	b := &builder{bounds: map[string]*bounds{}}
	b.extend("US", "AK", point{52.9, 173.2})  // Attu
	b.extend("US", "AK", point{55.1, -131.5}) // Metlakatla
	alaska := b.bounds["AK"]
	if !alaska.contain(point{53, 179.5}) || !alaska.contain(point{53, -170}) {
		t.Error("the Aleutians are not in Alaska")
	}
	if alaska.contain(point{53, 160}) || alaska.contain(point{53, -1.5}) {
		t.Error("Kamchatka or England is in Alaska")
	}
}

func TestZoneOfHarbour(t *testing.T) {
	t.Parallel()
	f, err := finder()
	if err != nil {
		t.Fatal(err)
	}
	z := newZoner(f)
	i, err := z.at(point{54.0, 8.0}) // off Heligoland, in the sea
	if err != nil || z.names[i] != "Europe/Berlin" {
		t.Errorf("zone %v, %v", z.names, err)
	}
	if _, err := z.at(point{0, -150}); err == nil {
		t.Error("the middle of the Pacific has a zone")
	}
}
