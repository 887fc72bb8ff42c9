package alerts

import (
	"slices"
	"strings"
	"time"

	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/handle"
)

// Bounds of a network.
const (
	maxName      = 80
	maxRules     = 8000
	maxOwners    = 50
	maxVerifiers = 200
)

// Owner is a group that runs a network. Asked says that it has not answered yet.
type Owner struct {
	Group
	Asked bool
}

// Network is an alert network.
type Network struct {
	ID, Handle, Name string
	Rules            string // as its groups write them, Markdown
	Area             []AreaPart
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
	Area         string // a line for each part; see [Network.parseArea]
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
