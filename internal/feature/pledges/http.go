package pledges

import (
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Web is the feature's pages.
type Web struct {
	*Service
	Limiter Limiter
	// Client names the corner of the network that a request comes from, or "".
	Client func(c *web.Call) string
	// Notice is what the campaign that a pledge is for has to say first; nil is nothing.
	Notice func(c *web.Call, cid id.Campaign) (template.HTML, error)

	// known remembers the tags of pages by slug: they never change once the pledge
	// is open.
	known sync.Map
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /pledges", w.list)
	site.Handle("GET /pledges.json", w.listJSON)
	site.Handle("GET /pledges/new", w.newForm)
	site.Handle("POST /pledges/new", w.create)
	site.Handle("GET /pledges/{slug}", w.show)
	site.Handle("GET /pledges/{slug}/edit", w.editForm)
	site.Handle("POST /pledges/{slug}/edit", w.save)
	site.Handle("GET /pledges/{slug}/open", w.openForm)
	site.Handle("POST /pledges/{slug}/open", w.open)
	site.Handle("GET /pledges/{slug}/groups", w.groups)
	site.Handle("POST /pledges/{slug}/groups", w.groupAct)
	site.Handle("GET /pledges/{slug}/news", w.newsForm)
	site.Handle("POST /pledges/{slug}/news", w.subscribe)
	site.Handle("GET /pledges/{slug}/news/{secret}", w.newsLink)
	site.Handle("POST /pledges/{slug}/news/{secret}", w.followLink)
	site.Handle("GET /pledges/{slug}/codes", w.codesForm)
	site.Handle("POST /pledges/{slug}/codes", w.codes)
}

const (
	pageTTL  = time.Hour
	listTTL  = time.Minute
	pageSize = 30
)

func urlOf(p *Pledge) string { return "/pledges/" + p.Slug }

// sentence is the whole pledge in the reader's language.
func sentence(l *i18n.Locale, p *Pledge) string {
	will, apart := l.T(Will(p.Kind)), p.Split != Together
	switch {
	case p.Personal && apart:
		return l.T("{will}, if enough people in my place or group do.", "will", will)
	case p.Personal:
		return l.T("{will}, if enough people do.", "will", will)
	case apart:
		return l.N("{will}, if {n} person in my place or group does, counting me.", "{will}, if {n} people in my place or group do, counting me.", p.People, "will", will)
	}
	return l.N("{will}, if {n} person does, counting me.", "{will}, if {n} people do, counting me.", p.People, "will", will)
}

// moment is a day and hour at the place, in one line. The end of a day is said as
// that day.
func moment(l *i18n.Locale, p *Pledge, t time.Time) string {
	at := p.Local(t)
	if at.Hour() == 0 && at.Minute() == 0 {
		return l.DateShort(at.Add(-time.Minute))
	}
	return l.DateShort(at) + ", " + l.Time(at)
}

// item is a pledge in a list.
type item struct {
	URL, Title, Lang, Sentence string
	Until                      string
	ISO                        string
	Badge                      string // says a state that is not just open
	Good                       bool
}

func itemOf(l *i18n.Locale, p *Pledge) item {
	it := item{
		URL: urlOf(p), Title: p.Title, Lang: p.Lang, Sentence: sentence(l, p), Until: moment(l, p, p.Deadline),
		ISO: p.Local(p.Deadline).Format(time.RFC3339), Good: p.State == Reached,
	}
	if p.State != Open {
		it.Badge = l.T(p.State.name())
	}
	return it
}

func itemsOf(l *i18n.Locale, all []Pledge) []item {
	var out []item
	for i := range all {
		out = append(out, itemOf(l, &all[i]))
	}
	return out
}

type listData struct {
	Past, First bool
	Items       []item
	Next        string
}

var listPage = web.NewPage[listData](pages, "pages/list.html", "pages/parts.html")

func readCursor(s string) cursor {
	a, b, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(a, 10, 64)
	if err != nil || !id.Valid(b) {
		return cursor{}
	}
	return cursor{n, b}
}

// write is the cursor behind p.
func (p *Pledge) cursor() string {
	return strconv.FormatInt(clock.Micros(p.Deadline), 10) + "." + string(p.ID)
}

func (w *Web) list(c *web.Call) error {
	return c.Cached([]string{"pledges", "site"}, listTTL, func() error {
		past, after := c.Query().Get("when") == "past", readCursor(c.Query().Get("after"))
		page, more, err := w.List(c.Context(), past, after, pageSize)
		if err != nil {
			return err
		}
		d := listData{Past: past, First: after == cursor{}, Items: itemsOf(c.Locale, page)}
		if more {
			next := url.Values{"after": {page[len(page)-1].cursor()}}
			if past {
				next.Set("when", "past")
			}
			d.Next = "/pledges?" + next.Encode()
		}
		return listPage.Render(c, d)
	}, "when", "after")
}

// listJSON is the list for programs, as the API has it.
func (w *Web) listJSON(c *web.Call) error {
	return c.Cached([]string{"pledges", "site"}, listTTL, func() error {
		page, err := w.apiList(c, &apiList{When: c.Query().Get("when"), After: c.Query().Get("after")})
		if err != nil {
			return err
		}
		return writeJSON(c, page)
	}, "when", "after")
}

type panelData struct {
	Items []item
	Asked []item
	New   string
}

var panelPage = web.NewPage[panelData](pages, "pages/panel.html", "pages/parts.html")

const panelSize = 5

// GroupPanel is a group's pledges on its page.
func (w *Web) GroupPanel(c *web.Call, g id.Group) (template.HTML, error) {
	var d panelData
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		group, err := w.Groups.ByID(c.Context(), tx, g)
		if err != nil {
			return err
		}
		_, err = w.speaker(c.Context(), tx, c.Actor(), group.Handle, authz.StartPledge)
		organizes := err == nil
		d = panelData{}
		if group.Suspended && !organizes {
			return nil
		}
		all, err := ofGroup(c.Context(), tx, g, Owns, organizes, panelSize)
		d.Items = itemsOf(c.Locale, all)
		if err != nil || !organizes {
			return err
		}
		d.New = "/pledges/new?group=" + group.Handle
		asked, err := ofGroup(c.Context(), tx, g, Asked, true, panelSize)
		d.Asked = itemsOf(c.Locale, asked)
		return err
	})
	if err != nil || len(d.Items)+len(d.Asked) == 0 && d.New == "" {
		return "", err
	}
	return panelPage.Fragment(c, d)
}

// CampaignPanel is the pledges of a campaign, EventPanel those of an event, for
// their pages; edit says that the reader may add one.
func (w *Web) CampaignPanel(c *web.Call, cid id.Campaign) (template.HTML, error) {
	return w.belonging(c, "campaign_id", string(cid), "")
}

// EventPanel is the pledges of an event. add is the handle of the group with which
// the reader can add one, or "".
func (w *Web) EventPanel(c *web.Call, e id.Event, add string) (template.HTML, error) {
	if add != "" {
		add = "/pledges/new?" + url.Values{"group": {add}, "event": {string(e)}}.Encode()
	}
	return w.belonging(c, "event_id", string(e), add)
}

func (w *Web) belonging(c *web.Call, column, value, add string) (template.HTML, error) {
	d := panelData{New: add}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		all, err := of(c.Context(), tx, column, value, panelSize)
		d.Items = itemsOf(c.Locale, all)
		return err
	})
	if err != nil || len(d.Items) == 0 && add == "" {
		return "", err
	}
	return panelPage.Fragment(c, d)
}

// found is what the pages of one pledge know.
type found struct {
	Pledge   Pledge
	Seat     Seat
	Owners   []Group
	Count    Count
	Campaign Ref
	Event    Ref
}

func (w *Web) find(c *web.Call, slug string) (found, error) {
	var f found
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		ctx := c.Context()
		if f.Pledge, f.Seat, err = w.load(ctx, tx, c.Actor(), slug); err != nil {
			return err
		}
		if f.Owners, err = w.owners(ctx, tx, f.Pledge.ID); err != nil {
			return err
		}
		if f.Count, err = w.Count(ctx, tx, &f.Pledge); err != nil {
			return err
		}
		if f.Pledge.Campaign != "" {
			_, f.Campaign, err = w.Elsewhere.AboutCampaign(ctx, tx, f.Pledge.Campaign)
			if err = known(err); err != nil {
				return err
			}
		}
		if f.Pledge.Event != "" {
			f.Event, err = w.Elsewhere.AboutEvent(ctx, tx, f.Pledge.Event)
			err = known(err)
		}
		return err
	})
	return f, err
}

// tags are those of a pledge's public pages; found without asking the database once
// the page was shown. Of what is not public there are none to know.
func (w *Web) tags(c *web.Call, slug string) ([]string, error) {
	if v, ok := w.known.Load(slug); ok {
		return v.([]string), nil
	}
	var p Pledge
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		p, err = pledgeBy(c.Context(), tx, "slug", slug)
		return err
	})
	if errors.Is(err, db.ErrNoRows) || err == nil && !p.State.Public() {
		return []string{"pledges"}, nil
	}
	if err != nil {
		return nil, err
	}
	out := []string{"pledge:" + string(p.ID), "box:" + p.Box, "record:" + record.NodeLog, "groups", "site", "down:" + string(p.Campaign)}
	w.known.Store(slug, out)
	return out, nil
}

// show is the page of a pledge, and the pledge as .json.
func (w *Web) show(c *web.Call) error {
	slug, format, dotted := strings.Cut(c.Param("slug"), ".")
	if dotted && format != "json" {
		return web.ErrNotFound()
	}
	tags, err := w.tags(c, slug)
	if err != nil {
		return err
	}
	return c.Cached(tags, pageTTL, func() error {
		f, err := w.find(c, slug)
		if err != nil {
			return err
		}
		if f.Pledge.takes(c.Now()) {
			c.ShownUntil(f.Pledge.Deadline)
		}
		if format == "json" {
			return writeJSON(c, apiOf(c.BaseURL(), &f))
		}
		d := showOf(c, &f)
		d.News = w.newsOpen(&f.Pledge, c.Now())
		if w.Notice != nil && f.Pledge.Campaign != "" {
			if d.Notice, err = w.Notice(c, f.Pledge.Campaign); err != nil {
				return err
			}
		}
		return showPage.Render(c, d)
	})
}

func writeJSON(c *web.Call, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	c.Header().Set("Access-Control-Allow-Origin", "*")
	return c.Write(http.StatusOK, "application/json", append(b, '\n'))
}

// partView is where a place or group stands.
type partView struct {
	Tally
	People   int // who pledged
	Goal     int
	Of       uint64 // what the meter shows
	State    string
	Next     string
	Happened bool
}

type rowView struct {
	Row
	Max int
}

type showData struct {
	Pledge                          Pledge
	URL, Sentence, Until, ISO, Zone string
	Badge                           string
	Owners                          []Group
	Campaign, Event                 Ref
	Count                           Count
	Whole                           partView // without parts
	Parts                           []partView
	Rows                            []rowView
	Gate, GateHint                  string
	Did                             string
	Record, Told, Host              string // address of its record; the day of numbers that another server told
	Take                            string // address where one pledges, "" when not now
	Mine                            string
	Until2                          string // until when one can say that it was done
	Over, Edit, Speak, Codes, News  bool
	Notice                          template.HTML
}

var showPage = web.NewPage[showData](pages, "pages/show.html")

func showOf(c *web.Call, f *found) showData {
	l, p := c.Locale, &f.Pledge
	d := showData{
		Pledge: *p, URL: urlOf(p), Sentence: sentence(l, p), Until: moment(l, p, p.Deadline), ISO: p.Local(p.Deadline).Format(time.RFC3339),
		Zone: p.Zone, Owners: f.Owners, Campaign: f.Campaign, Event: f.Event, Count: f.Count, Did: l.T(did(p.Kind)), Until2: moment(l, p, p.Closes()),
		Over: !c.Now().Before(p.Deadline), Edit: authz.May(c.Actor(), authz.EditPledge, f.Seat.Subject()), Speak: len(f.Seat.Groups) > 0,
	}
	d.Codes = d.Edit && p.printable(c.Now())
	if p.State != Open {
		d.Badge = l.T(p.State.name())
	}
	for _, g := range gates {
		if g.code == p.Gate {
			d.Gate, d.GateHint = l.T(g.name), l.T(g.hint)
		}
	}
	if p.takes(c.Now()) {
		d.Take = "/b/" + p.Box + "/take"
	}
	if p.Box != "" {
		d.Record = "/b/" + p.Box
	}
	if t := p.Told; t != nil {
		d.Record = t.URL()
		d.Host = t.Host()
		if day, err := time.Parse(time.DateOnly, t.Day); err == nil {
			d.Told = l.DateShort(day)
		}
	}
	if p.Box != "" && p.State != Closed {
		d.Mine = "/b/" + p.Box + "/mine"
	}
	for i := range f.Count.Tallies {
		t := &f.Count.Tallies[i]
		v := viewOf(l, p, t, d.Over)
		if t.Part == box.Whole {
			d.Whole = v
			continue
		}
		d.Parts = append(d.Parts, v)
	}
	if p.Personal && len(d.Parts) == 0 {
		for _, r := range rows(d.Whole.Steps) {
			d.Rows = append(d.Rows, rowView{r, max(d.Whole.People, 1)})
		}
	}
	return d
}

func viewOf(l *i18n.Locale, p *Pledge, t *Tally, over bool) partView {
	v := partView{Tally: *t, People: int(t.Pledged), Goal: p.People, Of: min(t.Pledged, uint64(p.People)), Happened: t.Reached != nil}
	now := int(t.Pledged)
	if p.Personal {
		now, v.Of = int(t.Standing), min(t.Standing, uint64(p.People))
	}
	switch {
	case t.Reached != nil:
		v.State = l.T("Reached on {day}; {n} stand now.", "day", moment(l, p, t.Reached.At), "n", now)
	case over:
		v.State = l.T("{n} of {goal}: not enough.", "n", now, "goal", p.People)
	default:
		v.State = l.T("{n} of {goal}; {more} more and it happens.", "n", now, "goal", p.People, "more", int(t.Missing))
	}
	if !over && p.Personal && t.More > 0 {
		v.Next = l.N("{more} more who wait for at most {bound} people, and {n} other follows.",
			"{more} more who wait for at most {bound} people, and {n} others follow.", int(t.Follow), "more", int(t.More), "bound", int(t.Bound()))
	}
	return v
}
