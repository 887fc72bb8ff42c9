package turnout

import (
	"embed"
	"html/template"
	"net/url"
	"time"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Web is the feature's pages and formats.
type Web struct{ *Service }

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /turnout", w.list)
	site.Handle("GET /turnout.csv", w.csv)
	site.Handle("GET /turnout.json", w.json)
	site.Handle("GET /events/{id}/turnout", w.days)
	site.Handle("GET /events/{id}/turnout/new", w.newForm)
	site.Handle("POST /events/{id}/turnout/new", w.create)
}

// line is one estimate, ready to be shown.
type line struct {
	Range       string
	Words       string
	Method      string
	Source      string
	Link        string
	Low, High   int // of the meter
	Max         int
	ShowsNumber bool
}

type panelData struct {
	Lines []line
	Range string    // over all of them, or of the fullest day
	Days  []dayView // where there is more than one, the latest first
	All   string    // address of all days, where some are left out
	Add   string    // address of the form, "" for those who may not
}

var panelPage = web.NewPage[panelData](pages, "pages/panel.html", "pages/parts.html")

// Panel is the part of the event page that shows its estimates side by side. It
// is empty when there are none and the reader may not add one.
func (w *Web) Panel(c *web.Call, event id.Event, canAdd bool) (template.HTML, error) {
	all, err := w.said(c.Context(), event)
	if err != nil {
		return "", err
	}
	if len(all) == 0 && !canAdd {
		return "", nil
	}
	es := estimates(all)
	d := panelData{Lines: lines(c.Locale, es, spanOf(es).high)}
	if s := daysOfEstimates(es).whole(); s.n > 1 {
		d.Range = people(c.Locale, s.low, s.high)
	}
	if s := byDay(c.Locale, all); len(s) > 1 || len(all) > 0 && all[0].Nth > 0 {
		d.Days = s[:min(len(s), panelDays)]
		if len(s) > panelDays {
			d.All = "/events/" + string(event) + "/turnout"
		}
	}
	if canAdd {
		d.Add = newPath(event)
	}
	return panelPage.Fragment(c, d)
}

// lines shows estimates; top is the number that fills the meter.
func lines(l *i18n.Locale, es []Estimate, top int) []line {
	top = max(top, 1)
	out := make([]line, len(es))
	for i, e := range es {
		x := line{
			Range: people(l, e.Low, e.High), Words: e.Words, Source: e.SourceName, Link: e.SourceURL,
			Low: e.Low, High: e.High, Max: top, ShowsNumber: e.High >= fewPeople,
		}
		if name := methodName(e.Method); name != "" {
			x.Method = l.T(name)
		}
		if x.Link != "" && !validLink(x.Link) {
			x.Link = ""
		}
		if x.Source == "" {
			if u, err := url.Parse(x.Link); err == nil {
				x.Source = u.Hostname()
			}
		}
		out[i] = x
	}
	return out
}

// people is a range in words. Of a handful no number is said: so few people
// could be recognised by it.
func people(l *i18n.Locale, low, high int) string {
	if high < fewPeople {
		return l.T("fewer than ten")
	}
	return l.Range(int64(low), int64(high))
}

type newData struct {
	Form    *web.Form
	Event   id.Event
	Title   string
	Key     string
	Methods []web.Choice
	Days    bool // the event has more than one: say which
}

var newPage = web.NewPage[newData](pages, "pages/new.html")

// target is the event of the address, for somebody who may add an estimate.
func (w *Web) target(c *web.Call) (About, error) {
	if err := c.RequireActor(); err != nil {
		return About{}, err
	}
	if !id.Valid(c.Param("id")) {
		return About{}, web.ErrNotFound()
	}
	var a About
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		a, err = w.MayAdd(c.Context(), tx, c.Actor(), id.Event(c.Param("id")))
		return err
	})
	return a, err
}

func (w *Web) newForm(c *web.Call) error {
	a, err := w.target(c)
	if err != nil {
		return err
	}
	today := a.date(a.latest(c.Now()))
	return w.form(c, c.NewForm().Set("key", c.NewKey()).Set("method", "eye").Set("day", today), a)
}

func (w *Web) form(c *web.Call, f *web.Form, a About) error {
	d := newData{Form: f, Event: a.Event, Title: a.Title, Key: f.Line("key"), Days: a.Days() > 1}
	for _, m := range methods {
		d.Methods = append(d.Methods, web.Choice{Value: m.Code, Label: c.Locale.T(m.Name), On: f.Has("method", m.Code)})
	}
	c.Header().Set("Cache-Control", "no-store")
	return newPage.RenderForm(c, f, d)
}

// readInput takes an Input from the form.
func readInput(f *web.Form) Input {
	return Input{
		Low: f.Line("low"), High: f.Line("high"), Words: f.Line("words"), Method: f.Line("method"),
		SourceName: f.Line("source_name"), SourceURL: f.Line("source_url"), Day: f.Line("day"),
	}
}

func (w *Web) create(c *web.Call) error {
	a, err := w.target(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	in := readInput(f)
	if in.Day == "" && a.Days() > 1 {
		in.Day = "-" // emptied: the page asks for it
	}
	err = w.AddEstimate(c.Context(), c.Actor(), a.Event, f.Line("key"), in)
	if f.Accepts(err) {
		return w.form(c, f, a)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/events/" + string(a.Event) + "#turnout")
}

type row struct {
	Label   string
	Href    string
	Events  int
	Low     string // both "" when no event has an estimate
	High    string
	Without int
}

type tab struct {
	Href, Text string
	Current    bool
}

type listData struct {
	Form    *web.Form
	Title   string
	Places  bool
	Tabs    []tab
	Rows    []row
	Next    string
	Formats []tab
	Filter  bool
}

var listPage = web.NewPage[listData](pages, "pages/list.html")

// list is the page of totals.
func (w *Web) list(c *web.Call) error {
	return c.Cached([]string{"events", "turnout"}, time.Hour, func() error {
		f := c.NewForm()
		for _, k := range []string{"month", "country", "region", "by"} {
			f.Set(k, c.Query().Get(k))
		}
		d := listData{Form: f, Title: c.Locale.T("How many came")}
		q, err := ParseQuery(c.Query(), pageSize)
		if f.Accepts(err) {
			return listPage.RenderForm(c, f, d)
		}
		if err != nil {
			return err
		}
		r, err := w.Totals(c.Context(), q, c.Now())
		if err != nil {
			return err
		}
		fillList(c, &d, r)
		return listPage.Render(c, d)
	}, params()...)
}

func fillList(c *web.Call, d *listData, r Result) {
	l, q := c.Locale, r.Query
	d.Places, d.Filter = q.Places, len(q.Values()) > 0
	if !q.Month.IsZero() {
		d.Title = l.T("How many came in {month}", "month", l.Month(q.Month))
		d.Form.Set("month", q.Month.Format("2006-01"))
	}
	for _, x := range r.Rows {
		d.Rows = append(d.Rows, tableRow(l, &q, x))
	}
	if r.More && !q.Places {
		d.Next = withQuery("/turnout", nextPage(c, r))
	}
	days, places := q, q
	days.Places, places.Places = false, true
	d.Tabs = []tab{
		{withQuery("/turnout", days.Values()), l.T("By day"), !q.Places},
		{withQuery("/turnout", places.Values()), l.T("By place"), q.Places},
	}
	d.Formats = []tab{
		{Href: withQuery("/turnout.csv", q.Values()), Text: "CSV"}, {Href: withQuery("/turnout.json", q.Values()), Text: "JSON"},
	}
}

// nextPage is the address parameters of the days before r, as many as were asked for.
func nextPage(c *web.Call, r Result) url.Values {
	v := r.Query.Values()
	v.Set("before", day.ISO(r.Rows[len(r.Rows)-1].Day))
	if n := c.Query().Get("limit"); n != "" {
		v.Set("limit", n)
	}
	return v
}

func tableRow(l *i18n.Locale, q *Query, x Row) row {
	out := row{Events: x.Events, Without: x.Without}
	if x.Events > x.Without {
		out.Low, out.High = l.Number(int64(x.Low)), l.Number(int64(x.High))
		if x.High < fewPeople {
			out.Low, out.High = "", l.T("fewer than ten")
		}
	}
	if q.Places {
		one := Query{Month: q.Month, Country: x.Country, Region: x.Region}
		out.Label, out.Href = placeName(x.Country, x.Region), withQuery("/turnout", one.Values())
		if out.Label == "" {
			out.Label, out.Href = l.T("Place not known"), ""
		}
		return out
	}
	day := day.Time(x.Day)
	v := url.Values{"from": {day.Format(time.DateOnly)}, "to": {day.Format(time.DateOnly)}, "when": {"past"}}
	out.Label, out.Href = l.DateShort(day), "/events?"+v.Encode()
	return out
}

func placeName(country, region string) string {
	p := geo.Place{Region: region, Country: country}
	return p.Label()
}

func withQuery(path string, v url.Values) string {
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}
