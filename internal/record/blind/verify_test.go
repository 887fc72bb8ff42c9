package blind

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/binary"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// standard is what the standard library says.
func standard(k *VerifyKey, message, sig []byte) bool {
	digest := sha512.Sum384(message)
	return rsa.VerifyPSS(&k.key, crypto.SHA384, digest[:], sig, &rsa.PSSOptions{SaltLength: saltSize, Hash: crypto.SHA384}) == nil
}

// TestVerifyAsTheStandardLibrary signs encodings that are wrong in every way that an
// encoding can be: what is accepted is what the standard library accepts.
func TestVerifyAsTheStandardLibrary(t *testing.T) {
	k := newKey(t)
	message := []byte("message")
	judge := func(t rapid.TB, what string, sig []byte) (good bool) {
		t.Helper()
		good = standard(k.Public(), message, sig)
		if err := k.Public().Verify(message, sig); (err == nil) != good {
			t.Fatalf("%s: %v, and the standard library says %v", what, err, good)
		}
		return good
	}
	sign := func(t rapid.TB, em []byte) []byte {
		t.Helper()
		sig, err := k.Sign(em)
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	salt := make([]byte, saltSize)
	em := EncodePSS(message, salt, bits-1)
	for em[0] > 8 { // so that it is below the modulus with its first bit, too
		salt[0]++
		em = EncodePSS(message, salt, bits-1)
	}
	if !judge(t, "a right signature", sign(t, em)) {
		t.Fatal("a right signature is refused")
	}
	for _, at := range []int{0, len(em) - 1} {
		for bit := range 8 {
			bad := append([]byte(nil), em...)
			bad[at] ^= 1 << bit
			if judge(t, "a changed end", sign(t, bad)) {
				t.Errorf("bit %d of byte %d may be another", bit, at)
			}
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		bad := append([]byte(nil), em...)
		bad[rapid.IntRange(0, len(bad)-1).Draw(rt, "at")] ^= byte(1 << rapid.IntRange(0, 7).Draw(rt, "bit"))
		if new(big.Int).SetBytes(bad).Cmp(k.priv.N) < 0 && judge(rt, "a changed encoding", sign(rt, bad)) {
			rt.Fatal("a changed encoding is accepted")
		}
	})
	// Other padding and salts with a hash that fits them.
	for _, size := range []int{0, 1, saltSize - 1, saltSize + 1, 64, 128} {
		if judge(t, "another length of the salt", sign(t, EncodePSS(message, make([]byte, size), bits-1))) {
			t.Errorf("a salt of %d bytes is accepted", size)
		}
	}
	hash := hashPSS(message, salt)
	for at := range KeySize - sha512.Size384 - 1 - saltSize {
		db := make([]byte, KeySize-sha512.Size384-1)
		db[len(db)-saltSize-1] = 1
		copy(db[len(db)-saltSize:], salt)
		db[at] ^= 2 // in the padding, or in the one before the salt
		mask(db, hash)
		db[0] &= 0x7f
		padded := append(append(db, hash...), 0xbc)
		if judge(t, "a wrong padding", sign(t, padded)) {
			t.Errorf("a padding with a wrong byte %d is accepted", at)
		}
	}
	// The same number in other bytes, and none at all.
	sig := sign(t, em)
	for try := uint32(0); sig[0] != 0; try++ { // one whose first byte can be left out
		binary.BigEndian.PutUint32(salt, try)
		sig = sign(t, EncodePSS(message, salt, bits-1))
	}
	more := new(big.Int).Add(new(big.Int).SetBytes(sig), k.priv.N)
	others := [][]byte{nil, {}, sig[1:], append([]byte{0}, sig...), append(sig, 0), make([]byte, KeySize), k.priv.N.Bytes(), more.Bytes()}
	one := make([]byte, KeySize)
	one[KeySize-1] = 1
	less := new(big.Int).Sub(k.priv.N, big.NewInt(1))
	for i, x := range append(others, one, less.Bytes(), more.FillBytes(make([]byte, KeySize+1))[1:]) {
		if judge(t, "another number", x) {
			t.Errorf("number %d is accepted", i)
		}
	}
	for range 200 {
		x := make([]byte, KeySize)
		_, _ = rand.Read(x) // never fails
		judge(t, "chance", x)
	}
}

func BenchmarkVerify(b *testing.B) {
	k := newKey(b)
	message := []byte("message")
	sig, err := k.Sign(EncodePSS(message, make([]byte, saltSize), bits-1))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("prepared", func(b *testing.B) {
		for b.Loop() {
			if k.Public().Verify(message, sig) != nil {
				b.Fatal("refused")
			}
		}
	})
	b.Run("standard", func(b *testing.B) {
		for b.Loop() {
			if !standard(k.Public(), message, sig) {
				b.Fatal("refused")
			}
		}
	})
}
