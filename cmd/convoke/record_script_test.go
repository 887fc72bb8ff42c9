package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"convoke/internal/app"
	"convoke/internal/config"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
)

// inNode opens the node in a folder of the script.
func inNode(ts *testscript.TestScript, dir string, f func(ctx context.Context, n *app.Node)) {
	c, err := config.Load(config.Source{Flags: map[string]string{"data": ts.MkAbs(dir)}})
	ts.Check(err)
	ctx := context.Background()
	n, err := app.Open(ctx, c, slog.New(slog.NewTextHandler(io.Discard, nil)), app.Options{})
	ts.Check(err)
	defer func() { ts.Check(n.Close()) }()
	f(ctx, n)
}

// petitionCmd is "petition DIR N TICKET [LEAST]": it opens a petition in the node of
// that folder, lets N people sign it, and writes the ticket that a page would show to
// one more. $BOX is its id afterwards. LEAST statements wait for each other.
func petitionCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: petition DIR N TICKET [LEAST]")
	}
	people, err := strconv.Atoi(args[1])
	ts.Check(err)
	least := 0
	if len(args) > 3 {
		least, err = strconv.Atoi(args[3])
		ts.Check(err)
	}
	m := leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign, Opens: time.Now().Unix(), MinBatch: least}
	openBox(ts, args[0], args[2], m, func(ctx context.Context, n *app.Node, i *box.Info) error {
		for range people {
			if err := signOnce(ctx, n, i); err != nil {
				return err
			}
		}
		return nil
	})
}

// openBox opens a box, lets others take part, and writes its ticket with a grant.
func openBox(ts *testscript.TestScript, dir, file string, m leaf.Box, others func(context.Context, *app.Node, *box.Info) error) {
	m.Text, m.Closes = strings.Repeat("0", 64), m.Opens+3600
	inNode(ts, dir, func(ctx context.Context, n *app.Node) {
		d, err := n.Boxes.Prepare(ctx, box.RollInput{Gate: box.GateBrowser})
		ts.Check(err)
		var b leaf.ID
		ts.Check(n.DB.Write(ctx, func(tx *db.Tx) (err error) {
			if err := n.Boxes.StoreRoll(ctx, tx, d); err != nil {
				return err
			}
			b, err = n.Boxes.Open(ctx, tx, d.ID, 0, m)
			return err
		}))
		i, err := n.Boxes.Info(ctx, b)
		ts.Check(err)
		ts.Check(others(ctx, n, i))
		ts.Check(n.Record.Anchor(ctx))
		t := ticket{Box: b.String(), Roll: d.ID.String()}
		t.Grant, err = n.Boxes.AdmitAnybody(ctx, d.ID, n.IDs.Secret())
		ts.Check(err)
		ts.Check(n.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.Get(ctx, "select b.manifest, r.manifest from box b join roll r on r.id = b.roll_id where b.id = $1", []any{t.Box}, &t.Open, &t.Rolls)
		}))
		text, err := json.Marshal(t)
		ts.Check(err)
		writeTo(ts, file, string(text))
		ts.Setenv("BOX", t.Box)
	})
}

func signOnce(ctx context.Context, n *app.Node, i *box.Info) error {
	v, err := boxtest.Anybody(ctx, n.Boxes, i, n.IDs.Secret())
	if err != nil {
		return err
	}
	_, err = n.Boxes.Cast(ctx, i.ID, v.Signs())
	return err
}

// issueCmd is "issue DIR TICKET REQUEST ANSWER": what the page does with a pasted
// request; with "!" it is refused because the box is frozen.
func issueCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 4 {
		ts.Fatalf("usage: issue DIR TICKET REQUEST ANSWER")
	}
	var t ticket
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &t))
	blinded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(ts.ReadFile(args[2])))
	ts.Check(err)
	inNode(ts, args[0], func(ctx context.Context, n *app.Node) {
		roll, err := leaf.ParseID(t.Roll)
		ts.Check(err)
		out, err := n.Boxes.Issue(ctx, roll, box.IssueInput{Grant: t.Grant, Slots: 1, Blinded: [][]byte{blinded}})
		if neg {
			if !fault.HasCode(err, "box.frozen") {
				ts.Fatalf("issuing gives %v", err)
			}
			return
		}
		ts.Check(err)
		writeTo(ts, args[3], base64.StdEncoding.EncodeToString(out[0])+"\n")
	})
}

// castCmd is "cast DIR STATEMENT": it puts a pasted statement into $BOX; with "!" it
// is refused.
func castCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: cast DIR STATEMENT")
	}
	b, reason := pastedStatement(ts, args[1])
	inNode(ts, args[0], func(ctx context.Context, n *app.Node) {
		id, err := leaf.ParseID(ts.Getenv("BOX"))
		ts.Check(err)
		_, err = n.Boxes.CastWith(ctx, id, b, reason)
		if (err != nil) != neg {
			ts.Fatalf("casting gives %v", err)
		}
		ts.Check(n.Record.Anchor(ctx))
	})
}

// pastedStatement is a leaf as base64, or with its reason as JSON.
func pastedStatement(ts *testscript.TestScript, file string) ([]byte, *box.Reason) {
	text := strings.TrimSpace(ts.ReadFile(file))
	if !strings.HasPrefix(text, "{") {
		b, err := base64.StdEncoding.DecodeString(text)
		ts.Check(err)
		return b, nil
	}
	var p struct {
		Leaf, Salt []byte
		Reason     string
	}
	ts.Check(json.Unmarshal([]byte(text), &p))
	return p.Leaf, &box.Reason{Salt: [32]byte(p.Salt), Text: p.Reason}
}

// pollCmd is "poll DIR METHOD OPTIONS TICKET [early]": it opens a secret poll in the node
// of that folder, in an hour when it is early, and writes its ticket. $BOX is its id
// afterwards.
func pollCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: poll DIR METHOD OPTIONS TICKET [early]")
	}
	options, err := strconv.Atoi(args[2])
	ts.Check(err)
	r := tally.Rules{Method: args[1], Options: options}
	for o := range options {
		if options > 1 {
			r.Lots = append(r.Lots, o)
		}
	}
	switch r.Method {
	case tally.Score:
		r.Max = 10
	case tally.Check:
		r.Max = 5
	}
	m := leaf.Box{Type: leaf.Poll, Takes: leaf.TakesSay, Poll: &r, Opens: time.Now().Unix(), Freeze: len(args) > 4}
	if m.Freeze {
		m.Opens += 3600
	}
	openBox(ts, args[0], args[3], m, func(context.Context, *app.Node, *box.Info) error { return nil })
}

// activateCmd is "activate DIR STATEMENT": it shows a credential of $BOX.
func activateCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: activate DIR STATEMENT")
	}
	b, _ := pastedStatement(ts, args[1])
	inNode(ts, args[0], func(ctx context.Context, n *app.Node) {
		id, err := leaf.ParseID(ts.Getenv("BOX"))
		ts.Check(err)
		i, err := n.Boxes.Info(ctx, id)
		ts.Check(err)
		ts.Check(n.Boxes.Activate(ctx, i.Roll, b))
		l, err := leaf.DecodeActivate(b)
		ts.Check(err)
		ok, err := n.Boxes.Activated(ctx, i, l.Key)
		ts.Check(err)
		if !ok {
			ts.Fatalf("the key is not known")
		}
	})
}

// joinCmd is "join OUT FILE...".
func joinCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: join OUT FILE...")
	}
	var b strings.Builder
	for _, f := range args[1:] {
		b.WriteString(strings.TrimSuffix(ts.ReadFile(f), "\n") + "\n")
	}
	writeTo(ts, args[0], b.String())
}

// flipCmd is "flip FILE N": it changes one bit of byte N.
func flipCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip FILE N")
	}
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	b := []byte(ts.ReadFile(args[0]))
	b[at] ^= 1
	writeTo(ts, args[0], string(b))
}

// filesCmd is "files DIR": it serves a folder at $URL while the script runs.
func filesCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: files DIR")
	}
	srv := httptest.NewServer(http.FileServer(http.Dir(ts.MkAbs(args[0]))))
	ts.Defer(srv.Close)
	ts.Setenv("URL", srv.URL)
}

func writeTo(ts *testscript.TestScript, name, text string) {
	ts.Check(toFile(ts.MkAbs(name), func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader([]byte(text)))
		return err
	}))
}
