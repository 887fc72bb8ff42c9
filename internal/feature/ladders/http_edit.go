package ladders

import (
	"strconv"
	"strings"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/web"
)

// draft is the ladder of the address for somebody who may change it, with what is in the
// way of publishing it.
func (w *Web) draft(c *web.Call) (d *Ladder, problems []fault.FieldError, err error) {
	if err := c.RequireActor(); err != nil {
		return nil, nil, err
	}
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		if d, err = w.editable(c.Context(), tx, c.Actor(), c.Param("handle")); err != nil {
			return err
		}
		if err = w.history(c.Context(), tx, d, false); err != nil {
			return err
		}
		problems, err = w.Problems(c.Context(), tx, d)
		return err
	})
	c.Header().Set("Cache-Control", "no-store")
	return d, problems, err
}

type editData struct {
	Form      *web.Form
	Campaign  Campaign
	URL       string
	Steps     []stepView
	Published bool
	Edits     bool
	Ready     bool
}

var editPage = web.NewPage[editData](pages, "pages/edit.html", "pages/parts.html")

// editForm lists the draft's steps, and what is in the way.
func (w *Web) editForm(c *web.Call) error {
	d, problems, err := w.draft(c)
	if err != nil {
		return err
	}
	f := c.NewForm()
	if len(d.Draft.Steps) > 0 {
		for _, x := range problems {
			f.Fail(x.Name, x.Msg, x.Args...)
		}
	}
	return editPage.Render(c, editData{
		Form: f, Campaign: d.Of, URL: urlOf(&d.Of), Steps: w.draftSteps(c, d), Published: d.Published != nil, Edits: d.edits(), Ready: len(problems) == 0,
	})
}

// draftSteps are the steps as they would be published.
func (w *Web) draftSteps(c *web.Call, d *Ladder) (out []stepView) {
	say := words{c.Locale, d, &d.Draft}
	for i := range d.Draft.Steps {
		out = append(out, say.step(i, d.facts(), c.Now()))
	}
	return out
}

type rowView struct {
	N                             string
	Kinds                         []web.Choice
	What, Number, More, Day, Time string // names of fields
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
	Rows     []rowView
	Met      rowView
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
	s.Kinds, s.Others = f.Choose("kind", s.Kinds), f.Choose("after", s.Others)
	s.Zones = f.Choose("zone", s.Zones)
	used := 0
	for i := 1; i <= maxRows; i++ {
		if f.Raw("kind-"+strconv.Itoa(i)) != "" {
			used = i
		}
	}
	for i := 1; i <= min(used+2, maxRows); i++ {
		s.Rows = append(s.Rows, rowOfForm(c, f, strconv.Itoa(i)))
	}
	s.Met, s.Example = rowOfForm(c, f, "met"), `{"any": [{"date": "2027-05-01T18:00", "zone": "Europe/Berlin"}, {"step": "petition", "state": "met"}]}`
	s.Nested = f.Raw("text") != "" || f.Raw("met_text") != "" || f.Error("text")+f.Error("met_text") != ""
	return stepPage.RenderForm(c, f, s)
}

func rowOfForm(c *web.Call, f *web.Form, n string) rowView {
	all := []web.Choice{{Value: "", Label: c.Locale.T("Nothing")}}
	for _, k := range rowKinds {
		all = append(all, web.Choice{Value: k.code, Label: c.Locale.T(k.name)})
	}
	return rowView{
		N: n, Kinds: f.Choose("kind-"+n, all), What: "what-" + n, Number: "number-" + n, More: "more-" + n, Day: "day-" + n, Time: "time-" + n,
	}
}

func setRow(f *web.Form, n string, r Row) {
	f.Set("kind-"+n, r.Kind).Set("what-"+n, r.What).Set("number-"+n, r.Number).Set("more-"+n, r.More).Set("day-"+n, r.Day).Set("time-"+n, r.Time)
}

func readRow(f *web.Form, n string) Row {
	return Row{
		Kind: f.Line("kind-" + n), What: f.Line("what-" + n), Number: f.Line("number-" + n), More: f.Line("more-" + n), Day: f.Line("day-" + n), Time: f.Line("time-" + n),
	}
}

func readStep(f *web.Form) Input {
	in := Input{
		Key: f.Line("key"), Title: f.Line("title"), Kind: f.Line("kind"), About: f.Text("about"), Link: f.Line("link"), After: f.All("after"), Zone: f.Line("zone"),
		Join: f.Line("join"), Text: f.Text("text"), LapseDay: f.Line("lapse_day"), LapseTime: f.Line("lapse_time"), Met: readRow(f, "met"), MetText: f.Text("met_text"),
	}
	for i := 1; i <= maxRows; i++ {
		in.Rows = append(in.Rows, readRow(f, strconv.Itoa(i)))
	}
	return in
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
	for i, r := range in.Rows {
		setRow(f, strconv.Itoa(i+1), r)
	}
	setRow(f, "met", in.Met)
	return w.stepPage(c, f, s, d)
}

func (w *Web) saveStep(c *web.Call) error {
	s, d, err := w.stepOf(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	sequence, ok := f.Int("sequence")
	if !ok {
		return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
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

type textData struct {
	Form     *web.Form
	Campaign Campaign
	URL      string
	Sequence int
}

var textPage = web.NewPage[textData](pages, "pages/text.html")

func (w *Web) textForm(c *web.Call) error {
	d, _, err := w.draft(c)
	if err != nil {
		return err
	}
	f := c.NewForm().Set("text", d.Draft.JSON()).Set("sequence", strconv.Itoa(d.Sequence))
	return textPage.Render(c, textData{f, d.Of, urlOf(&d.Of), d.Sequence})
}

func (w *Web) saveText(c *web.Call) error {
	d, _, err := w.draft(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	sequence, ok := f.Int("sequence")
	if !ok {
		return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	err = w.SaveText(c.Context(), c.Actor(), d.Of.Handle, sequence, f.Text("text"))
	if f.Accepts(err) {
		return textPage.RenderForm(c, f, textData{f, d.Of, urlOf(&d.Of), d.Sequence})
	}
	if err != nil {
		return err
	}
	return c.SeeOther(urlOf(&d.Of) + "/edit")
}

type publishData struct {
	Form     *web.Form
	Campaign Campaign
	URL      string
	Steps    []stepView
	Again    bool // a version was published before
	Edits    bool
	Ready    bool
	Sequence int
}

var publishPage = web.NewPage[publishData](pages, "pages/publish.html", "pages/parts.html")

func (w *Web) publishData(c *web.Call, f *web.Form) (publishData, error) {
	d, problems, err := w.draft(c)
	if err != nil {
		return publishData{}, err
	}
	for _, x := range problems {
		if !f.Failed() || f.Error(x.Name) == "" {
			f.Fail(x.Name, x.Msg, x.Args...)
		}
	}
	return publishData{
		Form: f, Campaign: d.Of, URL: urlOf(&d.Of), Steps: w.draftSteps(c, d), Again: d.Published != nil, Edits: d.edits(), Ready: len(problems) == 0, Sequence: d.Sequence,
	}, nil
}

func (w *Web) publishForm(c *web.Call) error {
	d, err := w.publishData(c, c.NewForm())
	if err != nil {
		return err
	}
	return publishPage.Render(c, d)
}

func (w *Web) publishIt(c *web.Call) error {
	if _, err := w.Editable(c.Context(), c.Actor(), c.Param("handle")); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	sequence, ok := f.Int("sequence")
	if !ok {
		return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	handle := c.Param("handle")
	err = w.Publish(c.Context(), c.Actor(), handle, sequence, f.Text("note"))
	if f.Accepts(err) {
		d, err := w.publishData(c, f)
		if err != nil {
			return err
		}
		return publishPage.RenderForm(c, f, d)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/campaigns/" + handle + "/ladder")
}

type actData struct {
	Form     *web.Form
	Campaign Campaign
	URL      string
	Step     *stepView // nil for the whole campaign
	Key      string
	Groups   []web.Choice
	Halt     bool
	Resume   bool
	Met      bool
	Down, Up bool
	Alone    bool
	Asked    bool // one owner has said so; another one has to
}

var actPage = web.NewPage[actData](pages, "pages/act.html")

// actData is what can be done to the step in the address, or to the campaign.
func (w *Web) actData(c *web.Call, key string) (a actData, err error) {
	if err := c.RequireActor(); err != nil {
		return a, err
	}
	c.Header().Set("Cache-Control", "no-store")
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		d, err := w.editable(c.Context(), tx, c.Actor(), c.Param("handle"))
		if err != nil {
			return err
		}
		owners, err := w.Campaigns.Owners(c.Context(), tx, d.Of.ID)
		if err != nil {
			return err
		}
		a = actData{Campaign: d.Of, URL: urlOf(&d.Of), Key: key, Alone: len(owners) < 2}
		for _, g := range d.Speaks {
			a.Groups = append(a.Groups, web.Choice{Value: g.Handle, Label: g.Name})
		}
		if key == "" {
			a.Down, a.Up = d.Down == nil, d.Down != nil
			return nil
		}
		x := d.Stand[key]
		if x == nil {
			return errNoStep()
		}
		if err := w.history(c.Context(), tx, d, false); err != nil {
			return err
		}
		v := words{c.Locale, d, &d.Published.Plan}.step(d.Published.Plan.step(key), d.facts(), c.Now())
		a.Step = &v
		if d.Down == nil {
			a.Halt, a.Resume, a.Met = x.State == Waiting || x.State == Open, x.State == Halted, x.State == Open
		}
		return nil
	})
	return a, err
}

func (w *Web) actPage(c *web.Call, f *web.Form, a actData) error {
	a.Form, a.Groups = f, f.Choose("group", a.Groups)
	return actPage.RenderForm(c, f, a)
}

func (w *Web) actForm(c *web.Call) error {
	a, err := w.actData(c, c.Query().Get("step"))
	if err != nil {
		return err
	}
	return w.actPage(c, c.NewForm(), a)
}

func (w *Web) doAct(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	if _, err := w.Editable(c.Context(), c.Actor(), c.Param("handle")); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	key := strings.TrimSpace(f.Line("step"))
	done, err := w.Act(c.Context(), c.Actor(), c.Param("handle"), ActInput{Step: key, Group: f.Line("group"), Do: f.Line("do"), Note: f.Text("note")})
	if f.Accepts(err) || err == nil && !done {
		a, err2 := w.actData(c, key)
		if err2 != nil {
			return err2
		}
		a.Asked = err == nil
		return w.actPage(c, f, a)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/campaigns/" + c.Param("handle") + "/ladder")
}

type declareData struct {
	Campaign Campaign
	URL      string
	Triggers map[string]bool
}

var declarePage = web.NewPage[declareData](pages, "pages/declare.html")

func (w *Web) declareForm(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	p, err := w.load(c, c.Param("handle"), false)
	if err != nil {
		return err
	}
	if len(p.Declarable) == 0 {
		return web.ErrNotFound()
	}
	return declarePage.Render(c, declareData{p.Of, urlOf(&p.Of), p.Declarable})
}

func (w *Web) declare(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := w.Declare(c.Context(), c.Actor(), c.Param("handle"), f.Line("trigger"), f.Line("do") == "declare"); err != nil {
		return err
	}
	return c.SeeOther("/campaigns/" + c.Param("handle") + "/ladder")
}
