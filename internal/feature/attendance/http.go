package attendance

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"net/url"
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
	Start    time.Time // in the zone of the place, for the stub
	End      time.Time
	Datetime string
	ThisYear bool
	Day      string
	When     string
	Where    string
	State    string
	Was      string // old and new time and place of what was moved or postponed
}

// Events tells about events that the actor may know of.
type Events interface {
	Brief(c *web.Call, e id.Event) (Brief, error)
	// Held tells about any event, for somebody who has signed up for it: they can
	// change and cancel also while it is hidden.
	Held(c *web.Call, e id.Event) (Brief, error)
	// Edits is Brief for somebody who may edit the event; others are refused.
	Edits(c *web.Call, e id.Event) (Brief, error)
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
	// Panels are shown on the private page.
	Panels []HeldPanel
	// Door is what a holder shows at the door: a code to read out, and the address
	// for its picture. nil where nobody is checked in.
	Door func(c *web.Call, h Holder) (code, address string)
	// Named lists who may see the sign-ups of an event; nil is nobody.
	Named NamedFunc
	// Legal is who helps when somebody is arrested at an event, "" when nothing is
	// said; nil where nobody knows.
	Legal func(ctx context.Context, e id.Event) (string, error)
	// Places knows exact places; nil where nobody does.
	Places Places
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /events/{id}/attend", w.form)
	site.Handle("POST /events/{id}/attend", w.signUp)
	site.Handle("GET /events/{id}/attend/{secret}", w.mine)
	site.Handle("POST /events/{id}/attend/{secret}", w.change)
	site.Handle("POST /events/{id}/attend/{secret}/cancel", w.cancel)
	site.Handle("GET /events/{id}/attend/{secret}/qr.png", w.qr)
	site.Handle("GET /events/{id}/attend/{secret}/door.png", w.doorPicture)
	site.Handle("GET /events/{id}/attend/{secret}/times.ics", w.calendar)
	site.Handle("GET /events/{id}/attend/{secret}/event.ics", w.eventCalendar)
	site.Handle("GET /events/{id}/coming/{answer}", w.asked)
	site.Handle("POST /events/{id}/coming/{answer}", w.answer)
	site.Handle("GET /events/{id}/messages", w.messages)
	site.Handle("POST /events/{id}/messages", w.setReminders)
	site.Handle("POST /events/{id}/messages/notice", w.tellAll)
	site.Handle("GET /events/{id}/timeslots", w.slots)
	site.Handle("POST /events/{id}/timeslots", w.addSlot)
	site.Handle("GET /events/{id}/timeslots/fill", w.fillForm)
	site.Handle("POST /events/{id}/timeslots/fill", w.fill)
	site.Handle("GET /events/{id}/rota", w.rota)
	site.Handle("GET /events/{id}/timeslots/{slot}", w.slot)
	site.Handle("POST /events/{id}/timeslots/{slot}", w.changeSlot)
	site.Handle("POST /events/{id}/timeslots/{slot}/remove", w.removeSlot)
}

type formData struct {
	Event Brief
	Form  *web.Form
	Key   string
	Full  bool
	Free  int
	Limit bool
	Needs []web.Choice
	Slots []web.Choice
	Mail  bool
	oneDay
	Named template.HTML // who can see sign-ups
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
	f := c.NewForm().Set("party", "1").Set("day", c.Query().Get("day"))
	if s := c.Query().Get("slot"); validSlot(s) {
		f.Set("slot", s)
	}
	return w.show(c, b, f, c.NewKey())
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
	named, err := w.named(c, b.ID, nil)
	if err != nil {
		return err
	}
	r := roster{Capacity: n.Capacity, Going: n.Going, Waiting: n.Waiting}
	c.Header().Set("Cache-Control", "no-store")
	all := n.Slots
	day := signUpDay(c, f, b, all)
	if day.ask {
		return w.when(c, b, day.Days)
	}
	n.Slots = day.of(b, all)
	return formPage.RenderForm(c, f, formData{
		Event: b, Form: f, Key: key, Limit: n.Capacity > 0, Free: max(0, r.free()), Full: r.place(1) == Waiting,
		Needs: choices(c.Locale, f), Slots: slotChoices(c, f, n.Slots, b.Start.Location()), Mail: w.Mail, oneDay: day, Named: named,
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
	in := Input{Party: party, Needs: f.All("need"), Slots: f.All("slot"), Lang: c.Locale.Tag()}
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
	if !id.Valid(c.Param("id")) {
		return web.ErrNotFound()
	}
	e, key := id.Event(c.Param("id")), f.Line("key")
	if err := w.limit(c, e); err != nil {
		return err
	}
	// The roster knows all that decides. The event is only asked for when there is
	// something to say, because that read is a quarter of a sign-up's cost.
	_, err = w.SignUp(c.Context(), e, key, w.read(c, f))
	if err == nil {
		return c.SeeOther(link(e, key) + "?new=1")
	}
	b, absent := w.eventOf(c)
	if absent != nil {
		return absent
	}
	if f.Accepts(err) {
		return w.show(c, b, f, key)
	}
	return err
}

func link(e id.Event, secret string) string { return "/events/" + string(e) + "/attend/" + secret }

type mineData struct {
	Event  Brief
	Record Record
	Form   *web.Form
	Needs  []web.Choice
	Slots  []web.Choice
	Chosen []slotView
	Told   []noticeView
	Mail   bool
	Link   string // in full, shown only right after signing up
	Path   string
	Saved  bool
	Named  template.HTML // who can see sign-ups
	Panels []template.HTML
	oneDay
	Code  string // for the door; "" where nobody is checked in
	Legal string // who helps when somebody is arrested; "" when nothing is said
	Place HeldPlace
}

var minePage = web.NewPage[mineData](pages, "pages/mine.html", "pages/parts.html", "pages/day_parts.html")

// mine is the private page of one sign-up.
func (w *Web) mine(c *web.Call) error {
	b, rec, err := w.find(c)
	if err != nil {
		return err
	}
	f := c.NewForm().Set("party", strconv.Itoa(rec.Party)).Set("need", rec.Needs...).Set("email", rec.Email).Set("day", c.Query().Get("day"))
	for _, s := range rec.Slots {
		f.Set("slot", append(f.All("slot"), s.ID)...)
	}
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
	all, err := w.Slots(c.Context(), b.ID)
	if err != nil {
		return err
	}
	if d.Told, err = w.notices(c, b); err != nil {
		return err
	}
	if d.Named, err = w.named(c, b.ID, id.Hash(c.Param("secret"))); err != nil {
		return err
	}
	if d.Panels, err = w.panels(c, b, rec, path); err != nil {
		return err
	}
	d.oneDay = heldDay(c, f, b, all, rec.Slots, path)
	d.Code, _ = w.doorCode(c, b.ID, rec)
	d.Slots, d.Chosen = slotChoices(c, f, d.of(b, all), b.Start.Location()), chosenViews(c, rec.Slots, b.Start.Location())
	if d.Place, err = w.place(c, b, rec); err != nil {
		return err
	}
	if w.Legal != nil {
		if d.Legal, err = w.Legal(c.Context(), b.ID); err != nil {
			return err
		}
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
	in, day := w.read(c, f), f.Line("day")
	if day != "" { // the form has shown that day only
		in.Part = func(s *Slot) bool { return s.day(b.zone()) == day }
	}
	err = w.Change(c.Context(), b.ID, c.Param("secret"), in)
	if f.Accepts(err) {
		return w.render(c, b, rec, f)
	}
	if err != nil {
		return err
	}
	to := link(b.ID, c.Param("secret")) + "?saved=1"
	if day != "" {
		to += "&day=" + url.QueryEscape(day)
	}
	return c.SeeOther(to)
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

// qr is the private link as a picture, for those who print it.
func (w *Web) qr(c *web.Call) error {
	e, secret := id.Event(c.Param("id")), c.Param("secret")
	if err := w.Exists(c.Context(), e, secret); err != nil {
		return err
	}
	return picture(c, c.BaseURL()+link(e, secret))
}

func picture(c *web.Call, address string) error {
	code, err := qr.Encode(address, qr.M)
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
	Slots      []slotView
	Rota, More bool // there is a rota, with more than is shown
	Over       bool
}

var panelPage = web.NewPage[panelData](pages, "pages/panel.html")

// Panel is the box on the event's page. end is in the zone of its place.
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
	d.Needs = needChoices(c.Locale, n.Needs)
	d.Rota = manyDays(n.Slots, end.Location())
	next := nextDays(n.Slots, end.Location(), c.Now())
	d.More = next.more
	for i := range next.slots {
		d.Slots = append(d.Slots, viewSlot(c, &next.slots[i], end.Location()))
	}
	return panelPage.Fragment(c, d)
}
