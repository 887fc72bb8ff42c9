package print

import (
	"fmt"
	"strings"
	"sync"
	"unicode"
	"weak"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"

	"convoke/internal/print/fonts"
	"convoke/internal/print/shape"
)

// face is one typeface, regular or bold. Safe for use by several goroutines.
type face struct {
	ttf  []byte
	font *sfnt.Font
	own  *shape.Font // of a script whose letters are shaped, else nil
}

// family is a regular and a bold face.
type family [2]face

// weight is the place of a face in its family.
func weight(bold bool) int {
	if bold {
		return 1
	}
	return 0
}

// typecase holds the families that are in use: an idle process has none unpacked.
type typecase struct {
	mu       sync.Mutex
	families [3]weak.Pointer[family]
}

// family unpacks one, unless somebody has it. The fonts are bundled, and a test
// reads them all: that one cannot be read is a mistake in the program.
func (t *typecase) family(which fonts.Family) *family {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f := t.families[which].Value(); f != nil {
		return f
	}
	f, err := unpack(which)
	if err != nil {
		panic(err)
	}
	t.families[which] = weak.Make(f)
	return f
}

func unpack(which fonts.Family) (*family, error) {
	regular, bold, err := which.Unpack()
	if err != nil {
		return nil, err
	}
	f := &family{{ttf: regular}, {ttf: bold}}
	for i := range f {
		if which == fonts.European {
			if f[i].font, err = sfnt.Parse(f[i].ttf); err != nil {
				return nil, fmt.Errorf("parse print font: %w", err)
			}
			continue
		}
		if f[i].own, err = shape.New(f[i].ttf, "arab", "hebr"); err != nil {
			return nil, err
		}
		f[i].font = f[i].own.Font
	}
	return f, nil
}

// familyOf is the family that has a letter, if any has.
func familyOf(r rune) fonts.Family {
	switch {
	case r < 0x591 || r > 0xfefc:
		return fonts.European
	case r <= 0x5ff, r >= 0xfb1d && r <= 0xfb4f:
		return fonts.Hebrew
	case r <= 0x77f && (r < 0x700 || r >= 0x750), r >= 0x860 && r <= 0x8ff, r >= 0xfb50 && r <= 0xfdff, r >= 0xfe70:
		return fonts.Arabic
	}
	return fonts.European
}

// scale is the units in which a ruler measures one em.
const scale = 2048

// ruler measures text. For one goroutine.
type ruler struct {
	fonts    *typecase
	families [3]*family
	buf      sfnt.Buffer
	known    map[glyphKey]float64
	words    map[wordKey]word
	rtl      bool // lines without a letter that has a direction run to the left
}

type glyphKey struct {
	bold bool
	r    rune
}

func newRuler(t *typecase) *ruler {
	return &ruler{fonts: t, known: map[glyphKey]float64{}, words: map[wordKey]word{}}
}

func (m *ruler) face(which fonts.Family, bold bool) *face {
	if m.families[which] == nil {
		m.families[which] = m.fonts.family(which)
	}
	return &m.families[which][weight(bold)]
}

// advance is in parts of the em; 0 when the font has no such letter.
func (m *ruler) advance(r rune, bold bool) float64 {
	k := glyphKey{bold, r}
	if a, ok := m.known[k]; ok {
		return a
	}
	f, a := m.face(familyOf(r), bold).font, 0.0
	if i, err := f.GlyphIndex(&m.buf, r); err == nil && i != 0 {
		if w, err := f.GlyphAdvance(&m.buf, i, fixed.I(scale), font.HintingNone); err == nil {
			a = float64(w) / 64 / scale
		}
	}
	m.known[k] = a
	return a
}

// has reports whether both faces can write r behind before.
func (m *ruler) has(before, r rune) bool {
	which := familyOf(r)
	if which == fonts.European {
		if r > 0xffff || unicode.Is(unicode.M, r) || !unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Common) {
			return false
		}
		return m.advance(r, false) > 0 && m.advance(r, true) > 0
	}
	if unicode.Is(unicode.M, r) && !(familyOf(before) == which && shape.Joined(before)) {
		return false
	}
	return m.face(which, false).own.Has(r) && m.face(which, true).own.Has(r)
}

// clean makes one line of text that can be set. Pictograms that the font lacks
// are dropped: they carry no word. ok is false when letters or marks are left
// that cannot be written.
func (m *ruler) clean(text string) (line string, ok bool) {
	ok = true
	before := ' '
	text = strings.Map(func(r rune) rune {
		last := before
		before = r
		switch {
		case r == '\u00a0':
			return r
		case unicode.IsSpace(r):
			return ' '
		case shape.Joined(r) && unicode.Is(unicode.Cf, r) && familyOf(last) == fonts.Arabic && shape.Joined(last):
			before = last // of these letters some join and some do not
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			before = last
			return -1
		case m.has(last, r):
			return r
		case unicode.In(r, unicode.So, unicode.Sk, unicode.Me, unicode.Variation_Selector):
			return -1
		}
		ok = false
		return -1
	}, norm.NFC.String(text))
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' }), " "), ok
}
