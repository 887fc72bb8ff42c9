package webpush

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"convoke/internal/notify/failure"
)

func raw(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The keys of RFC 8291, section 5 and appendix A.
const (
	vectorEndpoint = "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV"
	vectorDevice   = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
	vectorAuth     = "BTBZMqHH6r4Tts7J_aSIgg"
)

func vectorSubscription(t testing.TB) Subscription {
	t.Helper()
	s, err := New(vectorEndpoint, vectorDevice, vectorAuth)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRFC8291(t *testing.T) {
	t.Parallel()
	k, err := ecdh.P256().NewPrivateKey(raw(t, "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := prepare(vectorSubscription(t), k)
	if err != nil {
		t.Fatal(err)
	}
	if want := raw(t, "S4lYMb_L0FxCeq0WhDx813KgSYqU26kOyzWUdsXYyrg"); !bytes.Equal(p.secret[:], want) {
		t.Errorf("IKM %x", p.secret)
	}
	other := vectorSubscription(t)
	other.Auth = make([]byte, AuthSize)
	if !p.For(vectorSubscription(t)) || p.For(other) {
		t.Error("it does not know for whom it is")
	}
	got, err := p.encrypt([16]byte(raw(t, "DGv6ra1nlYgDCS1FRnbzlw")), []byte("When I grow up, I want to be a watermelon"), 0)
	want := raw(t, "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v\n%x\nwant\n%x", err, got, want)
	}
}

// The keys of the first record are those of the first example of RFC 8188, section 3.1.
func TestRFC8188(t *testing.T) {
	t.Parallel()
	aead, nonce, err := keys(raw(t, "yqdlZ-tYemfogSmv7Ws5PQ"), raw(t, "I1BsxtFttlv3u_Oo94xnmw"))
	if err != nil {
		t.Fatal(err)
	}
	got := aead.Seal(nil, nonce, []byte("I am the walrus\x02"), nil)
	if want := raw(t, "-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg"); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	text := func(endpoint, key, auth string) string {
		b, err := json.Marshal(map[string]any{"endpoint": endpoint, "expirationTime": nil, "keys": map[string]string{"p256dh": key, "auth": auth}})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	s, err := Parse([]byte(text(vectorEndpoint, vectorDevice+"=", vectorAuth+"==")))
	if err != nil || s.Endpoint != vectorEndpoint || !bytes.Equal(s.P256DH, raw(t, vectorDevice)) || !bytes.Equal(s.Auth, raw(t, vectorAuth)) {
		t.Errorf("%+v, %v", s, err)
	}
	off := raw(t, vectorDevice)
	off[64] ^= 1
	infinity := base64.RawURLEncoding.EncodeToString([]byte{0})
	for name, bad := range map[string]string{
		"nothing": "", "no object": "[]", "no keys": `{"endpoint":"` + vectorEndpoint + `"}`,
		"http":           text("http://push.example.net/x", vectorDevice, vectorAuth),
		"other port":     text("https://push.example.net:8443/x", vectorDevice, vectorAuth),
		"user":           text("https://me@push.example.net/x", vectorDevice, vectorAuth),
		"inside":         text("https://127.0.0.1/x", vectorDevice, vectorAuth),
		"no host":        text("https:///x", vectorDevice, vectorAuth),
		"space":          text("https://push.example.net/a b", vectorDevice, vectorAuth),
		"line":           text("https://push.example.net/a\nb", vectorDevice, vectorAuth),
		"letters":        text("https://push.example.net/ä", vectorDevice, vectorAuth),
		"long":           text("https://push.example.net/"+strings.Repeat("x", MaxEndpoint), vectorDevice, vectorAuth),
		"very long":      text(vectorEndpoint, vectorDevice, strings.Repeat("A", maxText)),
		"off the curve":  text(vectorEndpoint, base64.RawURLEncoding.EncodeToString(off), vectorAuth),
		"compressed":     text(vectorEndpoint, base64.RawURLEncoding.EncodeToString(append([]byte{2}, off[1:33]...)), vectorAuth),
		"infinity":       text(vectorEndpoint, infinity, vectorAuth),
		"no base64":      text(vectorEndpoint, vectorDevice[:80]+"+/+/+/+", vectorAuth),
		"short secret":   text(vectorEndpoint, vectorDevice, vectorAuth[:20]),
		"long secret":    text(vectorEndpoint, vectorDevice, vectorAuth+"AA"),
		"more than JSON": text(vectorEndpoint, vectorDevice, vectorAuth) + "{}",
	} {
		if s, err := Parse([]byte(bad)); err == nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"endpoint":"` + vectorEndpoint + `","keys":{"p256dh":"` + vectorDevice + `","auth":"` + vectorAuth + `"}}`))
	f.Add([]byte(`{"endpoint":"https://127.0.0.1/","keys":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Parse(b)
		if err != nil {
			return
		}
		if !strings.HasPrefix(s.Endpoint, "https://") || len(s.Endpoint) > MaxEndpoint || len(s.Auth) != AuthSize {
			t.Errorf("%q gives %+v", b, s)
		}
		if _, err := Prepare(s); err != nil {
			t.Errorf("%q cannot be encrypted to: %v", b, err)
		}
	})
}

func TestLengthTellsNothing(t *testing.T) {
	t.Parallel()
	p, err := Prepare(vectorSubscription(t))
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]int{0: 1126, 1: 1126, Ordinary: 1126, Ordinary + 1: 4096, MaxPayload: 4096} {
		b, err := p.Encrypt(make([]byte, n))
		if err != nil || len(b) != want {
			t.Errorf("a payload of %d bytes is %d long, want %d: %v", n, len(b), want, err)
		}
	}
	if _, err := p.Encrypt(make([]byte, MaxPayload+1)); failure.KindOf(err) != failure.TooLarge {
		t.Errorf("a payload that is too long: %v", err)
	}
	a, errA := p.Encrypt([]byte("x"))
	b, errB := p.Encrypt([]byte("x"))
	if errA != nil || errB != nil || bytes.Equal(a, b) {
		t.Error("the salt is not fresh")
	}
	if _, err := Prepare(Subscription{P256DH: make([]byte, PublicSize)}); !errors.Is(err, ErrSubscription) {
		t.Errorf("no key: %v", err)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw(t, "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := newTokens(k, "https://example.org")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 1, 12, 34, 56, 0, time.UTC)
	header := func(origin string, now time.Time) string {
		h, err := s.header(origin, now)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	first := header("https://push.example.net", now)
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(first, "vapid t="), ", k="+vectorDevice), ".")
	if len(parts) != 3 {
		t.Fatalf("%q", first)
	}
	if got, want := string(raw(t, parts[1])), `{"aud":"https://push.example.net","exp":1772409600,"sub":"https://example.org"}`; got != want {
		t.Errorf("claims %s, want %s", got, want)
	}
	hash, sig := sha256.Sum256([]byte(parts[0]+"."+parts[1])), raw(t, parts[2])
	if !ecdsa.Verify(&k.PublicKey, hash[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		t.Error("the signature is wrong")
	}
	if header("https://push.example.net", now.Add(9*time.Hour)) != first {
		t.Error("a token that is good is not used again")
	}
	if header("https://push.example.net", now.Add(-48*time.Hour)) == first {
		t.Error("a token of a clock that was wrong is used")
	}
	if header("https://push.example.org", now) == first {
		t.Error("two services get one token")
	}
	if header("https://push.example.net", now.Add(11*time.Hour)) == first {
		t.Error("a token that ends soon is used")
	}
	for i := range 2 * maxTokens {
		if header("https://"+strings.Repeat("x", i)+".example", now); len(s.kept) > maxTokens {
			t.Fatalf("%d tokens are kept", len(s.kept))
		}
	}
}
