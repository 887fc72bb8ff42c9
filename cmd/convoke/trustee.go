package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
	"convoke/internal/record/verify"
)

// trusteeCmd is what a trustee of a sealed poll does. Each step reads what was said so
// far and prints one message to paste into the page of the poll.
type trusteeCmd struct {
	New     trusteeNew     `cmd:"" help:"Take a seat: make the secret of this poll, and print the message that says so."`
	Deal    trusteeDeal    `cmd:"" help:"When all have taken their seats: print the shares of the others, sealed to each of them."`
	Check   trusteeCheck   `cmd:"" help:"When all have dealt: check your shares, and print the confirmation, or the complaint."`
	Release trusteeRelease `cmd:"" help:"When the poll has closed: print your share, which helps to open the ballots."`
	Show    trusteeShow    `cmd:"" help:"Show who the trustees are and what is missing."`
	Begin   trusteeBegin   `cmd:"" help:"Without a page: begin a transcript."`
	Add     trusteeAdd     `cmd:"" help:"Without a page: check a message from standard input, and add it to a transcript."`
}

// Help is shown by convoke trustee --help.
func (trusteeCmd) Help() string {
	return `The ballots of a sealed poll can be opened by some of its trustees together, once it has closed, and by nobody before.
TRANSCRIPT is a file, or the https:// address of the poll's trustees.json. Each step prints one message on standard
output, to be pasted into the page of the poll. The file with the secret stays on your machine, and is needed until
the ballots are open: keep a copy of it after each step.`
}

// transcriptArg is the argument of most steps.
type transcriptArg struct {
	Transcript string `arg:"" help:"What was said so far: a file, or an address (https://...)."`
}

func (a transcriptArg) read(ctx context.Context, p *program) (*sealed.Transcript, error) {
	var b []byte
	var err error
	if strings.HasPrefix(a.Transcript, "https://") || strings.HasPrefix(a.Transcript, "http://") {
		b, err = p.get(ctx, a.Transcript, "application/json")
	} else {
		b, err = os.ReadFile(a.Transcript) //nolint:gosec // the file that was asked for
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("read the transcript: %w", err)}
	}
	t, err := sealed.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("read the transcript: %w", err)
	}
	return t, nil
}

// secretFlag names the file of a trustee.
type secretFlag struct {
	Secret string `required:"" help:"The file with your secret." placeholder:"FILE"`
}

// readSecret reads a file, or for "-" from in where there is one.
func readSecret(file string, in io.Reader) (*sealed.Secret, error) {
	var b []byte
	var err error
	switch {
	case file == "-" && in == nil:
		err = errors.New("this step changes it, so it must be a file")
	case file == "-":
		b, err = io.ReadAll(io.LimitReader(in, 1<<16))
	default:
		b, err = os.ReadFile(file) //nolint:gosec // the file that was asked for
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("read the secret: %w", err)}
	}
	s, err := sealed.ParseSecret(b)
	if err != nil {
		return nil, usageError{fmt.Errorf("read the secret: %w", err)}
	}
	return s, nil
}

// both reads secret and transcript for a step that changes the secret.
func (f secretFlag) both(ctx context.Context, p *program, a transcriptArg) (*sealed.Secret, *sealed.Transcript, error) {
	s, err := readSecret(f.Secret, nil)
	if err != nil {
		return nil, nil, err
	}
	t, err := a.read(ctx, p)
	return s, t, err
}

// store writes the secret before a message leaves: what was said must not be forgotten.
func (f secretFlag) store(s *sealed.Secret) error {
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return fmt.Errorf("store the secret: %w", err)
	}
	return privately(f.Secret, append(b, '\n'))
}

// privately writes a file that only its owner reads, whole or not at all.
func privately(path string, b []byte) error {
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // the file that was asked for
	if err != nil {
		return fmt.Errorf("store the secret: %w", err)
	}
	if err = f.Chmod(0o600); err == nil { // it may have been there before
		_, err = f.Write(b)
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("store the secret: %w", err), os.Remove(part))
	}
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("store the secret: %w", err)
	}
	return nil
}

func (p *program) printMessage(b []byte) error {
	_, err := fmt.Fprintln(p.out, base64.StdEncoding.EncodeToString(b))
	return err
}

// who lists the trustees as far as they are known.
func who(w io.Writer, t *sealed.Transcript) {
	for seat := uint8(1); seat <= t.Setup().Trustees; seat++ {
		if j := t.Join(seat); j != nil {
			fmt.Fprintf(w, "  %d  %s  %s\n", seat, base64.StdEncoding.EncodeToString(j.Identity[:]), j.Name)
		} else {
			fmt.Fprintf(w, "  %d  nobody yet\n", seat)
		}
	}
}

type trusteeNew struct {
	secretFlag
	transcriptArg
	Seat     uint8  `required:"" help:"The number of your seat, from 1."`
	Name     string `required:"" help:"The name of your organisation, as others know it."`
	Identity string `help:"The secret of an earlier poll, whose identity you keep (default: a new one)." placeholder:"FILE"`
}

// Run takes a seat.
func (c *trusteeNew) Run(ctx context.Context, p *program) error {
	if _, err := os.Lstat(c.Secret); err == nil {
		return usageError{fmt.Errorf("%s is there already, and is not overwritten", c.Secret)}
	}
	t, err := c.read(ctx, p)
	if err != nil {
		return err
	}
	var identity []byte
	if c.Identity != "" {
		old, err := readSecret(c.Identity, p.in)
		if err != nil {
			return err
		}
		identity = old.Identity
	}
	s, err := sealed.NewSecret(rand.Reader, t, c.Seat, c.Name, identity)
	if err != nil {
		return err
	}
	id, err := s.PublicIdentity()
	if err != nil {
		return err
	}
	if err := c.store(s); err != nil {
		return err
	}
	fmt.Fprintf(p.err, "Keep %s and a copy of it, and show it to nobody. Publish your identity where people know that it is you:\n  %s\nPaste this into the page of the poll:\n",
		c.Secret, base64.StdEncoding.EncodeToString(id[:]))
	return p.printMessage(s.Join)
}

type trusteeDeal struct {
	secretFlag
	transcriptArg
}

// Run deals.
func (c *trusteeDeal) Run(ctx context.Context, p *program) error {
	s, t, err := c.both(ctx, p, c.transcriptArg)
	if err != nil {
		return err
	}
	m, err := s.MakeDeal(t)
	if err != nil {
		return err
	}
	if err := c.store(s); err != nil {
		return err
	}
	fmt.Fprintln(p.err, "These are the trustees. Each identity must be the one that the organisation itself has published:")
	who(p.err, t)
	fmt.Fprintln(p.err, "If they are, paste this into the page of the poll:")
	return p.printMessage(m)
}

type trusteeCheck struct {
	secretFlag
	transcriptArg
}

// Run checks.
func (c *trusteeCheck) Run(ctx context.Context, p *program) error {
	s, t, err := c.both(ctx, p, c.transcriptArg)
	if err != nil {
		return err
	}
	m, wrong, err := s.MakeCheck(t)
	if err != nil {
		return err
	}
	if err := c.store(s); err != nil {
		return err
	}
	if wrong != nil {
		fmt.Fprintf(p.err, "Your shares are not right: %s.\nThis is your complaint. With it anybody sees that it is so, and all begin again without that trustee. Your secret is of no use any more:\n", wrong)
	} else {
		fmt.Fprintln(p.err, "All your shares are right. Keep a copy of your secret until the ballots are open, and paste this into the page of the poll:")
	}
	return p.printMessage(m)
}

type trusteeRelease struct {
	secretFlag
	transcriptArg
	Record string `required:"" help:"The public record with the poll's end: the address of the node, a folder, or a zip file." placeholder:"TARGET"`
	Box    string `required:"" help:"The poll." placeholder:"ID"`
	Key    string `help:"The key of the node's log, as you or others have kept it; otherwise the one that it shows now." placeholder:"KEY"`
	Early  bool   `help:"The poll was closed before its time, as its page said it could be."`
	// Unwitnessed is for nodes that nobody watches.
	Unwitnessed bool `help:"Give it although only the node itself says that the poll has closed."`
}

// Help is shown by convoke trustee release --help.
func (trusteeRelease) Help() string {
	return `Looks into the node's log first: a share is given only for the poll that names this transcript, and only when that poll
has closed, its time is over by the clock of this machine, and enough witnesses have signed that it is closed. A server could
show you another log than it shows others: compare with other trustees, and with --key. Read the secret from standard input with --secret=-.`
}

// Run gives the share.
func (c *trusteeRelease) Run(ctx context.Context, p *program) error {
	s, err := readSecret(c.Secret, p.in)
	if err != nil {
		return err
	}
	t, err := c.read(ctx, p)
	if err != nil {
		return err
	}
	share, err := s.Share(t)
	if err != nil {
		return err
	}
	id, err := leaf.ParseID(c.Box)
	if err != nil {
		return usageError{err}
	}
	if err := c.closed(ctx, p, t); err != nil {
		return err
	}
	fmt.Fprintln(p.err, "The poll has closed. This is your share; paste it into the page of the poll:")
	return p.printMessage(leaf.Release{Box: id, Trustee: share.Seat, Share: share.Secret}.Encode())
}

// closed refuses as long as anybody could still vote.
func (c *trusteeRelease) closed(ctx context.Context, p *program, t *sealed.Transcript) error {
	src, _, closer, err := verify.Open(c.Record)
	if err != nil {
		return usageError{err}
	}
	defer closer.Close()
	e, err := verify.Ended(ctx, src, verify.Options{Box: c.Box, Key: c.Key})
	if err != nil {
		return fmt.Errorf("look into the record: %w", err)
	}
	if e.Manifest.Sealed == nil || e.Manifest.Sealed.Fits(t, e.Manifest.Node) != nil {
		return errors.New("this poll has other trustees than the transcript")
	}
	switch {
	case !e.Closed:
		return errors.New("the poll has not closed yet; with your share its ballots could be read while people vote")
	case time.Now().Unix() < e.Manifest.Closes && !c.Early:
		return errors.New("by its rules people can vote until " + time.Unix(e.Manifest.Closes, 0).UTC().Format(time.DateTime) + " UTC. If it was closed before that, see that others say so too, and add --early")
	case e.Witnesses && !e.Cosigned:
		return errors.New("not enough witnesses have signed that the poll has closed; try again in a few minutes")
	case !e.Witnesses && !c.Unwitnessed:
		return errors.New("this node has no witnesses: only its own word says that the poll has closed. If you take that word, add --unwitnessed")
	}
	return nil
}

type trusteeShow struct {
	transcriptArg
}

// Run shows a transcript.
func (c *trusteeShow) Run(ctx context.Context, p *program) error {
	t, err := c.read(ctx, p)
	if err != nil {
		return err
	}
	if t.Setup() == nil {
		return errors.New("the transcript is empty")
	}
	h := t.Hash()
	fmt.Fprintf(p.out, "%d trustees of %s, of whom %d open the ballots:\n", t.Setup().Trustees, t.Setup().Node, t.Setup().Need)
	who(p.out, t)
	switch key, err := t.Done(); {
	case errors.Is(err, sealed.ErrVoid):
		return err
	case err != nil:
		fmt.Fprintf(p.out, "next: %s\n", next(t.Stage()))
	default:
		fmt.Fprintf(p.out, "key %s\ntranscript %s\n", base64.StdEncoding.EncodeToString(key), hex.EncodeToString(h[:]))
	}
	return nil
}

func next(k sealed.Kind) string {
	switch k {
	case sealed.KindJoin:
		return "not all have taken their seats (convoke trustee new)"
	case sealed.KindDeal:
		return "not all have dealt (convoke trustee deal)"
	default:
		return "not all have checked (convoke trustee check)"
	}
}

type trusteeBegin struct {
	Trustees   uint8  `help:"How many there are, 2 to 9." default:"5"`
	Need       uint8  `help:"How many of them open the ballots." default:"3"`
	Node       string `required:"" help:"The name of the node whose poll it is, as in its record."`
	Transcript string `arg:"" help:"The file to make."`
}

// Run makes a transcript that has begun.
func (c *trusteeBegin) Run(_ context.Context, _ *program) error {
	if _, err := os.Lstat(c.Transcript); err == nil {
		return usageError{fmt.Errorf("%s is there already, and is not overwritten", c.Transcript)}
	}
	m := sealed.Setup{Trustees: c.Trustees, Need: c.Need, Node: c.Node}
	if _, err := rand.Read(m.Salt[:]); err != nil {
		return err
	}
	t := &sealed.Transcript{}
	if err := t.Add(m.Encode()); err != nil {
		return usageError{err}
	}
	return writeTranscript(c.Transcript, t)
}

// writeTranscript writes it without a line's end: its hash is that of the file.
func writeTranscript(path string, t *sealed.Transcript) error {
	return toFile(path, func(w io.Writer) error {
		_, err := w.Write(t.JSON())
		return err
	})
}

type trusteeAdd struct {
	transcriptArg
}

// Run adds a message to the file of a transcript.
func (c *trusteeAdd) Run(ctx context.Context, p *program) error {
	t, err := c.read(ctx, p)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(p.in, 1<<16))
	if err != nil {
		return err
	}
	m, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		return usageError{fmt.Errorf("the message is not complete; copy it again: %w", err)}
	}
	if err := t.Add(m); err != nil {
		return err
	}
	if strings.HasPrefix(c.Transcript, "https://") {
		return usageError{errors.New("a message is added to a file; paste it into the page of the poll instead")}
	}
	return writeTranscript(c.Transcript, t)
}
