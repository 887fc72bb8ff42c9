package sealed

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
)

const origin = "node.example/b/aaaaaaaaaaaaaaaaaaaaaaaaaa"

func opener(t tester, seed string) (*Manifest, *Key) {
	w := done(t, seed, 3, 2)
	m, err := w.t.Manifest(40)
	must(t, err)
	k, err := Rebuild(w.t, w.shares(t))
	must(t, err)
	return m, k
}

// A ballot opens where it was put in and nowhere else.
func TestBallot(t *testing.T) {
	t.Parallel()
	m, k := opener(t, "ballot")
	key := [32]byte{1, 2, 3}
	for _, paper := range []string{"", "x", string(bytes.Repeat([]byte{0}, 40)), string(bytes.Repeat([]byte{9}, 40))} {
		b, err := m.Seal(origin, key, 7, []byte(paper))
		must(t, err)
		must(t, m.CheckBody(b))
		if len(b) != overhead+40 {
			t.Errorf("a ballot has %d bytes", len(b))
		}
		if got, err := k.Open(origin, key, 7, b); err != nil || string(got) != paper {
			t.Errorf("%q opens as %q, %v", paper, got, err)
		}
	}
	if _, err := m.Seal(origin, key, 7, make([]byte, 41)); err == nil {
		t.Error("a paper that is too long is sealed")
	}
	b, err := m.Seal(origin, key, 7, []byte("paper"))
	must(t, err)
	spoiled := func(name string, k *Key, origin string, key [32]byte, counter uint32, b []byte) {
		t.Helper()
		if got, err := k.Open(origin, key, counter, b); !errors.Is(err, ErrSpoiled) {
			t.Errorf("%s: it opens as %q, %v", name, got, err)
		}
	}
	_, other := opener(t, "other ballot")
	spoiled("another key", other, origin, key, 7, b)
	spoiled("another box", k, origin+"x", key, 7, b)
	spoiled("another voter", k, origin, [32]byte{9}, 7, b)
	spoiled("another counter", k, origin, key, 8, b)
	for i := range b {
		bad := slices.Clone(b)
		bad[i] ^= 1
		spoiled(fmt.Sprintf("byte %d", i), k, origin, key, 7, bad)
	}
	spoiled("half", k, origin, key, 7, b[:50])
	spoiled("nothing", k, origin, key, 7, nil)
	for _, bad := range [][]byte{nil, b[1:], append([]byte{2}, b[1:]...), append(slices.Clone(b), 0)} {
		if m.CheckBody(bad) == nil {
			t.Errorf("%x has the form of a ballot", bad)
		}
	}
}

// A paper has one padding.
func TestPadding(t *testing.T) {
	t.Parallel()
	m, k := opener(t, "padding")
	public, err := ecdh.P256().NewPublicKey(m.Key)
	must(t, err)
	for name, padded := range map[string][]byte{
		"no zeros":       append([]byte{0, 1, 7, 1}, make([]byte, 38)...),
		"the last byte":  append([]byte{0, 1, 7}, append(make([]byte, 38), 1)...),
		"longer than it": append([]byte{0, 41}, make([]byte, 40)...),
		"much longer":    append([]byte{255, 255}, make([]byte, 40)...),
	} {
		enc, ct, err := seal(public, ballotInfo(origin), ballotAAD([32]byte{1}, 1), padded)
		must(t, err)
		b := append(append([]byte{bodyKind}, enc...), ct...)
		must(t, m.CheckBody(b))
		if _, err := k.Open(origin, [32]byte{1}, 1, b); !errors.Is(err, ErrSpoiled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// rfc9180 is testdata/rfc9180-a3.json.
type rfc9180 struct {
	Info, PkEm, SkEm, PkRm, SkRm, Pt string
	Encryptions                      []struct{ Aad, Ct string }
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	must(t, err)
	return b
}

// The published vectors: our opening gives what RFC 9180 says.
func TestRFC9180(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/rfc9180-a3.json")
	must(t, err)
	var v rfc9180
	must(t, json.Unmarshal(text, &v))
	private, err := ecdh.P256().NewPrivateKey(unhex(t, v.SkRm))
	must(t, err)
	if !bytes.Equal(private.PublicKey().Bytes(), unhex(t, v.PkRm)) {
		t.Error("the public key differs")
	}
	h, err := hpke.NewDHKEMPrivateKey(private)
	must(t, err)
	first := v.Encryptions[0]
	got, err := open(h, append(unhex(t, v.PkEm), unhex(t, first.Ct)...), unhex(t, v.Info), unhex(t, first.Aad))
	if err != nil || hex.EncodeToString(got) != v.Pt {
		t.Errorf("it opens as %x, %v", got, err)
	}
	// The second message of one sender, which this package never makes.
	second := v.Encryptions[1]
	if _, err := open(h, append(unhex(t, v.PkEm), unhex(t, second.Ct)...), unhex(t, v.Info), unhex(t, second.Aad)); err == nil {
		t.Error("a second message opens as the first")
	}
}

func TestManifest(t *testing.T) {
	t.Parallel()
	w := done(t, "manifest", 3, 2)
	m, err := w.t.Manifest(10)
	must(t, err)
	must(t, m.Fits(w.t, "node.example"))
	for name, f := range map[string]func(*Manifest){
		"hash":     func(m *Manifest) { m.Transcript = m.Transcript[1:] },
		"capitals": func(m *Manifest) { m.Transcript = "AA" + m.Transcript[2:] },
		"trustees": func(m *Manifest) { m.Trustees = 10 },
		"need":     func(m *Manifest) { m.Need = 1 },
		"more":     func(m *Manifest) { m.Need = 4 },
		"no room":  func(m *Manifest) { m.Room = 0 },
		"too much": func(m *Manifest) { m.Room = MaxRoom + 1 },
		"key":      func(m *Manifest) { m.Key = m.Key[1:] },
		"point":    func(m *Manifest) { m.Key = append([]byte{4}, make([]byte, 64)...) },
	} {
		bad := *m
		f(&bad)
		if err := bad.Check(); !errors.Is(err, ErrManifest) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := m.Fits(w.t, "other.example"); !errors.Is(err, ErrManifest) {
		t.Errorf("another node: %v", err)
	}
	other := done(t, "manifest 2", 3, 2)
	if err := m.Fits(other.t, "node.example"); !errors.Is(err, ErrManifest) {
		t.Errorf("another transcript: %v", err)
	}
	third := *m
	third.Need = 3
	if err := third.Fits(w.t, "node.example"); !errors.Is(err, ErrManifest) {
		t.Errorf("another number: %v", err)
	}
	if _, err := begin(t, "x", 2, 2).t.Manifest(10); !errors.Is(err, ErrUndone) {
		t.Errorf("not done: %v", err)
	}
	text, err := json.Marshal(m)
	must(t, err)
	t.Logf("%s", text)
}

// BenchmarkOpen opens 10,000 ballots.
func BenchmarkOpen(b *testing.B) {
	m, k := opener(b, "bench")
	body, err := m.Seal(origin, [32]byte{1}, 1, []byte("paper"))
	must(b, err)
	for b.Loop() {
		for range 10_000 {
			if _, err := k.Open(origin, [32]byte{1}, 1, body); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkRun is three of five trustees making a key.
func BenchmarkRun(b *testing.B) {
	for b.Loop() {
		done(b, "bench", 5, 3)
	}
}
