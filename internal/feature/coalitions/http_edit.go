package coalitions

import (
	"cmp"
	"context"
	"strconv"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

// asks lists groups that asked, or were asked; more is how many are not shown.
func (s *Service) asks(ctx context.Context, tx *db.Tx, l *i18n.Locale, c id.Group, state MemberState) (out []askView, more int, err error) {
	all, err := membersAfter(ctx, tx, c, state, "", pageSize+1)
	if err != nil || len(all) == 0 {
		return nil, 0, err
	}
	if len(all) > pageSize {
		n, err := countMembers(ctx, tx, c, state)
		if err != nil {
			return nil, 0, err
		}
		all, more = all[:pageSize], n-pageSize
	}
	ids := make([]id.Group, len(all))
	for i, m := range all {
		ids[i] = m.Group
	}
	names, err := s.byID(ctx, tx, ids)
	for _, m := range all {
		a := askView{Handle: m.Handle, Name: names[m.Group].Name}
		if n := bandName(m.Band); n != "" {
			a.Band = l.T(n)
		}
		out = append(out, a)
	}
	return out, more, err
}

// act does what one of the buttons on a coalition's page says.
func (w *Web) act(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	coalition, group, what := c.Param("handle"), f.Line("group"), f.Line("do")
	if what == "invite" { // beside the form for one's own group
		group = cmp.Or(f.Line("invited"), group)
	}
	err = w.do(c, what, coalition, group, termsOf(f))
	if e := fault.Of(err); what == "invite" && e != nil && e.Kind == fault.KindInvalid {
		for _, x := range e.Fields {
			f.Fail("invited", x.Msg, x.Args...)
		}
		return w.showForm(c, f)
	}
	if f.Accepts(err) {
		return w.showForm(c, f)
	}
	if err != nil {
		return err
	}
	if what == "apply" {
		return c.SeeOther("/groups/" + group + "/delegates")
	}
	return c.SeeOther("/groups/" + coalition + "/coalition")
}

// termsOf reads a number that is missing as one that nobody can have.
func termsOf(f *web.Form) Terms {
	version, _ := f.Int("version")
	band, ok := f.Int("band")
	if !ok {
		band = bandUnknown
	}
	return Terms{version, band}
}

// do is what can be done about one group and one coalition.
func (s *Service) do(c *web.Call, what, coalition, group string, t Terms) error {
	ctx, by := c.Context(), c.Actor()
	switch what {
	case "apply":
		return s.Apply(ctx, by, coalition, group, t)
	case "invite":
		return s.Invite(ctx, by, coalition, trimAt(group))
	case "accept":
		return s.Accept(ctx, by, coalition, group)
	case "refuse":
		return s.Refuse(ctx, by, coalition, group)
	case "terms":
		return s.SetTerms(ctx, by, coalition, group, t)
	case "leave":
		return s.Leave(ctx, by, coalition, group)
	}
	return errUnreadable()
}

func errUnreadable() error {
	return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
}

func trimAt(handle string) string {
	if len(handle) > 0 && handle[0] == '@' {
		return handle[1:]
	}
	return handle
}

type editData struct {
	Form                    *web.Form
	Group                   *view // nil for a new one
	Action, Back, Key       string
	Groups, Bands, Places   []web.Choice
	Weights, Polls, Entries []web.Choice
}

var editPage = web.NewPage[editData](pages, "pages/edit.html")

func (w *Web) editPage(c *web.Call, f *web.Form, d editData) error {
	l := c.Locale
	d.Form = f
	for _, x := range weightings {
		d.Weights = append(d.Weights, web.Choice{Value: string(x.code), Label: l.T(x.name), Hint: l.T(x.short)})
	}
	for _, x := range entries {
		d.Entries = append(d.Entries, web.Choice{Value: string(x.code), Label: l.T(x.name), Hint: l.T(x.hint)})
	}
	d.Polls = []web.Choice{{Value: "open", Label: l.T(pollsName(false))}, {Value: "secret", Label: l.T(pollsName(true))}}
	d.Weights, d.Entries, d.Polls = f.Choose("weights", d.Weights), f.Choose("entry", d.Entries), f.Choose("polls", d.Polls)
	d.Groups, d.Bands = f.Choose("group", d.Groups), f.Choose("band", bandChoices(l, bandUnknown))
	c.Header().Set("Cache-Control", "no-store")
	return editPage.RenderForm(c, f, d)
}

func readSettings(f *web.Form) Settings {
	in := Settings{Weights: f.Line("weights"), Polls: f.Line("polls"), Entry: f.Line("entry")}
	in.Seats, _ = f.Int("seats")
	var ok bool
	if in.Notice, ok = f.Int("notice"); !ok {
		in.Notice = -1
	}
	in.Sequence, _ = f.Int("sequence")
	return in
}

func readInput(f *web.Form) Input {
	in := Input{
		Settings: readSettings(f), Group: f.Line("group"), Name: f.Line("name"), Handle: f.Line("handle"), About: f.Text("about"),
		Place: f.Line("place"), Pick: f.Line("place_pick"), Anyway: f.Has("anyway", "1"), Points: f.Text("points"),
	}
	in.Band = termsOf(f).Band
	return in
}

func (w *Web) fresh(c *web.Call, key string) (editData, error) {
	d := editData{Action: "/coalitions/new", Back: "/coalitions", Key: key}
	if err := c.RequireActor(); err != nil {
		return d, err
	}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		all, err := w.Groups.Organizes(c.Context(), tx, c.Actor().Person)
		d.Groups = nil
		for _, g := range all {
			d.Groups = append(d.Groups, web.Choice{Value: g.Handle, Label: g.Name})
		}
		return err
	})
	if err == nil && len(d.Groups) == 0 {
		err = authz.Check(c.Actor(), authz.SpeakForGroup, authz.Subject{})
	}
	return d, err
}

func (w *Web) newForm(c *web.Call) error {
	d, err := w.fresh(c, c.NewKey())
	if err != nil {
		return err
	}
	f := c.NewForm().Set("weights", string(ByGroup)).Set("polls", "open").Set("entry", string(ByApplying)).Set("seats", "1").Set("notice", "7").
		Set("group", c.Query().Get("group"))
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
	d, err := w.fresh(c, f.Line("key"))
	if err != nil {
		return err
	}
	handle, err := w.Create(c.Context(), c.Actor(), d.Key, readInput(f))
	if f.Accepts(err) {
		d.Places = w.Groups.PlaceChoices(f, err)
		return w.editPage(c, f, d)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + handle + "/coalition")
}

// editable is the coalition of the address, for one of its delegates.
func (w *Web) editable(c *web.Call) (x Coalition, v view, last Points, err error) {
	if err := c.RequireActor(); err != nil {
		return x, v, last, err
	}
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		if x, v, err = w.organized(c.Context(), tx, c.Actor(), c.Param("handle")); err != nil || x.Points == 0 {
			return err
		}
		last, err = pointsOf(c.Context(), tx, x.Group, x.Points)
		return err
	})
	return x, v, last, err
}

func editOf(v *view) editData {
	url := "/groups/" + v.Handle + "/coalition"
	return editData{Group: v, Action: url + "/edit", Back: url}
}

func (w *Web) editForm(c *web.Call) error {
	x, v, _, err := w.editable(c)
	if err != nil {
		return err
	}
	polls := "open"
	if x.Secret {
		polls = "secret"
	}
	f := c.NewForm().Set("weights", string(x.Weights)).Set("polls", polls).Set("entry", string(x.Entry)).Set("seats", strconv.Itoa(x.Seats)).
		Set("notice", strconv.Itoa(x.Notice)).Set("sequence", strconv.Itoa(x.Sequence))
	return w.editPage(c, f, editOf(&v))
}

func (w *Web) edit(c *web.Call) error {
	_, v, _, err := w.editable(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.Set(c.Context(), c.Actor(), v.Handle, readSettings(f))
	if f.Accepts(err) {
		return w.editPage(c, f, editOf(&v))
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + v.Handle + "/coalition")
}

type pointsData struct {
	Form  *web.Form
	Group view
	URL   string
}

var pointsPage = web.NewPage[pointsData](pages, "pages/points.html")

func (w *Web) pointsPage(c *web.Call, f *web.Form, v view) error {
	c.Header().Set("Cache-Control", "no-store")
	return pointsPage.RenderForm(c, f, pointsData{f, v, "/groups/" + v.Handle + "/coalition"})
}

func (w *Web) pointsForm(c *web.Call) error {
	x, v, last, err := w.editable(c)
	if err != nil {
		return err
	}
	return w.pointsPage(c, c.NewForm().Set("points", last.Body).Set("version", strconv.Itoa(x.Points)), v)
}

func (w *Web) points(c *web.Call) error {
	_, v, _, err := w.editable(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	version, _ := f.Int("version")
	err = w.SetPoints(c.Context(), c.Actor(), v.Handle, version, f.Text("points"))
	if f.Accepts(err) {
		return w.pointsPage(c, f, v)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + v.Handle + "/coalition")
}
