package petitions

import (
	"fmt"
	"strconv"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/record/box"
	"convoke/internal/web"
)

type editData struct {
	Form     *web.Form
	Group    Group
	Existing bool
	TextOnly bool // it is open: only the text can be corrected
	Heading  string
	Action   string
	Back     string
	Key      string
	Langs    []web.Choice
	Gates    []web.Choice
	NoMail   bool
	DraftKey string
}

var editPage = web.NewPage[editData](pages, "pages/edit.html", "pages/parts.html")

func (w *Web) editPage(c *web.Call, f *web.Form, d editData) error {
	l := c.Locale
	d.Form = f
	d.Langs = f.Choose("lang", web.Languages())
	d.NoMail = w.Mail == nil
	for _, g := range gates() {
		if g == box.GateEmail && d.NoMail && !f.Has("gate", g) {
			continue
		}
		d.Gates = append(d.Gates, web.Choice{Value: g, Label: gateName(l, g), On: f.Has("gate", g)})
	}
	switch {
	case d.TextOnly:
		d.Heading = l.T("Correct the text")
	case d.Existing:
		d.Heading = l.T("Change the petition")
	default:
		d.Heading = l.T("New petition")
	}
	c.Header().Set("Cache-Control", "no-store")
	return editPage.RenderForm(c, f, d)
}

func readInput(f *web.Form) Input {
	return Input{
		Addressee: f.Line("addressee"), Title: f.Line("title"), Markdown: f.Text("markdown"), Lang: f.Line("lang"), Slug: f.Line("slug"),
		Stages: f.Line("stages"), Gate: f.Line("gate"), Opens: f.Line("opens"), Closes: f.Line("closes"), Campaign: f.Line("campaign"),
	}
}

// starter is the group of the address for somebody who may start a petition.
func (w *Web) starter(c *web.Call) (g Group, err error) {
	if err := c.RequireActor(); err != nil {
		return g, err
	}
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		g, err = w.Starter(c.Context(), tx, c.Actor(), c.Param("handle"))
		return err
	})
	return g, err
}

func newOf(g Group, key string) editData {
	at := "/groups/" + g.Handle
	return editData{Group: g, Key: key, Action: at + "/petitions/new", Back: at, DraftKey: "petition-new-" + g.Handle}
}

func (w *Web) newForm(c *web.Call) error {
	g, err := w.starter(c)
	if err != nil {
		return err
	}
	f := c.NewForm().Set("lang", c.Locale.Tag()).Set("stages", "100, 1000").Set("campaign", c.Query().Get("campaign"))
	if w.Mail != nil {
		f.Set("gate", box.GateEmail)
	}
	if len(g.Langs) > 0 {
		f.Set("lang", g.Langs[0])
	}
	return w.editPage(c, f, newOf(g, c.NewKey()))
}

func (w *Web) create(c *web.Call) error {
	g, err := w.starter(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	key := f.Line("key")
	slug, err := w.Create(c.Context(), c.Actor(), g.Handle, key, readInput(f))
	if f.Accepts(err) {
		return w.editPage(c, f, newOf(g, key))
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/petitions/" + slug)
}

func editOf(f *Found) editData {
	p := &f.Petition
	return editData{
		Group: f.Group, Existing: true, TextOnly: p.State != Draft, Action: p.url() + "/edit", Back: p.url(),
		DraftKey: fmt.Sprint("petition-", p.ID, "-", p.Sequence),
	}
}

// fill puts a petition into its form.
func (f *Found) fill(form *web.Form) *web.Form {
	p := &f.Petition
	return form.Set("addressee", p.Text.Addressee).Set("title", p.Text.Title).Set("markdown", p.Text.Markdown).Set("lang", p.Text.Lang).
		Set("slug", p.Slug).Set("stages", joinStages(p.Stages, ", ")).Set("gate", p.Gate).Set("opens", day.ISO(p.Opens)).
		Set("closes", day.ISO(p.Closes)).Set("campaign", f.Campaign.Handle).Set("sequence", strconv.Itoa(p.Sequence))
}

func (w *Web) editForm(c *web.Call) error {
	f, err := w.load(c)
	if err != nil {
		return err
	}
	if err := w.correctable(c, &f); err != nil {
		return err
	}
	return w.editPage(c, f.fill(c.NewForm()), editOf(&f))
}

// correctable refuses a form that could only be refused.
func (w *Web) correctable(c *web.Call, f *Found) error {
	if f.Petition.State == Draft {
		return nil
	}
	if f.Petition.State != Open {
		return errState()
	}
	return w.DB.Read(c.Context(), func(tx *db.Tx) error {
		frozen, err := w.frozen(c.Context(), tx, &f.Petition)
		if err == nil && frozen {
			err = errFrozen()
		}
		return err
	})
}

func (w *Web) edit(c *web.Call) error {
	found, err := w.load(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if found.Petition.State != Draft { // what is not asked stays
		was := found.fill(c.NewForm())
		for _, name := range []string{"stages", "gate", "opens", "closes", "campaign", "slug"} {
			f.Set(name, was.Raw(name))
		}
	}
	seq, ok := f.Int("sequence")
	if !ok {
		seq = 1 << 30
	}
	slug, err := w.Update(c.Context(), c.Actor(), found.Petition.Slug, seq, readInput(f))
	if f.Accepts(err) {
		return w.editPage(c, f, editOf(&found))
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/petitions/" + slug)
}
