package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"convoke/internal/record/leaf"
	"convoke/internal/record/wallet"
)

// walletCmd takes part from the command line: what the server gives and gets is
// pasted, so that no script of the server sees the code.
type walletCmd struct {
	New  walletNew  `cmd:"" help:"Make a code."`
	Show walletShow `cmd:"" help:"Check a code and show its key for a box."`
	Sign walletSign `cmd:"" help:"Make the request for a credential, or the statement that goes into the box."`
}

type walletNew struct{}

// Run prints a code.
func (walletNew) Run(_ context.Context, p *program) error {
	c, err := wallet.New(rand.Reader)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.err, "One code serves everywhere: it gives each box another key. Write it down. Whoever has it can take part, change and take back in your place:")
	_, err = fmt.Fprintln(p.out, c)
	return err
}

// ticket is what a page of the node gives to paste: the leaves that opened box and
// roll, as base64.
type ticket struct {
	Box   string `json:"box"`
	Roll  string `json:"roll"`
	Open  []byte `json:"open"`
	Rolls []byte `json:"roll_open"`
	Grant string `json:"grant,omitempty"`
}

// vote is a ticket that was read and believed.
type vote struct {
	ticket
	id, roll leaf.ID
	box      leaf.Box
	manifest leaf.RollManifest
}

func readTicket(text string) (*vote, error) {
	v := &vote{}
	if err := json.Unmarshal([]byte(text), &v.ticket); err != nil {
		return nil, fmt.Errorf("the ticket is not complete; copy it again from { to }: %w", err)
	}
	v.id, v.roll = leaf.IDOf(v.Open), leaf.IDOf(v.Rolls)
	if v.id.String() != v.Box || v.roll.String() != v.Roll {
		return nil, errors.New("the ticket is for another box than it says")
	}
	o, err := leaf.DecodeOpen(v.Open)
	if err != nil {
		return nil, err
	}
	if v.box, err = leaf.ParseBox(o.Manifest); err != nil {
		return nil, err
	}
	r, err := leaf.DecodeRoll(v.Rolls)
	if err != nil {
		return nil, err
	}
	if v.manifest, err = leaf.ParseRoll(r.Manifest); err != nil {
		return nil, err
	}
	if v.box.Roll != v.Roll || int(v.box.Slot) >= len(v.manifest.Keys) {
		return nil, errors.New("the box belongs to another roll")
	}
	return v, nil
}

// part is what a code is for the box.
func (v *vote) part(c wallet.Code) *wallet.Part {
	return c.Part(leaf.RollOrigin(v.manifest.Node, v.roll), v.box.Slot)
}

// readLines reads the code from the first line of standard input and the ticket
// from the rest: neither is ever an argument, which others could read.
func (p *program) readLines() (wallet.Code, *vote, string, error) {
	in := bufio.NewScanner(p.in)
	in.Buffer(nil, 1<<20)
	if !in.Scan() {
		return wallet.Code{}, nil, "", usageError{errors.New("give the code in the first line of standard input, and the ticket below")}
	}
	c, err := wallet.Parse(in.Text())
	if err != nil {
		return c, nil, "", usageError{err}
	}
	var rest []string
	for in.Scan() {
		rest = append(rest, in.Text())
	}
	text := strings.Join(rest, "\n")
	end := strings.LastIndexByte(text, '}') + 1
	if end == 0 {
		return c, nil, "", nil
	}
	v, err := readTicket(text[:end])
	if err != nil {
		return c, nil, "", usageError{err}
	}
	return c, v, strings.TrimSpace(text[end:]), in.Err()
}

type walletShow struct{}

// Help is shown by convoke wallet show --help.
func (walletShow) Help() string {
	return "Reads the code from the first line of standard input and, below it, a ticket of the box, if there is one."
}

// Run prints what the code is.
func (walletShow) Run(_ context.Context, p *program) error {
	c, v, _, err := p.readLines()
	if err != nil {
		return err
	}
	fmt.Fprintln(p.out, "The code is complete.")
	if v == nil {
		return nil
	}
	_, err = fmt.Fprintf(p.out, "box %s\nkey %x\n", v.Box, v.part(c).Public())
	return err
}

type walletSign struct {
	Counter   uint32 `help:"Number of this statement; higher than that of the last." default:"1"`
	Threshold uint32 `help:"Of a pledge: how many people it takes, with yourself." default:"1"`
	Part      uint16 `help:"Of a pledge: the number of the place or group, from 0."`
	Withdraw  bool   `help:"Take back what was said."`
	Done      bool   `help:"Say that it was done."`
}

// Help is shown by convoke wallet sign --help.
func (walletSign) Help() string {
	return `Standard input has the code in its first line and below it the ticket from the page of the box.
First run: prints the request to paste into that page. Second run, with the page's answer below the ticket: prints
the statement to paste into the box, best later and over another connection. Changing or taking back needs no answer.`
}

// Run prints the request or the statement.
func (s *walletSign) Run(_ context.Context, p *program) error {
	c, v, answer, err := p.readLines()
	if err != nil {
		return err
	}
	if v == nil {
		return usageError{errors.New("the ticket is missing: copy it from the page of the box")}
	}
	part := v.part(c)
	origin := leaf.BoxOrigin(v.manifest.Node, v.id)
	if s.Withdraw || s.Done {
		body := leaf.Withdraw()
		if s.Done {
			body = leaf.Done()
		}
		return p.printLeaf(v, part.Say(origin, nil, s.Counter, body))
	}
	keys, err := v.manifest.SlotKeys()
	if err != nil {
		return err
	}
	b, err := part.Request(keys[v.box.Slot], v.manifest.Registrar, v.roll, v.box.Slot)
	if err != nil {
		return err
	}
	if answer == "" {
		_, err = fmt.Fprintln(p.out, base64.StdEncoding.EncodeToString(b.Message))
		return err
	}
	signed, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(answer), ""))
	if err != nil {
		return usageError{fmt.Errorf("the answer is not complete; copy it again: %w", err)}
	}
	auth, err := b.Finalize(signed)
	if err != nil {
		return fmt.Errorf("the server did not sign what was asked: %w", err)
	}
	if v.box.Takes == leaf.TakesSign {
		return p.printLeaf(v, part.Sign(auth))
	}
	return p.printLeaf(v, part.Say(origin, auth, s.Counter, leaf.Pledge{Threshold: s.Threshold, Part: s.Part}.Encode()))
}

func (p *program) printLeaf(v *vote, b []byte) error {
	if v.box.MinBatch > 1 {
		fmt.Fprintf(p.err, "Statements of this box wait until %d people have come, a quarter of an hour at most. If the page says that yours waits, or the\n"+
			"answer is 202 with \"pending\": true, it is not counted yet. Put the same one in again after that time: it counts once.\n", v.box.MinBatch)
	}
	_, err := fmt.Fprintln(p.out, base64.StdEncoding.EncodeToString(b))
	return err
}
