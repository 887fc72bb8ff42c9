package main

import (
	_ "embed"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"convoke/internal/geo/gazfile"
)

// otherNames holds well-known names that the place table does not: its rows
// carry one name each.
//
//go:embed othernames.tsv
var otherNames string

func (b *builder) addOtherNames() error {
	for line := range strings.Lines(b.otherNames) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) < 3 {
			return fmt.Errorf("othernames.tsv: %q has too few columns", line)
		}
		region := ""
		if len(f) > 3 {
			region = f[3]
		}
		i := b.mostPeople(gazfile.NameKey(f[1]), f[2], region)
		if i < 0 {
			return fmt.Errorf("othernames.tsv: there is no %s in %s %s", f[1], f[2], region)
		}
		for other := range strings.SplitSeq(f[0], "|") {
			b.addKey(gazfile.NameKey(other), i, b.Entries[i].Region)
		}
	}
	return nil
}

func (b *builder) mostPeople(key, country, region string) int {
	best := -1
	for i, e := range b.Entries {
		if e.Country != country || region != "" && e.Region != region || gazfile.NameKey(e.Name) != key {
			continue
		}
		if best < 0 || e.People > b.Entries[best].People {
			best = i
		}
	}
	return best
}

// area sums up the localities of a region or country.
type area struct {
	sum     gazfile.Vec
	biggest gazfile.Entry
}

// addAreas adds the regions and countries themselves, each at the middle of
// its people and in the zone of its biggest place.
func (b *builder) addAreas(dir string) error {
	areas := map[[2]string]*area{}
	for _, e := range b.Entries {
		if e.Kind != gazfile.Locality || e.People == 0 {
			continue
		}
		keys := [][2]string{{e.Country, ""}}
		if e.Region != "" {
			keys = append(keys, [2]string{e.Country, e.Region})
		}
		for _, k := range keys {
			a, ok := areas[k]
			if !ok {
				a = &area{}
				areas[k] = a
			}
			v := gazfile.Vector(e.LatE6, e.LonE6)
			for axis := range v {
				a.sum[axis] += v[axis] * float64(e.People)
			}
			if e.People > a.biggest.People {
				a.biggest = e
			}
		}
	}
	countries, err := readNames(filepath.Join(dir, "countries.tsv"), 1)
	if err != nil {
		return err
	}
	regions, err := readNames(filepath.Join(dir, "regions.tsv"), 2)
	if err != nil {
		return err
	}
	for _, n := range append(countries, regions...) {
		a, ok := areas[[2]string{n.country, n.region}]
		if !ok {
			b.leaveOut("%s: no place in it is known", n.name)
			continue
		}
		b.addArea(n, a)
	}
	return nil
}

func (b *builder) addArea(n areaName, a *area) {
	kind := gazfile.Country
	if n.region != "" {
		kind = gazfile.Region
	}
	const degree = 180 / math.Pi
	lat := math.Atan2(a.sum[2], math.Hypot(a.sum[0], a.sum[1])) * degree
	lon := math.Atan2(a.sum[1], a.sum[0]) * degree
	latE6, lonE6 := point{lat, lon}.e6()
	i := b.addEntry(gazfile.Entry{
		Name: n.name, Kind: kind, Country: n.country, Region: n.region,
		LatE6: latE6, LonE6: lonE6, Zone: a.biggest.Zone,
	})
	for _, other := range n.others {
		b.addKey(gazfile.NameKey(other), i, n.region)
	}
}

// areaName is a row of countries.tsv or regions.tsv.
type areaName struct {
	country, region, name string
	others                []string
}

// readNames reads a table whose first codes columns are codes, followed by the
// name and other names.
func readNames(path string, codes int) ([]areaName, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var names []areaName
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) <= codes {
			return nil, fmt.Errorf("%s: %q has too few columns", path, line)
		}
		n := areaName{country: f[0], name: f[codes]}
		if codes > 1 {
			n.region = f[1]
		}
		if len(f) > codes+1 {
			n.others = strings.Split(f[codes+1], "|")
		}
		names = append(names, n)
	}
	return names, nil
}
