package assemblies

import (
	"strconv"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/web"
)

type editData struct {
	Form     *web.Form
	Existing *Assembly
	Groups   []web.Choice
	Langs    []web.Choice
	Who      []web.Choice
	Key      string
	Action   string
	Back     string
	DraftKey string
	Inside   bool
	First    bool
	Urgent   bool
	Called   bool
}

var editPage = web.NewPage[editData](pages, "pages/edit.html", "pages/parts.html")

func readInput(f *web.Form) Input {
	return Input{
		Title: f.Line("title"), About: f.Text("about"), Lang: f.Line("lang"), Place: f.Line("place"), OnlineURL: f.Line("online_url"),
		OnlineInside: f.Has("online_inside", "1"), Day: f.Line("day"), Start: f.Line("start"), End: f.Line("end"),
		Public: f.Line("public") == "all", FirstFirst: f.Has("first_first", "1"), Speak: f.Line("speak"), Urgent: f.Has("urgent", "1"),
	}
}

func (w *Web) editShow(c *web.Call, f *web.Form, d editData) error {
	l := c.Locale
	d.Form, d.Langs = f, f.Choose("lang", web.Languages())
	d.Who = f.Choose("public", []web.Choice{
		{Value: "all", Label: l.T("Everybody"), Hint: l.T("The page is public. Names of who speaks are shown in the room only.")},
		{Value: "members", Label: l.T("Members"), Hint: l.T("Nobody else learns of it.")},
	})
	d.Inside, d.First, d.Urgent = f.Has("online_inside", "1"), f.Has("first_first", "1"), f.Has("urgent", "1")
	c.Header().Set("Cache-Control", "no-store")
	return editPage.RenderForm(c, f, d)
}

// newOf is the form for a new assembly.
func (w *Web) newOf(c *web.Call, f *web.Form, key string) error {
	d := editData{Key: key, Action: "/assemblies/new", Back: "/assemblies", DraftKey: "assembly-new"}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		all, err := w.Groups.Organizes(c.Context(), tx, c.Actor().Person)
		d.Groups = nil
		for _, g := range all {
			d.Groups = append(d.Groups, web.Choice{Value: g.Handle, Label: g.Name, On: f.Has("group", g.Handle)})
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(d.Groups) == 0 {
		return fault.Forbidden("assembly.need_group", "Assemblies are called by groups. Start a group first, or ask one to make you an organizer.")
	}
	return w.editShow(c, f, d)
}

func (w *Web) newForm(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f := c.NewForm().Set("group", c.Query().Get("group")).Set("lang", c.Locale.Tag()).Set("public", "members").Set("first_first", "1")
	return w.newOf(c, f, c.NewKey())
}

func (w *Web) create(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	aid, err := w.Create(c.Context(), c.Actor(), f.Line("group"), f.Line("key"), readInput(f))
	if f.Accepts(err) {
		return w.newOf(c, f, f.Line("key"))
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/assemblies/" + string(aid))
}

// callable is the assembly of the address for somebody who may change its call.
func (w *Web) callable(c *web.Call) (Assembly, Seat, error) {
	if err := c.RequireActor(); err != nil {
		return Assembly{}, Seat{}, err
	}
	a, seat, err := w.Get(c.Context(), c.Actor(), ID(c.Param("id")))
	if err != nil {
		return a, seat, err
	}
	return a, seat, calls(c.Actor())(seat)
}

func editOf(a *Assembly) editData {
	return editData{
		Existing: a, Action: a.url() + "/edit", Back: a.url(), Called: a.State == Called,
		DraftKey: "assembly-" + string(a.ID) + "-" + strconv.Itoa(a.Sequence),
	}
}

func (w *Web) editForm(c *web.Call) error {
	a, _, err := w.callable(c)
	if err != nil {
		return err
	}
	from, to := a.Local(a.Starts), a.Local(a.Ends)
	f := c.NewForm().Set("title", a.Title).Set("about", a.About).Set("lang", a.Lang).Set("place", a.Place).Set("online_url", a.OnlineURL).
		Set("day", from.Format("2006-01-02")).Set("start", from.Format("15:04")).Set("end", to.Format("15:04")).
		Set("public", "members").Set("sequence", strconv.Itoa(a.Sequence))
	if a.Public {
		f.Set("public", "all")
	}
	if a.OnlineInside {
		f.Set("online_inside", "1")
	}
	if a.FirstFirst {
		f.Set("first_first", "1")
	}
	if a.Speak > 0 {
		f.Set("speak", strconv.Itoa(a.Speak))
	}
	return w.editShow(c, f, editOf(&a))
}

func (w *Web) save(c *web.Call) error {
	a, _, err := w.callable(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	seq, _ := f.Int("sequence")
	err = w.Edit(c.Context(), c.Actor(), a.ID, seq, readInput(f))
	if f.Accepts(err) {
		return w.editShow(c, f, editOf(&a))
	}
	if err != nil {
		return err
	}
	return c.SeeOther(a.url())
}

type callData struct {
	Form     *web.Form
	Assembly Assembly
	URL      string
	When     string
	Notice   string // what the group asks for, and what it would be now
	Late     bool
	Urgent   bool
	Called   bool
}

var callPage = web.NewPage[callData](pages, "pages/call.html")

func (w *Web) callShow(c *web.Call, f *web.Form, a *Assembly) error {
	d := callData{Form: f, Assembly: *a, URL: a.url(), When: when(c.Locale, a), Urgent: f.Has("urgent", "1"), Called: a.State == Called}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		asked, _, err := w.asked(c.Context(), tx, a.Group)
		n := noticeOf(asked, false, tx.Now(), a.Starts, a.location())
		d.Late = n.check() != nil
		d.Notice = c.Locale.N("The group asks for {n} day of notice.", "The group asks for {n} days of notice.", n.Asked) + " " +
			c.Locale.N("Now it is {n} day.", "Now it is {n} days.", max(n.Ahead, 0))
		return err
	})
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return callPage.RenderForm(c, f, d)
}

func (w *Web) callForm(c *web.Call) error {
	a, _, err := w.callable(c)
	if err != nil {
		return err
	}
	if a.State != Draft && a.State != Called {
		return errOver()
	}
	return w.callShow(c, c.NewForm().Set("sequence", strconv.Itoa(a.Sequence)), &a)
}

func (w *Web) call(c *web.Call) error {
	a, _, err := w.callable(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	seq, _ := f.Int("sequence")
	switch f.Line("do") {
	case "call":
		err = w.Call(c.Context(), c.Actor(), a.ID, seq, f.Has("urgent", "1"))
	case "off":
		err = w.CallOff(c.Context(), c.Actor(), a.ID)
	default:
		err = fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
	}
	if f.Accepts(err) {
		return w.callShow(c, f, &a)
	}
	if err != nil {
		return err
	}
	return c.SeeOther(a.url())
}

type agendaData struct {
	Form     *web.Form
	Assembly Assembly
	URL      string
	Items    []itemView
	Key      string
	Calls    bool
	Orders   bool
	Adds     bool
	Edit     string // id of the item that the form changes
}

var agendaPage = web.NewPage[agendaData](pages, "pages/agenda.html", "pages/parts.html")

// agendaShow is the agenda with its forms; edit is an item that is changed, or "".
func (w *Web) agendaShow(c *web.Call, f *web.Form, edit string) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	r, err := w.Look(c.Context(), ID(c.Param("id")), room{By: c.Actor()}, nil)
	if err != nil {
		return err
	}
	if err := attends(c.Actor())(r.Seat); err != nil {
		return err
	}
	a := &r.Assembly
	d := agendaData{Form: f, Assembly: *a, URL: a.url(), Key: c.NewKey(), Calls: r.Seat.Calls && !a.State.Over(), Adds: !a.State.Over()}
	d.Orders = orders(c.Actor(), a)(r.Seat) == nil
	for i := range r.Agenda {
		v := itemViewOf(c.Locale, a, &r.Agenda[i])
		v.Place = i + 1
		d.Items = append(d.Items, v)
	}
	if i := r.Agenda.find(edit); i >= 0 && d.Calls {
		d.Edit = edit
		if x := &r.Agenda[i]; !f.Failed() {
			f.Set("item", x.Title).Set("link", x.Link)
			if x.Minutes > 0 {
				f.Set("minutes", strconv.Itoa(x.Minutes))
			}
		}
	}
	if f.Failed() && d.Edit == "" {
		d.Key = f.Line("key")
	}
	c.Header().Set("Cache-Control", "no-store")
	return agendaPage.RenderForm(c, f, d)
}

func (w *Web) agendaForm(c *web.Call) error {
	return w.agendaShow(c, c.NewForm(), c.Query().Get("item"))
}

func (w *Web) agendaAct(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	aid, of, do := ID(c.Param("id")), f.Line("of"), f.Line("do")
	in := ItemInput{Title: f.Line("item"), Minutes: f.Line("minutes"), Link: f.Line("link")}
	seq, _ := f.Int("sequence")
	edit := ""
	switch do {
	case "add":
		err = w.AddItem(c.Context(), c.Actor(), aid, f.Line("key"), c.BaseURL(), in)
	case "change":
		edit = of
		err = w.EditItem(c.Context(), c.Actor(), aid, seq, of, c.BaseURL(), in)
	case ItemUp, ItemDown:
		place, _ := f.Int("place")
		err = w.Move(c.Context(), c.Actor(), aid, of, do, place)
	default:
		err = w.Arrange(c.Context(), c.Actor(), aid, seq, of, do)
	}
	if f.Accepts(err) {
		return w.agendaShow(c, f, edit)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/assemblies/" + string(aid) + "/agenda")
}

type groupData struct {
	Form   *web.Form
	Group  Group
	Items  []item
	Next   string
	New    string
	Notice string
	Set    bool
	Rules  string // where a coalition says how much notice it asks for
}

var groupPage = web.NewPage[groupData](pages, "pages/group.html", "pages/parts.html")

func (w *Web) ofGroup(c *web.Call) error {
	return c.Cached([]string{"assemblies", "coalitions", "groups", "site"}, listTTL, func() error { return w.groupShow(c, c.NewForm()) }, "after")
}

func (w *Web) groupShow(c *web.Call, f *web.Form) error {
	d := groupData{Form: f}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		g, err := w.Groups.ByHandle(c.Context(), tx, c.Param("handle"))
		if err != nil {
			return err
		}
		all, seat, err := w.groupList(c, tx, g, readCursor(c.Query().Get("after"), true), pageSize+1)
		if err != nil {
			return err
		}
		if g.Suspended && !seat.Inside {
			return web.ErrNotFound()
		}
		if len(all) > pageSize {
			all = all[:pageSize]
			d.Next = "/groups/" + g.Handle + "/assemblies?after=" + all[pageSize-1].cursor()
		}
		d.Group, d.Items, d.Set = g, itemsOf(c.Locale, all), authz.May(c.Actor(), authz.EditGroup, seat.Sub)
		if seat.Calls {
			d.New = "/assemblies/new?group=" + g.Handle
		}
		days, coalition, err := w.asked(c.Context(), tx, g.ID)
		if coalition && d.Set {
			d.Set, d.Rules = false, "/groups/"+g.Handle+"/coalition"
		}
		if !f.Failed() {
			f.Set("notice", strconv.Itoa(days))
		}
		if days > 0 {
			d.Notice = c.Locale.N("The group asks for {n} day of notice.", "The group asks for {n} days of notice.", days)
		}
		return err
	})
	if err != nil {
		return err
	}
	return groupPage.RenderForm(c, f, d)
}

func (w *Web) setNotice(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.SetNotice(c.Context(), c.Actor(), c.Param("handle"), f.Line("notice"))
	if f.Accepts(err) {
		return w.groupShow(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + c.Param("handle") + "/assemblies")
}
