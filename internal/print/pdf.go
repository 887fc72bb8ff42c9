package print

import (
	"bytes"
	"fmt"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

const family = "noto"

// pdf draws l once, or four times on a sheet with marks to cut along. title and
// lang are for screen readers.
func pdf(l layout, title, lang, url string, four bool) ([]byte, error) {
	code, err := encode(url)
	if err != nil {
		return nil, err
	}
	w, h := l.w, l.h
	if four {
		w, h = 2*w, 2*h
	}
	f := newFile(Paper{Width: w, Height: h}, title, lang)
	f.AddPage()
	p := pdfPainter{f: f}
	if four {
		for _, at := range [][2]float64{{0, 0}, {l.w, 0}, {0, l.h}, {l.w, l.h}} {
			p.x, p.y = at[0], at[1]
			p.paint(l, code.Size, code.Black)
		}
		p.marks(w, h)
	} else {
		p.paint(l, code.Size, code.Black)
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
	pdfPainter{f: f}.paint(layout{w: qrSide, h: qrSide, code: bar{x: quiet * px, y: quiet * px, w: float64(code.Size) * px, h: float64(code.Size) * px}}, code.Size, code.Black)
	return output(f)
}

// pdfPainter draws a layout with its corner at x, y.
type pdfPainter struct {
	f    *fpdf.Fpdf
	x, y float64
}

func (p pdfPainter) paint(l layout, size int, dark func(x, y int) bool) {
	for _, b := range l.bars {
		r, g, bl := b.ink.rgb()
		p.f.SetFillColor(int(r), int(g), int(bl))
		p.f.Rect(p.x+b.x, p.y+b.y, b.w, b.h, "F")
	}
	for _, t := range l.runs {
		r, g, bl := t.ink.rgb()
		p.f.SetTextColor(int(r), int(g), int(bl))
		weight := ""
		if t.bold {
			weight = "B"
		}
		p.f.SetFont(family, weight, 1)
		p.f.SetFontUnitSize(t.size)
		p.f.Text(p.x+t.x, p.y+t.y, t.text)
	}
	p.f.SetFillColor(0, 0, 0)
	px := l.code.w / float64(size)
	for y := range size {
		for x := 0; x < size; x++ {
			from := x
			for x < size && dark(x, y) {
				x++
			}
			if x > from {
				// A little taller than a module: no hairlines between rows.
				p.f.Rect(p.x+l.code.x+float64(from)*px, p.y+l.code.y+float64(y)*px, float64(x-from)*px, px*1.02, "F")
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
