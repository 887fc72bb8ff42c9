package petitions

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/markdown"
	"convoke/internal/print"
	"convoke/internal/web"
)

// maxPages is how many sheets come in one file.
const maxPages = 20

// sheet is paper to sign on. Each sheet has a code of its own, so that none is
// counted twice; without one in the address a fresh one is taken.
func (w *Web) sheet(c *web.Call) error {
	v := c.Query()
	code, n := v.Get("code"), 1
	if s := v.Get("pages"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 1 || n > maxPages {
			return fault.Malformed("petition.pages", "Ask for 1 to {max} sheets at a time.", "max", maxPages)
		}
	}
	clean, fits := cleanSheetCode(code)
	if code != "" && !fits {
		return errNone()
	}
	slug := c.Param("slug")
	if code == "" {
		f, err := w.openPetition(c, slug)
		if err != nil {
			return err
		}
		to := f.Petition.url() + "/sheet.pdf?code=" + SheetCode(w.IDs.Bytes(7))
		if n > 1 {
			to += "&pages=" + strconv.Itoa(n)
		}
		c.Header().Set("Cache-Control", "no-store")
		return c.SeeOther(to)
	}
	k, ok, err := w.knownOf(c, slug)
	if err == nil && !ok {
		err = errNone()
	}
	if err != nil {
		return err
	}
	return c.Cached([]string{"petition:" + k.id, "group:" + k.group, "site"}, pageTTL, func() error {
		f, err := w.openPetition(c, slug)
		if err != nil {
			return err
		}
		b, err := w.Print.SignSheets(c.Context(), w.sheetOf(c, &f, clean, n))
		if errors.Is(err, print.ErrLetters) {
			return fault.Conflict("petition.letters", "The letters of this text cannot be put into a file here. Print the page of the petition instead.")
		}
		if err != nil {
			return err
		}
		c.Header().Set("Content-Disposition", fmt.Sprintf("inline; filename=%q", f.Petition.Slug+"-sheet.pdf"))
		return c.Write(http.StatusOK, "application/pdf", b)
	}, "code", "pages")
}

// openPetition is one that everybody may sign.
func (w *Web) openPetition(c *web.Call, slug string) (f Found, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		f, err = w.Get(c.Context(), tx, authz.Actor{}, slug)
		return err
	})
	if err == nil && f.Petition.State != Open {
		err = errOver()
	}
	return f, err
}

// sheetCodes are n codes that follow from the first one.
func sheetCodes(first string, n int) []string {
	out := []string{first}
	for i := 1; i < n; i++ {
		h := sha256.Sum256(fmt.Appendf(nil, "petition sheet %s %d\n", first, i))
		out = append(out, SheetCode(h[:]))
	}
	return out
}

func (w *Web) sheetOf(c *web.Call, f *Found, code string, n int) print.SignSheet {
	p := &f.Petition
	l, ok := w.Print.Locale(p.Text.Lang)
	if !ok {
		l = c.Locale
	}
	s := print.SignSheet{
		Lang: p.Text.Lang, Kicker: l.T("Petition"), Title: p.Text.Title, To: l.T("To: {addressee}", "addressee", p.Text.Addressee),
		Text: markdown.Plain(p.Text.Markdown, markdown.MaxBytes), By: f.Group.Name, URL: c.BaseURL() + p.url(),
		Columns: [3]string{l.T("Name"), l.T("Town"), l.T("Signature")}, CodeName: l.T("Sheet"),
		Foot: l.T("Sign once only: here or on the page. These sheets are counted by hand and shown apart. Write no more than the three columns ask for."),
	}
	if p.Closes != 0 {
		s.Until = l.T("Until {day}", "day", l.Date(day.Time(p.Closes)))
	}
	for _, x := range sheetCodes(code, n) {
		s.Codes = append(s.Codes, showSheetCode(x))
	}
	return s
}

type batchView struct {
	N          int
	Day        string
	Signatures int
	Sheets     []string
	Counted    bool
	Declared   bool
}

type sheetsData struct {
	Form     *web.Form
	Petition Petition
	URL      string
	Key      string
	NoteKey  string
	Batches  []batchView
	Declared bool // there is a batch in the record
	CanCount bool
}

var sheetsPage = web.NewPage[sheetsData](pages, "pages/sheets.html", "pages/parts.html")

func (w *Web) sheets(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	return w.sheetsPage(c, c.NewForm(), c.NewKey())
}

func (w *Web) sheetsPage(c *web.Call, form *web.Form, key string) error {
	f, all, err := w.Batches(c.Context(), c.Actor(), c.Param("slug"))
	if err == nil && f.Petition.State == Draft {
		err = errState()
	}
	if err != nil {
		return err
	}
	d := sheetsData{Form: form, Petition: f.Petition, URL: f.Petition.url(), Key: key, NoteKey: c.NewKey(), CanCount: f.Petition.State == Open}
	for _, b := range all {
		if b.State == discarded {
			continue
		}
		x := batchView{N: b.N, Day: c.Locale.Date(day.Time(b.Day)), Signatures: b.Signatures, Counted: b.State == counted, Declared: b.State == declared}
		for _, code := range b.Codes {
			x.Sheets = append(x.Sheets, showSheetCode(code))
		}
		d.Batches, d.Declared = append(d.Batches, x), d.Declared || x.Declared
	}
	c.Header().Set("Cache-Control", "no-store")
	return sheetsPage.RenderForm(c, form, d)
}

func (w *Web) changeSheets(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	slug, key := c.Param("slug"), f.Line("key")
	n, _ := f.Int("batch")
	switch f.Line("do") {
	case "confirm":
		have, _ := f.Int("counted")
		err = w.ConfirmBatch(c.Context(), c.Actor(), slug, n, have)
	case "discard":
		err = w.DiscardBatch(c.Context(), c.Actor(), slug, n)
	case "note":
		err = w.NoteBatch(c.Context(), c.Actor(), slug, n, SayInput{Key: key, Markdown: f.Text("markdown")})
	default:
		err = w.CountBatch(c.Context(), c.Actor(), slug, BatchInput{Key: key, Codes: f.Text("codes"), Signatures: f.Line("signatures")})
	}
	if f.Accepts(err) {
		return w.sheetsPage(c, f, key)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/petitions/" + slug + "/sheets")
}
