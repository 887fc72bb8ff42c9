package eventcsv

import (
	"slices"
	"strings"
)

// Layouts that are recognised.
const (
	LayoutTable    = "table"
	LayoutSheet    = "ccc-sheet"
	LayoutCompiled = "ccc-compiled"
)

// field is what a column means.
type field int

const (
	fieldID field = iota
	fieldDate
	fieldLocality
	fieldRegion
	fieldCountry
	fieldPlace
	fieldLat
	fieldLon
	fieldCounty
	fieldType
	fieldTitle
	fieldOrganizations
	fieldClaims
	fieldOnline
	fieldSizeText
	fieldLow
	fieldHigh
	fieldMean
	fieldArrests
	fieldSourceCount
	fieldCount // how many fields there are
)

// layout says which column names carry which field.
type layout struct {
	name     string
	names    map[field][]string // in order of preference, first spelling for messages
	required []field
	sources  string   // columns of sources: this name, or it followed by a number
	skipped  []string // known columns that are not read, without a report
	country  string   // of rows without a country column
}

// layouts lists what can be read.
func layouts() []layout { return []layout{tableLayout(), sheetLayout(), compiledLayout()} }

// tableLayout is this project's own table.
func tableLayout() layout {
	return layout{
		name: LayoutTable,
		names: map[field][]string{
			fieldID: {"id"}, fieldDate: {"date"}, fieldLocality: {"locality"}, fieldRegion: {"region"},
			fieldCountry: {"country"}, fieldPlace: {"place"}, fieldLat: {"lat"}, fieldLon: {"lon"},
			fieldCounty: {"county"}, fieldType: {"event_type"}, fieldTitle: {"title"},
			fieldOrganizations: {"organizations"}, fieldClaims: {"claims"}, fieldOnline: {"online"},
			fieldSizeText: {"size_text"}, fieldLow: {"size_low"}, fieldHigh: {"size_high"},
			fieldMean: {"size_mean"}, fieldArrests: {"arrests"}, fieldSourceCount: {"n_sources"},
		},
		required: []field{fieldDate, fieldLocality, fieldType},
		sources:  "sources",
		skipped:  []string{"part", "issues", "valence", "macroevent"},
	}
}

// sheetLayout is the sheet that the consortium fills in by hand; its columns
// have been spelled in several ways.
func sheetLayout() layout {
	return layout{
		name: LayoutSheet,
		names: map[field][]string{
			fieldDate: {"Date"}, fieldLocality: {"CityTown", "City", "City/Town"}, fieldRegion: {"StateTerritory", "State", "State/Territory"},
			fieldCountry: {"Country"}, fieldPlace: {"Location"}, fieldCounty: {"County"},
			fieldType: {"EventType"}, fieldOrganizations: {"Actor", "Actors"}, fieldClaims: {"Claim", "Claims"},
			fieldSizeText: {"EstimateText"}, fieldLow: {"EstimateLow"}, fieldHigh: {"EstimateHigh"},
			fieldMean: {"BestGuess", "BestEstimate"}, fieldArrests: {"ReportedArrests"}, fieldOnline: {"Online"},
		},
		required: []field{fieldDate, fieldLocality, fieldType},
		sources:  "source",
		skipped: []string{
			"AdjustedLow", "AdjustedHigh", "Pro(2)/Anti(1)", "ReportedParticipantInjuries",
			"ReportedPoliceInjuries", "ReportedPropertyDamage", "TearGas", "TownsCities", "Events", "Misc.", "Misc", "Final",
		},
		country: "US",
	}
}

// compiledLayout is the consortium's compiled file. The names are those of its
// data dictionaries, of all three phases.
func compiledLayout() layout {
	return layout{
		name: LayoutCompiled,
		names: map[field][]string{
			fieldDate: {"date"}, fieldLocality: {"locality", "resolved_locality"}, fieldRegion: {"state", "resolved_state"},
			fieldPlace: {"location_detail", "location"}, fieldLat: {"lat"}, fieldLon: {"lon"},
			fieldCounty: {"resolved_county", "county"}, fieldType: {"event_type", "type"}, fieldTitle: {"title"},
			fieldOrganizations: {"organizations", "actors"}, fieldClaims: {"claims_summary", "claims"}, fieldOnline: {"online"},
			fieldSizeText: {"size_text"}, fieldLow: {"size_low"}, fieldHigh: {"size_high"},
			fieldMean: {"size_mean"}, fieldArrests: {"arrests"},
		},
		required: []field{fieldDate, fieldLocality, fieldType},
		sources:  "source",
		skipped: []string{
			"macroevent", "participants", "notables", "targets", "claims_verbatim", "issue_tags_summary", "issue_tags_verbatim",
			"issue_tags", "issues", "issues_major", "valence", "conf", "size_cat", "arrests_any", "injuries_crowd", "injuries_crowd_any",
			"injuries_police", "injuries_police_any", "property_damage", "property_damage_any", "damage", "teargas", "chemical_agents",
			"participant_measures", "police_measures", "participant_deaths", "police_deaths", "participant_injuries", "police_injuries",
			"participant_casualties_any", "police_casualties_any", "notes", "misc", "final", "coder", "fips_code",
		},
		country: "US",
	}
}

// header is the meaning of the columns of one file.
type header struct {
	layout  layout
	columns int
	at      [fieldCount]int // column of a field, -1 when there is none
	sources []int
	unknown []string // names of columns that are not read
	known   int      // columns with a meaning
}

// normalName makes spellings of a column comparable.
func normalName(s string) string {
	return strings.ToLower(strings.Join(strings.Fields(s), " "))
}

// bind finds the columns of l among names.
func (l layout) bind(names []string) header {
	h := header{layout: l, columns: len(names)}
	taken := make([]bool, len(names))
	find := func(name string) int {
		return slices.IndexFunc(names, func(n string) bool { return normalName(n) == normalName(name) })
	}
	for f := range fieldCount {
		h.at[f] = -1
		for _, name := range l.names[f] {
			i := find(name)
			if i < 0 {
				continue
			}
			taken[i] = true
			if h.at[f] < 0 {
				h.at[f] = i
				h.known++
			}
		}
	}
	for i, n := range names {
		n = normalName(n)
		rest, ok := strings.CutPrefix(n, l.sources)
		if ok && !taken[i] && strings.Trim(rest, "_ 0123456789") == "" {
			taken[i] = true
			h.sources = append(h.sources, i)
			h.known++
		}
		if slices.ContainsFunc(l.skipped, func(s string) bool { return normalName(s) == n }) {
			taken[i] = true
			h.known++
		}
	}
	for i, n := range names {
		if taken[i] {
			continue
		}
		if n, _ = clean(n); n == "" {
			n = "(no name)"
		}
		h.unknown = append(h.unknown, cutAt(n, 60))
	}
	return h
}

// bindBest picks the layout that knows most of the columns.
func bindBest(names []string) header {
	var best header
	for i, l := range layouts() {
		if h := l.bind(names); i == 0 || h.known > best.known {
			best = h
		}
	}
	return best
}

// missing returns nil or a [HeaderError].
func (h header) missing() error {
	var names []string
	for _, f := range h.layout.required {
		if h.at[f] < 0 {
			names = append(names, h.layout.names[f][0])
		}
	}
	if names == nil {
		return nil
	}
	return &HeaderError{Layout: h.layout.name, Missing: names}
}

// detectDelimiter picks the separator that yields the most known columns.
func detectDelimiter(first []byte) byte {
	best, most := byte(','), -1
	for _, d := range []byte{',', ';', '\t'} {
		p := splitter{delim: d}
		p.feed(first)
		if n := bindBest(p.finish()).known; n > most {
			best, most = d, n
		}
	}
	return best
}
