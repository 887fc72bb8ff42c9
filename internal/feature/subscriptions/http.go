package subscriptions

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/notify/hook"
	"convoke/internal/notify/sms"
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
	// Key is what a browser needs to subscribe to push messages, "" without.
	Key string
	// Inbound is how the gateway of text messages hands on what people answer.
	Inbound sms.Inbound
	// Wrote takes what somebody wrote that is about no subscription; nil forgets it.
	Wrote func(ctx context.Context, from, text string) error
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /alerts/subscribe", w.form)
	site.Handle("POST /alerts/subscribe", w.subscribe)
	site.Handle("GET /subscriptions/{secret}", w.show)
	site.Handle("POST /subscriptions/{secret}", w.act)
	site.Handle("GET /subscriptions/{secret}/leave", w.leaving)
	site.Handle("POST /subscriptions/{secret}/leave", w.leave)
	site.Handle("POST /subscriptions/{secret}/push", w.moved)
	site.Handle("GET /subscriptions/{secret}/code", w.codeForm)
	site.Handle("POST /subscriptions/{secret}/code", w.confirmCode)
	site.Handle("POST /subscriptions/{secret}/answer", w.answered)
}

// wayView is a channel as a link to its form.
type wayView struct {
	Code, Name, URL string
	On              bool
}

type formData struct {
	Form       *web.Form
	Ways       []wayView
	Way        Way
	Label      string
	Hint       string
	Cell       string // chosen elsewhere
	Place      string // its name
	Picks      []web.Choice
	Sizes      []web.Choice
	Categories []web.Choice
	Languages  []web.Choice
	Key        string // for the push messages of a browser
	Sent       bool
	Greeted    bool // it is confirmed already
}

var formPage = web.NewPage[formData](pages, "pages/form.html", "pages/choice.html")

// sizeChoices are the sizes with about how wide they are around a cell.
func sizeChoices(l *i18n.Locale, f *web.Form) []web.Choice {
	var out []web.Choice
	for _, s := range sizes {
		a := geo.AreaAt(geo.GridAt(geo.Point{Lat: 51, Lon: 10}), s.level)
		out = append(out, web.Choice{Value: s.code, Label: l.T(s.name, "km", l.Kilometers(a.Kilometers()))})
	}
	return f.Choose("size", out)
}

// choices are what the form offers, whatever the channel.
func (w *Web) choices(c *web.Call, f *web.Form, d *formData) {
	l := c.Locale
	d.Form, d.Sizes = f, sizeChoices(l, f)
	for _, k := range w.Alerts.Categories() {
		d.Categories = append(d.Categories, web.Choice{Value: k.Code, Label: l.T(k.Name)})
	}
	d.Categories = f.Choose("category", d.Categories)
	for _, x := range w.Locales.Locales() {
		d.Languages = append(d.Languages, web.Choice{Value: x.Tag(), Label: x.Name()})
	}
	d.Languages = f.Choose("lang", d.Languages)
	if cell, ok := geo.ParseGridCell(f.Raw("cell")); ok {
		p, _ := w.Places.Nearest(cell.Middle())
		d.Cell, d.Place = cell.String(), p.Label()
	}
	if f.Line("near") != "" && (f.Error("near") != "" || f.Raw("place_pick") != "") {
		for _, p := range w.Meant(f.Line("near")) {
			d.Picks = append(d.Picks, web.Choice{Value: p.Pick, Label: p.Label})
		}
		d.Picks = f.Choose("place_pick", d.Picks)
	}
}

func (w *Web) formOf(c *web.Call, f *web.Form, d formData) error {
	if len(w.Ways) == 0 {
		return fault.Conflict("alerts.no_way", "This server cannot send messages yet. Look at the page of alerts, or follow its feed.")
	}
	var ok bool
	if d.Way, ok = w.way(f.Raw("channel")); !ok {
		d.Way = w.Ways[0]
		f.Set("channel", d.Way.Code)
	}
	for _, x := range w.Ways {
		q := url.Values{"channel": {x.Code}}
		for _, name := range []string{"near", "cell", "category"} {
			if all := f.All(name); len(all) > 0 {
				q[name] = all
			}
		}
		d.Ways = append(d.Ways, wayView{x.Code, c.Locale.T(x.Name), "/alerts/subscribe?" + q.Encode(), x.Code == d.Way.Code})
	}
	d.Label, d.Key = c.Locale.T(d.Way.Label), w.Key
	if d.Way.Hint != "" {
		d.Hint = c.Locale.T(d.Way.Hint)
	}
	w.choices(c, f, &d)
	if d.Key != "" && d.Way.Proof == ByKeys {
		c.AllowKeep() // its worker shows the messages
	}
	return formPage.RenderForm(c, f, d)
}

// form starts filled in: everything nearby, at any hour.
func (w *Web) form(c *web.Call) error {
	f, q := c.NewForm(), c.Query()
	f.Set("size", "town").Set("lang", c.Locale.Tag()).Set("channel", q.Get("channel")).Set("near", q.Get("near")).Set("cell", q.Get("cell"))
	chosen := q["category"]
	if len(chosen) == 0 {
		for _, k := range w.Alerts.Categories() {
			chosen = append(chosen, k.Code)
		}
	}
	f.Set("category", chosen...)
	return w.formOf(c, f, formData{})
}

// choiceOf reads the form. A place that was typed counts before one chosen elsewhere.
func choiceOf(f *web.Form) Choice {
	in := Choice{
		Near: f.Line("near"), Pick: f.Line("place_pick"), Cell: f.Line("cell"), Size: f.Line("size"), Channel: f.Line("channel"), Contact: f.Line("contact"),
		Categories: f.All("category"), Drills: f.Has("drills", "on"), QuietFrom: f.Line("quiet_from"), QuietTo: f.Line("quiet_to"), Lang: f.Line("lang"),
	}
	if in.Near != "" {
		in.Cell = ""
	}
	return in
}

// slowed refuses a flood: of messages to strangers sooner than of browsers that subscribe
// themselves, of which a hall may have many.
func (w *Web) slowed(c *web.Call, channel string) error {
	bucket := "link"
	if way, _ := w.way(channel); way.Proof == ByKeys {
		bucket = "attend"
	}
	if ok, wait := w.Limiter.Allow(bucket, w.Client(c)); !ok {
		return fault.After(fault.RateLimited("alerts.often", "These were very many addresses. Please wait a few minutes. Nothing was recorded."), wait)
	}
	return nil
}

func (w *Web) subscribe(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := w.slowed(c, f.Line("channel")); err != nil {
		return err
	}
	ticket, err := w.Subscribe(c.Context(), choiceOf(f))
	if f.Accepts(err) {
		return w.formOf(c, f, formData{})
	}
	if err != nil {
		return err
	}
	switch way, _ := w.way(f.Line("channel")); way.Proof {
	case ByCode:
		return c.SeeOther("/subscriptions/" + ticket + "/code")
	case ByKeys:
		return w.formOf(c, f, formData{Sent: true, Greeted: true})
	}
	return w.formOf(c, f, formData{Sent: true})
}

type codeData struct {
	Form *web.Form
	Done bool
}

var codePage = web.NewPage[codeData](pages, "pages/code.html")

func (w *Web) codeForm(c *web.Call) error {
	f := c.NewForm()
	return codePage.RenderForm(c, f, codeData{Form: f})
}

func (w *Web) confirmCode(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.ConfirmCode(c.Context(), c.Param("secret"), f.Line("code"))
	if !f.Accepts(err) && err != nil {
		return err
	}
	return codePage.RenderForm(c, f, codeData{Form: f, Done: err == nil})
}

type mineData struct {
	formData
	Subscription Subscription
	URL          string
	Where        string
	Channel      string
	Key          string // of a program
	Ends         string
	Soon         bool // it ends soon
	Saved        bool
}

var minePage = web.NewPage[mineData](pages, "pages/mine.html", "pages/choice.html")

func (w *Web) mine(c *web.Call, f *web.Form, sub *Subscription) error {
	c.Header().Set("Cache-Control", "no-store")
	d := mineData{
		Subscription: *sub, URL: "/subscriptions/" + c.Param("secret"), Where: w.place(sub), Ends: c.Locale.DateShort(sub.Ends),
		Soon: sub.Ends.Before(c.Now().Add(2 * renewFrom)), Saved: c.Query().Get("saved") != "",
	}
	if way, ok := w.way(sub.Channel); ok {
		d.Channel = c.Locale.T(way.Name)
		if _, ok := way.Channel.(Hook); ok {
			d.Key = hook.SecretText(signing(c.Param("secret")))
		}
	}
	w.choices(c, f, &d.formData)
	return minePage.RenderForm(c, f, d)
}

func (w *Web) show(c *web.Call) error {
	sub, err := w.Find(c.Context(), c.Param("secret"))
	if err != nil {
		return err
	}
	f := c.NewForm()
	f.Set("cell", geo.GridAt(sub.Area.Middle()).String()).Set("size", sizeOf(sub.Area)).Set("lang", sub.Lang)
	chosen := sub.Groups
	if len(chosen) == 0 {
		for _, k := range w.Alerts.Categories() {
			chosen = append(chosen, k.Code)
		}
	}
	f.Set("category", chosen...)
	if sub.Drills {
		f.Set("drills", "on")
	}
	if sub.Quiet.From != sub.Quiet.To {
		f.Set("quiet_from", clockOf(sub.Quiet.From)).Set("quiet_to", clockOf(sub.Quiet.To))
	}
	return w.mine(c, f, &sub)
}

// act does what a button of one's own page says; the page alone does nothing, because mail
// programs open links by themselves.
func (w *Web) act(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	secret := c.Param("secret")
	switch f.Line("do") {
	case "confirm":
		err = w.Confirm(c.Context(), secret)
	case "leave":
		return w.leave(c)
	case "change":
		err = w.Change(c.Context(), secret, choiceOf(f))
	default:
		return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
	}
	if f.Accepts(err) {
		sub, err := w.Find(c.Context(), secret)
		if err != nil {
			return err
		}
		return w.mine(c, f, &sub)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/subscriptions/" + secret + "?saved=1")
}

type leaveData struct {
	URL  string
	Left bool
}

var leavePage = web.NewPage[leaveData](pages, "pages/leave.html")

func (w *Web) leaving(c *web.Call) error {
	c.Header().Set("Cache-Control", "no-store")
	return leavePage.Render(c, leaveData{URL: "/subscriptions/" + c.Param("secret")})
}

// leave is one click, of a button or of a mail program (RFC 8058), which sends no cookie and
// follows no redirect.
func (w *Web) leave(c *web.Call) error {
	if err := w.Leave(c.Context(), c.Param("secret")); err != nil {
		return err
	}
	return leavePage.Render(c, leaveData{Left: true})
}

// codeForm is that of the number that is typed to confirm.
var codeForm = regexp.MustCompile(`^\s*\d{6}\s*$`)

// maxMoved bounds a browser's subscription, in bytes.
const maxMoved = 8 << 10

// moved takes from a browser's worker the subscription that took the place of another.
func (w *Web) moved(c *web.Call) error {
	var in struct {
		Subscription json.RawMessage `json:"subscription"`
	}
	body, err := io.ReadAll(io.LimitReader(c.R.Body, maxMoved+1))
	if err != nil || len(body) > maxMoved || json.Unmarshal(body, &in) != nil {
		return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
	}
	if err := w.Move(c.Context(), c.Param("secret"), string(in.Subscription)); err != nil {
		return err
	}
	return c.Write(http.StatusNoContent, "", nil)
}

// answered takes what somebody wrote to the number of text messages, from the gateway, whose
// secret is in the address: STOP and its like end their subscription, and what is none of the
// words that networks know, nor the number of a first message, is for Wrote.
func (w *Web) answered(c *web.Call) error {
	if !w.Inbound.Allowed(c.Param("secret")) {
		return web.ErrNotFound()
	}
	body, err := io.ReadAll(io.LimitReader(c.R.Body, sms.MaxInbound+1))
	if err != nil || len(body) > sms.MaxInbound {
		return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
	}
	m, err := w.Inbound.Parse(c.R.Header.Get("Content-Type"), body)
	switch {
	case errors.Is(err, sms.ErrInbound):
		return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
	case err != nil:
	case sms.IsStop(m.Text):
		err = w.LeaveBy(c.Context(), "sms", string(m.From))
	case w.Wrote != nil && !sms.IsStart(m.Text) && !codeForm.MatchString(m.Text):
		err = w.Wrote(c.Context(), string(m.From), m.Text)
	}
	if err != nil && !errors.Is(err, sms.ErrNumber) {
		return err
	}
	return c.Write(http.StatusOK, "text/plain; charset=utf-8", nil) // a gateway would send its words to the number
}

// nearby counts who hears of a cell by its name.
func (w *Web) nearby(c *web.Call, name string) (n int, err error) {
	cell, ok := geo.ParseGridCell(name)
	if !ok {
		return 0, fault.NotFound("alerts.cell", "This is no cell of the map.")
	}
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		n, err = w.Near(c.Context(), tx, cell)
		return err
	})
	return n, err
}
