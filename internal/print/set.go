package print

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"convoke/internal/print/fonts"
	"convoke/internal/print/shape"
)

type wordKey struct {
	bold bool
	text string
}

// word is letters that are set together, in ems.
type word struct {
	glyphs []glyph
	width  float64
}

// glyph is a form of a letter and its origin; y goes down.
type glyph struct {
	id   sfnt.GlyphIndex
	x, y float64
}

// token is a word of letters that are shaped, or one letter of any other kind.
type token struct {
	family fonts.Family
	text   string
	at     int // of its first letter in the line
}

// tokens are the parts of a line. They are the same wherever the line ends and in
// whatever order they stand: a line is as wide as all of them.
func tokens(line string) iter.Seq[token] {
	return func(yield func(token) bool) {
		var open token // the word that goes on, if it has a text
		from, at := 0, 0
		for i, r := range line {
			which, joined := familyOf(r), shape.Joined(r)
			if open.text != "" && joined && (which == open.family || which == fonts.European) {
				open.text = line[from : i+utf8.RuneLen(r)]
				at++
				continue
			}
			if open.text != "" && !yield(open) {
				return
			}
			open = token{}
			next := token{which, line[i : i+utf8.RuneLen(r)], at}
			if joined && which != fonts.European {
				open, from = next, i
			} else if !yield(next) {
				return
			}
			at++
		}
		if open.text != "" {
			yield(open)
		}
	}
}

// shaped reports whether a text has letters of other families than the European.
func shaped(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return familyOf(r) != fonts.European })
}

// width of text set in that size, without kerning of European letters.
func (m *ruler) width(text string, bold bool, size float64) float64 {
	sum := 0.0
	if !shaped(text) {
		for _, r := range text {
			sum += m.advance(r, bold)
		}
		return sum * size
	}
	for t := range tokens(text) {
		if t.family == fonts.European {
			r, _ := utf8.DecodeRuneInString(t.text)
			sum += m.advance(r, bold)
		} else {
			sum += m.word(t, bold).width
		}
	}
	return sum * size
}

// word shapes a token.
func (m *ruler) word(t token, bold bool) word {
	k := wordKey{bold, t.text}
	w, ok := m.words[k]
	if !ok {
		f := m.face(t.family, bold).own
		em := float64(f.UnitsPerEm())
		glyphs, width := f.Shape([]rune(t.text))
		for _, g := range glyphs {
			w.glyphs = append(w.glyphs, glyph{g.ID, float64(g.X) / em, -float64(g.Y) / em})
		}
		w.width = float64(width) / em
		m.words[k] = w
	}
	return w
}

// piece is a part of a line in one face, as it stands from left to right.
type piece struct {
	family fonts.Family
	text   string  // of European letters
	glyphs []glyph // of others
	x      float64 // from the beginning of the line, in ems
}

// set puts the parts of a line in order, from left to right.
func (m *ruler) set(line string, bold, rtl bool) (out []piece) {
	if !rtl && !shaped(line) {
		return []piece{{text: line}}
	}
	all := slices.Collect(tokens(line))
	each := shape.Levels([]rune(line), rtl)
	levels := make([]uint8, len(all))
	for i, t := range all {
		levels[i] = each[t.at]
	}
	x := 0.0
	for _, i := range shape.Visual(levels) {
		t := all[i]
		if t.family != fonts.European {
			w := m.word(t, bold)
			out = append(out, piece{family: t.family, glyphs: w.glyphs, x: x})
			x += w.width
			continue
		}
		text := t.text
		if levels[i]%2 == 1 {
			text = strings.Map(shape.Mirror, text)
		}
		if n := len(out) - 1; n >= 0 && out[n].family == fonts.European {
			out[n].text += text
		} else {
			out = append(out, piece{text: text, x: x})
		}
		x += m.width(text, bold, 1)
	}
	return out
}

// pen draws outlines.
type pen interface {
	MoveTo(x, y float64)
	LineTo(x, y float64)
	// QuadTo is a curve with one control point.
	QuadTo(cx, cy, x, y float64)
	Close()
}

// trace draws glyphs whose line begins at x, y, with an em of that size.
func (m *ruler) trace(p pen, which fonts.Family, bold bool, glyphs []glyph, x, y, size float64) error {
	f := m.face(which, bold).font
	for _, g := range glyphs {
		outline, err := f.LoadGlyph(&m.buf, g.id, fixed.I(scale), nil)
		if err != nil {
			return err
		}
		at := func(q fixed.Point26_6) (float64, float64) {
			return x + size*(g.x+float64(q.X)/64/scale), y + size*(g.y+float64(q.Y)/64/scale)
		}
		open := false
		for _, s := range outline {
			ax, ay := at(s.Args[0])
			switch s.Op {
			case sfnt.SegmentOpMoveTo:
				if open {
					p.Close()
				}
				open = true
				p.MoveTo(ax, ay)
			case sfnt.SegmentOpLineTo:
				p.LineTo(ax, ay)
			default: // TrueType has no other curves
				bx, by := at(s.Args[1])
				p.QuadTo(ax, ay, bx, by)
			}
		}
		if open {
			p.Close()
		}
	}
	return nil
}
