package campaigns

import (
	"html/template"
	"net/url"
	"path"
	"strings"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/web"
)

type hostGroup struct {
	Group
	Href string
}

type hostData struct {
	Form     *web.Form
	Campaign Campaign
	URL      string
	Template Template
	HTML     template.HTML // what the event will say
	Groups   []hostGroup
	Key      string
}

var hostPage = web.NewPage[hostData](pages, "pages/host.html")

// hostForm offers three ways to an event: a new one of one's own group, one that
// is there already, and a proposal without a group.
func (w *Web) hostForm(c *web.Call) error {
	f := c.NewForm().Set("key", c.NewKey()).Set("near", c.Query().Get("near"))
	return w.hostPage(c, f)
}

func (w *Web) hostPage(c *web.Call, f *web.Form) error {
	d := hostData{Form: f, URL: "/campaigns/" + c.Param("handle"), Key: f.Line("key")}
	var h Hosting
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		h, err = w.Hosting(c.Context(), tx, c.Actor(), c.Param("handle"))
		return err
	})
	if err != nil {
		return err
	}
	d.Campaign, d.Template = h.Campaign, h.Template
	if f.Raw("day") == "" && len(h.Campaign.Dates) > 0 && !f.Failed() {
		f.Set("day", day.Time(h.Campaign.Dates[0].First).Format("2006-01-02"))
	}
	for _, g := range h.Seat.Groups {
		v := url.Values{"campaign": {h.Campaign.Handle}}
		if near := f.Line("near"); near != "" {
			v.Set("near", near)
		}
		d.Groups = append(d.Groups, hostGroup{g, "/groups/" + g.Handle + "/events/new?" + v.Encode()})
	}
	c.Header().Set("Cache-Control", "no-store")
	return hostPage.RenderForm(c, f, d)
}

// host takes an event that is there already, or a proposal.
func (w *Web) host(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	handle := c.Param("handle")
	if f.Has("do", "add") {
		if err := c.RequireActor(); err != nil {
			return err
		}
		err = w.Propose(c.Context(), c.Actor(), handle, eventIn(f.Line("event")))
		if f.Accepts(err) {
			return w.hostPage(c, f)
		}
		if err != nil {
			return err
		}
		return c.SeeOther("/events/" + string(eventIn(f.Line("event"))))
	}
	if err := w.limit(c); err != nil {
		return err
	}
	secret := f.Line("key")
	err = w.ProposeHost(c.Context(), c.Actor(), handle, secret, Host{
		Near: f.Line("near"), Place: f.Line("place"), Day: f.Line("day"), Start: f.Line("start"), End: f.Line("end"),
		Note: f.Text("note"), Contact: f.Line("contact"),
	})
	if f.Accepts(err) {
		return w.hostPage(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/campaigns/" + handle + "/proposals/" + secret)
}

// eventIn finds an event's id in its address.
func eventIn(s string) id.Event {
	if u, err := url.Parse(s); err == nil {
		s = u.Path
	}
	s = strings.TrimSuffix(path.Base(s), path.Ext(s))
	if !id.Valid(s) {
		return ""
	}
	return id.Event(s)
}

type answerData struct {
	URL, Self string
	Path      string // of this page
	Campaign  Campaign
	Proposal  Proposal
	Day       string
}

var answerPage = web.NewPage[answerData](pages, "pages/answer.html")

// answered shows a host what was said to their proposal.
func (w *Web) answered(c *web.Call) error {
	p, err := w.Answered(c.Context(), c.Param("secret"))
	if err != nil {
		return err
	}
	d := answerData{URL: "/campaigns/" + c.Param("handle"), Self: c.BaseURL() + c.R.URL.Path, Path: c.R.URL.Path, Proposal: p}
	d.Day = c.Locale.DateShort(day.Time(p.Day))
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		d.Campaign, _, err = w.load(c.Context(), tx, c.Actor(), c.Param("handle"))
		return err
	})
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	c.Header().Set("X-Robots-Tag", "noindex")
	return answerPage.Render(c, d)
}

type queueEvent struct {
	Event
	Day, Host string
}

type queueData struct {
	Form      *web.Form
	Campaign  Campaign
	URL       string
	Events    []queueEvent
	Proposals []Proposal
	Groups    []web.Choice
	One       string // the only group that can take an event, or ""
}

var queuePage = web.NewPage[queueData](pages, "pages/proposals.html")

func (w *Web) queue(c *web.Call) error { return w.queuePage(c, c.NewForm()) }

func (w *Web) queuePage(c *web.Call, f *web.Form) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	q, err := w.Queue(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	d := queueData{Form: f, Campaign: q.Campaign, URL: "/campaigns/" + q.Campaign.Handle, Proposals: q.Proposals}
	d.Groups = groupChoices(f, "group", q.Seat.Owners)
	if len(q.Seat.Owners) == 1 {
		d.One = q.Seat.Owners[0].Handle
	}
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		for _, e := range q.Events {
			g, err := w.Groups.ByID(c.Context(), tx, e.Group)
			if err != nil {
				return err
			}
			d.Events = append(d.Events, queueEvent{e, c.Locale.DateShort(e.When) + ", " + c.Locale.Time(e.When), g.Name})
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return queuePage.RenderForm(c, f, d)
}

// answer takes an organizer's answer to a group's event or to a proposal.
func (w *Web) answer(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	d := Decision{Accept: f.Has("do", "accept") || f.Has("do", "trust"), Trust: f.Has("do", "trust"), Reason: f.Text("reason")}
	if e := f.Line("event"); e != "" {
		err = w.Decide(c.Context(), c.Actor(), c.Param("handle"), id.Event(e), d)
	} else {
		err = w.DecideHost(c.Context(), c.Actor(), c.Param("handle"), f.Line("proposal"), f.Line("group"), d)
	}
	if f.Accepts(err) {
		return w.queuePage(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/campaigns/" + c.Param("handle") + "/proposals")
}
