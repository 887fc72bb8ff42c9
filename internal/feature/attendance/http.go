package attendance

import (
	"embed"
	"fmt"
	"html/template"
	"strconv"
	"time"

	"rsc.io/qr"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Brief is what these pages show of an event.
type Brief struct {
	ID       id.Event
	Title    string
	Start    time.Time // local, for the stub
	Datetime string
	ThisYear bool
	Day      string
	When     string
	Where    string
	State    string
}

// Events tells about events that the actor may know of.
type Events interface {
	Brief(c *web.Call, e id.Event) (Brief, error)
	// Held tells about any event, for somebody who has signed up for it: they can
	// change and cancel also while it is hidden.
	Held(c *web.Call, e id.Event) (Brief, error)
}

// Limiter slows a flood from one corner of the network; see package ratelimit.
type Limiter interface {
	Allow(bucket, subject string) (ok bool, retryAfter time.Duration)
}

// Web is the feature's pages.
type Web struct {
	*Service
	Events  Events
	Limiter Limiter
	// Mail says that this node can send e-mail, so asking for an address makes
	// sense.
	Mail bool
	// Client names the corner of the network a request comes from, coarsely; ""
	// when it cannot be told.
	Client func(c *web.Call) string
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /events/{id}/attend", w.form)
	site.Handle("POST /events/{id}/attend", w.signUp)
	site.Handle("GET /events/{id}/attend/{secret}", w.mine)
	site.Handle("POST /events/{id}/attend/{secret}", w.change)
	site.Handle("POST /events/{id}/attend/{secret}/cancel", w.cancel)
	site.Handle("GET /events/{id}/attend/{secret}/qr.png", w.qr)
}

type formData struct {
	Event Brief
	Form  *web.Form
	Key   string
	Full  bool
	Free  int
	Limit bool
	Needs []web.Choice
	Mail  bool
}

var formPage = web.NewPage[formData](pages, "pages/form.html", "pages/parts.html")

func (w *Web) eventOf(c *web.Call) (Brief, error) {
	if !id.Valid(c.Param("id")) {
		return Brief{}, web.ErrNotFound()
	}
	return w.Events.Brief(c, id.Event(c.Param("id")))
}

func (w *Web) form(c *web.Call) error {
	b, err := w.eventOf(c)
	if err != nil {
		return err
	}
	return w.show(c, b, c.NewForm().Set("party", "1"), c.NewKey())
}

func (w *Web) show(c *web.Call, b Brief, f *web.Form, key string) error {
	n, ok, err := w.Numbers(c.Context(), b.ID)
	if err != nil {
		return err
	}
	if !ok {
		return errNoRoster()
	}
	if !n.Open && !f.Failed() {
		return fault.Gone("attendance.closed", "Sign-up for this event is closed. Nothing was recorded.")
	}
	r := roster{Capacity: n.Capacity, Going: n.Going, Waiting: n.Waiting}
	c.Header().Set("Cache-Control", "no-store")
	return formPage.RenderForm(c, f, formData{
		Event: b, Form: f, Key: key, Limit: n.Capacity > 0, Free: max(0, r.free()), Full: r.place(1) == Waiting,
		Needs: choices(c.Locale, f), Mail: w.Mail,
	})
}

func choices(l *i18n.Locale, f *web.Form) []web.Choice {
	var out []web.Choice
	for _, n := range needs {
		out = append(out, web.Choice{Value: n.code, Label: l.T(n.name), On: f.Has("need", n.code)})
	}
	return out
}

func (w *Web) read(c *web.Call, f *web.Form) Input {
	party, _ := f.Int("party")
	in := Input{Party: party, Needs: f.All("need"), Lang: c.Locale.Tag()}
	if w.Mail {
		in.Email = f.Line("email")
	}
	return in
}

// limit slows one corner of the network for one event: its rate is enough for a
// shared connection and too little to fill a hall alone.
func (w *Web) limit(c *web.Call, e id.Event) error {
	who := w.Client(c)
	if who != "" {
		who = string(e) + " " + who
	}
	if ok, wait := w.Limiter.Allow("attend", who); !ok {
		return fault.After(fault.RateLimited("attendance.often",
			"Very many sign-ups came from your connection. Please send this form again in a few minutes; it will not count twice."), wait)
	}
	return nil
}

func (w *Web) signUp(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	// Asked each time: the roster does not know that its group was suspended.
	b, err := w.eventOf(c)
	if err != nil {
		return err
	}
	if err := w.limit(c, b.ID); err != nil {
		return err
	}
	key := f.Line("key")
	_, err = w.SignUp(c.Context(), b.ID, key, w.read(c, f))
	if f.Accepts(err) {
		return w.show(c, b, f, key)
	}
	if err != nil {
		return err
	}
	return c.SeeOther(link(b.ID, key) + "?new=1")
}

func link(e id.Event, secret string) string { return "/events/" + string(e) + "/attend/" + secret }

type mineData struct {
	Event  Brief
	Record Record
	Form   *web.Form
	Needs  []web.Choice
	Mail   bool
	Link   string // in full, shown only right after signing up
	Path   string
	Saved  bool
}

var minePage = web.NewPage[mineData](pages, "pages/mine.html", "pages/parts.html")

// mine is the private page of one sign-up.
func (w *Web) mine(c *web.Call) error {
	b, rec, err := w.find(c)
	if err != nil {
		return err
	}
	f := c.NewForm().Set("party", strconv.Itoa(rec.Party)).Set("need", rec.Needs...).Set("email", rec.Email)
	return w.render(c, b, rec, f)
}

func (w *Web) find(c *web.Call) (Brief, Record, error) {
	if !id.ValidSecret(c.Param("secret")) {
		return Brief{}, Record{}, errNoSignUp()
	}
	e := id.Event(c.Param("id"))
	rec, err := w.Find(c.Context(), e, c.Param("secret"))
	if err != nil {
		return Brief{}, rec, err
	}
	b, err := w.Events.Held(c, e)
	return b, rec, err
}

func (w *Web) render(c *web.Call, b Brief, rec Record, f *web.Form) error {
	path := link(b.ID, c.Param("secret"))
	d := mineData{Event: b, Record: rec, Form: f, Needs: choices(c.Locale, f), Mail: w.Mail, Path: path, Saved: c.Query().Has("saved")}
	if c.Query().Has("new") {
		d.Link = c.BaseURL() + path
	}
	c.Header().Set("Cache-Control", "no-store")
	return minePage.RenderForm(c, f, d)
}

func (w *Web) change(c *web.Call) error {
	b, rec, err := w.find(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.Change(c.Context(), b.ID, c.Param("secret"), w.read(c, f))
	if f.Accepts(err) {
		return w.render(c, b, rec, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther(link(b.ID, c.Param("secret")) + "?saved=1")
}

type cancelledData struct{ Event Brief }

var cancelledPage = web.NewPage[cancelledData](pages, "pages/cancelled.html", "pages/parts.html")

// cancel is answered with a page, not a redirect: the link is gone now.
func (w *Web) cancel(c *web.Call) error {
	e := id.Event(c.Param("id"))
	show := w.Events.Held
	if err := w.Cancel(c.Context(), e, c.Param("secret")); fault.Is(err, fault.KindNotFound) {
		show = w.Events.Brief // sent twice: it is cancelled, and who asks holds nothing now
	} else if err != nil {
		return err
	}
	b, err := show(c, e)
	if err != nil {
		return err
	}
	return cancelledPage.Render(c, cancelledData{b})
}

// qr is the private link as a picture, for the printed card.
func (w *Web) qr(c *web.Call) error {
	e, secret := id.Event(c.Param("id")), c.Param("secret")
	if err := w.Exists(c.Context(), e, secret); err != nil {
		return err
	}
	code, err := qr.Encode(c.BaseURL()+link(e, secret), qr.M)
	if err != nil {
		return fmt.Errorf("encode qr: %w", err)
	}
	return c.Write(200, "image/png", code.PNG())
}

type panelData struct {
	Event      id.Event
	Open       bool
	Limit      bool
	Going      int
	Free       int
	Waiting    int
	Full       bool
	SeeNumbers bool
	Needs      []web.Choice
	Over       bool
}

var panelPage = web.NewPage[panelData](pages, "pages/panel.html")

// Panel is the box on the event's page.
func (w *Web) Panel(c *web.Call, e id.Event, end time.Time, seeNumbers bool) (template.HTML, error) {
	n, ok, err := w.Numbers(c.Context(), e)
	if err != nil || !ok {
		return "", err
	}
	r := roster{Capacity: n.Capacity, Going: n.Going, Waiting: n.Waiting}
	d := panelData{
		Event: e, Open: n.Open, Limit: n.Capacity > 0, Going: n.Going, Free: max(0, r.free()), Waiting: n.Waiting,
		Full: r.place(1) == Waiting, SeeNumbers: seeNumbers, Over: !end.After(c.Now()),
	}
	for _, x := range n.Needs {
		for _, k := range needs {
			if k.code == x.Code {
				d.Needs = append(d.Needs, web.Choice{Label: c.Locale.T(k.name), Value: c.Locale.Number(int64(x.People))})
			}
		}
	}
	return panelPage.Fragment(c, d)
}
