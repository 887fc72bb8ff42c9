package print

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"convoke/internal/print/shape"
)

// room is how a text may be set.
type room struct {
	bold          bool
	max, min      float64 // size: the em in millimetres
	leading       float64 // from line to line, in ems
	lines         int
	width, height float64
	address       bool // may be broken after a slash, has no words
	rtl           bool // set by fit: the words go from right to left
	high          bool // set by fit: letters reach higher and lower than European ones
}

// text is lines in the size in which they fit.
type text struct {
	room
	size float64
	rows []string
}

func (t text) tall() float64 { return float64(len(t.rows)) * t.size * t.leading }

// rise is how far the letters reach above the base line, in ems.
func (t text) rise() float64 {
	if t.high {
		return 0.95
	}
	return 0.72
}

// fit sets s as large as its room allows with whole words, else smaller with
// broken ones, and cuts what is still too long.
func (m *ruler) fit(s string, r room) text {
	if s == "" || r.lines < 1 {
		return text{room: r}
	}
	r = m.directed(s, r)
	pieces := split(s, r.address)
	try := func(from float64, broken bool) (text, bool) {
		for size := from; size > r.min*0.97; size *= 0.97 {
			size = max(size, r.min)
			rows, whole := m.wrap(pieces, r.bold, size, r.width)
			if (whole || broken) && len(rows) <= r.lines && float64(len(rows))*size*r.leading <= r.height {
				return text{r, size, rows}, true
			}
		}
		return text{}, false
	}
	if t, ok := try(r.max, false); ok {
		return t
	}
	if t, ok := try(min(r.max, 2*r.min), true); ok {
		return t
	}
	rows, _ := m.wrap(pieces, r.bold, r.min, r.width)
	n := min(r.lines, int(r.height/(r.min*r.leading)+1e-6))
	if n < 1 {
		return text{room: r}
	}
	if len(rows) > n {
		rows = rows[:n]
		rows[n-1] = m.cut(rows[n-1]+" ", r.bold, r.min, r.width)
	}
	return text{r, r.min, rows}
}

// directed finds which way a text runs, and gives letters with long stems and marks
// more room between the lines.
func (m *ruler) directed(s string, r room) room {
	if rtl, ok := shape.RightToLeft(s); ok || !r.address {
		r.rtl = ok && rtl || !ok && m.rtl
	}
	if r.high = shaped(s); r.high {
		r.leading = max(1.38, r.leading*1.2)
	}
	return r
}

// split is the pieces between which a line may end; each keeps the space behind it.
func split(s string, address bool) []string {
	if !address {
		return strings.SplitAfter(s, " ")
	}
	return strings.SplitAfter(s, "/")
}

// wrap breaks pieces into lines. whole is false when a piece had to be broken.
func (m *ruler) wrap(pieces []string, bold bool, size, width float64) (rows []string, whole bool) {
	whole = true
	row := ""
	for _, p := range pieces {
		if m.width(strings.TrimRight(row+p, " "), bold, size) <= width {
			row += p
			continue
		}
		if row != "" {
			rows = append(rows, strings.TrimRight(row, " "))
			row = ""
		}
		for _, r := range p {
			if next := row + string(r); r == ' ' || row == "" || unicode.Is(unicode.M, r) || m.width(next, bold, size) <= width {
				row = next
				continue
			}
			whole = false
			rows, row = append(rows, row), string(r)
		}
	}
	if row = strings.TrimRight(row, " "); row != "" {
		rows = append(rows, row)
	}
	return rows, whole
}

// cut ends a line that goes on elsewhere, between words where one is near.
func (m *ruler) cut(row string, bold bool, size, width float64) string {
	for row != "" && m.width(row+"…", bold, size) > width {
		_, n := utf8.DecodeLastRuneInString(row)
		row = row[:len(row)-n]
	}
	if i := strings.LastIndexByte(row, ' '); i > len(row)*2/3 {
		row = row[:i]
	}
	return strings.TrimRight(row, " ,.;:–-،؛") + "…"
}
