package campaigns

import (
	"strconv"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/media"
	"convoke/internal/version"
	"convoke/internal/web"
)

type editData struct {
	Form     *web.Form
	Campaign *Campaign // nil for a new one
	Groups   []web.Choice
	Langs    []web.Choice
	States   []web.Choice
	Action   string
	Key      string
	DraftKey string
}

var editPage = web.NewPage[editData](pages, "pages/edit.html")

func (w *Web) newForm(c *web.Call) error {
	mine, err := w.mine(c)
	if err != nil {
		return err
	}
	f := c.NewForm().Set("state", string(Open)).Set("lang", c.Locale.Tag()).Set("group", c.Query().Get("group"))
	return w.editPage(c, f, editData{Action: "/campaigns/new", Key: c.NewKey(), DraftKey: "campaign-new"}, mine)
}

// mine are the groups for which the reader may speak; a fault when there is
// none.
func (w *Web) mine(c *web.Call) ([]Group, error) {
	if err := c.RequireActor(); err != nil {
		return nil, err
	}
	var all []Group
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		all, err = w.Groups.Organizes(c.Context(), tx, c.Actor().Person)
		return err
	})
	if err == nil && len(all) == 0 {
		err = fault.Forbidden("campaign.need_group", "A campaign belongs to groups. Start a group first, or ask one to make you an organizer.")
	}
	return all, err
}

func groupChoices(f *web.Form, name string, all []Group) []web.Choice {
	var out []web.Choice
	for _, g := range all {
		out = append(out, web.Choice{Value: g.Handle, Label: g.Name, On: f.Has(name, g.Handle)})
	}
	return out
}

func (w *Web) editPage(c *web.Call, f *web.Form, d editData, mine []Group) error {
	d.Form = f
	d.Groups = groupChoices(f, "group", mine)
	d.Langs = f.Choose("lang", web.Languages())
	for _, s := range states {
		if s.state == Draft && d.Campaign != nil && d.Campaign.State.Public() {
			continue
		}
		d.States = append(d.States, web.Choice{Value: string(s.state), Label: c.Locale.T(s.name), On: f.Has("state", string(s.state))})
	}
	c.Header().Set("Cache-Control", "no-store")
	return editPage.RenderForm(c, f, d)
}

func readInput(f *web.Form) Input {
	return Input{
		Handle: f.Line("handle"), Title: f.Line("title"), Statement: f.Text("statement"), Lang: f.Line("lang"),
		Dates: web.Digits(f.Text("dates")), State: State(f.Line("state")), PictureAlt: f.Line("picture_alt"),
	}
}

func (w *Web) create(c *web.Call) error {
	mine, err := w.mine(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	handle, err := w.Create(c.Context(), c.Actor(), f.Line("group"), f.Line("key"), readInput(f))
	if f.Accepts(err) {
		return w.editPage(c, f, editData{Action: "/campaigns/new", Key: f.Line("key"), DraftKey: "campaign-new"}, mine)
	}
	if err != nil {
		return err
	}
	return w.picture(c, f, handle, "new")
}

// picture keeps what was uploaded and shows the campaign. saved says which form
// has done its service.
func (w *Web) picture(c *web.Call, f *web.Form, handle, saved string) error {
	if f.Has("picture_remove", "1") {
		if err := w.SetPicture(c.Context(), c.Actor(), handle, ""); err != nil {
			return err
		}
	}
	key, err := w.Pictures.Save(c, "picture")
	if err = media.Fault("picture", err); f.Accepts(err) {
		camp, err := w.editable(c, handle)
		if err != nil {
			return err
		}
		f.Set("sequence", strconv.Itoa(camp.Sequence)) // what was just saved
		return w.editPage(c, f, w.editOf(&camp), nil)
	}
	if err == nil && key != "" {
		err = w.SetPicture(c.Context(), c.Actor(), handle, key)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/campaigns/" + handle + "?saved=" + saved)
}

// editable is a campaign of the address for somebody who may edit it.
func (w *Web) editable(c *web.Call, handle string) (Campaign, error) {
	camp, _, err := w.seated(c, handle)
	return camp, err
}

// typed is the campaign of the address for somebody who may edit it, and what they
// sent.
func (w *Web) typed(c *web.Call) (Campaign, *web.Form, error) {
	camp, err := w.editable(c, c.Param("handle"))
	if err != nil {
		return camp, nil, err
	}
	f, err := c.Form()
	return camp, f, err
}

func (w *Web) seated(c *web.Call, handle string) (camp Campaign, seat Seat, err error) {
	if err := c.RequireActor(); err != nil {
		return camp, seat, err
	}
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		if camp, seat, err = w.load(c.Context(), tx, c.Actor(), handle); err != nil {
			return err
		}
		return authz.Check(c.Actor(), authz.EditCampaign, seat.Subject())
	})
	c.Header().Set("Cache-Control", "no-store")
	return camp, seat, err
}

func (w *Web) editOf(camp *Campaign) editData {
	return editData{Campaign: camp, Action: "/campaigns/" + camp.Handle + "/edit", DraftKey: "campaign-" + camp.Handle + "-" + strconv.Itoa(camp.Sequence)}
}

func (w *Web) editForm(c *web.Call) error {
	camp, err := w.editable(c, c.Param("handle"))
	if err != nil {
		return err
	}
	f := c.NewForm().Set("title", camp.Text.Title).Set("statement", camp.Text.Statement).Set("lang", camp.Text.Lang).
		Set("dates", typedDates(camp.Dates)).Set("state", string(camp.State)).Set("picture_alt", camp.Alt).
		Set("sequence", strconv.Itoa(camp.Sequence))
	return w.editPage(c, f, w.editOf(&camp), nil)
}

func (w *Web) edit(c *web.Call) error {
	camp, f, err := w.typed(c)
	if err != nil {
		return err
	}
	seq, _ := f.Int("sequence")
	err = w.Edit(c.Context(), c.Actor(), camp.Handle, seq, readInput(f))
	if f.Accepts(err) {
		return w.editPage(c, f, w.editOf(&camp), nil)
	}
	if err != nil {
		return err
	}
	return w.picture(c, f, camp.Handle, "1")
}

type textData struct {
	Form     *web.Form
	Campaign Campaign
	URL      string
	Langs    []web.Choice
	Have     []version.Link
}

var textPage = web.NewPage[textData](pages, "pages/languages.html")

func (w *Web) textPage(c *web.Call, f *web.Form, camp Campaign) error {
	d := textData{Form: f, Campaign: camp, URL: "/campaigns/" + camp.Handle}
	var texts []Text
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		texts, err = textsOf(c.Context(), tx, camp.ID)
		return err
	})
	if err != nil {
		return err
	}
	for _, t := range texts {
		d.Have = append(d.Have, version.Link{Lang: t.Lang, Name: languageName(t.Lang), Href: d.URL + "/languages?lang=" + t.Lang})
		if f.Raw("lang") == t.Lang && f.Raw("title") == "" && !f.Failed() {
			f.Set("title", t.Title).Set("statement", t.Statement).Set("credit", t.Credit)
		}
	}
	for _, l := range f.Choose("lang", web.Languages()) {
		if l.Value != camp.Text.Lang {
			d.Langs = append(d.Langs, l)
		}
	}
	return textPage.RenderForm(c, f, d)
}

func (w *Web) textForm(c *web.Call) error {
	camp, err := w.editable(c, c.Param("handle"))
	if err != nil {
		return err
	}
	return w.textPage(c, c.NewForm().Set("lang", c.Query().Get("lang")).Set("sequence", strconv.Itoa(camp.Sequence)), camp)
}

func (w *Web) translate(c *web.Call) error {
	camp, f, err := w.typed(c)
	if err != nil {
		return err
	}
	sequence, ok := f.Int("sequence")
	if !ok {
		sequence = anySequence
	}
	err = w.TranslateSince(c.Context(), c.Actor(), camp.Handle, sequence, Text{
		Lang: f.Line("lang"), Title: f.Line("title"), Statement: f.Text("statement"), Credit: f.Line("credit"),
	})
	if f.Accepts(err) {
		return w.textPage(c, f, camp)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/campaigns/" + camp.Handle + "?lang=" + f.Line("lang"))
}
