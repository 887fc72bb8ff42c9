package main

import (
	"crypto/rand"
	"encoding/json"
	"testing"

	"convoke/internal/record/leaf"
	"convoke/internal/record/take"
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
