package verify_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/record/recordtest"
	"convoke/internal/record/sealed"
	"convoke/internal/record/sealed/sealedtest"
)

// opened is the report of sealed.py.
type opened struct {
	Hash, Key, Wrong, Text string
	Void, Opens            bool
	Trustees, Need         uint8
	Names, Checks          []string
	Papers                 []*string
}

func sealedPy(t testing.TB, in []byte) opened {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("python3 is missing: scripts/setup-debian installs it")
		}
		t.Skip("python3 is missing")
	}
	f := filepath.Join(t.TempDir(), "case.json")
	must(t, os.WriteFile(f, in, 0o600))
	out, err := exec.CommandContext(t.Context(), "python3", "-I", "sealed.py", f).Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var r opened
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v: %s", err, exit.Stderr)
	}
	if (exit != nil) != (r.Wrong != "") {
		t.Fatalf("it says %q and ends with %v", r.Wrong, exit)
	}
	return r
}

// sealedCase is what sealed.py reads.
type sealedCase struct {
	Transcript [][]byte         `json:"transcript"`
	Shares     [][2]any         `json:"shares,omitempty"`
	Ballots    []map[string]any `json:"ballots,omitempty"`
	Manifest   *sealed.Manifest `json:"manifest,omitempty"`
	Node       string           `json:"node"`
}

func (c sealedCase) run(t testing.TB) opened {
	t.Helper()
	b, err := json.Marshal(c)
	must(t, err)
	return sealedPy(t, b)
}

func trustees(t testing.TB, n, need uint8) (*sealed.Transcript, []*sealed.Secret) {
	t.Helper()
	tr, secrets, err := sealedtest.Run(recordtest.Node, n, need)
	must(t, err)
	return tr, secrets
}

func shareOf(t testing.TB, s *sealed.Secret, tr *sealed.Transcript) sealed.Share {
	t.Helper()
	x, err := s.Share(tr)
	must(t, err)
	return x
}

// TestSecondOpensBallots opens ballots by a program that shares only docs/sealed.md, from
// a transcript and shares of any trustees, and finds the same ones spoiled.
func TestSecondOpensBallots(t *testing.T) {
	t.Parallel()
	tr, secrets := trustees(t, 4, 3)
	m, err := tr.Manifest(33)
	must(t, err)
	keys, err := tr.Keys()
	must(t, err)
	c := sealedCase{Transcript: tr.Messages(), Manifest: m, Node: recordtest.Node}
	var all []sealed.Share
	for _, i := range []int{3, 0, 2} {
		s := shareOf(t, secrets[i], tr)
		all = append(all, s)
		c.Shares = append(c.Shares, [2]any{s.Seat, hex.EncodeToString(s.Secret[:])})
	}
	key, err := sealed.Rebuild(tr, all)
	must(t, err)
	var want []*string
	ballot := func(counter uint32, change func(b []byte) []byte, paper string) {
		voter := [32]byte{5, byte(counter)}
		body, err := m.Seal("node.example/b/x", voter, counter, []byte(paper))
		must(t, err)
		body = change(body)
		c.Ballots = append(c.Ballots, map[string]any{"origin": "node.example/b/x", "key": hex.EncodeToString(voter[:]), "counter": counter, "body": body})
		got, err := key.Open("node.example/b/x", voter, counter, body)
		if errors.Is(err, sealed.ErrSpoiled) {
			want = append(want, nil)
			return
		}
		must(t, err)
		text := hex.EncodeToString(got)
		want = append(want, &text)
	}
	same := func(b []byte) []byte { return b }
	ballot(1, same, "")
	ballot(1<<32-1, same, "a paper")
	ballot(3, same, strings.Repeat("z", 33))
	ballot(4, func(b []byte) []byte { b[0] = 2; return b }, "")
	ballot(5, func(b []byte) []byte { b[1] = 3; return b }, "")
	ballot(6, func(b []byte) []byte { b[30] ^= 1; return b }, "")
	ballot(7, func(b []byte) []byte { b[len(b)-20] ^= 1; return b }, "")
	ballot(8, func(b []byte) []byte { b[len(b)-1] ^= 128; return b }, "")
	ballot(9, func(b []byte) []byte { return b[:83] }, "")
	r := c.run(t)
	if d := cmp.Diff(want, r.Papers); d != "" || !r.Opens {
		t.Errorf("%s: %s", r.Wrong, d)
	}
	var checks []string
	for _, p := range keys.Checks {
		checks = append(checks, hex.EncodeToString(p[:]))
	}
	if r.Hash != tr.HashText() || r.Key != base64.StdEncoding.EncodeToString(keys.Public) || !slices.Equal(r.Checks, checks) || len(r.Names) != 4 {
		t.Errorf("it reads %+v", r)
	}
	few := c
	few.Shares = c.Shares[1:]
	if r := few.run(t); r.Opens || r.Wrong != "" {
		t.Errorf("two of three open it: %+v", r)
	}
	bad := all[1]
	bad.Secret[9] ^= 1
	few.Shares = [][2]any{c.Shares[0], {bad.Seat, hex.EncodeToString(bad.Secret[:])}, c.Shares[2]}
	if r := few.run(t); !strings.Contains(r.Wrong, "trustee 1: its share is wrong") {
		t.Errorf("a wrong share: %+v", r)
	}
	c.Node = "other.example"
	if r := c.run(t); !strings.Contains(r.Wrong, "another node") {
		t.Errorf("another node: %+v", r)
	}
}

// TestSecondRefusesTranscripts changes a transcript at many places, and lets both read
// each: neither takes any.
func TestSecondRefusesTranscripts(t *testing.T) {
	t.Parallel()
	tr, _ := trustees(t, 2, 2)
	right := tr.JSON()
	if r := sealedPy(t, right); r.Wrong != "" || r.Hash != tr.HashText() {
		t.Fatalf("a right transcript: %+v", r)
	}
	for i := 3; i < len(right); i += 67 {
		bad := slices.Clone(right)
		bad[i] ^= 1
		if _, err := sealed.Parse(bad); err == nil || sealedPy(t, bad).Wrong == "" {
			t.Errorf("byte %d can be changed: %v", i, err)
		}
	}
	for n := range tr.Messages() { // each beginning is one that is not done
		c := sealedCase{Transcript: tr.Messages()[:n]}
		if r := c.run(t); (r.Wrong == "") != (n > 0) || r.Key != "" {
			t.Errorf("%d messages: %+v", n, r)
		}
	}
}

// TestSecondSeesComplaint: both find that a complaint is right, and the run void.
func TestSecondSeesComplaint(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/sealed-vectors.json")
	must(t, err)
	type run struct{ Transcript, Hash string }
	var v struct {
		Done run
		Void []run
	}
	must(t, json.Unmarshal(text, &v))
	for _, r := range v.Void {
		if r := sealedPy(t, []byte(r.Transcript)); !r.Void || !strings.Contains(r.Wrong, "trustee 1 ") {
			t.Errorf("%+v", r)
		}
	}
	if len(v.Void) < 2 {
		t.Error("runs are missing")
	}
	if r := sealedPy(t, []byte(v.Done.Transcript)); r.Hash != v.Done.Hash {
		t.Errorf("%+v", r)
	}
}

// TestSecondRFC9180 opens the published vector.
func TestSecondRFC9180(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../internal/record/sealed/testdata/rfc9180-a3.json")
	must(t, err)
	var v struct {
		Info, PkEm, SkRm, Pt string
		Encryptions          []struct{ Aad, Ct string }
	}
	must(t, json.Unmarshal(text, &v))
	for i, e := range v.Encryptions {
		in, err := json.Marshal(map[string]any{"hpke": map[string]string{"secret": v.SkRm, "enc": v.PkEm, "info": v.Info, "aad": e.Aad, "ct": e.Ct}})
		must(t, err)
		if r := sealedPy(t, in); (r.Text == v.Pt) != (i == 0) {
			t.Errorf("message %d opens as %q", i, r.Text)
		}
	}
}
