package geo

import (
	_ "embed"
	"strings"
)

// Precision says how closely a position is known.
type Precision string

// The precisions, finest first.
const (
	PrecisionExact    Precision = "exact"    // given as coordinates
	PrecisionStreet   Precision = "street"   // on this street
	PrecisionPostcode Precision = "postcode" // in this postcode area
	PrecisionLocality Precision = "locality" // in this city, town or quarter
	PrecisionRegion   Precision = "region"   // in this state, province or county
	PrecisionCountry  Precision = "country"
	PrecisionNone     Precision = "none"
)

// Place is an answer of the gazetteer.
type Place struct {
	// Name is the usual English or local name; the digits of a postcode; the
	// coordinates of an exact point.
	Name string
	// Region is the state or province: a postal code in the US, Canada and
	// Australia, ENG, NIR, SCT or WLS in the United Kingdom, else "".
	Region string
	// Country is an ISO 3166-1 alpha-2 code, "" for an exact point.
	Country string
	// Point is the middle of the place.
	Point Point
	// Zone is the IANA time zone there.
	Zone string
	// Population is 0 where it is not known, and of regions and countries.
	Population int
	Precision  Precision
}

// Label names the place for people: "Springfield, Illinois, US", "Hamilton,
// Ontario, Canada", "Leipzig, Germany". Country and state names are English.
func (p Place) Label() string {
	country := CountryName(p.Country)
	region := RegionName(p.Country, p.Region)
	parts := make([]string, 0, 3)
	add := func(s string) {
		if s != "" && (len(parts) == 0 || parts[len(parts)-1] != s) {
			parts = append(parts, s)
		}
	}
	add(p.Name)
	add(region)
	if p.Country == "US" && len(parts) > 0 && p.Precision != PrecisionCountry {
		country = "US"
	}
	add(country)
	return strings.Join(parts, ", ")
}

// countriesText has a line for each country: code, English name, other names.
//
//go:embed countries.tsv
var countriesText string

// regionsText has a line for each region: country, code, English name, other
// names.
//
//go:embed regions.tsv
var regionsText string

// CountryName is the English name of an ISO 3166-1 alpha-2 code; an unknown
// code stands for itself.
func CountryName(code string) string { return named(countriesText, code, code) }

// RegionName is the English name of a region code of the US, Canada, Australia
// or the United Kingdom; an unknown code stands for itself.
func RegionName(country, code string) string {
	return named(regionsText, country+"\t"+code, code)
}

// named finds the field after the codes that open a line of a table.
func named(table, codes, missing string) string {
	if missing == "" || strings.ContainsAny(codes, "\n#") {
		return missing
	}
	_, after, found := strings.Cut(table, "\n"+codes+"\t")
	if !found {
		return missing
	}
	line, _, _ := strings.Cut(after, "\n")
	name, _, _ := strings.Cut(line, "\t")
	return name
}
