package print

import (
	"embed"
	"errors"
	"net/http"
	"net/url"
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
	// Sheets returns at least one, each in another language. It is asked only for
	// what the cache does not have.
	Sheets func() ([]Sheet, error)
}

// Files are the last parts of the addresses that [Press.Serve] answers.
func Files() []string {
	return []string{"print", "poster.pdf", "flyer.pdf", "poster.png", "flyer.png", "qr.png", "qr.pdf"}
}

// ttl bounds how long a sheet is kept that nobody has touched.
const ttl = 10 * time.Minute

// Serve answers for one of the [Files] of a subject that everybody may know of.
// ?lang= is the language, ?paper= the size of the sheet; an address that asks for
// what there is not leads to one that does, so that nothing is drawn for it.
func (p *Press) Serve(c *web.Call, file string, s Subject) error {
	params := paramsOf(file)
	err := c.Cached(s.Tags, ttl, func() error {
		sheets, err := s.Sheets()
		if err != nil {
			return err
		}
		sheet := choose(sheets, c.Query().Get("lang"), c.Locale.Tag())
		if to := address(c, s.Path+"/"+file, sheet, params); to != "" {
			return elsewhere{to}
		}
		if file == "print" {
			return p.page(c, s.Path, sheets)
		}
		return p.send(c, file, s, sheet)
	}, params...)
	if to, ok := errors.AsType[elsewhere](err); ok {
		return c.SeeOther(to.path)
	}
	return err
}

// elsewhere leads out of what the cache keeps, which are only files.
type elsewhere struct{ path string }

func (e elsewhere) Error() string { return "look at " + e.path }

// coded says that a file is the code alone, the same in all languages.
func coded(file string) bool { return file == "qr.png" || file == "qr.pdf" }

// paramsOf are the parameters that a file depends on.
func paramsOf(file string) []string {
	switch {
	case coded(file):
		return nil
	case file == "print" || file == "poster.png":
		return []string{"lang"}
	}
	return []string{"lang", "paper"}
}

// address is where the reader must go for what was asked for in the one way that
// is kept; "" is here.
func address(c *web.Call, path string, sheet Sheet, params []string) string {
	right, same := url.Values{}, true
	for _, name := range params {
		asked := c.Query()[name]
		if len(asked) == 0 {
			continue
		}
		value := sheet.Lang
		if name == "paper" {
			value = paper(asked[0]).Code
		}
		right.Set(name, value)
		same = same && len(asked) == 1 && asked[0] == value
	}
	if same {
		return ""
	}
	return path + "?" + right.Encode()
}

func (p *Press) send(c *web.Call, file string, s Subject, sheet Sheet) error {
	if !coded(file) && !p.Fits(sheet) {
		return elsewhere{s.Path + "/print?lang=" + sheet.Lang}
	}
	data, err := p.file(c, file, sheet)
	if err != nil {
		return err
	}
	name, ctype := s.Name+"-"+sheet.Lang+"-"+file, "application/pdf"
	if coded(file) {
		name = s.Name + "-" + file
	}
	if strings.HasSuffix(file, ".png") {
		ctype = "image/png"
	}
	c.Header().Set("Content-Disposition", `inline; filename="`+name+`"`)
	return c.Write(http.StatusOK, ctype, data)
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
func (p *Press) page(c *web.Call, path string, sheets []Sheet) error {
	d := pageData{Path: path, Title: choose(sheets, c.Locale.Tag()).Title, Papers: Papers()}
	if lang := c.Query().Get("lang"); lang != "" {
		sheets, d.One = []Sheet{choose(sheets, lang)}, true
	}
	for _, sheet := range sheets {
		v := version{Sheet: sheet, Fits: p.Fits(sheet), Share: sheet.share()}
		v.Rows = rows(v.Share) + 1
		d.Versions = append(d.Versions, v)
	}
	return printPage.Render(c, d)
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
