package version

import (
	"embed"
	"html/template"
	"slices"

	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Link leads to a text in one of its languages.
type Link struct {
	Href, Lang, Name string
	Current          bool
}

// Shown is what a page says of the language of its text; the template "versions"
// says it.
type Shown struct {
	Lang, Dir string // of the text that is shown
	Links     []Link // none when there is one only
	Missing   string // the name of the reader's language, when there is no version in it
	In        string // the name of the language that is shown instead
	Original  *Link  // of a version, what it is a version of
	Older     bool   // the original has changed since
	Credit    string
	Counts    bool // only the original counts, and the page must say so
}

// Show picks the text for the reader of a page: in the language that the address
// asks for, else in that of the pages around it, else the original. path is the
// page's; now the hash of what the original says.
func Show(c *web.Call, path, original, now string, all []Meta) Shown {
	if original == "" {
		original = Unknown
	}
	asked := c.Query().Get("lang")
	s := Shown{Lang: Choose(original, all, asked, c.Locale.Tag())}
	s.Dir = Dir(s.Lang)
	name := func(code string) string {
		if n := Name(code); n != "" {
			return n
		}
		return c.Locale.T("Original")
	}
	wanted := c.Locale.Tag()
	if Known(asked) {
		wanted = asked
	}
	if original != Unknown && Base(wanted) != Base(s.Lang) && Known(wanted) && Known(s.Lang) {
		s.Missing, s.In = Name(wanted), Name(s.Lang)
	}
	if len(all) == 0 {
		return s
	}
	link := func(code string) Link {
		l := Link{Href: path + "?lang=" + code, Lang: code, Name: name(code), Current: code == s.Lang}
		if code == Unknown {
			l.Lang = ""
		}
		return l
	}
	first := link(original)
	s.Links = append(s.Links, first)
	for _, m := range all {
		s.Links = append(s.Links, link(m.Lang))
		if m.Lang == s.Lang {
			s.Original, s.Older, s.Credit = &first, m.Older(now), m.Credit
		}
	}
	return s
}

// Part is one text that a version has, and what the original says there.
type Part struct {
	Name, Label, Hint string
	Rows              int // 0 is one line
	Max               int
	Required          bool
	Text              string // of the original
	HTML              template.HTML
}

// Editor is the form that adds a version, or changes one.
type Editor struct {
	Title    string // of the original
	Lang     string // of the original
	Dir      string
	OrigName string
	Back     string
	Action   string
	Existing string // the name of the language when the version is there already
	Code     string // of that language
	Note     string // what to know before
	Parts    []Part
	Draft    string // names what the browser keeps
	Form     *web.Form
	Langs    []web.Choice
}

var editorPage = web.NewPage[Editor](pages, "pages/translate.html")

// Edit shows the form. have are the languages of the versions that there are.
func (e Editor) Edit(c *web.Call, f *web.Form, have []string) error {
	e.Form, e.Dir, e.OrigName = f, Dir(e.Lang), Name(e.Lang)
	if e.OrigName == "" {
		e.OrigName = c.Locale.T("Not said")
	}
	if code := f.Line("lang"); slices.Contains(have, code) {
		e.Existing, e.Code = Name(code), code
	}
	options := []web.Choice{{Label: c.Locale.T("Choose a language")}}
	for _, o := range web.Languages() {
		if o.Value != Base(e.Lang) {
			options = append(options, o)
		}
	}
	e.Langs = f.Choose("lang", options)
	c.Header().Set("Cache-Control", "no-store")
	return editorPage.RenderForm(c, f, e)
}
