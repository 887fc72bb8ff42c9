package geo_test

import (
	"testing"

	"convoke/internal/geo"
)

// TestNamed finds only what is called exactly so.
func TestNamed(t *testing.T) {
	t.Parallel()
	g, err := geo.Load()
	if err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string]string{
		"Leipzig": "Leipzig, Germany", "leipzig de": "Leipzig, Germany", "Munich": "Munich, Germany", "62701": "62701, Illinois, US", "Springfield 62701": "62701, Illinois, US",
		"51.34, 12.37": "51.3400, 12.3700", "Leipz": "", "12 Main Street, Leipzig": "", "Germany": "", "Texas": "", "call 62701": "", "smoke": "", "": "",
	} {
		got := ""
		if all := g.Named(q, 1); len(all) > 0 {
			got = all[0].Label()
		}
		if got != want {
			t.Errorf("%q: %q, not %q", q, got, want)
		}
	}
	if n := len(g.Named("Halle", 0)); n != 3 {
		t.Errorf("%d places are called Halle", n)
	}
}
