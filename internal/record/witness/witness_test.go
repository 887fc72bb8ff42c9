package witness_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	fwitness "github.com/transparency-dev/formats/witness"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/record"
	"convoke/internal/record/recordtest"
	"convoke/internal/record/witness"
)

var ctx = context.Background()

// other is a log of somebody else, which may lie.
type other struct {
	t      *testing.T
	signer note.Signer
	vkey   string
	hashes []tlog.Hash
	n      int64
}

const origin = "other.example/log"

func newOther(t *testing.T) *other {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	vkey, err := note.NewEd25519VerifierKey(origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	seed := base64.StdEncoding.EncodeToString(append([]byte{1}, key.Seed()...))
	s, err := note.NewSigner("PRIVATE+KEY+" + origin + "+" + strings.Split(vkey, "+")[1] + "+" + seed)
	if err != nil {
		t.Fatal(err)
	}
	return &other{t: t, signer: s, vkey: vkey}
}

func (o *other) ReadHashes(x []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(x))
	for i, n := range x {
		out[i] = o.hashes[n]
	}
	return out, nil
}

func (o *other) grow(leaves ...string) *other {
	for _, l := range leaves {
		h, err := tlog.StoredHashes(o.n, []byte(l), o)
		if err != nil {
			o.t.Fatal(err)
		}
		o.hashes = append(o.hashes, h...)
		o.n++
	}
	return o
}

// request is one for the log of a size, from an old one.
func (o *other) request(old, size int64, signers ...note.Signer) string {
	o.t.Helper()
	root, err := tlog.TreeHash(size, o)
	if err != nil {
		o.t.Fatal(err)
	}
	if signers == nil {
		signers = []note.Signer{o.signer}
	}
	cp, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", origin, size, root)}, signers...)
	if err != nil {
		o.t.Fatal(err)
	}
	out := fmt.Sprintf("old %d\n", old)
	if old > 0 && old < size {
		p, err := tlog.ProveTree(size, old, o)
		if err != nil {
			o.t.Fatal(err)
		}
		for _, h := range p {
			out += h.String() + "\n"
		}
	}
	return out + "\n" + string(cp)
}

func open(t *testing.T, s *recordtest.Stand, vkeys ...string) *witness.Witness {
	t.Helper()
	logs, err := witness.ParseLogs(strings.Join(vkeys, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	w, err := witness.Open(ctx, witness.Deps{DB: s.DB, Vault: s.Vault, Node: s.Node, Logs: logs})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func add(t *testing.T, w *witness.Witness, body string, want int) witness.Answer {
	t.Helper()
	a, err := w.Add(ctx, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if a.Status != want {
		t.Errorf("it answers %d %s, want %d", a.Status, a.Body, want)
	}
	return a
}

// TestAnswers goes through what the protocol says about each request.
func TestAnswers(t *testing.T) {
	recordtest.Each(t, func(t *testing.T, s *recordtest.Stand) {
		log := newOther(t).grow("a", "b", "c", "d", "e", "f", "g")
		w := open(t, s, log.vkey)
		h := sha256.Sum256([]byte(origin))
		latest := func(want int) string {
			t.Helper()
			a, err := w.Latest(ctx, hex.EncodeToString(h[:]))
			if err != nil || a.Status != want {
				t.Errorf("the last checkpoint: %d %v, want %d", a.Status, err, want)
			}
			return a.Body
		}
		latest(404)
		add(t, w, "nonsense", 400)
		add(t, w, strings.ReplaceAll(log.request(0, 3), origin, "unknown.example/log"), 404)
		forged, _, err := note.GenerateKey(nil, origin)
		if err != nil {
			t.Fatal(err)
		}
		stranger, err := note.NewSigner(forged)
		if err != nil {
			t.Fatal(err)
		}
		add(t, w, log.request(0, 3, stranger), 403)
		add(t, w, strings.Replace(log.request(0, 3), "\n3\n", "\n4\n", 1), 403)
		add(t, w, log.request(4, 3), 400)
		if a := add(t, w, log.request(2, 3), 409); a.Body != "0\n" || a.Type != "text/x.tlog.size" {
			t.Errorf("409 says %q as %s", a.Body, a.Type)
		}
		add(t, w, strings.Replace(log.request(0, 3), "\n\n", "\n"+tlog.Hash{}.String()+"\n\n", 1), 422)
		first := add(t, w, log.request(0, 3), 200)
		checkLine(t, w, log.request(0, 3), first.Body)
		checkLine(t, w, latest(200), "")
		add(t, w, log.request(3, 3), 200)
		if a := add(t, w, log.request(0, 5), 409); a.Body != "3\n" {
			t.Errorf("409 says %q", a.Body)
		}
		wrong := newOther(t).grow("a", "x", "c", "d", "e", "f")
		add(t, w, wrong.request(3, 6), 422)
		if a := add(t, w, wrong.request(3, 3), 409); a.Body != "3\n" {
			t.Errorf("another history of the same size gives %q", a.Body)
		}
		add(t, w, log.request(3, 7), 200)
		if a := add(t, w, log.request(3, 5), 409); a.Body != "7\n" {
			t.Errorf("a smaller one gives %q", a.Body)
		}
		add(t, w, log.request(7, 5), 400)
		if a, err := w.Latest(ctx, strings.Repeat("0", 64)); err != nil || a.Status != 404 {
			t.Errorf("the checkpoint of an unknown log: %d %v", a.Status, err)
		}
		if !strings.HasPrefix(latest(200), origin+"\n7\n") {
			t.Error("the last checkpoint is not the largest")
		}
	})
}

// checkLine verifies the answer as a log does, with another program.
func checkLine(t *testing.T, w *witness.Witness, request, lines string) {
	t.Helper()
	p, err := fwitness.ParsePolicy([]byte("witness W " + w.VerifierKey() + " https://example.org/w\nquorum W\n"))
	if err != nil {
		t.Fatal(err)
	}
	cp := request
	if strings.HasPrefix(request, "old ") {
		_, cp, _ = strings.Cut(request, "\n\n")
	}
	if !p.Satisfied([]byte(cp + lines)) {
		t.Errorf("not cosigned:\n%s%s", cp, lines)
	}
}

// TestSameKeyAgain proves that a second process has the same name and key, and
// knows what the first signed.
func TestSameKeyAgain(t *testing.T) {
	recordtest.Each(t, func(t *testing.T, s *recordtest.Stand) {
		log := newOther(t).grow("a", "b")
		one := open(t, s, log.vkey)
		add(t, one, log.request(0, 2), 200)
		s.Node = "renamed.example"
		two := open(t, s, log.vkey)
		if one.VerifierKey() != two.VerifierKey() || !strings.HasPrefix(one.VerifierKey(), recordtest.Node+"/witness+") {
			t.Errorf("keys %s and %s", one.VerifierKey(), two.VerifierKey())
		}
		add(t, two, newOther(t).grow("a", "x").request(0, 2), 409)
	})
}

// TestTwoHistories sends two histories at once to two processes: one is signed.
func TestTwoHistories(t *testing.T) {
	recordtest.Each(t, func(t *testing.T, s *recordtest.Stand) {
		logs := []*other{newOther(t).grow("a", "b", "c"), newOther(t).grow("a", "x", "c", "d")}
		ws := []*witness.Witness{open(t, s, logs[0].vkey), open(t, s, logs[0].vkey)}
		var mu sync.Mutex
		signed := map[int]int{}
		var all sync.WaitGroup
		for n := range 16 {
			all.Go(func() {
				k := n % 2
				a, err := ws[n/2%2].Add(ctx, []byte(logs[k].request(0, logs[k].n)))
				mu.Lock()
				defer mu.Unlock()
				if err == nil && a.Status == 200 {
					signed[k]++
				}
			})
		}
		all.Wait()
		if len(signed) != 1 {
			t.Errorf("signed of each history: %v", signed)
		}
	})
}

// wire posts to handlers in the test; lose makes answers get lost on the way.
type wire struct {
	mu   sync.Mutex
	lose bool
	sent int
}

func (w *wire) Exchange(ctx context.Context, address string, h http.Header, body []byte) (int, []byte, error) {
	w.mu.Lock()
	w.sent++
	lose := w.lose
	w.mu.Unlock()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(string(body)))
	if err != nil {
		return 0, nil, err
	}
	r.Header = h
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if lose {
		return 0, nil, errors.New("the line is dead")
	}
	return resp.StatusCode, b, err
}

// node is one that cosigns others and is cosigned.
type node struct {
	*recordtest.Stand
	w    *witness.Witness
	url  string
	wire *wire
	c    *witness.Collector
}

// twoNodes cosign each other over HTTP.
func twoNodes(t *testing.T, s *recordtest.Stand) (a, b *node) {
	t.Helper()
	dir := t.TempDir()
	o := recordtest.Open(t, dbtest.SQLite(t), dir+"/keys.db", dir+"/head.json")
	nodes := []*node{{Stand: s}, {Stand: o}}
	for i, n := range nodes {
		vkey, err := nodes[1-i].VerifierKey(record.NodeLog)
		if err != nil {
			t.Fatal(err)
		}
		n.w = open(t, n.Stand, vkey)
		srv := httptest.NewServer(n.w.Handler("/witness", func(err error) { t.Error(err) }))
		t.Cleanup(srv.Close)
		n.url = srv.URL + "/witness"
	}
	for i, n := range nodes {
		peer := nodes[1-i]
		p, err := witness.ParsePolicy("witness them " + peer.w.VerifierKey() + " " + peer.url + "\nquorum them\n")
		if err != nil {
			t.Fatal(err)
		}
		n.Witnesses, n.wire = p.Text, &wire{}
		n.c = &witness.Collector{Record: n.Record, Policy: p, Post: n.wire, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	}
	return nodes[0], nodes[1]
}

const box = "b/aaaaaaaaaaaaaaaaaaaaaaaaaa"

func (n *node) grow(t *testing.T, log string, leaves ...string) {
	t.Helper()
	err := n.DB.WriteHot(ctx, log, func(tx *db.Tx) error {
		for _, l := range leaves {
			if _, err := n.Append(ctx, tx, log, []byte(l)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (n *node) witnessed(t *testing.T, log string) (size int64) {
	t.Helper()
	err := n.DB.Read(ctx, func(tx *db.Tx) (err error) {
		size, err = record.Witnessed(ctx, tx, log)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}

func (n *node) published(t *testing.T) (text string, size int64) {
	t.Helper()
	err := n.DB.Read(ctx, func(tx *db.Tx) (err error) {
		text, size, err = n.Published(ctx, tx, record.NodeLog)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text, size
}

// TestCosigned lets two nodes, each of its own engine, cosign each other: what is
// published is what a quorum has signed, and boxes know how much of them that is.
func TestCosigned(t *testing.T) {
	recordtest.Each(t, func(t *testing.T, s *recordtest.Stand) {
		a, b := twoNodes(t, s)
		if err := a.DB.Write(ctx, func(tx *db.Tx) error { return a.Start(ctx, tx, box) }); err != nil {
			t.Fatal(err)
		}
		for round := range 3 {
			a.grow(t, box, "one", "two")
			if got, want := a.witnessed(t, box), int64(2*round); got != want {
				t.Errorf("before anybody was asked, %d leaves are witnessed, want %d", got, want)
			}
			for _, n := range []*node{a, b} {
				if err := errors.Join(n.Anchor(ctx), n.c.Collect(ctx)); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := a.witnessed(t, box), int64(2*round+2); got != want {
				t.Errorf("%d leaves of the box are witnessed, want %d", got, want)
			}
			text, size := a.published(t)
			if size != int64(round+1) || !a.c.Policy.Satisfied([]byte(text)) {
				t.Errorf("published is\n%s", text)
			}
		}
		a.grow(t, record.NodeLog, "not cosigned yet")
		if text, size := a.published(t); size != 3 {
			t.Errorf("published before it was cosigned:\n%s", text)
		}
		sent := a.wire.sent
		if err := errors.Join(a.c.Collect(ctx), a.c.Collect(ctx), a.c.Collect(ctx)); err != nil || a.wire.sent != sent+1 {
			t.Errorf("asked %d times for one line: %v", a.wire.sent-sent, err)
		}
		exported(t, a)
	})
}

// exported proves that files of the record go as far as their checkpoint says.
func exported(t *testing.T, a *node) {
	t.Helper()
	a.grow(t, record.NodeLog, "behind the cosigned part")
	var checkpoint, last string
	err := a.Export(ctx, nil, func(path string, b []byte) error {
		if path == "log/checkpoint" {
			checkpoint = string(b)
		}
		if strings.HasPrefix(path, "log/tile/entries/") {
			last = path
		}
		return nil
	})
	if err != nil || !strings.HasPrefix(checkpoint, recordtest.Node+"/log\n4\n") || last != "log/tile/entries/000.p/4" {
		t.Errorf("exported up to %s with\n%s%v", last, checkpoint, err)
	}
}

// TestLostAnswer proves that an answer that never came costs nothing but time.
func TestLostAnswer(t *testing.T) {
	recordtest.Each(t, func(t *testing.T, s *recordtest.Stand) {
		a, _ := twoNodes(t, s)
		a.grow(t, record.NodeLog, "one", "two")
		a.wire.lose = true
		if err := a.c.Collect(ctx); err == nil || !strings.Contains(err.Error(), "the line is dead") {
			t.Errorf("without a quorum it says %v", err)
		}
		if a.witnessed(t, record.NodeLog) != 0 {
			t.Error("it counts as witnessed")
		}
		a.grow(t, record.NodeLog, "three")
		a.wire.lose = false
		if err := a.c.Collect(ctx); err != nil {
			t.Fatal(err)
		}
		if got := a.witnessed(t, record.NodeLog); got != 3 {
			t.Errorf("%d lines are witnessed, want 3", got)
		}
		var asked []witness.Asked
		err := a.DB.Read(ctx, func(tx *db.Tx) (err error) {
			asked, err = witness.AllAsked(ctx, tx)
			return err
		})
		if err != nil || len(asked) != 1 || asked[0].Why != "" || asked[0].Size != 3 {
			t.Errorf("asked: %+v %v", asked, err)
		}
	})
}

// TestOlderCopy lets a node lose its last lines and write others: no witness signs,
// and it says why.
func TestOlderCopy(t *testing.T) {
	recordtest.Each(t, func(t *testing.T, s *recordtest.Stand) {
		a, b := twoNodes(t, s)
		a.grow(t, record.NodeLog, "one", "two", "three")
		if err := a.c.Collect(ctx); err != nil {
			t.Fatal(err)
		}
		cosigned, _ := a.published(t)
		rewrite := func(leaves ...string) {
			err := a.DB.Write(ctx, func(tx *db.Tx) error {
				for _, q := range []string{"delete from record_tail", "delete from record_log", "delete from record_asked"} {
					if _, err := tx.Exec(ctx, q); err != nil {
						return err
					}
				}
				return a.Start(ctx, tx, record.NodeLog)
			})
			if err != nil {
				t.Fatal(err)
			}
			a.grow(t, record.NodeLog, leaves...)
		}
		for _, x := range []struct {
			leaves []string
			why    string
		}{
			{[]string{"one", "two"}, "more than the 2 here"},
			{[]string{"one", "two", "other"}, "two histories"},
			{[]string{"one", "two", "other", "four"}, "answers 422"},
		} {
			rewrite(x.leaves...)
			if err := a.c.Collect(ctx); err == nil || !strings.Contains(err.Error(), x.why) {
				t.Errorf("with %v it says %v, want %q", x.leaves, err, x.why)
			}
			if a.witnessed(t, record.NodeLog) != 0 {
				t.Errorf("%v was cosigned", x.leaves)
			}
		}
		rewrite("one", "two", "three", "four")
		if err := a.c.Collect(ctx); err != nil {
			t.Errorf("what extends the true history is refused: %v", err)
		}
		h := sha256.Sum256([]byte(recordtest.Node + "/log"))
		last, err := b.w.Latest(ctx, hex.EncodeToString(h[:]))
		if err != nil || !strings.HasPrefix(last.Body, recordtest.Node+"/log\n4\n") || cosigned == "" {
			t.Errorf("the witness remembers\n%s%v", last.Body, err)
		}
	})
}
