package sealed

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write docs/sealed-vectors.json")

const vectorsFile = "../../../docs/sealed-vectors.json"

// vectors are what docs/sealed-vectors.json has.
type vectors struct {
	About    string    `json:"about"`
	Done     run       `json:"done"`
	Void     []run     `json:"void"`
	Node     string    `json:"node"`
	Manifest *Manifest `json:"manifest"`
	Shares   []vShare  `json:"shares"`
	Secret   string    `json:"secret"`
	Ballots  []vBallot `json:"ballots"`
}

type run struct {
	Transcript string   `json:"transcript"`
	Hash       string   `json:"hash"`
	Checks     []string `json:"checks,omitempty"`
	Dealer     uint8    `json:"dealer,omitempty"`
}

type vShare struct {
	Seat  uint8  `json:"seat"`
	Share string `json:"share"`
}

type vBallot struct {
	Origin  string  `json:"origin"`
	Key     string  `json:"key"`
	Counter uint32  `json:"counter"`
	Body    []byte  `json:"body"`
	Paper   *string `json:"paper"` // null is spoiled
}

// TestVectors reads the published vectors as anybody would. What is sealed is sealed
// anew each time, so they are made once and kept.
func TestVectors(t *testing.T) {
	t.Parallel()
	if *update {
		writeVectors(t)
	}
	text, err := os.ReadFile(vectorsFile)
	must(t, err)
	var v vectors
	must(t, json.Unmarshal(text, &v))
	tr, err := Parse([]byte(v.Done.Transcript))
	must(t, err)
	k, err := tr.Keys()
	must(t, err)
	must(t, v.Manifest.Fits(tr, v.Node))
	if tr.HashText() != v.Done.Hash {
		t.Error("the hash differs")
	}
	var shares []Share
	for i, s := range v.Shares {
		shares = append(shares, Share{s.Seat, [32]byte(unhex(t, s.Share))})
		if hex.EncodeToString(k.Checks[s.Seat-1][:]) != v.Done.Checks[i] {
			t.Errorf("the point of share %d differs", s.Seat)
		}
	}
	key, err := Rebuild(tr, shares[1:])
	must(t, err)
	private, err := key.private.Bytes()
	must(t, err)
	if hex.EncodeToString(private) != v.Secret {
		t.Error("the key differs")
	}
	spoiled := 0
	for i, b := range v.Ballots {
		paper, err := key.Open(b.Origin, [32]byte(unhex(t, b.Key)), b.Counter, b.Body)
		if b.Paper == nil {
			spoiled++
		}
		if (b.Paper == nil) != errors.Is(err, ErrSpoiled) || b.Paper != nil && hex.EncodeToString(paper) != *b.Paper {
			t.Errorf("ballot %d: %x, %v", i, paper, err)
		}
	}
	if spoiled == 0 || spoiled == len(v.Ballots) {
		t.Errorf("%d of %d ballots are spoiled", spoiled, len(v.Ballots))
	}
	for _, r := range v.Void {
		void, err := Parse([]byte(r.Transcript))
		must(t, err)
		var why VoidError
		if _, err := void.Done(); !errors.As(err, &why) || why.Dealer != r.Dealer || void.HashText() != r.Hash {
			t.Errorf("a void run: %v", err)
		}
	}
}

func writeVectors(t *testing.T) {
	w := done(t, "vectors", 3, 2)
	m, err := w.t.Manifest(24)
	must(t, err)
	v := vectors{
		About: "Test vectors for docs/sealed.md: go test ./internal/record/sealed -run TestVectors -update", Node: "node.example", Manifest: m,
		Done: run{Transcript: string(w.t.JSON()), Hash: w.t.HashText()},
	}
	k, err := w.t.Keys()
	must(t, err)
	shares := w.shares(t)
	for i, s := range shares {
		v.Shares = append(v.Shares, vShare{s.Seat, hex.EncodeToString(s.Secret[:])})
		v.Done.Checks = append(v.Done.Checks, hex.EncodeToString(k.Checks[i][:]))
	}
	key, err := Rebuild(w.t, shares)
	must(t, err)
	private, err := key.private.Bytes()
	must(t, err)
	v.Secret = hex.EncodeToString(private)
	voter := [32]byte{1, 2, 3}
	add := func(counter uint32, paper string, change func([]byte)) {
		body, err := m.Seal(origin, voter, counter, []byte(paper))
		must(t, err)
		text := hex.EncodeToString([]byte(paper))
		b := vBallot{origin, hex.EncodeToString(voter[:]), counter, body, &text}
		if change != nil {
			change(b.Body)
			b.Paper = nil
		}
		v.Ballots = append(v.Ballots, b)
	}
	add(1, "yes", nil)
	add(2, "", nil)
	add(1<<32-1, "a paper of 24 bytes, yes", nil)
	add(4, "yes", func(b []byte) { b[80] ^= 1 })
	add(5, "yes", func(b []byte) { copy(b[1:66], make([]byte, 65)) })
	for _, f := range []func(*testing.T, *world) []byte{wrongly, nothing} {
		w := begin(t, "void", 3, 2)
		bad := f(t, w)
		must(t, w.t.Add(bad))
		for _, s := range w.secrets[1:] {
			d, err := s.MakeDeal(w.t)
			must(t, err)
			must(t, w.t.Add(d))
		}
		c, _, err := w.secrets[1].MakeCheck(w.t)
		must(t, err)
		must(t, w.t.Add(c))
		v.Void = append(v.Void, run{Transcript: string(w.t.JSON()), Hash: w.t.HashText(), Dealer: 1})
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", " ")
	must(t, e.Encode(v))
	must(t, os.WriteFile(vectorsFile, out.Bytes(), 0o644)) //nolint:gosec // published
}
