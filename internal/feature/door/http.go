package door

import (
	"context"
	"embed"
	"html/template"
	"strconv"
	"time"

	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Events tells about events.
type Events interface {
	// Brief is an event that the reader may know of.
	Brief(c *web.Call, e id.Event) (Event, error)
	// Held is any event, for whoever has one of its door links.
	Held(c *web.Call, e id.Event) (Event, error)
	// Edits is Brief for somebody who may edit the event; others are refused.
	Edits(c *web.Call, e id.Event) (Event, error)
}

// Limiter slows guessing; see package ratelimit.
type Limiter interface {
	Allow(bucket, subject string) (ok bool, retryAfter time.Duration)
}

// Publish adds an estimate of how many came, counted at a gate. key makes it
// one when it is sent twice.
type Publish func(c *web.Call, e id.Event, key string, low, high int, source string) error

// Range is how many came, as it was published.
type Range struct{ Low, High int }

// Published lists what was counted at a gate and published of an event.
type Published func(ctx context.Context, e id.Event) ([]Range, error)

// Web is the feature's pages.
type Web struct {
	*Service
	Events    Events
	Limiter   Limiter
	Publish   Publish
	Published Published
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /events/{id}/doors", w.doors)
	site.Handle("POST /events/{id}/doors", w.add)
	site.Handle("POST /events/{id}/doors/{door}/revoke", w.revoke)
	site.Handle("POST /events/{id}/doors/publish", w.publish)
	site.Handle("GET /events/{id}/door", w.shown)
	site.Handle("GET /door/{secret}", w.door)
	site.Handle("POST /door/{secret}", w.tap)
}

// Address is what the picture of a sign-up's code says.
func Address(c *web.Call, e id.Event, hash []byte) string {
	return c.BaseURL() + "/events/" + string(e) + "/door?code=" + id.Code(hash)
}

type doorsData struct {
	Event     Event
	Form      *web.Form
	Key       string
	Link      string // of the door just made, shown only now
	LinkName  string
	Doors     []Door
	Numbers   Numbers
	Counted   bool // anybody came
	Over      bool
	Published bool
	Revoked   bool
	SayKey    string // of the form that publishes
}

var doorsPage = web.NewPage[doorsData](pages, "pages/doors.html", "pages/parts.html")

func (w *Web) edits(c *web.Call) (Event, error) {
	if !id.Valid(c.Param("id")) {
		return Event{}, web.ErrNotFound()
	}
	return w.Events.Edits(c, id.Event(c.Param("id")))
}

func doorsPath(e id.Event) string { return "/events/" + string(e) + "/doors" }

// doors is where organizers make door links, and see how many came.
func (w *Web) doors(c *web.Call) error {
	e, err := w.edits(c)
	if err != nil {
		return err
	}
	return w.showDoors(c, e, doorsData{Form: c.NewForm()})
}

func (w *Web) showDoors(c *web.Call, e Event, d doorsData) error {
	n, _, err := w.Numbers(c.Context(), e.ID)
	if err != nil {
		return err
	}
	d.Event, d.Numbers, d.Doors, d.Counted, d.Over = e, n, n.Doors, n.All() > 0, !e.End.After(c.Now())
	d.Published, d.Revoked = c.Query().Has("published"), c.Query().Has("revoked")
	if d.Key == "" {
		d.Key = c.NewKey()
	}
	if d.SayKey == "" {
		d.SayKey = c.NewKey()
		d.Form.Set("high", strconv.Itoa(likelyHigh(n.All())))
	}
	c.Header().Set("Cache-Control", "no-store")
	return doorsPage.RenderForm(c, d.Form, d)
}

// add is answered with a page that shows the link: it is kept nowhere here.
// Loading that page again makes no second door.
func (w *Web) add(c *web.Call) error {
	e, err := w.edits(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	key := f.Line("key")
	err = w.Add(c.Context(), e, key, f.Line("name"))
	if f.Accepts(err) {
		return w.showDoors(c, e, doorsData{Form: f, Key: key})
	}
	if err != nil {
		return err
	}
	return w.showDoors(c, e, doorsData{Form: c.NewForm(), Link: c.BaseURL() + "/door/" + key, LinkName: f.Line("name")})
}

func (w *Web) revoke(c *web.Call) error {
	e, err := w.edits(c)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(c.Param("door"))
	if err != nil || number < 1 || number > maxDoors {
		return errNoDoor()
	}
	if err := w.Revoke(c.Context(), e.ID, number); err != nil {
		return err
	}
	return c.SeeOther(doorsPath(e.ID) + "?revoked=1")
}

// publish says in public how many came, as a range: what was counted, and how
// many there may have been.
func (w *Web) publish(c *web.Call) error {
	e, err := w.edits(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	n, _, err := w.Numbers(c.Context(), e.ID)
	if err != nil {
		return err
	}
	err = w.say(c, e, n.All(), f)
	if f.Accepts(err) {
		return w.showDoors(c, e, doorsData{Form: f, SayKey: f.Line("key")})
	}
	if err != nil {
		return err
	}
	return c.SeeOther(doorsPath(e.ID) + "?published=1")
}

func (w *Web) say(c *web.Call, e Event, low int, f *web.Form) error {
	switch {
	case e.End.After(c.Now()):
		return fault.Conflict("door.not_over", "The event is not over yet. Publish the number when everybody has come.")
	case low == 0:
		return fault.Conflict("door.nobody", "Nobody was counted at the door.")
	}
	high, ok := f.Int("high")
	if !ok || high <= low || high > maxPeople {
		return fault.Invalid(fault.Field("high", "door.high",
			"Write a whole number above {low}: nobody sees everybody come in.", "low", low))
	}
	return w.Publish(c, e.ID, f.Line("key"), low, high, c.Locale.T("The organizers, counted at the door"))
}

type panelData struct {
	Event   id.Event
	Numbers Numbers
	Over    bool
}

var panelPage = web.NewPage[panelData](pages, "pages/panel.html", "pages/parts.html")

// Panel is the box on the event's page, for those who may edit it.
func (w *Web) Panel(c *web.Call, e id.Event, end time.Time, canEdit bool) (template.HTML, error) {
	if !canEdit {
		return "", nil
	}
	n, ok, err := w.Numbers(c.Context(), e)
	if err != nil || !ok {
		return "", err
	}
	return panelPage.Fragment(c, panelData{e, n, !end.After(c.Now())})
}
