package rides

import (
	"embed"
	"html/template"
	"strconv"
	"strings"
	"time"

	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Events tells about events.
type Events interface {
	// Brief is an event that the actor may know of.
	Brief(c *web.Call, e id.Event) (Event, error)
	// Held is any event, for somebody who has signed up for it.
	Held(c *web.Call, e id.Event) (Event, error)
	// Edits is an event that the actor may edit; others are refused.
	Edits(c *web.Call, e id.Event) (Event, error)
}

// Web is the feature's pages.
type Web struct {
	*Service
	Events Events
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	const mine = "/events/{id}/attend/{secret}/ride"
	site.Handle("GET "+mine, w.mine)
	site.Handle("GET "+mine+"/offer", w.offerForm)
	site.Handle("POST "+mine+"/offer", w.offer)
	site.Handle("POST "+mine+"/withdraw", w.act(Wish{Withdraw: true}))
	site.Handle("GET "+mine+"/need", w.needForm)
	site.Handle("POST "+mine+"/need", w.need)
	site.Handle("POST "+mine+"/drop", w.act(Wish{Drop: true}))
	site.Handle("POST "+mine+"/take", w.take)
	site.Handle("POST "+mine+"/say", w.say)
	site.Handle("POST "+mine+"/report", w.report)
	site.Handle("POST "+mine+"/seen", w.seen)
	w.mountDesk(site)
}

// path is the address of a holder's ride page.
func path(c *web.Call) string {
	return "/events/" + c.Param("id") + "/attend/" + c.Param("secret") + "/ride"
}

// held is the event of the address, for whoever holds its secret.
func (w *Web) held(c *web.Call) (Event, Mine, error) { return w.heldFrom(c, nil) }

func (w *Web) heldFrom(c *web.Call, near *Town) (Event, Mine, error) {
	ev, err := w.event(c)
	if err != nil {
		return ev, Mine{}, err
	}
	m, err := w.Mine(c.Context(), &ev, c.Param("secret"), near)
	return ev, m, err
}

// event is the one of the address, once its secret is known to open a sign-up:
// it may be hidden from everybody else.
func (w *Web) event(c *web.Call) (Event, error) {
	if !id.Valid(c.Param("id")) || !id.ValidSecret(c.Param("secret")) {
		return Event{}, fault.NotFound("ride.no_sign_up", "This private link fits no sign-up.")
	}
	e := id.Event(c.Param("id"))
	if err := w.Exists(c.Context(), e, c.Param("secret")); err != nil {
		return Event{}, err
	}
	return w.Events.Held(c, e)
}

type mineData struct {
	Event  Event
	Path   string // of this page
	Home   string // of the private page before it
	Closed string // why nothing can be arranged, or ""
	Saved  bool
	Form   *web.Form // what was refused
	Search *web.Form
	Near   string
	Offer  offerView
	Offers bool
	Riders []riderView
	Told   []messageView
	Need   *Need
	Open   int // seats that they still look for
	Seats  []seatView
	News   []newsView
	Found  []offerView
	Waits  bool
	Free   int
	TooFew bool // they have more seats than their party is now
	Stray  bool // what was refused is not on the page
	Say    []web.Choice
}

var minePage = web.NewPage[mineData](pages, "pages/mine.html", "pages/parts.html")

// mine is the ride page of somebody who signed up.
func (w *Web) mine(c *web.Call) error { return w.showMine(c, c.NewForm(), "") }

// showMine shows it with what was refused about an offer.
func (w *Web) showMine(c *web.Call, f *web.Form, failed string) error {
	search := c.NewForm().Set("from", c.Query().Get("from"))
	near := w.searched(search)
	ev, m, err := w.heldFrom(c, near)
	if err != nil {
		return err
	}
	l := c.Locale
	d := mineData{
		Event: ev, Path: path(c), Home: strings.TrimSuffix(path(c), "/ride"), Saved: c.Query().Has("saved"), Form: f, Search: search, Need: m.Need, Waits: !m.Holder.Going, Free: m.Free,
		News: viewNews(l, m.News), Closed: closedText(l, ev.Takes(c.Now())), Say: sayChoices(l), Stray: failed != "",
	}
	if near != nil {
		d.Near = near.Label
	}
	had := 0
	if m.Need != nil {
		d.Open, had = m.Need.Seats-m.Need.Taken, m.Need.Taken
	}
	d.TooFew = had > m.Holder.Party
	if m.Offer != nil {
		d.Offers, d.Offer = true, viewOffer(c, m.Offer, &ev)
		d.Riders, d.Told, d.Offer.Key = viewRiders(c, m.Riders, m.Offer.Town), viewMessages(c, m.Told, m.Offer.Town), c.NewKey()
	}
	mark := func(v *offerView, seats int) {
		v.Want = seats
		if v.ID == failed {
			v.Failed, v.Wrong, v.Typed, d.Stray = true, f.Error("seats"), f.Raw("seats"), false
		}
	}
	for i := range m.Seats {
		v := viewSeat(c, &m.Seats[i], &ev)
		mark(&v.Offer, v.Seats)
		d.Seats = append(d.Seats, v)
	}
	for i := range m.Found {
		v := viewOffer(c, &m.Found[i].Offer, &ev)
		if v.Town != d.Near && m.Found[i].Km >= 1 {
			v.Km = l.Kilometers(m.Found[i].Km)
		}
		mark(&v, max(1, min(m.Free, v.Free)))
		d.Found = append(d.Found, v)
	}
	c.Header().Set("Cache-Control", "no-store")
	if search.Failed() && !f.Failed() {
		return minePage.RenderForm(c, search, d)
	}
	return minePage.RenderForm(c, f, d)
}

// searched is the town that somebody looks from, nil for none. One that is not
// found is said beside the field.
func (w *Web) searched(f *web.Form) *Town {
	typed := f.Line("from")
	if typed == "" {
		return nil
	}
	if len(typed) <= 2*maxTown {
		if found := towns(w.Places, typed); len(found) > 0 {
			return &found[0]
		}
	}
	f.Fail("from", "This town was not found. Try the nearest larger one; a street or a whole region does not help.")
	return nil
}

type offerData struct {
	Event  Event
	Path   string
	Form   *web.Form
	Towns  []web.Choice // when several have the name
	Back   []web.Choice
	Wheels []web.Choice
	Exists bool
	Taken  int
	Zone   string
}

var offerPage = web.NewPage[offerData](pages, "pages/offer.html", "pages/parts.html")

// fillOffer is a form as an offer has it.
func fillOffer(f *web.Form, o *Offer, ev *Event) *web.Form {
	f.Set("from", o.Town.Label).Set("meeting", o.Meeting).Set("note", o.Note).Set("seats", strconv.Itoa(o.Seats)).
		Set("date", o.Leaves.Format(time.DateOnly)).Set("time", o.Leaves.Format("15:04"))
	if o.Wheelchair {
		f.Set("wheelchair", "1")
	}
	if !o.Back.IsZero() {
		back := o.Back.In(ev.Start.Location())
		f.Set("back", "1").Set("back_date", back.Format(time.DateOnly)).Set("back_time", back.Format("15:04"))
	}
	return f
}

func readOffer(f *web.Form) OfferInput {
	return OfferInput{
		From: f.Line("from"), Pick: f.Line("pick"), Meeting: f.Line("meeting"), Date: f.Line("date"), Time: f.Line("time"),
		Back: f.Has("back", "1"), BackDate: f.Line("back_date"), BackTime: f.Line("back_time"), Seats: f.Line("seats"),
		Wheelchair: f.Has("wheelchair", "1"), Note: f.Line("note"),
	}
}

// offerForm is where somebody offers seats, or changes what they offer.
func (w *Web) offerForm(c *web.Call) error {
	ev, m, err := w.held(c)
	if err != nil {
		return err
	}
	f := c.NewForm().Set("date", ev.Start.Format(time.DateOnly))
	if m.Need != nil {
		f.Set("from", m.Need.Town.Label)
	}
	if m.Offer != nil {
		fillOffer(f, m.Offer, &ev)
	} else if err := ev.Takes(c.Now()); err != nil {
		return err
	}
	return w.showOffer(c, ev, m, f, nil)
}

func (w *Web) showOffer(c *web.Call, ev Event, m Mine, f *web.Form, refused error) error {
	d := offerData{Event: ev, Path: path(c), Form: f, Exists: m.Offer != nil}
	if m.Offer != nil {
		d.Taken = m.Offer.Taken
	}
	d.Towns, d.Back, d.Wheels = w.which(f, refused), backChoice(c, f), wheelChoice(c, f)
	c.Header().Set("Cache-Control", "no-store")
	return offerPage.RenderForm(c, f, d)
}

func backChoice(c *web.Call, f *web.Form) []web.Choice {
	return f.Choose("back", []web.Choice{{Value: "1", Label: c.Locale.T("I also drive back, and take people along")}})
}

func wheelChoice(c *web.Call, f *web.Form) []web.Choice {
	return f.Choose("wheelchair", []web.Choice{{Value: "1", Label: c.Locale.T("There is space for a wheelchair")}})
}

// which asks for the town that is meant, when several have its name. One that
// was chosen stays chosen while something else is wrong.
func (w *Web) which(f *web.Form, refused error) []web.Choice {
	if pick := f.Line("pick"); pick != "" && f.Error("from") == "" && f.Failed() {
		return []web.Choice{{Value: pick, Label: pick, On: true}}
	}
	if !hasField(refused, "ride.town_which") {
		return nil
	}
	var out []web.Choice
	for _, t := range towns(w.Places, f.Line("from")) {
		out = append(out, web.Choice{Value: t.Label, Label: t.Label})
	}
	return out
}

func hasField(err error, code string) bool {
	e := fault.Of(err)
	if e == nil {
		return false
	}
	for _, f := range e.Fields {
		if f.Code == code {
			return true
		}
	}
	return false
}

func (w *Web) offer(c *web.Call) error {
	ev, m, err := w.held(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	in := readOffer(f)
	err = w.Arrange(c.Context(), &ev, c.Param("secret"), Wish{Offer: &in})
	if f.Accepts(err) {
		return w.showOffer(c, ev, m, f, err)
	}
	return done(c, err)
}

// done goes back to the ride page.
func done(c *web.Call, err error) error {
	if err != nil {
		return err
	}
	return c.SeeOther(path(c) + "?saved=1")
}

type needData struct {
	Event  Event
	Path   string
	Form   *web.Form
	Towns  []web.Choice
	Exists bool
}

var needPage = web.NewPage[needData](pages, "pages/need.html", "pages/parts.html")

// needForm is where somebody says how many seats they look for.
func (w *Web) needForm(c *web.Call) error {
	ev, m, err := w.held(c)
	if err != nil {
		return err
	}
	if err := ev.Takes(c.Now()); err != nil {
		return err
	}
	f := c.NewForm().Set("seats", strconv.Itoa(m.Holder.Party))
	if m.Need != nil {
		f.Set("from", m.Need.Town.Label).Set("seats", strconv.Itoa(m.Need.Seats))
	}
	return w.showNeed(c, ev, m, f, nil)
}

func (w *Web) showNeed(c *web.Call, ev Event, m Mine, f *web.Form, refused error) error {
	c.Header().Set("Cache-Control", "no-store")
	return needPage.RenderForm(c, f, needData{Event: ev, Path: path(c), Form: f, Towns: w.which(f, refused), Exists: m.Need != nil})
}

func (w *Web) need(c *web.Call) error {
	ev, m, err := w.held(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	in := NeedInput{From: f.Line("from"), Pick: f.Line("pick"), Seats: f.Line("seats")}
	err = w.Arrange(c.Context(), &ev, c.Param("secret"), Wish{Need: &in})
	if f.Accepts(err) {
		return w.showNeed(c, ev, m, f, err)
	}
	return done(c, err)
}

// act is a form with nothing but a button.
func (w *Web) act(wish Wish) func(c *web.Call) error {
	return func(c *web.Call) error {
		ev, err := w.event(c)
		if err != nil {
			return err
		}
		return done(c, w.Arrange(c.Context(), &ev, c.Param("secret"), wish))
	}
}

// take sets how many seats of a ride somebody has.
func (w *Web) take(c *web.Call) error {
	ev, err := w.event(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	offer := f.Line("offer")
	n, ok := f.Int("seats")
	switch {
	case f.Has("leave", "1"):
		n = 0
	case !ok || n < 1 || n > maxParty:
		f.Fail("seats", "Write how many seats you need, from 1 to {max}.", "max", maxParty)
		return w.showMine(c, f, offer)
	}
	err = w.Arrange(c.Context(), &ev, c.Param("secret"), Wish{Seats: map[string]int{offer: n}})
	if f.Accepts(err) {
		return w.showMine(c, f, offer)
	}
	return done(c, err)
}

func (w *Web) say(c *web.Call) error {
	return w.small(c, func(ev *Event, f *web.Form) error {
		return w.Send(c.Context(), ev, c.Param("secret"), f.Line("offer"), f.Line("key"), f.Line("say"))
	})
}

func (w *Web) report(c *web.Call) error {
	return w.small(c, func(ev *Event, f *web.Form) error {
		return w.Report(c.Context(), ev, c.Param("secret"), f.Line("offer"))
	})
}

func (w *Web) seen(c *web.Call) error {
	return w.small(c, func(ev *Event, _ *web.Form) error { return w.Seen(c.Context(), ev, c.Param("secret")) })
}

// small is a form of the ride page whose refusal is shown above it.
func (w *Web) small(c *web.Call, do func(ev *Event, f *web.Form) error) error {
	ev, err := w.event(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = do(&ev, f)
	if f.Accepts(err) {
		return w.showMine(c, f, "")
	}
	return done(c, err)
}

type heldData struct {
	Path  string
	Brief Brief
}

var heldPage = web.NewPage[heldData](pages, "pages/held.html")

// HeldPanel is the part of the private page of a sign-up; to is the address of
// the ride page behind it.
func (w *Web) HeldPanel(c *web.Call, e id.Event, hash []byte, to string) (template.HTML, error) {
	b, err := w.BriefOf(c.Context(), e, hash)
	if err != nil {
		return "", err
	}
	return heldPage.Fragment(c, heldData{to, b})
}

type panelData struct {
	Towns []totalView
	More  bool
}

var panelPage = web.NewPage[panelData](pages, "pages/panel.html")

// maxPanel is how many towns the event's page names.
const maxPanel = 20

// Panel is the part of the event's page: totals of towns, until it begins.
func (w *Web) Panel(c *web.Call, ev *Event) (template.HTML, error) {
	if ev.Takes(c.Now()) != nil {
		return "", nil
	}
	all, err := w.Totals(c.Context(), ev.ID)
	if err != nil || len(all) == 0 {
		return "", err
	}
	return panelPage.Fragment(c, panelData{publicTotals(c.Locale, all[:min(len(all), maxPanel)]), len(all) > maxPanel})
}
