package tasks

import (
	"embed"
	"html/template"
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
	site.Handle("GET /groups/{handle}/tasks", w.list)
	site.Handle("POST /groups/{handle}/tasks", w.add)
	site.Handle("GET /groups/{handle}/tasks/{id}", w.show)
	site.Handle("POST /groups/{handle}/tasks/{id}", w.act)
}

func urlOf(g Group) string { return "/groups/" + g.Handle + "/tasks" }

// view is a task as it is shown to one reader.
type view struct {
	Task
	Link  string
	Until time.Time
	Late  bool
	Mine  bool
	State string // in words, "" while it is open
	Group string // name of the group, on one's own page
}

func viewOf(l *i18n.Locale, g Group, t *Task, by authz.Actor, today int) view {
	v := view{
		Task: *t, Link: urlOf(g) + "/" + t.ID, Until: day.Time(t.Until), Late: t.Late(today), Mine: t.Owner == by.Person && t.Owner != "",
	}
	switch t.State {
	case Done:
		v.State = l.T("Done")
	case Dropped:
		v.State = l.T("Dropped")
	case Open:
	}
	return v
}

type listData struct {
	Form  *web.Form
	Group Group
	URL   string
	Open  []view
	Done  []view
	May   bool // add a task
	Days  int  // for which what is closed is kept
}

var listPage = web.NewPage[listData](pages, "pages/list.html", "pages/parts.html")

func (w *Web) list(c *web.Call) error { return w.showList(c, c.NewForm().Set("key", c.NewKey())) }

func (w *Web) showList(c *web.Call, f *web.Form) error {
	l, err := w.List(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	d := listData{Form: f, Group: l.Group, URL: urlOf(l.Group), May: authz.May(c.Actor(), authz.TakeTask, l.Sub), Days: keepDone}
	for i := range l.Open {
		d.Open = append(d.Open, viewOf(c.Locale, l.Group, &l.Open[i], c.Actor(), l.Today))
	}
	for i := range l.Done {
		d.Done = append(d.Done, viewOf(c.Locale, l.Group, &l.Done[i], c.Actor(), l.Today))
	}
	c.Header().Set("Cache-Control", "no-store")
	return listPage.RenderForm(c, f, d)
}

func readInput(f *web.Form) Input {
	return Input{Title: f.Line("title"), Note: f.Text("note"), Until: f.Line("until"), Mine: f.Has("mine", "1")}
}

func (w *Web) add(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	in := readInput(f)
	in.Key = f.Line("key")
	_, err = w.Add(c.Context(), c.Actor(), c.Param("handle"), in)
	if f.Accepts(err) {
		return w.showList(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + c.Param("handle") + "/tasks")
}

type showData struct {
	Form  *web.Form
	Group Group
	URL   string
	Task  view
	// What the reader may do.
	Take, Back, Finish, Reopen, Give, Drop, First, Later bool
}

// Any reports whether there is a button to show.
func (d showData) Any() bool { return d.Take || d.Back || d.Finish || d.Reopen }

var showPage = web.NewPage[showData](pages, "pages/show.html", "pages/parts.html")

func (w *Web) show(c *web.Call) error { return w.showTask(c, c.NewForm()) }

func (w *Web) showTask(c *web.Call, f *web.Form) error {
	g, t, sub, err := w.Get(c.Context(), c.Actor(), c.Param("handle"), c.Param("id"))
	if err != nil {
		return err
	}
	may := func(do Do) bool { return t.allows(do, c.Actor().Person, sub) }
	d := showData{
		Form: f, Group: g, URL: urlOf(g), Task: viewOf(c.Locale, g, &t, c.Actor(), g.today(c.Now())),
		Take: may(Take), Back: may(Back), Finish: may(Finish), Reopen: may(Reopen), Give: may(Give), Drop: may(Drop), First: may(First), Later: may(Later),
	}
	c.Header().Set("Cache-Control", "no-store")
	return showPage.RenderForm(c, f, d)
}

func (w *Web) act(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	do := Do(f.Line("do"))
	t, err := w.Act(c.Context(), c.Actor(), c.Param("handle"), c.Param("id"), do, f.Line("to"))
	if fault.Is(err, fault.KindInvalid) || fault.Is(err, fault.KindConflict) {
		f.Accepts(err)
		return w.showTask(c, f)
	}
	if err != nil {
		return err
	}
	to := "/groups/" + c.Param("handle") + "/tasks"
	if t.State == Open {
		to += "/" + t.ID
	}
	return c.SeeOther(to)
}

type panelData struct {
	URL  string // of all tasks; "" on one's own page
	List []view
	More bool
	// Waiting is how many have no owner yet.
	Waiting int
}

var (
	groupPanel = web.NewPage[panelData](pages, "pages/group.html", "pages/parts.html")
	minePanel  = web.NewPage[panelData](pages, "pages/mine.html", "pages/parts.html")
)

// panelSize is how many tasks a panel shows.
const panelSize = 5

// GroupPanel is the tasks of a group on its page, for its members. It is empty for
// everybody else.
func (w *Web) GroupPanel(c *web.Call, gid id.Group) (template.HTML, error) {
	if c.Actor().Visitor() {
		return "", nil
	}
	var g Group
	var all []Task
	waiting := 0
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		if g, err = w.Groups.ByID(c.Context(), tx, gid); err != nil {
			return err
		}
		there, err := w.Groups.Belongs(c.Context(), tx, gid, c.Actor().Person)
		if err != nil || !there {
			g = Group{}
			return err
		}
		if all, err = titlesIn(c.Context(), tx, gid, panelSize+1); err != nil {
			return err
		}
		waiting, err = countUnowned(c.Context(), tx, gid)
		return err
	})
	if err != nil || g.ID == "" {
		return "", err
	}
	d := panelData{URL: urlOf(g), More: len(all) > panelSize, Waiting: waiting}
	today := g.today(c.Now())
	for i := range all[:min(len(all), panelSize)] {
		d.List = append(d.List, viewOf(c.Locale, g, &all[i], c.Actor(), today))
	}
	return groupPanel.Fragment(c, d)
}

// MinePanel is one's own tasks on the page of one's account, empty when there are none.
func (w *Web) MinePanel(c *web.Call) (template.HTML, error) {
	list, of, err := w.Mine(c.Context(), c.Actor())
	if err != nil || len(list) == 0 {
		return "", err
	}
	var d panelData
	for i := range list {
		v := viewOf(c.Locale, of[i], &list[i], c.Actor(), of[i].today(c.Now()))
		v.Group = of[i].Name
		d.List = append(d.List, v)
	}
	return minePanel.Fragment(c, d)
}
