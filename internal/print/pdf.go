package print

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"codeberg.org/go-pdf/fpdf"

	"convoke/internal/print/fonts"
)

const typeface = "noto"

// pdf draws l once, or four times on a sheet with marks to cut along. title and
// lang are for screen readers.
func (m *ruler) pdf(l layout, title, lang, url string, four bool) ([]byte, error) {
	code, err := encode(url)
	if err != nil {
		return nil, err
	}
	w, h := l.w, l.h
	if four {
		w, h = 2*w, 2*h
	}
	f := m.newFile(Paper{Width: w, Height: h}, title, lang)
	f.AddPage()
	p := pdfPainter{m: m, f: f}
	if four {
		for _, at := range [][2]float64{{0, 0}, {l.w, 0}, {0, l.h}, {l.w, l.h}} {
			p.x, p.y = at[0], at[1]
			if err := p.paint(l, code.Size, code.Black); err != nil {
				return nil, err
			}
		}
		p.marks(w, h)
		return output(f)
	}
	if err := p.paint(l, code.Size, code.Black); err != nil {
		return nil, err
	}
	return output(f)
}

// blank is a document without pages. The same sheet gives the same bytes, and no
// file says when it was made.
func blank(w, h float64, title string) *fpdf.Fpdf {
	f := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: w, Ht: h}})
	f.SetMargins(0, 0, 0)
	f.SetAutoPageBreak(false, 0)
	f.SetCatalogSort(true)
	f.SetCreationDate(time.Unix(0, 0).UTC())
	f.SetModificationDate(time.Unix(0, 0).UTC())
	f.SetProducer("Convoke", true)
	f.SetTitle(title, true)
	return f
}

func output(f *fpdf.Fpdf) ([]byte, error) {
	var b bytes.Buffer
	if err := f.Output(&b); err != nil {
		return nil, fmt.Errorf("write pdf: %w", err)
	}
	return b.Bytes(), nil
}

// qrSide is how wide the page of a code alone is.
const qrSide = 100

// qrPDF is the code of an address on a page of its own, with the white around it.
func qrPDF(url string) ([]byte, error) {
	code, err := encode(url)
	if err != nil {
		return nil, err
	}
	f := blank(qrSide, qrSide, url)
	f.AddPage()
	px := float64(qrSide) / float64(code.Size+2*quiet)
	pdfPainter{f: f}.code(bar{x: quiet * px, y: quiet * px, w: float64(code.Size) * px, h: float64(code.Size) * px}, code.Size, code.Black)
	return output(f)
}

// pdfPainter draws a layout with its corner at x, y.
type pdfPainter struct {
	m    *ruler
	f    *fpdf.Fpdf
	x, y float64
}

func (p pdfPainter) paint(l layout, size int, dark func(x, y int) bool) error {
	for _, b := range l.bars {
		r, g, bl := b.ink.rgb()
		p.f.SetFillColor(int(r), int(g), int(bl))
		p.f.Rect(p.x+b.x, p.y+b.y, b.w, b.h, "F")
	}
	for _, t := range l.runs {
		if err := p.write(t); err != nil {
			return err
		}
	}
	p.code(l.code, size, dark)
	return nil
}

// write sets a line: European letters as text, others as outlines. A line that is
// not plain text carries its text, for who searches, copies or hears the page.
func (p pdfPainter) write(t run) error {
	r, g, b := t.ink.rgb()
	p.f.SetTextColor(int(r), int(g), int(b))
	p.f.SetFillColor(int(r), int(g), int(b))
	style := ""
	if t.bold {
		style = "B"
	}
	p.f.SetFont(typeface, style, 1)
	p.f.SetFontUnitSize(t.size)
	x, y := p.x+t.x, p.y+t.y
	pieces := p.m.set(t.text, t.bold, t.rtl)
	if len(pieces) == 1 && pieces[0].text == t.text {
		p.f.Text(x, y, t.text)
		return nil
	}
	var said strings.Builder
	for _, u := range utf16.Encode([]rune("\ufeff" + t.text)) {
		fmt.Fprintf(&said, "%04x", u)
	}
	p.f.RawWriteStr("/Span <</ActualText <" + said.String() + ">>> BDC\n")
	for _, part := range pieces {
		at := x + part.x*t.size
		if part.family == fonts.European {
			p.f.Text(at, y, part.text)
			continue
		}
		_, high := p.f.GetPageSize()
		pen := pdfPen{high: high, k: p.f.GetConversionRatio()}
		if err := p.m.trace(&pen, part.family, t.bold, part.glyphs, at, y, t.size); err != nil {
			return fmt.Errorf("draw letters: %w", err)
		}
		p.f.RawWriteStr(string(pen.out) + "f")
	}
	p.f.RawWriteStr("EMC\n")
	return nil
}

// pdfPen writes outlines as paths, to a hundredth of a point: the library's own
// methods write five digits more.
type pdfPen struct {
	out     []byte
	high, k float64 // of the page, and points a millimetre
	x, y    float64
}

func (p *pdfPen) op(name byte, at ...float64) {
	for i, v := range at {
		if i%2 == 1 {
			v = p.high - v
		}
		p.out = strconv.AppendFloat(p.out, math.Round(v*p.k*100)/100, 'f', -1, 64)
		p.out = append(p.out, ' ')
	}
	p.out = append(p.out, name, '\n')
	if n := len(at); n > 0 {
		p.x, p.y = at[n-2], at[n-1]
	}
}

func (p *pdfPen) MoveTo(x, y float64) { p.op('m', x, y) }

func (p *pdfPen) LineTo(x, y float64) { p.op('l', x, y) }

// QuadTo writes the cubic curve that is the same; PDF has no others.
func (p *pdfPen) QuadTo(cx, cy, x, y float64) {
	p.op('c', p.x+(cx-p.x)*2/3, p.y+(cy-p.y)*2/3, x+(cx-x)*2/3, y+(cy-y)*2/3, x, y)
}

func (p *pdfPen) Close() { p.op('h') }

// code draws the dark modules of a code.
func (p pdfPainter) code(at bar, size int, dark func(x, y int) bool) {
	p.f.SetFillColor(0, 0, 0)
	px := at.w / float64(size)
	for y := range size {
		for x := 0; x < size; x++ {
			from := x
			for x < size && dark(x, y) {
				x++
			}
			if x > from {
				// A little taller than a module: no hairlines between rows.
				p.f.Rect(p.x+at.x+float64(from)*px, p.y+at.y+float64(y)*px, float64(x-from)*px, px*1.02, "F")
			}
		}
	}
}

// marks are hairlines where the sheet is cut in four.
func (p pdfPainter) marks(w, h float64) {
	const long = 6
	p.f.SetDrawColor(120, 120, 120)
	p.f.SetLineWidth(0.15)
	for _, m := range [][4]float64{
		{w / 2, 0, w / 2, long}, {w / 2, h - long, w / 2, h}, {0, h / 2, long, h / 2}, {w - long, h / 2, w, h / 2},
		{w/2 - long, h / 2, w/2 + long, h / 2}, {w / 2, h/2 - long, w / 2, h/2 + long},
	} {
		p.f.Line(m[0], m[1], m[2], m[3])
	}
}
