package mailings

import (
	"embed"
	"time"

	"convoke/internal/fault"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Limiter slows a flood.
type Limiter interface {
	Allow(bucket, subject string) (ok bool, retryAfter time.Duration)
}

// Web is the feature's pages.
type Web struct {
	*Service
	Limiter Limiter
	// Client names the corner of the network that a request comes from, or "".
	Client func(c *web.Call) string
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /mailings", w.form)
	site.Handle("POST /mailings", w.ask)
	site.Handle("GET /mailings/{link}", w.show)
	site.Handle("POST /mailings/{link}", w.leave)
}

type askData struct {
	Form *web.Form
	Mail bool // the node sends mail
	Sent bool // a message is on its way, as far as anybody may know
}

var askPage = web.NewPage[askData](pages, "pages/ask.html")

func (w *Web) form(c *web.Call) error { return w.askPage(c, c.NewForm(), false) }

func (w *Web) askPage(c *web.Call, f *web.Form, sent bool) error {
	return askPage.RenderForm(c, f, askData{Form: f, Mail: w.Sender != nil, Sent: sent})
}

func (w *Web) ask(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := w.slowed(c); err != nil {
		return err
	}
	err = w.Ask(c.Context(), f.Line("email"), c.Locale.Tag())
	if err != nil && !f.Accepts(err) {
		return err
	}
	return w.askPage(c, f, err == nil)
}

func (w *Web) slowed(c *web.Call) error {
	if ok, wait := w.Limiter.Allow("mailings", w.Client(c)); !ok {
		return fault.After(fault.RateLimited("mailings.often", "Too many links were asked for from your network. Please wait a little."), wait)
	}
	return nil
}

type listData struct {
	Form    *web.Form
	Address string
	Sources []Listed
	URL     string
}

var listPage = web.NewPage[listData](pages, "pages/list.html")

func (w *Web) show(c *web.Call) error {
	to, all, err := w.List(c.Context(), c.Param("link"), c.Locale)
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return listPage.Render(c, listData{Form: c.NewForm(), Address: to, Sources: all, URL: "/mailings/" + c.Param("link")})
}

func (w *Web) leave(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	link := c.Param("link")
	if f.Has("do", "all") {
		err = w.LeaveAll(c.Context(), link)
	} else {
		err = w.Leave(c.Context(), link, f.Line("source"), f.Line("ref"))
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/mailings/" + link)
}
