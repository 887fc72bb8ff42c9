package print

import (
	"context"
	"errors"
	"slices"

	"codeberg.org/go-pdf/fpdf"

	"convoke/internal/print/fonts"
	"convoke/internal/print/shape"
)

// SignSheet is paper to sign a petition on: what it says, and lines with a name, a
// town and a signature, no more. Each code is one sheet.
type SignSheet struct {
	Lang     string
	Kicker   string
	Title    string
	To       string
	Text     string // plain
	By       string
	Until    string
	Columns  [3]string
	Foot     string
	URL      string
	CodeName string // what a code is called
	Codes    []string
}

// ErrLetters says that the bundled fonts cannot write a text as it must be read.
var ErrLetters = errors.New("print: the fonts have not all letters")

// Measures of a sheet to sign on, in millimetres on A4.
const (
	signMargin = 14.0
	signSide   = 26.0 // of the QR code
	signRow    = 9.5  // a line to write on
	signText   = 3.7  // the em of the text
	signFoot   = 26.0
	signRows   = 8 // at least, under the text
)

// SignSheets draws all sheets into one file. A text that leaves no room for lines
// fills pages of its own before them.
func (p *Press) SignSheets(ctx context.Context, s SignSheet) ([]byte, error) {
	m := newRuler(p.fonts)
	for _, t := range []*string{&s.Kicker, &s.Title, &s.To, &s.Text, &s.By, &s.Until, &s.Columns[0], &s.Columns[1], &s.Columns[2], &s.Foot, &s.CodeName} {
		line, ok := m.clean(Line(*t))
		if !ok {
			return nil, ErrLetters
		}
		*t = line
	}
	return p.draw(ctx, func() ([]byte, error) { return signPDF(m, s) })
}

// signer composes pages.
type signer struct {
	*ruler
	s     SignSheet
	paper Paper
	room  room     // how the text is set
	rows  []string // of the text, that are not written yet
	pages []layout
}

func signPDF(m *ruler, s SignSheet) ([]byte, error) {
	f := m.newFile(Papers()[0], s.Title, s.Lang)
	code, err := encode(s.URL)
	if err != nil {
		return nil, err
	}
	m.rtl, _ = shape.RightToLeft(s.Kicker + s.Title)
	for _, c := range s.Codes {
		g := signer{ruler: m, s: s, paper: Papers()[0]}
		g.compose(c)
		for _, l := range g.pages {
			f.AddPage()
			if err := (pdfPainter{m: m, f: f}).paint(l, code.Size, code.Black); err != nil {
				return nil, err
			}
		}
	}
	return output(f)
}

// newFile is an empty file: the same sheets give the same bytes, and no file says
// when it was made.
func (m *ruler) newFile(size Paper, title, lang string) *fpdf.Fpdf {
	f := blank(size.Width, size.Height, title)
	f.SetLang(lang)
	f.AddUTF8FontFromBytes(typeface, "", slices.Clone(m.face(fonts.European, false).ttf))
	f.AddUTF8FontFromBytes(typeface, "B", slices.Clone(m.face(fonts.European, true).ttf))
	return f
}

// compose makes the pages of one sheet.
func (g *signer) compose(code string) {
	width := g.paper.Width - 2*signMargin
	g.room = g.directed(g.s.Text, room{leading: 1.4})
	g.rows, _ = g.wrap(split(g.s.Text, false), false, signText, width)
	bottom := g.paper.Height - signMargin - signFoot
	for {
		c := g.page(code)
		y := g.head(c)
		room := int((bottom - y) / (signText * g.room.leading))
		last := len(g.rows) <= int((bottom-y-signRow*(signRows+1))/(signText*g.room.leading))
		n := min(room, len(g.rows))
		y = c.down(text{room: g.room, size: signText, rows: g.rows[:n]}, signMargin, y, black)
		g.rows = g.rows[n:]
		if last {
			g.lines(c, y+4, bottom)
		}
		g.pages = append(g.pages, c.turned())
		if last {
			return
		}
	}
}

func (g *signer) page(code string) *composer {
	st := style{w: g.paper.Width, h: g.paper.Height, margin: signMargin, k: 1, body: 1, side: signSide}
	c := &composer{ruler: g.ruler, style: st, layout: layout{w: st.w, h: st.h, margin: st.margin}}
	c.code = bar{x: signMargin, y: st.h - signMargin - signSide + 4, w: signSide - 4, h: signSide - 4}
	x, y := signMargin+signSide+2, c.code.y
	width := st.w - signMargin - x
	line := func(s string, bold bool, size float64, lines int) {
		t := g.fit(s, room{bold: bold, max: size, min: size * 0.7, leading: 1.3, lines: lines, width: width, height: 20})
		y = c.down(t, x, y, black)
	}
	line(g.s.CodeName+" "+code, true, 5, 1)
	line((&Sheet{URL: g.s.URL}).Address(), false, 3.2, 1)
	line(g.s.Foot, false, 2.9, 3)
	return c
}

// head is the title and whom the petition is to, and returns where the text begins.
func (g *signer) head(c *composer) float64 {
	width := c.inner()
	c.bars = append(c.bars, bar{signMargin, signMargin, width, 1.6, black})
	y := signMargin + 4
	for _, t := range []struct {
		s     string
		r     room
		after float64
	}{
		{g.s.Kicker, room{bold: true, max: 4, min: 3, leading: 1.2, lines: 1}, 0.5},
		{g.s.Title, room{bold: true, max: 8, min: 4.5, leading: 1.15, lines: 3}, 1.5},
		{g.s.To, room{bold: true, max: 4.4, min: 3.4, leading: 1.25, lines: 2}, 0.5},
		{joined(g.s.By, g.s.Until), room{max: 3.5, min: 2.8, leading: 1.3, lines: 2}, 3},
	} {
		t.r.width, t.r.height = width, 40
		y = c.down(g.fit(t.s, t.r), signMargin, y, black) + t.after
	}
	return y
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " · " + b
}

// lines are the columns and as many lines as there is room for.
func (g *signer) lines(c *composer, y, bottom float64) {
	width := c.inner()
	starts := [3]float64{0, width * 0.42, width * 0.66}
	for i, name := range g.s.Columns {
		t := g.fit(name, room{bold: true, max: 3.4, min: 2.6, leading: 1.2, lines: 1, width: width * 0.24, height: 6})
		c.down(t, signMargin+starts[i], y, black)
	}
	y += 5.5
	top := y
	for ; y+signRow <= bottom; y += signRow {
		c.bars = append(c.bars, bar{signMargin, y + signRow, width, 0.25, black})
	}
	for _, x := range starts[1:] {
		c.bars = append(c.bars, bar{signMargin + x - 1.5, top, 0.25, y - top, black})
	}
}
