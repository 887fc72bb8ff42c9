package shape

// substitute applies one lookup of substitution at i.
func (r *run) substitute(l *lookup, i int) int {
	for _, s := range l.subs {
		next := -1
		switch l.kind {
		case 1:
			next = r.single(s, i)
		case 4:
			next = r.ligate(l, s, i)
		case 6:
			next = r.context(l, s, i, r.f.subst.lookups, r.substitute)
		}
		if next >= 0 {
			return next
		}
	}
	return -1
}

// single puts one glyph in the place of another.
func (r *run) single(s view, i int) int {
	it := &r.items[i]
	n := s.off(2).covered(it.id)
	if n < 0 {
		return -1
	}
	if s.u16(0) == 1 {
		it.id = (it.id + s.i16(4)) & 0xffff
	} else {
		it.id = s.u16(6 + 2*n)
	}
	it.class = r.f.classes.class(it.id)
	return i + 1
}

// ligate puts one glyph in the place of several.
func (r *run) ligate(l *lookup, s view, i int) int {
	n := s.off(2).covered(r.items[i].id)
	if n < 0 {
		return -1
	}
	for _, lig := range s.off(6 + 2*n).offs(0) {
		if at := r.parts(l, lig, i); at != nil {
			r.join(lig.u16(0), at)
			return i + 1
		}
	}
	return -1
}

// parts are the places of a ligature's parts, nil when they are not there. Marks
// of different parts of another ligature do not join.
func (r *run) parts(l *lookup, lig view, i int) []int {
	first, at := r.items[i], []int{i}
	for k := 1; k < lig.u16(2); k++ {
		if i = r.next(l, i, 1); i < 0 || r.items[i].id != lig.u16(2+2*k) {
			return nil
		}
		it := r.items[i]
		if first.lig > 0 && first.comp > 0 {
			if it.lig != first.lig || it.comp != first.comp {
				return nil
			}
		} else if it.lig > 0 && it.comp > 0 && it.lig != first.lig {
			return nil
		}
		at = append(at, i)
	}
	return at
}

// join makes the glyphs at some places one, and keeps in mind to which part of
// it the marks between and behind them belong.
func (r *run) join(id int, at []int) {
	marks, bases, parts := true, r.items[at[0]].class == base, 0
	for k, i := range at {
		isMark := r.items[i].class == mark
		marks = marks && isMark
		bases = bases && (k == 0 || isMark)
		parts += r.items[i].count()
	}
	first := &r.items[at[0]]
	last, count, so := first.lig, first.count(), first.count()
	lig := 0
	if !marks && !bases {
		r.ligs++
		lig = r.ligs
		first.lig, first.comp, first.parts = lig, 0, parts
	}
	first.id, first.class = id, r.f.classes.class(id)
	belong := func(it *item) {
		c := it.comp
		if c == 0 {
			c = count
		}
		it.lig, it.comp = lig, so-count+min(c, count)
	}
	for k, i := range at[1:] {
		if lig > 0 {
			for j := at[k] + 1; j < i; j++ {
				belong(&r.items[j])
			}
		}
		last, count = r.items[i].lig, r.items[i].count()
		so += count
	}
	if !marks && last > 0 {
		for j := at[len(at)-1] + 1; j < len(r.items) && r.items[j].lig == last && r.items[j].comp > 0; j++ {
			belong(&r.items[j])
		}
	}
	for k := len(at) - 1; k > 0; k-- {
		r.items = append(r.items[:at[k]], r.items[at[k]+1:]...)
	}
}

// count is how many letters a glyph is made of.
func (it *item) count() int {
	if it.class == ligature && it.lig > 0 && it.comp == 0 {
		return it.parts
	}
	return 1
}

// context applies other lookups where glyphs stand between certain others.
func (r *run) context(l *lookup, s view, i int, all []lookup, step func(*lookup, int) int) int {
	back, in, ahead, do, ok := s.rule(r.items[i].id)
	if !ok {
		return -1
	}
	at := make([]int, len(in))
	for k, c := range in {
		if k > 0 {
			i = r.next(l, i, 1)
		}
		if i < 0 || c.covered(r.items[i].id) < 0 {
			return -1
		}
		at[k] = i
	}
	around := func(i, dir int, all []view) bool {
		for _, c := range all {
			for i = r.next(l, i, dir); i >= 0 && r.items[i].id == r.hidden; {
				i = r.next(l, i, dir)
			}
			if i < 0 || c.covered(r.items[i].id) < 0 {
				return false
			}
		}
		return true
	}
	if !around(at[0], -1, back) || !around(i, 1, ahead) {
		return -1
	}
	for ; len(do) > 0; do = do[4:] {
		step(&all[do.u16(2)], at[do.u16(0)])
	}
	return i + 1
}

// rule is a context by coverage: what stands before, in and after it, and what
// to do.
func (v view) rule(glyph int) (back, in, ahead []view, do view, ok bool) {
	at := 2
	take := func() (out []view) {
		n := v.u16(at)
		for k := range n {
			out = append(out, v.off(at+2+2*k))
		}
		at += 2 + 2*n
		return out
	}
	back, in, ahead = take(), take(), take()
	return back, in, ahead, v[at+2:][:4*v.u16(at)], in[0].covered(glyph) >= 0
}
