package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"convoke/internal/plaintext"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
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
	Ballot    string `help:"Of a poll: a file with your vote." placeholder:"FILE"`
	Reason    string `help:"Of a reservation or block: a file with its reason, which is published without your name." placeholder:"FILE"`
	Activate  bool   `help:"Of a poll that has not begun: make the text that gets your code ready."`
}

// Help is shown by convoke wallet sign --help.
func (walletSign) Help() string {
	return `Standard input has the code in its first line and below it the ticket from the page of the box.
First run: prints the request to paste into that page. Second run, with the page's answer below the ticket: prints
the statement to paste into the box, best later and over another connection. Changing a vote (with --counter) or taking back needs no answer.

In a poll, write your vote into the file of --ballot, with the numbers that the page gives to the options:
  yes, no or abstain
  agree, aside, reservation or block
  4           how warm it is, where that is asked
  1 3         those that you approve of
  1:7 3:2     points; what is not named has none
  3 > 1 = 4   ranks, the best first; = are equal, where that is allowed
"none" is an abstention where there are options. With --reason FILE the output is JSON, to be pasted or sent whole.
Where voting begins later, run it twice with --activate before, and afterwards with --ballot alone.`
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
	body, reason, err := s.body(p, v, part)
	if err != nil {
		return usageError{err}
	}
	origin := leaf.BoxOrigin(v.manifest.Node, v.id)
	if body, err = v.shut(origin, part, s.Counter, body); err != nil {
		return err
	}
	if s.alone(v, answer) {
		return p.printStatement(v, part, part.Say(origin, nil, s.Counter, body), reason)
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
	switch {
	case s.Activate:
		_, err = fmt.Fprintln(p.out, base64.StdEncoding.EncodeToString(part.Activate(auth)))
		return err
	case v.box.Takes == leaf.TakesSign:
		return p.printStatement(v, part, part.Sign(auth), "")
	case body == nil:
		return usageError{errors.New("write your vote into a file and name it with --ballot")}
	}
	return p.printStatement(v, part, part.Say(origin, auth, s.Counter, body), reason)
}

// shut is the body of a statement: a ballot is sealed where trustees open it.
func (v *vote) shut(origin string, p *wallet.Part, counter uint32, body []byte) ([]byte, error) {
	if v.box.Sealed == nil || leaf.BodyKind(body) != leaf.SayBallot {
		return body, nil
	}
	return v.box.Sealed.Seal(origin, p.Public(), counter, body[1:])
}

// alone reports whether the statement needs no credential: its key is known.
func (s *walletSign) alone(v *vote, answer string) bool {
	return s.Withdraw || s.Done || answer == "" && s.Ballot != "" && (v.box.Freeze || s.Counter > 1)
}

// body is what the statement says; nil when nothing is said, and in a poll before the
// vote is there. What a vote says is shown to whoever makes it.
func (s *walletSign) body(p *program, v *vote, part *wallet.Part) (body []byte, reason string, err error) {
	r := v.box.Poll
	switch {
	case r == nil && (s.Ballot != "" || s.Reason != "" || s.Activate):
		return nil, "", errors.New("--ballot, --reason and --activate are for polls, and this is none")
	case v.box.Takes == leaf.TakesVote:
		return nil, "", errors.New("in this poll one votes by name, on its page")
	case s.Activate && !v.box.Freeze:
		return nil, "", errors.New("this poll needs no --activate")
	case s.Withdraw:
		return leaf.Withdraw(), "", nil
	case s.Done:
		return leaf.Done(), "", nil
	case r == nil:
		return leaf.Pledge{Threshold: s.Threshold, Part: s.Part}.Encode(), "", nil
	case s.Ballot == "":
		return nil, "", nil
	}
	text, err := os.ReadFile(s.Ballot)
	if err != nil {
		return nil, "", err
	}
	paper, err := wallet.ParseBallot(r, string(text))
	if err != nil {
		return nil, "", err
	}
	if reason, err = s.reason(r, paper); err != nil {
		return nil, "", err
	}
	fmt.Fprintf(p.err, "This is your vote: %s\n", wallet.FormatBallot(r, paper))
	return part.Ballot(paper, reason), reason, nil
}

// reason reads the reason of a ballot, and makes sure that it has one where it must, and
// none where it must not.
func (s *walletSign) reason(r *tally.Rules, paper []byte) (string, error) {
	var reason string
	if s.Reason != "" {
		text, err := os.ReadFile(s.Reason)
		if err != nil {
			return "", err
		}
		reason = plaintext.Text(string(text))
		if n := utf8.RuneCountInString(reason); n == 0 || n > box.MaxReason {
			return "", fmt.Errorf("a reason has from 1 to %d characters, and this one %d", box.MaxReason, n)
		}
	}
	switch blocks := r.Method == tally.Consent && paper[0] == tally.Block; {
	case blocks && reason == "":
		return "", errors.New("a block needs its reason: name a file with --reason")
	case reason != "" && !blocks && (r.Method != tally.Consent || paper[0] != tally.Reservation):
		return "", errors.New("only a reservation or a block has a reason")
	}
	return reason, nil
}

// printStatement prints what goes into the box.
func (p *program) printStatement(v *vote, part *wallet.Part, b []byte, reason string) error {
	if reason == "" {
		return p.printLeaf(v, base64.StdEncoding.EncodeToString(b))
	}
	salt := part.Salt(reason)
	text, err := json.Marshal(struct {
		Leaf   []byte `json:"leaf"`
		Salt   []byte `json:"salt"`
		Reason string `json:"reason"`
	}{b, salt[:], reason})
	if err != nil {
		return err
	}
	return p.printLeaf(v, string(text))
}

func (p *program) printLeaf(v *vote, text string) error {
	if v.box.MinBatch > 1 {
		fmt.Fprintf(p.err, "Statements of this box wait until %d people have come, a quarter of an hour at most. If the page says that yours waits, or the\n"+
			"answer is 202 with \"pending\": true, it is not counted yet. Put the same one in again after that time: it counts once.\n", v.box.MinBatch)
	}
	_, err := fmt.Fprintln(p.out, text)
	return err
}
