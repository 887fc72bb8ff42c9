package alerts

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/handle"
)

// Bounds of a network.
const (
	maxAreaCells = 4000 // some 20,000 km²: a large city with all around it
	maxCircles   = 20
	maxName      = 80
	maxRules     = 8000
	maxOwners    = 50
	maxVerifiers = 200
)

// Circle is a part of an area: all within some kilometres of a place.
type Circle struct {
	Place string  `json:"place"`
	Lat   float64 `json:"lat"`
	Lon   float64 `json:"lon"`
	Km    int     `json:"km"`
}

// Owner is a group that runs a network. Asked says that it has not answered yet.
type Owner struct {
	Group
	Asked bool
}

// Network is an alert network.
type Network struct {
	ID, Handle, Name string
	Rules            string // as its groups write them, Markdown
	Area             []Circle
	Categories       []string
	Zone             string // of the first place of its area
	Middle           geo.Point
	Closed           bool
	Sequence         int
	Created, Updated time.Time
	Owners           []Owner
}

// owning are those of the groups that run the network already.
func (n *Network) owning(all []Group) (out []Group) {
	for _, g := range all {
		if slices.ContainsFunc(n.Owners, func(o Owner) bool { return o.ID == g.ID && !o.Asked }) {
			out = append(out, g)
		}
	}
	return out
}

// has reports whether the network warns of a category.
func (n *Network) has(category string) bool { return slices.Contains(n.Categories, category) }

// NetworkInput is a network as somebody typed it.
type NetworkInput struct {
	Handle, Name string
	Group        string // handle of the group that starts it
	Rules        string
	Area         string // a line for each circle: place, km
	Categories   []string
}

// parse checks everything at once.
func (in *NetworkInput) parse(places Places, allowed []string) (Network, []geo.GridCell, error) {
	n := Network{Handle: handle.Fold(in.Handle), Name: strings.TrimSpace(in.Name), Rules: strings.TrimSpace(in.Rules)}
	var fields []fault.FieldError
	if f, bad := (handle.Rules{Reserved: []string{"networks", "queue", "report", "subscribe", "drills"}}).Check(n.Handle); bad {
		fields = append(fields, f)
	}
	if n.Name == "" || len([]rune(n.Name)) > maxName {
		fields = append(fields, fault.Field("name", "alert.name", "Give it a name of at most {max} characters.", "max", maxName))
	}
	if len(n.Rules) > maxRules {
		fields = append(fields, fault.Field("rules", "alert.rules", "This text is too long."))
	}
	for _, c := range allowed {
		if slices.Contains(in.Categories, c) {
			n.Categories = append(n.Categories, c)
		}
	}
	if len(n.Categories) == 0 {
		fields = append(fields, fault.Field("categories", "alert.categories", "Choose at least one kind of warning."))
	}
	cells, wrong := n.parseArea(in.Area, places)
	fields = append(fields, wrong...)
	return n, cells, fault.Invalid(fields...)
}

// parseArea reads circles, one in a line: a place, then kilometres. Five are meant where
// none are given.
func (n *Network) parseArea(typed string, places Places) (cells []geo.GridCell, wrong []fault.FieldError) {
	refuse := func(f fault.FieldError) ([]geo.GridCell, []fault.FieldError) { return nil, []fault.FieldError{f} }
	for line := range strings.Lines(typed) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		km, at := 5, strings.LastIndexAny(line, ";:؛")
		if at < 0 {
			at = len(line)
		} else if k, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(strings.TrimLeft(line[at:], ";:؛")), "km"))); err == nil && k >= 1 && k <= 100 {
			km = k
		} else {
			return refuse(fault.Field("area", "alert.area_km", "Behind “{place}” stands no number of kilometres from 1 to 100.", "place", line[:at]))
		}
		found := places.Find(strings.TrimSpace(line[:at]), 1)
		if len(found) == 0 {
			return refuse(fault.Field("area", "alert.area_place", "We do not know “{place}”. Write a town, a postcode or coordinates.", "place", line[:at]))
		}
		p := found[0]
		n.Area = append(n.Area, Circle{Place: p.Label(), Lat: p.Point.Lat, Lon: p.Point.Lon, Km: km})
		some, ok := geo.GridWithin(p.Point, float64(km), maxAreaCells)
		cells = append(cells, some...)
		if slices.Sort(cells); !ok || len(n.Area) > maxCircles || len(slices.Compact(cells)) > maxAreaCells {
			return refuse(fault.Field("area", "alert.area_large", "This area is too large for one network: neighbouring networks are better."))
		}
		cells = slices.Compact(cells)
		if len(n.Area) == 1 {
			n.Zone, n.Middle = p.Zone, p.Point
		}
	}
	if len(n.Area) == 0 {
		return refuse(fault.Field("area", "alert.area", "Say which area it watches."))
	}
	return cells, nil
}

// areaText is the area as it is typed.
func (n *Network) areaText() string {
	var out strings.Builder
	for _, c := range n.Area {
		fmt.Fprintf(&out, "%s; %d\n", c.Place, c.Km)
	}
	return out.String()
}

func circlesJSON(all []Circle) string {
	b, err := json.Marshal(all)
	if err != nil {
		panic("alerts: an area is no JSON: " + err.Error()) // numbers and text
	}
	return string(b)
}
