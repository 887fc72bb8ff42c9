package events

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/i18n"
)

// Limits of what a programme may say, in characters and rows.
const (
	maxBring       = 1000
	maxLine        = 200
	maxContingents = 30
	maxOwnRoles    = 10
	maxHelpers     = 10_000
	maxOrder       = 999
)

// named is a code of the program with its English name.
type named struct{ Code, Name string }

// answers to a point of the safety checklist, in the order of forms.
var answers = [...]named{
	{"yes", i18n.Mark("Yes")}, {"no", i18n.Mark("No")}, {"not_yet", i18n.Mark("Not yet")},
	{"not_applicable", i18n.Mark("Does not apply")},
}

// checklist is what an event's organizers are asked about safety.
var checklist = [...]named{
	{"permit", i18n.Mark("Permit or notification")}, {"emergency_access", i18n.Mark("Way for emergency vehicles")},
	{"step_free_route", i18n.Mark("Step-free route")}, {"water", i18n.Mark("Water")}, {"quiet_space", i18n.Mark("Quiet space")},
	{"weather_plan", i18n.Mark("Plan for the weather")}, {"legal_information", i18n.Mark("Legal information")},
}

// helpers are the roles that an event may need.
var helpers = [...]named{
	{"marshal", i18n.Mark("Marshals")}, {"medic", i18n.Mark("Medics")}, {"legal_observer", i18n.Mark("Legal observers")},
	{"de_escalation", i18n.Mark("De-escalation")}, {"interpreter", i18n.Mark("Interpreters")},
	{"childcare", i18n.Mark("Childcare")}, {"access", i18n.Mark("Help with access")},
}

// nameOf is the English name of a code; "" when it is unknown.
func nameOf(all []named, code string) string {
	for _, x := range all {
		if x.Code == code {
			return x.Name
		}
	}
	return ""
}

// Programme is what an event's page says beyond time and place. All of it is
// public, and the zero Programme says nothing.
type Programme struct {
	Bring       string // Markdown
	BringHTML   template.HTML
	Safety      []SafetyAnswer // in the order of the checklist
	LegalHelp   string
	Contingents []Contingent // in the order in which they go
	Roles       []RoleNeed
	Offer       string    // how to offer to take a role
	Start       time.Time // of the event when this was said
}

// SafetyAnswer is what the organizers say to one point of the checklist.
type SafetyAnswer struct{ Point, Answer, Note string }

// Contingent is a named block of a march or presence. Day counts from the first
// of the event; Minute is of the local day, -1 when no time is said. So it moves
// along with the event.
type Contingent struct {
	Name, Place string
	Day, Minute int
}

// RoleNeed is a role and how many of it are needed. A role that the group named
// itself has no Code.
type RoleNeed struct {
	Code, Name string
	People     int
}

// Empty reports that nothing is said.
func (p *Programme) Empty() bool {
	return p.Bring == "" && p.LegalHelp == "" && p.Offer == "" && len(p.Safety)+len(p.Contingents)+len(p.Roles) == 0
}

// days is the first day of the event, as midnight UTC, and how many it has.
func (e *Event) days() (first time.Time, n int) {
	day := func(t time.Time) time.Time {
		y, m, d := e.Local(t).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	first = day(e.Start)
	return first, daysBetween(first, day(e.End.Add(-time.Nanosecond))) + 1
}

func daysBetween(from, to time.Time) int { return int(to.Sub(from) / (24 * time.Hour)) }

// open reports that the event was moved since its meeting times were said: an
// old time would lead people astray.
func (p *Programme) open(e *Event) bool {
	return !p.Start.Equal(e.Start) && slices.ContainsFunc(p.Contingents, func(c Contingent) bool { return c.Minute >= 0 })
}

// meets is when a contingent meets, in the time of the place. It is not known
// when nobody said it, or not since the event was moved.
func (p *Programme) meets(e *Event, c Contingent) (time.Time, bool) {
	first, n := e.days()
	if c.Minute < 0 || c.Day >= n || !p.Start.Equal(e.Start) {
		return time.Time{}, false
	}
	y, m, d := first.AddDate(0, 0, c.Day).Date()
	return time.Date(y, m, d, c.Minute/60, c.Minute%60, 0, 0, e.Local(e.Start).Location()), true
}

// ProgrammeInput is a programme as typed. Rows that are empty are left out.
type ProgrammeInput struct {
	Bring, LegalHelp, Offer string
	Template                int // the version that the form was filled from; 0 without a campaign
	Safety                  []SafetyAnswer
	Contingents             []ContingentInput
	Roles                   []RoleInput
}

// ContingentInput is one row of the form. Row begins the names of its fields.
type ContingentInput struct {
	Row               string
	Order             string // "" puts it behind those that have a number
	Name, Place, Time string
	Date              string // "" means the first day
}

// RoleInput is one row of the form. Code is "" where the group names the role.
type RoleInput struct{ Row, Code, Name, People string }

// parse checks everything and lists all that is wrong at once.
func (in ProgrammeInput) parse(e *Event, render func(string) (string, error)) (Programme, error) {
	p := parser{}
	out := Programme{
		Bring: p.text("bring", in.Bring, maxBring), LegalHelp: p.text("legal_help", in.LegalHelp, maxLine),
		Offer: p.text("offer", in.Offer, maxLine), Start: e.Start,
	}
	if out.Bring != "" {
		html, err := render(out.Bring)
		if err != nil {
			p.fail("bring", "event.description_unreadable", "This text cannot be shown. Please make it shorter or simpler.")
		}
		out.BringHTML = trusted(html)
	}
	out.Safety = p.safety(in.Safety)
	out.Contingents = p.contingents(e, in.Contingents)
	out.Roles = p.roles(in.Roles)
	return out, fault.Invalid(p.fields...)
}

func (p *parser) safety(in []SafetyAnswer) []SafetyAnswer {
	var out []SafetyAnswer
	for _, point := range checklist {
		i := slices.IndexFunc(in, func(a SafetyAnswer) bool { return a.Point == point.Code })
		if i < 0 || in[i].Answer == "" && in[i].Note == "" {
			continue
		}
		p.text("note_"+point.Code, in[i].Note, maxLine)
		if nameOf(answers[:], in[i].Answer) == "" {
			p.fail("safety_"+point.Code, "programme.answer", "Choose an answer, so that the note says something.")
		}
		out = append(out, in[i])
	}
	return out
}

func (p *parser) contingents(e *Event, in []ContingentInput) []Contingent {
	type row struct {
		Contingent
		order int
	}
	var rows []row
	for _, c := range in {
		if c.Name == "" && c.Place == "" && c.Time == "" {
			continue
		}
		if len(rows) == maxContingents {
			p.fail(c.Row+"_name", "programme.contingents", "At most {limit} contingents, please.", "limit", maxContingents)
			break
		}
		x := row{order: p.order(c)}
		x.Name, x.Place = p.text(c.Row+"_name", c.Name, maxLine), p.text(c.Row+"_place", c.Place, maxLine)
		if x.Name == "" {
			p.fail(c.Row+"_name", "programme.contingent_name", "Give it a name, such as “Families” or “Bicycles”.")
		}
		x.Day, x.Minute = p.meeting(e, c)
		rows = append(rows, x)
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.order, b.order) })
	var out []Contingent
	for _, x := range rows {
		out = append(out, x.Contingent)
	}
	return out
}

func (p *parser) order(c ContingentInput) int {
	if c.Order == "" {
		return maxOrder + 1
	}
	n, ok := wholeNumber(c.Order)
	if !ok || n < 1 || n > maxOrder {
		p.fail(c.Row+"_order", "programme.order", "Write a number from 1 to {max}, or leave it empty.", "max", maxOrder)
	}
	return n
}

// meeting reads when a contingent meets, on a day of the event.
func (p *parser) meeting(e *Event, c ContingentInput) (day, minute int) {
	first, n := e.days()
	loc, err := geo.LoadZone(e.Zone)
	if err != nil {
		loc = time.UTC
	}
	t, ok := p.moment(c.Row, cmp.Or(c.Date, first.Format(time.DateOnly)), c.Time, loc)
	if !ok {
		return 0, -1
	}
	day, minute = daysBetween(first, time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)), t.Hour()*60+t.Minute()
	if day < 0 || day >= n {
		p.fail(c.Row+"_date", "programme.day", "Choose a day of the event, from {first} to {last}.", "first", first, "last", first.AddDate(0, 0, n-1))
	}
	if c.Time == "" {
		minute = -1
	}
	return day, minute
}

func (p *parser) roles(in []RoleInput) []RoleNeed {
	var out []RoleNeed
	own := 0
	for _, r := range in {
		if r.Name == "" && (r.People == "" || r.People == "0" && r.Code != "") {
			continue
		}
		if r.Code == "" {
			if own++; own > maxOwnRoles {
				p.fail(r.Row+"_name", "programme.roles", "At most {limit} roles of your own, please.", "limit", maxOwnRoles)
				break
			}
			if p.text(r.Row+"_name", r.Name, maxLine) == "" {
				p.fail(r.Row+"_name", "programme.role_name", "Say which role it is.")
			}
		}
		n, ok := wholeNumber(r.People)
		if !ok || n < 1 || n > maxHelpers {
			p.fail(r.Row+"_people", "programme.people", "Write how many are needed, from 1 to {max}.", "max", maxHelpers)
		}
		out = append(out, RoleNeed{r.Code, r.Name, n})
	}
	return out
}

// gap is something that nobody has said yet about an event, and where to say it.
type gap struct {
	Path, Name string
	Points     []string // English names
}

// gaps are for the organizers of an event that is still to come.
func gaps(e *Event, p *Programme, now time.Time) []gap {
	if e.Past(now) || e.State == Cancelled {
		return nil
	}
	var out []gap
	if e.Access.Unknown() {
		out = append(out, gap{Path: "/edit#access_yes", Name: i18n.Mark("How accessible it is")})
	}
	if leavesOpen(e.Description) {
		out = append(out, gap{Path: "/edit#description", Name: i18n.Mark("Lines that still end with … in “What it is about”")})
	}
	if leavesOpen(e.Access.Note) {
		out = append(out, gap{Path: "/edit#access_note", Name: i18n.Mark("Lines that still end with … in “More about access”")})
	}
	if e.Lang == "" {
		out = append(out, gap{Path: "/edit#lang", Name: i18n.Mark("In which language it is held")})
	}
	if p.Bring == "" {
		out = append(out, gap{Path: "/programme#bring", Name: i18n.Mark("What to bring")})
	}
	if points := p.unanswered(); len(points) > 0 && e.Where.Label() != "" { // online, nobody needs water
		out = append(out, gap{Path: "/programme#safety", Name: i18n.Mark("Safety"), Points: points})
	}
	if p.open(e) {
		out = append(out, gap{Path: "/programme#contingents", Name: i18n.Mark("When the contingents meet, since the event was moved")})
	}
	return out
}

// unanswered are the names of the points that nobody has answered.
func (p *Programme) unanswered() []string {
	var out []string
	for _, point := range checklist {
		if !slices.ContainsFunc(p.Safety, func(a SafetyAnswer) bool { return a.Point == point.Code }) {
			out = append(out, point.Name)
		}
	}
	return out
}

// calendarText is the contingents for the description of a calendar entry.
func (p *Programme) calendarText(l *i18n.Locale, e *Event) string {
	if len(p.Contingents) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n\n" + l.T("Contingents"))
	for i, c := range p.Contingents {
		fmt.Fprintf(&b, "\n%d. %s", i+1, strings.Join(p.line(l, e, c), " · "))
	}
	return b.String()
}

// line is what is said of a contingent: its name, its place and its time.
func (p *Programme) line(l *i18n.Locale, e *Event, c Contingent) []string {
	parts := []string{c.Name}
	if c.Place != "" {
		parts = append(parts, c.Place)
	}
	if when := p.whenText(l, e, c); when != "" {
		parts = append(parts, when)
	}
	return parts
}

// whenText is when a contingent meets, with the day where the event has several.
func (p *Programme) whenText(l *i18n.Locale, e *Event, c Contingent) string {
	t, ok := p.meets(e, c)
	if !ok {
		return ""
	}
	if _, n := e.days(); n > 1 {
		return l.DateShort(t) + ", " + l.Time(t)
	}
	return l.Time(t)
}
