package alerts

import (
	"fmt"

	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/web"
)

func coordinates(p geo.Point) string { return fmt.Sprintf("%.4f, %.4f", p.Lat, p.Lon) }

type reportData struct {
	Form       *web.Form
	Key        string
	Categories []web.Choice
	Ago        []web.Choice
	How        []web.Choice
	Networks   []web.Choice // where several watch the place
	SignedIn   bool
	// By text message or mail.
	Number, Address string
	Words           string // the categories as messages name them
	Seen, Heard     string
}

var reportPage = web.NewPage[reportData](pages, "pages/report.html")

func (w *Web) reportForm(c *web.Call) error {
	f := c.NewForm().Set("key", c.NewKey()).Set("ago", "0")
	for from, to := range map[string]string{"near": "place", "category": "category"} {
		if v := c.Query().Get(from); v != "" {
			f.Set(to, v)
		}
	}
	if cell, ok := geo.ParseGridCell(c.Query().Get("cell")); ok {
		f.Set("place", coordinates(cell.Middle()))
	}
	return w.showReport(c, f, nil)
}

func (w *Web) showReport(c *web.Call, f *web.Form, networks []web.Choice) error {
	l := c.Locale
	d := reportData{
		Form: f, Key: f.Line("key"), Categories: w.categoryChoices(l, f, w.allowed(), ""), SignedIn: !c.Actor().Visitor(), Networks: networks,
		How: []web.Choice{{Value: "seen", Label: l.T("I saw it myself"), On: f.Has("first_hand", "seen")}, {Value: "heard", Label: l.T("I heard of it"), On: f.Has("first_hand", "heard")}},
	}
	if d.Number, d.Address = w.Number, w.Address; d.Number+d.Address != "" {
		d.Words, d.Seen, d.Heard = w.words(l), firstOf(l, seenWords()), firstOf(l, heardWords())
	}
	for _, m := range sinces() {
		x := web.Choice{Value: fmt.Sprint(m), On: f.Has("ago", fmt.Sprint(m))}
		switch {
		case m == 0:
			x.Label = l.T("Right now")
		case m < 60:
			x.Label = l.N("{n} minute ago", "{n} minutes ago", m)
		default:
			x.Label = l.N("{n} hour ago", "{n} hours ago", m/60)
		}
		d.Ago = append(d.Ago, x)
	}
	c.Header().Set("Cache-Control", "no-store")
	return reportPage.RenderForm(c, f, d)
}

// input reads a report from the form.
func readReport(f *web.Form) ReportInput {
	return ReportInput{
		Category: f.Line("category"), Place: f.Line("place"), Network: f.Line("network"), Ago: f.Line("ago"), FirstHand: f.Line("first_hand"), Note: f.Text("note"),
	}
}

func (w *Web) sendReport(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := w.slow(c); err != nil {
		return err
	}
	in := readReport(f)
	if in.Photo, err = w.Pictures.Fresh(c, "photo"); err == nil {
		err = w.Report(c.Context(), c.Actor(), f.Line("key"), in)
	}
	if f.Accepts(err) {
		var networks []web.Choice
		if f.Error("network") != "" {
			all, err := w.choices(c.Context(), &in)
			if err != nil {
				return err
			}
			for _, n := range all {
				networks = append(networks, web.Choice{Value: n.Handle, Label: n.Name, On: f.Has("network", n.Handle)})
			}
		}
		return w.showReport(c, f, networks)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/alerts/report/" + f.Line("key"))
}

// slow bounds how many reports come from one corner of the network.
func (w *Web) slow(c *web.Call) error {
	if ok, wait := w.Limiter.Allow("report", w.Client(c)); !ok {
		return fault.After(errOften(), wait)
	}
	return nil
}

func errOften() error {
	return fault.RateLimited("alert.often_reported", "These were very many reports. Please wait a few minutes. Nothing was recorded.")
}

type heldData struct {
	Form   *web.Form
	Report Reported
	What   string
	State  string
}

var heldPage = web.NewPage[heldData](pages, "pages/held.html")

func (w *Web) heldForm(c *web.Call) error { return w.showHeld(c, c.NewForm()) }

func (w *Web) showHeld(c *web.Call, f *web.Form) error {
	r, err := w.Held(c.Context(), c.Param("key"))
	if err != nil {
		return err
	}
	k, _ := categoryOf(r.Category)
	c.Header().Set("Cache-Control", "no-store")
	c.Header().Set("X-Robots-Tag", "noindex")
	return heldPage.RenderForm(c, f, heldData{
		Form: f, Report: r, What: c.Locale.T(k.Name), State: c.Locale.T(r.State.name()),
	})
}

func (w *Web) addMore(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.More(c.Context(), c.Param("key"), f.Text("note"))
	if f.Accepts(err) {
		return w.showHeld(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/alerts/report/" + c.Param("key"))
}
