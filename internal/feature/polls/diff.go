package polls

import "unicode"

// Piece is some words of two texts: in both, in the old one only, or in the new one.
type Piece struct {
	Lines          []string // what was typed, cut at line breaks
	Added, Removed bool
}

// maxEdits bounds the work of a comparison; texts that differ more are shown one
// after the other.
const maxEdits = 800

// words cuts a text into words with the space behind each.
func words(s string) (out []string) {
	start, space := 0, false
	for i, r := range s {
		is := unicode.IsSpace(r)
		if space && !is {
			out = append(out, s[start:i])
			start = i
		}
		space = is
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

// edit is one step from the old text to the new one.
type edit struct {
	word           string
	added, removed bool
}

// diff compares two texts word by word, with the least number of words added and
// removed (Myers 1986).
func diff(before, after string) []Piece {
	a, b := words(before), words(after)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var all []edit
	for _, w := range a[:head] {
		all = append(all, edit{word: w})
	}
	all = append(all, shortest(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, w := range a[len(a)-tail:] {
		all = append(all, edit{word: w})
	}
	return pieces(all)
}

// shortest walks diagonals as far as they go, one edit more each round, and then back
// along what it noted.
func shortest(a, b []string) []edit {
	limit := min(len(a)+len(b), maxEdits)
	v := make([]int, 2*limit+3)
	at := func(k int) *int { return &v[k+limit+1] }
	var rounds [][]int
	for d := 0; d <= limit; d++ {
		rounds = append(rounds, append([]int(nil), v[limit+1-d:limit+2+d]...))
		for k := -d; k <= d; k += 2 {
			x := *at(k - 1) + 1
			if k == -d || k != d && *at(k - 1) < *at(k + 1) {
				x = *at(k + 1)
			}
			for x < len(a) && x-k < len(b) && a[x] == b[x-k] {
				x++
			}
			*at(k) = x
			if x >= len(a) && x-k >= len(b) {
				return back(a, b, rounds)
			}
		}
	}
	var all []edit
	for _, w := range a {
		all = append(all, edit{word: w, removed: true})
	}
	for _, w := range b {
		all = append(all, edit{word: w, added: true})
	}
	return all
}

// back finds the way that [shortest] took; rounds[d] is where the diagonals from -d to
// d stood before the round d.
func back(a, b []string, rounds [][]int) []edit {
	var out []edit
	x, y := len(a), len(b)
	for d := len(rounds) - 1; d > 0; d-- {
		before := func(k int) int { return rounds[d][k+d] }
		k := x - y
		from := k - 1
		if k == -d || k != d && before(k-1) < before(k+1) {
			from = k + 1
		}
		px := before(from)
		py := px - from
		for x > px && y > py {
			x, y = x-1, y-1
			out = append(out, edit{word: a[x]})
		}
		if x > px {
			x--
			out = append(out, edit{word: a[x], removed: true})
		} else if y > py {
			y--
			out = append(out, edit{word: b[y], added: true})
		}
	}
	for x > 0 {
		x--
		out = append(out, edit{word: a[x]})
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// pieces joins edits of one kind, and cuts what is joined into lines.
func pieces(all []edit) (out []Piece) {
	for i := 0; i < len(all); {
		p, text := Piece{Added: all[i].added, Removed: all[i].removed}, ""
		for ; i < len(all) && all[i].added == p.Added && all[i].removed == p.Removed; i++ {
			text += all[i].word
		}
		p.Lines = cutLines(text)
		out = append(out, p)
	}
	return out
}

func cutLines(s string) (out []string) {
	start := 0
	for i := range len(s) {
		if s[i] == '\n' {
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}
