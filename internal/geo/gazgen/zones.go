package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ringsaturn/tzf"
)

// zoner names the time zone of points and numbers the zones it named.
type zoner struct {
	finder tzf.F
	names  []string
	index  map[string]uint16
}

func newZoner(f tzf.F) *zoner { return &zoner{finder: f, index: map[string]uint16{}} }

// at gives the number of the zone. The polygons are simplified, so a harbour
// may fall into the sea: then the zone of the nearest land within half a
// degree counts.
func (z *zoner) at(p point) (uint16, error) {
	name := z.finder.GetTimezoneName(p.lon, p.lat)
	for radius := 0.01; !onLand(name) && radius < 0.5; radius *= 1.6 {
		for turn := range 16 {
			sin, cos := math.Sincos(2 * math.Pi * float64(turn) / 16)
			lon := math.Remainder(p.lon+radius*cos/math.Cos(p.lat*math.Pi/180), 360)
			if n := z.finder.GetTimezoneName(lon, p.lat+radius*sin); onLand(n) {
				name = n
				break
			}
		}
	}
	if !onLand(name) {
		return 0, fmt.Errorf("no zone at %v, %v", p.lat, p.lon)
	}
	if i, ok := z.index[name]; ok {
		return i, nil
	}
	if _, err := time.LoadLocation(name); err != nil {
		return 0, err
	}
	i := uint16(len(z.names))
	z.names = append(z.names, name)
	z.index[name] = i
	return i, nil
}

func onLand(zone string) bool { return zone != "" && !strings.HasPrefix(zone, "Etc/") }

// list is the text of zones.txt: the zones to choose from (one for each area
// of the world whose clocks ever differed, and UTC), an empty line, then every
// other name that Go's zone data knows.
func (z *zoner) list(ctx context.Context) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("find the Go zone data: %w", err)
	}
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		return "", fmt.Errorf("open the Go zone data: %w", err)
	}
	defer archive.Close()
	known := map[string]bool{}
	for _, f := range archive.File {
		if f.Name != "Factory" && !strings.HasSuffix(f.Name, "/") {
			known[f.Name] = true
		}
	}
	var chosen, others []string
	for _, name := range z.finder.TimezoneNames() {
		if onLand(name) && known[name] && !slices.Contains(chosen, name) {
			chosen = append(chosen, name)
		}
	}
	if len(chosen) < len(z.names) {
		return "", errors.New("the zone polygons name fewer zones than the places use")
	}
	slices.Sort(chosen)
	chosen = append(chosen, "UTC")
	for name := range known {
		if !slices.Contains(chosen, name) {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	return strings.Join(chosen, "\n") + "\n\n" + strings.Join(others, "\n") + "\n", nil
}
