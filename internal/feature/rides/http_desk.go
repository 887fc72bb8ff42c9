package rides

import (
	"time"

	"convoke/internal/id"
	"convoke/internal/web"
)

func (w *Web) mountDesk(site *web.Site) {
	site.Handle("GET /events/{id}/rides", w.desk)
	site.Handle("POST /events/{id}/rides", w.addBus)
	site.Handle("POST /events/{id}/rides/{offer}/remove", w.remove)
	site.Handle("POST /events/{id}/rides/{offer}/keep", w.keep)
	site.Handle("POST /events/{id}/rides/{offer}/say", w.sayBus)
}

type busView struct {
	Offer  offerView
	Riders []riderView
	Told   []messageView
}

type deskData struct {
	Event    Event
	Path     string
	Form     *web.Form
	Key      string
	Saved    bool
	Closed   string
	Totals   []totalView
	Buses    []busView
	Reported []offerView
	Towns    []web.Choice
	Back     []web.Choice
	Wheels   []web.Choice
	Say      []web.Choice
	Stray    bool
}

var deskPage = web.NewPage[deskData](pages, "pages/desk.html", "pages/parts.html")

// edits is the event of the address, for somebody who may edit it.
func (w *Web) edits(c *web.Call) (Event, error) {
	if !id.Valid(c.Param("id")) {
		return Event{}, web.ErrNotFound()
	}
	return w.Events.Edits(c, id.Event(c.Param("id")))
}

// desk is what organizers see of rides.
func (w *Web) desk(c *web.Call) error {
	ev, err := w.edits(c)
	if err != nil {
		return err
	}
	return w.showDesk(c, ev, c.NewForm().Set("date", ev.Start.Format(time.DateOnly)), c.NewKey(), "", nil)
}

// showDesk shows it with a refusal: of a new bus, or of what was done to the
// offer that failed names.
func (w *Web) showDesk(c *web.Call, ev Event, f *web.Form, key, failed string, refused error) error {
	all, err := w.Desk(c.Context(), &ev)
	if err != nil {
		return err
	}
	l := c.Locale
	d := deskData{
		Event: ev, Path: "/events/" + string(ev.ID) + "/rides", Form: f, Key: key, Saved: c.Query().Has("saved"),
		Closed: closedText(l, ev.Takes(c.Now())), Totals: viewTotals(l, all.Totals), Say: sayChoices(l), Stray: failed != "",
		Towns: w.which(f, refused), Back: backChoice(c, f), Wheels: wheelChoice(c, f),
	}
	for i := range all.Buses {
		b := &all.Buses[i]
		v := busView{viewOffer(c, &b.Offer, &ev), viewRiders(c, b.Riders, b.Town), viewMessages(c, b.Told, b.Town)}
		v.Offer.Key = c.NewKey()
		d.Buses = append(d.Buses, v)
	}
	for i := range all.Reported {
		v := viewOffer(c, &all.Reported[i], &ev)
		if v.ID == failed {
			v.Failed, v.Wrong, v.Typed, d.Stray = true, f.Error("reason"), f.Raw("reason"), false
		}
		d.Reported = append(d.Reported, v)
	}
	c.Header().Set("Cache-Control", "no-store")
	return deskPage.RenderForm(c, f, d)
}

func (w *Web) addBus(c *web.Call) error {
	ev, err := w.edits(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	key := f.Line("key")
	err = w.AddBus(c.Context(), &ev, key, readOffer(f))
	if f.Accepts(err) {
		return w.showDesk(c, ev, f, key, "", err)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/events/" + string(ev.ID) + "/rides?saved=1")
}

func (w *Web) remove(c *web.Call) error {
	return w.onOffer(c, func(ev *Event, f *web.Form) error {
		return w.Remove(c.Context(), ev, c.Param("offer"), f.Line("reason"))
	})
}

func (w *Web) keep(c *web.Call) error {
	return w.onOffer(c, func(ev *Event, _ *web.Form) error { return w.Keep(c.Context(), ev, c.Param("offer")) })
}

func (w *Web) sayBus(c *web.Call) error {
	return w.onOffer(c, func(ev *Event, f *web.Form) error {
		return w.SendBus(c.Context(), ev, c.Param("offer"), f.Line("key"), f.Line("say"))
	})
}

// onOffer is a form about one offer.
func (w *Web) onOffer(c *web.Call, do func(ev *Event, f *web.Form) error) error {
	ev, err := w.edits(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = do(&ev, f)
	if f.Accepts(err) {
		return w.showDesk(c, ev, f, c.NewKey(), c.Param("offer"), err)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/events/" + string(ev.ID) + "/rides?saved=1")
}
