package members

import (
	"slices"
	"strings"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// skills are what can be offered, in the order of the form.
var skills = [...]struct{ code, name string }{
	{"first_aid", i18n.Mark("First aid")}, {"care", i18n.Mark("Listening and care")}, {"childcare", i18n.Mark("Childcare")},
	{"cooking", i18n.Mark("Cooking")}, {"driving", i18n.Mark("Driving")}, {"building", i18n.Mark("Building and repairs")},
	{"electricity", i18n.Mark("Electricity")}, {"sound", i18n.Mark("Sound and stage")}, {"computers", i18n.Mark("Computers")},
	{"facilitation", i18n.Mark("Facilitation")}, {"notes", i18n.Mark("Taking minutes")}, {"writing", i18n.Mark("Writing")},
	{"translating", i18n.Mark("Translating")}, {"design", i18n.Mark("Design")}, {"photography", i18n.Mark("Photography and film")},
	{"music", i18n.Mark("Music")}, {"teaching", i18n.Mark("Teaching")}, {"accounting", i18n.Mark("Accounting")}, {"legal", i18n.Mark("Law")},
}

// Limits of an offer: of its line in characters, days until it ends, and the least
// number of people of which other members are told.
const (
	maxLine    = 120
	skillDays  = 180
	fewOffers  = 3
	maxOffers  = 2000 // that one page counts
	keptMonths = 8    // of a key: longer than an offer lasts
)

func skillName(code string) string {
	for _, x := range skills {
		if x.code == code {
			return x.name
		}
	}
	return ""
}

// SkillInput is an offer as a member typed it.
type SkillInput struct {
	Codes  []string
	Line   string
	Shared bool // organizers may see who offers it
}

// parse returns the known codes in the order of the form.
func (in SkillInput) parse() ([]string, error) {
	var out []string
	var bad []fault.FieldError
	for _, x := range skills {
		if slices.Contains(in.Codes, x.code) {
			out = append(out, x.code)
		}
	}
	for _, c := range in.Codes {
		if skillName(c) == "" {
			bad = append(bad, fault.Field("skill", "skill.unknown", "Choose among the skills of the list."))
			break
		}
	}
	switch {
	case len([]rune(in.Line)) > maxLine:
		bad = append(bad, fault.Field("line", "skill.line_long", "This is too long: at most {max} characters.", "max", maxLine))
	case len(out) == 0 && strings.TrimSpace(in.Line) == "" && len(bad) == 0:
		bad = append(bad, fault.Field("skill", "skill.none", "Choose what you offer, or write it."))
	}
	return out, fault.Invalid(bad...)
}

// Offer is what one member offers in one group.
type Offer struct {
	Group  id.Group
	Person id.Person
	Handle string
	Codes  []string
	Line   string // "" when its key is gone
	Shared bool
	Ends   int
	month  string
	sealed []byte
}

// Skill is one skill of a group: how many offer it, and for organizers who of them
// wants to be known.
type Skill struct {
	Code    string
	People  int
	Handles []string
}

// tally sums offers up by skill; named says that the reader may know handles.
func tally(all []Offer, named bool) []Skill {
	var out []Skill
	for _, x := range skills {
		s := Skill{Code: x.code}
		for _, o := range all {
			if slices.Contains(o.Codes, x.code) {
				s.People++
				if named && o.Shared {
					s.Handles = append(s.Handles, o.Handle)
				}
			}
		}
		if s.People > 0 {
			out = append(out, s)
		}
	}
	return out
}
