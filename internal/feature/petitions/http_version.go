package petitions

import (
	"fmt"
	"net/http"
	"strconv"

	"convoke/internal/api"
	"convoke/internal/db"
	"convoke/internal/version"
	"convoke/internal/web"
)

func (w *Web) mountVersions(site *web.Site) {
	site.Handle("GET /petitions/{slug}/translate", w.translateForm)
	site.Handle("POST /petitions/{slug}/translate", w.translate)
}

// translatable is the petition of the address for an organizer, with its versions.
func (w *Web) translatable(c *web.Call) (f Found, all []Version, err error) {
	if f, err = w.load(c); err != nil {
		return f, nil, err
	}
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		all, err = versionsOf(c.Context(), tx, &f.Petition)
		return err
	})
	return f, all, err
}

func (w *Web) translateForm(c *web.Call) error {
	found, all, err := w.translatable(c)
	if err != nil {
		return err
	}
	p := &found.Petition
	f := c.NewForm().Set("sequence", strconv.Itoa(p.Sequence))
	if lang := c.Query().Get("lang"); knownLanguage(lang) && lang != p.Text.Lang {
		f.Set("lang", lang)
		for _, v := range all {
			if v.Lang == lang {
				f.Set("title", v.Title).Set("addressee", v.Addressee).Set("markdown", v.Markdown).Set("credit", v.Credit)
			}
		}
	}
	return w.translatePage(c, f, p, all)
}

func (w *Web) translatePage(c *web.Call, f *web.Form, p *Petition, all []Version) error {
	l, t := c.Locale, &p.Text
	e := version.Editor{
		Title: t.Title, Lang: t.Lang, Back: p.url(), Action: p.url() + "/translate", Draft: fmt.Sprint("petition-", p.ID, "-", p.Sequence, "-", f.Line("lang")),
		Note: l.T("For reading only: what people sign, and what the public record has, stays the original."),
		Parts: []version.Part{
			{Name: "title", Label: l.T("What you ask for, in one line"), Max: maxTitle, Required: true, Text: t.Title},
			{Name: "addressee", Label: l.T("Whom you ask"), Max: maxAddressee, Required: true, Text: t.Addressee},
			{Name: "markdown", Label: l.T("Text"), Rows: 14, Required: true, Text: t.Markdown, HTML: t.HTML},
		},
	}
	var have []string
	for i := range all {
		have = append(have, all[i].Lang)
	}
	return e.Edit(c, f, have)
}

func readVersion(f *web.Form) VersionInput {
	return VersionInput{
		Lang: f.Line("lang"), Addressee: f.Line("addressee"), Title: f.Line("title"), Markdown: f.Text("markdown"), Credit: f.Line("credit"),
		Remove: f.Has("remove", "1"),
	}
}

func (w *Web) translate(c *web.Call) error {
	found, all, err := w.translatable(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	seq, ok := f.Int("sequence")
	if !ok {
		seq = 1 << 30
	}
	in := readVersion(f)
	err = w.Translate(c.Context(), c.Actor(), found.Petition.Slug, seq, in)
	if f.Accepts(err) {
		return w.translatePage(c, f, &found.Petition, all)
	}
	if err != nil {
		return err
	}
	return c.SeeOther(found.Petition.url() + "?lang=" + in.Lang)
}

// fileVersion is a version for programs.
type fileVersion struct {
	Lang      string `json:"lang"`
	Addressee string `json:"addressee"`
	Title     string `json:"title"`
	Markdown  string `json:"markdown"`
	Credit    string `json:"credit" doc:"Who translated, as they want to be named."`
	Older     bool   `json:"older" doc:"The original was changed since."`
}

func fileVersions(t *Text, all []Version) []fileVersion {
	out := make([]fileVersion, len(all))
	for i := range all {
		v := &all[i]
		out[i] = fileVersion{v.Lang, v.Addressee, v.Title, v.Markdown, v.Credit, v.meta().Older(t.said())}
	}
	return out
}

type apiPetitionTextInput struct {
	Addressee string `json:"addressee,omitempty" doc:"This and the next two are needed, unless it is removed."`
	Title     string `json:"title,omitempty"`
	Markdown  string `json:"markdown,omitempty"`
	Credit    string `json:"credit,omitempty" doc:"Who translated; everybody sees it."`
	Remove    bool   `json:"remove,omitempty" doc:"There is to be none in this language."`
	Sequence  int    `json:"sequence" doc:"That of the petition as it was read."`
}

type apiTextChange struct {
	Slug string `path:"slug"`
	Lang string `path:"lang" doc:"ISO 639."`
	Body apiPetitionTextInput
}

func (w *Web) mountVersionsAPI(a *api.API, op func(method, path, name, summary, doc string) api.Op) {
	const path = "/petitions/{slug}/texts/{lang}"
	put := op(http.MethodPut, path, "translatePetition", "Add, change or remove a version in another language",
		"For reading only: what is signed, and what the record has, stays the original.")
	api.Add(a, put, func(c *web.Call, in *apiTextChange) (file, error) {
		if _, err := w.load(c); err != nil {
			return file{}, err
		}
		f, err := api.Form(c, in.Body)
		if err != nil {
			return file{}, err
		}
		if err := w.Translate(c.Context(), c.Actor(), in.Slug, in.Body.Sequence, readVersion(f.Set("lang", in.Lang))); err != nil {
			return file{}, err
		}
		return w.apiShow(c, in.Slug)
	})
}
