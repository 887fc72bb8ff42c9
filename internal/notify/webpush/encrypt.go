package webpush

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"convoke/internal/notify/failure"
)

// Lengths in bytes.
const (
	// MaxPayload is the longest payload that every push service takes (RFC 8291,
	// section 4).
	MaxPayload = 3993
	// Ordinary is the longest payload that looks like all ordinary ones: up to it
	// every message is as long as any other. A longer one is padded to the most.
	Ordinary   = 1023
	secretSize = sha256.Size
	saltSize   = 16
	headSize   = saltSize + 4 + 1 + PublicSize
	recordSize = 4096
	tagSize    = 16
)

// Prepared is the slow part of encrypting a message for one subscription: the
// ephemeral key pair's public key, and the key that follows from both sides' keys and
// the subscription's secret (IKM in RFC 8291, section 3.4). The private key is
// forgotten. It is for one message and for the subscription it was made for: with
// another, the message cannot be read.
//
// It opens the message that it is used for, so it is kept on no disk.
type Prepared struct {
	public [PublicSize]byte
	secret [secretSize]byte
	device [8]byte // tells the subscription
}

// For reports whether it was made for a subscription.
func (p *Prepared) For(s Subscription) bool { return p.device == s.device() }

// device tells one subscription's keys from those of others.
func (s Subscription) device() [8]byte {
	h := sha256.Sum256(slices.Concat(s.P256DH, s.Auth))
	return [8]byte(h[:])
}

// Prepare makes one. It returns [ErrSubscription] for a public key that is none.
func Prepare(s Subscription) (Prepared, error) {
	k, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return Prepared{}, fmt.Errorf("make a key pair: %w", err)
	}
	return prepare(s, k)
}

// prepare is the first half of RFC 8291, section 3.4.
func prepare(s Subscription, k *ecdh.PrivateKey) (p Prepared, err error) {
	device, err := s.key()
	if err != nil {
		return p, err
	}
	shared, err := k.ECDH(device)
	if err != nil {
		return p, ErrSubscription
	}
	copy(p.public[:], k.PublicKey().Bytes())
	prk, err := hkdf.Extract(sha256.New, shared, s.Auth)
	if err != nil {
		return p, fmt.Errorf("derive a key: %w", err)
	}
	secret, err := hkdf.Expand(sha256.New, prk, "WebPush: info\x00"+string(s.P256DH)+string(p.public[:]), secretSize)
	if err != nil {
		return p, fmt.Errorf("derive a key: %w", err)
	}
	copy(p.secret[:], secret)
	p.device = s.device()
	return p, nil
}

// Encrypt makes the body of a push message: one record of RFC 8188, padded. Its error
// is of kind failure.TooLarge.
func (p *Prepared) Encrypt(payload []byte) ([]byte, error) {
	size := Ordinary
	if len(payload) > size {
		size = MaxPayload
	}
	if len(payload) > size {
		return nil, failure.New(failure.TooLarge, fmt.Sprintf("a push message has at most %d bytes", MaxPayload))
	}
	var salt [saltSize]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return nil, fmt.Errorf("make a salt: %w", err)
	}
	return p.encrypt(salt, payload, size-len(payload))
}

// encrypt is the second half of RFC 8291, section 3.4, with padding zeros.
func (p *Prepared) encrypt(salt [saltSize]byte, payload []byte, padding int) ([]byte, error) {
	aead, nonce, err := keys(p.secret[:], salt[:])
	if err != nil {
		return nil, err
	}
	n := len(payload) + 1 + padding
	out := make([]byte, headSize, headSize+n+tagSize)
	copy(out, salt[:])
	binary.BigEndian.PutUint32(out[saltSize:], recordSize)
	out[saltSize+4] = PublicSize
	copy(out[saltSize+5:], p.public[:])
	text := out[headSize : headSize+n]
	copy(text, payload)
	text[len(payload)] = 2 // the last record (RFC 8188, section 2)
	return aead.Seal(out, nonce, text, nil), nil
}

// keys are those of the first record (RFC 8188, sections 2.2 and 2.3).
func keys(secret, salt []byte) (aead cipher.AEAD, nonce []byte, err error) {
	prk, err := hkdf.Extract(sha256.New, secret, salt)
	if err != nil {
		return nil, nil, fmt.Errorf("derive a key: %w", err)
	}
	key, err := hkdf.Expand(sha256.New, prk, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, nil, fmt.Errorf("derive a key: %w", err)
	}
	if nonce, err = hkdf.Expand(sha256.New, prk, "Content-Encoding: nonce\x00", 12); err != nil {
		return nil, nil, fmt.Errorf("derive a nonce: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, fmt.Errorf("make a cipher: %w", err)
	}
	aead, err = cipher.NewGCM(block)
	if err != nil {
		return nil, nil, fmt.Errorf("make a cipher: %w", err)
	}
	return aead, nonce, nil
}
