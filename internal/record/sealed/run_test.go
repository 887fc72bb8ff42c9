package sealed

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"filippo.io/bigmod"
	"pgregory.net/rapid"
)

// world is a run in the making.
type world struct {
	t       *Transcript
	secrets []*Secret
}

type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func must(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stream is endless bytes that follow from a seed.
type stream struct{ h [32]byte }

func (s *stream) Read(b []byte) (int, error) {
	for i := range b {
		if i%32 == 0 {
			s.h = sha256.Sum256(s.h[:])
		}
		b[i] = s.h[i%32]
	}
	return len(b), nil
}

func seeded(seed string) io.Reader { return &stream{sha256.Sum256([]byte(seed))} }

// begin is a run with its setup and secrets.
func begin(t tester, seed string, n, need uint8) *world {
	t.Helper()
	w := &world{t: &Transcript{}}
	m := Setup{Trustees: n, Need: need, Salt: [16]byte(sha256Of(seed)), Node: "node.example"}
	must(t, w.t.Add(m.Encode()))
	for seat := uint8(1); seat <= n; seat++ {
		s, err := NewSecret(seeded(fmt.Sprint(seed, seat)), w.t, seat, fmt.Sprintf("Organisation %d", seat), nil)
		must(t, err)
		w.secrets = append(w.secrets, s)
	}
	return w
}

func sha256Of(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return h[:16]
}

// join lets all join, in the order that perm gives.
func (w *world) join(t tester, perm func(int) []int) *world {
	t.Helper()
	for _, i := range perm(len(w.secrets)) {
		must(t, w.t.Add(w.secrets[i].Join))
	}
	return w
}

func (w *world) deal(t tester, perm func(int) []int) *world {
	t.Helper()
	for _, i := range perm(len(w.secrets)) {
		m, err := w.secrets[i].MakeDeal(w.t)
		must(t, err)
		must(t, w.t.Add(m))
	}
	return w
}

func (w *world) check(t tester, perm func(int) []int) *world {
	t.Helper()
	for _, i := range perm(len(w.secrets)) {
		m, wrong, err := w.secrets[i].MakeCheck(w.t)
		must(t, err)
		must(t, wrong)
		must(t, w.t.Add(m))
	}
	return w
}

func inOrder(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func backwards(n int) []int {
	out := inOrder(n)
	slices.Reverse(out)
	return out
}

func done(t tester, seed string, n, need uint8) *world {
	t.Helper()
	return begin(t, seed, n, need).join(t, inOrder).deal(t, inOrder).check(t, inOrder)
}

func (w *world) shares(t tester) []Share {
	t.Helper()
	var out []Share
	for _, s := range w.secrets {
		x, err := s.Share(w.t)
		must(t, err)
		out = append(out, x)
	}
	return out
}

// Any Need of the trustees open what was sealed to their key, in any order; one less
// do not, and the order of messages makes no other transcript.
func TestAnyNeedOpen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint8Range(MinTrustees, 6).Draw(t, "trustees")
		need := rapid.Uint8Range(2, n).Draw(t, "need")
		seed := rapid.String().Draw(t, "seed")
		perm := func(n int) []int { return rapid.Permutation(inOrder(n)).Draw(t, "order") }
		w := begin(t, seed, n, need).join(t, perm).deal(t, perm).check(t, perm)
		again := begin(t, seed, n, need).join(t, inOrder)
		if again.t.Hash() != hashUntil(w.t, KindJoin) {
			t.Fatal("the order of joins changes the hash")
		}
		for _, b := range w.t.Messages() { // deals are sealed anew each time: take the same ones
			must(t, again.t.Add(b))
		}
		if again.t.Hash() != w.t.Hash() {
			t.Fatal("the order of messages changes the hash")
		}
		m, err := w.t.Manifest(20)
		must(t, err)
		must(t, m.Fits(w.t, "node.example"))
		body, err := m.Seal("node.example/b/x", [32]byte{7}, 3, []byte("paper"))
		must(t, err)
		shares := w.shares(t)
		var some []Share
		for _, i := range perm(int(n))[:need] {
			some = append(some, shares[i])
		}
		k, err := Rebuild(w.t, some)
		must(t, err)
		paper, err := k.Open("node.example/b/x", [32]byte{7}, 3, body)
		must(t, err)
		if string(paper) != "paper" {
			t.Fatalf("it opens to %q", paper)
		}
		if _, err := Rebuild(w.t, some[1:]); !errors.Is(err, ErrFew) {
			t.Fatalf("too few open it: %v", err)
		}
		if fewerRebuild(t, w.t, some[1:]) {
			t.Fatal("one less than needed have the key")
		}
	})
}

func hashUntil(t *Transcript, k Kind) [32]byte { return sha256.Sum256(listed(t.until(k))) }

// fewerRebuild joins shares without asking how many it takes.
func fewerRebuild(t tester, tr *Transcript, some []Share) bool {
	k, err := tr.Keys()
	must(t, err)
	var seats []uint8
	for _, s := range some {
		seats = append(seats, s.Seat)
	}
	sum := bigmod.NewNat().ExpandFor(order)
	for i, s := range some {
		x, err := scalar(s.Secret[:])
		must(t, err)
		sum.Add(x.Mul(lagrange(seats, i), order), order)
	}
	_, err = k.open(sum.Bytes(order))
	return err == nil
}

// A wrong share is named when it is published, whatever the others are.
func TestWrongShareIsNamed(t *testing.T) {
	t.Parallel()
	w := done(t, "wrong share", 5, 3)
	k, err := w.t.Keys()
	must(t, err)
	for bad := range 5 {
		shares := w.shares(t)
		must(t, k.Check(shares[bad]))
		shares[bad].Secret[31] ^= 1
		var wrong WrongError
		if _, err := Rebuild(w.t, shares); !errors.As(err, &wrong) || int(wrong.Seat) != bad+1 {
			t.Errorf("share %d is wrong, and it says %v", bad+1, err)
		}
	}
	shares := w.shares(t)
	for name, all := range map[string][]Share{
		"another's":  {shares[0], shares[1], {3, shares[3].Secret}},
		"twice":      {shares[0], shares[1], shares[1]},
		"none":       {shares[0], shares[1], {3, [32]byte{}}},
		"no trustee": {shares[0], shares[1], {6, shares[3].Secret}},
		"seat 0":     {shares[0], shares[1], {0, shares[3].Secret}},
		"too large":  {shares[0], shares[1], {3, [32]byte(order.Nat().Bytes(order))}},
	} {
		var wrong WrongError
		if _, err := Rebuild(w.t, all); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Rebuild(begin(t, "not done", 3, 2).t, shares); !errors.Is(err, ErrUndone) {
		t.Errorf("a run that is not done opens: %v", err)
	}
}

// All seats of the largest run.
func TestNine(t *testing.T) {
	t.Parallel()
	w := done(t, "nine", 9, 9)
	for _, m := range w.t.Messages() {
		if len(m) > MaxMessage {
			t.Errorf("a message has %d bytes", len(m))
		}
	}
	if n := len(w.t.JSON()); n > MaxTranscript {
		t.Errorf("the transcript has %d bytes", n)
	}
	if _, err := Rebuild(w.t, w.shares(t)); err != nil {
		t.Error(err)
	}
}
