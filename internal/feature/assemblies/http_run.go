package assemblies

import (
	"strconv"

	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// What somebody does with their own hand.
const (
	HandUp    = "up"
	HandAgain = "again"
	HandDown  = "down"
)

// handDo does what a form of one's own hand says.
func (w *Web) handDo(c *web.Call, f *web.Form, aid ID, r room) error {
	switch f.Line("do") {
	case HandUp:
		if r.Hand == "" {
			return w.RaiseHand(c.Context(), aid, r, f.Line("key"), f.Line("name"))
		}
	case HandAgain:
		return w.AgainHand(c.Context(), aid, r)
	case HandDown:
		return w.LowerHand(c.Context(), aid, r)
	}
	return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
}

// slow bounds what comes by links from one corner of the network.
func (w *Web) slow(c *web.Call) error {
	if ok, wait := w.Limiter.Allow("hand", w.Client(c)); !ok {
		return fault.After(fault.RateLimited("assembly.hand_often", "Very many hands went up from your connection. Please try again in a few minutes."), wait)
	}
	return nil
}

type runData struct {
	Form     *web.Form
	Assembly Assembly
	URL      string
	Key      string
	Now      nowView
	Next     string // the item that would come next
	Door     string // address for those without an account
	Count    string
	Open     bool // it can be opened
}

var runPage = web.NewPage[runData](pages, "pages/run.html", "pages/parts.html")

func (w *Web) runForm(c *web.Call) error { return w.runShow(c, c.NewForm()) }

func (w *Web) runShow(c *web.Call, f *web.Form) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	r, err := w.Look(c.Context(), ID(c.Param("id")), room{By: c.Actor()}, nil)
	if err != nil {
		return err
	}
	if err := runs(c.Actor())(r.Seat); err != nil {
		return err
	}
	a := &r.Assembly
	d := runData{Form: f, Assembly: *a, URL: a.url(), Key: c.NewKey(), Now: nowOf(c.Locale, &r), Open: a.State == Called}
	if _, begun := r.Agenda.next(); begun >= 0 {
		d.Next = r.Agenda[begun].Title
	}
	if r.Door != "" && a.Public {
		d.Door = c.BaseURL() + a.url() + "/door/" + r.Door
	}
	if a.People >= 0 {
		d.Count = c.Locale.Number(int64(a.People))
	}
	if !f.Failed() {
		f.Set("people", "")
	}
	c.Header().Set("Cache-Control", "no-store")
	return runPage.RenderForm(c, f, d)
}

func (w *Web) run(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	aid := ID(c.Param("id"))
	if !id.Valid(string(aid)) {
		return web.ErrNotFound()
	}
	step, err := strconv.Atoi(f.Line("step"))
	if err != nil {
		step = -1 // follows on nothing
	}
	err = w.Run(c.Context(), c.Actor(), aid, RunInput{Form: f.Line("key"), Step: step, Do: f.Line("do"), People: f.Line("people")})
	if f.Accepts(err) {
		return w.runShow(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/assemblies/" + string(aid) + "/run")
}
