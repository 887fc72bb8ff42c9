package geo

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"convoke/internal/geo/gazfile"
)

const (
	// maxQuery is the longest text, in bytes, that is looked up.
	maxQuery = 200
	// maxResults is the most that Find gives.
	maxResults = 100
)

// Find looks up what a person typed and gives the best answers first, at most
// limit of them (10 when limit is not positive, never more than 100). It
// understands a name alone or with region, country or both, with or without
// commas ("Springfield, Illinois", "leipzig de"), US postcodes, and
// coordinates ("39.8,-89.65"). Names that match in full come first, by
// population; then names that start so. Of an address it finds the town. It
// gives nil for no match and for more than 200 bytes.
func (g *Gazetteer) Find(query string, limit int) []Place {
	if limit <= 0 {
		limit = 10
	}
	if len(query) > maxQuery {
		return nil
	}
	if p, ok := parsePoint(query); ok {
		return []Place{{
			Name:  fmt.Sprintf("%.4f, %.4f", p.Lat, p.Lon),
			Point: p, Zone: g.ZoneAt(p), Precision: PrecisionExact,
		}}
	}
	found := finding{g: g, limit: min(limit, maxResults)}
	for {
		found.search(query)
		if len(found.hits) > 0 {
			return found.places()
		}
		// "12 Main Street, Springfield, IL": what comes before a comma may be
		// finer than the gazetteer. But a state alone is no answer to a town
		// that it does not have.
		_, rest, more := strings.Cut(query, ",")
		if !more || g.areasOf(strings.Fields(gazfile.Fold(rest))) != nil {
			return nil
		}
		query, found.fullOnly = rest, true
	}
}

// Named looks up what somebody wrote in passing: the places that are called exactly so, at
// most limit of them (10 when limit is not positive, never more than 100). Unlike [Gazetteer.Find]
// it completes nothing, passes nothing over, and gives neither regions nor countries. Of a
// postcode with a town it gives the postcode alone.
func (g *Gazetteer) Named(query string, limit int) []Place {
	if limit <= 0 {
		limit = 10
	}
	if len(query) > maxQuery {
		return nil
	}
	if _, ok := parsePoint(query); ok {
		return g.Find(query, 1)
	}
	found := finding{g: g, limit: maxResults, fullOnly: true}
	found.search(query)
	if len(found.hits) > 0 && found.hits[0].tier == tierPostcode {
		if _, rest, _ := g.cutZip(strings.Fields(gazfile.Fold(query))); len(rest) > 0 && len(found.hits) == 1 {
			return nil
		}
		found.hits = found.hits[:1]
	}
	all := slices.DeleteFunc(found.places(), func(p Place) bool { return p.Precision == PrecisionRegion || p.Precision == PrecisionCountry })
	return all[:min(len(all), limit)]
}

// How well a hit answers the query, best first.
const (
	tierPostcode = iota
	tierFull
	tierPrefix
)

// hit is one answer: a postcode or an entry.
type hit struct {
	tier   int
	zip    int // index, when tier is tierPostcode
	entry  int
	weight uint32
	name   string
}

// before orders hits: tier, weight, then the shorter name.
func (h hit) before(o hit) bool {
	if h.tier != o.tier {
		return h.tier < o.tier
	}
	if h.weight != o.weight {
		return h.weight > o.weight
	}
	if len(h.name) != len(o.name) {
		return len(h.name) < len(o.name)
	}
	return h.entry < o.entry
}

// finding is one run of Find. It keeps the best hits in order.
type finding struct {
	g     *Gazetteer
	limit int
	hits  []hit
	// fullOnly leaves completions out.
	fullOnly bool
}

// reading is one way to understand the words: a name and where it may lie.
type reading struct {
	name  []string
	areas []area
}

func (f *finding) search(query string) {
	words := strings.Fields(gazfile.Fold(query))
	if i, rest, ok := f.g.cutZip(words); ok {
		f.offer(hit{tier: tierPostcode, zip: i, entry: -1})
		words = rest
	}
	if len(words) == 0 {
		return
	}
	readings := f.g.readings(words)
	full := false
	for _, r := range readings {
		full = f.full(r) || full
	}
	if !full {
		// German keyboards are not everywhere: "Koeln" for "Köln".
		if plain := withoutUmlautSpelling(words); plain != nil {
			for _, r := range f.g.readings(plain) {
				f.full(r)
			}
		}
	}
	if f.fullOnly {
		return
	}
	for _, r := range readings {
		f.prefix(r)
	}
	if name, typed, ok := cutLast(query); ok { // the region is still being typed
		if areas := f.g.areasStarting(typed); len(areas) > 0 {
			f.prefix(reading{name, areas})
		}
	}
}

// readings splits the words into name and area in every way that makes sense.
func (g *Gazetteer) readings(words []string) []reading {
	var out []reading
	for i := len(words); i > 0; i-- {
		if areas := g.areasOf(words[i:]); areas != nil {
			out = append(out, reading{words[:i], areas})
		}
	}
	return out
}

// full offers the entries of exactly this name and says whether there are any.
func (f *finding) full(r reading) bool {
	key := gazfile.WordsKey(r.name)
	any := false
	for i := f.g.firstKey(key); i < f.g.file.Keys() && f.g.file.KeyText(i) == key; i++ {
		any = f.offerKey(tierFull, i, r.areas) || any
	}
	return any
}

// prefix offers the entries whose name starts with this one.
func (f *finding) prefix(r reading) {
	key := gazfile.WordsKey(r.name)
	if key == "" {
		return
	}
	// "Saint" is filed as "st", which must not complete to Stockholm.
	_, short := gazfile.Abbreviate(r.name[len(r.name)-1])
	for i := f.g.firstKey(key); i < f.g.file.Keys(); i++ {
		text := f.g.file.KeyText(i)
		if !strings.HasPrefix(text, key) {
			return
		}
		if short && !f.startsWithWord(i, r.name) {
			continue
		}
		f.offerKey(tierPrefix, i, r.areas)
	}
}

// startsWithWord reports whether the entry's name has all these words, the
// last one whole or abbreviated.
func (f *finding) startsWithWord(key int, words []string) bool {
	name := strings.Fields(gazfile.Fold(f.g.file.Entry(f.g.file.Key(key).Entry).Name))
	if len(name) < len(words) {
		return false
	}
	for i, w := range words {
		a, _ := gazfile.Abbreviate(w)
		b, _ := gazfile.Abbreviate(name[i])
		if a != b {
			return false
		}
	}
	return true
}

func (f *finding) offerKey(tier, key int, areas []area) bool {
	k := f.g.file.Key(key)
	e := f.g.file.Entry(k.Entry)
	if !holds(areas, area{e.Country, k.Region}) && !holds(areas, area{e.Country, e.Region}) {
		return false
	}
	f.offer(hit{tier: tier, entry: k.Entry, weight: gazfile.Weight(e.Kind, e.People), name: e.Name})
	return true
}

// offer keeps the hit if it is among the best so far.
func (f *finding) offer(h hit) {
	at := sort.Search(len(f.hits), func(i int) bool { return !f.hits[i].before(h) })
	if at == f.limit {
		return
	}
	for i, o := range f.hits {
		if !f.same(o, h) {
			continue
		}
		if i < at || i == at && !h.before(o) {
			return
		}
		f.hits = slices.Delete(f.hits, i, i+1)
		break
	}
	f.hits = slices.Insert(f.hits, at, h)
	if len(f.hits) > f.limit {
		f.hits = f.hits[:f.limit]
	}
}

// same reports whether two hits would look alike to a person: one entry, or
// two of one label close together (a borough and the township around it).
func (f *finding) same(a, b hit) bool {
	if a.entry < 0 || b.entry < 0 {
		return a.entry == b.entry && a.zip == b.zip
	}
	if a.entry == b.entry {
		return true
	}
	if a.name != b.name {
		return false
	}
	x, y := f.g.file.Entry(a.entry), f.g.file.Entry(b.entry)
	if (x.Kind == gazfile.Locality) != (y.Kind == gazfile.Locality) || x.Country != y.Country || x.Region != y.Region {
		return false
	}
	return x.Kind != gazfile.Locality || Distance(degrees(x.LatE6, x.LonE6), degrees(y.LatE6, y.LonE6)) < 50
}

func (f *finding) places() []Place {
	out := make([]Place, len(f.hits))
	for i, h := range f.hits {
		if h.entry < 0 {
			out[i] = f.g.zipPlace(h.zip)
			continue
		}
		out[i] = f.g.place(f.g.file.Entry(h.entry))
	}
	return out
}

// firstKey is the index of the first key not below text.
func (g *Gazetteer) firstKey(text string) int {
	return sort.Search(g.file.Keys(), func(i int) bool { return g.file.KeyText(i) >= text })
}

// cutZip takes a US postcode (62701, or 62701 1234) out of the words and gives
// its index. The last one counts: a house number comes before it.
func (g *Gazetteer) cutZip(words []string) (index int, rest []string, ok bool) {
	for i := len(words) - 1; i >= 0; i-- {
		if len(words[i]) != 5 {
			continue
		}
		code, err := strconv.ParseUint(words[i], 10, 32)
		if err != nil {
			continue
		}
		n := g.file.Zips()
		at := sort.Search(n, func(j int) bool { return g.file.Zip(j).Code >= int(code) })
		if at == n || g.file.Zip(at).Code != int(code) {
			continue
		}
		end := i + 1
		if end < len(words) && len(words[end]) == 4 && strings.Trim(words[end], "0123456789") == "" {
			end++
		}
		return at, slices.Concat(words[:i], words[end:]), true
	}
	return 0, words, false
}

// cutLast parts the words after the last comma from those before it.
func cutLast(query string) (name []string, after string, ok bool) {
	i := strings.LastIndexByte(query, ',')
	if i < 0 {
		return nil, "", false
	}
	name = strings.Fields(gazfile.Fold(query[:i]))
	after = gazfile.Fold(query[i+1:])
	return name, after, len(name) > 0 && after != ""
}

// withoutUmlautSpelling turns ae, oe and ue into single vowels, nil when there
// are none.
func withoutUmlautSpelling(words []string) []string {
	r := strings.NewReplacer("ae", "a", "oe", "o", "ue", "u")
	changed := false
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = r.Replace(w)
		changed = changed || out[i] != w
	}
	if !changed {
		return nil
	}
	return out
}
