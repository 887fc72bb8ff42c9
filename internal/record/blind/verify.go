package blind

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
)

// saltSize is that of RSABSSA-SHA384-PSS-Deterministic (RFC 9474 section 5).
const saltSize = sha512.Size384

// VerifyKey verifies signatures.
type VerifyKey struct{ key rsa.PublicKey }

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
	k := &VerifyKey{rsa.PublicKey{N: inner.N, E: inner.E}}
	if string(k.Marshal()) != string(der) {
		return nil, ErrKey
	}
	return k, nil
}

// ErrSignature says that a signature does not fit message and key.
var ErrSignature = errors.New("the signature does not fit")

// Verify checks a signature of message.
func (k *VerifyKey) Verify(message, signature []byte) error {
	digest := sha512.Sum384(message)
	err := rsa.VerifyPSS(&k.key, crypto.SHA384, digest[:], signature, &rsa.PSSOptions{SaltLength: saltSize, Hash: crypto.SHA384})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}
