package geo_test

import (
	"testing"

	"convoke/internal/geo"
)

func TestLabel(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]geo.Place{
		"Springfield, Illinois, US":           {Name: "Springfield", Region: "IL", Country: "US", Precision: geo.PrecisionLocality},
		"Leipzig, Germany":                    {Name: "Leipzig", Country: "DE", Precision: geo.PrecisionLocality},
		"Hamilton, Ontario, Canada":           {Name: "Hamilton", Region: "ON", Country: "CA", Precision: geo.PrecisionLocality},
		"Illinois, US":                        {Name: "Illinois", Region: "IL", Country: "US", Precision: geo.PrecisionRegion},
		"United States":                       {Name: "United States", Country: "US", Precision: geo.PrecisionCountry},
		"Singapore":                           {Name: "Singapore", Country: "SG", Precision: geo.PrecisionLocality},
		"62701, Illinois, US":                 {Name: "62701", Region: "IL", Country: "US", Precision: geo.PrecisionPostcode},
		"39.7817, -89.6501":                   {Name: "39.7817, -89.6501", Precision: geo.PrecisionExact},
		"Somewhere, ZZ":                       {Name: "Somewhere", Country: "ZZ"},
		"Somewhere, Afghanistan":              {Name: "Somewhere", Country: "AF"}, // the first line of the table
		"Somewhere, Zimbabwe":                 {Name: "Somewhere", Country: "ZW"}, // the last
		"Perth, Western Australia, Australia": {Name: "Perth", Region: "WA", Country: "AU"},
		"":                                    {},
	} {
		if got := p.Label(); got != want {
			t.Errorf("Label of %+v = %q, want %q", p, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{"DE": "Germany", "US": "United States", "ZZ": "ZZ", "": "", "#": "#", "D": "D"} {
		if got := geo.CountryName(code); got != want {
			t.Errorf("CountryName(%q) = %q, want %q", code, got, want)
		}
	}
	if got := geo.RegionName("US", "WA") + "/" + geo.RegionName("AU", "WA") + "/" + geo.RegionName("DE", "13"); got != "Washington/Western Australia/13" {
		t.Error(got)
	}
}
