package events

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

func (w *Web) mountProgramme(site *web.Site) {
	site.Handle("GET /events/{id}/programme", w.programmeForm)
	site.Handle("POST /events/{id}/programme", w.saveProgramme)
}

// SetProgramme replaces what an event's page says beyond time and place.
// sequence is that of the event as the form was filled, as in [Service.Update].
func (s *Service) SetProgramme(ctx context.Context, by authz.Actor, eid id.Event, sequence int, in ProgrammeInput) error {
	return s.edit(ctx, by, eid, func(tx *db.Tx, old, e *Event) error {
		if old.Sequence != sequence {
			return errChangedMeanwhile()
		}
		in := in
		var follows int64
		var err error
		if in.Bring, follows, err = s.followBring(ctx, tx, old, in); err != nil {
			return err
		}
		e.Follows = old.Follows&^followBring | follows
		p, err := in.parse(old, s.Render)
		if err != nil {
			return err
		}
		if err := s.noteOwn(ctx, tx, eid, ownProgramme); err != nil {
			return err
		}
		if err := putProgramme(ctx, tx, eid, &p); err != nil {
			return err
		}
		return s.Facts.Emit(ctx, tx, in.needed(eid))
	})
}

// needed is what a programme that could be parsed says of roles.
func (in *ProgrammeInput) needed(eid id.Event) fact.ProgrammeChanged {
	out := fact.ProgrammeChanged{Event: eid, Field: roleName(1) + "_name"}
	for _, r := range in.Roles {
		n, _ := wholeNumber(r.People)
		if r.Code != "" || r.Name != "" {
			out.Roles = append(out.Roles, fact.RoleNeeded{Code: r.Code, Name: r.Name, Field: r.Row + "_people", People: n})
		}
	}
	return out
}

// tellNeeds tells other features what a new event needs in each role.
func (s *Service) tellNeeds(ctx context.Context, tx *db.Tx, eid id.Event, p *Programme) error {
	if len(p.Roles) == 0 {
		return nil
	}
	f := fact.ProgrammeChanged{Event: eid, Field: roleName(1) + "_name"}
	for i, r := range p.Roles {
		f.Roles = append(f.Roles, fact.RoleNeeded{Code: r.Code, Name: r.Name, Field: roleName(i+1) + "_people", People: r.People})
	}
	return s.Facts.Emit(ctx, tx, f)
}

// programmeOf is what is said of one event.
func (w *Web) programmeOf(c *web.Call, e *Event) (*Programme, error) {
	var all programmes
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		all, err = programmesOf(c.Context(), tx, *e)
		return err
	})
	return all.of(e), err
}

type programmeData struct {
	Form        *web.Form
	Event       Event
	Safety      []safetyRow
	Contingents []contingentRow
	Days        bool // the event has several
	First, Last time.Time
	Helpers     []helperRow
	Own         []helperRow
	Open        bool // the contingents met before the event was moved
	Saved       bool
	Shared      string // the title of the campaign that says what to bring
	Starters    []web.Choice
}

type safetyRow struct {
	Answer, Note, Name string
	Choices            []web.Choice
}

type contingentRow struct {
	N                              int
	Name, Place, Date, Time, Order string
}

type helperRow struct{ Label, Name, People string }

var programmePage = web.NewPage[programmeData](pages, "pages/programme.html", "pages/starters.html")

// spareRows are offered behind those that are filled.
const spareRows = 2

func contingentName(n int) string { return fmt.Sprintf("contingent_%d", n) }
func roleName(n int) string       { return fmt.Sprintf("role_%d", n) }

func (w *Web) programmeForm(c *web.Call) error {
	e, _, err := w.load(c)
	if err != nil {
		return err
	}
	p, err := w.programmeOf(c, &e)
	if err != nil {
		return err
	}
	f := filledProgramme(c, &e, p)
	var begin []web.Choice
	if p.Empty() {
		x := starterOf(c.Query().Get("template"))
		if x != nil {
			x.fillProgramme(f.Set("starter", x.code), c.Locale)
		}
		begin = starterLinks(c.Locale, func(code string) string { return "/events/" + string(e.ID) + "/programme?template=" + code }, f.Raw("starter"))
	}
	return w.programmePage(c, f, e, programmeData{Open: p.open(&e), Starters: begin})
}

// filledProgramme is the form as the stored programme would have been typed.
func filledProgramme(c *web.Call, e *Event, p *Programme) *web.Form {
	f := c.NewForm().Set("sequence", strconv.Itoa(e.Sequence)).Set("bring", p.Bring).Set("legal_help", p.LegalHelp).Set("offer", p.Offer)
	for _, a := range p.Safety {
		f.Set("safety_"+a.Point, a.Answer).Set("note_"+a.Point, a.Note)
	}
	first, _ := e.days()
	for i, x := range p.Contingents {
		name := contingentName(i + 1)
		f.Set(name+"_name", x.Name).Set(name+"_place", x.Place).Set(name+"_order", strconv.Itoa(i+1))
		f.Set(name+"_date", first.AddDate(0, 0, x.Day).Format(time.DateOnly))
		if x.Minute >= 0 {
			f.Set(name+"_time", fmt.Sprintf("%02d:%02d", x.Minute/60, x.Minute%60))
		}
	}
	fillRoles(f, p.Roles)
	return f
}

func fillRoles(f *web.Form, roles []RoleNeed) {
	own := 0
	for _, r := range roles {
		name := "role_" + r.Code
		if r.Code == "" {
			own++
			name = roleName(own)
			f.Set(name+"_name", r.Name)
		}
		f.Set(name+"_people", strconv.Itoa(r.People))
	}
}

func (w *Web) programmePage(c *web.Call, f *web.Form, e Event, d programmeData) error {
	l := c.Locale
	d.Form, d.Event, d.Saved = f, e, c.Query().Has("saved")
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		under, err := w.campaignOf(c.Context(), tx, &e)
		if f.Raw("template") == "" {
			f.Set("template", strconv.Itoa(under.Template.Version))
		}
		if e.Follows&followBring != 0 && under.Template.Bring != "" {
			d.Shared = under.Title
		}
		return err
	})
	if err != nil {
		return err
	}
	first, n := e.days()
	d.First, d.Last, d.Days = first, first.AddDate(0, 0, n-1), n > 1
	for _, x := range checklist {
		row := safetyRow{Answer: "safety_" + x.Code, Note: "note_" + x.Code, Name: l.T(x.Name)}
		choices := []web.Choice{{Label: l.T("Not said")}}
		for _, a := range answers {
			choices = append(choices, web.Choice{Value: a.Code, Label: l.T(a.Name)})
		}
		row.Choices = f.Choose(row.Answer, choices)
		d.Safety = append(d.Safety, row)
	}
	for n := range rowsOf(maxContingents, func(n int) bool { return filled(f, contingentName(n), "_name", "_place", "_time") }) {
		name := contingentName(n + 1)
		d.Contingents = append(d.Contingents, contingentRow{n + 1, name + "_name", name + "_place", name + "_date", name + "_time", name + "_order"})
	}
	for _, x := range helpers {
		d.Helpers = append(d.Helpers, helperRow{Label: l.T(x.Name), People: "role_" + x.Code + "_people"})
	}
	for n := range rowsOf(maxOwnRoles, func(n int) bool { return filled(f, roleName(n), "_name", "_people") }) {
		name := roleName(n + 1)
		d.Own = append(d.Own, helperRow{Name: name + "_name", People: name + "_people"})
	}
	c.Header().Set("Cache-Control", "no-store")
	return programmePage.RenderForm(c, f, d)
}

// rowsOf is how many rows a form shows: those up to the last that is filled,
// and some to spare.
func rowsOf(limit int, filled func(n int) bool) int {
	last := 0
	for n := 1; n <= limit+1; n++ {
		if filled(n) {
			last = n
		}
	}
	return max(last, min(last+spareRows, limit))
}

// filled reports whether anything is typed into a row.
func filled(f *web.Form, row string, fields ...string) bool {
	for _, x := range fields {
		if f.Line(row+x) != "" {
			return true
		}
	}
	return false
}

func readProgramme(f *web.Form) ProgrammeInput {
	in := ProgrammeInput{Bring: f.Text("bring"), LegalHelp: f.Line("legal_help"), Offer: f.Line("offer")}
	in.Template, _ = f.Int("template")
	for _, x := range checklist {
		in.Safety = append(in.Safety, SafetyAnswer{x.Code, f.Line("safety_" + x.Code), f.Line("note_" + x.Code)})
	}
	for n := 1; n <= maxContingents+1; n++ {
		name := contingentName(n)
		in.Contingents = append(in.Contingents, ContingentInput{
			name, f.Line(name + "_order"), f.Line(name + "_name"), f.Line(name + "_place"), f.Line(name + "_time"), f.Line(name + "_date"),
		})
	}
	for _, x := range helpers {
		name := "role_" + x.Code
		in.Roles = append(in.Roles, RoleInput{Row: name, Code: x.Code, People: f.Line(name + "_people")})
	}
	for n := 1; n <= maxOwnRoles+1; n++ {
		name := roleName(n)
		in.Roles = append(in.Roles, RoleInput{Row: name, Name: f.Line(name + "_name"), People: f.Line(name + "_people")})
	}
	return in
}

func (w *Web) saveProgramme(c *web.Call) error {
	e, _, err := w.load(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	seq, _ := f.Int("sequence")
	err = w.SetProgramme(c.Context(), c.Actor(), e.ID, seq, readProgramme(f))
	if f.Accepts(err) {
		return w.programmePage(c, f, e, programmeData{})
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/events/" + string(e.ID) + "/programme?saved=1")
}

type programmePanelData struct {
	URL, Lang   string
	Programme   *Programme
	Safety      []safetyLine
	Contingents []contingentLine
	Open        bool
	Roles       []roleLine
	Taken       bool   // how many are confirmed is known
	Take        string // where to sign up and then take a role
	Gaps        []gapLine
}

type (
	safetyLine     struct{ Name, Answer, Note string }
	contingentLine struct{ Name, Place, When, Datetime string }
	roleLine       struct {
		Name              string
		People, Confirmed int
	}
	gapLine struct{ Href, Text string }
)

var programmePanel = web.NewPage[programmePanelData](pages, "pages/programme_panel.html")

// programmePanel is the part of the event page that says what a programme
// says, and to organizers what nobody has said yet.
func (w *Web) programmePanel(c *web.Call, e *Event, p *Programme, can Can, lang string) (Fragment, error) {
	l := c.Locale
	d := programmePanelData{URL: "/events/" + string(e.ID), Lang: lang, Programme: p, Open: p.open(e)}
	for _, a := range p.Safety {
		d.Safety = append(d.Safety, safetyLine{l.T(nameOf(checklist[:], a.Point)), l.T(nameOf(answers[:], a.Answer)), a.Note})
	}
	for _, x := range p.Contingents {
		line := contingentLine{Name: x.Name, Place: x.Place, When: p.whenText(l, e, x)}
		if t, ok := p.meets(e, x); ok {
			line.Datetime = t.Format(minuteFormat)
		}
		d.Contingents = append(d.Contingents, line)
	}
	if err := w.fillRoles(c, e, p, &d); err != nil {
		return "", err
	}
	if can.Edit {
		for _, g := range gaps(e, p, c.Now()) {
			d.Gaps = append(d.Gaps, gapLine{d.URL + g.Path, gapText(l, g)})
		}
	}
	return programmePanel.Fragment(c, d)
}

// fillRoles says how many are needed in each role and, while the event takes
// sign-ups, how many have it already.
func (w *Web) fillRoles(c *web.Call, e *Event, p *Programme, d *programmePanelData) error {
	confirmed := func(code, name string) int { return 0 }
	if d.Taken = w.Taken != nil && len(p.Roles) > 0 && e.Group != "" && e.State.TakesSignUps() && !e.Past(c.Now()); d.Taken {
		d.Take = d.URL + "/attend"
		var err error
		if confirmed, err = w.Taken(c.Context(), e.ID); err != nil {
			return err
		}
	}
	for _, r := range p.Roles {
		d.Roles = append(d.Roles, roleLine{roleLabel(c.Locale, r), r.People, confirmed(r.Code, r.Name)})
	}
	return nil
}

func roleLabel(l *i18n.Locale, r RoleNeed) string {
	if r.Code == "" {
		return r.Name
	}
	return l.T(nameOf(helpers[:], r.Code))
}

func gapText(l *i18n.Locale, g gap) string {
	if len(g.Points) == 0 {
		return l.T(g.Name)
	}
	var points []string
	for _, x := range g.Points {
		points = append(points, l.T(x))
	}
	return l.T(g.Name) + ": " + strings.Join(points, ", ")
}

// minuteFormat is the machine's form of a moment.
const minuteFormat = "2006-01-02T15:04Z07:00"

// apiProgramme is a programme for programs.
type apiProgramme struct {
	Bring       string            `json:"bring" doc:"Markdown."`
	Safety      []apiSafetyAnswer `json:"safety" nullable:"false" doc:"What was answered of the checklist."`
	LegalHelp   string            `json:"legal_help"`
	Contingents []apiContingent   `json:"contingents" nullable:"false" doc:"In the order in which they go."`
	Roles       []apiRoleNeed     `json:"roles" nullable:"false" doc:"How many are needed, never who takes one."`
	Offer       string            `json:"offer" doc:"How to offer to take a role."`
}

type apiSafetyAnswer struct {
	Point  string `json:"point"`
	Answer string `json:"answer" enum:"yes,no,not_yet,not_applicable"`
	Note   string `json:"note"`
}

type apiContingent struct {
	Name  string `json:"name"`
	Place string `json:"place"`
	Meets string `json:"meets,omitempty" doc:"Local to the place. Absent when it is not said, or not since the event was moved."`
}

type apiRoleNeed struct {
	Role   string `json:"role,omitempty" doc:"Absent when the group names the role itself."`
	Name   string `json:"name,omitempty"`
	People int    `json:"people"`
}

// apiProgrammeOf is nil when nothing is said.
func apiProgrammeOf(e *Event, p *Programme) *apiProgramme {
	if p.Empty() {
		return nil
	}
	out := &apiProgramme{
		Bring: p.Bring, LegalHelp: p.LegalHelp, Offer: p.Offer,
		Safety: []apiSafetyAnswer{}, Contingents: []apiContingent{}, Roles: []apiRoleNeed{},
	}
	for _, a := range p.Safety {
		out.Safety = append(out.Safety, apiSafetyAnswer(a))
	}
	for _, x := range p.Contingents {
		line := apiContingent{Name: x.Name, Place: x.Place}
		if t, ok := p.meets(e, x); ok {
			line.Meets = t.Format(minuteFormat)
		}
		out.Contingents = append(out.Contingents, line)
	}
	for _, r := range p.Roles {
		out.Roles = append(out.Roles, apiRoleNeed{r.Code, r.Name, r.People})
	}
	return out
}
