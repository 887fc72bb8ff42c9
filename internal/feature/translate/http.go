package translate

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/i18n/po"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// perPage is how many texts a page lists.
const perPage = 50

// Limiter slows down those who ask very often.
type Limiter interface {
	Allow(bucket, subject string) (ok bool, retryAfter time.Duration)
}

// Web is the feature's pages.
type Web struct {
	*Service
	Limiter Limiter
	// Client names the corner of the network that a request comes from.
	Client func(*web.Call) string

	texts func(ctx context.Context, path string, l *i18n.Locale) ([]po.Key, int, error)
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	w.texts = site.Texts
	site.Handle("GET /translate", w.languages)
	site.Handle("GET /translate/{lang}", w.list)
	site.Handle("GET /translate/{lang}/{text}", w.form)
	site.Handle("POST /translate/{lang}/{text}", w.propose)
	site.Handle("GET /translate/proposals", w.proposals)
	site.Handle("POST /translate/proposals/{id}/accept", w.answer(w.Accept))
	site.Handle("POST /translate/proposals/{id}/decline", w.answer(w.Decline))
}

type languagesData struct {
	Languages []language
	Operator  bool
}

// language is what pages say of a locale.
type language struct {
	Tag, Dir, Name string
	Complete       int
	Credits        []string
}

func languageOf(l *i18n.Locale) language {
	return language{l.Tag(), l.Dir(), l.Name(), l.Complete(), l.Credits()}
}

var languagesPage = web.NewPage[languagesData](pages, "pages/languages.html")

func (w *Web) languages(c *web.Call) error {
	d := languagesData{Operator: authz.May(c.Actor(), authz.ReviewTranslation, authz.Subject{})}
	for _, l := range w.Locales.Locales() {
		if l.Translatable() {
			d.Languages = append(d.Languages, languageOf(l))
		}
	}
	return languagesPage.Render(c, d)
}

type listData struct {
	Form   *web.Form
	Locale language
	Page   string // whose texts these are, "" for all
	Marked string // the page with marks
	All    bool   // those with a translation, too
	Rows   []row
	Next   string
}

type row struct {
	Href, English, Plural, Where string
	Forms                        []string
}

var listPage = web.NewPage[listData](pages, "pages/list.html")

// list shows the texts of a page, or of all; or sends the catalogue.
func (w *Web) list(c *web.Call) error {
	if tag, ok := strings.CutSuffix(c.Param("lang"), ".po"); ok {
		return w.download(c, tag)
	}
	l, err := w.locale(c.Param("lang"))
	if err != nil {
		return err
	}
	q := c.Query()
	f := c.NewForm().Set("page", q.Get("page")).Set("q", q.Get("q"))
	d := listData{Form: f, Locale: languageOf(l), All: q.Get("show") == "all"}
	texts := w.Locales.Texts()
	if p := localPath(f.Line("page")); p != "" {
		if texts, err = w.textsOf(c, p, l); err != nil {
			return err
		}
		if texts == nil {
			f.Fail("page", "There is no such page, or visitors do not see it.")
		}
		d.Page, d.All = p, true
		d.Marked = p + "?mark=1"
	}
	from, _ := strconv.Atoi(q.Get("from"))
	for i, m := range texts {
		if i < from || !d.All && l.Has(m.Key) || !matches(l, m, f.Line("q")) {
			continue
		}
		if len(d.Rows) == perPage {
			v := url.Values{"from": {strconv.Itoa(i)}}
			for _, k := range []string{"page", "q", "show"} {
				if s := q.Get(k); s != "" {
					v.Set(k, s)
				}
			}
			d.Next = "/translate/" + l.Tag() + "?" + v.Encode()
			break
		}
		d.Rows = append(d.Rows, row{
			Href: "/translate/" + l.Tag() + "/" + textID(m.Key), English: m.ID, Plural: m.Plural, Where: where(m, 2), Forms: l.Forms(m.Key),
		})
	}
	return listPage.RenderForm(c, f, d)
}

// localPath is a path of this site without its query, "" for anything else.
func localPath(s string) string {
	p, _, _ := strings.Cut(web.Local(s, ""), "?")
	if p == "" || path.Clean(p) != p {
		return ""
	}
	return p
}

// textsOf are the texts of a page in the order in which it says them; nil when
// visitors do not get the page.
func (w *Web) textsOf(c *web.Call, p string, l *i18n.Locale) ([]*po.Entry, error) {
	if ok, wait := w.Limiter.Allow("translate", w.Client(c)); !ok {
		return nil, fault.After(fault.RateLimited("translate.often", "These were very many requests. Please wait a little."), wait)
	}
	keys, status, err := w.texts(c.Context(), p, l)
	if err != nil || status != http.StatusOK {
		return nil, err
	}
	out := []*po.Entry{}
	for _, k := range keys {
		if m := w.Locales.Text(k); m != nil {
			out = append(out, m)
		}
	}
	return out, nil
}

func matches(l *i18n.Locale, m *po.Entry, words string) bool {
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(words)) }
	return words == "" || has(m.ID) || has(strings.Join(l.Forms(m.Key), "\n"))
}

// where says in which files a text is used, without what all have in common, and
// of many only so many.
func where(m *po.Entry, most int) string {
	var out []string
	for i, r := range m.Refs {
		if i == most {
			out = append(out, "…")
			break
		}
		out = append(out, strings.TrimPrefix(strings.TrimPrefix(r, "internal/"), "feature/"))
	}
	return strings.Join(out, ", ")
}

func (w *Web) download(c *web.Call, tag string) error {
	l, err := w.locale(tag)
	if err != nil {
		return err
	}
	c.Header().Set("Content-Disposition", `attachment; filename="`+l.Tag()+`.po"`)
	return c.Write(http.StatusOK, "text/x-gettext-translation; charset=utf-8", w.Locales.Catalogue(l).Bytes())
}

type formData struct {
	Form     *web.Form
	Locale   language
	ID       string
	Text     po.Entry
	Where    string
	Now      []string // the translation that is shown today
	Fields   []formField
	Key      string
	Previews []preview
	Sent     bool
}

type formField struct{ Name, Label, Hint, Value, Error string }

type preview struct {
	Number string // "" for a text without a number
	Text   string
}

var formPage = web.NewPage[formData](pages, "pages/form.html")

func (w *Web) form(c *web.Call) error {
	l, m, err := w.find(c.Param("lang"), c.Param("text"))
	if err != nil {
		return err
	}
	f := c.NewForm().Set("key", c.NewKey())
	for i, s := range l.Forms(m.Key) {
		f.Set(fieldName(i), s)
	}
	return w.show(c, f, l, m, nil)
}

func (w *Web) show(c *web.Call, f *web.Form, l *i18n.Locale, m *po.Entry, previews []preview) error {
	d := formData{
		Form: f, Locale: languageOf(l), ID: textID(m.Key), Text: *m, Where: where(m, len(m.Refs)), Now: l.Forms(m.Key), Key: f.Line("key"), Previews: previews,
		Sent: c.Query().Get("sent") != "",
	}
	for i := range count(l, m) {
		x := formField{Name: fieldName(i), Label: l.Name(), Value: f.Raw(fieldName(i)), Error: f.Error(fieldName(i))}
		if m.Plural != "" {
			x.Label, x.Hint = formLabel(c.Locale, l, i)
		}
		d.Fields = append(d.Fields, x)
	}
	c.Header().Set("Cache-Control", "no-store")
	return formPage.RenderForm(c, f, d)
}

func count(l *i18n.Locale, m *po.Entry) int {
	if m.Plural == "" {
		return 1
	}
	return l.Count()
}

// formLabel says for which numbers a plural form is.
func formLabel(reader, l *i18n.Locale, form int) (label, hint string) {
	var n []string
	for _, k := range l.Samples(form) {
		n = append(n, reader.Number(int64(k)))
	}
	label = reader.T("{language}, form {n}", "language", l.Name(), "n", form+1)
	if len(n) == 3 {
		return label, reader.T("For numbers such as {list}.", "list", strings.Join(n, " · "))
	}
	return label, reader.T("Only for {list}.", "list", strings.Join(n, " · "))
}

func readForms(f *web.Form, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = tidy(f.Raw(fieldName(i)))
	}
	return out
}

// propose keeps a translation, or with the other button shows what it would
// say.
func (w *Web) propose(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	l, m, err := w.find(c.Param("lang"), c.Param("text"))
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	forms := readForms(f, count(l, m))
	if f.Has("do", "preview") {
		if f.Accepts(invalid(check(l, m, forms))) {
			return w.show(c, f, l, m, nil)
		}
		return w.show(c, f, l, m, previewsOf(l, m, forms))
	}
	if ok, wait := w.Limiter.Allow("propose", string(c.Actor().Person)); !ok {
		return fault.After(fault.RateLimited("translate.often", "These were very many requests. Please wait a little."), wait)
	}
	err = w.Propose(c.Context(), c.Actor(), l.Tag(), c.Param("text"), f.Line("key"), forms, f.Line("credit"))
	if f.Accepts(err) {
		return w.show(c, f, l, m, nil)
	}
	if err != nil {
		return err
	}
	return c.SeeOther(c.R.URL.Path + "?sent=1")
}

// previewsOf fills each form with a number that takes it.
func previewsOf(l *i18n.Locale, m *po.Entry, forms []string) []preview {
	var out []preview
	for i, s := range forms {
		p := preview{Text: s}
		if m.Plural != "" {
			for _, n := range l.Samples(i) {
				p.Number, p.Text = l.Number(int64(n)), l.Fill(s, n)
			}
		}
		out = append(out, p)
	}
	return out
}

type proposalsData struct {
	Proposals []waitingView
	Next      string
}

type waitingView struct {
	Proposal
	Locale *language // nil when it is gone
	Plural string
	Now    []string
}

var proposalsPage = web.NewPage[proposalsData](pages, "pages/proposals.html")

func (w *Web) proposals(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	all, err := w.Waiting(c.Context(), c.Actor(), c.Query().Get("after"), perPage+1)
	if err != nil {
		return err
	}
	var d proposalsData
	if len(all) > perPage {
		all = all[:perPage]
		d.Next = "/translate/proposals?after=" + url.QueryEscape(all[perPage-1].ID)
	}
	for _, p := range all {
		v := waitingView{Proposal: p}
		if l, err := w.locale(p.Lang); err == nil {
			x := languageOf(l)
			v.Locale, v.Now = &x, l.Forms(p.Key)
		}
		if m := w.Locales.Text(p.Key); m != nil {
			v.Plural = m.Plural
		}
		d.Proposals = append(d.Proposals, v)
	}
	c.Header().Set("Cache-Control", "no-store")
	return proposalsPage.Render(c, d)
}

// answer does something to a proposal and shows the others again.
func (w *Web) answer(do func(ctx context.Context, by authz.Actor, proposal string) error) func(*web.Call) error {
	return func(c *web.Call) error {
		if err := do(c.Context(), c.Actor(), c.Param("id")); err != nil {
			return err
		}
		return c.SeeOther("/translate/proposals")
	}
}
