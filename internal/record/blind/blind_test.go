package blind

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"os"
	"strings"
	"testing"

	"filippo.io/bigmod"
	"pgregory.net/rapid"
)

type vector struct {
	Name       string `json:"name"`
	P, Q, D, E string
	N          string `json:"n"`
	Msg        string `json:"msg"`
	Prepared   string `json:"input_msg"`
	Salt       string `json:"salt"`
	Inv        string `json:"inv"`
	Blinded    string `json:"blinded_msg"`
	BlindSig   string `json:"blind_sig"`
	Sig        string `json:"sig"`
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestVectors runs the four vectors of RFC 9474 appendix A. Their keys have 4096
// bits, which the public functions refuse, so it goes one layer below them.
func TestVectors(t *testing.T) {
	b, err := os.ReadFile("testdata/rfc9474.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 4 {
		t.Fatalf("%d vectors, want 4", len(all))
	}
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) {
			num := func(s string) *big.Int { return new(big.Int).SetBytes(unhex(t, s)) }
			priv := &rsa.PrivateKey{
				PublicKey: rsa.PublicKey{N: num(v.N), E: publicExp}, D: num(v.D), Primes: []*big.Int{num(v.P), num(v.Q)},
			}
			k, err := fromPrivate(priv)
			if err != nil {
				t.Fatal(err)
			}
			got, err := k.Sign(unhex(t, v.Blinded))
			if err != nil {
				t.Fatal(err)
			}
			if want := unhex(t, v.BlindSig); !bytes.Equal(got, want) {
				t.Errorf("signed %x, want %x", got, want)
			}
			// Blinding: inv is given, so r is its inverse.
			n := priv.N
			r := new(big.Int).ModInverse(num(v.Inv), n)
			m := new(big.Int).SetBytes(EncodePSS(unhex(t, v.Prepared), unhex(t, v.Salt), n.BitLen()-1))
			z := new(big.Int).Exp(r, big.NewInt(publicExp), n)
			z.Mul(z, m).Mod(z, n)
			if got, want := z.FillBytes(make([]byte, 512)), unhex(t, v.Blinded); !bytes.Equal(got, want) {
				t.Errorf("blinded %x, want %x", got, want)
			}
			s := new(big.Int).SetBytes(got)
			s.Mul(s, num(v.Inv)).Mod(s, n)
			if got, want := s.FillBytes(make([]byte, 512)), unhex(t, v.Sig); !bytes.Equal(got, want) {
				t.Errorf("signature %x, want %x", got, want)
			}
		})
	}
}

func newKey(t testing.TB) *SignKey {
	t.Helper()
	k, err := NewSignKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestRoundTrip(t *testing.T) {
	k := newKey(t)
	again, err := ParseSignKey(k.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	pub, err := ParseVerifyKey(k.Public().Marshal())
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		p := ed25519.PublicKey(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(rt, "p"))
		in := Input(p, Challenge("n.example", [16]byte{1}, 3), pub)
		b, err := Blind(pub, in, rand.Reader)
		if err != nil {
			rt.Fatal(err)
		}
		answer, err := again.Sign(b.Message)
		if err != nil {
			rt.Fatal(err)
		}
		sig, err := b.Finalize(answer)
		if err != nil {
			rt.Fatal(err)
		}
		if err := pub.Verify(in, sig); err != nil {
			rt.Fatal(err)
		}
		other := Input(p, Challenge("n.example", [16]byte{1}, 4), pub)
		if err := pub.Verify(other, sig); !errors.Is(err, ErrSignature) {
			rt.Fatalf("a token of another slot gives %v", err)
		}
	})
}

// TestSameAgain proves that a wallet that asks again sends the same bytes, and
// that another stream sends others.
func TestSameAgain(t *testing.T) {
	k := newKey(t).Public()
	stream := func(seed byte) io.Reader { return bytes.NewReader(bytes.Repeat([]byte{seed, 7, seed}, 400)) }
	blinded := func(seed byte) []byte {
		b, err := Blind(k, []byte("m"), stream(seed))
		if err != nil {
			t.Fatal(err)
		}
		return b.Message
	}
	if !bytes.Equal(blinded(1), blinded(1)) || bytes.Equal(blinded(1), blinded(2)) {
		t.Error("blinding does not follow its stream")
	}
}

func TestRefused(t *testing.T) {
	k := newKey(t)
	n := k.priv.N.Bytes()
	for name, m := range map[string][]byte{"empty": nil, "short": n[:255], "long": append([]byte{0}, n...), "the modulus": n} {
		if _, err := k.Sign(m); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b, err := Blind(k.Public(), []byte("m"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string][]byte{"empty": nil, "zero": make([]byte, 256), "the modulus": n, "unsigned": b.Message} {
		if _, err := b.Finalize(a); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	der := k.Public().Marshal()
	for i := range der {
		bad := bytes.Clone(der)
		bad[i] ^= 1
		if p, err := ParseVerifyKey(bad); err == nil && bytes.Equal(p.Marshal(), der) {
			t.Errorf("byte %d may be anything", i)
		}
	}
	if _, err := ParseVerifyKey(append(der, 0)); err == nil {
		t.Error("bytes after the key are taken")
	}
}

func FuzzParseVerifyKey(f *testing.F) {
	f.Add(newKey(f).Public().Marshal())
	f.Add([]byte{0x30, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, err := ParseVerifyKey(b); err == nil && !bytes.Equal(k.Marshal(), b) {
			t.Error("a key has two forms")
		}
	})
}

func BenchmarkSign(b *testing.B) {
	k := newKey(b)
	m := make([]byte, KeySize)
	m[10] = 1
	for b.Loop() {
		if _, err := k.Sign(m); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlain is the same without the Chinese remainder theorem.
func BenchmarkPlain(b *testing.B) {
	k := newKey(b)
	m := bigmod.NewNat()
	_, _ = m.SetBytes(append(make([]byte, 255), 7), k.n)
	d := k.priv.D.Bytes()
	for b.Loop() {
		bigmod.NewNat().Exp(m, d, k.n)
	}
}
