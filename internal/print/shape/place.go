package shape

import "math/bits"

// position applies one lookup of placement at i.
func (r *run) position(l *lookup, i int) int {
	for _, s := range l.subs {
		next := -1
		switch l.kind {
		case 1:
			next = r.adjust(s, i)
		case 2:
			next = r.pair(l, s, i)
		case 4, 5, 6:
			next = r.mark(l, s, i)
		case 8:
			next = r.context(l, s, i, r.f.place.lookups, r.position)
		}
		if next >= 0 {
			return next
		}
	}
	return -1
}

// size is the length of a value record.
func size(format int) int { return 2 * bits.OnesCount(uint(format)) }

// move applies a value record.
func (it *item) move(format int, v view) {
	for bit, to := range []*int{&it.x, &it.y, &it.adv} {
		if format&(1<<bit) != 0 {
			*to += v.i16(0)
			v = v[2:]
		}
	}
}

func (r *run) adjust(s view, i int) int {
	n, format := s.off(2).covered(r.items[i].id), s.u16(4)
	if n < 0 {
		return -1
	}
	if s.u16(0) == 1 {
		r.items[i].move(format, s[6:])
	} else {
		r.items[i].move(format, s[8+n*size(format):])
	}
	return i + 1
}

// pair moves two glyphs closer or apart.
func (r *run) pair(l *lookup, s view, i int) int {
	a := &r.items[i]
	n := s.off(2).covered(a.id)
	j := r.next(l, i, 1)
	if n < 0 || j < 0 {
		return -1
	}
	b := &r.items[j]
	fa, fb := s.u16(4), s.u16(6)
	var v view
	if s.u16(0) == 1 {
		set := s.off(10 + 2*n)
		one := 2 + size(fa) + size(fb)
		k := set[2:].find(set.u16(0), one, 0, b.id)
		if k < 0 {
			return -1
		}
		v = set[2+k*one+2:]
	} else {
		ca, cb := s.off(8).class(a.id), s.off(10).class(b.id)
		if cb >= s.u16(14) {
			return -1
		}
		v = s[16+(ca*s.u16(14)+cb)*(size(fa)+size(fb)):]
	}
	a.move(fa, v)
	b.move(fb, v[size(fa):])
	if fb != 0 {
		return j + 1
	}
	return j
}

// mark attaches a mark to a letter, to its part of a ligature, or to another
// mark.
func (r *run) mark(l *lookup, s view, i int) int {
	it := &r.items[i]
	n := s.off(2).covered(it.id)
	if n < 0 {
		return -1
	}
	look := lookup{flag: skipMarks}
	if l.kind == 6 {
		look = lookup{flag: l.flag &^ (skipBases | skipLigs | skipMarks), only: l.only}
	}
	j := r.next(&look, i, -1)
	if j < 0 {
		return -1
	}
	on := &r.items[j]
	m := s.off(4).covered(on.id)
	if m < 0 || l.kind == 6 && !it.beside(on) {
		return -1
	}
	classes, anchors := s.u16(6), s.off(10)
	row := anchors // of anchors, one for each class of marks
	at := 2 + 2*classes*m
	if l.kind == 5 {
		row = anchors.off(2 + 2*m)
		part := row.u16(0)
		if it.lig > 0 && it.lig == on.lig && it.comp > 0 {
			part = min(part, it.comp)
		}
		at = 2 + 2*classes*(part-1)
	}
	marks := s.off(8)
	to := row.off(at + 2*marks.u16(2+4*n))
	if to == nil {
		return -1
	}
	from := marks.off(4 + 4*n)
	it.x, it.y, it.parent = to.i16(2)-from.i16(2), to.i16(4)-from.i16(4), j
	return i + 1
}

// beside reports whether two marks are on the same letter, or on the same part
// of a ligature.
func (it *item) beside(o *item) bool {
	if it.lig == o.lig {
		return it.lig == 0 || it.comp == o.comp
	}
	return it.lig > 0 && it.comp == 0 || o.lig > 0 && o.comp == 0
}
