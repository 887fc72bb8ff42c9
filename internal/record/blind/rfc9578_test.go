package blind

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"testing"
)

// TestTokens runs the vectors of RFC 9578 appendix A.2: what other Privacy Pass
// issuers and clients send is what this one does.
func TestTokens(t *testing.T) {
	b, err := os.ReadFile("testdata/rfc9578.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Secret    string `json:"skS"`
		Public    string `json:"pkS"`
		Challenge string `json:"token_challenge"`
		Nonce     string `json:"nonce"`
		Blind     string `json:"blind"`
		Salt      string `json:"salt"`
		Request   string `json:"token_request"`
		Response  string `json:"token_response"`
		Token     string `json:"token"`
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 3 {
		t.Fatalf("%d vectors", len(all))
	}
	for _, v := range all {
		block, _ := pem.Decode(unhex(t, v.Secret))
		if block == nil {
			t.Fatal("no key")
		}
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		k, err := fromPrivate(parsed.(*rsa.PrivateKey))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := k.Public().Marshal(), unhex(t, v.Public); !bytes.Equal(got, want) {
			t.Errorf("key %x, want %x", got, want)
		}
		in := Input(ed25519.PublicKey(unhex(t, v.Nonce)), sha256.Sum256(unhex(t, v.Challenge)), k.Public())
		blinded := blindWith(k.Public(), in, unhex(t, v.Salt), unhex(t, v.Blind))
		id := k.Public().ID()
		want := append([]byte{0, 2, id[31]}, blinded...)
		if got := unhex(t, v.Request); !bytes.Equal(got, want) {
			t.Errorf("request %x, want %x", want, got)
		}
		answer, err := k.Sign(blinded)
		if err != nil {
			t.Fatal(err)
		}
		if want := unhex(t, v.Response); !bytes.Equal(answer, want) {
			t.Errorf("response %x, want %x", answer, want)
		}
		token := unhex(t, v.Token)
		if !bytes.Equal(token[:InputSize], in) {
			t.Errorf("token input %x, want %x", in, token[:InputSize])
		}
		if err := k.Public().Verify(in, token[InputSize:]); err != nil {
			t.Error(err)
		}
	}
}

// blindWith is [Blind] with a factor of its own. It is written as the numbers of a
// vector are, so that it can go to Blind as entropy.
func blindWith(k *VerifyKey, message, salt, factor []byte) []byte {
	wide := new(big.Int).SetBytes(factor).FillBytes(make([]byte, KeySize+64))
	b, err := Blind(k, message, bytes.NewReader(append(bytes.Clone(salt), wide...)))
	if err != nil {
		panic(err)
	}
	return b.Message
}
