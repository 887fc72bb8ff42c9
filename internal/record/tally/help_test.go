package tally_test

import (
	"strconv"
	"strings"
	"testing"

	"convoke/internal/record/tally"
)

// lots is the order of the options themselves.
func lots(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// ranked makes a ranking of options from letters, the best first: "ACB", or "A=CB"
// where A and C are equal. Those that are not named are not ranked.
func ranked(options int, s string) []byte {
	p := make([]byte, options)
	rank, equal := byte(0), false
	for _, c := range s {
		if c == '=' {
			equal = true
			continue
		}
		if !equal {
			rank++
		}
		p[c-'A'], equal = rank, false
	}
	return p
}

// letters are options as their letters.
func letters(options []int) string {
	var b strings.Builder
	for _, o := range options {
		b.WriteByte('A' + byte(o))
	}
	return b.String()
}

// counted counts papers such as "5 ACB", or "3 2" of one byte.
func counted(t testing.TB, r tally.Rules, papers ...string) tally.Result {
	t.Helper()
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	c := tally.New(r)
	for _, s := range papers {
		weight, said, _ := strings.Cut(s, " ")
		n, err := strconv.ParseInt(weight, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Add(paperOf(t, r, said), n); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
	}
	return c.Result(0)
}

// paperOf reads letters for rankings and approvals, digits for scores and bytes.
func paperOf(t testing.TB, r tally.Rules, said string) []byte {
	t.Helper()
	switch r.Method {
	case tally.Schulze, tally.STV:
		return ranked(r.Options, said)
	case tally.Approval:
		p := make([]byte, (r.Options+7)/8)
		for _, c := range said {
			p[(c-'A')/8] |= 1 << ((c - 'A') % 8)
		}
		return p
	}
	p := make([]byte, len(said))
	for i := range said {
		p[i] = said[i] - '0'
	}
	if r.Method == tally.Consent && p[0] == tally.Block {
		p = append(p, make([]byte, 32)...)
	}
	return p
}

// pool makes rules of a poll with several options.
func pool(method string, options, winners int) tally.Rules {
	return tally.Rules{Method: method, Options: options, Winners: winners, Lots: lots(options)}
}

func text(t testing.TB, r tally.Result) string {
	t.Helper()
	b, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
