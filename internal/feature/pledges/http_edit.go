package pledges

import (
	"strconv"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/record/box"
	"convoke/internal/web"
)

// known turns what is not public any more into nothing.
func known(err error) error {
	if fault.Is(err, fault.KindNotFound) {
		return nil
	}
	return err
}

type editData struct {
	Form     *web.Form
	Existing *Pledge // nil for a new one
	Action   string
	Back     string
	Key      string
	Groups   []web.Choice
	Langs    []web.Choice
	Kinds    []web.Choice
	Rules    []web.Choice
	Splits   []web.Choice
	Gates    []web.Choice
	NoMail   bool
	Zone     string
	DraftKey string
}

var editPage = web.NewPage[editData](pages, "pages/edit.html")

func (w *Web) editPage(c *web.Call, f *web.Form, d editData) error {
	l := c.Locale
	d.Form, d.Langs = f, f.Choose("lang", web.Languages())
	for _, k := range kinds {
		d.Kinds = append(d.Kinds, web.Choice{Value: k.code, Label: l.T(k.name), Hint: l.T(k.will)})
	}
	d.NoMail = w.News == nil
	for _, g := range gates {
		if g.code == box.GateEmail && d.NoMail && !f.Has("gate", g.code) {
			continue
		}
		d.Gates = append(d.Gates, web.Choice{Value: g.code, Label: l.T(g.name), Hint: l.T(g.hint)})
	}
	for _, s := range splits {
		d.Splits = append(d.Splits, web.Choice{Value: s.code, Label: l.T(s.name)})
	}
	d.Rules = []web.Choice{
		{Value: "same", Label: l.T("The same number for everybody")},
		{Value: "own", Label: l.T("Each who pledges says how many it takes for them")},
	}
	d.Kinds, d.Gates, d.Splits, d.Rules = f.Choose("kind", d.Kinds), f.Choose("gate", d.Gates), f.Choose("split", d.Splits), f.Choose("rule", d.Rules)
	d.Groups = f.Choose("group", d.Groups)
	c.Header().Set("Cache-Control", "no-store")
	return editPage.RenderForm(c, f, d)
}

func readInput(f *web.Form) Input {
	return Input{
		Title: f.Line("title"), Body: f.Text("body"), Lang: f.Line("lang"), Kind: f.Line("kind"), Gate: f.Line("gate"), Split: f.Line("split"),
		Rule: f.Line("rule"), Parts: f.Text("parts"), People: f.Line("people"), Day: f.Line("day"), Time: f.Line("time"),
		Campaign: f.Line("campaign"), Event: f.Line("event"),
	}
}

// fresh is the form for a new pledge, with the groups that the reader can choose.
func (w *Web) fresh(c *web.Call, key string) (editData, []Group, error) {
	d := editData{Action: "/pledges/new", Back: "/pledges", Key: key, DraftKey: "pledge-new"}
	if err := c.RequireActor(); err != nil {
		return d, nil, err
	}
	var all []Group
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		all, err = w.Groups.Organizes(c.Context(), tx, c.Actor().Person)
		return err
	})
	if err == nil && len(all) == 0 {
		err = authz.Check(c.Actor(), authz.StartPledge, authz.Subject{})
	}
	for _, g := range all {
		d.Groups = append(d.Groups, web.Choice{Value: g.Handle, Label: g.Name})
	}
	return d, all, err
}

func (w *Web) newForm(c *web.Call) error {
	d, all, err := w.fresh(c, c.NewKey())
	if err != nil {
		return err
	}
	q := c.Query()
	f := c.NewForm().Set("lang", c.Locale.Tag()).Set("kind", "attend").Set("split", Together).Set("rule", "same").
		Set("group", q.Get("group")).Set("campaign", q.Get("campaign")).Set("event", q.Get("event"))
	if w.News != nil {
		f.Set("gate", box.GateEmail)
	}
	for _, g := range all {
		if g.Handle == q.Get("group") && len(g.Langs) > 0 {
			f.Set("lang", g.Langs[0])
		}
	}
	return w.editPage(c, f, d)
}

func (w *Web) create(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	d, _, err := w.fresh(c, f.Line("key"))
	if err != nil {
		return err
	}
	slug, err := w.Create(c.Context(), c.Actor(), f.Line("group"), d.Key, readInput(f))
	if f.Accepts(err) {
		return w.editPage(c, f, d)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/pledges/" + slug)
}

// editable is the pledge of the address, for somebody who may change it.
func (w *Web) editable(c *web.Call) (Pledge, error) {
	if err := c.RequireActor(); err != nil {
		return Pledge{}, err
	}
	return w.Editable(c.Context(), c.Actor(), c.Param("slug"))
}

func editOf(p *Pledge) editData {
	return editData{Existing: p, Action: urlOf(p) + "/edit", Back: urlOf(p), Zone: p.Zone, DraftKey: "pledge-" + string(p.ID) + "-" + strconv.Itoa(p.Sequence)}
}

func (w *Web) editForm(c *web.Call) error {
	p, err := w.editable(c)
	if err != nil {
		return err
	}
	if p.State != Draft {
		return errFrozen()
	}
	f, err := w.filled(c, &p)
	if err != nil {
		return err
	}
	return w.editPage(c, f, editOf(&p))
}

// filled is the form of a draft as it is.
func (w *Web) filled(c *web.Call, p *Pledge) (*web.Form, error) {
	rule := "same"
	if p.Personal {
		rule = "own"
	}
	at := p.Local(p.Deadline)
	clock := at.Format("15:04")
	if clock == "00:00" { // the end of the day before
		at, clock = at.Add(-time.Minute), ""
	}
	var all []string
	for _, x := range p.Parts {
		all = append(all, x.Label)
	}
	f := c.NewForm().Set("title", p.Title).Set("body", p.Body).Set("lang", p.Lang).Set("kind", p.Kind).Set("gate", p.Gate).Set("split", p.Split).
		Set("rule", rule).Set("people", strconv.Itoa(p.People)).Set("parts", strings.Join(all, "\n")).Set("day", at.Format(time.DateOnly)).
		Set("time", clock).Set("event", string(p.Event)).Set("sequence", strconv.Itoa(p.Sequence))
	if p.Campaign == "" {
		return f, nil
	}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		handle, _, err := w.Elsewhere.AboutCampaign(c.Context(), tx, p.Campaign)
		f.Set("campaign", handle)
		return known(err)
	})
	return f, err
}

func (w *Web) save(c *web.Call) error {
	p, err := w.editable(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	seq, _ := f.Int("sequence")
	err = w.Edit(c.Context(), c.Actor(), p.Slug, seq, readInput(f))
	if f.Accepts(err) {
		return w.editPage(c, f, editOf(&p))
	}
	if err != nil {
		return err
	}
	return c.SeeOther(urlOf(&p))
}

type openData struct {
	Form                         *web.Form
	Pledge                       Pledge
	URL, Sentence, Until, Closes string
}

var openPage = web.NewPage[openData](pages, "pages/open.html")

func (w *Web) openPage(c *web.Call, f *web.Form, p *Pledge) error {
	c.Header().Set("Cache-Control", "no-store")
	return openPage.RenderForm(c, f, openData{
		f, *p, urlOf(p), sentence(c.Locale, p), moment(c.Locale, p, p.Deadline), moment(c.Locale, p, p.Closes()),
	})
}

func (w *Web) openForm(c *web.Call) error {
	p, err := w.editable(c)
	if err != nil {
		return err
	}
	if p.State != Draft {
		return c.SeeOther(urlOf(&p))
	}
	return w.openPage(c, c.NewForm().Set("sequence", strconv.Itoa(p.Sequence)), &p)
}

func (w *Web) open(c *web.Call) error {
	p, err := w.editable(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	seq, _ := f.Int("sequence")
	err = w.Open(c.Context(), c.Actor(), p.Slug, seq, f.Text("codes"))
	if f.Accepts(err) {
		return w.openPage(c, f, &p)
	}
	if err != nil {
		return err
	}
	return c.SeeOther(urlOf(&p))
}

// seatView is a group for which the reader may speak, and what it can do.
type seatView struct {
	Group
	Asked, Owns bool
}

type groupsData struct {
	Form   *web.Form
	Pledge Pledge
	URL    string
	Owners []Group
	Asked  []Group // shown to owners only
	Seats  []seatView
	Edit   bool
}

var groupsPage = web.NewPage[groupsData](pages, "pages/groups.html")

func (w *Web) groups(c *web.Call) error { return w.groupsPage(c, c.NewForm()) }

func (w *Web) groupsPage(c *web.Call, f *web.Form) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	d := groupsData{Form: f}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error { return w.groupsOf(c, tx, &d) })
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return groupsPage.RenderForm(c, f, d)
}

func (w *Web) groupsOf(c *web.Call, tx *db.Tx, d *groupsData) error {
	ctx := c.Context()
	mine, err := w.Groups.Organizes(ctx, tx, c.Actor().Person)
	if err != nil {
		return err
	}
	p, seat, err := w.load(ctx, tx, c.Actor(), c.Param("slug"))
	for _, g := range mine { // a group that is only asked may know of a draft
		if fault.Is(err, fault.KindNotFound) {
			p, err = w.loadFor(ctx, tx, c.Actor(), c.Param("slug"), g.ID)
		}
	}
	if err != nil {
		return err
	}
	d.Pledge, d.URL, d.Edit = p, urlOf(&p), authz.May(c.Actor(), authz.EditPledge, seat.Subject())
	all, err := ownersOf(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	is := map[id.Group]OwnerState{}
	for _, o := range all {
		is[o.Group] = o.State
		g, err := w.Groups.ByID(ctx, tx, o.Group)
		switch {
		case err != nil:
			return err
		case o.State == Owns:
			d.Owners = append(d.Owners, g)
		case o.State == Asked && d.Edit:
			d.Asked = append(d.Asked, g)
		}
	}
	for _, g := range mine {
		if s := is[g.ID]; s == Asked || s == Owns {
			d.Seats = append(d.Seats, seatView{g, s == Asked, s == Owns})
		}
	}
	return nil
}

// groupAct does what one of the page's buttons says.
func (w *Web) groupAct(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	ctx, by, slug, group := c.Context(), c.Actor(), c.Param("slug"), f.Line("group")
	switch f.Line("do") {
	case "ask":
		err = w.Ask(ctx, by, slug, group)
	case "unask":
		err = w.Unask(ctx, by, slug, group)
	case "join":
		err = w.Join(ctx, by, slug, group)
	case "leave":
		err = w.Leave(ctx, by, slug, group)
	default:
		err = fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
	}
	if f.Accepts(err) {
		return w.groupsPage(c, f)
	}
	if err != nil {
		return err
	}
	if f.Line("do") == "leave" {
		return c.SeeOther("/groups/" + group)
	}
	return c.SeeOther("/pledges/" + slug + "/groups")
}

type codesData struct {
	Form   *web.Form
	Pledge Pledge
	URL    string
	Take   string
	Key    string
	Codes  []string
}

var codesPage = web.NewPage[codesData](pages, "pages/codes.html")

func (w *Web) codesPage(c *web.Call, f *web.Form, p *Pledge, key string, codes []string) error {
	c.Header().Set("Cache-Control", "no-store")
	return codesPage.RenderForm(c, f, codesData{f, *p, urlOf(p), c.BaseURL() + "/b/" + p.Box + "/take", key, codes})
}

func (w *Web) codesForm(c *web.Call) error {
	p, err := w.editable(c)
	if err != nil {
		return err
	}
	if !p.printable(c.Now()) {
		return errNoCodes()
	}
	return w.codesPage(c, c.NewForm().Set("n", "50"), &p, c.NewKey(), nil)
}

// codes shows codes once: nobody can look them up later.
func (w *Web) codes(c *web.Call) error {
	p, err := w.editable(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	n, _ := f.Int("n")
	codes, err := w.Codes(c.Context(), c.Actor(), p.Slug, f.Line("key"), n)
	if f.Accepts(err) {
		return w.codesPage(c, f, &p, f.Line("key"), nil)
	}
	if err != nil {
		return err
	}
	return w.codesPage(c, f, &p, f.Line("key"), codes)
}
