package blind

import (
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
)

// Blinded is a message that is on its way to be signed; the second half stays
// with whoever made it.
type Blinded struct {
	// Message is what the server sees: 256 bytes.
	Message []byte
	key     *VerifyKey
	plain   []byte
	inverse *big.Int
}

// Blind is Prepare and Blind of RFC 9474 sections 4.1 and 4.2. Salt and factor
// are read from entropy: a stream that gives the same bytes again makes the same
// blinded message, so that a lost answer can be asked for again.
func Blind(k *VerifyKey, message []byte, entropy io.Reader) (*Blinded, error) {
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(entropy, salt); err != nil {
		return nil, err
	}
	n := k.key.N
	m := new(big.Int).SetBytes(EncodePSS(message, salt, n.BitLen()-1))
	if new(big.Int).GCD(nil, nil, m, n).Cmp(big.NewInt(1)) != 0 {
		return nil, errors.New("the message shares a factor with the key")
	}
	// 64 bytes more than the modulus: the remainder is as good as uniform.
	wide := make([]byte, KeySize+64)
	for {
		if _, err := io.ReadFull(entropy, wide); err != nil {
			return nil, err
		}
		r := new(big.Int).SetBytes(wide)
		r.Mod(r, n)
		inverse := new(big.Int).ModInverse(r, n)
		if inverse == nil {
			continue
		}
		x := new(big.Int).Exp(r, big.NewInt(publicExp), n)
		z := x.Mul(x, m).Mod(x, n)
		return &Blinded{Message: z.FillBytes(make([]byte, KeySize)), key: k, plain: message, inverse: inverse}, nil
	}
}

// Finalize turns the server's answer into a signature of the message, 256 bytes,
// or says that the server did not sign (RFC 9474 section 4.4).
func (b *Blinded) Finalize(answer []byte) ([]byte, error) {
	if len(answer) != KeySize {
		return nil, ErrSignature
	}
	n := b.key.key.N
	s := new(big.Int).SetBytes(answer)
	if s.Cmp(n) >= 0 {
		return nil, ErrSignature
	}
	s.Mul(s, b.inverse).Mod(s, n)
	sig := s.FillBytes(make([]byte, KeySize))
	if err := b.key.Verify(b.plain, sig); err != nil {
		return nil, err
	}
	return sig, nil
}

// EncodePSS is EMSA-PSS-ENCODE of RFC 8017 section 9.1.1 with SHA-384, which the
// standard library does not export.
func EncodePSS(message, salt []byte, emBits int) []byte {
	hash := hashPSS(message, salt)
	emLen := (emBits + 7) / 8
	em := make([]byte, emLen)
	db := em[:emLen-len(hash)-1]
	db[len(db)-len(salt)-1] = 1
	copy(db[len(db)-len(salt):], salt)
	mask(db, hash)
	db[0] &= 0xff >> (8*emLen - emBits)
	copy(em[len(db):], hash)
	em[emLen-1] = 0xbc
	return em
}

// hashPSS is the hash in an encoding.
func hashPSS(message, salt []byte) []byte {
	digest := sha512.Sum384(message)
	h := sha512.New384()
	h.Write(make([]byte, 8))
	h.Write(digest[:])
	h.Write(salt)
	return h.Sum(nil)
}

// mask is MGF1 with SHA-384, applied to out.
func mask(out, seed []byte) {
	var counter [4]byte
	for done := 0; done < len(out); {
		h := sha512.New384()
		h.Write(seed)
		h.Write(counter[:])
		for _, b := range h.Sum(nil) {
			if done == len(out) {
				return
			}
			out[done] ^= b
			done++
		}
		binary.BigEndian.PutUint32(counter[:], binary.BigEndian.Uint32(counter[:])+1)
	}
}
