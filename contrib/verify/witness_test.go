package verify_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/record/verify"
)

// cosigner is a witness (C2SP tlog-cosignature).
type cosigner struct {
	name string
	key  ed25519.PrivateKey
}

func newCosigner(name string) cosigner { return cosigner{name, ed25519.NewKeyFromSeed(fixed(name))} }

func (w cosigner) id() []byte {
	h := sha256.Sum256(append([]byte(w.name+"\n\x04"), w.key[32:]...))
	return h[:4]
}

// line names the witness in a policy.
func (w cosigner) line() string {
	return fmt.Sprintf("witness %s %s+%x+%s https://%s/\n", w.name, w.name, w.id(),
		base64.StdEncoding.EncodeToString(append([]byte{4}, w.key[32:]...)), w.name)
}

// cosign adds the witness's signature to a checkpoint.
func (w cosigner) cosign(checkpoint []byte) []byte { return w.cosignAt(checkpoint, 1790000000) }

func (w cosigner) cosignAt(checkpoint []byte, when int64) []byte {
	body, _, _ := bytes.Cut(checkpoint, []byte("\n\n"))
	b := binary.BigEndian.AppendUint64(w.id(), uint64(when))
	b = append(b, ed25519.Sign(w.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s\n", when, body))...)
	return fmt.Appendf(bytes.Clone(checkpoint), "— %s %s\n", w.name, base64.StdEncoding.EncodeToString(b))
}

// TestBothCountWitnesses asks both verifiers what other nodes have cosigned, under
// policies of several witnesses.
func TestBothCountWitnesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	right := build(t, readLogs(t, w.export(t)))
	a, b, c := newCosigner("a.example"), newCosigner("b.example"), newCosigner("c.example")
	forged := c
	forged.key = a.key // under the name of c, by the key of a
	for name, x := range map[string]struct {
		policy  string
		signers []cosigner
		met     bool
	}{
		"one of one":       {"quorum a.example\n", []cosigner{a}, true},
		"nobody":           {"quorum a.example\n", nil, false},
		"another":          {"quorum a.example\n", []cosigner{b}, false},
		"two of three":     {"group g 2 a.example b.example c.example\nquorum g\n", []cosigner{c, a}, true},
		"one of three":     {"group g 2 a.example b.example c.example\nquorum g\n", []cosigner{c}, false},
		"one twice":        {"group g 2 a.example b.example c.example\nquorum g\n", []cosigner{c, c}, false},
		"any":              {"group g any a.example b.example\nquorum g\n", []cosigner{b}, true},
		"all":              {"group g all a.example b.example\nquorum g\n", []cosigner{b}, false},
		"groups of groups": {"group g all a.example b.example\ngroup h any g c.example\nquorum h\n", []cosigner{c}, true},
		"a forged one":     {"group g all a.example c.example\nquorum g\n", []cosigner{a, forged}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := right.with(verify.PolicyPath, []byte(string(right[verify.PolicyPath])+a.line()+b.line()+c.line()+x.policy))
			for _, s := range x.signers {
				m["log/checkpoint"] = s.cosign(m["log/checkpoint"])
			}
			both(t, m, true)
			r, err := verify.Verify(ctx, m, verify.Options{})
			must(t, err)
			got, _ := python(t, m.folder(t))
			if d := cmp.Diff(counts(r), got.counts()); d != "" {
				t.Errorf("first (-) and second (+) verifier differ:\n%s", d)
			}
			for _, b := range got.counts() {
				// The last leaves are anchored before each export.
				if met := b.Unwatched == 0; met != x.met && b.Leaves > 0 {
					t.Errorf("box %s: %d leaves are unwitnessed", b.ID, b.Unwatched)
				}
			}
		})
	}
}

// TestOverHTTP reads a record from a server, and says what is not there and that a
// server does not answer.
func TestOverHTTP(t *testing.T) {
	t.Setenv("NO_PROXY", "127.0.0.1")
	w := newWorld(t, 3)
	m := w.export(t)
	broken := false
	s := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		b, ok := m[strings.TrimPrefix(r.URL.Path, "/")]
		switch {
		case broken:
			http.Error(out, "not now", http.StatusServiceUnavailable)
		case !ok:
			http.NotFound(out, r)
		default:
			_, _ = out.Write(b)
		}
	}))
	defer s.Close()
	ask := func(want int) {
		t.Helper()
		if r, out := python(t, s.URL); r.Exit != want {
			t.Errorf("%d, want %d: %s", r.Exit, want, out)
		}
	}
	ask(0)
	for path := range m {
		if strings.HasPrefix(path, "b/"+w.pledge.ID.String()+"/tile/entries") {
			delete(m, path)
		}
	}
	ask(1)
	broken = true
	ask(2)
	s.Close()
	ask(2)
	if r, _ := python(t, os.DevNull+"/nowhere"); r.Exit != 2 || !slices.ContainsFunc(r.Unchecked, func(u struct{ Where, What string }) bool { return u.What != "" }) {
		t.Errorf("a folder that is not there: %+v", r)
	}
}
