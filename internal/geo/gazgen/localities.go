package main

import (
	"math"
	"slices"
	"strings"

	"convoke/internal/geo/gazfile"
)

// nearby is how far, in kilometres, two points of one name may lie apart and
// still be one town.
const nearby = 40

func (b *builder) addLocalities(rows []localityRow) error {
	middles := stateMiddles(rows)
	for _, r := range rows {
		box, ok := b.bounds[r.region]
		switch {
		case !ok:
			b.leaveOut("%s, %s: no such state", r.name, r.region)
		case !box.contain(r.point):
			b.leaveOut("%s, %s: %.3f, %.3f (%s, %s) is not in the state", r.name, r.region, r.lat, r.lon, r.resolvedName, r.resolvedRegion)
		case r.unresolved() && slices.ContainsFunc(middles[r.region], func(m point) bool { return apart(m, r.point) < 5 }):
			b.leaveOut("%s, %s: resolved to no more than the middle of the state", r.name, r.region)
		case r.unresolved() && !territory(r.region) && b.elsewhere(r):
			b.leaveOut("%s, %s: not found there, and a town of another state or no name", r.name, r.region)
		default:
			if err := b.addLocality(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// unresolved says that the source found neither town nor county.
func (r localityRow) unresolved() bool { return r.resolvedName == "" && r.county == "" }

// elsewhere says that the name is that of a town in another state, or too
// short to be one at all.
func (b *builder) elsewhere(r localityRow) bool {
	key := gazfile.NameKey(r.name)
	for state := range b.bounds {
		if country, region := usArea(state); state != r.region && len(b.at[placeKey{key, country, region}]) > 0 {
			return true
		}
	}
	return len(key) < 4
}

// stateMiddles finds the points that several unresolved names of one state
// share: where a geocoder puts what it did not find.
func stateMiddles(rows []localityRow) map[string][]point {
	seen, middles := map[string][]point{}, map[string][]point{}
	for _, r := range rows {
		if !r.unresolved() || territory(r.region) {
			continue // there the source gives municipalities and islands in other columns
		}
		for _, p := range seen[r.region] {
			if apart(p, r.point) < 1 {
				middles[r.region] = append(middles[r.region], p)
			}
		}
		seen[r.region] = append(seen[r.region], r.point)
	}
	return middles
}

// addLocality makes the name lead to a place that is there already, or adds it.
func (b *builder) addLocality(r localityRow) error {
	whole := gazfile.NameKey(r.name)
	r.name, _, _ = strings.Cut(r.name, ", ") // "Jackson Heights, Queens"
	key := gazfile.NameKey(r.name)
	country, typed := usArea(r.region)
	region := typed
	if _, ok := b.bounds[r.resolvedRegion]; ok && country == "US" {
		_, region = usArea(r.resolvedRegion) // the town lies across the border from where it was written
	}
	if i := b.near(placeKey{key, country, typed}, r.point); i >= 0 {
		b.addKey(whole, i, typed)
		return nil
	}
	resolved := gazfile.NameKey(r.resolvedName)
	for _, k := range []string{key, resolved, resolved + "city"} {
		if i := b.near(placeKey{k, country, region}, r.point); i >= 0 && alike(key, k) {
			b.addKey(key, i, typed)
			b.addKey(whole, i, typed)
			return nil
		}
	}
	zone, err := b.zones.at(r.point)
	if err != nil {
		return err
	}
	name := r.name
	if resolved != "" && alike(key, resolved) {
		name = r.resolvedName
	}
	lat, lon := r.e6()
	i := b.addEntry(gazfile.Entry{
		Name: name, Kind: r.kind(), Country: country, Region: region, LatE6: lat, LonE6: lon, Zone: zone,
	})
	b.addKey(key, i, typed)
	b.addKey(whole, i, typed)
	return nil
}

// kind tells towns from counties and other stretches of land.
func (r localityRow) kind() byte {
	lower := strings.ToLower(r.name)
	for _, word := range []string{" county", " counties", " parish"} {
		if strings.HasSuffix(lower, word) && r.resolvedName == "" {
			return gazfile.Stretch
		}
	}
	if r.unresolved() && !territory(r.region) {
		return gazfile.Stretch
	}
	return gazfile.Locality
}

// near gives the entry of this name and area close to p, or -1.
func (b *builder) near(k placeKey, p point) int {
	for _, i := range b.at[k] {
		e := b.Entries[i]
		if apart(p, point{float64(e.LatE6) / 1e6, float64(e.LonE6) / 1e6}) < nearby {
			return i
		}
	}
	return -1
}

// apart is the distance in kilometres.
func apart(p, q point) float64 {
	v, w := gazfile.Vector(p.e6()), gazfile.Vector(q.e6())
	x, y, z := v[0]-w[0], v[1]-w[1], v[2]-w[2]
	return 2 * 6371 * math.Asin(min(1, math.Sqrt(x*x+y*y+z*z)/2))
}

// alike says that one key is a misspelling, or the same name with "city", of
// the other: at most two letters differ in six or more, one in fewer.
func alike(a, b string) bool {
	if strings.TrimSuffix(a, "city") == strings.TrimSuffix(b, "city") {
		return true
	}
	allowed := 1
	if min(len(a), len(b)) >= 6 {
		allowed = 2
	}
	return edits(a, b) <= allowed
}

// edits is the Levenshtein distance in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
