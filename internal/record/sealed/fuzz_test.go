package sealed

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzMessage reads a message as each kind: what is read is written the same again.
func FuzzMessage(f *testing.F) {
	w := done(f, "fuzz", 3, 2)
	for _, m := range w.t.Messages() {
		f.Add(m)
	}
	f.Add((&Complaint{Seat: 1, Dealer: 2}).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		again := func(m interface{ Encode() []byte }, err error) {
			if err == nil && !bytes.Equal(m.Encode(), b) {
				t.Fatalf("%x is read as %x", b, m.Encode())
			}
		}
		s, err := DecodeSetup(b)
		again(&s, err)
		j, err := DecodeJoin(b)
		again(&j, err)
		d, err := DecodeDeal(b, w.t.setup)
		again(&d, err)
		c, err := DecodeConfirm(b)
		again(&c, err)
		x, err := DecodeComplaint(b)
		again(&x, err)
	})
}

// FuzzAdd gives a transcript any message at any stage: nothing changes by what is
// refused.
func FuzzAdd(f *testing.F) {
	w := done(f, "fuzz", 3, 2)
	all := w.t.Messages()
	for i, m := range all {
		f.Add(uint8(i), m)
	}
	f.Fuzz(func(t *testing.T, n uint8, b []byte) {
		tr := &Transcript{}
		for _, m := range all[:int(n)%(len(all)+1)] {
			must(t, tr.Add(m))
		}
		before := tr.JSON()
		if err := tr.Add(b); err != nil && !bytes.Equal(tr.JSON(), before) {
			t.Fatal("what was refused is there")
		}
	})
}

// FuzzTranscript reads a transcript: what is read is written the same again.
func FuzzTranscript(f *testing.F) {
	f.Add(done(f, "fuzz", 2, 2).t.JSON())
	f.Add(begin(f, "fuzz", 2, 2).t.JSON())
	f.Fuzz(func(t *testing.T, b []byte) {
		if tr, err := Parse(b); err == nil && !bytes.Equal(tr.JSON(), b) {
			t.Fatalf("%s is read as %s", b, tr.JSON())
		}
	})
}

// FuzzSecret reads a secret and lets it act.
func FuzzSecret(f *testing.F) {
	w := begin(f, "fuzz", 2, 2)
	for _, s := range w.secrets {
		text, err := json.Marshal(s)
		must(f, err)
		f.Add(text)
	}
	w.join(f, inOrder)
	f.Fuzz(func(_ *testing.T, b []byte) {
		s, err := ParseSecret(b)
		if err != nil {
			return
		}
		if _, err := s.MakeDeal(w.t); err != nil {
			return
		}
		_, _, _ = s.MakeCheck(w.t)
	})
}

// FuzzOpen opens any body.
func FuzzOpen(f *testing.F) {
	m, k := opener(f, "fuzz")
	b, err := m.Seal(origin, [32]byte{1}, 1, []byte("paper"))
	must(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if paper, err := k.Open(origin, [32]byte{1}, 1, b); err == nil && len(paper) > len(b)-overhead {
			t.Fatalf("%d bytes hold a paper of %d", len(b), len(paper))
		}
	})
}
