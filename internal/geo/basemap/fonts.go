package basemap

import (
	"fmt"
	"image"
	"image/draw"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"
)

// fonts are the parsed typefaces; safe for use by several goroutines, which faces made from them are not.
type fonts struct{ regular, medium, bold *opentype.Font }

func loadFonts() (fonts, error) {
	var f fonts
	for _, load := range []struct {
		into **opentype.Font
		ttf  []byte
	}{{&f.regular, goregular.TTF}, {&f.medium, gomedium.TTF}, {&f.bold, gobold.TTF}} {
		parsed, err := opentype.Parse(load.ttf)
		if err != nil {
			return fonts{}, fmt.Errorf("parse map font: %w", err)
		}
		*load.into = parsed
	}
	return f, nil
}

// lettering is one way of writing: a face and what it needs beside it. For one goroutine.
type lettering struct {
	face    font.Face
	font    *opentype.Font
	buf     *sfnt.Buffer
	spacing fixed.Int26_6 // added after each letter
}

func newLettering(f *opentype.Font, pixels, spacing float64) (*lettering, error) {
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: pixels, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, fmt.Errorf("make map lettering: %w", err)
	}
	return &lettering{face: face, font: f, buf: new(sfnt.Buffer), spacing: fixed.Int26_6(spacing * 64)}, nil
}

// spell returns text with letters that the font has, dropping accents that it has not; ok is false if a letter is missing altogether: a place is better
// left without a name than called by empty boxes.
func (l *lettering) spell(text string) (string, bool) {
	if l.has(text) {
		return text, true
	}
	var plain []rune
	for _, r := range norm.NFD.String(text) {
		if !unicode.Is(unicode.Mn, r) {
			plain = append(plain, r)
		}
	}
	text = norm.NFC.String(string(plain))
	return text, l.has(text)
}

func (l *lettering) has(text string) bool {
	for _, r := range text {
		if i, err := l.font.GlyphIndex(l.buf, r); err != nil || i == 0 {
			return false
		}
	}
	return true
}

// width is how many pixels text takes.
func (l *lettering) width(text string) int {
	return (font.MeasureString(l.face, text) + l.spacing*fixed.Int26_6(max(len([]rune(text))-1, 0))).Ceil()
}

// height is the pixels between the top of a capital letter and the baseline.
func (l *lettering) height() int { return l.face.Metrics().CapHeight.Ceil() }

// mask writes text into a new mask with margin pixels free on all sides of the letters' cell; the baseline runs at margin + ascent.
func (l *lettering) mask(text string, margin int) (m *image.Alpha, baseline int) {
	metrics := l.face.Metrics()
	baseline = margin + metrics.Ascent.Ceil()
	m = image.NewAlpha(image.Rect(0, 0, l.width(text)+2*margin+1, baseline+metrics.Descent.Ceil()+margin))
	dot := fixed.P(margin, baseline)
	previous := rune(-1)
	for _, r := range text {
		if previous >= 0 {
			dot.X += l.face.Kern(previous, r) + l.spacing
		}
		box, glyph, at, advance, ok := l.face.Glyph(dot, r)
		if ok {
			draw.DrawMask(m, box, image.Opaque, image.Point{}, glyph, at, draw.Over)
		}
		dot.X += advance
		previous = r
	}
	return m, baseline
}

// halo widens a mask by r pixels all around, to set letters off from what lies under them.
func halo(m *image.Alpha, r int) *image.Alpha {
	out := image.NewAlpha(m.Rect)
	w, h := m.Rect.Dx(), m.Rect.Dy()
	for y := range h {
		for x := range w {
			cover := m.Pix[y*m.Stride+x]
			if cover < 32 {
				continue
			}
			for dy := -r; dy <= r; dy++ {
				for dx := -r; dx <= r; dx++ {
					px, py := x+dx, y+dy
					if dx*dx+dy*dy > r*r+1 || px < 0 || py < 0 || px >= w || py >= h {
						continue
					}
					if i := py*out.Stride + px; out.Pix[i] < cover {
						out.Pix[i] = cover
					}
				}
			}
		}
	}
	return out
}
