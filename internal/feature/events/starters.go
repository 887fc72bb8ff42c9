package events

import (
	"slices"
	"strings"

	"convoke/internal/i18n"
	"convoke/internal/web"
)

// starter is a template that the form for a new event can begin with. Nothing of
// it is stored but what somebody has kept in the form.
type starter struct {
	code, name string // name is English, as all texts here
	kind       Kind
	opening    string
	ask        []string // what the description leaves to be said
	access     []string // and the note on access
	bring      []string
	roles      []RoleNeed
	idle       []string // points of the safety checklist that seldom apply
}

var starters = [...]starter{
	{
		code: "march", name: i18n.Mark("March"), kind: "march",
		opening: i18n.Mark("We walk together, at the pace of the slowest."),
		ask: []string{
			i18n.Mark("Why we walk"), i18n.Mark("Where we gather"), i18n.Mark("Route and length"), i18n.Mark("Where it ends"),
			i18n.Mark("If you cannot walk far"), i18n.Mark("Whom to turn to on the way"),
		},
		access: []string{i18n.Mark("Steps and slopes on the route"), i18n.Mark("Places to rest")},
		bring: []string{
			i18n.Mark("Comfortable shoes"), i18n.Mark("Water and something to eat"), i18n.Mark("Clothes for the weather"), i18n.Mark("A sign, if you like"),
		},
		roles: []RoleNeed{{"marshal", "", 6}, {"medic", "", 2}, {"legal_observer", "", 2}, {"de_escalation", "", 2}, {"access", "", 1}},
	},
	{
		code: "meeting", name: i18n.Mark("Meeting"), kind: "meeting",
		opening: i18n.Mark("Everybody is welcome, also for the first time."),
		ask: []string{
			i18n.Mark("What we talk about"), i18n.Mark("What we want to decide"), i18n.Mark("How to find the room"), i18n.Mark("If you are new"),
		},
		access: []string{i18n.Mark("Way to the room"), i18n.Mark("Nearest toilet")},
		bring:  []string{i18n.Mark("Your questions and ideas"), i18n.Mark("Something to write with")},
		roles:  []RoleNeed{{"interpreter", "", 1}, {"childcare", "", 1}, {"", i18n.Mark("Chairing the meeting"), 1}, {"", i18n.Mark("Taking the minutes"), 1}},
		idle:   []string{"permit", "emergency_access", "weather_plan"},
	},
	{
		code: "picket", name: i18n.Mark("Picket"), kind: "picket",
		opening: i18n.Mark("We stand together, peacefully and in turns."),
		ask: []string{
			i18n.Mark("What we ask for"), i18n.Mark("Where we stand"), i18n.Mark("Shifts"), i18n.Mark("What we say to those who pass"),
		},
		access: []string{i18n.Mark("Where one can sit"), i18n.Mark("Nearest toilet")},
		bring: []string{
			i18n.Mark("Clothes for the weather"), i18n.Mark("Something warm to drink"), i18n.Mark("A folding chair, if you have one"),
		},
		roles: []RoleNeed{{"marshal", "", 2}, {"legal_observer", "", 1}, {"de_escalation", "", 1}, {"", i18n.Mark("Tea and food"), 2}},
	},
	{
		code: "clean-up", name: i18n.Mark("Clean-up"), kind: "mutual_aid",
		opening: i18n.Mark("Many hands make it light. Come for as long as you like."),
		ask: []string{
			i18n.Mark("What we clean"), i18n.Mark("Where we meet"), i18n.Mark("Tools and gloves that are there"), i18n.Mark("Where the rubbish goes"),
			i18n.Mark("If you come with children"),
		},
		access: []string{i18n.Mark("Steps and uneven ground"), i18n.Mark("What one can do sitting down")},
		bring: []string{
			i18n.Mark("Gloves"), i18n.Mark("Sturdy shoes"), i18n.Mark("Clothes that may get dirty"), i18n.Mark("Water and something to eat"),
		},
		roles: []RoleNeed{{"medic", "", 1}, {"childcare", "", 1}, {"access", "", 1}, {"", i18n.Mark("Handing out tools"), 2}},
		idle:  []string{"legal_information"},
	},
}

// starterOf finds a starter by its code; nil when there is none.
func starterOf(code string) *starter {
	for i := range starters {
		if starters[i].code == code {
			return &starters[i]
		}
	}
	return nil
}

// toSay stands behind what is still to be said, in a starter and in what it filled.
const toSay = "…"

// fill begins a form for a new event, in the reader's language.
func (x *starter) fill(f *web.Form, l *i18n.Locale) {
	var about, access []string
	for _, s := range x.ask {
		about = append(about, "- **"+l.T(s)+":** "+toSay)
	}
	for _, s := range x.access {
		access = append(access, l.T(s)+": "+toSay)
	}
	f.Set("starter", x.code).Set("kind", string(x.kind)).Set("access_note", strings.Join(access, "\n"))
	f.Set("description", l.T(x.opening)+"\n\n"+strings.Join(about, "\n"))
	if slices.ContainsFunc(web.Languages(), func(c web.Choice) bool { return c.Value == l.Tag() }) {
		f.Set("lang", l.Tag())
	}
}

// fillProgramme begins a form of how to prepare.
func (x *starter) fillProgramme(f *web.Form, l *i18n.Locale) {
	var bring []string
	for _, s := range x.bring {
		bring = append(bring, "- "+l.T(s))
	}
	f.Set("bring", strings.Join(bring, "\n"))
	for _, point := range x.idle {
		f.Set("safety_"+point, "not_applicable")
	}
	roles := make([]RoleNeed, len(x.roles))
	for i, r := range x.roles {
		roles[i] = r
		if r.Code == "" {
			roles[i].Name = l.T(r.Name)
		}
	}
	fillRoles(f, roles)
}

// starterLinks lead to the form at an address, filled from each starter. on is
// the code of that in use.
func starterLinks(l *i18n.Locale, address func(code string) string, on string) []web.Choice {
	var out []web.Choice
	for _, x := range starters {
		out = append(out, web.Choice{Value: address(x.code), Label: l.T(x.name), On: x.code == on})
	}
	return out
}

// leavesOpen reports that a line still waits for what a starter asks.
func leavesOpen(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); strings.HasSuffix(line, ":** "+toSay) || strings.HasSuffix(line, ": "+toSay) {
			return true
		}
	}
	return false
}
