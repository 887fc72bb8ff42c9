package polls

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/record/tally"
)

// ranking is a poll on the options A to F.
func ranking(method string, n int) *Poll {
	p := &Poll{Title: "Which?", Rules: tally.Rules{Method: method, Options: n}}
	for i := range n {
		p.Options = append(p.Options, string(rune('A'+i)))
	}
	switch method {
	case tally.Score, tally.Check:
		p.Rules.Max = points
	}
	if !several(method) {
		p.Rules.Options = 1
	}
	return p
}

func TestReadBallot(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		method, typed string // of each option, apart by spaces; - is none
		paper         []byte
		says          string // the remark, or the code of the mistake
	}{
		{"schulze", "1 2 - -", []byte{1, 2, 0, 0}, ""},
		{"schulze", "1 3 - -", []byte{1, 2, 0, 0}, "You left out rank 2. What comes behind it moves up."},
		{"schulze", "1 2 2 4", []byte{1, 2, 2, 3}, "B, C have the same rank 2: you prefer none of them to the others. You left out rank 3. What comes behind it moves up."},
		{"schulze", "- - - -", []byte{0, 0, 0, 0}, "You ranked nothing, so this is an abstention."},
		{"stv", "2 1 - -", []byte{2, 1, 0, 0}, ""},
		{"stv", "1 1 - -", nil, "poll.same_rank"},
		{"stv", "5 1 - -", nil, "poll.number"},
		{"stv", "x 1 - -", nil, "poll.number"},
		{"approval", "1 - 1 -", []byte{0b0101}, ""},
		{"approval", "2 - 1 -", nil, "poll.number"},
		{"score", "5 0 - 3", []byte{5, 0, 0, 3}, ""},
		{"score", "6 0 0 0", nil, "poll.number"},
	} {
		p := ranking(x.method, 4)
		typed := Typed{Each: strings.Split(strings.ReplaceAll(x.typed, "-", ""), " ")}
		paper, remarks, err := typed.read(p)
		var says []string
		for _, r := range remarks {
			says = append(says, i18n.English().T(r.Msg, r.Args...))
		}
		if f := fault.Of(err); f != nil {
			says = append(says, f.Fields[0].Code)
		}
		if got := strings.Join(says, " "); got != x.says || !bytes.Equal(paper, x.paper) {
			t.Errorf("%s %q: %v, %q", x.method, x.typed, paper, got)
		}
	}
	for method, most := range map[string]int{"yesno": 2, "consent": 3, "check": 5} {
		for n := -1; n <= 7; n++ {
			typed := Typed{One: strconv.Itoa(n)}
			_, _, err := typed.read(ranking(method, 0))
			fits := n >= 0 && n <= most && (method != "check" || n > 0)
			if (err == nil) != fits {
				t.Errorf("%s %d: %v", method, n, err)
			}
		}
	}
}

// What a form shows of a paper is read as that paper again, and said in words.
func TestBallotRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		method := rapid.SampledFrom([]string{"approval", "score", "schulze", "stv", "yesno", "check"}).Draw(t, "method")
		p := ranking(method, rapid.IntRange(2, 12).Draw(t, "options"))
		size, most := p.Rules.Options, p.Rules.Options
		switch method {
		case "approval":
			size, most = (p.Rules.Options+7)/8, 255
		case "score", "check":
			most = points
		case "yesno":
			most = 2
		}
		paper := rapid.SliceOfN(rapid.ByteRange(0, byte(most)), size, size).Draw(t, "paper")
		if p.Rules.CheckPaper(paper) != nil {
			t.Skip()
		}
		typed := p.typed(paper)
		again, _, err := typed.read(p)
		if err != nil || !bytes.Equal(again, paper) {
			t.Fatalf("%v becomes %+v and %v, %v", paper, typed, again, err)
		}
		if w := paperWords(i18n.English(), p, paper); w == "" || w == "?" {
			t.Fatalf("%v says %q", paper, w)
		}
	})
}

func TestCarried(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name  string
		r     tally.Result
		into  *Poll
		paper []byte
		ok    bool
	}{
		{"yes", tally.Result{Method: "yesno", Papers: 3, Adopted: true, Winners: []int{0}}, ranking("yesno", 0), []byte{tally.Yes}, true},
		{"no", tally.Result{Method: "yesno", Papers: 3, Reasons: []string{"share"}}, ranking("yesno", 0), []byte{tally.No}, true},
		{"too few came", tally.Result{Method: "yesno", Papers: 3, Reasons: []string{"quorum"}}, ranking("yesno", 0), nil, false},
		{"all against", tally.Result{Method: "yesno", Papers: 3, Sums: []int64{0, 3, 0}, Reasons: []string{"nobody", "share"}}, ranking("yesno", 0), []byte{tally.No}, true},
		{"all abstain", tally.Result{Method: "yesno", Papers: 3, Sums: []int64{0, 0, 3}, Reasons: []string{"nobody", "share"}}, ranking("yesno", 0), nil, false},
		{"nobody agrees", tally.Result{Method: "consent", Papers: 3, Sums: []int64{0, 3, 0, 0}, Reasons: []string{"nobody"}}, ranking("consent", 0), nil, false},
		{"blocked", tally.Result{Method: "consent", Papers: 3, Sums: []int64{2, 0, 0, 1}, Reasons: []string{"blocked"}}, ranking("consent", 0), []byte{tally.Block}, true},
		{"all block", tally.Result{Method: "consent", Papers: 3, Weight: 3, Quorum: tally.Need{Needed: 3}, Sums: []int64{0, 0, 0, 3}, Reasons: []string{"quorum", "blocked", "nobody"}}, ranking("consent", 0), []byte{tally.Block}, true},
		{"too few block", tally.Result{Method: "consent", Papers: 1, Weight: 1, Quorum: tally.Need{Needed: 3}, Sums: []int64{0, 0, 0, 1}, Reasons: []string{"quorum", "blocked", "nobody"}}, ranking("consent", 0), nil, false},
		{"too little consent", tally.Result{Method: "consent", Papers: 3, Sums: []int64{1, 0, 2, 0}, Reasons: []string{"share"}}, ranking("consent", 0), []byte{tally.Aside}, true},
		{"nobody ranks", tally.Result{Method: "schulze", Papers: 3, Order: []int{2, 0, 1}, Reasons: []string{"nobody"}}, ranking("schulze", 3), nil, false},
		{"nobody came", tally.Result{Method: "yesno", Reasons: []string{"nobody"}}, ranking("yesno", 0), nil, false},
		{"order", tally.Result{Method: "schulze", Papers: 3, Adopted: true, Order: []int{2, 0, 1}}, ranking("stv", 3), []byte{2, 3, 1}, true},
		{"approved", tally.Result{Method: "approval", Papers: 3, Adopted: true, Winners: []int{2, 0}}, ranking("approval", 3), []byte{0b101}, true},
		{"scored", tally.Result{Method: "score", Papers: 3, Adopted: true, Winners: []int{1}}, ranking("score", 3), []byte{0, 5, 0}, true},
		{"other options", tally.Result{Method: "schulze", Papers: 3, Adopted: true, Order: []int{0, 1}}, ranking("stv", 3), nil, false},
		{"a feeling", tally.Result{Method: "check", Papers: 3}, ranking("yesno", 0), nil, false},
	} {
		paper, ok := carried(&x.r, &x.into.Rules)
		if ok != x.ok || !bytes.Equal(paper, x.paper) || ok && !strings.Contains(x.name, "block") && x.into.Rules.CheckPaper(paper) != nil {
			t.Errorf("%s: %v, %v", x.name, paper, ok)
		}
	}
}

// Each round of a count is a sentence.
func TestRoundsInWords(t *testing.T) {
	t.Parallel()
	p := ranking("stv", 3)
	p.Rules.Lots, p.Rules.Winners = []int{0, 1, 2}, 1
	c := tally.New(p.Rules)
	for paper, n := range map[string]int64{"\x01\x02\x00": 9, "\x00\x01\x00": 8, "\x03\x02\x01": 5, "\x02\x00\x01": 2} {
		if err := c.Add([]byte(paper), n); err != nil {
			t.Fatal(err)
		}
	}
	r := c.Result(30)
	p.Result = &r
	got := strings.Join(roundLines(i18n.English(), p), "\n")
	want := "Whoever has 13 votes is elected (the quota).\nFirst preferences: A 9, B 8, C 7.\nC goes out; its 7 votes move: 2 to A, 5 to B.\nB reaches the quota and is elected."
	if got != want {
		t.Errorf("got\n%s", got)
	}
}

// A demand is a sentence, and its full stop stands in no other sentence.
func TestOptionsInSentences(t *testing.T) {
	t.Parallel()
	p := &Poll{Options: []string{"A bench.", "Water"}, Rules: tally.Rules{Method: tally.Schulze, Options: 2}}
	if got, want := names(p, []int{0, 1}), "A bench, Water"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := paperWords(i18n.English(), p, []byte{1, 2}), "1. A bench, 2. Water"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// What only who opens a poll has to know does not stand on its page.
func TestRulesForReaders(t *testing.T) {
	t.Parallel()
	for _, x := range presets {
		p := &Poll{Preset: x.code, Rules: tally.Rules{Method: x.method, Options: 2}, Eligible: 3}
		if got := ruleLines(i18n.English(), p)[0]; strings.Contains(got, "you write") || strings.Contains(got, "your ") {
			t.Errorf("%s: %q", x.code, got)
		}
	}
}

func FuzzBallot(f *testing.F) {
	f.Add("1", "2", "", "stv")
	f.Add("0", "x", "1", "approval")
	f.Fuzz(func(t *testing.T, a, b, one, method string) {
		if _, ok := map[string]bool{"yesno": true, "consent": true, "check": true, "approval": true, "score": true, "schulze": true, "stv": true}[method]; !ok {
			return
		}
		p := ranking(method, 3)
		typed := Typed{One: one, Each: []string{a, b}}
		paper, _, err := typed.read(p)
		if method == tally.Consent && len(paper) == 1 && paper[0] == tally.Block {
			return // its reason comes later
		}
		if err == nil && p.Rules.CheckPaper(paper) != nil {
			t.Errorf("%+v becomes %v", typed, paper)
		}
	})
}

// TestPageStart: each page of a box has one address.
func TestPageStart(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]int64{"": 0, "100": 100, "4200": 4200} {
		if got, err := pageStart(typed); err != nil || got != want {
			t.Errorf("%q is %d, %v", typed, got, err)
		}
	}
	for _, typed := range []string{"0", "-100", "1", "150", "0100", "+100", "100 ", "x", "99999999999999999900"} {
		if _, err := pageStart(typed); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("%q: %v", typed, err)
		}
	}
}
