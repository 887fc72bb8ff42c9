// Package tallytest makes polls at random, for whatever counts them.
package tallytest

import (
	"encoding/hex"

	"pgregory.net/rapid"

	"convoke/internal/record/tally"
)

// Paper makes any paper of a poll.
func Paper(t *rapid.T, r tally.Rules) []byte {
	switch r.Method {
	case tally.YesNo:
		return []byte{rapid.ByteRange(0, 2).Draw(t, "says")}
	case tally.Check:
		return []byte{rapid.ByteRange(1, byte(r.Max)).Draw(t, "mark")}
	case tally.Consent:
		says := rapid.ByteRange(0, 3).Draw(t, "says")
		if says == tally.Block || says == tally.Reservation && rapid.Bool().Draw(t, "reason") {
			return append([]byte{says}, rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash")...)
		}
		return []byte{says}
	case tally.Approval:
		p := make([]byte, (r.Options+7)/8)
		for o := range r.Options {
			if rapid.Bool().Draw(t, "approves") {
				p[o/8] |= 1 << (o % 8)
			}
		}
		return p
	case tally.Score:
		return rapid.SliceOfN(rapid.ByteRange(0, byte(r.Max)), r.Options, r.Options).Draw(t, "scores")
	}
	return drawRanking(t, r)
}

func drawRanking(t *rapid.T, r tally.Rules) []byte {
	p := make([]byte, r.Options)
	rank := byte(0)
	for i, o := range rapid.Permutation(options(r.Options)).Draw(t, "order")[:rapid.IntRange(0, r.Options).Draw(t, "ranked")] {
		if i == 0 || r.Method == tally.STV || rapid.Bool().Draw(t, "below") {
			rank++
		}
		p[o] = rank
	}
	return p
}

// Rules makes rules of any poll.
func Rules(t *rapid.T) tally.Rules {
	method := rapid.SampledFrom([]string{
		tally.Consent, tally.YesNo, tally.Approval, tally.Score, tally.Schulze, tally.STV, tally.Check,
	}).Draw(t, "method")
	r := tally.Rules{Method: method, Options: 1}
	switch method {
	case tally.Check:
		r.Max = rapid.IntRange(2, 10).Draw(t, "max")
		return r
	case tally.Consent, tally.YesNo:
		r.AgainstCounts = rapid.Bool().Draw(t, "against counts")
	default:
		r.Options = rapid.IntRange(2, 10).Draw(t, "options")
		r.Lots = rapid.Permutation(options(r.Options)).Draw(t, "lots")
	}
	switch method {
	case tally.Score:
		r.Max = rapid.IntRange(1, 10).Draw(t, "max")
	case tally.Consent:
		r.Blocks = rapid.IntRange(0, 5).Draw(t, "blocks")
	}
	if method == tally.Approval || method == tally.Score || method == tally.STV {
		r.Winners = rapid.IntRange(0, r.Options).Draw(t, "winners")
	}
	r.Quorum = rapid.Int64Range(0, 30).Draw(t, "quorum")
	if method == tally.Consent || method == tally.YesNo || method == tally.Approval {
		r.Support = rapid.Int64Range(0, 20).Draw(t, "support")
		if rapid.Bool().Draw(t, "share") {
			den := rapid.Int64Range(2, 10).Draw(t, "den")
			r.Share = &tally.Share{Num: rapid.Int64Range(1, den-1).Draw(t, "num"), Den: den, More: rapid.Bool().Draw(t, "more")}
		}
	}
	return r
}

func options(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// Vector is a poll as docs/counting-vectors.json has it, with what came out.
type Vector struct {
	Rules    tally.Rules `json:"rules"`
	Eligible int64       `json:"eligible"`
	Papers   []Weighed   `json:"papers"`
	Result   string      `json:"result"`
}

// Weighed is a paper, in hexadecimal, and its weight.
type Weighed struct {
	Paper  string `json:"paper"`
	Weight int64  `json:"weight"`
}

// Vectors counts n polls; those of one seed are the same each time.
func Vectors(n, seed int) []Vector {
	g := rapid.Custom(vector)
	out := make([]Vector, n)
	for i := range out {
		out[i] = g.Example(seed + i)
	}
	return out
}

func vector(t *rapid.T) Vector {
	v := Vector{Rules: Rules(t), Eligible: rapid.Int64Range(0, 200).Draw(t, "eligible"), Papers: []Weighed{}}
	// Few small papers tie often, large ones come near to what numbers can hold.
	heaviest := rapid.SampledFrom([]int64{1, 3, 20, tally.MaxWeight / 40}).Draw(t, "heaviest")
	c := tally.New(v.Rules)
	for range rapid.IntRange(0, 40).Draw(t, "papers") {
		p, w := Paper(t, v.Rules), rapid.Int64Range(1, heaviest).Draw(t, "weight")
		if err := c.Add(p, w); err != nil {
			t.Fatal(err)
		}
		v.Papers = append(v.Papers, Weighed{hex.EncodeToString(p), w})
	}
	b, err := c.Result(v.Eligible).JSON()
	if err != nil {
		t.Fatal(err)
	}
	v.Result = string(b)
	return v
}
