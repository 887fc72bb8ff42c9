package take_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/db/dbtest"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/take"
	"convoke/internal/record/tally"
	"convoke/internal/web/webtest"
)

func folded(a webtest.Answer) string { return a.Text("main") }

func folds(s string) string { return strings.Join(strings.Fields(s), " ") }

// confirmed is the form of the page that shows a vote, with a button of it.
func confirmed(t *testing.T, a webtest.Answer, sure string) []string {
	t.Helper()
	if a.Status != 200 || !strings.Contains(a.Text("h1"), "Is this your vote?") {
		t.Fatalf("status %d, the vote is not shown: %s", a.Status, a.Text("main"))
	}
	var out []string
	for _, in := range a.All("main form input[type=hidden]") {
		out = append(out, webtest.Attr(in, "name"), webtest.Attr(in, "value"))
	}
	return append(out, "sure", sure)
}

// in is the body of what a code says in a box.
func (s *stand) in(i *box.Info, code string) []byte {
	s.t.Helper()
	return s.asks(i, s.holder(i, code)).Body
}

type answered struct {
	Known, Ready, Live bool
	Counter            uint32
	Body               []byte
	Reason, Leaf       string
}

// asks is what a program asks that has a code.
func (s *stand) asks(i *box.Info, c *client) (out answered) {
	s.t.Helper()
	k := c.Public()
	a := s.visitor().Get(path(i, "said/"+hex.EncodeToString(k[:])) + "?proof=" + hex.EncodeToString(c.Asks(i.Origin)))
	if err := json.Unmarshal([]byte(a.Body), &out); err != nil || a.Status != 200 {
		s.t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	return out
}

type methodTest struct {
	rules tally.Rules
	form  []string
	// shown are the lines of the review; rest stands below.
	shown []string
	rest  string
	paper []byte
	// other is a second vote, and its paper.
	other      []string
	otherPaper []byte
}

func methods() map[string]methodTest {
	return map[string]methodTest{
		"yesno": {
			rules: tally.Rules{Method: tally.YesNo}, form: []string{"choice", "1"}, shown: []string{"No"}, paper: []byte{1},
			other: []string{"choice", "2"}, otherPaper: []byte{2},
		},
		"consent": {
			rules: tally.Rules{Method: tally.Consent}, form: []string{"choice", "2", "reason", ""}, shown: []string{"Reservation"}, paper: []byte{2},
			other: []string{"choice", "0"}, otherPaper: []byte{0},
		},
		"check": {
			rules: tally.Rules{Method: tally.Check, Max: 5}, form: []string{"choice", "5"}, shown: []string{"5: very much"}, paper: []byte{5},
			other: []string{"choice", "1"}, otherPaper: []byte{1},
		},
		"approval": {
			rules: tally.Rules{Method: tally.Approval}, form: []string{"approve", "2", "approve", "0"}, shown: []string{"Friday", "Sunday"},
			rest: "Not approved: Saturday", paper: []byte{0b101}, other: nil, otherPaper: []byte{0},
		},
		"score": {
			rules: tally.Rules{Method: tally.Score, Max: 10}, form: []string{"score-0", "3", "score-1", "0", "score-2", "10"},
			shown: []string{"Sunday: 10", "Friday: 3"}, rest: "Without points: Saturday", paper: []byte{3, 0, 10}, otherPaper: []byte{0, 0, 0},
		},
		"schulze": {
			rules: tally.Rules{Method: tally.Schulze}, form: []string{"rank-0", "2", "rank-1", "0", "rank-2", "1"},
			shown: []string{"Sunday", "Friday"}, rest: "Not ranked: Saturday", paper: []byte{2, 0, 1},
			other: []string{"rank-0", "1", "rank-1", "1", "rank-2", "2"}, otherPaper: []byte{1, 1, 2},
		},
		"stv": {
			rules: tally.Rules{Method: tally.STV}, form: []string{"rank-0", "3", "rank-1", "1", "rank-2", "2"},
			shown: []string{"Saturday", "Sunday", "Friday"}, paper: []byte{3, 1, 2}, otherPaper: []byte{0, 0, 0},
		},
	}
}

func lines(a webtest.Answer) (out []string) {
	for _, li := range a.All("main [data-lines=] li") {
		out = append(out, webtest.Text(li))
	}
	return out
}

// TestBallots votes by each method without script: the vote is shown before it is sent,
// can be changed then and later, is the one in the box, and can be taken back.
func TestBallots(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		for name, m := range methods() {
			s.t = t
			i := s.poll(box.GateBrowser, m.rules, leaf.Box{})
			b := s.visitor()
			ways := b.Get(path(i, "take"))
			if text := folded(ways); !strings.Contains(text, "At least 3 of 5 must take part") || !strings.Contains(text, "When do we meet?") {
				t.Errorf("%s: the page says %s", name, text)
			}
			form := filled(t, ways, m.form...)
			review := b.Post(path(i, "take"), form...)
			if got := lines(review); !slices.Equal(got, m.shown) || !strings.Contains(folded(review), m.rest) || strings.Contains(folded(review), "abstention") {
				t.Errorf("%s: the vote is shown as %q in %s", name, got, folded(review))
			}
			s.counts(i, 0, 0)
			back := b.Post(path(i, "take"), confirmed(t, review, "change")...)
			if back.Status != 200 || len(back.All("#take")) != 1 || !slices.Equal(lines(b.Post(path(i, "take"), filled(t, back, values(back)...)...)), m.shown) {
				t.Errorf("%s: to change it, the form has %q", name, values(back))
			}
			s.counts(i, 0, 0)
			done := b.Post(path(i, "take"), confirmed(t, review, "yes")...)
			if got := lines(done); !slices.Equal(got, m.shown) {
				t.Errorf("%s: afterwards it is shown as %q", name, got)
			}
			first := code(t, done)
			if again := code(t, b.Post(path(i, "take"), confirmed(t, review, "yes")...)); again != first {
				t.Errorf("%s: sent again, the code is %s, before %s", name, again, first)
			}
			if got := s.in(i, first); !bytes.Equal(got, leaf.Ballot(m.paper)) {
				t.Errorf("%s: the box has %v, want %v", name, got, m.paper)
			}
			other := s.visitor()
			mine := append([]string{"code", first, "do", "change"}, m.other...)
			review = other.Post(path(i, "mine"), mine...)
			for range 2 {
				changed := other.Post(path(i, "mine"), confirmed(t, review, "yes")...)
				if changed.Status != 200 || strings.Contains(changed.Body, first) {
					t.Errorf("%s: status %d: %s", name, changed.Status, folded(changed))
				}
			}
			if got := s.in(i, first); !bytes.Equal(got, leaf.Ballot(m.otherPaper)) {
				t.Errorf("%s: then the box has %v, want %v", name, got, m.otherPaper)
			}
			if m.other == nil && !strings.Contains(folded(review), "That is an abstention") {
				t.Errorf("%s: nothing chosen is shown as %s", name, folded(review))
			}
			for range 2 {
				a := other.Post(path(i, "mine"), "code", first, "do", "withdraw")
				if a.Status != 200 || !strings.Contains(a.Text("section.notice"), "Your vote was taken back") {
					t.Errorf("%s: status %d: %s", name, a.Status, folded(a))
				}
			}
			s.counts(i, 0, 1)
			other.Post(path(i, "mine"), confirmed(t, other.Post(path(i, "mine"), mine...), "yes")...)
			s.counts(i, 1, 1)
			if got := s.asks(i, s.holder(i, first)); got.Counter != 4 || !got.Live {
				t.Errorf("%s: at last it says %+v", name, got)
			}
		}
	})
}

// values are what a ballot's form has filled in, as pairs.
func values(a webtest.Answer) (out []string) {
	for _, in := range a.All("main fieldset input[checked=]") {
		out = append(out, webtest.Attr(in, "name"), webtest.Attr(in, "value"))
	}
	for _, x := range a.All("main select[data-mark=]") {
		name := webtest.Attr(x, "name")
		value := "0"
		if on := a.All("#" + name + " option[selected=]"); len(on) > 0 {
			value = webtest.Attr(on[0], "value")
		}
		out = append(out, name, value)
	}
	if len(a.All("#reason")) > 0 {
		out = append(out, "reason", a.Text("#reason"))
	}
	return out
}

// TestBadBallots explains what is wrong, at the field, and keeps what was chosen.
func TestBadBallots(t *testing.T) {
	s := one(t)
	for name, c := range map[string]struct {
		rules       tally.Rules
		form        []string
		field, says string
	}{
		"nothing chosen":         {tally.Rules{Method: tally.YesNo}, nil, "choice", "Please choose one."},
		"no such answer":         {tally.Rules{Method: tally.YesNo}, []string{"choice", "3"}, "choice", "Please choose one."},
		"colder than cold":       {tally.Rules{Method: tally.Check, Max: 5}, []string{"choice", "0"}, "choice", "Please choose one."},
		"warmer than warm":       {tally.Rules{Method: tally.Check, Max: 5}, []string{"choice", "6"}, "choice", "Please choose one."},
		"a block alone":          {tally.Rules{Method: tally.Consent}, []string{"choice", "3", "reason", " \n "}, "reason", "A block needs its reason"},
		"a reason to agree":      {tally.Rules{Method: tally.Consent}, []string{"choice", "0", "reason", "It is late."}, "reason", "Only a reservation or a block has a reason."},
		"a long reason":          {tally.Rules{Method: tally.Consent}, []string{"choice", "3", "reason", strings.Repeat("é", 1001)}, "reason", "at most 1,000 characters; these are 1,001"},
		"no such option":         {tally.Rules{Method: tally.Approval}, []string{"approve", "1", "approve", "3"}, "approve", "on the list"},
		"too many points":        {tally.Rules{Method: tally.Score, Max: 10}, []string{"score-1", "11"}, "score-1", "on the list"},
		"negative points":        {tally.Rules{Method: tally.Score, Max: 10}, []string{"score-0", "-1"}, "score-0", "on the list"},
		"a rank that is a word":  {tally.Rules{Method: tally.Schulze}, []string{"rank-2", "best"}, "rank-2", "on the list"},
		"a rank beyond":          {tally.Rules{Method: tally.Schulze}, []string{"rank-2", "4"}, "rank-2", "on the list"},
		"a rank left out":        {tally.Rules{Method: tally.Schulze}, []string{"rank-0", "1", "rank-1", "3", "rank-2", "1"}, "rank-1", "Rank 2 is left out"},
		"no first rank":          {tally.Rules{Method: tally.STV}, []string{"rank-1", "2"}, "rank-1", "Rank 1 is left out"},
		"a rank twice":           {tally.Rules{Method: tally.STV}, []string{"rank-0", "1", "rank-1", "2", "rank-2", "2"}, "rank-2", "Rank 2 is there twice"},
		"a rank twice and a gap": {tally.Rules{Method: tally.STV}, []string{"rank-0", "3", "rank-1", "1", "rank-2", "1"}, "rank-0", "Rank 2 is left out"},
	} {
		i := s.poll(box.GateBrowser, c.rules, leaf.Box{})
		b := s.visitor()
		ways := b.Get(path(i, "take"))
		for _, sure := range []string{"", "yes"} {
			a := b.Post(path(i, "take"), append(filled(t, ways, c.form...), "sure", sure)...)
			if got := strings.Join(strings.Fields(a.Text("#"+c.field+"-error")), " "); a.Status != 422 || !strings.Contains(got, c.says) {
				t.Errorf("%s: status %d, at %s stands %q: %s", name, a.Status, c.field, got, folded(a))
			}
			if len(a.All(".error-summary a[href=#"+c.field+"]")) != 1 || len(a.All("#"+c.field)) != 1 {
				t.Errorf("%s: the summary does not lead to %s", name, c.field)
			}
		}
		if a := s.visitor().Post(path(i, "mine"), append(c.form, "code", "00000-00000-00000-00000-000006", "do", "change")...); a.Status != 422 || a.Text("#"+c.field+"-error") == "" {
			t.Errorf("%s, later: status %d: %s", name, a.Status, folded(a))
		}
		s.counts(i, 0, 0)
	}
}

// TestBlock blocks with a reason, which is shown, kept apart from the record, and sent
// again without harm.
func TestBlock(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i := s.poll(box.GateBrowser, tally.Rules{Method: tally.Consent}, leaf.Box{})
		b := s.visitor()
		const why = "The hall has stairs only.\n\nSome of us cannot get in: <b>not fair</b>."
		ways := b.Get(path(i, "take"))
		if text := folded(ways); !strings.Contains(text, "published with the ballots when this closes, without your name") || !strings.Contains(text, "How you write may tell who you are") {
			t.Errorf("the page says %s", text)
		}
		review := b.Post(path(i, "take"), filled(t, ways, "choice", "3", "reason", "  "+strings.ReplaceAll(why, "\n", "\r\n")+" ")...)
		if got := review.Text("main blockquote"); got != folds(why) {
			t.Errorf("the reason is shown as %q", got)
		}
		done := b.Post(path(i, "take"), confirmed(t, review, "yes")...)
		first := code(t, done)
		b.Post(path(i, "take"), confirmed(t, review, "yes")...)
		c := s.holder(i, first)
		got := s.asks(i, c)
		if !bytes.Equal(got.Body, c.Ballot([]byte{tally.Block}, why)) || got.Reason != why {
			t.Errorf("the box has %x with %q", got.Body, got.Reason)
		}
		if a := b.Post(path(i, "mine"), "code", first, "do", "look"); a.Text("main blockquote") != folds(why) || a.Text("#reason") != folds(why) {
			t.Errorf("looked at, it says %s", folded(a))
		}
		s.counts(i, 1, 1)
	})
}

// TestCastReason puts ballots with reasons into the box as programs do, and as people
// who paste; what does not fit is refused.
func TestCastReason(t *testing.T) {
	s := one(t)
	i := s.poll(box.GateBrowser, tally.Rules{Method: tally.Consent}, leaf.Box{})
	const why = "It is on a holiday."
	text := func(c *client, n uint32, paper byte, reason, sent string) string {
		salt := c.Salt(reason)
		b, err := json.Marshal(map[string]any{"leaf": c.Say(i.Origin, s.admitted(c), n, c.Ballot([]byte{paper}, reason)), "salt": salt[:], "reason": sent})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	a, b, c := s.client(i), s.client(i), s.client(i)
	r := &refusals{stand: s, codes: documentedCodes(t), seen: map[string]bool{}, kinds: map[string]bool{}}
	post := func(body string) *webtest.Answer {
		x := s.visitor().Do("POST", path(i, "cast"), strings.NewReader(body), "Content-Type", "application/json", "Accept", "application/json")
		return &x
	}
	auth := s.admitted(a)
	plain := a.Say(i.Origin, auth, 1, a.Ballot([]byte{tally.Block}, why))
	r.want("malformed", "a block without its reason", "box.reason", r.cast(i, plain))
	r.want("malformed", "a block without the hash of one", "box.paper", r.cast(i, a.Say(i.Origin, auth, 1, leaf.Ballot([]byte{tally.Block, 1}))))
	salt := a.Salt(why)
	json64 := func(leaf []byte, salt []byte, reason string) string {
		b, err := json.Marshal(map[string]any{"leaf": leaf, "salt": salt, "reason": reason})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	long := strings.Repeat("x", box.MaxReason+1)
	longSalt := a.Salt(long)
	for name, x := range map[string]struct{ code, body string }{
		"another text":       {"box.reason", json64(plain, salt[:], "It is late.")},
		"another salt":       {"box.reason", json64(plain, make([]byte, 32), why)},
		"no salt":            {"box.reason", json64(plain, nil, why)},
		"a text with spaces": {"box.reason_text", json64(plain, salt[:], why+" ")},
		"too long":           {"box.reason_text", json64(a.Say(i.Origin, auth, 1, a.Ballot([]byte{tally.Block}, long)), longSalt[:], long)},
		"to agree":           {"box.reason", json64(a.Say(i.Origin, auth, 1, leaf.Ballot([]byte{tally.Agree})), salt[:], why)},
		"no paper":           {"box.paper", json64(a.Say(i.Origin, auth, 1, leaf.Ballot([]byte{9})), nil, "")},
		"no JSON":            {"api.json", `{"leaf":`},
		"another field":      {"api.json", `{"leaf":"","name":"sam"}`},
	} {
		if got := post(x.body); got.Status != 400 || !strings.Contains(got.Body, `"code":"`+x.code+`"`) {
			t.Errorf("%s: status %d, want %s: %s", name, got.Status, x.code, got.Body)
		}
	}
	if got := post(strings.Repeat(" ", 20_000)); got.Status != 413 {
		t.Errorf("too much: status %d", got.Status)
	}
	s.counts(i, 0, 1)
	for _, again := range []string{`"again":false`, `"again":true`} {
		if got := post(json64(plain, salt[:], why)); got.Status != 201 || !strings.Contains(got.Body, again) {
			t.Errorf("status %d: %s", got.Status, got.Body)
		}
	}
	// Pasted: as one text, or in three fields.
	if got := s.visitor().Post(path(i, "cast"), "leaf", text(b, 1, tally.Reservation, why, why)); got.Status != 303 || s.visitor().Get(got.Location).Status != 200 {
		t.Errorf("pasted: status %d", got.Status)
	}
	saltC := c.Salt(why)
	got := s.visitor().Post(path(i, "cast"), "leaf", base64.StdEncoding.EncodeToString(c.Say(i.Origin, s.admitted(c), 1, c.Ballot([]byte{tally.Block}, why))),
		"salt", base64.StdEncoding.EncodeToString(saltC[:]), "reason", why)
	if got.Status != 303 {
		t.Errorf("in fields: status %d: %s", got.Status, folded(got))
	}
	s.counts(i, 3, 3)
	for _, x := range []*client{a, b, c} {
		if s.asks(i, x).Reason != why {
			t.Error("a reason is lost")
		}
	}
}

// TestNobodyLooks: what a ballot says is told to who has its code, not to who knows its
// key.
func TestNobodyLooks(t *testing.T) {
	s := one(t)
	i, other := s.poll(box.GateBrowser, tally.Rules{Method: tally.YesNo}, leaf.Box{}), s.poll(box.GateBrowser, tally.Rules{Method: tally.YesNo}, leaf.Box{})
	c := s.client(i)
	if _, err := s.Cast(ctx, i.ID, c.Say(i.Origin, s.admitted(c), 1, leaf.Ballot([]byte{0}))); err != nil {
		t.Fatal(err)
	}
	k := c.Public()
	for name, proof := range map[string]string{
		"nothing": "", "no number": "x", "of another key": hex.EncodeToString(s.client(i).Asks(i.Origin)),
		"for another box": hex.EncodeToString(c.Asks(other.Origin)), "of a statement": hex.EncodeToString(c.Say(i.Origin, nil, 1, leaf.Ballot([]byte{0}))[45:]),
	} {
		a := s.visitor().Get(path(i, "said/"+hex.EncodeToString(k[:]))+"?proof="+proof, "Accept", "application/json")
		if a.Status != 403 || !strings.Contains(a.Body, "take.proof") || strings.Contains(a.Body, "body") {
			t.Errorf("%s: status %d: %s", name, a.Status, a.Body)
		}
	}
	if got := s.asks(i, c); !got.Known || !bytes.Equal(got.Body, []byte{2, 0}) {
		t.Errorf("with the code: %+v", got)
	}
}

// TestTwoPhases gives out codes before a poll opens, and none after; whoever has one
// votes with it, without a credential.
func TestTwoPhases(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		opens := dbtest.Now.Add(time.Hour)
		i := s.poll(box.GateMembers, tally.Rules{Method: tally.YesNo}, leaf.Box{Opens: opens.Unix(), Freeze: true, MinBatch: 3}, "robin", "sam", "kim")
		robin := s.visitor().WithSession("robin")
		ways := robin.Get(path(i, "take"))
		if text := folded(ways); ways.Status != 200 || !strings.Contains(text, "Voting begins on") || len(ways.All("[data-mark=]")) > 0 || strings.Contains(text, "Look at my vote") {
			t.Fatalf("status %d: %s", ways.Status, text)
		}
		form := filled(t, ways)
		done := robin.Post(path(i, "take"), form...)
		first := code(t, done)
		if text := folded(done); !strings.Contains(text, "This is your code. Nothing is voted yet.") || strings.Contains(text, "It is counted") {
			t.Errorf("the page says %s", text)
		}
		if again := code(t, robin.Post(path(i, "take"), form...)); again != first {
			t.Errorf("sent again, the code is %s, before %s", again, first)
		}
		s.counts(i, 0, 1)
		look := s.visitor().Post(path(i, "mine"), "code", first, "do", "look")
		if text := look.Text("section.notice"); look.Status != 200 || !strings.Contains(text, "With this code you can vote, and you have not yet.") {
			t.Errorf("status %d: %s", look.Status, text)
		}
		vote := func(b *webtest.Browser, code, choice string) webtest.Answer {
			a := b.Post(path(i, "mine"), "code", code, "do", "change", "choice", choice)
			if a.Status != 200 {
				return a
			}
			return b.Post(path(i, "mine"), confirmed(t, a, "yes")...)
		}
		if a := vote(s.visitor(), first, "0"); a.Status != 422 || !strings.Contains(folded(a), "This is not open yet.") {
			t.Errorf("early: status %d: %s", a.Status, folded(a))
		}
		// A program shows its credential itself, pasted from the page of the box.
		sam := s.client(i)
		samIn := s.visitor().WithSession("sam")
		shown := sam.activation(sam.issue(samIn, samIn.Get(path(i, "take")).Attr("#take", "data-grant")))
		if !bytes.Equal(shown, sam.Activate(shown[len(shown)-leaf.AuthSize:])) {
			t.Error("the wallet makes another leaf")
		}
		a := s.visitor().Post("/r/"+i.Roll.String()+"/activate", "leaf", base64.StdEncoding.EncodeToString(shown), "box", i.ID.String())
		if a.Status != 303 || !strings.Contains(folded(s.visitor().Get(a.Location)), "Your code is ready.") {
			t.Errorf("shown by hand: status %d to %s", a.Status, a.Location)
		}
		if !strings.Contains(s.visitor().Get(path(i, "paste")).Body, "/r/"+i.Roll.String()+"/activate") {
			t.Error("the page does not say where to show it")
		}
		kim := s.visitor().WithSession("kim")
		late := filled(t, kim.Get(path(i, "take")))

		s.Clock.Add(time.Hour)
		for _, freeze := range []bool{false, true} { // the minute before the freeze is no gap
			if freeze {
				if err := s.CloseDue(ctx); err != nil {
					t.Fatal(err)
				}
			}
			for name, a := range map[string]webtest.Answer{"page": kim.Get(path(i, "take")), "form": kim.Post(path(i, "take"), late...)} {
				if text := folded(a); a.Status != 200 || !strings.Contains(text, "nobody can be added any more") || strings.Contains(text, "Voting begins") {
					t.Errorf("%s: status %d: %s", name, a.Status, text)
				}
			}
			if a := kim.Post(path(i, "paste"), "grant", late[5], "blinded", s.client(i).request()); a.Status != 410 || !strings.Contains(folded(a), "Nobody can be added here any more") {
				t.Errorf("pasted: status %d: %s", a.Status, folded(a))
			}
		}
		s.counts(i, 0, 2)
		mine := s.visitor().Get(path(i, "mine"))
		if len(mine.All("details[open=] input[data-mark=]")) != 3 || !slices.Contains(values(mine), "change") {
			t.Errorf("the page to vote on is %s", folded(mine))
		}
		if a := vote(s.visitor(), first, "0"); a.Status != 200 || !strings.Contains(a.Text("section.notice"), "It waits for others") {
			t.Errorf("with the code: status %d: %s", a.Status, folded(a))
		}
		if a := vote(s.visitor(), s.unknown(), "0"); a.Status != 422 || !strings.Contains(folded(a), "Nobody has taken part here") {
			t.Errorf("with another code: status %d: %s", a.Status, folded(a))
		}
		if got := s.asks(i, sam); got.Known || !got.Ready {
			t.Errorf("before the vote, the key says %+v", got)
		}
		if _, err := s.Cast(ctx, i.ID, sam.Say(i.Origin, nil, 1, leaf.Ballot([]byte{1}))); err != nil {
			t.Error(err)
		}
		s.Stop() // commits what waits
		s.counts(i, 2, 2)
		if got := s.in(i, first); !bytes.Equal(got, []byte{2, 0}) {
			t.Errorf("the box has %v", got)
		}
	})
}

// ballots are votes that are none by the rules of their poll.
func (r *refusals) ballots() {
	i := r.poll(box.GateBrowser, tally.Rules{Method: tally.Consent}, leaf.Box{})
	v := r.anybody(i)
	say := func(paper ...byte) []byte { return v.Say(i.Origin, v.Auth, 1, leaf.Ballot(paper)) }
	r.want("early", "the ballots of a poll that is open", "record.hidden", r.ask("GET", path(i, "record.zip"), "", ""))
	r.want("malformed", "no paper", "box.paper", r.cast(i, say(9)))
	r.want("malformed", "a block without its reason", "box.reason", r.cast(i, v.Say(i.Origin, v.Auth, 1, v.Ballot([]byte{tally.Block}, "x"))))
	salt := v.Salt(" x")
	text, err := json.Marshal(map[string]any{"leaf": v.Say(i.Origin, v.Auth, 1, v.Ballot([]byte{tally.Block}, " x")), "salt": salt[:], "reason": " x"})
	if err != nil {
		r.t.Fatal(err)
	}
	r.want("not canonical", "a reason with spaces around", "box.reason_text", r.ask("POST", path(i, "cast"), "application/json", string(text)))
	k := v.Public()
	r.want("foreign", "what another says", "take.proof", r.ask("GET", path(i, "said/"+hex.EncodeToString(k[:])), "", ""))
	b := r.visitor()
	for _, c := range []struct {
		rules tally.Rules
		code  string
		form  []string
	}{
		{tally.Rules{Method: tally.YesNo}, "take.choice", nil},
		{tally.Rules{Method: tally.Consent}, "take.reason", []string{"choice", "3"}},
		{tally.Rules{Method: tally.Consent}, "take.reason_none", []string{"choice", "0", "reason", "x"}},
		{tally.Rules{Method: tally.Consent}, "take.reason_long", []string{"choice", "3", "reason", strings.Repeat("x", 1001)}},
		{tally.Rules{Method: tally.Approval}, "take.value", []string{"approve", "3"}},
		{tally.Rules{Method: tally.STV}, "take.rank_gap", []string{"rank-0", "2"}},
		{tally.Rules{Method: tally.STV}, "take.rank_twice", []string{"rank-0", "1", "rank-1", "1"}},
	} {
		i := r.poll(box.GateBrowser, c.rules, leaf.Box{})
		r.page("malformed", c.code, c.code, b.Post(path(i, "take"), filled(r.t, b.Get(path(i, "take")), c.form...)...))
	}
	r.kind, r.ballot = leaf.Petition, nil
}

// TestCancelledEarly is a poll that was closed before it opened.
func TestCancelledEarly(t *testing.T) {
	s := one(t)
	i := s.poll(box.GateBrowser, tally.Rules{Method: tally.YesNo}, leaf.Box{Opens: dbtest.Now.Add(time.Hour).Unix(), Freeze: true})
	if err := s.Close(ctx, i.ID); err != nil {
		t.Fatal(err)
	}
	if a := s.visitor().Get(path(i, "take")); a.Status != 410 {
		t.Errorf("status %d: %s", a.Status, folded(a))
	}
	if a := s.visitor().Get(path(i, "mine")); a.Status != 200 {
		t.Errorf("status %d: %s", a.Status, folded(a))
	}
}

// TestSeats: by name one does not vote here, but the record is to be counted.
func TestSeats(t *testing.T) {
	s := one(t)
	s.kind, s.ballot = leaf.Poll, &take.BallotAsk{Question: "?", Method: tally.YesNo}
	i := s.named()
	for _, page := range []string{"take", "mine", "paste", "ticket.json", "offline.html", "said/" + strings.Repeat("0", 64)} {
		if a := s.visitor().Get(path(i, page)); a.Status != 404 {
			t.Errorf("%s: status %d", page, a.Status)
		}
		if page == "take" || page == "mine" || page == "paste" {
			if a := s.visitor().Post(path(i, page), "do", "look"); a.Status != 404 {
				t.Errorf("sent to %s: status %d", page, a.Status)
			}
		}
	}
	if a := s.visitor().Get("/b/" + i.ID.String()); a.Status != 200 {
		t.Errorf("to count it: status %d", a.Status)
	}
	// A poll whose feature does not say what it asks.
	secret := s.poll(box.GateBrowser, tally.Rules{Method: tally.YesNo}, leaf.Box{})
	s.ballot = nil
	if a := s.visitor().Get(path(secret, "take")); a.Status != 404 {
		t.Errorf("without a question: status %d", a.Status)
	}
}
