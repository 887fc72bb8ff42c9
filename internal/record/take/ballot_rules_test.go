package take

import (
	"bytes"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"convoke/internal/fault"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
	"convoke/internal/record/wallet"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

var allMethods = []string{tally.YesNo, tally.Consent, tally.Check, tally.Approval, tally.Score, tally.Schulze, tally.STV}

func drawRules(t *rapid.T) *tally.Rules {
	r := &tally.Rules{Method: rapid.SampledFrom(allMethods).Draw(t, "method"), Options: 1}
	switch r.Method {
	case tally.Approval, tally.Score, tally.Schulze, tally.STV:
		r.Options = rapid.IntRange(2, tally.MaxOptions).Draw(t, "options")
		r.Lots = rapid.Permutation(upTo(r.Options)).Draw(t, "lots")
	}
	switch r.Method {
	case tally.Score:
		r.Max = rapid.IntRange(1, tally.MaxScore).Draw(t, "max")
	case tally.Check:
		r.Max = rapid.IntRange(2, tally.MaxScore).Draw(t, "max")
	}
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	return r
}

func upTo(n int) (out []int) {
	for i := range n {
		out = append(out, i)
	}
	return out
}

// drawVote is any vote that the rules allow.
func drawVote(t *rapid.T, r *tally.Rules) *vote {
	pick := func(least, most int) *vote {
		return &vote{paper: []byte{byte(rapid.IntRange(least, most).Draw(t, "choice"))}}
	}
	switch r.Method {
	case tally.YesNo:
		return pick(0, 2)
	case tally.Check:
		return pick(1, r.Max)
	case tally.Consent:
		v := pick(0, 3)
		reason := rapid.StringMatching(`[a-zé](.|\n){0,60}[.]`).Draw(t, "reason")
		if v.paper[0] == tally.Block || v.paper[0] == tally.Reservation && rapid.Bool().Draw(t, "why") {
			v.reason = reason
		}
		return v
	case tally.Approval:
		v := &vote{paper: make([]byte, (r.Options+7)/8)}
		for o := range r.Options {
			if rapid.Bool().Draw(t, "approve") {
				v.paper[o/8] |= 1 << (o % 8)
			}
		}
		return v
	case tally.Score:
		return &vote{paper: rapid.SliceOfN(rapid.ByteRange(0, byte(r.Max)), r.Options, r.Options).Draw(t, "scores")}
	}
	v, next := &vote{paper: make([]byte, r.Options)}, byte(0)
	order := rapid.Permutation(upTo(r.Options)).Draw(t, "order")
	for i, o := range order[:rapid.IntRange(0, r.Options).Draw(t, "ranked")] {
		if i == 0 || r.Method == tally.STV || rapid.Bool().Draw(t, "next") {
			next++
		}
		v.paper[o] = next
	}
	return v
}

// TestFormOfPaper: the form of each valid paper gives that paper again, and the words
// of each have every option once.
func TestFormOfPaper(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRules(t)
		v := drawVote(t, r)
		f := (&web.Call{}).NewForm()
		writeVote(r, f, v)
		// The reason is cleaned as it is read; what was read once stays.
		v.reason = f.Text("reason")
		f.Set("reason", v.reason)
		got, err := readVote(r, f)
		if err != nil {
			t.Fatalf("%v: %v", v, err)
		}
		if !bytes.Equal(got.paper, v.paper) || got.reason != v.reason {
			t.Fatalf("%v gives %v", v, got)
		}
		body, reason := got.body(drawPart(t))
		if err := r.CheckPaper(body[1:]); err != nil || (reason != nil) != (v.reason != "") {
			t.Fatalf("%v: %v", v, err)
		}
		if back := said(r, body, got.reason); !bytes.Equal(back.paper, v.paper) {
			t.Fatalf("%v is read as %v", v, back)
		}
	})
}

func drawPart(t *rapid.T) *wallet.Part {
	c, err := wallet.New(bytes.NewReader(rapid.SliceOfN(rapid.Byte(), 25, 25).Draw(t, "code")))
	if err != nil {
		t.Fatal(err)
	}
	return c.Part("node.example/r/aaaaaaaaaaaaaaaaaaaaaaaaaa", 0)
}

// TestAnyForm: whatever a form has, it is either a paper by the rules or explained at a
// field.
func TestAnyForm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRules(t)
		f := (&web.Call{}).NewForm()
		number := rapid.OneOf(rapid.Map(rapid.IntRange(-1, 34), strconv.Itoa), rapid.SampledFrom([]string{"", " 1 ", "x", "1.5", "99999999999999999999", "٢"}))
		f.Set("choice", number.Draw(t, "choice"))
		f.Set("reason", rapid.String().Draw(t, "reason"))
		f.Set("approve", rapid.SliceOfN(number, 0, 5).Draw(t, "approve")...)
		for o := range min(r.Options, 6) {
			f.Set(rankField(o), number.Draw(t, "rank"))
			f.Set(scoreField(o), number.Draw(t, "score"))
		}
		v, err := readVote(r, f)
		if err != nil {
			e := fault.Of(err)
			if e == nil || e.Kind != fault.KindInvalid || len(e.Fields) == 0 {
				t.Fatalf("%v is no message at a field", err)
			}
			return
		}
		body, _ := v.body(drawPart(t))
		if err := r.CheckPaper(body[1:]); err != nil {
			t.Fatal(err)
		}
		if n := len([]rune(v.reason)); n > box.MaxReason {
			t.Fatalf("a reason of %d characters", n)
		}
	})
}

// TestWordsOfPaper: the first rank comes first, equal ones in the order of the poll,
// and each option stands once above or below.
func TestWordsOfPaper(t *testing.T) {
	t.Parallel()
	english := webtest.Locales(t).Match("en")
	rapid.Check(t, func(t *rapid.T) {
		r := drawRules(t)
		if r.Options < 2 {
			return
		}
		v := drawVote(t, r)
		k := &call{Call: &web.Call{Locale: english}, box: &box.Info{Manifest: leaf.Box{Poll: r}}, what: Subject{Ballot: &BallotAsk{}}}
		p := k.inWords(v)
		var all []string
		for i, x := range p.Lines {
			all = append(all, x.Name)
			if i == 0 {
				continue
			}
			before := p.Lines[i-1]
			if p.Ranks && before.Rank > x.Rank || r.Method == tally.Score && before.Rank < x.Rank {
				t.Fatalf("%v are not in order", p.Lines)
			}
		}
		all = append(all, p.Rest...)
		slices.Sort(all)
		if len(slices.Compact(all)) != r.Options || p.Abstains != (len(p.Lines) == 0) {
			t.Fatalf("%v is %+v", v.paper, p)
		}
	})
}
