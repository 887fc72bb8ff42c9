package ladders

import (
	"net/http"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/web"
)

type newsData struct {
	Form      *web.Form
	Campaign  Campaign
	URL       string
	Sent      bool // a mail is on its way, as far as anybody may know
	Link      bool // opened by the link of a mail
	Confirmed bool
	Days      int
}

var subscribePage = web.NewPage[newsData](pages, "pages/news.html")

func (w *Web) newsPage(c *web.Call, f *web.Form, d newsData) error {
	d.Form, d.URL, d.Days = f, urlOf(&d.Campaign), int(newsFor.Hours()/24)
	c.Header().Set("Cache-Control", "no-store")
	return subscribePage.RenderForm(c, f, d)
}

// public is the ladder of the address.
func (w *Web) public(c *web.Call) (d *Ladder, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		d, err = w.find(c.Context(), tx, c.Actor(), c.Param("handle"))
		return err
	})
	return d, err
}

func (w *Web) newsForm(c *web.Call) error {
	d, err := w.public(c)
	if err != nil {
		return err
	}
	if !w.newsOpen(d) {
		return errNoNews()
	}
	return w.newsPage(c, c.NewForm(), newsData{Campaign: d.Of})
}

func (w *Web) subscribe(c *web.Call) error {
	d, err := w.public(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if ok, wait := w.Limiter.Allow("link", w.Client(c)); !ok {
		return fault.After(fault.RateLimited("ladder.often", "These were very many addresses. Please wait a few minutes. Nothing was recorded."), wait)
	}
	err = w.Subscribe(c.Context(), c.Actor(), d.Of.Handle, f.Line("email"), c.Locale.Tag())
	if f.Accepts(err) {
		return w.newsPage(c, f, newsData{Campaign: d.Of})
	}
	if err != nil {
		return err
	}
	return w.newsPage(c, f, newsData{Campaign: d.Of, Sent: true})
}

// newsLink shows what the link of a mail does; only its buttons do it, because mail
// programs open links by themselves.
func (w *Web) newsLink(c *web.Call) error {
	var n newsData
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		d, x, err := w.link(c.Context(), tx, c.Actor(), c.Param("handle"), c.Param("secret"))
		if err != nil {
			return err
		}
		n = newsData{Campaign: d.Of, Link: true, Confirmed: x.confirmed}
		return nil
	})
	if err != nil {
		return err
	}
	return w.newsPage(c, c.NewForm(), n)
}

func (w *Web) followLink(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	handle, secret := c.Param("handle"), c.Param("secret")
	if f.OneClick() {
		if err := w.Unsubscribe(c.Context(), c.Actor(), handle, secret); err != nil && !fault.Is(err, fault.KindNotFound) {
			return err
		}
		return c.Write(http.StatusOK, "text/plain; charset=utf-8", nil)
	}
	switch f.Line("do") {
	case "confirm":
		if err := w.Confirm(c.Context(), c.Actor(), handle, secret); err != nil {
			return err
		}
		return c.SeeOther("/campaigns/" + handle + "/ladder/news/" + secret)
	case "leave":
		if err := w.Unsubscribe(c.Context(), c.Actor(), handle, secret); err != nil {
			return err
		}
		return c.SeeOther("/campaigns/" + handle + "/ladder")
	}
	return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
}
