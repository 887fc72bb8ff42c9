package events

import (
	"fmt"
	"html/template"
	"strconv"

	"convoke/internal/db"
	"convoke/internal/version"
	"convoke/internal/web"
)

func (w *Web) mountVersions(site *web.Site) {
	site.Handle("GET /events/{id}/translate", w.translateForm)
	site.Handle("POST /events/{id}/translate", w.translate)
}

// whole is an event with all that its translator needs to see.
type whole struct {
	Event
	bring     string
	bringHTML template.HTML
	versions  []Version
}

// translatable is the event of the address for somebody who may edit it.
func (w *Web) translatable(c *web.Call) (whole, error) {
	e, _, err := w.load(c)
	if err != nil {
		return whole{}, err
	}
	x := whole{Event: e}
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		all, err := versionsOf(c.Context(), tx, "", e)
		if err != nil {
			return err
		}
		x.versions = all[e.ID]
		said, err := programmesOf(c.Context(), tx, e)
		x.bring, x.bringHTML = said.of(&e).Bring, said.of(&e).BringHTML
		return err
	})
	return x, err
}

func (w *Web) translateForm(c *web.Call) error {
	x, err := w.translatable(c)
	if err != nil {
		return err
	}
	f := c.NewForm().Set("sequence", strconv.Itoa(x.Sequence))
	if lang := c.Query().Get("lang"); version.Known(lang) && !x.ownLang(lang) {
		f.Set("lang", lang)
		for _, v := range x.versions {
			if v.Lang == lang {
				f.Set("title", v.Title).Set("description", v.Description).Set("access_note", v.AccessNote).Set("bring", v.Bring).Set("credit", v.Credit)
			}
		}
	}
	return w.translatePage(c, f, &x)
}

// translatePage asks for the parts that the original has.
func (w *Web) translatePage(c *web.Call, f *web.Form, x *whole) error {
	l, url := c.Locale, "/events/"+string(x.ID)
	e := version.Editor{
		Title: x.Title, Lang: x.Lang, Back: url, Action: url + "/translate", Draft: fmt.Sprint("event-", x.ID, "-", x.Sequence, "-", f.Line("lang")),
		Note:  l.T("What you leave empty is shown as the original says it."),
		Parts: []version.Part{{Name: "title", Label: l.T("Title"), Max: maxTitle, Required: true, Text: x.Title}},
	}
	for _, p := range []version.Part{
		{Name: "description", Label: l.T("What it is about"), Rows: 10, Max: maxDescription, Text: x.Description, HTML: x.HTML},
		{Name: "access_note", Label: l.T("More about access"), Rows: 3, Max: maxNote, Text: x.Access.Note},
		{Name: "bring", Label: l.T("What to bring"), Rows: 4, Max: maxBring, Text: x.bring, HTML: x.bringHTML},
	} {
		if p.Text != "" || f.Raw(p.Name) != "" {
			e.Parts = append(e.Parts, p)
		}
	}
	var have []string
	for _, v := range x.versions {
		have = append(have, v.Lang)
	}
	return e.Edit(c, f, have)
}

func readVersion(f *web.Form) VersionInput {
	return VersionInput{
		Lang: f.Line("lang"), Title: f.Line("title"), Description: f.Text("description"), AccessNote: f.Text("access_note"), Bring: f.Text("bring"),
		Credit: f.Line("credit"), Remove: f.Has("remove", "1"),
	}
}

func (w *Web) translate(c *web.Call) error {
	x, err := w.translatable(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	seq, ok := f.Int("sequence")
	if !ok {
		seq = -1
	}
	in := readVersion(f)
	err = w.Translate(c.Context(), c.Actor(), x.ID, seq, in)
	if f.Accepts(err) {
		return w.translatePage(c, f, &x)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/events/" + string(x.ID) + "?saved=1&lang=" + in.Lang)
}
