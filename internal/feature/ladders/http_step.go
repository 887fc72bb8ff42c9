package ladders

import (
	"strconv"

	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/web"
)

// rowKind is a condition that a form has.
type rowKind struct{ code, name string }

// rowGroups are the conditions that a form has, by what they are about.
var rowGroups = [...]struct {
	code, name string
	kinds      []rowKind
}{
	{"date", i18n.Mark("A day has come"), []rowKind{{"date", ""}}},
	{"petition", i18n.Mark("A petition is signed, unanswered or refused"), []rowKind{
		{"petition", i18n.Mark("People have signed it")}, {"silence", i18n.Mark("It got no reply in time")}, {"refusal", i18n.Mark("What it asks was refused")},
	}},
	{"pledge", i18n.Mark("People stand in a pledge"), []rowKind{
		{"pledge", i18n.Mark("People stand in it, all together")}, {"pledge_part", i18n.Mark("People stand in one place or group of it")},
		{"pledge_groups", i18n.Mark("So many places or groups of it have enough people")},
	}},
	{"decision", i18n.Mark("A proposal was adopted"), []rowKind{{"decision", ""}}},
	{"turnout", i18n.Mark("People came"), []rowKind{{"event", i18n.Mark("To an event")}, {"campaign", i18n.Mark("To all events of the campaign")}}},
	{"trigger", i18n.Mark("Delegates declare something"), []rowKind{{"trigger", ""}}},
	{"step", i18n.Mark("Another step has opened, is met or has lapsed"), []rowKind{
		{"step_open", i18n.Mark("It has opened")}, {"step_met", i18n.Mark("It is met")}, {"step_lapsed", i18n.Mark("It has lapsed")},
	}},
}

// rowsRead is how many conditions a form can send.
const rowsRead = maxRows + len(rowGroups)

// groupView are the conditions of one group, the last of them a new one; it is open when
// one of them is in use.
type groupView struct {
	Code, Name string
	Open       bool
	Rows       []rowView
}

// rowView is a condition in a form; What to Drop are names of fields.
type rowView struct {
	At                            int // its place in the group
	N, Drop                       string
	New                           bool
	Kind                          string // where there is one alone
	Kinds, Steps                  []web.Choice
	What, Number, More, Day, Time string
}

type stepData struct {
	Form     *web.Form
	Campaign Campaign
	URL      string
	Action   string
	Old      *Step // nil for a new one
	Moved    bool
	Sequence int
	Kinds    []web.Choice
	Zones    []web.Choice
	Joins    []web.Choice
	Others   []web.Choice
	After    []string // titles of those that it comes after
	Gate     []groupView
	Met      []groupView
	IsMet    bool
	Nested   bool
	Example  string
}

var stepPage = web.NewPage[stepData](pages, "pages/step.html")

// stepOf is what the form of a step knows beside what is typed; a step of "new" is a new
// one.
func (w *Web) stepOf(c *web.Call) (stepData, *Ladder, error) {
	d, _, err := w.draft(c)
	if err != nil {
		return stepData{}, d, err
	}
	key := c.Param("step")
	s := stepData{Campaign: d.Of, URL: urlOf(&d.Of), Action: urlOf(&d.Of) + "/steps/" + key, Sequence: d.Sequence, Moved: d.moved()[key]}
	if key == "new" {
		return s, d, nil
	}
	n := d.Draft.step(key)
	if n < 0 {
		return s, d, errNoStep()
	}
	s.Old = &d.Draft.Steps[n]
	return s, d, nil
}

func (w *Web) stepPage(c *web.Call, f *web.Form, s stepData, d *Ladder) error {
	l := c.Locale
	s.Form = f
	for _, k := range kinds {
		s.Kinds = append(s.Kinds, web.Choice{Value: k.code, Label: l.T(k.name)})
	}
	for _, z := range geo.Zones() {
		s.Zones = append(s.Zones, web.Choice{Value: z, Label: z})
	}
	if z := f.Raw("zone"); z != "" && geo.KnownZone(z) {
		s.Zones = append([]web.Choice{{Value: z, Label: z}}, s.Zones...)
	}
	for i := range d.Draft.Steps {
		if x := &d.Draft.Steps[i]; s.Old == nil || x.Key != s.Old.Key {
			s.Others = append(s.Others, web.Choice{Value: x.Key, Label: x.Title, Hint: x.Key})
		}
	}
	s.Joins = f.Choose("join", []web.Choice{{Value: "all", Label: l.T("All of these have to be so")}, {Value: "any", Label: l.T("One of these is enough")}})
	s.Kinds, s.Others, s.Zones = f.Choose("kind", s.Kinds), f.Choose("after", s.Others), f.Choose("zone", s.Zones)
	for _, x := range s.Others {
		if x.On {
			s.After = append(s.After, x.Label)
		}
	}
	s.Gate, _ = groupsOf(c, f, "", s.Others)
	s.Met, s.IsMet = groupsOf(c, f, metRow, s.Others)
	s.Example = `{"any": [{"date": "2027-05-01T18:00", "zone": "Europe/Berlin"}, {"step": "petition", "state": "met"}]}`
	s.Nested = f.Raw("text") != "" || f.Raw("met_text") != "" || f.Error("text")+f.Error("met_text") != ""
	return stepPage.RenderForm(c, f, s)
}

// groupsOf are the conditions of a form whose numbers stand behind prefix, and whether any
// is in use.
func groupsOf(c *web.Call, f *web.Form, prefix string, others []web.Choice) (out []groupView, used bool) {
	var free []string
	rows := make([][]rowView, len(rowGroups))
	for i := 1; i <= rowsRead; i++ {
		n := prefix + strconv.Itoa(i)
		r := typedRow(f, n)
		if r.empty() {
			free = append(free, n)
			continue
		}
		for k := range rowGroups {
			if at := rowOfForm(c, f, n, k, others); at.has(r.Kind) {
				at.At = len(rows[k]) + 1
				rows[k] = append(rows[k], at)
			}
		}
	}
	for k := range rowGroups {
		g := groupView{Code: rowGroups[k].code, Name: c.Locale.T(rowGroups[k].name), Open: len(rows[k]) > 0, Rows: rows[k]}
		if len(free) > 0 {
			row := rowOfForm(c, f, free[0], k, others)
			row.New, free = true, free[1:]
			g.Rows = append(g.Rows, row)
		}
		out, used = append(out, g), used || g.Open
	}
	return out, used
}

func (v *rowView) has(kind string) bool {
	for _, k := range v.Kinds {
		if k.Value == kind {
			return true
		}
	}
	return v.Kind == kind
}

func rowOfForm(c *web.Call, f *web.Form, n string, group int, others []web.Choice) rowView {
	v := rowView{N: n, Drop: "drop-" + n, What: "what-" + n, Number: "number-" + n, More: "more-" + n, Day: "day-" + n, Time: "time-" + n}
	all := rowGroups[group].kinds
	if len(all) == 1 {
		v.Kind = all[0].code
		return v
	}
	for _, k := range all {
		v.Kinds = append(v.Kinds, web.Choice{Value: k.code, Label: c.Locale.T(k.name)})
	}
	v.Kinds = f.Choose("kind-"+n, v.Kinds)
	if rowGroups[group].code == "step" {
		v.Steps = append(v.Steps, web.Choice{Label: c.Locale.T("None")})
		for _, x := range others {
			v.Steps = append(v.Steps, web.Choice{Value: x.Value, Label: x.Label})
		}
		v.Steps = f.Choose(v.What, v.Steps)
	}
	return v
}

func setRows(f *web.Form, prefix string, all []Row) {
	for i, r := range all {
		n := prefix + strconv.Itoa(i+1)
		f.Set("kind-"+n, r.Kind).Set("what-"+n, r.What).Set("number-"+n, r.Number).Set("more-"+n, r.More).Set("day-"+n, r.Day).Set("time-"+n, r.Time)
	}
}

func typedRow(f *web.Form, n string) Row {
	return Row{
		Kind: f.Line("kind-" + n), What: f.Line("what-" + n), Number: f.Line("number-" + n), More: f.Line("more-" + n), Day: f.Line("day-" + n), Time: f.Line("time-" + n),
	}
}

// readRows leaves out what is to be taken out.
func readRows(f *web.Form, prefix string) (out []Row) {
	for i := 1; i <= rowsRead; i++ {
		n := prefix + strconv.Itoa(i)
		r := typedRow(f, n)
		if f.Has("drop-"+n, "1") {
			r = Row{}
		}
		out = append(out, r)
	}
	return out
}

func readStep(f *web.Form) Input {
	return Input{
		Key: f.Line("key"), Title: f.Line("title"), Kind: f.Line("kind"), About: f.Text("about"), Link: f.Line("link"), After: f.All("after"), Zone: f.Line("zone"),
		Join: f.Line("join"), Rows: readRows(f, ""), Text: f.Text("text"), LapseDay: f.Line("lapse_day"), LapseTime: f.Line("lapse_time"),
		Met: readRows(f, metRow), MetText: f.Text("met_text"),
	}
}

func (w *Web) stepForm(c *web.Call) error {
	s, d, err := w.stepOf(c)
	if err != nil {
		return err
	}
	in := Input{Kind: "other", Zone: d.zone(), Join: "all"}
	if s.Old != nil {
		in = typedStep(s.Old, d.zone())
	} else if n := len(d.Draft.Steps); n > 0 {
		in.After = []string{d.Draft.Steps[n-1].Key}
	}
	f := c.NewForm().Set("key", in.Key).Set("title", in.Title).Set("kind", in.Kind).Set("about", in.About).Set("link", in.Link).Set("after", in.After...).
		Set("zone", in.Zone).Set("join", in.Join).Set("text", in.Text).Set("lapse_day", in.LapseDay).Set("lapse_time", in.LapseTime).Set("met_text", in.MetText).
		Set("sequence", strconv.Itoa(d.Sequence))
	if s.Old != nil {
		f.Set("place", strconv.Itoa(d.Draft.step(s.Old.Key)+1))
	}
	setRows(f, "", in.Rows)
	setRows(f, metRow, in.Met)
	return w.stepPage(c, f, s, d)
}

func (w *Web) saveStep(c *web.Call) error {
	s, d, err := w.stepOf(c)
	if err != nil {
		return err
	}
	f, sequence, err := sent(c)
	if err != nil {
		return err
	}
	old := c.Param("step")
	if f.Line("do") == "remove" {
		if err := w.DropStep(c.Context(), c.Actor(), d.Of.Handle, sequence, old); err != nil {
			return err
		}
		return c.SeeOther(s.URL + "/edit")
	}
	if old == "new" {
		old = ""
	}
	place, _ := f.Int("place")
	err = w.SaveStep(c.Context(), c.Actor(), d.Of.Handle, sequence, old, place, readStep(f))
	if f.Accepts(err) {
		return w.stepPage(c, f, s, d)
	}
	if err != nil {
		return err
	}
	return c.SeeOther(s.URL + "/edit")
}
