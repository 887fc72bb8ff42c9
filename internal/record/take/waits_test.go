package take_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/take"
)

// TestWaits is about boxes whose statements wait for others.
func TestWaits(t *testing.T) {
	s := one(t)
	i := s.open(box.GateBrowser, leaf.Box{MinBatch: 2})
	b := s.visitor()
	if text := b.Get(path(i, "take")).Text("main"); !strings.Contains(text, "wait until 2 people have come") || strings.Contains(text, "counted at once") {
		t.Errorf("the page says %s", text)
	}
	if at := s.open(box.GateBrowser, leaf.Box{}); !strings.Contains(b.Get(path(at, "take")).Text("main"), "counted at once") {
		t.Error("the page does not say that nobody waits")
	}
	done := b.Post(path(i, "take"), filled(t, b.Get(path(i, "take")))...)
	first := code(t, done)
	if text := done.Text("main"); !strings.Contains(text, "It waits for others") || !strings.Contains(text, "It is not in the record yet.") {
		t.Errorf("the page says %s", text)
	}
	if a := b.Post(path(i, "mine"), "code", first, "do", "look"); a.Status != 422 || !strings.Contains(a.Text("main"), "may wait for others") {
		t.Errorf("status %d: %s", a.Status, a.Text("main"))
	}
	b.Post(path(i, "take"), filled(t, b.Get(path(i, "take")))...)
	s.Stop() // commits what waits
	s.counts(i, 2, 2)
}

// until waits for what happens after an answer.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("in vain, for a minute")
		}
	}
}

// TestChangesWait: one statement of a code waits, the first, and who sends another
// gets to know it.
func TestChangesWait(t *testing.T) {
	s := one(t)
	s.kind, s.ask = leaf.PledgeTo, &take.PledgeAsk{Do: "Bring a bench"}
	i := s.open(box.GateBrowser, leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, MinBatch: 2})
	b := s.visitor()
	form := filled(t, b.Get(path(i, "take")), "threshold", "2")
	done := b.Post(path(i, "take"), form...)
	first := code(t, done)
	again := b.Post(path(i, "take"), append(form[:len(form)-1:len(form)-1], "3")...)
	if code(t, again) != first || !strings.Contains(again.Text("main"), "It is not in the record yet.") {
		t.Errorf("status %d: %s", again.Status, again.Text("main"))
	}
	b.Post(path(i, "take"), filled(t, b.Get(path(i, "take")), "threshold", "2")...)
	until(t, func() bool { return s.numbers(i).Counted == 2 })
	change := func(n string) (int, string) {
		a := b.Post(path(i, "mine"), "code", first, "do", "change", "threshold", n)
		return a.Status, a.Text("main")
	}
	for range 2 { // the same form again is one
		if status, text := change("5"); status != 200 || !strings.Contains(text, "It waits for others") {
			t.Errorf("status %d: %s", status, text)
		}
	}
	if status, text := change("7"); status != 422 || !strings.Contains(text, "still waits for others") {
		t.Errorf("status %d: %s", status, text)
	}
	s.Stop()
	if a := b.Post(path(i, "mine"), "code", first, "do", "look"); !strings.Contains(a.Text("main"), "waits for 5 people") {
		t.Errorf("status %d: %s", a.Status, a.Text("main"))
	}
}

// TestPasteWaits: who pastes a statement is told that it waits, and gets the receipt
// with the same statement afterwards.
func TestPasteWaits(t *testing.T) {
	s := one(t)
	i := s.open(box.GateBrowser, leaf.Box{MinBatch: 2})
	b, c := s.visitor(), s.client(i)
	grant := hidden(t, b.Get(path(i, "take")), "grant")
	answer := b.Post(path(i, "paste"), "grant", grant, "blinded", c.request()).Text("#answer")
	statement := base64.StdEncoding.EncodeToString(c.Sign(c.auth(answer)))
	a := s.visitor().Post(path(i, "cast"), "leaf", statement)
	page := s.visitor().Get(a.Location)
	if text := page.Text("main"); a.Status != 303 || page.Status != 200 || !strings.Contains(text, "It is not in the record yet.") ||
		!strings.Contains(text, "Put the same statement in again then") {
		t.Errorf("status %d to %s: %d %s", a.Status, a.Location, page.Status, text)
	}
	if text := s.visitor().Get(path(i, "paste")).Text("main"); strings.Contains(text, "not in the record yet") {
		t.Errorf("who has put nothing in reads %s", text)
	}
	b.Post(path(i, "take"), filled(t, b.Get(path(i, "take")))...)
	until(t, func() bool { return s.numbers(i).Counted == 2 })
	a = s.visitor().Post(path(i, "cast"), "leaf", statement)
	if r := s.visitor().Get(a.Location); a.Status != 303 || !strings.HasPrefix(r.Body, "c2sp.org/tlog-proof@v1") {
		t.Errorf("status %d to %s: %.80s", a.Status, a.Location, r.Body)
	}
	s.counts(i, 2, 2)
}
