package wallet

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
)

// rulesFor are rules of each method, on four options where there are some.
func rulesFor(method string) *tally.Rules {
	r := &tally.Rules{Method: method, Options: 4, Lots: []int{0, 1, 2, 3}}
	switch method {
	case tally.YesNo, tally.Consent, tally.Check:
		r.Options, r.Lots = 1, nil
	}
	switch method {
	case tally.Score:
		r.Max = 10
	case tally.Check:
		r.Max = 5
	}
	return r
}

var methods = []string{tally.YesNo, tally.Consent, tally.Check, tally.Approval, tally.Score, tally.Schulze, tally.STV}

// TestParseBallot reads ballots as people write them.
func TestParseBallot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, text string
		paper        []byte
	}{
		{tally.YesNo, " Yes\n", []byte{0}}, {tally.YesNo, "abstain", []byte{2}}, {tally.Consent, "BLOCK", []byte{3}}, {tally.Consent, "aside", []byte{1}},
		{tally.Check, "5", []byte{5}}, {tally.Approval, "1 4", []byte{9}}, {tally.Approval, "4,1", []byte{9}}, {tally.Approval, "none", []byte{0}},
		{tally.Score, "1:7 3:10\n2:0", []byte{7, 0, 10, 0}}, {tally.Score, "none", []byte{0, 0, 0, 0}},
		{tally.Schulze, "3 > 1=4", []byte{2, 0, 1, 2}}, {tally.Schulze, "none", []byte{0, 0, 0, 0}}, {tally.STV, "2>1>3>4", []byte{2, 1, 3, 4}},
	} {
		if got, err := ParseBallot(rulesFor(c.method), c.text); err != nil || !bytes.Equal(got, c.paper) {
			t.Errorf("%s, %q: %v %v, want %v", c.method, c.text, got, err, c.paper)
		}
	}
	for _, c := range [][2]string{
		{tally.YesNo, ""}, {tally.YesNo, "maybe"}, {tally.YesNo, "none"}, {tally.Consent, "yes"}, {tally.Check, "0"}, {tally.Check, "6"}, {tally.Check, "warm"},
		{tally.Approval, ""}, {tally.Approval, "5"}, {tally.Approval, "0"}, {tally.Approval, "1 1"}, {tally.Approval, "1:2"},
		{tally.Score, "1"}, {tally.Score, "1:11"}, {tally.Score, "1:-1"}, {tally.Score, "5:1"}, {tally.Score, "1:0 1:2"}, {tally.Score, "1:2:3"},
		{tally.Schulze, ""}, {tally.Schulze, "1 >"}, {tally.Schulze, "1 > > 2"}, {tally.Schulze, "1 > 1"}, {tally.Schulze, "5"}, {tally.Schulze, "1 2"},
		{tally.STV, "1 = 2"}, {tally.STV, "1 > 2 = 3"},
	} {
		if got, err := ParseBallot(rulesFor(c[0]), c[1]); !errors.Is(err, ErrBallot) {
			t.Errorf("%s, %q: %v %v", c[0], c[1], got, err)
		}
	}
}

// TestFormatBallot: what is written of a paper is read as that paper.
func TestFormatBallot(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := rulesFor(rapid.SampledFrom(methods).Draw(t, "method"))
		paper := rapid.SliceOfN(rapid.ByteRange(0, 5), 1, 4).Draw(t, "paper")
		if r.CheckPaper(paper) != nil || r.Method == tally.Consent && len(paper) > 1 {
			return
		}
		text := FormatBallot(r, paper)
		if got, err := ParseBallot(r, text); err != nil || !bytes.Equal(got, paper) {
			t.Fatalf("%s: %v is %q, which is %v %v", r.Method, paper, text, got, err)
		}
	})
}

// TestReasons: the same reason has the same salt with the same code, and no other has.
func TestReasons(t *testing.T) {
	t.Parallel()
	const roll = "n.example/r/aaaaaaaaaaaaaaaaaaaaaaaaaa"
	c, err := New(bytes.NewReader(make([]byte, 25)))
	if err != nil {
		t.Fatal(err)
	}
	p, q := c.Part(roll, 0), c.Part(roll, 1)
	if p.Salt("a") != c.Part(roll, 0).Salt("a") || p.Salt("a") == p.Salt("b") || p.Salt("a") == q.Salt("a") {
		t.Error("the salts are not as they should be")
	}
	h := leaf.Commitment(p.Salt("a"), "a")
	if got := p.Ballot([]byte{3}, "a"); !bytes.Equal(got, append([]byte{2, 3}, h[:]...)) {
		t.Errorf("the ballot is %x", got)
	}
	if got := p.Ballot([]byte{3}, ""); !bytes.Equal(got, []byte{2, 3}) {
		t.Errorf("the ballot is %x", got)
	}
}

// TestAsks: the proof of a code is good for one key and box, and is no statement.
func TestAsks(t *testing.T) {
	t.Parallel()
	c, err := New(bytes.NewReader(make([]byte, 25)))
	if err != nil {
		t.Fatal(err)
	}
	p, q := c.Part("n.example/r/a", 0), c.Part("n.example/r/a", 1)
	proof := p.Asks("n.example/b/a")
	if !Asked(p.Public(), "n.example/b/a", proof) {
		t.Error("the proof is refused")
	}
	say := p.Say("n.example/b/a", nil, 1, []byte{2, 0})
	for name, bad := range map[string]bool{
		"another key": Asked(q.Public(), "n.example/b/a", proof), "another box": Asked(p.Public(), "n.example/b/b", proof),
		"nothing": Asked(p.Public(), "n.example/b/a", nil), "a statement": Asked(p.Public(), "n.example/b/a", say[len(say)-ed25519.SignatureSize:]),
	} {
		if bad {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzParseBallot(f *testing.F) {
	f.Add(0, "yes")
	f.Add(4, "1:7 3:2")
	f.Add(5, "3 > 1 = 4")
	f.Fuzz(func(t *testing.T, n int, text string) {
		r := rulesFor(methods[uint(n)%uint(len(methods))])
		paper, err := ParseBallot(r, text)
		if err != nil {
			return
		}
		if again, err := ParseBallot(r, FormatBallot(r, paper)); err != nil || !bytes.Equal(again, paper) {
			t.Errorf("%v is read as %v: %v", paper, again, err)
		}
	})
}
