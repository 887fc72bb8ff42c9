package coalitions

import (
	"embed"
	"html/template"
	"net/url"
	"strconv"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Web is the feature's pages.
type Web struct{ *Service }

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /coalitions", w.list)
	site.Handle("GET /coalitions/new", w.newForm)
	site.Handle("POST /coalitions/new", w.create)
	site.Handle("GET /groups/{handle}/coalition", w.show)
	site.Handle("POST /groups/{handle}/coalition", w.act)
	site.Handle("GET /groups/{handle}/coalition/edit", w.editForm)
	site.Handle("POST /groups/{handle}/coalition/edit", w.edit)
	site.Handle("GET /groups/{handle}/coalition/points", w.pointsForm)
	site.Handle("POST /groups/{handle}/coalition/points", w.points)
	site.Handle("GET /groups/{handle}/delegates", w.delegates)
	site.Handle("GET /groups/{handle}/delegates.json", w.delegatesJSON)
	site.Handle("POST /groups/{handle}/delegates", w.delegatesAct)
	site.Handle("GET /groups/{handle}/delegates/new", w.appointForm)
	site.Handle("POST /groups/{handle}/delegates/new", w.appoint)
	site.Handle("GET /groups/{handle}/working-groups", w.working)
	site.Handle("POST /groups/{handle}/working-groups", w.workingAct)
}

const (
	pageTTL  = 5 * time.Minute
	pageSize = 30
)

type listData struct {
	First bool
	Items []listItem
	Next  string
}

type listItem struct {
	Handle, Name string
	Members      int
	Weights      string
}

var listPage = web.NewPage[listData](pages, "pages/list.html")

// after is the cursor of a list of ids; what is none is the beginning.
func after(c *web.Call) string {
	if v := c.Query().Get("after"); id.Valid(v) {
		return v
	}
	return ""
}

func (w *Web) list(c *web.Call) error {
	return c.Cached([]string{"coalitions", "site"}, pageTTL, func() error {
		from := after(c)
		page, more, err := w.List(c.Context(), from, pageSize)
		if err != nil {
			return err
		}
		d := listData{First: from == ""}
		for _, x := range page {
			d.Items = append(d.Items, listItem{x.Group.Handle, x.Group.Name, x.Members, c.Locale.T(x.Weights.name())})
		}
		if more {
			d.Next = "/coalitions?after=" + string(page[len(page)-1].Coalition.Group)
		}
		return listPage.Render(c, d)
	}, "after")
}

type settingsView struct {
	Weights, Rule, Polls, Entry string
	Seats, Notice               int
	Bands                       []bandView // where they count
}

type bandView struct {
	Name   string
	Weight int
}

func settingsOf(l *i18n.Locale, c *Coalition) settingsView {
	name, hint := c.Weights.words()
	v := settingsView{Weights: l.T(name), Rule: l.T(hint), Polls: l.T(pollsName(c.Secret)), Entry: l.T(c.Entry.name()), Seats: c.Seats, Notice: c.Notice}
	if c.Weights == ByBands {
		for _, b := range bands {
			v.Bands = append(v.Bands, bandView{l.T(b.name), int(b.weight)})
		}
	}
	return v
}

func pollsName(secret bool) string {
	if secret {
		return i18n.Mark("Secret")
	}
	return i18n.Mark("Open, by the name of the group")
}

// askView is a group that asked, or was asked.
type askView struct{ Handle, Name, Band string }

type showData struct {
	Form           *web.Form
	Group          view
	Coalition      Coalition
	URL            string
	Set            settingsView
	Points         Points
	Day            time.Time
	Versions       []int // others
	Members, Seats int
	Speaks         bool // the reader is a delegate
	Edits          bool // and looks after it
	Applied, Asked []askView
	Mine           []web.Choice // groups that could ask to come in
	Bands          []web.Choice
	Invitation     bool // one of them is invited
	Takes          bool // groups can ask
	More           int  // applications that are not shown
}

var showPage = web.NewPage[showData](pages, "pages/show.html")

// tags are those of the public pages of a group's part in coalitions.
func tags(g id.Group) []string { return []string{"group:" + string(g), "groups", "site"} }

// shown finds a coalition for a page, before the cache is asked.
func (w *Web) shown(c *web.Call) (x Coalition, v view, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		x, v, err = w.coalition(c.Context(), tx, c.Actor(), c.Param("handle"))
		return err
	})
	return x, v, err
}

func (w *Web) show(c *web.Call) error {
	_, v, err := w.shown(c)
	if err != nil {
		return err
	}
	return c.Cached(tags(v.ID), pageTTL, func() error { return w.showForm(c, c.NewForm()) }, "version")
}

func (w *Web) showForm(c *web.Call, f *web.Form) error {
	d := showData{Form: f}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error { return w.fill(c, tx, &d) })
	if err != nil {
		return err
	}
	return showPage.RenderForm(c, f, d)
}

func (w *Web) fill(c *web.Call, tx *db.Tx, d *showData) error {
	ctx, l := c.Context(), c.Locale
	x, v, err := w.coalition(ctx, tx, c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	*d = showData{Form: d.Form, Group: v, Coalition: x, URL: "/groups/" + v.Handle, Set: settingsOf(l, &x), Speaks: v.speaks(c.Actor()), Edits: authz.May(c.Actor(), authz.EditGroup, v.subject())}
	version := x.Points
	if n, err := strconv.Atoi(c.Query().Get("version")); err == nil && n > 0 && n <= x.Points {
		version = n
	}
	if version > 0 {
		if d.Points, err = pointsOf(ctx, tx, x.Group, version); err != nil {
			return err
		}
	}
	d.Day = day.Time(d.Points.Day)
	for n := x.Points; n > 0 && n > x.Points-maxVersions; n-- {
		if n != version {
			d.Versions = append(d.Versions, n)
		}
	}
	if d.Members, err = countMembers(ctx, tx, x.Group, Belongs); err != nil {
		return err
	}
	if d.Seats, err = countSeats(ctx, tx, x.Group); err != nil {
		return err
	}
	if d.Speaks {
		if d.Applied, d.More, err = w.asks(ctx, tx, l, x.Group, Applied); err != nil {
			return err
		}
		if d.Asked, _, err = w.asks(ctx, tx, l, x.Group, Invited); err != nil {
			return err
		}
	}
	return w.couldJoin(c, tx, d)
}

// maxVersions is how many older versions of the points a page links to.
const maxVersions = 20

// couldJoin lists the reader's groups that are nothing to the coalition yet, or invited.
func (w *Web) couldJoin(c *web.Call, tx *db.Tx, d *showData) error {
	if c.Actor().Visitor() || !d.Group.acts() {
		return nil
	}
	all, err := w.Groups.Organizes(c.Context(), tx, c.Actor().Person)
	if err != nil {
		return err
	}
	d.Takes = d.Coalition.Entry == ByApplying
	for _, g := range all {
		if g.ID == d.Group.ID {
			continue
		}
		m, err := memberOf(c.Context(), tx, d.Group.ID, g.ID)
		if err != nil {
			return err
		}
		if m.State == Invited || m.State == "" && d.Takes {
			d.Mine = append(d.Mine, web.Choice{Value: g.Handle, Label: g.Name})
			d.Invitation = d.Invitation || m.State == Invited
		}
	}
	d.Mine, d.Bands = d.Form.Choose("group", d.Mine), d.Form.Choose("band", bandChoices(c.Locale, bandUnknown))
	return nil
}

type panelData struct {
	URL            string
	Coalition      bool
	Members, Seats int
	Weights        string
	In             []Group // coalitions that it belongs to
	Asked          bool    // the reader is asked something
	Speaks         bool
	Working        []workingView
}

var panelPage = web.NewPage[panelData](pages, "pages/panel.html")

// GroupPanel is a group's part in coalitions, and its working groups, on its page.
func (w *Web) GroupPanel(c *web.Call, g id.Group) (template.HTML, error) {
	var d panelData
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		of, err := w.Groups.ByID(c.Context(), tx, g)
		if err != nil {
			return err
		}
		d = panelData{URL: "/groups/" + of.Handle}
		return w.panel(c, tx, of.Handle, &d)
	})
	if fault.Is(err, fault.KindNotFound) { // an operator looks at a suspended group
		return "", nil
	}
	if err != nil || !d.Coalition && len(d.In)+len(d.Working) == 0 && !d.Speaks && !d.Asked {
		return "", err
	}
	return panelPage.Fragment(c, d)
}

func (w *Web) panel(c *web.Call, tx *db.Tx, handle string, d *panelData) error {
	ctx := c.Context()
	v, err := w.known(ctx, tx, c.Actor(), handle)
	if err != nil {
		return err
	}
	d.Speaks = v.speaks(c.Actor())
	x, is, err := w.Rules(ctx, tx, v.ID)
	if err != nil {
		return err
	}
	if is {
		d.Coalition, d.Weights = true, c.Locale.T(x.Weights.name())
		if d.Members, err = countMembers(ctx, tx, v.ID, Belongs); err != nil {
			return err
		}
		if d.Seats, err = countSeats(ctx, tx, v.ID); err != nil {
			return err
		}
	}
	all, err := partsOf(ctx, tx, v.ID, maxParts)
	if err != nil {
		return err
	}
	var ids []id.Group
	for _, m := range all {
		if m.State == Belongs {
			ids = append(ids, m.Coalition)
		}
		d.Asked = d.Asked || d.Speaks && m.State == Invited
	}
	names, err := w.byID(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, g := range ids {
		if !names[g].Suspended {
			d.In = append(d.In, names[g])
		}
	}
	if v.Role != authz.None {
		mine, err := seatsBy(ctx, tx, c.Actor().Person)
		if err != nil {
			return err
		}
		for _, m := range mine {
			d.Asked = d.Asked || m.Group == v.ID && m.State == Asked
		}
	}
	d.Working, err = w.workingViews(ctx, tx, v, c.Actor())
	return err
}

// next is the address of the next page.
func next(path, after string) string {
	if after == "" {
		return ""
	}
	return path + "?" + url.Values{"after": {after}}.Encode()
}
