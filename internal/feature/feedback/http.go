package feedback

import (
	"embed"
	"html/template"
	"strings"

	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Events tells about events.
type Events interface {
	// Held is any event, for somebody who has signed up for it.
	Held(c *web.Call, e id.Event) (Event, error)
	// Edits is an event for somebody who may edit it; others are refused.
	Edits(c *web.Call, e id.Event) (Event, error)
}

// Web is the feature's pages.
type Web struct {
	*Service
	Events Events
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /events/{id}/attend/{secret}/feedback", w.form)
	site.Handle("POST /events/{id}/attend/{secret}/feedback", w.give)
	site.Handle("GET /events/{id}/feedback", w.report)
}

type asked struct {
	Code, Name string
	Required   bool
	Options    []web.Choice
}

type formData struct {
	Event Event
	Form  *web.Form
	Path  string // of the private page
	Given bool
	Asked []asked
}

var (
	formPage  = web.NewPage[formData](pages, "pages/form.html", "pages/parts.html")
	panelPage = web.NewPage[formData](pages, "pages/panel.html", "pages/parts.html")
)

func (d *formData) ask(l *i18n.Locale) {
	for _, q := range questions {
		x := asked{Code: q.code, Name: l.T(q.name), Required: q.code == "mood"}
		for _, o := range q.options {
			x.Options = append(x.Options, web.Choice{Value: o.code, Label: l.T(o.name), On: d.Form.Has(q.code, o.code)})
		}
		d.Asked = append(d.Asked, x)
	}
}

func fill(f *web.Form, a Answer) *web.Form {
	return f.Set("mood", a.Mood).Set("access", a.Access).Set("again", a.Again).Set("text", a.Text)
}

func read(f *web.Form) Answer {
	return Answer{Mood: f.Line("mood"), Access: f.Line("access"), Again: f.Line("again"), Text: f.Text("text")}
}

func privatePath(e id.Event, secret string) string {
	return "/events/" + string(e) + "/attend/" + secret
}

// Panel is the part of a private page that asks, once the event is over.
func (w *Web) Panel(c *web.Call, e Event, hash []byte, path string) (template.HTML, error) {
	if !e.asks(c.Now()) {
		return "", nil
	}
	a, ok, err := w.Mine(c.Context(), e.ID, hash)
	if err != nil {
		return "", err
	}
	d := formData{Event: e, Form: fill(c.NewForm(), a), Path: path, Given: ok}
	d.ask(c.Locale)
	return panelPage.Fragment(c, d)
}

// held is the sign-up of the address.
func (w *Web) held(c *web.Call) (Event, Held, error) {
	e := id.Event(c.Param("id"))
	h, err := w.Hold(c.Context(), e, c.Param("secret"))
	if err != nil {
		return Event{}, h, err
	}
	b, err := w.Events.Held(c, e)
	if err == nil && !b.asks(c.Now()) {
		err = errEarly()
	}
	return b, h, err
}

func (w *Web) form(c *web.Call) error {
	e, h, err := w.held(c)
	if err != nil {
		return err
	}
	a, ok, err := w.Mine(c.Context(), e.ID, h.Hash)
	if err != nil {
		return err
	}
	return w.show(c, e, fill(c.NewForm(), a), ok)
}

func (w *Web) show(c *web.Call, e Event, f *web.Form, given bool) error {
	d := formData{Event: e, Form: f, Path: privatePath(e.ID, c.Param("secret")), Given: given}
	d.ask(c.Locale)
	c.Header().Set("Cache-Control", "no-store")
	return formPage.RenderForm(c, f, d)
}

func (w *Web) give(c *web.Call) error {
	e, _, err := w.held(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.Give(c.Context(), e.ID, c.Param("secret"), read(f))
	if f.Accepts(err) {
		return w.show(c, e, f, false)
	}
	if err != nil {
		return err
	}
	return c.SeeOther(privatePath(e.ID, c.Param("secret")) + "?saved=1#feedback")
}

type counted struct {
	Name    string
	Answers []web.Choice // with how many in Value
}

type text struct{ Lines []string }

type reportData struct {
	Event   Event
	Over    bool
	Report  Report
	Counted []counted
	Texts   []text
}

var reportPage = web.NewPage[reportData](pages, "pages/report.html")

// report is what organizers see.
func (w *Web) report(c *web.Call) error {
	if !id.Valid(c.Param("id")) {
		return web.ErrNotFound()
	}
	e, err := w.Events.Edits(c, id.Event(c.Param("id")))
	if err != nil {
		return err
	}
	r, err := w.Report(c.Context(), e.ID)
	if err != nil {
		return err
	}
	d := reportData{Event: e, Over: !e.End.After(c.Now()), Report: r}
	for _, q := range questions {
		x := counted{Name: c.Locale.T(q.name)}
		for _, o := range q.options {
			x.Answers = append(x.Answers, web.Choice{Label: c.Locale.T(o.name), Value: c.Locale.Number(int64(r.people(q.code, o.code)))})
		}
		d.Counted = append(d.Counted, x)
	}
	for _, t := range r.Texts {
		d.Texts = append(d.Texts, text{strings.Split(t, "\n")})
	}
	c.Header().Set("Cache-Control", "no-store")
	return reportPage.Render(c, d)
}

func (r Report) people(question, answer string) int {
	for _, t := range r.Totals {
		if t.Question == question && t.Answer == answer {
			return t.People
		}
	}
	return 0
}
