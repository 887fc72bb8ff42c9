package tally_test

import (
	"pgregory.net/rapid"

	"convoke/internal/record/tally"
)

// drawPaper makes any paper of a poll.
func drawPaper(t *rapid.T, r tally.Rules) []byte {
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
	for i, o := range rapid.Permutation(lots(r.Options)).Draw(t, "order")[:rapid.IntRange(0, r.Options).Draw(t, "ranked")] {
		if i == 0 || r.Method == tally.STV || rapid.Bool().Draw(t, "below") {
			rank++
		}
		p[o] = rank
	}
	return p
}

// drawRules makes rules of any poll.
func drawRules(t *rapid.T) tally.Rules {
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
		r.Lots = rapid.Permutation(lots(r.Options)).Draw(t, "lots")
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
