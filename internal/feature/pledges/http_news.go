package pledges

import (
	"html/template"
	"net/http"
	"time"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record/leaf"
	"convoke/internal/web"
)

// Limiter slows a flood.
type Limiter interface {
	Allow(bucket, subject string) (ok bool, retryAfter time.Duration)
}

type newsData struct {
	Form      *web.Form
	Pledge    Pledge
	URL       string
	Sent      bool // a mail is on its way, as far as anybody may know
	Link      bool // opened by the link of a mail
	Confirmed bool
	Ends      string
}

var subscribePage = web.NewPage[newsData](pages, "pages/news.html")

func (w *Web) newsPage(c *web.Call, f *web.Form, d newsData) error {
	d.Form, d.URL = f, urlOf(&d.Pledge)
	d.Ends = moment(c.Locale, &d.Pledge, d.Pledge.Deadline.Add(newsFor))
	c.Header().Set("Cache-Control", "no-store")
	return subscribePage.RenderForm(c, f, d)
}

// public is the pledge of the address.
func (w *Web) public(c *web.Call) (p Pledge, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		p, _, err = w.load(c.Context(), tx, c.Actor(), c.Param("slug"))
		return err
	})
	return p, err
}

// newsOpen reports whether somebody can ask to hear of p.
func (w *Web) newsOpen(p *Pledge, now time.Time) bool {
	return w.News != nil && p.State == Open && p.takes(now)
}

func (w *Web) newsForm(c *web.Call) error {
	p, err := w.public(c)
	if err != nil {
		return err
	}
	if !w.newsOpen(&p, c.Now()) {
		return errNoNews()
	}
	return w.newsPage(c, c.NewForm(), newsData{Pledge: p})
}

func (w *Web) subscribe(c *web.Call) error {
	p, err := w.public(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if ok, wait := w.Limiter.Allow("link", w.Client(c)); !ok {
		return fault.After(fault.RateLimited("pledge.often", "These were very many addresses. Please wait a few minutes. Nothing was recorded."), wait)
	}
	err = w.Subscribe(c.Context(), c.Actor(), p.Slug, f.Line("email"), c.Locale.Tag())
	if f.Accepts(err) {
		return w.newsPage(c, f, newsData{Pledge: p})
	}
	if err != nil {
		return err
	}
	return w.newsPage(c, f, newsData{Pledge: p, Sent: true})
}

// newsLink shows what the link of a mail does; only its buttons do it, because
// mail programs open links by themselves.
func (w *Web) newsLink(c *web.Call) error {
	var d newsData
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		p, x, err := w.link(c.Context(), tx, c.Actor(), c.Param("slug"), c.Param("secret"))
		d = newsData{Pledge: p, Link: true, Confirmed: x.confirmed}
		return err
	})
	if err != nil {
		return err
	}
	return w.newsPage(c, c.NewForm(), d)
}

func (w *Web) followLink(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	slug, secret := c.Param("slug"), c.Param("secret")
	if f.OneClick() {
		if err := w.Unsubscribe(c.Context(), c.Actor(), slug, secret); err != nil && !fault.Is(err, fault.KindNotFound) {
			return err
		}
		return c.Write(http.StatusOK, "text/plain; charset=utf-8", nil)
	}
	switch f.Line("do") {
	case "confirm":
		if err := w.Confirm(c.Context(), c.Actor(), slug, secret); err != nil {
			return err
		}
		return c.SeeOther("/pledges/" + slug + "/news/" + secret)
	case "leave":
		if err := w.Unsubscribe(c.Context(), c.Actor(), slug, secret); err != nil {
			return err
		}
		return c.SeeOther("/pledges/" + slug)
	}
	return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
}

var afterPage = web.NewPage[string](pages, "pages/after.html")

// After is shown once to who has pledged: that they can hear when it happens.
func (w *Web) After(c *web.Call, b leaf.ID) (template.HTML, error) {
	p, err := w.ForTake(c.Context(), c.Actor(), b)
	if err != nil || !w.newsOpen(&p, c.Now()) {
		return "", err
	}
	return afterPage.Fragment(c, urlOf(&p)+"/news")
}
