package geo

import (
	"cmp"
	"slices"
	"strings"

	"convoke/internal/geo/gazfile"
)

// area is what a place may be said to lie in: a country, or a region of one.
type area struct{ country, region string }

// everywhere restricts nothing.
var everywhere = []area{{}}

// holds reports whether something of this country and region lies in the area.
func (a area) holds(country, region string) bool {
	return (a.country == "" || a.country == country) && (a.region == "" || a.region == region)
}

// areaName is one name or code of an area, folded.
type areaName struct {
	name string
	area
}

// readAreas lists every name of every area, sorted by name.
func readAreas() []areaName {
	var names []areaName
	add := func(a area, fields []string) {
		for _, f := range fields {
			for name := range strings.SplitSeq(f, "|") {
				if name = gazfile.Fold(name); name != "" {
					names = append(names, areaName{name, a})
				}
			}
		}
	}
	for line := range strings.Lines(countriesText) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); line[0] != '#' {
			add(area{country: f[0]}, f)
		}
	}
	for line := range strings.Lines(regionsText) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); line[0] != '#' {
			add(area{f[0], f[1]}, f[1:])
		}
	}
	slices.SortFunc(names, func(a, b areaName) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.country, b.country),
			strings.Compare(a.region, b.region))
	})
	return slices.Compact(names)
}

// areasNamed gives the areas of one folded name. Several share one: "ca" is
// California and Canada.
func (g *Gazetteer) areasNamed(name string) []areaName {
	from, _ := slices.BinarySearchFunc(g.areas, name, func(n areaName, s string) int {
		return strings.Compare(n.name, s)
	})
	to := from
	for to < len(g.areas) && g.areas[to].name == name {
		to++
	}
	return g.areas[from:to]
}

// areasOf reads words that follow the name of a place: nothing, a region, a
// country, or a region and its country. It gives every reading, nil for none.
func (g *Gazetteer) areasOf(words []string) []area {
	if len(words) == 0 {
		return everywhere
	}
	if len(words) > 8 { // the longest, "united states of america", has 4
		return nil
	}
	var found []area
	for _, n := range g.areasNamed(strings.Join(words, " ")) {
		found = append(found, n.area)
	}
	for i := 1; i < len(words); i++ {
		regions := g.areasNamed(strings.Join(words[:i], " "))
		if len(regions) == 0 {
			continue
		}
		for _, c := range g.areasNamed(strings.Join(words[i:], " ")) {
			for _, r := range regions {
				if c.region == "" && within(r.area, c.country) {
					found = append(found, r.area)
				}
			}
		}
	}
	return found
}

// within reports whether the area lies in the country. US territories have
// codes of their own, yet people write "San Juan, PR, USA".
func within(a area, country string) bool {
	return a.country == country && a.region != "" || country == "US" && territory(a.country)
}

func territory(country string) bool {
	switch country {
	case "PR", "GU", "VI", "MP", "AS":
		return true
	}
	return false
}

// areasStarting gives the areas with a name that starts so, for words that are
// still being typed.
func (g *Gazetteer) areasStarting(prefix string) []area {
	from, _ := slices.BinarySearchFunc(g.areas, prefix, func(n areaName, s string) int {
		return strings.Compare(n.name, s)
	})
	var found []area
	for _, n := range g.areas[from:] {
		if !strings.HasPrefix(n.name, prefix) {
			break
		}
		if !slices.Contains(found, n.area) {
			found = append(found, n.area)
		}
	}
	return found
}
