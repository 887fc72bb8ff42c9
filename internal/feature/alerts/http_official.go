package alerts

import (
	"net/url"
	"strings"
	"time"

	"convoke/internal/cap"
	"convoke/internal/db"
	"convoke/internal/feature/alerts/official"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/web"
)

// officialView is an official warning as pages show it.
type officialView struct {
	official.Text
	ID, Title, Source string
	Severity          string
	Times             string
	Link, Host        string
	Stale             string
	Report, Key       string // where a report is made of it, "" for nowhere, and the form's
}

func (w *Web) officialView(l *i18n.Locale, x *official.Warning) officialView {
	v := officialView{Text: x.In(l.Tag()), ID: "official-" + x.ID, Link: x.Page}
	if v.Title = v.Headline; v.Title == "" {
		v.Title = v.Event
	}
	v.Source = w.Official.Name(x, v.Text)
	switch x.Severity { //nolint:exhaustive // of the others nothing is said
	case cap.SeverityExtreme:
		v.Severity = l.T("Extreme")
	case cap.SeveritySevere:
		v.Severity = l.T("Severe")
	}
	at := func(t time.Time) string { return l.DateShort(t) + ", " + l.Time(t) }
	v.Times = l.T("Sent {sent}. It holds from {from} until {until} (UTC{offset}).", "sent", at(x.Sent), "from", at(x.Starts), "until", at(x.Expires), "offset", x.Sent.Format("-07:00"))
	if !x.Failing.IsZero() {
		v.Stale = l.T("Since {when} this source cannot be read: it may have changed or ended.", "when", at(x.Failing.In(x.Sent.Location())))
	}
	if v.Link == "" {
		v.Link = x.Link
	}
	if u, err := url.Parse(v.Link); err == nil {
		v.Host = u.Hostname()
	}
	return v
}

// official lists the official warnings of a list, as views and as they are.
func (w *Web) official(c *web.Call, q listQuery) (out []officialView, all []official.Warning, err error) {
	var cells []geo.GridCell
	if q.Cell != 0 {
		cells, _ = geo.GridWithin(q.Cell.Middle(), nearKm, maxAreaCells)
	}
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		all, err = w.warnings(c.Context(), tx, cells, q.Category)
		return err
	})
	for i := range all {
		out = append(out, w.officialView(c.Locale, &all[i]))
		c.ShownUntil(all[i].Expires)
	}
	return out, all, err
}

// officialWithin lists for verifiers what holds within the area of their network.
func (w *Web) officialWithin(c *web.Call, n *Network) (out []officialView, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		area, err := areaOf(c.Context(), tx, n.ID)
		if err != nil {
			return err
		}
		all, err := w.warnings(c.Context(), tx, area, "")
		out = nil
		for i := range all {
			v := w.officialView(c.Locale, &all[i])
			if !n.Closed && n.has(all[i].Category) {
				v.Report, v.Key = n.queue()+"/official/"+all[i].ID, c.NewKey()
			}
			out = append(out, v)
		}
		return err
	})
	return out, err
}

func (w *Web) reportOfficial(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.ReportOfficial(c.Context(), c.Actor(), c.Param("handle"), f.Line("key"), c.Param("warning"), c.Locale.T("An official warning says so."))
	if f.Accepts(err) {
		return w.showQueue(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/alerts/queue/" + c.Param("handle"))
}

// addOfficial adds official warnings to the feed for people.
func (w *Web) addOfficial(c *web.Call, q listQuery, to *cap.Feed) error {
	views, all, err := w.official(c, q)
	for i := range all {
		to.Entries = append(to.Entries, officialEntry(c, &views[i], &all[i]))
		if all[i].Sent.After(to.Updated) {
			to.Updated = all[i].Sent
		}
	}
	return err
}

// officialEntry is an official warning in the feed for people.
func officialEntry(c *web.Call, v *officialView, x *official.Warning) cap.Entry {
	e := cap.Entry{
		ID: c.BaseURL() + "/alerts#" + v.ID, Title: c.Locale.T("Official warning: {title}", "title", v.Title), Updated: x.Sent, Link: x.Link, Page: x.Page,
	}
	for _, p := range []string{v.Source, v.Event, v.Area, v.Instruction, v.Times, v.Stale} {
		if p != "" {
			e.Summary += p + "\n"
		}
	}
	e.Summary = strings.TrimSpace(e.Summary)
	return e
}
