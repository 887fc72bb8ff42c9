package petitions

import (
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/markdown"
	"convoke/internal/print"
	"convoke/internal/record/box"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Limiter bounds how often a visitor may leave a name or an address.
type Limiter interface {
	Allow(bucket, subject string) (ok bool, retry time.Duration)
}

// Web is the feature's pages.
type Web struct {
	*Service
	Limiter Limiter
	Print   *print.Press
	// Client names the corner of the network a request comes from, or "".
	Client func(c *web.Call) string
	// Notice is what the campaign that a petition is for has to say first; nil is nothing.
	Notice func(c *web.Call, cid id.Campaign) (template.HTML, error)

	// known remembers what the tags of a page are made of, which never changes once
	// the petition is open.
	known sync.Map
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /petitions", w.list)
	site.Handle("GET /petitions.json", w.listJSON)
	site.Handle("GET /groups/{handle}/petitions/new", w.newForm)
	site.Handle("POST /groups/{handle}/petitions/new", w.create)
	site.Handle("GET /petitions/{slug}", w.show)
	site.Handle("GET /petitions/{slug}/edit", w.editForm)
	site.Handle("POST /petitions/{slug}/edit", w.edit)
	w.mountVersions(site)
	for name, a := range acts() {
		site.Handle("GET /petitions/{slug}/"+name, func(c *web.Call) error { return w.actForm(c, a) })
		site.Handle("POST /petitions/{slug}/"+name, func(c *web.Call) error { return w.act(c, a) })
	}
	site.Handle("GET /petitions/{slug}/codes", w.codesForm)
	site.Handle("POST /petitions/{slug}/codes", w.printCodes)
	site.Handle("GET /petitions/{slug}/sheet.pdf", w.sheet)
	site.Handle("GET /petitions/{slug}/sheets", w.sheets)
	site.Handle("POST /petitions/{slug}/sheets", w.changeSheets)
	site.Handle("GET /petitions/{slug}/comments", w.comments)
	site.Handle("GET /petitions/{slug}/moderate", w.queue)
	site.Handle("POST /petitions/{slug}/moderate", w.judge)
	site.Handle("GET /petitions/{slug}/comment", w.commentForm)
	site.Handle("POST /petitions/{slug}/comment", w.comment)
	site.Handle("GET /petitions/{slug}/comment/{secret}", w.mine)
	site.Handle("POST /petitions/{slug}/comment/{secret}", w.eraseMine)
	site.Handle("POST /petitions/{slug}/updates", w.follow)
	site.Handle("GET /petitions/{slug}/updates/{secret}", w.followed)
	site.Handle("POST /petitions/{slug}/updates/{secret}", w.answer)
}

// How old pages may be when nothing is touched: the days that something waits.
const (
	pageTTL = 5 * time.Minute
	listTTL = time.Minute
)

// item is one petition in a list.
type item struct {
	URL, Title, Lang string
	Addressee, By    string
	State            string
	Count, Goal      int
	Waiting          string // since when
	Draft            bool
}

func (w *Web) item(c *web.Call, p *Petition, n box.Numbers, by string) item {
	it := item{
		URL: p.url(), Title: p.Text.Title, Lang: p.Text.Lang, Addressee: p.Text.Addressee, By: by, Count: int(n.Counted), Goal: int(p.Goal()), //nolint:gosec // bounded
		Draft: p.State == Draft,
	}
	if p.State != Open {
		it.State = p.State.name(c.Locale)
	}
	if p.State == Delivered {
		it.Waiting = c.Locale.N("waiting for {n} day", "waiting for {n} days", daysSince(p.Delivered, c.Now()))
	}
	return it
}

// daysSince is how many days have begun since a day.
func daysSince(d int, now time.Time) int {
	return max(int(day.Time(day.Of(now)).Sub(day.Time(d)).Hours())/24, 0)
}

// items reads the numbers of petitions and who asks.
func (w *Web) items(c *web.Call, tx *db.Tx, all []Petition, named bool) ([]item, error) {
	var out []item
	groups := groupsOnce{}
	for i := range all {
		p := &all[i]
		n, err := w.numbers(c.Context(), tx, p)
		if err != nil {
			return nil, err
		}
		var by string
		if named {
			g, err := groups.byID(c.Context(), tx, w.Groups, p.Group)
			if err != nil {
				return nil, err
			}
			by = g.Name
		}
		out = append(out, w.item(c, p, n, by))
	}
	return out, nil
}

// groupsOnce are the groups of a list's petitions, each read once.
type groupsOnce map[id.Group]Group

func (m groupsOnce) byID(ctx context.Context, tx *db.Tx, from Groups, gid id.Group) (Group, error) {
	g, ok := m[gid]
	if ok {
		return g, nil
	}
	g, err := from.ByID(ctx, tx, gid)
	m[gid] = g
	return g, err
}

type tab struct {
	Href, Name string
	Current    bool
}

type listData struct {
	Form  *web.Form
	Lede  string
	Tabs  []tab
	Items []item
	Next  string
}

var listPage = web.NewPage[listData](pages, "pages/list.html", "pages/parts.html")

func (w *Web) list(c *web.Call) error {
	return c.Cached([]string{"petitions", "groups", "site"}, listTTL, func() error {
		f := c.NewForm()
		var d listData
		q, err := ParseQuery(c.Query())
		d.tabs(c, &q)
		d.Form = f
		if f.Accepts(err) {
			return listPage.RenderForm(c, f, d)
		}
		if err != nil {
			return err
		}
		var all []Petition
		err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
			if all, err = page(c.Context(), tx, &q, q.Limit+1); err != nil {
				return err
			}
			if len(all) > q.Limit {
				all = all[:q.Limit]
				v := url.Values{"state": {q.name()}, "after": {all[q.Limit-1].cursor()}}
				if c.Query().Has("limit") {
					v.Set("limit", c.Query().Get("limit"))
				}
				d.Next = "/petitions?" + v.Encode()
			}
			d.Items, err = w.items(c, tx, all, true)
			return err
		})
		if err != nil {
			return err
		}
		return listPage.Render(c, d)
	}, params()...)
}

// listJSON is the list for programs, as the API has it.
func (w *Web) listJSON(c *web.Call) error {
	return c.Cached([]string{"petitions", "groups", "site"}, listTTL, func() error {
		page, err := w.apiList(c, nil)
		if err != nil {
			return err
		}
		return writeJSON(c, page)
	}, params()...)
}

func writeJSON(c *web.Call, v any) error {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	c.Header().Set("Access-Control-Allow-Origin", "*")
	return c.Write(http.StatusOK, "application/json", append(b, '\n'))
}

func (d *listData) tabs(c *web.Call, q *Query) {
	l := c.Locale
	for _, x := range stateNames {
		d.Tabs = append(d.Tabs, tab{"/petitions?state=" + x.name, x.state.name(l), x.state == q.State})
	}
	d.Tabs[0].Href = "/petitions"
	switch q.State {
	case Delivered:
		d.Lede = l.T("Handed over, and not answered yet. Who has waited longest comes first.")
	case Answered:
		d.Lede = l.T("With the reply that came.")
	case Closed:
		d.Lede = l.T("Nobody can sign these any more, and they were not handed over yet.")
	default:
		d.Lede = l.T("What groups ask for. Every signature can be counted again by anybody, and nobody is listed.")
	}
}

type panelData struct {
	Items []item
	New   string
}

var panelPage = web.NewPage[panelData](pages, "pages/panel.html", "pages/parts.html")

// panelSize is how many petitions a group's or campaign's page shows.
const panelSize = 5

// GroupPanel is a group's petitions on its page. It is empty when there are none
// and the reader may not start one.
func (w *Web) GroupPanel(c *web.Call, gid id.Group) (template.HTML, error) {
	d := panelData{}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		g, err := w.Groups.ByID(c.Context(), tx, gid)
		if err != nil {
			return err
		}
		sub, err := w.subject(c.Context(), tx, c.Actor(), &g)
		if err != nil {
			return err
		}
		if d.New = ""; authz.May(c.Actor(), authz.RunPetition, sub) {
			d.New = "/groups/" + g.Handle + "/petitions/new"
		}
		all, err := ofGroup(c.Context(), tx, gid, authz.May(c.Actor(), authz.SeeDraft, sub), panelSize)
		if err == nil {
			d.Items, err = w.items(c, tx, all, false)
		}
		return err
	})
	return w.panel(c, d, err)
}

// CampaignPanel is a campaign's petitions on its page.
func (w *Web) CampaignPanel(c *web.Call, cid id.Campaign) (template.HTML, error) {
	d := panelData{}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		all, err := ofCampaign(c.Context(), tx, cid, panelSize)
		if err == nil {
			d.Items, err = w.items(c, tx, all, true)
		}
		return err
	})
	return w.panel(c, d, err)
}

func (w *Web) panel(c *web.Call, d panelData, err error) (template.HTML, error) {
	if err != nil || len(d.Items) == 0 && d.New == "" {
		return "", err
	}
	return panelPage.Fragment(c, d)
}

// slug takes the slug and the format from an address: "open-the-library.json".
func slugOf(param string) (slug, format string) {
	slug, format, _ = strings.Cut(param, ".")
	return slug, format
}

// load is the petition of the address for an organizer.
func (w *Web) load(c *web.Call) (f Found, err error) {
	if err := c.RequireActor(); err != nil {
		return f, err
	}
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		f, err = w.Editable(c.Context(), tx, c.Actor(), c.Param("slug"))
		return err
	})
	return f, err
}

// summary is a line of the text, for lists of other programs.
func (t *Text) summary() string { return markdown.Plain(t.Markdown, 200) }

// numbers reads the counters of a petition's box.
func (s *Service) numbers(ctx context.Context, tx *db.Tx, p *Petition) (n box.Numbers, err error) {
	if p.State == Draft {
		return n, nil
	}
	if p.Elsewhere != nil {
		return p.Elsewhere.Numbers(), nil
	}
	return s.Boxes.Numbers(ctx, tx, p.Box)
}
