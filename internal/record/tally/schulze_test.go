package tally_test

import (
	"testing"

	"convoke/internal/record/tally"
)

// ranked makes a paper from a text like "ACB" or "A=CB": best first.
func ranked(t testing.TB, options int, s string) []byte {
	t.Helper()
	p := make([]byte, options)
	rank := byte(1)
	for i := 0; i < len(s); i++ {
		if s[i] == '=' {
			continue
		}
		if i > 0 && s[i-1] != '=' {
			rank++
		}
		p[s[i]-'A'] = rank
	}
	return p
}

func names(order []int) string {
	var b []byte
	for _, o := range order {
		b = append(b, 'A'+byte(o))
	}
	return string(b)
}

func lots(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func TestSmoke(t *testing.T) {
	r := tally.Rules{Method: tally.Schulze, Options: 5, Lots: lots(5)}
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	c := tally.New(r)
	for p, n := range map[string]int64{"ACBED": 5, "ADECB": 5, "BEDAC": 8, "CABED": 3, "CAEBD": 7, "CBADE": 2, "DCEBA": 7, "EBADC": 8} {
		if err := c.Add(ranked(t, 5, p), n); err != nil {
			t.Fatal(err)
		}
	}
	res := c.Result(0)
	b, err := res.JSON()
	t.Log(string(b), err, names(res.Order))
	r = tally.Rules{Method: tally.STV, Options: 5, Winners: 2, Lots: lots(5)}
	c = tally.New(r)
	for p, n := range map[string]int64{"ACBED": 5, "ADECB": 5, "BEDAC": 8, "CABED": 3, "CAEBD": 7, "CBADE": 2, "DCEBA": 7, "EBADC": 8} {
		if err := c.Add(ranked(t, 5, p), n); err != nil {
			t.Fatal(err)
		}
	}
	res = c.Result(0)
	b, err = res.JSON()
	t.Log(string(b), err, names(res.Order))
}
