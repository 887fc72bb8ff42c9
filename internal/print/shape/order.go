package shape

import (
	"maps"
	"slices"

	"golang.org/x/text/unicode/bidi"
)

// RightToLeft reports whether the first letter with a direction runs from right
// to left; ok is false without one.
func RightToLeft(text string) (rtl, ok bool) {
	for _, r := range text {
		switch classOf(r) {
		case bidi.L:
			return false, true
		case bidi.R, bidi.AL:
			return true, true
		}
	}
	return false, false
}

func classOf(r rune) bidi.Class {
	p, _ := bidi.LookupRune(r)
	c := p.Class()
	if c > bidi.AL {
		return bidi.ON // embeddings and the like: no text here has them
	}
	return c
}

// Levels says of each letter of a line how often what it stands in is turned
// round: even levels run from left to right. It is the algorithm of Unicode's
// annex 9 without explicit embeddings, whose rules are named.
func Levels(line []rune, rtl bool) []uint8 {
	base, own := uint8(0), bidi.L
	if rtl {
		base, own = 1, bidi.R
	}
	c := make([]bidi.Class, len(line))
	for i, r := range line {
		c[i] = classOf(r)
	}
	weak(c, own)
	brackets(line, c, own)
	neutral(c, own)
	levels := make([]uint8, len(line))
	for i, x := range c {
		levels[i] = base
		switch { // I1, I2
		case x == bidi.R && !rtl, x == bidi.L && rtl:
			levels[i]++
		case x == bidi.AN || x == bidi.EN:
			levels[i] = 2
		}
	}
	for i := len(line) - 1; i >= 0; i-- { // L1
		if x := classOf(line[i]); x != bidi.WS && x != bidi.B && x != bidi.S && x != bidi.BN {
			break
		}
		levels[i] = base
	}
	return levels
}

// weak settles marks, numbers and what stands at numbers.
func weak(c []bidi.Class, own bidi.Class) {
	last, strong := own, own
	for i, x := range c { // W1 to W3
		switch {
		case x == bidi.NSM || x == bidi.BN:
			x = last
		case x == bidi.EN && strong == bidi.AL:
			x = bidi.AN
		case x == bidi.L || x == bidi.R || x == bidi.AL:
			strong = x
		}
		c[i], last = x, x
	}
	for i, x := range c {
		if x == bidi.AL {
			c[i] = bidi.R
		}
	}
	for i := 1; i+1 < len(c); i++ { // W4
		a, b := c[i-1], c[i+1]
		if a == b && (c[i] == bidi.CS && (a == bidi.EN || a == bidi.AN) || c[i] == bidi.ES && a == bidi.EN) {
			c[i] = a
		}
	}
	each(c, func(x bidi.Class) bool { return x == bidi.ET }, func(from, to int) { // W5
		if from > 0 && c[from-1] == bidi.EN || to < len(c) && c[to] == bidi.EN {
			fill(c[from:to], bidi.EN)
		}
	})
	strong = own
	for i, x := range c { // W6, W7
		switch x {
		case bidi.ES, bidi.ET, bidi.CS:
			c[i] = bidi.ON
		case bidi.L, bidi.R:
			strong = x
		case bidi.EN:
			if strong == bidi.L {
				c[i] = bidi.L
			}
		}
	}
}

// pairs are the brackets that belong together.
const pairs = "()[]{}"

// brackets gives both brackets of a pair one direction: rule N0.
func brackets(line []rune, c []bidi.Class, own bidi.Class) {
	var open []int
	closing := map[int]int{}
	for i, r := range line {
		if c[i] != bidi.ON {
			continue
		}
		if n := index(r); n >= 0 && n%2 == 0 {
			open = append(open, i)
		} else if n > 0 {
			for k := len(open) - 1; k >= 0; k-- {
				if index(line[open[k]]) == n-1 {
					closing[open[k]] = i
					open = open[:k]
					break
				}
			}
		}
	}
	for _, i := range slices.Sorted(maps.Keys(closing)) {
		pairUp(line, c, own, i, closing[i])
	}
}

func index(r rune) int {
	for i, p := range pairs {
		if r == p {
			return i
		}
	}
	return -1
}

func pairUp(line []rune, c []bidi.Class, own bidi.Class, from, to int) {
	found := bidi.ON
	for _, x := range c[from+1 : to] {
		if x = strong(x); x == own {
			found = own
			break
		} else if x != bidi.ON {
			found = x
		}
	}
	if found == bidi.ON {
		return
	}
	if found != own {
		before := own
		for i := from - 1; i >= 0; i-- {
			if x := strong(c[i]); x != bidi.ON {
				before = x
				break
			}
		}
		found = before
	}
	for _, i := range []int{from, to} {
		c[i] = found
		for k := i + 1; k < len(line) && classOf(line[k]) == bidi.NSM; k++ {
			c[k] = found
		}
	}
}

// strong is the direction that a class has among neutral ones, ON for none.
func strong(x bidi.Class) bidi.Class {
	switch x {
	case bidi.EN, bidi.AN:
		return bidi.R
	case bidi.L, bidi.R:
		return x
	}
	return bidi.ON
}

// neutral gives what has no direction that of both its neighbours, else the
// line's: N1, N2.
func neutral(c []bidi.Class, own bidi.Class) {
	each(c, func(x bidi.Class) bool { return strong(x) == bidi.ON }, func(from, to int) {
		before, after := own, own
		if from > 0 {
			before = strong(c[from-1])
		}
		if to < len(c) {
			after = strong(c[to])
		}
		if before != after {
			before = own
		}
		fill(c[from:to], before)
	})
}

// each finds the longest parts of which all is so.
func each(c []bidi.Class, so func(bidi.Class) bool, do func(from, to int)) {
	for i := 0; i < len(c); i++ {
		from := i
		for i < len(c) && so(c[i]) {
			i++
		}
		if i > from {
			do(from, i)
		}
	}
}

func fill(c []bidi.Class, x bidi.Class) {
	for i := range c {
		c[i] = x
	}
}

// Visual is the order from left to right of parts with such levels: rule L2.
func Visual(levels []uint8) []int {
	order := make([]int, len(levels))
	top := uint8(0)
	for i, l := range levels {
		order[i], top = i, max(top, l)
	}
	for l := top; l > 0; l-- {
		for i := 0; i < len(order); i++ {
			from := i
			for i < len(order) && levels[order[i]] >= l {
				i++
			}
			for a, b := from, i-1; a < b; a, b = a+1, b-1 {
				order[a], order[b] = order[b], order[a]
			}
		}
	}
	return order
}

// Mirror is what stands for a letter in text from right to left.
func Mirror(r rune) rune {
	const from, to = "()[]{}<>«»‹›", ")(][}{><»«›‹"
	for i, x := range from {
		if x == r {
			return []rune(to[i:])[0]
		}
	}
	return r
}
