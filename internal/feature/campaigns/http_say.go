package campaigns

import (
	"strconv"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/web"
)

type demandsData struct {
	Form     *web.Form
	Campaign Campaign
	URL      string
	Demands  []demandView
	States   []web.Choice
	Count    int
	Vote     []voteLink // where owners decide where a demand stands, if there are several
}

var demandsPage = web.NewPage[demandsData](pages, "pages/demands.html")

func (w *Web) demandsPage(c *web.Call, f *web.Form, camp Campaign) error {
	d := demandsData{Form: f, Campaign: camp, URL: "/campaigns/" + camp.Handle}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		all, err := demandsOf(c.Context(), tx, camp.ID)
		d.Demands, d.Count = demandViews(c.Locale, all), len(all)
		if err != nil {
			return err
		}
		_, seat, err := w.load(c.Context(), tx, c.Actor(), camp.Handle)
		if err != nil {
			return err
		}
		several, err := w.shared(c.Context(), tx, camp.ID)
		if several {
			d.Vote = voteLinks(seat, camp.Handle, fact.EffectMet)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, s := range demandStates {
		d.States = append(d.States, web.Choice{Value: string(s.state), Label: c.Locale.T(s.name)})
	}
	return demandsPage.RenderForm(c, f, d)
}

func (w *Web) demandsForm(c *web.Call) error {
	camp, err := w.editable(c, c.Param("handle"))
	if err != nil {
		return err
	}
	return w.demandsPage(c, c.NewForm(), camp)
}

// demand adds a demand, or says where one stands.
func (w *Web) demand(c *web.Call) error {
	camp, f, err := w.typed(c)
	if err != nil {
		return err
	}
	in := DemandInput{Body: f.Text("body"), Addressee: f.Line("addressee"), State: DemandState(f.Line("state")), Note: f.Text("note")}
	if n, ok := f.Int("number"); ok {
		err = w.ChangeDemand(c.Context(), c.Actor(), camp.Handle, n, in)
	} else {
		after, _ := f.Int("after")
		err = w.AddDemand(c.Context(), c.Actor(), camp.Handle, after, in)
	}
	if f.Accepts(err) {
		return w.demandsPage(c, f, camp)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/campaigns/" + camp.Handle + "/demands")
}

type pointsData struct {
	Form     *web.Form
	Campaign Campaign
	URL      string
}

var pointsPage = web.NewPage[pointsData](pages, "pages/points.html")

func (w *Web) pointsForm(c *web.Call) error {
	camp, err := w.editable(c, c.Param("handle"))
	if err != nil {
		return err
	}
	var p Points
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		p, err = pointsOf(c.Context(), tx, camp.ID, camp.Points)
		return err
	})
	if err != nil {
		return err
	}
	f := c.NewForm().Set("body", p.Body).Set("version", strconv.Itoa(p.Version))
	return pointsPage.RenderForm(c, f, pointsData{f, camp, "/campaigns/" + camp.Handle})
}

func (w *Web) setPoints(c *web.Call) error {
	camp, f, err := w.typed(c)
	if err != nil {
		return err
	}
	version, _ := f.Int("version")
	err = w.SetPoints(c.Context(), c.Actor(), camp.Handle, version, f.Text("body"))
	if f.Accepts(err) {
		return pointsPage.RenderForm(c, f, pointsData{f, camp, "/campaigns/" + camp.Handle})
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/campaigns/" + camp.Handle + "#points")
}

type templateData struct {
	Form     *web.Form
	Campaign Campaign
	URL      string
	Kinds    []web.Choice
}

var templatePage = web.NewPage[templateData](pages, "pages/template.html")

func (w *Web) templatePage(c *web.Call, f *web.Form, camp Campaign) error {
	kinds := append([]web.Choice{{Label: c.Locale.T("Each event says")}}, w.Shown.Kinds(c.Locale)...)
	return templatePage.RenderForm(c, f, templateData{f, camp, "/campaigns/" + camp.Handle, f.Choose("kind", kinds)})
}

func (w *Web) templateForm(c *web.Call) error {
	camp, err := w.editable(c, c.Param("handle"))
	if err != nil {
		return err
	}
	var t Template
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		t, err = templateOf(c.Context(), tx, camp.ID, camp.Template)
		return err
	})
	if err != nil {
		return err
	}
	f := c.NewForm().Set("title", t.Title).Set("kind", t.Kind).Set("description", t.Description).Set("access_note", t.AccessNote).Set("bring", t.Bring).
		Set("version", strconv.Itoa(t.Version))
	return w.templatePage(c, f, camp)
}

func (w *Web) setTemplate(c *web.Call) error {
	camp, f, err := w.typed(c)
	if err != nil {
		return err
	}
	version, _ := f.Int("version")
	err = w.SetTemplate(c.Context(), c.Actor(), camp.Handle, version, Template{
		Title: f.Line("title"), Kind: f.Line("kind"), Description: f.Text("description"), AccessNote: f.Text("access_note"), Bring: f.Text("bring"),
	})
	if f.Accepts(err) {
		return w.templatePage(c, f, camp)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/campaigns/" + camp.Handle)
}
