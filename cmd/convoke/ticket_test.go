package main

import (
	"crypto/rand"
	"encoding/json"
	"testing"

	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
	"convoke/internal/record/sealed/sealedtest"
	"convoke/internal/record/take"
	"convoke/internal/record/wallet"
)

// TestTicketOfPages reads a ticket as pages of a node write it.
func TestTicketOfPages(t *testing.T) {
	t.Parallel()
	if _, err := readTicket(`{"box":"x"`); err == nil {
		t.Error("half a ticket was read")
	}
	open, roll := []byte{1, byte(leaf.KindOpen), 'x'}, []byte{1, byte(leaf.KindRoll), 'y'}
	if _, err := rand.Read(open[2:]); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(take.Ticket{Box: leaf.IDOf(open).String(), Roll: leaf.IDOf(roll).String(), Open: open, Rolls: roll})
	if err != nil {
		t.Fatal(err)
	}
	var got ticket
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := ticket{Box: leaf.IDOf(open).String(), Roll: leaf.IDOf(roll).String(), Open: open, Rolls: roll}
	if got.Box != want.Box || got.Roll != want.Roll || string(got.Open) != string(want.Open) || string(got.Rolls) != string(want.Rolls) {
		t.Errorf("the command line reads %+v from what the page writes as %s", got, text)
	}
}

// TestWalletSeals: where trustees open the votes, a ballot leaves the command line
// sealed, and taking it back does not.
func TestWalletSeals(t *testing.T) {
	t.Parallel()
	tr, secrets, err := sealedtest.Run("node.example", 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	m, err := tr.Manifest(3)
	if err != nil {
		t.Fatal(err)
	}
	code, err := wallet.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const origin = "node.example/b/x"
	v, p := &vote{box: leaf.Box{Sealed: m}}, code.Part("node.example/r/x", 0)
	body, err := v.shut(origin, p, 4, leaf.Ballot([]byte{2, 0, 1}))
	if err != nil || m.CheckBody(body) != nil {
		t.Fatalf("it makes %x, %v", body, err)
	}
	var shares []sealed.Share
	for _, s := range secrets {
		x, err := s.Share(tr)
		if err != nil {
			t.Fatal(err)
		}
		shares = append(shares, x)
	}
	k, err := sealed.Rebuild(tr, shares)
	if err != nil {
		t.Fatal(err)
	}
	if paper, err := k.Open(origin, p.Public(), 4, body); err != nil || string(paper) != "\x02\x00\x01" {
		t.Errorf("it opens as %x, %v", paper, err)
	}
	if body, err := v.shut(origin, p, 5, leaf.Withdraw()); err != nil || string(body) != string(leaf.Withdraw()) {
		t.Errorf("taken back: %x, %v", body, err)
	}
}
