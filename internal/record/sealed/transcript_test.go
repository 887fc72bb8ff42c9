package sealed

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"

	"filippo.io/bigmod"
)

// resign makes a deal what its trustee would have sent.
func resign(t *testing.T, s *Secret, d Deal) []byte {
	t.Helper()
	var err error
	d.Sig, err = s.sign(d.unsigned())
	must(t, err)
	return d.Encode()
}

func dealOf(t *testing.T, w *world, i int) Deal {
	t.Helper()
	b, err := w.secrets[i].MakeDeal(w.t)
	must(t, err)
	d, err := DecodeDeal(b, w.t.setup)
	must(t, err)
	return d
}

// wrongly deals a share that is one too large to seat 2, from seat 1.
func wrongly(t *testing.T, w *world) []byte {
	t.Helper()
	w.join(t, inOrder)
	d := dealOf(t, w, 0)
	poly, err := w.secrets[0].polynomial(w.t.setup.Need)
	must(t, err)
	d.Shares[0], err = sealShare(w.t.joins[1], 1, d.Before, value(poly, 2).Add(small(1), order))
	must(t, err)
	return resign(t, w.secrets[0], d)
}

// nothing deals from seat 1 along a line that is 0 at seat 2: the share fits, and is none.
func nothing(t *testing.T, w *world) []byte {
	t.Helper()
	poly, err := w.secrets[0].polynomial(2)
	must(t, err)
	poly[0] = bigmod.NewNat().ExpandFor(order).Sub(poly[1], order).Sub(poly[1], order)
	if value(poly, 2).IsZero() != 1 {
		t.Fatal("the line is not 0 there")
	}
	d := Deal{Seat: 1, Points: make([][pointSize]byte, 2)}
	for i, x := range poly {
		d.Points[i], _ = packed(base(x))
	}
	d.Proof, err = prove(poly[0], possessed(w.t.before(KindJoin), 1))
	must(t, err)
	m, err := DecodeJoin(w.secrets[0].Join)
	must(t, err)
	m.Commit = sha256.Sum256(committed(m.Before, 1, d.Points, d.Proof))
	m.Sig, err = w.secrets[0].sign(m.unsigned())
	must(t, err)
	w.secrets[0].Join = m.Encode()
	w.join(t, inOrder)
	d.Before = w.t.before(KindDeal)
	for _, seat := range []uint8{2, 3} {
		b, err := sealShare(w.t.joins[seat-1], 1, d.Before, value(poly, seat))
		must(t, err)
		d.Shares = append(d.Shares, b)
	}
	return resign(t, w.secrets[0], d)
}

// A wrong share is found by the one who got it, shown to everybody, and ends the run.
func TestComplaint(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]func(*testing.T, *world) []byte{
		"too large": wrongly,
		"nothing":   nothing,
		"garbage": func(t *testing.T, w *world) []byte {
			w.join(t, inOrder)
			d := dealOf(t, w, 0)
			d.Shares[0][70] ^= 1
			return resign(t, w.secrets[0], d)
		},
		"that of another seat": func(t *testing.T, w *world) []byte {
			w.join(t, inOrder)
			d := dealOf(t, w, 0)
			d.Shares[0], d.Shares[1] = d.Shares[1], d.Shares[0]
			return resign(t, w.secrets[0], d)
		},
		"no number": func(t *testing.T, w *world) []byte {
			w.join(t, inOrder)
			d := dealOf(t, w, 0)
			key, err := ecdh.P256().NewPublicKey(w.t.joins[1].BoxKey[:])
			must(t, err)
			enc, ct, err := seal(key, shareInfo(d.Before), []byte{1, 2}, bytes.Repeat([]byte{255}, 32))
			must(t, err)
			copy(d.Shares[0][:], append(enc, ct...))
			return resign(t, w.secrets[0], d)
		},
	} {
		w := begin(t, "complaint", 3, 2)
		must(t, w.t.Add(bad(t, w)))
		for _, s := range w.secrets[1:] {
			m, err := s.MakeDeal(w.t)
			must(t, err)
			must(t, w.t.Add(m))
		}
		m, wrong, err := w.secrets[1].MakeCheck(w.t)
		must(t, err)
		var who WrongError
		if !errors.As(wrong, &who) || who.Seat != 1 {
			t.Fatalf("%s: seat 2 says %v", name, wrong)
		}
		if name != "that of another seat" {
			ok, wrong, err := w.secrets[2].MakeCheck(w.t)
			must(t, err)
			must(t, wrong)
			must(t, w.t.Add(ok))
		}
		must(t, w.t.Add(m))
		var void VoidError
		if _, err := w.t.Done(); !errors.As(err, &void) || void != (VoidError{1, 2}) || !errors.Is(err, ErrVoid) {
			t.Errorf("%s: done says %v", name, err)
		}
		again, err := Parse(w.t.JSON())
		must(t, err)
		if _, err := again.Done(); !errors.Is(err, ErrVoid) {
			t.Errorf("%s: read again it is %v", name, err)
		}
		// Nobody goes on: not in this transcript, nor the complainer in any.
		if _, _, err := w.secrets[0].MakeCheck(w.t); !errors.Is(err, ErrVoid) {
			t.Errorf("%s: seat 1 goes on: %v", name, err)
		}
		if b, reason, err := w.secrets[1].MakeCheck(w.t); err != nil || !errors.Is(reason, ErrGiven) || !bytes.Equal(b, m) {
			t.Errorf("%s: seat 2 says something else: %v %v", name, reason, err)
		}
		if _, err := w.secrets[1].MakeDeal(&Transcript{setup: w.t.setup, raw: w.t.raw}); !errors.Is(err, ErrGiven) {
			t.Errorf("%s: seat 2 goes on elsewhere: %v", name, err)
		}
	}
}

// Who complains of a right share, or shows another key, is refused and named.
func TestFalseComplaint(t *testing.T) {
	t.Parallel()
	w := begin(t, "false", 3, 2).join(t, inOrder).deal(t, inOrder)
	key, err := w.secrets[1].boxKey()
	must(t, err)
	other, err := ecdh.P256().GenerateKey(rand.Reader)
	must(t, err)
	for name, m := range map[string]Complaint{
		"right share":  {Dealer: 1, BoxKey: [32]byte(key.Bytes())},
		"another key":  {Dealer: 1, BoxKey: [32]byte(other.Bytes())},
		"no key":       {Dealer: 1},
		"of itself":    {Dealer: 2, BoxKey: [32]byte(key.Bytes())},
		"of nobody":    {Dealer: 4, BoxKey: [32]byte(key.Bytes())},
		"of the first": {Dealer: 0, BoxKey: [32]byte(key.Bytes())},
	} {
		m.Before, m.Seat = w.t.before(KindComplaint), 2
		m.Sig, err = w.secrets[1].sign(m.unsigned())
		must(t, err)
		err := w.t.Add(m.Encode())
		var wrong WrongError
		if !errors.Is(err, ErrMessage) && (!errors.As(err, &wrong) || wrong.Seat != 2) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.check(t, inOrder)
	m := Complaint{Before: w.t.before(KindComplaint), Seat: 2, Dealer: 1, BoxKey: [32]byte(key.Bytes())}
	if err := w.t.Add(m.Encode()); !errors.Is(err, ErrMessage) {
		t.Errorf("after the end: %v", err)
	}
}

// What a trustee makes wrong is refused and named: signature, commitment, points,
// proof, and being bound to what was said before.
func TestWrongMessages(t *testing.T) {
	t.Parallel()
	w := begin(t, "wrong", 3, 2)
	join := func(i int, f func(*Join)) []byte {
		m, err := DecodeJoin(w.secrets[i].Join)
		must(t, err)
		f(&m)
		m.Sig, err = w.secrets[i].sign(m.unsigned())
		must(t, err)
		return m.Encode()
	}
	refused := func(name, what string, seat uint8, b []byte) {
		t.Helper()
		var wrong WrongError
		if err := w.t.Add(b); !errors.As(err, &wrong) || wrong.Seat != seat || !strings.Contains(wrong.What, what) {
			t.Errorf("%s: %v", name, err)
		}
	}
	flipped := slices.Clone(w.secrets[0].Join)
	flipped[len(flipped)-1] ^= 1
	refused("signature", "signature", 1, flipped)
	refused("another run", "another transcript", 1, begin(t, "other", 3, 2).secrets[0].Join)
	refused("no possession", "signature", 1, join(0, func(m *Join) { m.Identity = w.secrets[1].must(t) }))
	refused("box key", "box key", 1, join(0, func(m *Join) { m.BoxKey[64] ^= 1 }))
	must(t, w.t.Add(w.secrets[0].Join))
	refused("the same box key", "key or the name of trustee 1", 2, join(1, func(m *Join) { m.BoxKey = w.t.joins[0].BoxKey }))
	refused("the same name", "key or the name of trustee 1", 2, join(1, func(m *Join) { m.Name = "Organisation 1" }))
	twice, err := NewSecret(seeded("twice"), w.t, 2, "Second", w.secrets[0].Identity)
	must(t, err)
	refused("the same identity", "key or the name of trustee 1", 2, twice.Join)
	taken, err := NewSecret(seeded("taken"), w.t, 1, "First", nil)
	must(t, err)
	if err := w.t.Add(taken.Join); !errors.Is(err, ErrTaken) {
		t.Errorf("a seat is taken twice: %v", err)
	}
	if _, err := w.secrets[0].MakeDeal(w.t); !errors.Is(err, ErrEarly) {
		t.Errorf("dealt before all had joined: %v", err)
	}
	// Seat 3 commits to points with a proof that it does not have.
	d3, err := w.secrets[2].unsealed(w.t)
	must(t, err)
	d3.Proof[40] ^= 1
	w.secrets[2].Join = join(2, func(m *Join) { m.Commit = sha256.Sum256(committed(m.Before, 3, d3.Points, d3.Proof)) })
	w.join(t, inOrder)

	d := dealOf(t, w, 2)
	d.Proof = d3.Proof
	refused("proof", "prove", 3, resign(t, w.secrets[2], d))
	d = dealOf(t, w, 0)
	d.Points = slices.Clone(d.Points)
	d.Points[1], _ = packed(base(small(9)))
	refused("commitment", "committed", 1, resign(t, w.secrets[0], d))
	d = dealOf(t, w, 0)
	d.Before[0] ^= 1
	refused("before", "another transcript", 1, resign(t, w.secrets[0], d))
	d = dealOf(t, w, 0)
	d.Seat = 2
	refused("another's seat", "signature", 2, resign(t, w.secrets[0], d))
	if err := w.t.Add(head(KindConfirm, w.t.before(KindConfirm), 1)); !errors.Is(err, ErrEarly) {
		t.Errorf("confirmed before all had dealt: %v", err)
	}
	w = begin(t, "confirm", 3, 2).join(t, inOrder).deal(t, inOrder)
	m, _, err := w.secrets[0].MakeCheck(w.t)
	must(t, err)
	other := slices.Clone(m)
	other[5] ^= 1
	refused("confirmation", "another transcript", 1, other)
	other = slices.Clone(m)
	other[2+hashSize] = 2
	refused("another's confirmation", "signature", 2, other)
	must(t, w.t.Add(m))
	must(t, w.t.Add(m)) // the same again
	if _, err := w.t.Done(); !errors.Is(err, ErrUndone) {
		t.Errorf("done after one confirmation: %v", err)
	}
}

func (s *Secret) must(t *testing.T) [pointSize]byte {
	t.Helper()
	p, err := s.PublicIdentity()
	must(t, err)
	return p
}

// A point that is committed to and is none is refused.
func TestPointIsNone(t *testing.T) {
	t.Parallel()
	w := begin(t, "point", 2, 2)
	d, err := w.secrets[0].unsealed(w.t)
	must(t, err)
	for x := byte(0); ; x++ { // half of all numbers are no coordinate
		d.Points[1] = [pointSize]byte{2, 32: x}
		if _, err := point(d.Points[1]); err != nil {
			break
		}
	}
	m, err := DecodeJoin(w.secrets[0].Join)
	must(t, err)
	m.Commit = sha256.Sum256(committed(m.Before, 1, d.Points, d.Proof))
	m.Sig, err = w.secrets[0].sign(m.unsigned())
	must(t, err)
	w.secrets[0].Join = m.Encode()
	w.join(t, inOrder)
	full := dealOf(t, w, 0)
	full.Points = d.Points
	var wrong WrongError
	if err := w.t.Add(resign(t, w.secrets[0], full)); !errors.As(err, &wrong) || !strings.Contains(wrong.What, "no point") {
		t.Errorf("%v", err)
	}
}

// Keys that cancel those of the others make none: who sees the others' points cannot
// choose theirs any more, and here nobody checks the commitment to show what it would do.
func TestKeyOfAllIsNone(t *testing.T) {
	t.Parallel()
	w := done(t, "none", 2, 2)
	first, err := w.secrets[0].polynomial(2)
	must(t, err)
	minus := bigmod.NewNat().ExpandFor(order).Sub(first[0], order)
	w.t.deals[1].Points[0], _ = packed(base(minus))
	if _, err := w.t.Keys(); !errors.Is(err, ErrMessage) {
		t.Errorf("%v", err)
	}
}

// Every byte of a transcript counts.
func TestTamperedAnywhere(t *testing.T) {
	t.Parallel()
	b := done(t, "tampered", 3, 2).t.JSON()
	if _, err := Parse(b); err != nil {
		t.Fatal(err)
	}
	for i := range b {
		bad := slices.Clone(b)
		bad[i] ^= 1 << (i % 7)
		if _, err := Parse(bad); err == nil {
			t.Fatalf("byte %d can be changed", i)
		}
	}
	for name, bad := range map[string]string{
		"a space":     string(b) + " ",
		"a field":     strings.Replace(string(b), `,"v":1`, `,"a":1,"v":1`, 1),
		"version 2":   strings.Replace(string(b), `"v":1`, `"v":2`, 1),
		"no version":  strings.Replace(string(b), `,"v":1`, ``, 1),
		"null":        "null",
		"a list":      "[]",
		"nothing":     "",
		"too long":    strings.Repeat(" ", MaxTranscript+1),
		"half of it":  string(b[:len(b)/2]),
		"twice":       string(b) + string(b),
		"no messages": `{"messages":null,"v":1}`,
	} {
		if _, err := Parse([]byte(bad)); !errors.Is(err, ErrParse) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w := done(t, "order", 2, 2)
	m := w.t.Messages()
	m[1], m[2] = m[2], m[1]
	if _, err := Parse(listed(m)); !errors.Is(err, ErrParse) {
		t.Errorf("another order is taken: %v", err)
	}
}

func TestSetup(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]Setup{
		"one trustee":   {Trustees: 1, Need: 1, Node: "n"},
		"ten":           {Trustees: 10, Need: 2, Node: "n"},
		"one is enough": {Trustees: 3, Need: 1, Node: "n"},
		"more than all": {Trustees: 3, Need: 4, Node: "n"},
		"no node":       {Trustees: 3, Need: 2},
		"a long node":   {Trustees: 3, Need: 2, Node: strings.Repeat("n", MaxName+1)},
		"a new line":    {Trustees: 3, Need: 2, Node: "a\nb"},
		"turned around": {Trustees: 3, Need: 2, Node: "a\u202eb"},
		"a space":       {Trustees: 3, Need: 2, Node: " a"},
		"not UTF-8":     {Trustees: 3, Need: 2, Node: "a\xff"},
	} {
		if err := (&Transcript{}).Add(s.Encode()); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	tr := begin(t, "setup", 3, 2).t
	other := Setup{Trustees: 3, Need: 3, Node: "n"}
	if err := tr.Add(other.Encode()); !errors.Is(err, ErrTaken) {
		t.Errorf("begun twice: %v", err)
	}
	must(t, tr.Add(tr.Messages()[0]))
	if err := (&Transcript{}).Add(begin(t, "setup", 3, 2).secrets[0].Join); !errors.Is(err, ErrEarly) {
		t.Errorf("joined before it began: %v", err)
	}
	if err := tr.Add([]byte{1, 9}); !errors.Is(err, ErrMessage) {
		t.Errorf("an unknown kind: %v", err)
	}
}
