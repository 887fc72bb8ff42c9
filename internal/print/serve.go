package print

import (
	"embed"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Subject is a public page of which posters are made.
type Subject struct {
	Path string   // of the page, and before the files' names: /events/ID
	Name string   // begins the names of downloaded files
	Tags []string // what it shows, for the cache
	// Sheets are at least one, each in another language.
	Sheets []Sheet
}

// Files are the last parts of the addresses that [Press.Serve] answers.
func Files() []string {
	return []string{"print", "poster.pdf", "flyer.pdf", "poster.png", "flyer.png", "qr.png", "qr.pdf"}
}

// ttl bounds how long a sheet is kept that nobody has touched.
const ttl = 10 * time.Minute

// Serve answers for one of the [Files] of a subject that everybody may know of.
// ?lang= is the language, ?paper= the size of the sheet.
func (p *Press) Serve(c *web.Call, file string, s Subject) error {
	if file == "print" {
		return p.page(c, s)
	}
	sheet := choose(s.Sheets, c.Query().Get("lang"), c.Locale.Tag())
	code := file == "qr.png" || file == "qr.pdf" // the same in all languages
	if !code && !p.Fits(sheet) {
		return c.SeeOther(s.Path + "/print?lang=" + sheet.Lang)
	}
	return c.Cached(s.Tags, ttl, func() error {
		data, err := p.file(c, file, sheet)
		if err != nil {
			return err
		}
		name := s.Name + "-" + sheet.Lang + "-" + file
		ctype := "application/pdf"
		if code {
			name = s.Name + "-" + file
		}
		if strings.HasSuffix(file, ".png") {
			ctype = "image/png"
		}
		c.Header().Set("Content-Disposition", `inline; filename="`+name+`"`)
		return c.Write(http.StatusOK, ctype, data)
	})
}

func (p *Press) file(c *web.Call, file string, s Sheet) ([]byte, error) {
	size := paper(c.Query().Get("paper"))
	switch file {
	case "poster.pdf":
		return p.Poster(c.Context(), s, size)
	case "flyer.pdf":
		return p.Flyer(c.Context(), s, size)
	case "poster.png":
		return p.Picture(c.Context(), s)
	case "flyer.png":
		return p.FlyerPicture(c.Context(), s, size)
	case "qr.pdf":
		return p.QRPage(c.Context(), s.URL)
	}
	return p.QR(c.Context(), s.URL)
}

// choose is the sheet in the first of the languages that there is, else the first.
func choose(all []Sheet, langs ...string) Sheet {
	for _, lang := range langs {
		for _, s := range all {
			if s.Lang == lang {
				return s
			}
		}
	}
	return all[0]
}

// version is a sheet on the page.
type version struct {
	Sheet
	Fits  bool
	Share string
	Rows  int
}

type pageData struct {
	Path, Title string
	Versions    []version
	Papers      []Paper
	One         bool // only one was asked for: it can be printed as it stands
}

var printPage = web.NewPage[pageData](pages, "pages/print.html")

// page offers all files in all languages, or with ?lang= those of one language
// and the sheet itself, for the browser to print.
func (p *Press) page(c *web.Call, s Subject) error {
	return c.Cached(s.Tags, ttl, func() error {
		d := pageData{Path: s.Path, Title: choose(s.Sheets, c.Locale.Tag()).Title, Papers: Papers()}
		shown := s.Sheets
		if lang := c.Query().Get("lang"); lang != "" {
			shown, d.One = []Sheet{choose(s.Sheets, lang, c.Locale.Tag())}, true
		}
		for _, sheet := range shown {
			v := version{Sheet: sheet, Fits: p.Fits(sheet), Share: sheet.share()}
			v.Rows = rows(v.Share) + 1
			d.Versions = append(d.Versions, v)
		}
		return printPage.Render(c, d)
	})
}

// rows are how many lines a text has about on a phone.
func rows(s string) int {
	n := 0
	for line := range strings.Lines(s) {
		n += 1 + utf8.RuneCountInString(line)/40
	}
	return n
}

// share is the sheet as a message.
func (s *Sheet) share() string {
	var b strings.Builder
	when := s.Day
	for _, more := range []string{s.Hours, s.Zone} {
		if more != "" {
			when += ", " + more
		}
	}
	for _, line := range []string{s.Notice, s.Title, when, s.Where} {
		if line = strings.TrimPrefix(line, ", "); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String() + s.URL
}

// Line makes one line of a plain text with lists, as package markdown writes it.
func Line(plain string) string {
	return strings.NewReplacer(":\n- ", ": ", "\n- ", " · ", "\n", " ").Replace(plain)
}

// Capital begins a line on a poster: dates begin small in some languages.
func Capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	return string(unicode.ToUpper(r)) + s[n:]
}
