package basemap

import (
	_ "embed"
	"fmt"
	"strings"
)

// bundledMap is a string because a string cannot be changed by accident and is read straight from the binary's pages.
//
//go:embed basemap-world-z7.pmtiles
var bundledMap string

// Bundled opens the map of the world that is built into the binary: zoom 0 to 7, countries, states, US counties, lakes and towns (see DATA.md).
func Bundled() (*Archive, error) {
	a, err := Open(strings.NewReader(bundledMap), int64(len(bundledMap)))
	if err != nil {
		return nil, fmt.Errorf("open the bundled map: %w", err)
	}
	a.credit = "Natural Earth, US Census Bureau, GeoNames"
	return a, nil
}
