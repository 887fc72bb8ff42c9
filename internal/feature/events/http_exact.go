package events

import (
	"html/template"
	"strconv"
	"strings"
	"time"

	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

func (w *Web) mountExact(site *web.Site) {
	site.Handle("GET /events/{id}/place", w.exactForm)
	site.Handle("POST /events/{id}/place", w.saveExact)
}

// exactNote is what the event's page says of an exact place.
type exactNote struct {
	Text     string
	Lines    []string // the directions, once everybody may know
	Outdated bool     // the hour was chosen for another date
}

// moment is a day and hour at the place, in one line.
func moment(l *i18n.Locale, e *Event, t time.Time) string {
	at := e.Local(t)
	return l.DateShort(at) + ", " + l.Time(at)
}

// exactShown is the exact place as far as everybody may know it now, and what
// the page says of it. What is rendered is not kept beyond the hour from which
// everybody may.
func (w *Web) exactShown(c *web.Call, e *Event, r *exactRow, suspended bool) (Exact, exactNote, error) {
	if !r.set() || suspended || e.State == Cancelled {
		return Exact{}, exactNote{}, nil
	}
	shown, from := r.public(e, c.Now())
	x, err := w.openExact(c.Context(), e.ID, r)
	if err != nil || x.Empty() {
		return Exact{}, exactNote{}, err
	}
	if shown {
		return x, exactNote{Lines: textLines(x.Directions)}, nil
	}
	if !from.IsZero() {
		c.ShownUntil(from)
	}
	n := exactNote{Outdated: r.outdated(e)}
	if !e.Past(c.Now()) {
		n.Text = releaseText(c.Locale, e, r.Early, from)
	}
	return Exact{}, n, nil
}

// releaseText says who sees the exact place, and when, on the event's page.
func releaseText(l *i18n.Locale, e *Event, early bool, from time.Time) string {
	switch {
	case early && from.IsZero():
		return l.T("The exact place is shown to those who signed up.")
	case early:
		return l.T("The exact place is shown to those who signed up, and here from {when}.", "when", moment(l, e, from))
	case !from.IsZero():
		return l.T("The exact place is shown here from {when}.", "when", moment(l, e, from))
	}
	return l.T("The exact place will be said later.")
}

func textLines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

type exactData struct {
	Form     *web.Form
	Event    Event
	Item     Item
	Zone     string
	Early    []web.Choice
	Status   string
	Public   string // what of a public place everybody sees already
	Outdated bool
	Erased   bool
	Saved    bool
}

var exactPage = web.NewPage[exactData](pages, "pages/exact.html")

func (w *Web) exactForm(c *web.Call) error {
	e, x, err := w.exactOf(c)
	if err != nil {
		return err
	}
	f := c.NewForm().Set("version", strconv.Itoa(x.Version)).Set("address", x.Address).Set("directions", x.Directions).Set("online_url", x.OnlineURL)
	if x.Early || x.Empty() {
		f.Set("early", "1")
	}
	if !x.At.IsZero() {
		at := e.Local(x.At)
		f.Set("show_date", at.Format(time.DateOnly)).Set("show_time", at.Format("15:04"))
	}
	return w.exactPage(c, f, e, x)
}

// exactOf is the event of the address and its exact place, for somebody who may
// edit them.
func (w *Web) exactOf(c *web.Call) (Event, ExactPlace, error) {
	if err := c.RequireActor(); err != nil {
		return Event{}, ExactPlace{}, err
	}
	eid, err := eventID(c.Param("id"))
	if err != nil {
		return Event{}, ExactPlace{}, err
	}
	return w.ExactOf(c.Context(), c.Actor(), eid)
}

func (w *Web) exactPage(c *web.Call, f *web.Form, e Event, x ExactPlace) error {
	l := c.Locale
	d := exactData{
		Form: f, Event: e, Item: w.item(l, &e, nil, c.Now()), Zone: zoneCity(e.Zone), Saved: c.Query().Has("saved"),
		Early:  f.Choose("early", []web.Choice{{Value: "1", Label: l.T("Those who signed up see it at once")}}),
		Status: statusText(l, &e, x, c.Now()), Outdated: !x.Empty() && x.outdated(&e), Erased: !e.forgotten().After(c.Now()),
	}
	switch p := e.Where; {
	case p.Address != "":
		d.Public = p.Address
	case p.Precise == "exact" || p.Precise == "street":
		d.Public = p.Label()
	case p.OnlineURL != "":
		d.Public = p.OnlineURL
	}
	// What is typed here stays out of every cache, and of the drafts that the
	// browser keeps of other forms.
	c.Header().Set("Cache-Control", "no-store")
	return exactPage.RenderForm(c, f, d)
}

// statusText says to organizers who sees the place now.
func statusText(l *i18n.Locale, e *Event, x ExactPlace, now time.Time) string {
	shown, from := x.public(e, now)
	switch {
	case x.Empty():
		return l.T("No exact place is kept. The event’s page shows the place that everybody sees, and nothing else.")
	case e.State == Draft:
		return l.T("The event is a draft: nobody but organizers sees its exact place.")
	case e.State == Cancelled:
		return l.T("The event is cancelled: nobody but organizers sees its exact place.")
	case shown:
		return l.T("Everybody sees the exact place now.")
	case x.Early && from.IsZero():
		return l.T("Those who signed up and have a place see it now. Nobody else does.")
	case x.Early:
		return l.T("Those who signed up and have a place see it now, everybody else from {when}.", "when", moment(l, e, from))
	case !from.IsZero():
		return l.T("Nobody sees it yet. Everybody does from {when}.", "when", moment(l, e, from))
	}
	return l.T("Nobody sees it yet.")
}

func readExact(f *web.Form) ExactInput {
	return ExactInput{
		Address: f.Line("address"), Directions: f.Text("directions"), OnlineURL: f.Line("online_url"),
		Early: f.Has("early", "1"), ShowDate: f.Line("show_date"), ShowTime: f.Line("show_time"),
	}
}

func (w *Web) saveExact(c *web.Call) error {
	e, x, err := w.exactOf(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	version, _ := f.Int("version")
	err = w.SetExact(c.Context(), c.Actor(), e.ID, version, readExact(f))
	if f.Accepts(err) {
		return w.exactPage(c, f, e, x)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/events/" + string(e.ID) + "/place?saved=1")
}

type heldExactData struct {
	Exact
	Lines []string
	Text  string // when they will see it
	Open  bool
}

var exactPanel = web.NewPage[heldExactData](pages, "pages/exact_held.html")

// ExactPanel is the exact place on the private page of somebody who signed up;
// going says that they have a place.
func (w *Web) ExactPanel(c *web.Call, eid id.Event, going bool) (template.HTML, error) {
	e, _, h, err := w.ExactHeld(c.Context(), eid, going)
	if err != nil || !h.Known {
		return "", err
	}
	d := heldExactData{Exact: h.Exact, Lines: textLines(h.Directions), Open: h.Open}
	if l := c.Locale; h.Empty() {
		switch {
		case h.Early && !h.From.IsZero():
			d.Text = l.T("You will see it here as soon as you have a place, and in any case from {when}.", "when", moment(l, &e, h.From))
		case h.Early:
			d.Text = l.T("You will see it here as soon as you have a place.")
		case !h.From.IsZero():
			d.Text = l.T("You will see it here from {when}.", "when", moment(l, &e, h.From))
		default:
			d.Text = l.T("It will be said here.")
		}
	}
	return exactPanel.Fragment(c, d)
}

// ExactCalendar answers with the event as a calendar, and in it the exact place
// for somebody who signed up.
func (w *Web) ExactCalendar(c *web.Call, eid id.Event, going bool) error {
	e, g, h, err := w.ExactHeld(c.Context(), eid, going)
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return w.oneICS(c, h.at(e), g, h.calendarText(c.Locale))
}
