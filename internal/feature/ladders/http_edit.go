package ladders

import (
	"strconv"
	"strings"

	"convoke/internal/db"
	"convoke/internal/fault"
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
		if err = w.look(c.Context(), tx, c.Actor(), d, &d.Draft); err != nil {
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
	say, known := words{c.Locale, d, &d.Draft}, d.live(true, c.Now())
	for i := range d.Draft.Steps {
		out = append(out, say.step(i, known, c.Now()))
	}
	return out
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
	f, sequence, err := sent(c)
	if err != nil {
		return err
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

// sent is a form with the sequence of the draft which it was made from.
func sent(c *web.Call) (f *web.Form, sequence int, err error) {
	if f, err = c.Form(); err != nil {
		return nil, 0, err
	}
	sequence, ok := f.Int("sequence")
	if !ok {
		return nil, 0, fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	return f, sequence, nil
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
	f, sequence, err := sent(c)
	if err != nil {
		return err
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
