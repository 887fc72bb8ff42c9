package roles

import (
	"embed"
	"html/template"

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
	Datetime string
	Day      string
	When     string
	Where    string
}

// Events tells about events.
type Events interface {
	// Held tells about any event, for somebody who has signed up for it.
	Held(c *web.Call, e id.Event) (Brief, error)
	// Edits tells those who may edit the event; others are refused.
	Edits(c *web.Call, e id.Event) (Brief, error)
}

// Web is the feature's pages.
type Web struct {
	*Service
	Events Events
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /events/{id}/attend/{secret}/roles", w.mine)
	site.Handle("POST /events/{id}/attend/{secret}/roles", w.offerForm)
	site.Handle("POST /events/{id}/attend/{secret}/roles/withdraw", w.withdraw)
	site.Handle("GET /events/{id}/roles", w.desk)
	site.Handle("POST /events/{id}/roles", w.setRule)
	site.Handle("POST /events/{id}/roles/{role}/{code}", w.answer)
}

// myOffer is one offer on its holder's page.
type myOffer struct{ ID, Label, State, Note string }

// heldData is the panel of the private page, and the page that shows it alone.
type heldData struct {
	Event  Brief
	Form   *web.Form
	Path   string // of the private page
	Code   string
	Offers []myOffer
	Free   []web.Choice
	Open   bool
	Waits  bool
}

var (
	minePage  = web.NewPage[heldData](pages, "pages/mine.html", "pages/parts.html")
	panelPage = web.NewPage[heldData](pages, "pages/panel.html", "pages/parts.html")
)

func privatePath(e id.Event, secret string) string {
	return "/events/" + string(e) + "/attend/" + secret
}

func (w *Web) held(c *web.Call, b Brief, f *web.Form) (heldData, error) {
	m, err := w.Mine(c.Context(), b.ID, c.Param("secret"))
	d := heldData{Event: b, Form: f, Path: privatePath(b.ID, c.Param("secret")), Code: m.Code, Open: m.Open, Waits: m.Waits}
	for _, o := range m.Offers {
		d.Offers = append(d.Offers, myOffer{IDOf(o.Role), label(c.Locale, o.Role), stateText(c.Locale, o, m.Confirmers), o.Note})
	}
	for _, r := range m.Free {
		d.Free = append(d.Free, web.Choice{
			Value: IDOf(r.Role), Label: label(c.Locale, r.Role), Hint: freeText(c.Locale, r), On: f.Has("role", IDOf(r.Role)),
		})
	}
	return d, err
}

// stateText says how an offer stands to its holder.
func stateText(l *i18n.Locale, o MyOffer, confirmers int) string {
	switch o.State {
	case Confirmed:
		return l.T("Confirmed: you have this role.")
	case Declined:
		return l.T("Not needed: {reason}.", "reason", reasonText(l, o.Reason))
	case Reserve:
		text := l.T("Enough people have offered; you are in reserve.") + " "
		if o.Ahead == 0 {
			return text + l.T("You are next.")
		}
		return text + l.N("{n} person is before you.", "{n} people are before you.", o.Ahead)
	case Offered:
	}
	if o.Confirmed > 0 {
		return l.T("Confirmed by {n} of {all} organizers.", "n", o.Confirmed, "all", confirmers)
	}
	return l.T("Offered. The organizers have not answered yet.")
}

func freeText(l *i18n.Locale, c Count) string {
	if n := c.room(); n > 0 {
		return l.N("{n} more is needed.", "{n} more are needed.", n)
	}
	return l.T("Enough people have offered: you would be in reserve.")
}

// HeldPanel is the part of the private page about roles. It is empty where there
// is nothing to say.
func (w *Web) HeldPanel(c *web.Call, b Brief) (template.HTML, error) {
	d, err := w.held(c, b, c.NewForm())
	if err != nil || len(d.Offers) == 0 && (len(d.Free) == 0 || !d.Open && !d.Waits) {
		return "", err
	}
	return panelPage.Fragment(c, d)
}

func (w *Web) holder(c *web.Call) (Brief, error) {
	if !id.Valid(c.Param("id")) {
		return Brief{}, web.ErrNotFound()
	}
	e := id.Event(c.Param("id"))
	if _, err := w.Mine(c.Context(), e, c.Param("secret")); err != nil {
		return Brief{}, err
	}
	return w.Events.Held(c, e)
}

// mine is the page about the roles of one sign-up.
func (w *Web) mine(c *web.Call) error {
	b, err := w.holder(c)
	if err != nil {
		return err
	}
	return w.showMine(c, b, c.NewForm())
}

func (w *Web) showMine(c *web.Call, b Brief, f *web.Form) error {
	d, err := w.held(c, b, f)
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return minePage.RenderForm(c, f, d)
}

func readOffer(f *web.Form) Input { return Input{Roles: f.All("role"), Note: f.Text("note")} }

func (w *Web) offerForm(c *web.Call) error {
	b, err := w.holder(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.Offer(c.Context(), b.ID, c.Param("secret"), readOffer(f))
	if f.Accepts(err) {
		return w.showMine(c, b, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther(privatePath(b.ID, c.Param("secret")) + "?saved=1")
}

// withdraw is answered the same when it was withdrawn already.
func (w *Web) withdraw(c *web.Call) error {
	b, err := w.holder(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.Withdraw(c.Context(), b.ID, c.Param("secret"), f.Line("role"))
	if err != nil && !fault.HasCode(err, "roles.not_found") {
		return err
	}
	return c.SeeOther(privatePath(b.ID, c.Param("secret")) + "?saved=1")
}
