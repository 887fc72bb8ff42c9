package print

import (
	_ "embed"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"
)

//go:embed fonts/NotoSans-Regular.ttf
var regularTTF []byte

//go:embed fonts/NotoSans-Bold.ttf
var boldTTF []byte

// fonts are the parsed typefaces; safe for use by several goroutines.
type fonts struct{ regular, bold *opentype.Font }

func loadFonts() (fonts, error) {
	var f fonts
	var err error
	if f.regular, err = opentype.Parse(regularTTF); err != nil {
		return f, fmt.Errorf("parse print font: %w", err)
	}
	if f.bold, err = opentype.Parse(boldTTF); err != nil {
		return f, fmt.Errorf("parse print font: %w", err)
	}
	return f, nil
}

// scale is the units in which a ruler measures one em.
const scale = 2048

// ruler measures text. For one goroutine.
type ruler struct {
	fonts fonts
	buf   sfnt.Buffer
	known map[glyphKey]float64
}

type glyphKey struct {
	bold bool
	r    rune
}

func newRuler(f fonts) *ruler { return &ruler{fonts: f, known: map[glyphKey]float64{}} }

// width of text set in that size, without kerning.
func (m *ruler) width(text string, bold bool, size float64) float64 {
	sum := 0.0
	for _, r := range text {
		sum += m.advance(r, bold)
	}
	return sum * size
}

// advance is in parts of the em; 0 when the font has no such letter.
func (m *ruler) advance(r rune, bold bool) float64 {
	k := glyphKey{bold, r}
	if a, ok := m.known[k]; ok {
		return a
	}
	f, a := m.fonts.regular, 0.0
	if bold {
		f = m.fonts.bold
	}
	if i, err := f.GlyphIndex(&m.buf, r); err == nil && i != 0 {
		if w, err := f.GlyphAdvance(&m.buf, i, fixed.I(scale), font.HintingNone); err == nil {
			a = float64(w) / 64 / scale
		}
	}
	m.known[k] = a
	return a
}

// has reports whether both faces can write r as it stands.
func (m *ruler) has(r rune) bool {
	if r > 0xffff || unicode.Is(unicode.M, r) || !unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Common) {
		return false
	}
	return m.advance(r, false) > 0 && m.advance(r, true) > 0
}

// clean makes one line of text that can be set. Pictograms that the font lacks
// are dropped: they carry no word. ok is false when letters or marks are left
// that cannot be written.
func (m *ruler) clean(text string) (line string, ok bool) {
	ok = true
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\u00a0':
			return r
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		case m.has(r):
			return r
		case unicode.In(r, unicode.So, unicode.Sk, unicode.Me, unicode.Variation_Selector):
			return -1
		}
		ok = false
		return -1
	}, norm.NFC.String(text))
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' }), " "), ok
}
