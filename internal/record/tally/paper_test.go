package tally_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"convoke/internal/record/tally"
	"convoke/internal/record/tally/tallytest"
)

func TestCheckPaper(t *testing.T) {
	t.Parallel()
	hash := bytes.Repeat([]byte{7}, 32)
	approval, score := pool(tally.Approval, 10, 0), pool(tally.Score, 3, 0)
	score.Max = 5
	for _, c := range []struct {
		rules     tally.Rules
		good, bad [][]byte
	}{
		{
			tally.Rules{Method: tally.YesNo, Options: 1},
			[][]byte{{0}, {1}, {2}},
			[][]byte{nil, {}, {3}, {255}, {0, 0}},
		},
		{
			tally.Rules{Method: tally.Consent, Options: 1},
			[][]byte{{0}, {1}, {2}, append([]byte{2}, hash...), append([]byte{3}, hash...)},
			[][]byte{nil, {3}, {4}, append([]byte{0}, hash...), append([]byte{1}, hash...), append([]byte{4}, hash...), append([]byte{3}, hash[1:]...), append([]byte{2, 0}, hash...)},
		},
		{
			tally.Rules{Method: tally.Check, Options: 1, Max: 5},
			[][]byte{{1}, {5}},
			[][]byte{nil, {0}, {6}, {1, 1}},
		},
		{
			approval,
			[][]byte{{0, 0}, {0xff, 3}, {1, 2}},
			[][]byte{nil, {1}, {0, 4}, {0, 0x80}, {0, 0, 0}},
		},
		{
			pool(tally.Approval, 8, 0),
			[][]byte{{0}, {0xff}},
			[][]byte{nil, {0, 0}},
		},
		{
			score,
			[][]byte{{0, 0, 0}, {5, 5, 5}, {0, 1, 2}},
			[][]byte{nil, {0, 0}, {0, 0, 6}, {0, 0, 0, 0}},
		},
		{
			pool(tally.Schulze, 4, 0),
			[][]byte{{0, 0, 0, 0}, {1, 1, 1, 1}, {4, 3, 2, 1}, {2, 2, 1, 0}},
			[][]byte{nil, {1, 2, 3}, {2, 0, 0, 0}, {1, 3, 0, 0}, {1, 2, 4, 4}, {5, 1, 2, 3}, {1, 2, 3, 4, 0}},
		},
		{
			pool(tally.STV, 4, 0),
			[][]byte{{0, 0, 0, 0}, {4, 3, 2, 1}, {0, 2, 1, 0}},
			[][]byte{nil, {1, 1, 0, 0}, {1, 2, 2, 0}, {2, 0, 0, 0}, {1, 3, 0, 0}, {5, 1, 2, 3}, {1, 2, 3}},
		},
	} {
		for _, p := range c.good {
			if err := c.rules.CheckPaper(p); err != nil {
				t.Errorf("%s: %v", c.rules.Method, err)
			}
		}
		for _, p := range c.bad {
			if err := c.rules.CheckPaper(p); !errors.Is(err, tally.ErrPaper) {
				t.Errorf("%s: %x: %v", c.rules.Method, p, err)
			}
			if err := tally.New(c.rules).Add(p, 1); !errors.Is(err, tally.ErrPaper) {
				t.Errorf("%s: add %x: %v", c.rules.Method, p, err)
			}
		}
	}
}

// A ranking means who stands before whom, and who is not ranked at all. Of all
// strings of bytes, no two that are papers mean the same, and each meaning has one.
func TestOneEncoding(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method         string
		options, count int
	}{
		// Ways to rank some of n options without equal ranks: the sum of n!/k!.
		{tally.STV, 3, 16}, {tally.STV, 4, 65},
		// With equal ranks, and the others behind: twice the ordered Bell number.
		{tally.Schulze, 3, 26}, {tally.Schulze, 4, 150},
	} {
		all := everyPaper(pool(c.method, c.options, 0), c.options)
		meanings := map[string]bool{}
		for _, p := range all {
			says := ""
			for a := range p {
				says += fmt.Sprint(p[a] == 0)
				for b := range p {
					says += fmt.Sprint(p[a] < p[b])
				}
			}
			meanings[says] = true
		}
		if len(all) != c.count || len(meanings) != c.count {
			t.Errorf("%s of %d: %d papers with %d meanings, not %d", c.method, c.options, len(all), len(meanings), c.count)
		}
	}
}

func TestDrawnPapersAreRight(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := tallytest.Rules(t)
		if err := r.Check(); err != nil {
			t.Fatal(err)
		}
		if err := r.CheckPaper(tallytest.Paper(t, r)); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzCheckPaper: whatever comes, it is refused or counted, and never makes a count
// that cannot be written down.
func FuzzCheckPaper(f *testing.F) {
	for _, r := range []string{
		`{"method":"yesno","options":1}`, `{"method":"consent","options":1}`, `{"method":"check","options":1,"max":5}`,
		`{"method":"approval","options":9,"lots":[0,1,2,3,4,5,6,7,8]}`, `{"method":"score","options":2,"max":3,"lots":[0,1]}`,
		`{"method":"schulze","options":3,"lots":[0,1,2]}`, `{"method":"stv","options":3,"winners":2,"lots":[2,1,0]}`,
	} {
		f.Add([]byte(r), []byte{1}, []byte{1, 2, 0})
		f.Add([]byte(r), []byte{1, 0}, append([]byte{3}, make([]byte, 32)...))
	}
	f.Fuzz(func(t *testing.T, rules, one, two []byte) {
		var r tally.Rules
		if json.Unmarshal(rules, &r) != nil || r.Check() != nil {
			return
		}
		c := tally.New(r)
		for _, p := range [][]byte{one, two} {
			if err := c.Add(p, 3); (err == nil) != (r.CheckPaper(p) == nil) {
				t.Fatalf("%x: %v", p, err)
			}
		}
		if _, err := c.Result(0).JSON(); err != nil {
			t.Fatal(err)
		}
	})
}
