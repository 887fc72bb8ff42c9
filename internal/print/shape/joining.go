package shape

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	nonJoiner = '\u200c'
	joiner    = '\u200d'
)

// joins says how the Arabic letters join: D to both sides, R only to the one
// before, C lets others join and has one form itself. From ArabicShaping.txt of
// Unicode, for the blocks that the fonts have.
var joins = [...]struct {
	first rune
	types string
}{
	{0x0620, "" +
		"D.RRRRDRDRDDDDDRRRRDDDDDDDDDDDDD" +
		"CDDDDDDDRDD...................................DD.RRR.RRRDDDDDDDD" +
		"DDDDDDDDRRRRRRRRRRRRRRRRRRDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD" +
		"RDDRRRRRRRRRDRDRDDRR.R........................RR..........DDD..D"},
	{0x0750, "DDDDDDDDDRRRDDDDDDDDDDDDDDDRRDDDDRDRRDDDRRDDDDDD"},
	{0x0870, "RRRRRRRRRRRRRRRRRRRCCCD..DDDDDRD"},
	{0x08a0, "DDDDDDDDDDRRR.RDDRRDDDDDDRDDDDDDDDDDDDDDD"},
}

// joinType is one of D, R and C, T for what letters join across, or a dot.
func joinType(r rune) byte {
	for _, b := range joins {
		if i := int(r - b.first); i >= 0 && i < len(b.types) && b.types[i] != '.' {
			return b.types[i]
		}
	}
	switch {
	case r == joiner:
		return 'C'
	case r == nonJoiner:
		return '.'
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 'T'
	}
	return '.'
}

// form is where in a word a letter stands.
type form uint8

const (
	noForm form = iota
	isolated
	final
	medial
	initial
)

// forms finds the form of each letter.
func forms(text []rune) []form {
	out := make([]form, len(text))
	before := -1 // the last letter, if it joins to the next one
	for i, r := range text {
		t := joinType(r)
		if t == 'T' {
			continue
		}
		if t != '.' {
			out[i] = isolated
			if before >= 0 {
				out[i] = final
				if out[before] == isolated {
					out[before] = initial
				} else {
					out[before] = medial
				}
			}
		}
		if before = -1; t == 'D' || t == 'C' {
			before = i
		}
	}
	return out
}

// markOrder is where a mark stands among those of its letter: Unicode's order
// with the changes that fonts expect, a shadda below its vowel, say.
func markOrder(r rune) uint8 {
	c := norm.NFC.PropertiesString(string(r)).CCC()
	switch {
	case c == 33:
		return 27
	case c >= 27 && c <= 32:
		return c + 1
	case c >= 10 && c <= 26:
		return [...]uint8{22, 15, 16, 17, 23, 18, 19, 20, 21, 14, 24, 12, 25, 13, 10, 11, 26}[c-10]
	}
	return c
}

// ofLetter are marks that belong to the letter rather than to its vowels.
const ofLetter = "\u0654\u0655\u0658\u06dc\u06e3\u06e7\u06e8\u08ca\u08cb\u08cd\u08ce\u08cf\u08d3\u08f3"

// letter is a letter or a mark with its place among marks, 0 for a letter.
type letter struct {
	r     rune
	order uint8
}

// normal sorts the marks behind each letter, as Unicode's report 53 has it, and
// then makes one of a letter and a mark where that is a letter of its own.
func normal(text []rune) []rune {
	var all []letter
	for _, r := range norm.NFD.String(string(text)) {
		all = append(all, letter{r, markOrder(r)})
	}
	for i := 0; i < len(all); i++ {
		from := i
		for i < len(all) && all[i].order > 0 {
			i++
		}
		orderMarks(all[from:i])
	}
	var out []rune
	base, last := -1, uint8(0)
	for _, x := range all {
		if base >= 0 && x.order > 0 && (base == len(out)-1 || last < x.order) {
			if one := []rune(norm.NFC.String(string([]rune{out[base], x.r}))); len(one) == 1 {
				out[base] = one[0]
				continue
			}
		}
		if out, last = append(out, x.r), x.order; x.order == 0 {
			base = len(out) - 1
		}
	}
	return out
}

func orderMarks(marks []letter) {
	slices.SortStableFunc(marks, func(a, b letter) int { return int(a.order) - int(b.order) })
	for _, class := range []uint8{220, 230} {
		at := 0
		for at < len(marks) && marks[at].order < class {
			at++
		}
		end := at
		for end < len(marks) && marks[end].order == class && strings.ContainsRune(ofLetter, marks[end].r) {
			end++
		}
		first := slices.Clone(marks[at:end])
		copy(marks[len(first):end], marks[:at])
		copy(marks, first)
		for i := range first {
			marks[i].order = 25 + (class-220)/10 // still sorted
		}
		marks = marks[len(first):]
	}
}

// Joined reports whether a letter or mark is set by [Font.Shape]; what is not is
// set alone.
func Joined(r rune) bool {
	return r >= 0x300 && (joinType(r) != '.' || r == nonJoiner || unicode.In(r, unicode.Arabic, unicode.Hebrew) && unicode.In(r, unicode.L, unicode.M))
}
