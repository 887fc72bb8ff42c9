package polls

import (
	"strconv"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

type editData struct {
	Form     *web.Form
	Existing *Proposal // nil for a new one
	Action   string
	Back     string
	Key      string
	Groups   []web.Choice
	Langs    []web.Choice
	Effects  []web.Choice
	Note     bool // what changed is asked
	DraftKey string
}

var editPage = web.NewPage[editData](pages, "pages/edit.html")

func (w *Web) editPage(c *web.Call, f *web.Form, d editData) error {
	l := c.Locale
	d.Form, d.Langs = f, f.Choose("lang", web.Languages())
	for _, e := range effects {
		x := web.Choice{Value: string(e.code), Label: l.T(e.name)}
		if e.subject != "" {
			x = choice(x.Value, x.Label, l.T(e.subject))
		}
		d.Effects = append(d.Effects, x)
	}
	d.Effects, d.Groups = f.Choose("effect", d.Effects), f.Choose("group", d.Groups)
	c.Header().Set("Cache-Control", "no-store")
	return editPage.RenderForm(c, f, d)
}

func readInput(f *web.Form) Input {
	return Input{
		Title: f.Line("title"), Body: f.Text("body"), Lang: f.Line("lang"), Options: f.Text("options"), Effect: f.Line("effect"),
		Subject: f.Line("subject"), Campaign: f.Line("campaign"), Note: f.Line("note"),
	}
}

// fresh is the form for a new proposal, with the groups that the reader can choose.
func (w *Web) fresh(c *web.Call, key, group string) (editData, []Group, error) {
	d := editData{Action: "/proposals/new", Back: "/proposals", Key: key, DraftKey: "proposal-new"}
	if err := c.RequireActor(); err != nil {
		return d, nil, err
	}
	var all []Group
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		ctx := c.Context()
		if all, err = w.Groups.Mine(ctx, tx, c.Actor().Person, false); err != nil || group == "" {
			return err
		}
		for _, g := range all {
			if g.Handle == group {
				return nil
			}
		}
		g, err := w.Groups.ByHandle(ctx, tx, group) // of which the reader is a delegate
		if err != nil {
			return known(err)
		}
		in, err := w.insideOf(ctx, tx, c.Actor(), g)
		if err == nil && authz.May(c.Actor(), authz.Propose, in.subject()) {
			all = append(all, g)
		}
		return err
	})
	if err == nil && len(all) == 0 {
		err = authz.Check(c.Actor(), authz.Propose, authz.Subject{})
	}
	for _, g := range all {
		d.Groups = append(d.Groups, web.Choice{Value: g.Handle, Label: g.Name})
	}
	return d, all, err
}

func (w *Web) newForm(c *web.Call) error {
	q := c.Query()
	d, all, err := w.fresh(c, c.NewKey(), q.Get("group"))
	if err != nil {
		return err
	}
	f := c.NewForm().Set("lang", c.Locale.Tag()).Set("effect", q.Get("effect")).Set("group", q.Get("group")).Set("campaign", q.Get("campaign"))
	if q.Get("effect") != "" {
		err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
			options, err := w.Elsewhere.Options(c.Context(), tx, c.Actor(), fact.Effect(q.Get("effect")), q.Get("campaign"))
			f.Set("options", join(options))
			return err
		})
		if err != nil {
			return err
		}
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
	d, _, err := w.fresh(c, f.Line("key"), f.Line("group"))
	if err != nil {
		return err
	}
	pid, err := w.Create(c.Context(), c.Actor(), f.Line("group"), d.Key, readInput(f))
	if f.Accepts(err) {
		return w.editPage(c, f, d)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/proposals/" + string(pid))
}

// editable is the proposal of the address, for somebody who may do that.
func (w *Web) editable(c *web.Call, do authz.Action) (Proposal, Group, error) {
	if err := c.RequireActor(); err != nil {
		return Proposal{}, Group{}, err
	}
	return w.may(c.Context(), c.Actor(), c.Param("id"), do)
}

func editOf(p *Proposal) editData {
	return editData{
		Existing: p, Action: urlOf(p) + "/edit", Back: urlOf(p), Note: p.State == Discussed,
		DraftKey: "proposal-" + string(p.ID) + "-" + strconv.Itoa(p.Sequence),
	}
}

func (w *Web) editForm(c *web.Call) error {
	p, _, err := w.editable(c, authz.EditProposal)
	if err != nil {
		return err
	}
	if !p.open() {
		return errFrozen()
	}
	f := c.NewForm().Set("title", p.Title).Set("body", p.Body).Set("lang", p.Lang).Set("options", join(p.Options)).
		Set("effect", string(p.Effect)).Set("sequence", strconv.Itoa(p.Sequence))
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		ctx := c.Context()
		if f.Set("subject", p.Subject); p.Effect == fact.EffectTask { // people are typed by their handles
			owner, day := taskOf(p.Subject)
			all, err := w.People.Handles(ctx, tx, []id.Person{owner})
			if err != nil {
				return err
			}
			f.Set("subject", strings.TrimSpace(all[owner]+" "+strings.TrimPrefix(day, "-")))
		}
		if p.Effect == fact.EffectPart {
			g, err := w.Groups.ByID(ctx, tx, id.Group(p.Subject))
			if err != nil {
				return known(err)
			}
			f.Set("subject", g.Handle)
		}
		if p.Campaign == "" {
			return nil
		}
		handle, _, err := w.Elsewhere.AboutCampaign(ctx, tx, p.Campaign)
		f.Set("campaign", handle)
		return known(err)
	})
	if err != nil {
		return err
	}
	return w.editPage(c, f, editOf(&p))
}

func (w *Web) save(c *web.Call) error {
	p, _, err := w.editable(c, authz.EditProposal)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	seq, _ := f.Int("sequence")
	err = w.Edit(c.Context(), c.Actor(), string(p.ID), seq, readInput(f))
	if f.Accepts(err) {
		return w.editPage(c, f, editOf(&p))
	}
	if err != nil {
		return err
	}
	return c.SeeOther(urlOf(&p))
}

// move does what one of the page's buttons says.
func (w *Web) move(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := w.Move(c.Context(), c.Actor(), c.Param("id"), f.Line("do")); err != nil {
		return err
	}
	return c.SeeOther("/proposals/" + c.Param("id"))
}

// slow refuses somebody who says very much.
func (w *Web) slow(c *web.Call) error {
	if ok, wait := w.Limiter.Allow("comment", string(c.Actor().Person)); !ok {
		return fault.After(fault.RateLimited("proposal.often", "You said very much within a few minutes. Please wait a little. Nothing was recorded."), wait)
	}
	return nil
}

func (w *Web) say(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := w.slow(c); err != nil {
		return err
	}
	err = w.Say(c.Context(), c.Actor(), c.Param("id"), f.Line("key"), f.Line("parent"), f.Text("text"))
	if f.Accepts(err) {
		return w.showPage(c, c.Param("id"), f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/proposals/" + c.Param("id") + "#talk")
}

func (w *Web) hide(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.Hide(c.Context(), c.Actor(), c.Param("id"), c.Param("comment"), f.Line("why"))
	if f.Accepts(err) {
		return w.showPage(c, c.Param("id"), f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/proposals/" + c.Param("id") + "#talk")
}
