package alerts

import (
	"embed"
	"errors"
	"strings"
	"time"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Limiter slows a flood.
type Limiter interface {
	Allow(bucket, subject string) (ok bool, retryAfter time.Duration)
}

// Pictures makes a picture that somebody sends afresh, so that nothing of its camera and
// place is left. It returns nothing when none was sent.
type Pictures interface {
	Fresh(c *web.Call, field string) ([]byte, error)
	// Small makes one of those as wide as a page shows it.
	Small(c *web.Call, pic []byte) ([]byte, error)
}

// Web is the feature's pages.
type Web struct {
	*Service
	Limiter  Limiter
	Pictures Pictures
	Map      Drawer
	// Client names the corner of the network that a request comes from, or "".
	Client func(c *web.Call) string
	// Subscribe is the address of the page on which people subscribe, "" for none.
	Subscribe string
	// Number and Address are those to which people can write reports, "" for none.
	Number, Address string
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /alerts", w.list)
	site.Handle("GET /alerts.atom", w.atom)
	site.Handle("GET /alerts.cap", w.capFeed)
	site.Handle("GET /alerts/{id}", w.show)
	site.Handle("GET /alerts/drills/{id}", w.show)
	site.Handle("GET /alerts/report", w.reportForm)
	site.Handle("POST /alerts/report", w.sendReport)
	site.Handle("GET /alerts/report/{key}", w.heldForm)
	site.Handle("POST /alerts/report/{key}", w.addMore)
	w.mountNetworks(site)
	w.mountQueue(site)
}

// pageTTL is how old a public page may be: what has ended is shown as that.
const pageTTL = time.Minute

const listed = 100 // chains on one page

// alertView is one message of a chain.
type alertView struct {
	Said
	ID, Chain, URL string
	Badge          string
	Sent           string
	Datetime       string
	Over           bool
	CAP            string
	Hash           string
	Origin         string // where what it passes on is; "" for what it says itself
	OriginName     string
}

func (w *Web) view(l *i18n.Locale, n *Network, a *Alert, now time.Time) alertView {
	v := alertView{
		Said: w.Said(l, n, &a.Message, a.Sent), ID: a.ID, Chain: a.Chain, URL: a.Path(), Sent: stamp(l, a.Sent, n.Zone), Datetime: a.Sent.Format(time.RFC3339),
		Over: a.over(now), CAP: "/alerts/" + a.ID + ".cap", Hash: a.Hash,
	}
	if a.Passed != nil {
		v.Origin, v.OriginName = "/alerts/"+a.Passed.Chain, a.Passed.Network
	}
	switch {
	case a.Kind == fact.AlertWithdraw:
		v.Badge = l.T("Withdrawn")
	case a.Kind == fact.AlertClear:
		v.Badge = l.T("All clear")
	case !a.Expires.After(now):
		v.Badge = l.T("Over")
	case a.Kind == fact.AlertCorrect:
		v.Badge = l.T("Corrected")
	default:
		v.Badge = l.T("Now")
	}
	return v
}

// Path is the address of a chain. Drills have others, so that nobody takes one for an
// alert.
func (a *Alert) Path() string {
	if a.Drill {
		return "/alerts/drills/" + a.Chain
	}
	return "/alerts/" + a.Chain
}

// listQuery is what a list is of: around a place, in a cell, of a category.
type listQuery struct {
	Near, Category string
	Cell           geo.GridCell // 0 is everywhere
}

func (w *Web) query(f *web.Form) (q listQuery) {
	q.Near, q.Category = f.Line("near"), f.Line("category")
	if name := f.Line("cell"); name != "" {
		c, ok := geo.ParseGridCell(name)
		if !ok {
			f.Fail("cell", "There is no such cell.")
		}
		q.Cell = c
	}
	if q.Near != "" {
		if found := w.Places.Find(q.Near, 1); len(found) > 0 {
			q.Cell = geo.GridAt(found[0].Point)
		} else {
			f.Fail("near", "We do not know this place. Write a town, a postcode or coordinates, such as 51.34, 12.37.")
		}
	}
	if _, ok := categoryOf(q.Category); q.Category != "" && !ok {
		f.Fail("category", "Choose what it is about.")
	}
	return q
}

// nearKm is how far around a place alerts are listed.
const nearKm = 25

// find lists chains: those that hold first, then the newest.
func (w *Web) find(c *web.Call, q listQuery) (out []Alert, of map[string]*Network, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		all, err := latest(c.Context(), tx, 5*listed)
		if err != nil {
			return err
		}
		out, of = nil, map[string]*Network{}
		for i := range all {
			a := &all[i]
			if q.Category != "" && a.Category != q.Category || q.Cell != 0 && !near(a.cells(), q.Cell) || len(out) == listed {
				continue
			}
			if of[a.Network] == nil {
				if of[a.Network], err = w.networkByID(c.Context(), tx, a.Network); err != nil {
					return err
				}
			}
			out = append(out, *a)
		}
		return nil
	})
	return once(out), of, err
}

func near(cells []geo.GridCell, c geo.GridCell) bool {
	for _, x := range cells {
		if geo.Distance(x.Middle(), c.Middle()) <= nearKm {
			return true
		}
	}
	return false
}

type listData struct {
	Form       *web.Form
	Now, Past  []alertView
	Official   []officialView
	Categories []web.Choice
	Subscribe  string
	Formats    []web.NavItem
	Queue      bool // the reader verifies for some network
	Filter     bool
}

var listPage = web.NewPage[listData](pages, "pages/list.html", "pages/parts.html")

func (w *Web) list(c *web.Call) error {
	return c.Cached([]string{"alerts", "site"}, pageTTL, func() error {
		f := c.NewForm()
		for _, k := range []string{"near", "cell", "category"} {
			f.Set(k, c.Query().Get(k))
		}
		q := w.query(f)
		d := listData{Form: f, Subscribe: w.Subscribe, Filter: q != listQuery{}, Categories: w.categoryChoices(c.Locale, f, w.allowed(), c.Locale.T("All"))}
		tail := strings.TrimPrefix("?"+c.Query().Encode(), "?")
		for _, x := range []web.NavItem{{Href: "/alerts.atom", Text: "Atom"}, {Href: "/alerts.cap", Text: "CAP"}, {Href: "/api/v1/alerts", Text: "JSON"}} {
			if tail != "" {
				x.Href += "?" + tail
			}
			d.Formats = append(d.Formats, x)
		}
		if f.Failed() {
			return listPage.RenderForm(c, f, d)
		}
		all, of, err := w.find(c, q)
		if err != nil {
			return err
		}
		for i := range all {
			if v := w.view(c.Locale, of[all[i].Network], &all[i], c.Now()); v.Over {
				d.Past = append(d.Past, v)
			} else {
				d.Now = append(d.Now, v)
				c.ShownUntil(all[i].Expires)
			}
		}
		if d.Official, _, err = w.official(c, q); err != nil {
			return err
		}
		if !c.Actor().Visitor() {
			mine, err := w.Verifying(c.Context(), c.Actor())
			if err != nil {
				return err
			}
			d.Queue = len(mine) > 0
		}
		return listPage.Render(c, d)
	}, "near", "cell", "category")
}

// categoryChoices lists categories; first is the choice of none, "" leaves it out.
func (s *Service) categoryChoices(l *i18n.Locale, f *web.Form, codes []string, first string) (out []web.Choice) {
	if first != "" {
		out = append(out, web.Choice{Label: first})
	}
	for _, code := range codes {
		c, _ := categoryOf(code)
		out = append(out, web.Choice{Value: code, Label: l.T(c.Name), On: f.Has("category", code) || f.Has("categories", code)})
	}
	return out
}

type showData struct {
	Network  Network
	Latest   alertView
	Earlier  []alertView
	Cells    []cellView
	Drill    bool
	Verifies bool // the reader
	Formats  []web.NavItem
}

type cellView struct{ Name, Middle string }

var showPage = web.NewPage[showData](pages, "pages/show.html", "pages/parts.html")

// elsewhere is where a page stands that was asked for at another address: a cache keeps
// pages, and nothing that leads to them.
type elsewhere string

// Error implements error.
func (e elsewhere) Error() string { return "the page is at " + string(e) }

// show is a chain: the page, and one alert of it as .cap and .json.
func (w *Web) show(c *web.Call) error {
	err := w.showCached(c)
	if to, ok := errors.AsType[elsewhere](err); ok {
		return c.SeeOther(string(to))
	}
	return err
}

func (w *Web) showCached(c *web.Call) error {
	aid, format, _ := strings.Cut(c.Param("id"), ".")
	return c.Cached([]string{"alerts", "alert:" + aid, "site"}, pageTTL, func() error {
		var chain []Alert
		var one *Alert
		var n *Network
		var me seat
		err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
			a, ok, err := alertByID(c.Context(), tx, aid)
			if err != nil || !ok {
				return cmpErr(err)
			}
			one = a
			if n, err = w.networkByID(c.Context(), tx, a.Network); err != nil {
				return err
			}
			if me, err = w.seat(c.Context(), tx, c.Actor(), n); err != nil {
				return err
			}
			chain, err = chainOf(c.Context(), tx, a.Chain)
			return err
		})
		if err != nil {
			return err
		}
		drill := strings.HasPrefix(c.R.URL.Path, "/alerts/drills/")
		switch {
		case format == "cap":
			return w.oneCAP(c, n, one, chain)
		case format == "json":
			return w.oneJSON(c, n, one, chain)
		case format != "":
			return web.ErrNotFound()
		case one.Drill != drill || one.Chain != aid:
			return elsewhere(one.Path())
		}
		d := showData{Network: *n, Drill: drill, Verifies: me.Verifies}
		for i := range chain {
			d.Earlier = append(d.Earlier, w.view(c.Locale, n, &chain[i], c.Now()))
		}
		d.Latest, d.Earlier = d.Earlier[0], d.Earlier[1:]
		d.Formats = []web.NavItem{{Href: d.Latest.CAP, Text: "CAP"}, {Href: "/alerts/" + d.Latest.ID + ".json", Text: "JSON"}}
		if !d.Latest.Over {
			c.ShownUntil(chain[0].Expires)
		}
		for _, x := range chain[0].cells() {
			p := x.Middle()
			d.Cells = append(d.Cells, cellView{x.String(), coordinates(p)})
		}
		return showPage.Render(c, d)
	})
}

func cmpErr(err error) error {
	if err != nil {
		return err
	}
	return web.ErrNotFound()
}

func errQuery() error {
	return fault.Malformed("alert.query", "These parameters cannot be read: near is a place, cell a cell of the grid, category a code.")
}
