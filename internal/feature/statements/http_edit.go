package statements

import (
	"fmt"
	"strconv"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/media"
	"convoke/internal/web"
)

// Pictures normalizes and keeps uploaded pictures; see package media.
type Pictures interface {
	// Save returns the key of the re-encoded picture, "" when none was sent. Its
	// errors are media's.
	Save(c *web.Call, field string) (key string, err error)
}

type editData struct {
	Form     *web.Form
	Group    Group
	Existing *Statement // nil for a new one
	Public   bool       // so that a change needs a note
	Action   string
	Back     string
	Key      string
	Langs    []web.Choice
	States   []web.Choice
	Spelling bool
	DraftKey string
	CanEnd   string // address of the form that withdraws it
}

var editPage = web.NewPage[editData](pages, "pages/edit.html", "pages/parts.html")

func (w *Web) editPage(c *web.Call, f *web.Form, d editData) error {
	l := c.Locale
	d.Form, d.Spelling = f, f.Has("spelling", "1")
	d.Langs = f.Choose("lang", web.Languages())
	for _, s := range [...]State{Published, Draft} {
		d.States = append(d.States, web.Choice{Value: string(s), Label: s.name(l), On: f.Has("state", string(s))})
	}
	c.Header().Set("Cache-Control", "no-store")
	return editPage.RenderForm(c, f, d)
}

func readInput(f *web.Form) Input {
	return Input{
		Title: f.Line("title"), Markdown: f.Text("markdown"), Lang: f.Line("lang"), Day: f.Line("day"), Byline: f.Line("byline"),
		Tags: f.Line("tags"), PictureAlt: f.Line("picture_alt"), Campaign: f.Line("campaign"), State: State(f.Line("state")), Change: readChange(f),
	}
}

func readChange(f *web.Form) Change {
	return Change{Note: f.Line("note"), Spelling: f.Has("spelling", "1")}
}

// speaker is the group of the address for somebody who may publish in its name.
func (w *Web) speaker(c *web.Call) (Group, error) {
	var g Group
	if err := c.RequireActor(); err != nil {
		return g, err
	}
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		g, err = w.Speaker(c.Context(), tx, c.Actor(), c.Param("handle"))
		return err
	})
	return g, err
}

func newOf(g Group, key string) editData {
	return editData{Group: g, Key: key, Action: root(g) + "/new", Back: "/groups/" + g.Handle, DraftKey: "statement-new-" + g.Handle}
}

func (w *Web) newForm(c *web.Call) error {
	g, err := w.speaker(c)
	if err != nil {
		return err
	}
	f := c.NewForm().Set("state", string(Published)).Set("day", day.ISO(g.today(c.Now()))).Set("lang", c.Locale.Tag()).Set("campaign", c.Query().Get("campaign"))
	if len(g.Langs) > 0 {
		f.Set("lang", g.Langs[0])
	}
	return w.editPage(c, f, newOf(g, c.NewKey()))
}

func (w *Web) create(c *web.Call) error {
	g, err := w.speaker(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	key := f.Line("key")
	sid, err := w.Create(c.Context(), c.Actor(), g.Handle, key, readInput(f))
	if f.Accepts(err) {
		return w.editPage(c, f, newOf(g, key))
	}
	if err != nil {
		return err
	}
	return w.finish(c, f, sid)
}

// finish keeps the picture of a statement that is saved and shows its page.
func (w *Web) finish(c *web.Call, f *web.Form, sid ID) error {
	err := w.savePicture(c, f, sid)
	if !f.Accepts(err) {
		if err != nil {
			return err
		}
		return c.SeeOther("/statements/" + string(sid))
	}
	found, err := w.editable(c, sid)
	if err != nil {
		return err
	}
	f.Set("sequence", strconv.Itoa(found.Statement.Sequence)).Set("note") // what was just saved
	return w.editPage(c, f, editOf(&found))
}

func (w *Web) savePicture(c *web.Call, f *web.Form, sid ID) error {
	if f.Has("picture_remove", "1") {
		return w.SetPicture(c.Context(), c.Actor(), sid, "")
	}
	key, err := w.Pictures.Save(c, "picture")
	if err != nil || key == "" {
		return media.Fault("picture", err)
	}
	return w.SetPicture(c.Context(), c.Actor(), sid, key)
}

// editable is the statement of the address for somebody who may change it.
func (w *Web) editable(c *web.Call, sid ID) (Found, error) {
	var found Found
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		found, err = w.Editable(c.Context(), tx, c.Actor(), sid)
		return err
	})
	return found, err
}

func (w *Web) load(c *web.Call) (Found, error) {
	if err := c.RequireActor(); err != nil {
		return Found{}, err
	}
	sid, _, err := statementID(c.Param("id"))
	if err != nil {
		return Found{}, err
	}
	return w.editable(c, sid)
}

func editOf(found *Found) editData {
	s := &found.Statement
	url := "/statements/" + string(s.ID)
	d := editData{
		Group: found.Group, Existing: s, Public: s.State == Published, Action: url + "/edit", Back: url,
		DraftKey: fmt.Sprint("statement-", s.ID, "-", s.Sequence),
	}
	if d.Public {
		d.CanEnd = url + "/withdraw"
	}
	return d
}

func (w *Web) editForm(c *web.Call) error {
	found, err := w.load(c)
	if err != nil {
		return err
	}
	s := &found.Statement
	t := s.Original()
	f := c.NewForm().Set("title", t.Title).Set("markdown", t.Markdown).Set("lang", s.Lang).Set("day", day.ISO(s.Day)).
		Set("byline", s.Byline).Set("tags", joinTags(s.Tags)).Set("picture_alt", s.PictureAlt).Set("campaign", found.Campaign.Handle).Set("state", string(s.State)).
		Set("sequence", strconv.Itoa(s.Sequence))
	return w.editPage(c, f, editOf(&found))
}

func (w *Web) edit(c *web.Call) error {
	found, err := w.load(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	seq, _ := f.Int("sequence")
	err = w.Update(c.Context(), c.Actor(), found.Statement.ID, seq, readInput(f))
	if f.Accepts(err) {
		return w.editPage(c, f, editOf(&found))
	}
	if err != nil {
		return err
	}
	return w.finish(c, f, found.Statement.ID)
}

type translateData struct {
	Form     *web.Form
	Original Text
	OrigName string
	Existing string // name of the language when the version is there already
	Lang     string
	Public   bool
	Action   string
	Back     string
	Langs    []web.Choice
	Spelling bool
	DraftKey string
}

var translatePage = web.NewPage[translateData](pages, "pages/translate.html", "pages/parts.html")

func (w *Web) translatePage(c *web.Call, f *web.Form, found *Found) error {
	s := &found.Statement
	lang := f.Line("lang")
	d := translateData{
		Form: f, Original: s.Original(), OrigName: languageName(s.Lang), Lang: lang, Spelling: f.Has("spelling", "1"),
		Action: "/statements/" + string(s.ID) + "/translate", Back: "/statements/" + string(s.ID),
		DraftKey: fmt.Sprint("statement-", s.ID, "-", s.Sequence, "-", lang),
	}
	if lang != "" && lang != s.Lang && s.Has(lang) {
		d.Existing, d.Public = languageName(lang), s.State == Published
	}
	options := []web.Choice{{Label: c.Locale.T("Choose a language")}}
	for _, o := range web.Languages() {
		if o.Value != s.Lang {
			options = append(options, o)
		}
	}
	d.Langs = f.Choose("lang", options)
	c.Header().Set("Cache-Control", "no-store")
	return translatePage.RenderForm(c, f, d)
}

func (w *Web) translateForm(c *web.Call) error {
	found, err := w.load(c)
	if err != nil {
		return err
	}
	s := &found.Statement
	f := c.NewForm().Set("sequence", strconv.Itoa(s.Sequence))
	if lang := c.Query().Get("lang"); lang != s.Lang && knownLanguage(lang) {
		f.Set("lang", lang)
		if s.Has(lang) {
			t := s.In(lang)
			f.Set("title", t.Title).Set("markdown", t.Markdown).Set("credit", t.Credit)
		}
	}
	return w.translatePage(c, f, &found)
}

func (w *Web) translate(c *web.Call) error {
	found, err := w.load(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	seq, _ := f.Int("sequence")
	in := TextInput{Lang: f.Line("lang"), Title: f.Line("title"), Markdown: f.Text("markdown"), Credit: f.Line("credit"), Change: readChange(f)}
	err = w.Translate(c.Context(), c.Actor(), found.Statement.ID, seq, in)
	if f.Accepts(err) {
		return w.translatePage(c, f, &found)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/statements/" + string(found.Statement.ID) + "?lang=" + in.Lang)
}

type withdrawData struct {
	Form  *web.Form
	Title string
	Lang  string
	Back  string
}

var withdrawPage = web.NewPage[withdrawData](pages, "pages/withdraw.html")

func (w *Web) withdrawPage(c *web.Call, f *web.Form, found *Found) error {
	t := found.Statement.Original()
	c.Header().Set("Cache-Control", "no-store")
	return withdrawPage.RenderForm(c, f, withdrawData{f, t.Title, t.Lang, "/statements/" + string(found.Statement.ID)})
}

func (w *Web) withdrawForm(c *web.Call) error {
	found, err := w.load(c)
	if err != nil {
		return err
	}
	return w.withdrawPage(c, c.NewForm().Set("sequence", strconv.Itoa(found.Statement.Sequence)), &found)
}

func (w *Web) withdraw(c *web.Call) error {
	found, err := w.load(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	seq, _ := f.Int("sequence")
	err = w.Withdraw(c.Context(), c.Actor(), found.Statement.ID, seq, f.Line("why"))
	if f.Accepts(err) {
		return w.withdrawPage(c, f, &found)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/statements/" + string(found.Statement.ID))
}
