package blind

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"filippo.io/bigmod"
)

// saltSize is that of RSABSSA-SHA384-PSS-Deterministic (RFC 9474 section 5).
const saltSize = sha512.Size384

// VerifyKey verifies signatures. It is safe for concurrent use.
//
// The standard library prepares the modulus anew for each signature, which is a third
// of the work; a recount has millions of one key. So the key is prepared once and the
// encoding checked here. Nothing of it is secret.
type VerifyKey struct {
	key rsa.PublicKey
	n   *bigmod.Modulus
}

func newVerifyKey(k rsa.PublicKey) (VerifyKey, error) {
	n, err := bigmod.NewModulus(k.N.Bytes())
	return VerifyKey{k, n}, err
}

// oidPSS is id-RSASSA-PSS; the others are its parameters as RFC 9578 section
// 6.5 fixes them.
var (
	oidPSS    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidMGF1   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	oidSHA384 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
)

type pssParameters struct {
	Hash       pkix.AlgorithmIdentifier `asn1:"explicit,tag:0"`
	MGF        mgf                      `asn1:"explicit,tag:1"`
	SaltLength int                      `asn1:"explicit,tag:2"`
}

type mgf struct {
	Algorithm asn1.ObjectIdentifier
	Hash      pkix.AlgorithmIdentifier
}

type spki struct {
	Algorithm pkix.AlgorithmIdentifier
	Key       asn1.BitString
}

type rsaKey struct {
	N *big.Int
	E int
}

// Marshal is the key as SubjectPublicKeyInfo in DER with the algorithm
// RSASSA-PSS, SHA-384, MGF1 with SHA-384 and a salt of 48 bytes: the bytes that
// [VerifyKey.ID] hashes (RFC 9578 section 6.5).
func (k *VerifyKey) Marshal() []byte {
	sha := pkix.AlgorithmIdentifier{Algorithm: oidSHA384}
	params, err := asn1.Marshal(pssParameters{Hash: sha, MGF: mgf{oidMGF1, sha}, SaltLength: saltSize})
	if err != nil {
		panic("blind: " + err.Error()) // of constants
	}
	key, err := asn1.Marshal(rsaKey{k.key.N, k.key.E})
	if err != nil {
		panic("blind: " + err.Error())
	}
	out, err := asn1.Marshal(spki{
		Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidPSS, Parameters: asn1.RawValue{FullBytes: params}},
		Key:       asn1.BitString{Bytes: key, BitLength: len(key) * 8},
	})
	if err != nil {
		panic("blind: " + err.Error())
	}
	return out
}

// ID is SHA-256 of [VerifyKey.Marshal]: the token_key_id of RFC 9578.
func (k *VerifyKey) ID() [32]byte { return sha256.Sum256(k.Marshal()) }

// ParseVerifyKey reads what [VerifyKey.Marshal] wrote, and only exactly that: a
// key has one form.
func ParseVerifyKey(der []byte) (*VerifyKey, error) {
	var outer spki
	if rest, err := asn1.Unmarshal(der, &outer); err != nil || len(rest) > 0 {
		return nil, errors.Join(ErrKey, err)
	}
	var inner rsaKey
	if rest, err := asn1.Unmarshal(outer.Key.Bytes, &inner); err != nil || len(rest) > 0 {
		return nil, errors.Join(ErrKey, err)
	}
	if inner.N.BitLen() != bits || inner.E != publicExp || inner.N.Bit(0) == 0 {
		return nil, ErrKey
	}
	k, err := newVerifyKey(rsa.PublicKey{N: inner.N, E: inner.E})
	if err != nil {
		return nil, errors.Join(ErrKey, err)
	}
	if string(k.Marshal()) != string(der) {
		return nil, ErrKey
	}
	return &k, nil
}

// ErrSignature says that a signature does not fit message and key.
var ErrSignature = errors.New("the signature does not fit")

// Verify checks a signature of message: RSASSA-PSS-VERIFY of RFC 8017 section 8.1.2.
func (k *VerifyKey) Verify(message, signature []byte) error {
	if len(signature) != k.n.Size() {
		return ErrSignature
	}
	s, err := bigmod.NewNat().SetBytes(signature, k.n)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	em := bigmod.NewNat().ExpShortVarTime(s, publicExp, k.n).Bytes(k.n)
	if !fitsPSS(message, em) {
		return ErrSignature
	}
	return nil
}

// fitsPSS is EMSA-PSS-VERIFY of RFC 8017 section 9.1.2 with SHA-384 and a salt of 48
// bytes, for a modulus whose size in bits is a multiple of eight. It overwrites em.
func fitsPSS(message, em []byte) bool {
	db, hash := em[:len(em)-sha512.Size384-1], em[len(em)-sha512.Size384-1:len(em)-1]
	if em[len(em)-1] != 0xbc || em[0]&0x80 != 0 {
		return false
	}
	mask(db, hash)
	db[0] &= 0x7f
	zeros, salt := db[:len(db)-saltSize-1], db[len(db)-saltSize:]
	for _, b := range zeros {
		if b != 0 {
			return false
		}
	}
	return db[len(zeros)] == 1 && bytes.Equal(hash, hashPSS(message, salt))
}
