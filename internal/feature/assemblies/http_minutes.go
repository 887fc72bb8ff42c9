package assemblies

import (
	"html/template"
	"strconv"
	"strings"

	"convoke/internal/day"
	"convoke/internal/web"
)

// lineView is a decision or task on a page.
type lineView struct{ Body, Owner, Until string }

type notesView struct {
	ID, Title        string
	HTML             template.HTML
	Decisions, Tasks []lineView
	Edit             string
}

type minutesData struct {
	Form        *web.Form
	Assembly    Assembly
	URL         string
	When        string
	Group       Group
	State       string
	Draft       bool
	Ends        string // when a draft is deleted
	Approved    string // the day
	People      string
	Items       []notesView
	Corrections []lineView
	Key         string
	Publish     []web.Choice
	CanPublish  bool
	CanApprove  bool
	CanCorrect  bool
	Widen       bool // published for members, and could be for everybody
}

var minutesPage = web.NewPage[minutesData](pages, "pages/minutes.html")

func (w *Web) minutes(c *web.Call) error {
	aid := ID(c.Param("id"))
	return c.Cached(tags(aid), pageTTL, func() error { return w.minutesShow(c, c.NewForm()) })
}

func (w *Web) minutesShow(c *web.Call, f *web.Form) error {
	m, err := w.ReadMinutes(c.Context(), c.Actor(), ID(c.Param("id")))
	if err != nil {
		return err
	}
	a, l, seat := &m.Assembly, c.Locale, m.Seat
	d := minutesData{Form: f, Assembly: *a, URL: a.url(), When: when(l, a), Group: seat.Group, Key: c.NewKey()}
	published := a.Minutes == MinutesMembers || a.Minutes == MinutesPublic
	d.Draft = !published
	if d.Draft {
		d.Ends = l.DateShort(a.Local(a.Ends.Add(draftsKept)))
	}
	d.State = minutesState(c, a)
	if !a.Approved.IsZero() {
		d.Approved = l.DateShort(a.Local(a.Approved))
	}
	if a.People >= 0 && (a.PeopleShown || seat.Inside) {
		d.People = l.N("{n} person was there", "{n} people were there", a.People)
	}
	for i := range m.Agenda {
		if x := &m.Agenda[i]; x.State != Proposed && (seat.Writes || x.State == Done || x.State == Now || x.Notes != "" || len(x.Lines) > 0) {
			d.Items = append(d.Items, w.notesOf(c, &m, x))
		}
	}
	for _, x := range m.Corrections {
		d.Corrections = append(d.Corrections, lineView{Body: x.Body, Until: l.DateShort(day.Time(x.Day))})
	}
	d.Widen = a.Minutes == MinutesMembers && a.Public
	if seat.Writes && a.State == Closed && (d.Draft || d.Widen) {
		d.CanPublish = true
		d.Publish = publishChoices(c, f, a)
	}
	d.CanApprove = seat.Calls && published && a.Approved.IsZero()
	d.CanCorrect = seat.Writes && !a.Approved.IsZero()
	if seat.Inside {
		c.Header().Set("Cache-Control", "no-store")
	}
	return minutesPage.RenderForm(c, f, d)
}

func minutesState(c *web.Call, a *Assembly) string {
	switch {
	case a.Minutes == MinutesPublic:
		return c.Locale.T("Published")
	case a.Minutes == MinutesMembers:
		return c.Locale.T("Published for members")
	}
	return c.Locale.T("Draft")
}

func publishChoices(c *web.Call, f *web.Form, a *Assembly) []web.Choice {
	out := []web.Choice{}
	if a.Minutes != MinutesMembers {
		out = append(out, web.Choice{Value: MinutesMembers, Label: c.Locale.T("Members")})
	}
	if a.Public {
		out = append(out, web.Choice{Value: MinutesPublic, Label: c.Locale.T("Everybody"), Hint: c.Locale.T("Who has a task is shown to members only.")})
	}
	if !f.Failed() {
		f.Set("for", out[0].Value)
	}
	return f.Choose("for", out)
}

func (w *Web) notesOf(c *web.Call, m *MinutesOf, x *Item) notesView {
	v := notesView{ID: x.ID, Title: x.Title, HTML: x.HTML}
	for _, l := range x.Lines {
		line := lineView{Body: l.Body, Owner: m.Handles[string(l.Owner)]}
		if l.Until != 0 {
			line.Until = c.Locale.DateShort(day.Time(l.Until))
		}
		if l.Kind == Decision {
			v.Decisions = append(v.Decisions, line)
		} else {
			v.Tasks = append(v.Tasks, line)
		}
	}
	if m.Seat.Writes && m.Assembly.Approved.IsZero() {
		v.Edit = m.Assembly.url() + "/minutes/" + x.ID
	}
	return v
}

func (w *Web) minutesAct(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	aid := ID(c.Param("id"))
	err = w.ActOnMinutes(c.Context(), c.Actor(), aid, MinutesInput{Form: f.Line("key"), Do: f.Line("do"), For: f.Line("for"), Body: f.Text("body")})
	if f.Accepts(err) {
		return w.minutesShow(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/assemblies/" + string(aid) + "/minutes")
}

// spareTasks is how many empty rows the form offers.
const spareTasks = 2

type notesData struct {
	Form     *web.Form
	Assembly Assembly
	Title    string
	Action   string
	Back     string
	Rows     []taskRow
	DraftKey string
}

// taskRow is the names of the fields of one task.
type taskRow struct{ N, Task, Owner, Until string }

var notesPage = web.NewPage[notesData](pages, "pages/notes.html")

func rows(n int) (out []taskRow) {
	for i := range n {
		k := strconv.Itoa(i + 1)
		out = append(out, taskRow{k, "task" + k, "owner" + k, "until" + k})
	}
	return out
}

// item is the one of the address, for somebody who writes the minutes.
func (w *Web) item(c *web.Call) (*Item, *MinutesOf, error) {
	if err := c.RequireActor(); err != nil {
		return nil, nil, err
	}
	m, err := w.ReadMinutes(c.Context(), c.Actor(), ID(c.Param("id")))
	if err != nil {
		return nil, nil, err
	}
	if err := writes(c.Actor())(m.Seat); err != nil {
		return nil, nil, err
	}
	i := m.Agenda.find(c.Param("item"))
	if i < 0 {
		return nil, nil, errNoItem()
	}
	return &m.Agenda[i], &m, nil
}

func (w *Web) notesShow(c *web.Call, f *web.Form, x *Item, m *MinutesOf, tasks int) error {
	c.Header().Set("Cache-Control", "no-store")
	at := m.Assembly.url() + "/minutes"
	return notesPage.RenderForm(c, f, notesData{
		Form: f, Assembly: m.Assembly, Title: x.Title, Action: at + "/" + x.ID, Back: at, Rows: rows(tasks),
		DraftKey: "notes-" + x.ID + "-" + strconv.Itoa(x.Sequence),
	})
}

func (w *Web) notesForm(c *web.Call) error {
	x, m, err := w.item(c)
	if err != nil {
		return err
	}
	f := c.NewForm().Set("notes", x.Notes).Set("sequence", strconv.Itoa(x.Sequence))
	var decisions []string
	tasks := 0
	for _, l := range x.Lines {
		if l.Kind == Decision {
			decisions = append(decisions, l.Body)
			continue
		}
		tasks++
		k := strconv.Itoa(tasks)
		f.Set("task"+k, l.Body).Set("owner"+k, m.Handles[string(l.Owner)]).Set("until"+k, day.ISO(l.Until))
	}
	f.Set("decisions", strings.Join(decisions, "\n"))
	return w.notesShow(c, f, x, m, tasks+spareTasks)
}

func (w *Web) notes(c *web.Call) error {
	x, m, err := w.item(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	in := NotesInput{Notes: f.Text("notes"), Decisions: f.Text("decisions")}
	last := 0
	for i, r := range rows(maxLines) {
		t := TaskInput{Body: f.Line(r.Task), Owner: f.Line(r.Owner), Until: f.Line(r.Until)}
		if t != (TaskInput{}) {
			last = i + 1
		}
		in.Tasks = append(in.Tasks, t)
	}
	in.Tasks = in.Tasks[:last]
	seq, _ := f.Int("sequence")
	err = w.WriteNotes(c.Context(), c.Actor(), m.Assembly.ID, x.ID, seq, in)
	if f.Accepts(err) {
		return w.notesShow(c, f, x, m, max(last, spareTasks))
	}
	if err != nil {
		return err
	}
	return c.SeeOther(m.Assembly.url() + "/minutes#item-" + x.ID)
}
