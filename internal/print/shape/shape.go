package shape

import (
	"fmt"
	"slices"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// Font is a font with the tables that shaping needs. Safe for use by several
// goroutines.
type Font struct {
	*sfnt.Font
	classes view // of glyphs: base, ligature, mark
	attach  view // classes of marks
	subst   layout
	place   layout
}

// New reads a font, for the first of the scripts that it has. ttf is kept.
func New(ttf []byte, scripts ...string) (f *Font, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("read font: %v", p)
		}
	}()
	f = &Font{}
	if f.Font, err = sfnt.Parse(ttf); err != nil {
		return nil, fmt.Errorf("read font: %w", err)
	}
	v := view(ttf)
	tables := map[string]view{}
	for i := range v.u16(4) {
		r := v[12+16*i:]
		tables[string(r[:4])] = v[r.u32(8):][:r.u32(12)]
	}
	gdef := tables["GDEF"]
	f.classes, f.attach = gdef.off(4), gdef.off(10)
	var sets []view
	if gdef.u16(2) >= 2 {
		if s := gdef.off(12); s != nil {
			for i := range s.u16(2) {
				sets = append(sets, s[s.u32(4+4*i):])
			}
		}
	}
	f.subst = readLayout(tables["GSUB"], 7, sets, scripts...)
	f.place = readLayout(tables["GPOS"], 9, sets, scripts...)
	return f, f.check()
}

// check refuses what shaping here does not know.
func (f *Font) check() error {
	for _, x := range []struct {
		layout
		known   []int
		context int
	}{{f.subst, []int{1, 3, 4, 6}, 6}, {f.place, []int{1, 2, 4, 5, 6, 8}, 8}} {
		for _, l := range x.lookups {
			if !slices.Contains(x.known, l.kind) {
				return fmt.Errorf("read font: lookups of kind %d", l.kind)
			}
			for _, s := range l.subs {
				if l.kind == x.context && s.u16(0) != 3 {
					return fmt.Errorf("read font: context in format %d", s.u16(0))
				}
			}
		}
	}
	return nil
}

// Glyph is a form of a letter and where it stands, in the font's units from the
// left end of the base line, up.
type Glyph struct {
	ID   sfnt.GlyphIndex
	X, Y int
}

// item is a glyph on its way.
type item struct {
	id     int
	class  int
	form   form
	lig    int // which ligature it is or belongs to, 0 for none
	comp   int // to which part of it, from 1; 0 is the ligature itself
	parts  int // how many it has
	adv    int
	x, y   int
	parent int // what a mark is attached to, or -1
}

const (
	base = 1 + iota
	ligature
	mark
)

// run is glyphs in logical order.
type run struct {
	f      *Font
	items  []item
	ligs   int
	hidden int // the glyph of the non-joiner
}

// stages are the features of substitution, those together that apply at once,
// and on which forms of letters.
var stages = [...]struct {
	tags []string
	form form
}{
	{[]string{"ccmp", "locl"}, noForm}, {[]string{"isol"}, isolated}, {[]string{"fina"}, final}, {[]string{"medi"}, medial},
	{[]string{"init"}, initial}, {[]string{"rlig"}, noForm}, {[]string{"calt"}, noForm}, {[]string{"liga", "clig", "rclt"}, noForm},
}

// Shape sets one word whose letters all run from right to left. It returns the
// glyphs from left to right and the width.
func (f *Font) Shape(text []rune) (out []Glyph, width int) {
	text = normal(text)
	r := run{f: f, hidden: f.index(nonJoiner)}
	for i, form := range forms(text) {
		if text[i] != joiner {
			r.items = append(r.items, r.glyph(f.index(text[i]), form))
		}
	}
	for _, s := range stages {
		for _, n := range f.subst.of(s.tags) {
			r.apply(&f.subst.lookups[n], s.form, r.substitute)
		}
	}
	r.items = slices.DeleteFunc(r.items, func(it item) bool { return it.id == r.hidden })
	for i := range r.items {
		r.items[i].adv = f.Advance(sfnt.GlyphIndex(r.items[i].id))
	}
	for _, n := range f.place.of([]string{"kern", "mark", "mkmk", "dist", "abvm", "blwm"}) {
		r.apply(&f.place.lookups[n], noForm, r.position)
	}
	return r.finish()
}

// of are the lookups of some features, in the font's order.
func (l *layout) of(tags []string) (out []int) {
	for _, t := range tags {
		out = append(out, l.features[t]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Has reports whether there is a glyph for a letter.
func (f *Font) Has(r rune) bool { return f.index(r) != 0 }

// index is a letter's glyph, 0 when there is none.
func (f *Font) index(r rune) int {
	var b sfnt.Buffer
	i, err := f.GlyphIndex(&b, r)
	if err != nil {
		return 0
	}
	return int(i)
}

// Advance is a glyph's width in the font's units.
func (f *Font) Advance(id sfnt.GlyphIndex) int {
	var b sfnt.Buffer
	w, err := f.GlyphAdvance(&b, id, fixed.I(int(f.UnitsPerEm())), font.HintingNone)
	if err != nil {
		return 0
	}
	return w.Round()
}

func (r *run) glyph(id int, form form) item {
	return item{id: id, class: r.f.classes.class(id), form: form, parts: 1, parent: -1}
}

// apply goes through the run with one lookup; a step returns where to go on, or
// -1 when it has done nothing.
func (r *run) apply(l *lookup, only form, step func(*lookup, int) int) {
	for i := 0; i < len(r.items); {
		next := -1
		if it := &r.items[i]; (only == noForm || it.form == only) && !r.skips(l, it) {
			next = step(l, i)
		}
		i = max(next, i+1)
	}
}

// skips reports whether a lookup passes over a glyph.
func (r *run) skips(l *lookup, it *item) bool {
	switch it.class {
	case base:
		return l.flag&skipBases != 0
	case ligature:
		return l.flag&skipLigs != 0
	case mark:
		if l.flag&skipMarks != 0 {
			return true
		}
		if l.flag&onlySet != 0 {
			return l.only.covered(it.id) < 0
		}
		return l.flag&attachMask != 0 && l.flag>>8 != r.f.attach.class(it.id)
	}
	return false
}

// next is the glyph before or after i that a lookup does not pass over, or -1.
func (r *run) next(l *lookup, i, step int) int {
	for i += step; i >= 0 && i < len(r.items); i += step {
		if !r.skips(l, &r.items[i]) {
			return i
		}
	}
	return -1
}

// finish moves marks to what they are attached to, and turns the order round.
func (r *run) finish() (out []Glyph, width int) {
	for i := range r.items {
		if r.items[i].class == mark {
			r.items[i].adv = 0
		}
	}
	for i := range r.items {
		it := &r.items[i]
		// What carries it comes before it and is in its place already.
		if p := it.parent; p >= 0 {
			it.x += r.items[p].x
			it.y += r.items[p].y
			for _, between := range r.items[p+1 : i+1] {
				it.x += between.adv
			}
		}
	}
	for _, it := range slices.Backward(r.items) {
		out = append(out, Glyph{sfnt.GlyphIndex(it.id), width + it.x, it.y})
		width += it.adv
	}
	return out, width
}
