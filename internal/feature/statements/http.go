package statements

import (
	"embed"
	"html/template"
	"net/url"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/markdown"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Web is the feature's pages and formats.
type Web struct {
	*Service
	Pictures Pictures
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /statements", w.list)
	site.Handle("GET /statements.atom", w.atom)
	site.Handle("GET /statements.json", w.jsonFeed)
	site.Handle("GET /statements/{id}", w.show)
	site.Handle("GET /statements/{id}/edit", w.editForm)
	site.Handle("POST /statements/{id}/edit", w.edit)
	site.Handle("GET /statements/{id}/translate", w.translateForm)
	site.Handle("POST /statements/{id}/translate", w.translate)
	site.Handle("GET /statements/{id}/withdraw", w.withdrawForm)
	site.Handle("POST /statements/{id}/withdraw", w.withdraw)
	site.Handle("GET /groups/{handle}/statements", w.list)
	site.Handle("GET /groups/{handle}/statements.atom", w.atom)
	site.Handle("GET /groups/{handle}/statements.json", w.jsonFeed)
	site.Handle("GET /groups/{handle}/statements/new", w.newForm)
	site.Handle("POST /groups/{handle}/statements/new", w.create)
}

// listTTL bounds how old a list is; a change shows at once.
const listTTL = time.Hour

// item is one statement in a list.
type item struct {
	URL, Title string
	Lang       string    // of the title
	Start      time.Time // its day
	Datetime   string
	ThisYear   bool
	By, Byline string // the group, and who speaks in it
	Campaign   string // its title; "" where the page itself says so
	Summary    string
	Badges     []badge
}

type badge struct{ Class, Text string }

func makeItem(c *web.Call, s *Statement, g Group, langs ...string) item {
	t, start := s.In(append(langs, c.Locale.Tag())...), day.Time(s.Day)
	it := item{
		URL: "/statements/" + string(s.ID), Title: t.Title, Lang: t.Lang, Start: start, Datetime: day.ISO(s.Day),
		ThisYear: start.Year() == c.Now().Year(), By: g.Name, Byline: s.Byline, Summary: markdown.Plain(t.Markdown, 200),
	}
	if len(langs) > 0 && t.Lang == langs[0] && t.Lang != s.Lang {
		it.URL += "?lang=" + t.Lang
	}
	it.Badges = badges(c.Locale, s)
	if len(s.Texts) > 1 {
		for _, x := range s.Texts {
			it.Badges = append(it.Badges, badge{"", languageName(x.Lang)})
		}
	}
	return it
}

// badges say what differs from an ordinary statement that stands.
func badges(l *i18n.Locale, s *Statement) []badge {
	switch s.State {
	case Draft:
		return []badge{{"draft", s.State.name(l)}}
	case Withdrawn:
		return []badge{{"cancelled", s.State.name(l)}}
	case Published:
	}
	return nil
}

type link struct{ Href, Text string }

type listData struct {
	Form    *web.Form
	Group   Group    // zero over all groups
	Of      Campaign // zero unless its updates were asked for
	Action  string
	Langs   []web.Choice
	Items   []item
	Drafts  []item
	Next    string
	Formats []link
	New     string // address of the form, "" for those who may not
	Filter  bool
}

var listPage = web.NewPage[listData](pages, "pages/list.html", "pages/parts.html")

// group finds the group of the address, for somebody who may know of it, and
// what they may do. Without one in the address it is the zero group.
func (w *Web) group(c *web.Call) (Group, authz.Subject, error) {
	if c.Param("handle") == "" {
		return Group{}, authz.Subject{}, nil
	}
	var g Group
	var sub authz.Subject
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		if g, err = w.Groups.ByHandle(c.Context(), tx, c.Param("handle")); err != nil {
			return err
		}
		sub, err = w.subject(c.Context(), tx, c.Actor(), &g)
		return err
	})
	if err == nil && !authz.MayKnow(c.Actor(), true, sub) {
		err = web.ErrNotFound()
	}
	return g, sub, err
}

// listQuery reads the parameters of a list or feed; the group of the address counts
// before one that was asked for.
func listQuery(c *web.Call, g Group) (Query, error) {
	v := c.Query()
	if g.Handle != "" {
		v.Set("group", g.Handle)
	}
	return ParseQuery(v)
}

// root begins the addresses of a list and its feeds.
func root(g Group) string {
	if g.Handle == "" {
		return "/statements"
	}
	return "/groups/" + g.Handle + "/statements"
}

// address is that of a list or feed with the parameters that are not in its path.
func address(g Group, suffix string, v url.Values) string {
	if g.Handle != "" {
		v.Del("group")
	}
	if len(v) == 0 {
		return root(g) + suffix
	}
	return root(g) + suffix + "?" + v.Encode()
}

func listTags(g Group) []string {
	if g.ID == "" {
		return []string{"statements", "groups", "campaigns", "site"}
	}
	return []string{"group-statements:" + string(g.ID), "group:" + string(g.ID), "campaigns", "site"}
}

func (w *Web) list(c *web.Call) error {
	g, sub, err := w.group(c)
	if err != nil {
		return err
	}
	return c.Cached(listTags(g), listTTL, func() error {
		f := c.NewForm()
		for _, k := range []string{"group", "campaign", "lang"} {
			f.Set(k, c.Query().Get(k))
		}
		d := listData{Form: f, Group: g, Action: root(g)}
		d.Langs = f.Choose("lang", append([]web.Choice{{Label: c.Locale.T("Any language")}}, web.Languages()...))
		q, err := listQuery(c, g)
		if f.Accepts(err) {
			return listPage.RenderForm(c, f, d)
		}
		if err != nil {
			return err
		}
		r, err := w.Find(c.Context(), q)
		if err != nil {
			return err
		}
		if authz.May(c.Actor(), authz.SeeDraft, sub) && q.After == "" {
			if d.Drafts, err = w.draftItems(c, g); err != nil {
				return err
			}
		}
		if authz.May(c.Actor(), authz.PublishStatement, sub) {
			d.New = root(g) + "/new"
		}
		d.fill(c, &r)
		return listPage.Render(c, d)
	}, params()...)
}

func (d *listData) fill(c *web.Call, r *Result) {
	var langs []string
	if r.Query.Lang != "" {
		langs = []string{r.Query.Lang}
	}
	for i := range r.Statements {
		s := &r.Statements[i]
		it := makeItem(c, s, r.Groups[s.Group], langs...)
		if s.Campaign != r.Campaign.ID {
			it.Campaign = r.Campaigns[s.Campaign].Title
		}
		d.Items = append(d.Items, it)
	}
	d.Of = r.Campaign
	if r.More {
		d.Next = address(d.Group, "", r.next(c.Query().Get("limit")))
	}
	for _, f := range [...]link{{".atom", "Atom"}, {".json", "JSON Feed"}} {
		d.Formats = append(d.Formats, link{address(d.Group, f.Href, r.Query.Values()), f.Text})
	}
	d.Filter = r.Query.Lang != "" || r.Query.Campaign != "" || d.Group.Handle == "" && r.Query.Handle != ""
}

func (w *Web) draftItems(c *web.Call, g Group) ([]item, error) {
	var all []Statement
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		all, err = drafts(c.Context(), tx, g.ID)
		return err
	})
	var out []item
	for i := range all {
		out = append(out, makeItem(c, &all[i], g))
	}
	return out, err
}

type panelData struct {
	Items   []item
	All     string
	New     string
	Updates bool // of a campaign
}

var panelPage = web.NewPage[panelData](pages, "pages/panel.html", "pages/parts.html")

// panelSize is how many statements a group's page shows.
const panelSize = 3

// GroupPanel is a group's latest statements on its page. It is empty when there
// are none and the reader may not write one.
func (w *Web) GroupPanel(c *web.Call, gid id.Group) (template.HTML, error) {
	var g Group
	var sub authz.Subject
	var all []Statement
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		if g, err = w.Groups.ByID(c.Context(), tx, gid); err != nil {
			return err
		}
		if sub, err = w.subject(c.Context(), tx, c.Actor(), &g); err != nil {
			return err
		}
		all, err = page(c.Context(), tx, &Query{}, gid, "", panelSize)
		return err
	})
	if err != nil {
		return "", err
	}
	d := panelData{All: root(g)}
	for i := range all {
		s := all[i].withheld()
		d.Items = append(d.Items, makeItem(c, &s, g))
	}
	if authz.May(c.Actor(), authz.PublishStatement, sub) {
		d.New = root(g) + "/new"
	}
	if len(d.Items) == 0 && d.New == "" {
		return "", nil
	}
	return panelPage.Fragment(c, d)
}

// CampaignPanel is a campaign's latest updates on its page; empty when there are
// none.
func (w *Web) CampaignPanel(c *web.Call, cid id.Campaign, handle string) (template.HTML, error) {
	d := panelData{All: "/statements?campaign=" + handle, Updates: true}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		all, err := page(c.Context(), tx, &Query{}, "", cid, panelSize)
		if err != nil {
			return err
		}
		d.Items = nil
		for i := range all {
			g, err := w.Groups.ByID(c.Context(), tx, all[i].Group)
			if err != nil {
				return err
			}
			s := all[i].withheld()
			d.Items = append(d.Items, makeItem(c, &s, g))
		}
		return nil
	})
	if err != nil || len(d.Items) == 0 {
		return "", err
	}
	return panelPage.Fragment(c, d)
}

// statementID takes the id and the format from an address: "01ab.md".
func statementID(param string) (ID, string, error) {
	name, format, _ := strings.Cut(param, ".")
	if !id.Valid(name) {
		return "", "", errNone()
	}
	return ID(name), format, nil
}
