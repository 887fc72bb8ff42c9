package groups

import (
	"crypto/sha256"
	"encoding/hex"
	"html/template"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/handle"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Limits of what is typed, in characters.
const (
	minName  = 3
	maxName  = 80
	maxPlace = 200
	maxLangs = 12
)

// Brief is what other features need to know of a group.
type Brief struct {
	ID           id.Group
	Handle, Name string
	Place        string // "" when it has none
	Zone         string // IANA; "UTC" when it has no place
	Lat, Lon     float64
	HasPoint     bool
	Langs        []string // ISO 639 codes
	Suspended    bool
	Ended        time.Time // when the group ended its work; zero while it goes on
	MovedTo      string    // the address at which it says that it is now
}

// Over reports that the group has ended its work.
func (b Brief) Over() bool { return !b.Ended.IsZero() }

// Group is a group with all that its page shows.
type Group struct {
	Brief
	About     string // Markdown
	AboutHTML template.HTML
	Sample    bool
	Created   time.Time
	Joining   Joining
	Conduct   int // the version of its rules of conduct; 0 is none
}

// MemberInfo is one member, for the group's stewards.
type MemberInfo struct {
	Person id.Person
	Handle string
	Role   authz.Role
	Since  time.Time // a day
}

// CreateInput is a group as somebody typed it.
type CreateInput struct {
	Name, Handle, About string
	// Place is free text; Pick the label of one of the places that it may mean.
	Place, Pick string
	Langs       []string
	// Anyway says that a look-alike of another group is meant.
	Anyway bool
	// Version is of the group that a change was filled from, "" when that is not
	// known; see [Group.version].
	Version string
}

// Places finds places by name, the best first; *geo.Gazetteer does.
type Places interface {
	Find(query string, limit int) []geo.Place
}

// version changes with whatever the form for a group holds, and with nothing
// else.
func (g *Group) version() string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{g.Name, g.About, g.Place}, g.Langs...), "\x00")))
	return hex.EncodeToString(sum[:6])
}

// parse checks everything at once and returns the group to store, without id.
// old is the group as it is when it is edited: its place needs no second look.
func (in CreateInput) parse(places Places, fold func(string) string, old *Group) (Group, error) {
	var g Group
	var bad []fault.FieldError
	add := func(f fault.FieldError, yes bool) {
		if yes {
			bad = append(bad, f)
		}
	}
	g.Name = strings.TrimSpace(in.Name)
	add(checkName(g.Name, fold))
	if old == nil {
		g.Handle = handle.Fold(in.Handle)
		add(handles().Check(g.Handle))
	} else {
		g.Handle = old.Handle
	}
	add(g.setAbout(in.About))
	add(g.setLangs(in.Langs))
	if old != nil && strings.TrimSpace(in.Place) == old.Place {
		g.settle(&old.Brief)
	} else {
		add(g.setPlace(places, fold, in.Place, in.Pick))
	}
	return g, fault.Invalid(bad...)
}

func checkName(name string, fold func(string) string) (fault.FieldError, bool) {
	switch n := len([]rune(name)); {
	case n == 0:
		return fault.Field("name", "group.no_name", "Give the group a name."), true
	case n < minName || n > maxName:
		return fault.Field("name", "group.name_length", "A name has {min} to {max} characters.", "min", minName, "max", maxName), true
	case fold(name) == "":
		return fault.Field("name", "group.name_signs", "A name needs letters."), true
	}
	return fault.FieldError{}, false
}

func (g *Group) setAbout(src string) (fault.FieldError, bool) {
	html, wrong, is := render("about", src)
	if is {
		return wrong, true
	}
	g.About, g.AboutHTML = src, html
	return fault.FieldError{}, false
}

func (g *Group) setLangs(codes []string) (fault.FieldError, bool) {
	for _, l := range web.Languages() {
		for _, c := range codes {
			if c == l.Value {
				g.Langs = append(g.Langs, c)
				break
			}
		}
	}
	if len(g.Langs) > maxLangs {
		return fault.Field("langs", "group.many_langs", "Choose at most {n} languages.", "n", maxLangs), true
	}
	return fault.FieldError{}, false
}

// setPlace finds the place that is meant. A name of several places becomes a
// question, with the code "group.place_which".
func (g *Group) setPlace(places Places, fold func(string) string, typed, pick string) (fault.FieldError, bool) {
	typed = strings.TrimSpace(typed)
	g.Zone = "UTC"
	if typed == "" {
		return fault.FieldError{}, false
	}
	if len(typed) > maxPlace {
		return fault.Field("place", "group.place_long", "Type only the town, or its postcode."), true
	}
	found := distinct(places.Find(typed, maxChoices))
	if len(found) == 0 {
		return fault.Field("place", "group.place_unknown", "This place was not found. Try the nearest larger town, or its postcode."), true
	}
	choice := -1
	for i, p := range found {
		if p.Label() == pick || choice < 0 && fold(p.Label()) == fold(typed) {
			choice = i
		}
	}
	if len(found) == 1 {
		choice = 0
	}
	if choice < 0 {
		return fault.Field("place", "group.place_which", "There are several places with this name. Which one is it?"), true
	}
	p := found[choice]
	g.Place, g.Zone, g.Lat, g.Lon, g.HasPoint = p.Label(), p.Zone, p.Point.Lat, p.Point.Lon, true
	if g.Zone == "" {
		g.Zone = "UTC"
	}
	return fault.FieldError{}, false
}

// settle puts a group where another one is.
func (g *Group) settle(at *Brief) {
	g.Place, g.Zone, g.Lat, g.Lon, g.HasPoint = at.Place, at.Zone, at.Lat, at.Lon, at.HasPoint
}

// maxChoices is the most places that the question offers.
const maxChoices = 5

// distinct drops places that people could not tell apart.
func distinct(all []geo.Place) []geo.Place {
	var out []geo.Place
	seen := map[string]bool{}
	for _, p := range all {
		if l := p.Label(); !seen[l] {
			seen[l] = true
			out = append(out, p)
		}
	}
	return out
}

// stewardLeaves refuses what would leave a group without a steward: they are
// the number of stewards now, was and becomes the roles of the one concerned.
func stewardLeaves(stewards int, was, becomes authz.Role) error {
	if was == authz.Steward && becomes != authz.Steward && stewards <= 1 {
		return errLastSteward()
	}
	return nil
}

func errLastSteward() error {
	return fault.Conflict("group.last_steward",
		"A group needs at least one steward, and this is the last one. Make somebody else a steward first.")
}
