package shape

import "encoding/binary"

// view is a part of a font file. Reading past its end panics: the fonts are
// bundled, and a test reads them whole.
type view []byte

func (v view) u16(at int) int { return int(binary.BigEndian.Uint16(v[at:])) }

func (v view) i16(at int) int { return int(int16(binary.BigEndian.Uint16(v[at:]))) }

func (v view) u32(at int) int { return int(binary.BigEndian.Uint32(v[at:])) }

// off is the part that the offset at a place leads to; nil without one.
func (v view) off(at int) view {
	if n := v.u16(at); n != 0 {
		return v[n:]
	}
	return nil
}

// offs are the parts that a counted array of offsets leads to.
func (v view) offs(at int) []view {
	out := make([]view, v.u16(at))
	for i := range out {
		out[i] = v.off(at + 2 + 2*i)
	}
	return out
}

// find is the record among n of size bytes, sorted by first and last glyph,
// which has the glyph, or -1.
func (v view) find(n, size, last, glyph int) int {
	lo, hi := 0, n
	for lo < hi {
		mid := (lo + hi) / 2
		switch at := mid * size; {
		case glyph < v.u16(at):
			hi = mid
		case glyph > v.u16(at+last):
			lo = mid + 1
		default:
			return mid
		}
	}
	return -1
}

// covered is a glyph's place in a coverage table, or -1.
func (v view) covered(glyph int) int {
	n := v.u16(2)
	if v.u16(0) == 1 {
		return v[4:].find(n, 2, 0, glyph)
	}
	i := v[4:].find(n, 6, 2, glyph)
	if i < 0 {
		return -1
	}
	r := v[4+6*i:]
	return r.u16(4) + glyph - r.u16(0)
}

// class is a glyph's in a class table, 0 for those that it does not name.
func (v view) class(glyph int) int {
	if v == nil {
		return 0
	}
	if v.u16(0) == 1 {
		if i := glyph - v.u16(2); i >= 0 && i < v.u16(4) {
			return v.u16(6 + 2*i)
		}
		return 0
	}
	if i := v[4:].find(v.u16(2), 6, 2, glyph); i >= 0 {
		return v.u16(4 + 6*i + 4)
	}
	return 0
}

// Flags of a lookup: what it passes over.
const (
	skipBases  = 2
	skipLigs   = 4
	skipMarks  = 8
	onlySet    = 16
	attachMask = 0xff00
)

// lookup is one set of substitutions or placements.
type lookup struct {
	kind, flag int
	only       view // the marks that count, with onlySet
	subs       []view
}

// layout is the GSUB or GPOS table.
type layout struct {
	lookups  []lookup
	features map[string][]int
}

// readLayout reads the features of the first of the scripts that there is, else
// of the font's default.
func readLayout(t view, extension int, sets []view, scripts ...string) layout {
	l := layout{features: map[string][]int{}}
	for _, s := range t.off(8).offs(0) {
		x := lookup{kind: s.u16(0), flag: s.u16(2), subs: s.offs(4)}
		if x.flag&onlySet != 0 {
			x.only = sets[s.u16(6+2*len(x.subs))]
		}
		if x.kind == extension {
			for i, sub := range x.subs {
				x.kind, x.subs[i] = sub.u16(2), sub[sub.u32(4):]
			}
		}
		l.lookups = append(l.lookups, x)
	}
	var langSys view
	list, features := t.off(4), t.off(6)
	for i := range list.u16(0) {
		tag := string(list[2+6*i : 6+6*i])
		for _, s := range scripts {
			if tag == s {
				langSys = list.off(6 + 6*i).off(0)
			}
		}
	}
	for i := range langSys.u16(4) {
		n := langSys.u16(6 + 2*i)
		tag, f := string(features[2+6*n:6+6*n]), features.off(6+6*n)
		for k := range f.u16(2) {
			l.features[tag] = append(l.features[tag], f.u16(4+2*k))
		}
	}
	return l
}
