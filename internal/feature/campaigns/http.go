package campaigns

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/print"
	"convoke/internal/version"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Pictures normalizes and keeps uploaded pictures; see package media.
type Pictures interface {
	// Save returns the key of the re-encoded picture, "" when none was sent.
	Save(c *web.Call, field string) (key string, err error)
}

// Numbers are what a campaign comes to.
type Numbers struct {
	Events, Places int
	Going          int // people who said that they come
}

// EventPages shows a campaign's events.
type EventPages interface {
	// Panel is the map and the next events of a campaign.
	Panel(c *web.Call, campaign id.Campaign, handle string) (template.HTML, error)
	// List is the list alone, for pages of others that embed it.
	List(c *web.Call, campaign id.Campaign, handle string) (template.HTML, error)
	// Places counts a campaign's events by town.
	Places(ctx context.Context, tx *db.Tx, campaign id.Campaign) ([]Place, error)
	// Going is how many people said that they come, over all events.
	Going(ctx context.Context, tx *db.Tx, campaign id.Campaign) (int, error)
	// Kinds are the kinds of events to choose from.
	Kinds(l *i18n.Locale) []web.Choice
}

// Limiter bounds how often a visitor may propose.
type Limiter interface {
	Allow(bucket, subject string) (ok bool, retry time.Duration)
}

// Web is the feature's pages.
type Web struct {
	*Service
	Pictures Pictures
	Shown    EventPages
	Limiter  Limiter
	Print    *print.Press
	// Client names the corner of the network a request comes from, or "".
	Client func(c *web.Call) string

	// ids remembers the id of each handle, which never changes.
	ids sync.Map
}

// tags are those of a campaign's public pages.
func (w *Web) tags(c *web.Call, handle string) ([]string, error) {
	cid, err := w.idOf(c, handle)
	if err != nil {
		return nil, err
	}
	return []string{"campaign:" + string(cid), "campaign-events:" + string(cid), "site"}, nil
}

// idOf is a campaign's id, found without asking the database once a page was shown.
func (w *Web) idOf(c *web.Call, handle string) (id.Campaign, error) {
	if known, ok := w.ids.Load(handle); ok {
		return known.(id.Campaign), nil
	}
	var cid id.Campaign
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		x, err := campaignBy(c.Context(), tx, "handle", handle)
		cid = x.ID
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return "", web.ErrNotFound()
	}
	if err == nil {
		w.ids.Store(handle, cid)
	}
	return cid, err
}

// read loads a campaign for a page that anybody may ask for.
func (w *Web) read(c *web.Call, by authz.Actor, handle string) (camp Campaign, seat Seat, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		camp, seat, err = w.load(c.Context(), tx, by, handle)
		return err
	})
	return camp, seat, err
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /campaigns", w.list)
	site.Handle("GET /campaigns/new", w.newForm)
	site.Handle("POST /campaigns/new", w.create)
	site.Handle("GET /campaigns/{handle}", w.show)
	site.Handle("GET /campaigns/{handle}/edit", w.editForm)
	site.Handle("POST /campaigns/{handle}/edit", w.edit)
	site.Handle("GET /campaigns/{handle}/languages", w.textForm)
	site.Handle("POST /campaigns/{handle}/languages", w.translate)
	site.Handle("GET /campaigns/{handle}/demands", w.demandsForm)
	site.Handle("POST /campaigns/{handle}/demands", w.demand)
	site.Handle("GET /campaigns/{handle}/forward", w.forward)
	site.Handle("POST /campaigns/{handle}/forward", w.forwardAct)
	site.Handle("GET /campaigns/{handle}/points", w.pointsForm)
	site.Handle("POST /campaigns/{handle}/points", w.setPoints)
	site.Handle("GET /campaigns/{handle}/groups", w.groups)
	site.Handle("POST /campaigns/{handle}/groups", w.groupAct)
	site.Handle("GET /campaigns/{handle}/template", w.templateForm)
	site.Handle("POST /campaigns/{handle}/template", w.setTemplate)
	site.Handle("GET /campaigns/{handle}/places", w.places)
	site.Handle("GET /campaigns/{handle}/host", w.hostForm)
	site.Handle("POST /campaigns/{handle}/host", w.host)
	site.Handle("GET /campaigns/{handle}/proposals", w.queue)
	site.Handle("POST /campaigns/{handle}/proposals", w.answer)
	site.Handle("GET /campaigns/{handle}/proposals/{secret}", w.answered)
	site.Handle("POST /campaigns/{handle}/proposals/{secret}/help", w.help)
	site.Handle("GET /campaigns/{handle}/embed", w.embed)
	w.mountPrint(site)
	site.Handle("POST /campaigns/{handle}/events/{id}/remove", w.remove)
}

const (
	pageSize = 30
	pageTTL  = 5 * time.Minute
)

type listItem struct {
	Handle, Title, Lang string
	Dates               string
	State               string
}

type listData struct {
	Past  bool
	Items []listItem
	Next  string
	First bool
	Start bool // the reader may start one
}

var listPage = web.NewPage[listData](pages, "pages/list.html")

func (w *Web) list(c *web.Call) error {
	return c.Cached([]string{"campaigns", "site"}, pageTTL, func() error {
		v := c.Query()
		past := v.Get("when") == "past"
		after := readCursor(v.Get("after"))
		page, more, err := w.List(c.Context(), past, after, pageSize)
		if err != nil {
			return err
		}
		d := listData{Past: past, First: after == cursor{}, Start: !c.Actor().Visitor()}
		for i := range page {
			d.Items = append(d.Items, item(c.Locale, &page[i]))
		}
		if more {
			last := &page[len(page)-1]
			next := url.Values{"after": {strconv.Itoa(last.lastDay()) + "." + string(last.ID)}}
			if past {
				next.Set("when", "past")
			}
			d.Next = "/campaigns?" + next.Encode()
		}
		return listPage.Render(c, d)
	}, "when", "after")
}

// readCursor is the beginning for anything that was not made by a list.
func readCursor(s string) cursor {
	day, cid, _ := strings.Cut(s, ".")
	n, err := strconv.Atoi(day)
	if err != nil || !id.Valid(cid) {
		return cursor{}
	}
	return cursor{n, cid}
}

func item(l *i18n.Locale, c *Campaign) listItem {
	it := listItem{Handle: c.Handle, Title: c.Text.Title, Lang: c.Text.Lang, Dates: dates(l, c.Dates)}
	if c.State != Open {
		it.State = l.T(c.State.Name())
	}
	return it
}

// dates are the days in one line; of many, the first and the last.
func dates(l *i18n.Locale, all []Span) string {
	if n := len(all); n > 4 {
		last := all[0].Last
		for _, s := range all {
			last = max(last, s.Last)
		}
		return l.N("{n} date, {from} to {to}", "{n} dates, {from} to {to}", n,
			"from", l.DateShort(day.Time(all[0].First)), "to", l.DateShort(day.Time(last)))
	}
	var out []string
	for _, s := range all {
		d := l.DateShort(day.Time(s.First))
		if s.Last != s.First {
			d = l.T("{from} to {to}", "from", d, "to", l.DateShort(day.Time(s.Last)))
		}
		out = append(out, d)
	}
	return strings.Join(out, " · ")
}

type demandView struct {
	Demand
	StateName string
	Steps     []stepView
}

type stepView struct{ Day, State, Note, Poll string }

type showData struct {
	Campaign   Campaign
	Text       Text
	URL        string
	Dates      string
	StateName  string
	Picture    string
	Versions   version.Shown
	Demands    []demandView
	Forward    int // demands that groups put forward
	Points     Points
	PointsDay  string
	Owners     []Group
	Endorsers  []endorser
	Numbers    Numbers
	Panel      template.HTML
	Edit       bool
	Speak      bool    // the reader speaks for a group
	Speakers   []Group // the owners among them
	Waiting    int
	OpenToHost bool
	Formats    []format
	Saved      string // what the browser kept of the form that was just saved
}

// format is the campaign or its events in another form.
type format struct{ Href, Name string }

func formats(handle string) []format {
	q := "?campaign=" + handle
	return []format{
		{"/campaigns/" + handle + ".json", "JSON"}, {"/events.ics" + q, "iCalendar"}, {"/events.atom" + q, "Atom"},
		{"/events.geojson" + q, "GeoJSON"}, {"/events.csv" + q, "CSV"},
	}
}

type endorser struct {
	Group
	Version int
	Older   bool // agreed to an earlier version of the points
}

var showPage = web.NewPage[showData](pages, "pages/show.html")

func (w *Web) show(c *web.Call) error {
	handle, format, dotted := strings.Cut(c.Param("handle"), ".")
	if dotted && format != "json" {
		return web.ErrNotFound()
	}
	tags, err := w.tags(c, handle)
	if err != nil {
		return err
	}
	return c.Cached(tags, pageTTL, func() error {
		camp, seat, err := w.read(c, c.Actor(), handle)
		if err != nil {
			return err
		}
		d, err := w.showData(c, &camp, seat)
		if err != nil {
			return err
		}
		if format == "json" {
			return showJSON(c, &d)
		}
		if d.Edit {
			d.Saved = savedDraft(c.Query().Get("saved"), handle)
		}
		return showPage.Render(c, d)
	}, "lang")
}

// savedDraft names what the browser kept of the form that led here.
func savedDraft(saved, handle string) string {
	switch saved {
	case "new":
		return "campaign-new"
	case "1":
		return "campaign-" + handle + "-*"
	}
	return ""
}

func (w *Web) showData(c *web.Call, camp *Campaign, seat Seat) (showData, error) {
	l, ctx := c.Locale, c.Context()
	d := showData{
		Campaign: *camp, URL: "/campaigns/" + camp.Handle, Dates: dates(l, camp.Dates), OpenToHost: camp.State == Open, Formats: formats(camp.Handle),
		Edit: authz.May(c.Actor(), authz.EditCampaign, seat.Subject()), Speak: len(seat.Groups) > 0, Speakers: seat.Owners,
	}
	if camp.State != Open {
		d.StateName = l.T(camp.State.Name())
	}
	if camp.Picture != "" {
		d.Picture = "/pictures/" + camp.Picture
	}
	err := w.DB.Read(ctx, func(tx *db.Tx) error {
		texts, err := textsOf(ctx, tx, camp.ID)
		if err != nil {
			return err
		}
		d.Text, d.Versions = choose(c, camp, texts)
		demands, err := demandsOf(ctx, tx, camp.ID)
		if err != nil {
			return err
		}
		d.Demands = demandViews(l, demands)
		if d.Forward, err = forwardCount(ctx, tx, camp.ID); err != nil {
			return err
		}
		if d.Points, err = pointsOf(ctx, tx, camp.ID, camp.Points); err != nil {
			return err
		}
		if err := w.people(ctx, tx, camp, &d); err != nil {
			return err
		}
		places, err := w.Shown.Places(ctx, tx, camp.ID)
		if err != nil {
			return err
		}
		for _, p := range places {
			d.Numbers.Events += p.Events
			if p.Label != "" {
				d.Numbers.Places++
			}
		}
		d.Numbers.Going, err = w.Shown.Going(ctx, tx, camp.ID)
		if err != nil || !d.Edit {
			return err
		}
		d.Waiting, err = countWaiting(ctx, tx, camp.ID)
		return err
	})
	if err != nil {
		return d, err
	}
	if d.Points.Day != 0 {
		d.PointsDay = l.DateShort(day.Time(d.Points.Day))
	}
	d.Panel, err = w.Shown.Panel(c, camp.ID, camp.Handle)
	return d, err
}

// people fills in the groups that own and endorse, without those suspended.
func (w *Web) people(ctx context.Context, tx *db.Tx, camp *Campaign, d *showData) error {
	owners, err := ownersOf(ctx, tx, camp.ID)
	if err != nil {
		return err
	}
	all, err := endorsementsOf(ctx, tx, camp.ID)
	if err != nil {
		return err
	}
	groups, err := w.named(ctx, tx, owners, all)
	if err != nil {
		return err
	}
	for _, o := range owners {
		if g := groups[o.Group]; o.State == Owns && !g.Suspended {
			d.Owners = append(d.Owners, g)
		}
	}
	for _, e := range all {
		if g := groups[e.Group]; !g.Suspended {
			d.Endorsers = append(d.Endorsers, endorser{g, e.Version, e.Version < camp.Points})
		}
	}
	return nil
}

// choose picks the text in the language that was asked for, or the reader's, or
// the one in which the campaign was written.
func choose(c *web.Call, camp *Campaign, texts []Text) (Text, version.Shown) {
	var all []version.Meta
	for _, t := range texts {
		all = append(all, version.Meta{Lang: t.Lang, Credit: t.Credit, Of: t.Of})
	}
	shown := version.Show(c, "/campaigns/"+camp.Handle, camp.Text.Lang, camp.Text.hash(), all)
	for _, t := range texts {
		if t.Lang == shown.Lang {
			return t, shown
		}
	}
	return camp.Text, shown
}

func languageName(code string) string {
	for _, l := range web.Languages() {
		if l.Value == code {
			return l.Label
		}
	}
	return code
}

func demandViews(l *i18n.Locale, all []Demand) []demandView {
	out := make([]demandView, len(all))
	for i, d := range all {
		out[i] = demandView{Demand: d, StateName: l.T(d.State.Name())}
		for k, h := range d.History {
			if k == 0 && h.Note == "" && h.Poll == "" {
				continue // that it was made says nothing
			}
			out[i].Steps = append(out[i].Steps, stepView{l.DateShort(day.Time(h.Day)), l.T(h.State.Name()), h.Note, h.Poll})
		}
	}
	return out
}

// publicCampaign is the JSON of a campaign: what its public page says.
type publicCampaign struct {
	Handle    string         `json:"handle"`
	Title     string         `json:"title"`
	Statement string         `json:"statement"` // Markdown
	Language  string         `json:"language"`
	State     State          `json:"state"`
	Dates     []publicSpan   `json:"dates"`
	Demands   []publicDemand `json:"demands"`
	Points    string         `json:"points_of_unity"` // Markdown
	Version   int            `json:"points_version"`
	Owners    []string       `json:"owners"`    // handles
	Endorsers []string       `json:"endorsers"` // handles
	Events    int            `json:"events"`
	Going     int            `json:"going"`
	URL       string         `json:"url"`
}

type publicSpan struct {
	First string `json:"first"`
	Last  string `json:"last"`
}

type publicDemand struct {
	Number    int         `json:"number"`
	Text      string      `json:"text"`
	Addressee string      `json:"addressee"`
	State     DemandState `json:"state"`
}

func showJSON(c *web.Call, d *showData) error {
	p := publicCampaign{
		Handle: d.Campaign.Handle, Title: d.Text.Title, Statement: d.Text.Statement, Language: d.Text.Lang, State: d.Campaign.State,
		Dates: []publicSpan{}, Demands: []publicDemand{}, Owners: []string{}, Endorsers: []string{},
		Points: d.Points.Body, Version: d.Points.Version, Events: d.Numbers.Events, Going: d.Numbers.Going, URL: c.BaseURL() + d.URL,
	}
	for _, s := range d.Campaign.Dates {
		p.Dates = append(p.Dates, publicSpan{day.ISO(s.First), day.ISO(s.Last)})
	}
	for _, x := range d.Demands {
		p.Demands = append(p.Demands, publicDemand{x.Number, x.Body, x.Addressee, x.State})
	}
	for _, g := range d.Owners {
		p.Owners = append(p.Owners, g.Handle)
	}
	for _, g := range d.Endorsers {
		p.Endorsers = append(p.Endorsers, g.Handle)
	}
	b, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode campaign: %w", err)
	}
	return c.Write(http.StatusOK, "application/json", b)
}

type embedData struct {
	Title, Lang, URL string
	Dates            string
	List             template.HTML
}

var embedPage = web.NewPage[embedData](pages, "pages/embed.html")

// embed is a list that any page may show in a frame: no script, no cookies, no
// forms.
func (w *Web) embed(c *web.Call) error {
	tags, err := w.tags(c, c.Param("handle"))
	if err != nil {
		return err
	}
	return c.Cached(tags, pageTTL, func() error {
		camp, _, err := w.read(c, authz.Actor{}, c.Param("handle"))
		if err != nil {
			return err
		}
		c.AllowFrame()
		list, err := w.Shown.List(c, camp.ID, camp.Handle)
		if err != nil {
			return err
		}
		return embedPage.RenderFrame(c, embedData{
			Title: camp.Text.Title, Lang: camp.Text.Lang, URL: c.BaseURL() + "/campaigns/" + camp.Handle, Dates: dates(c.Locale, camp.Dates), List: list,
		})
	})
}
