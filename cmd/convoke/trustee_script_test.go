package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"convoke/internal/app"
	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
	"convoke/internal/record/sealed/sealedtest"
	"convoke/internal/record/tally"
)

func transcriptOf(ts *testscript.TestScript, file string) *sealed.Transcript {
	t, err := sealed.Parse([]byte(ts.ReadFile(file)))
	ts.Check(err)
	return t
}

// sealedPollCmd is "sealedpoll DIR TRANSCRIPT": it opens a poll of these trustees in the
// node of that folder. $BOX is its id afterwards.
func sealedPollCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sealedpoll DIR TRANSCRIPT")
	}
	m, err := transcriptOf(ts, args[1]).Manifest(100)
	ts.Check(err)
	inNode(ts, args[0], func(ctx context.Context, n *app.Node) {
		d, err := n.Boxes.Prepare(ctx, box.RollInput{Gate: box.GateBrowser})
		ts.Check(err)
		ts.Check(n.DB.Write(ctx, func(tx *db.Tx) error {
			if err := n.Boxes.StoreRoll(ctx, tx, d); err != nil {
				return err
			}
			b, err := n.Boxes.Open(ctx, tx, d.ID, 0, leaf.Box{
				Type: leaf.Poll, Takes: leaf.TakesSay, Text: strings.Repeat("0", 64), Opens: time.Now().Unix(), Closes: time.Now().Add(time.Hour).Unix(), Sealed: m, Poll: &tally.Rules{Method: tally.YesNo, Options: 1},
			})
			ts.Setenv("BOX", b.String())
			return err
		}))
		ts.Check(n.Record.Anchor(ctx))
	})
}

// closePollCmd is "closepoll DIR [MESSAGE...]": it closes $BOX, if it is open, and writes
// what trustees release into the record.
func closePollCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: closepoll DIR [MESSAGE...]")
	}
	id, err := leaf.ParseID(ts.Getenv("BOX"))
	ts.Check(err)
	inNode(ts, args[0], func(ctx context.Context, n *app.Node) {
		i, err := n.Boxes.Info(ctx, id)
		ts.Check(err)
		if len(args) == 1 {
			ts.Check(n.Boxes.Close(ctx, i.ID))
		}
		for _, f := range args[1:] {
			l := releaseIn(ts, f)
			ts.Check(n.DB.Write(ctx, func(tx *db.Tx) error {
				_, err := n.Record.Append(ctx, tx, record.NodeLog, l.Encode())
				return err
			}))
		}
		ts.Check(n.Record.Anchor(ctx))
	})
}

func releaseIn(ts *testscript.TestScript, file string) leaf.Release {
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(ts.ReadFile(file)))
	ts.Check(err)
	l, err := leaf.DecodeRelease(b)
	ts.Check(err)
	if l.Box.String() != ts.Getenv("BOX") {
		ts.Fatalf("a share of box %s", l.Box)
	}
	return l
}

// releasesCmd is "releases TRANSCRIPT MESSAGE...": what trustees released opens a ballot;
// with "!" there are too few of them.
func releasesCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: releases TRANSCRIPT MESSAGE...")
	}
	t := transcriptOf(ts, args[0])
	var all []sealed.Share
	for _, f := range args[1:] {
		l := releaseIn(ts, f)
		all = append(all, sealed.Share{Seat: l.Trustee, Secret: l.Share})
	}
	k, err := sealed.Rebuild(t, all)
	if neg {
		if !errors.Is(err, sealed.ErrFew) {
			ts.Fatalf("too few shares: %v", err)
		}
		return
	}
	ts.Check(err)
	m, err := t.Manifest(100)
	ts.Check(err)
	b, err := m.Seal("node/b/x", [32]byte{1}, 1, []byte("a paper"))
	ts.Check(err)
	paper, err := k.Open("node/b/x", [32]byte{1}, 1, b)
	ts.Check(err)
	if string(paper) != "a paper" {
		ts.Fatalf("it opens as %q", paper)
	}
}

// TestTranscriptFromAddress reads what a node offers at an address.
func TestTranscriptFromAddress(t *testing.T) {
	t.Parallel()
	tr, _, err := sealedtest.Run("node.example", 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	var out, warn bytes.Buffer
	asked := ""
	p := &program{in: strings.NewReader(""), out: &out, err: &warn, get: func(_ context.Context, address, _ string) ([]byte, error) {
		asked = address
		if strings.HasSuffix(address, "nothing") {
			return nil, errors.New("it does not answer")
		}
		return tr.JSON(), nil
	}}
	const address = "https://node.example/b/x/trustees.json"
	if code := p.run(t.Context(), []string{"trustee", "show", address}); code != exitOK || asked != address || !strings.Contains(out.String(), tr.HashText()) {
		t.Errorf("%d: %s%s", code, out.String(), warn.String())
	}
	if code := p.run(t.Context(), []string{"trustee", "show", "https://node.example/nothing"}); code != exitUsage || !strings.Contains(warn.String(), "does not answer") {
		t.Errorf("%d: %s", code, warn.String())
	}
}

// TestSecretsArePrivate looks at the file of a trustee after each step.
func TestSecretsArePrivate(t *testing.T) {
	t.Parallel()
	f := t.TempDir() + "/secret"
	if err := os.WriteFile(f, []byte("old"), 0o644); err != nil { //nolint:gosec // on purpose
		t.Fatal(err)
	}
	if err := privately(f, []byte("new")); err != nil {
		t.Fatal(err)
	}
	i, err := os.Stat(f)
	if err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("it has %v, %v", i.Mode(), err)
	}
	if err := privately(t.TempDir()+"/none/secret", nil); err == nil {
		t.Error("it was written nowhere")
	}
}
