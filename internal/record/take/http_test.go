package take_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/db/dbtest"
	"convoke/internal/notify"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/web/webtest"
)

// TestAssisted signs without script, sends the form again, looks and takes back.
func TestAssisted(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i := s.open(box.GateBrowser, leaf.Box{Goals: []uint64{1}})
		b := s.visitor()
		ways := b.Get(path(i, "take"))
		if !strings.Contains(ways.Text("main"), "sees your choice while you submit it, and then forgets both") {
			t.Error("the page does not say what this server sees")
		}
		form := filled(t, ways)
		done := b.Post(path(i, "take"), form...)
		first := code(t, done)
		if done.Header.Get("Cache-Control") != "no-store" {
			t.Error("the page with the code may be kept")
		}
		if !strings.Contains(done.Text("main"), "It is counted.") || done.Text("#after") == "" {
			t.Errorf("afterwards the page says %s", done.Text("main"))
		}
		if again := code(t, b.Post(path(i, "take"), form...)); again != first {
			t.Errorf("sent again, the code is %s, before %s", again, first)
		}
		s.counts(i, 1, 1)
		if n := s.numbers(i); n.Assisted != 1 {
			t.Errorf("%d are said to be assisted", n.Assisted)
		}
		if r := receipt(t, done); !strings.HasPrefix(r, "c2sp.org/tlog-proof@v1") || !strings.Contains(r, i.Origin) {
			t.Errorf("the receipt is %.80s", r)
		}
		other := s.visitor()
		look := other.Post(path(i, "mine"), "code", strings.ToUpper(first), "do", "look")
		if look.Status != 200 || !strings.Contains(look.Text("main"), "It is counted.") || strings.Contains(look.Body, first) {
			t.Errorf("status %d: %s", look.Status, look.Text("main"))
		}
		for range 2 { // a form that is sent twice takes back once
			back := other.Post(path(i, "mine"), "code", first, "do", "withdraw")
			if back.Status != 200 || !strings.Contains(back.Text("main"), "It was taken back") {
				t.Errorf("status %d: %s", back.Status, back.Text("main"))
			}
		}
		s.counts(i, 0, 1)
		s.verified(i, 0)
	})
}

// TestPledge pledges without script, changes the pledge, says that it was done, and
// takes it back.
func TestPledge(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i := s.pledge()
		b := s.visitor()
		ways := b.Get(path(i, "take"))
		for name, c := range map[string]struct{ threshold, part, field string }{
			"nothing":         {"", "", "threshold"},
			"a word":          {"ten", "0", "threshold"},
			"nobody":          {"0", "0", "threshold"},
			"less than that":  {"-3", "0", "threshold"},
			"far too many":    {"10000001", "0", "threshold"},
			"more than fits":  {"99999999999999999999", "0", "threshold"},
			"no place":        {"5", "", "part"},
			"a place unknown": {"5", "2", "part"},
			"a negative one":  {"5", "-1", "part"},
		} {
			a := b.Post(path(i, "take"), filled(t, ways, "threshold", c.threshold, "part", c.part)...)
			if a.Status != 422 || a.Text("#"+c.field+"-error") == "" || a.Attr("#threshold", "value") != c.threshold {
				t.Errorf("%s: status %d: %s", name, a.Status, a.Text("main"))
			}
		}
		s.counts(i, 0, 0)
		done := b.Post(path(i, "take"), filled(t, ways, "threshold", "5", "part", "1")...)
		first := code(t, done)
		if text := done.Text("main"); !strings.Contains(text, "waits for 5 people") || !strings.Contains(text, "South gate") {
			t.Errorf("the page says %s", text)
		}
		// The answer was lost and something else was chosen: what was said first holds.
		again := b.Post(path(i, "take"), filled(t, ways, "threshold", "9", "part", "0")...)
		if code(t, again) != first || !strings.Contains(again.Text("main"), "waits for 5 people") {
			t.Errorf("with another choice: %s", again.Text("main"))
		}
		s.counts(i, 1, 1)
		for _, step := range []struct{ do, threshold, part, says string }{
			{"change", "2", "0", "waits for 2 people. Place or group: North gate."},
			{"change", "2", "0", "waits for 2 people. Place or group: North gate."},
			{"done", "", "", "You have said that you did it."},
			{"done", "", "", "You have said that you did it."},
			{"withdraw", "", "", "It was taken back"},
			{"withdraw", "", "", "It was taken back"},
			{"change", "1", "1", "It is counted. The pledge waits for 1 person."},
		} {
			a := b.Post(path(i, "mine"), "code", first, "do", step.do, "threshold", step.threshold, "part", step.part)
			if text := strings.Join(strings.Fields(a.Text("main")), " "); a.Status != 200 || !strings.Contains(text, step.says) {
				t.Errorf("%s: status %d: %s", step.do, a.Status, text)
			}
		}
		s.counts(i, 1, 1)
		s.verified(i, 1)
	})
}

// TestNotDone says that something was done which was taken back.
func TestNotDone(t *testing.T) {
	s := one(t)
	i := s.pledge()
	b := s.visitor()
	first := code(t, b.Post(path(i, "take"), filled(t, b.Get(path(i, "take")), "threshold", "1", "part", "0")...))
	b.Post(path(i, "mine"), "code", first, "do", "withdraw")
	a := b.Post(path(i, "mine"), "code", first, "do", "done")
	if a.Status != 422 || !strings.Contains(a.Text("main"), "Only who has pledged") {
		t.Errorf("status %d: %s", a.Status, a.Text("main"))
	}
	if n := s.numbers(i); n.Done != 0 {
		t.Errorf("%d did it", n.Done)
	}
	if a := b.Post(path(i, "mine"), "code", first, "do", "change", "threshold", "x", "part", "0"); a.Status != 422 || a.Text("#threshold-error") == "" {
		t.Errorf("status %d: %s", a.Status, a.Text("main"))
	}
}

// TestMineCodes types codes that are none, or another's.
func TestMineCodes(t *testing.T) {
	s := one(t)
	i, other := s.open(box.GateBrowser, leaf.Box{}), s.open(box.GateBrowser, leaf.Box{})
	b := s.visitor()
	elsewhere := code(t, b.Post(path(other, "take"), filled(t, b.Get(path(other, "take")))...))
	for name, c := range map[string]struct{ code, says string }{
		"nothing":        {"", "no code of 26 letters"},
		"a word":         {"bench", "no code of 26 letters"},
		"a letter wrong": {"0" + elsewhere[1:] + "0", "no code of 26 letters"},
		"a sign":         {elsewhere + "!", "no code of 26 letters"},
		"another box":    {elsewhere, "Nobody has taken part here"},
	} {
		for _, do := range []string{"look", "withdraw", "nonsense"} {
			a := b.Post(path(i, "mine"), "code", c.code, "do", do)
			if a.Status != 422 || !strings.Contains(a.Text("#code-error"), c.says) || a.Attr("#code", "value") != "" {
				t.Errorf("%s, %s: status %d: %s", name, do, a.Status, a.Text("main"))
			}
		}
	}
	s.counts(i, 0, 0)
	s.counts(other, 1, 1)
}

// TestGateEmail asks for a code by mail.
func TestGateEmail(t *testing.T) {
	s := one(t)
	i := s.open(box.GateEmail, leaf.Box{})
	b := s.visitor()
	key := hidden(t, b.Get(path(i, "take")), "key")
	for name, address := range map[string]string{
		"nothing": "", "a word": "sam", "two": "sam@example.org, kim@example.org", "a name": "Sam <sam@example.org>",
		"too long": strings.Repeat("x", 250) + "@example.org", "a line break": "sam@example.org\r\nBcc: kim@example.org",
	} {
		a := b.Post(path(i, "take"), "step", "mail", "key", key, "email", address)
		if a.Status != 422 || a.Text("#email-error") == "" {
			t.Errorf("%s: status %d: %s", name, a.Status, a.Text("main"))
		}
	}
	if len(s.mails) > 0 {
		t.Fatalf("mail went to %v", s.mails)
	}
	mailed := b.Post(path(i, "take"), "step", "mail", "key", key, "email", "Sam+x@example.org")
	if len(s.mails) != 1 || s.mails[0].To != "Sam+x@example.org" || strings.Contains(s.mails[0].Text+s.mails[0].Subject, "library") {
		t.Fatalf("mails %+v", s.mails)
	}
	if strings.Contains(mailed.Body, "example.org") {
		t.Error("the next page holds the address")
	}
	pending, sent := hidden(t, mailed, "pending"), s.mails[0].Subject[:9]
	wrong := b.Post(path(i, "take"), "step", "code", "key", key, "pending", pending, "code", "zzzz-zzzz")
	if wrong.Status != 422 || wrong.Text("#code-error") == "" || hidden(t, wrong, "pending") != pending || wrong.Attr("#code", "value") != "zzzz-zzzz" {
		t.Errorf("a wrong code: status %d: %s", wrong.Status, wrong.Text("main"))
	}
	if a := b.Post(path(i, "take"), "step", "assist", "key", key, "grant", pending); a.Status != 422 {
		t.Errorf("an address that was not confirmed: status %d: %s", a.Status, a.Text("main"))
	}
	ways := b.Post(path(i, "take"), "step", "code", "key", key, "pending", pending, "code", " "+strings.ToLower(sent))
	first := code(t, b.Post(path(i, "take"), filled(t, ways)...))

	// The same mailbox again, from another page.
	s.mails = nil
	key = hidden(t, b.Get(path(i, "take")), "key")
	mailed = b.Post(path(i, "take"), "step", "mail", "key", key, "email", "sam@example.org")
	ways = b.Post(path(i, "take"), "step", "code", "key", key, "pending", hidden(t, mailed, "pending"), "code", s.mails[0].Subject[:9])
	if a := b.Post(path(i, "take"), filled(t, ways)...); a.Status != 422 || !strings.Contains(a.Text("main"), "You have taken part here already") {
		t.Errorf("a second time: status %d: %s", a.Status, a.Text("main"))
	}
	s.counts(i, 1, 1)
	if a := b.Post(path(i, "mine"), "code", first, "do", "look"); !strings.Contains(a.Text("main"), "It is counted.") {
		t.Errorf("the first code says %s", a.Text("main"))
	}

	// After a quarter of an hour neither the code nor the grant is known any more.
	s.Clock.Add(15 * time.Minute)
	for _, form := range [][]string{
		{"step", "code", "key", key, "pending", hidden(t, mailed, "pending"), "code", s.mails[0].Subject[:9]}, filled(t, ways),
	} {
		a := b.Post(path(i, "take"), form...)
		if a.Status != 422 || !strings.Contains(a.Text("main"), "longer than 15 minutes") || len(a.All("#email")) != 1 {
			t.Errorf("too late: status %d: %s", a.Status, a.Text("main"))
		}
	}
	s.counts(i, 1, 1)
}

// TestMailFails is about mail servers that are absent, or refuse, and about floods.
func TestMailFails(t *testing.T) {
	s := one(t)
	i := s.open(box.GateEmail, leaf.Box{})
	b := s.visitor()
	form := []string{"step", "mail", "key", hidden(t, b.Get(path(i, "take")), "key"), "email", "sam@example.org"}
	for _, c := range []struct {
		err  error
		says string
	}{{notify.ErrPermanent, "does not take messages to this address"}, {errors.New("the line is cut"), "could not be sent"}} {
		s.refuse = c.err
		a := b.Post(path(i, "take"), form...)
		if a.Status != 422 || !strings.Contains(a.Text("#email-error"), c.says) || a.Attr("#email", "value") != "sam@example.org" {
			t.Errorf("%v: status %d: %s", c.err, a.Status, a.Text("main"))
		}
	}
	s.refuse, s.mails = nil, nil
	for _, bucket := range []string{"take", "take-mail", "take-address"} {
		s.slow = bucket
		a := b.Post(path(i, "take"), form...)
		if a.Status != 429 || a.Header.Get("Retry-After") != "60" {
			t.Errorf("%s: status %d", bucket, a.Status)
		}
	}
	if len(s.mails) > 0 {
		t.Errorf("mail went to %v", s.mails)
	}
	s.slow, s.take.Sender = "", nil
	if a := b.Get(path(i, "take")); a.Status != 200 || !strings.Contains(a.Text("main"), "this server cannot send e-mail") || len(a.All("#email")) > 0 {
		t.Errorf("without a mail server: %s", a.Text("main"))
	}
	if a := b.Post(path(i, "take"), form...); a.Status != 422 {
		t.Errorf("without a mail server: status %d", a.Status)
	}
}

// TestGateCodes uses codes that were printed here, and those of a closed list.
func TestGateCodes(t *testing.T) {
	s := one(t)
	paper, list := s.open(box.GatePaper, leaf.Box{}), s.open(box.GateCodes, leaf.Box{}, "abcd2345")
	s.print(paper, "abcd-2345")
	b := s.visitor()
	for _, i := range []*box.Info{paper, list} {
		key := hidden(t, b.Get(path(i, "take")), "key")
		for _, typed := range []string{"", "abcd-2346", "!"} {
			a := b.Post(path(i, "take"), "step", "code", "key", key, "code", typed)
			if a.Status != 422 || a.Text("#code-error") == "" || a.Attr("#code", "value") != typed {
				t.Errorf("%s, %q: status %d: %s", i.Gate, typed, a.Status, a.Text("main"))
			}
		}
		ways := b.Post(path(i, "take"), "step", "code", "key", key, "code", "ABCD 2345")
		form := filled(t, ways)
		first := code(t, b.Post(path(i, "take"), form...))
		if again := code(t, b.Post(path(i, "take"), form...)); again != first {
			t.Errorf("%s: the form sent again has the code %s, not %s", i.Gate, again, first)
		}
		ways = b.Post(path(i, "take"), "step", "code", "key", s.ids.Secret(), "code", "abcd2345")
		if a := b.Post(path(i, "take"), filled(t, ways)...); a.Status != 422 || !strings.Contains(a.Text("main"), "already") {
			t.Errorf("%s, used again from another page: status %d: %s", i.Gate, a.Status, a.Text("main"))
		}
		s.counts(i, 1, 1)
		s.verified(i, 1)
	}
}

// TestGateMembers is about a closed list of members.
func TestGateMembers(t *testing.T) {
	s := one(t)
	i := s.open(box.GateMembers, leaf.Box{}, "robin", "sam")
	visitor := s.visitor()
	if a := visitor.Get(path(i, "take")); a.Status != 200 || len(a.All("input[name=grant]")) > 0 ||
		a.Attr("main a.button", "href") != "/sign-in?next=%2fb%2f"+i.ID.String()+"%2ftake" {
		t.Errorf("a visitor gets status %d and a button to %q", a.Status, a.Attr("main a.button", "href"))
	}
	if a := s.visitor().WithSession("kim").Get(path(i, "take")); a.Status != 403 || !strings.Contains(a.Text("main"), "not on the list") {
		t.Errorf("who is not on the list gets status %d: %s", a.Status, a.Text("main"))
	}
	robin := s.visitor().WithSession("robin")
	ways := robin.Get(path(i, "take"))
	salt, err := s.Salt(ctx, i.Roll, "robin")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := hex.DecodeString(salt)
	if err != nil {
		t.Fatal(err)
	}
	line := leaf.Commitment([32]byte(raw), "robin")
	if text := ways.Text("main"); !strings.Contains(text, salt) || !strings.Contains(text, hex.EncodeToString(line[:])) {
		t.Errorf("the line cannot be checked: %s", text)
	}
	first := code(t, robin.Post(path(i, "take"), filled(t, ways)...))
	if again := robin.Post(path(i, "take"), filled(t, robin.Get(path(i, "take")))...); again.Status != 422 {
		t.Errorf("a second page: status %d: %s", again.Status, again.Text("main"))
	}
	s.counts(i, 1, 1)
	if a := visitor.Post(path(i, "mine"), "code", first, "do", "look"); !strings.Contains(a.Text("main"), "It is counted.") {
		t.Errorf("the code says %s", a.Text("main"))
	}
}

// TestWrongTimes is about boxes that are not open, or not there.
func TestWrongTimes(t *testing.T) {
	s := one(t)
	early := s.open(box.GateBrowser, leaf.Box{Opens: dbtest.Now.Add(time.Hour).Unix()})
	late := s.open(box.GateBrowser, leaf.Box{Closes: dbtest.Now.Add(time.Hour).Unix()})
	ended := s.open(box.GateBrowser, leaf.Box{})
	b := s.visitor()
	form := filled(t, b.Get(path(late, "take")))
	over := filled(t, b.Get(path(ended, "take")))
	first := code(t, b.Post(path(ended, "take"), over...))
	s.Clock.Add(time.Hour - time.Second)
	if a := b.Get(path(early, "take")); a.Status != 409 {
		t.Errorf("early: status %d", a.Status)
	}
	s.Clock.Add(time.Second)
	if err := s.Close(ctx, ended.ID); err != nil {
		t.Fatal(err)
	}
	if a := b.Get(path(early, "take")); a.Status != 200 {
		t.Errorf("at its time: status %d", a.Status)
	}
	for _, i := range []*box.Info{late, ended} {
		for _, page := range []string{"take", "paste"} {
			if a := b.Post(path(i, page), form...); a.Status != 410 || !strings.Contains(a.Text("main"), "has closed") {
				t.Errorf("%s after its end: status %d", page, a.Status)
			}
		}
		if a := b.Get(path(i, "take")); a.Status != 410 {
			t.Errorf("after its end: status %d", a.Status)
		}
	}
	s.counts(late, 0, 0)
	if a := b.Post(path(ended, "mine"), "code", first, "do", "look"); a.Status != 200 || !strings.Contains(a.Text("main"), "It is counted.") {
		t.Errorf("looking after the end: status %d: %s", a.Status, a.Text("main"))
	}
	if a := b.Post(path(ended, "mine"), "code", first, "do", "withdraw"); a.Status != 410 {
		t.Errorf("taking back after the end: status %d", a.Status)
	}
	s.counts(ended, 1, 1)
	s.hidden = true
	for _, page := range []string{"take", "mine", "paste", "ticket.json", "offline.html", "said/" + strings.Repeat("0", 64)} {
		for _, p := range []string{path(early, page), "/b/" + strings.Repeat("a", 26) + "/" + page, "/b/nothing/" + page} {
			if a := b.Get(p); a.Status != 404 {
				t.Errorf("%s: status %d", p, a.Status)
			}
		}
	}
}

// TestForeign uses what one box gave for another, and what was made up.
func TestForeign(t *testing.T) {
	s := one(t)
	i, other := s.open(box.GateEmail, leaf.Box{}), s.open(box.GateBrowser, leaf.Box{})
	b := s.visitor()
	ways := b.Get(path(other, "take"))
	for name, grant := range map[string]string{"another box": hidden(t, ways, "grant"), "made up": "abc", "nothing": ""} {
		a := b.Post(path(i, "take"), "step", "assist", "key", hidden(t, ways, "key"), "grant", grant)
		if a.Status != 422 || len(a.All("#email")) != 1 {
			t.Errorf("%s: status %d: %s", name, a.Status, a.Text("main"))
		}
		a = b.Post(path(i, "paste"), "grant", grant, "blinded", s.client(i).request())
		if a.Status != 422 || !strings.Contains(a.Text("main"), "begin again") {
			t.Errorf("pasted, %s: status %d: %s", name, a.Status, a.Text("main"))
		}
	}
	for _, step := range []string{"mail", "code", "nonsense", ""} {
		if a := b.Post(path(other, "take"), "step", step, "code", "x", "email", "sam@example.org"); a.Status != 200 || len(a.All("input[name=grant]")) == 0 {
			t.Errorf("step %q at a gate without it: status %d", step, a.Status)
		}
	}
	if a := b.Post(path(other, "take"), "step", "assist", "key", "short", "grant", hidden(t, ways, "grant")); a.Status != 200 || len(a.All("#code")) > 0 {
		t.Errorf("a broken form: status %d: %s", a.Status, a.Text("main"))
	}
	s.counts(i, 0, 0)
	s.counts(other, 0, 0)
}

// TestScripted does what the page's script does: its answers may be lost, and it
// counts once.
func TestScripted(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i := s.open(box.GateBrowser, leaf.Box{})
		b := s.visitor()
		ways := b.Get(path(i, "take"))
		grant := ways.Attr("#take", "data-grant")
		c := s.client(i)
		c.issue(b, grant)
		b1 := c.Sign(c.issue(b, grant))
		for _, want := range []string{`"again":false`, `"again":true`} {
			a := s.visitor().Do("POST", path(i, "cast"), strings.NewReader(string(b1)), "Content-Type", "application/octet-stream")
			if a.Status != 201 || !strings.Contains(a.Body, want) {
				t.Errorf("status %d: %s", a.Status, a.Body)
			}
		}
		s.counts(i, 1, 1)
		key := c.Public()
		h := tlog.RecordHash(b1)
		said := path(i, "said/"+hex.EncodeToString(key[:]))
		if a := s.visitor().Get(said); a.Body != `{"known":true,"counter":0,"live":true,"done":false,"leaf":"`+hex.EncodeToString(h[:])+`"}`+"\n" {
			t.Errorf("status %d: %s", a.Status, a.Body)
		}
		if a := s.visitor().Get(path(i, "said/"+strings.Repeat("0", 64))); !strings.Contains(a.Body, `"known":false`) {
			t.Errorf("of an unknown key: %s", a.Body)
		}
		if a := s.visitor().Get(path(i, "said/00")); a.Status != 404 {
			t.Errorf("of no key: status %d", a.Status)
		}
		if a := s.visitor().WithSession("robin").Get(said); a.Status != 400 {
			t.Errorf("asked with a cookie: status %d", a.Status)
		}
		s.verified(i, 1)
	})
}

// TestPaste carries request and statement to and fro by hand.
func TestPaste(t *testing.T) {
	s := one(t)
	i := s.open(box.GateMembers, leaf.Box{}, "robin")
	robin := s.visitor().WithSession("robin")
	if a := robin.Get(path(i, "paste")); a.Status != 200 || len(a.All("#blinded")) > 0 || len(a.All("#leaf")) != 1 {
		t.Errorf("without a grant: status %d: %s", a.Status, a.Text("main"))
	}
	grant := hidden(t, robin.Get(path(i, "take")), "grant")
	c := s.client(i)
	for name, pasted := range map[string]string{
		"nothing": "", "half of it": c.request()[:100], "words": "what is this?", "too large": strings.Repeat("/", 340) + "/w==",
	} {
		a := robin.Post(path(i, "paste"), "grant", grant, "blinded", pasted)
		if a.Status != 422 || a.Text("#blinded-error") == "" || hidden(t, a, "grant") != grant || a.Text("#blinded") != pasted {
			t.Errorf("%s: status %d: %s", name, a.Status, a.Text("main"))
		}
	}
	s.counts(i, 0, 0)
	wrapped := c.request()[:76] + "\r\n" + c.request()[76:]
	answer := robin.Post(path(i, "paste"), "grant", grant, "blinded", wrapped).Text("#answer")
	if again := robin.Post(path(i, "paste"), "grant", grant, "blinded", c.request()).Text("#answer"); again != answer {
		t.Error("asked again, the answer is another one")
	}
	if a := robin.Post(path(i, "paste"), "grant", grant, "blinded", s.client(i).request()); a.Status != 422 || !strings.Contains(a.Text("main"), "already") {
		t.Errorf("another request: status %d: %s", a.Status, a.Text("main"))
	}
	statement := base64.StdEncoding.EncodeToString(c.Sign(c.auth(answer)))
	if a := robin.Post(path(i, "cast"), "leaf", statement); a.Status != 400 {
		t.Errorf("a statement with a cookie: status %d", a.Status)
	}
	s.counts(i, 0, 1)
	a := s.visitor().Post(path(i, "cast"), "leaf", statement)
	if a.Status != 303 || s.visitor().Get(a.Location).Status != 200 {
		t.Errorf("status %d to %s", a.Status, a.Location)
	}
	// Who asks for the receipt has put it in.
	for _, named := range []webtest.Answer{
		robin.Get(a.Location, "Accept", "application/json"),
		s.visitor().Get(a.Location, "Accept", "application/json", "Authorization", "Bearer x"),
	} {
		if named.Status != 400 || !strings.Contains(named.Body, "box.named") {
			t.Errorf("status %d: %s", named.Status, named.Body)
		}
	}
	s.counts(i, 1, 1)
	s.verified(i, 1)
}
