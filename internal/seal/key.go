package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

const (
	version   = 1
	nonceSize = 12
	keySize   = 32
	tagSize   = 16
	overhead  = 1 + nonceSize + 16 // what sealing adds, in bytes
)

// ErrDestroyed says that the scope has no key, so that what was sealed under
// it is erased.
var ErrDestroyed = errors.New("the key was destroyed")

// ErrSealed says that a sealed value does not open: it is damaged, or was
// sealed for another place or under another key.
var ErrSealed = errors.New("the sealed value does not open")

// Key seals and opens the fields of one scope. It is safe for concurrent use.
// Ask the [Vault] for it each time and do not keep it: a key that another
// process destroyed is noticed only there.
type Key struct {
	aead cipher.AEAD
	tag  []byte
	dead atomic.Bool // destroyed by this process
}

func newKey(raw []byte) (*Key, error) {
	enc, err := hkdf.Expand(sha256.New, raw, "convoke seal 1 field", keySize)
	if err != nil {
		return nil, fmt.Errorf("derive a sealing key: %w", err)
	}
	tag, err := hkdf.Expand(sha256.New, raw, "convoke seal 1 tag", keySize)
	if err != nil {
		return nil, fmt.Errorf("derive a tag key: %w", err)
	}
	aead, err := newAEAD(enc)
	if err != nil {
		return nil, err
	}
	return &Key{aead: aead, tag: tag}, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	a, err := cipher.NewGCM(b)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	return a, nil
}

// Seal encrypts plain for one field of one row. The nonce comes from entropy,
// which must be crypto/rand (nil means that) or, in tests, a seeded stream; it
// panics when the stream ends. The result is 29 bytes longer than plain, so it
// tells plain's length.
func (k *Key) Seal(entropy io.Reader, table, column, row string, plain []byte) []byte {
	return seal(k.aead, entropy, plain, place(table, column, row))
}

// Open decrypts what [Key.Seal] made for the same field. It returns an error
// that is [ErrDestroyed] or [ErrSealed].
func (k *Key) Open(table, column, row string, sealed []byte) ([]byte, error) {
	if k.dead.Load() {
		return nil, fmt.Errorf("open %s.%s: %w", table, column, ErrDestroyed)
	}
	plain, err := open(k.aead, sealed, place(table, column, row))
	if err != nil {
		return nil, fmt.Errorf("open %s.%s: %w", table, column, err)
	}
	return plain, nil
}

// Tag is a keyed hash of value, 16 bytes: equal values of one purpose and one
// scope have equal tags, so a tag can be unique where the value is sealed. It
// tells nothing once the key is destroyed.
func (k *Key) Tag(purpose, value string) []byte {
	m := hmac.New(sha256.New, k.tag)
	m.Write(binary.BigEndian.AppendUint32(nil, uint32(len(purpose))))
	m.Write([]byte(purpose))
	m.Write([]byte(value))
	return m.Sum(nil)[:tagSize]
}

// place is the additional data of a field: three strings, each behind its
// length, so that no two fields share it.
func place(table, column, row string) []byte {
	b := make([]byte, 0, 13+len(table)+len(column)+len(row))
	b = append(b, version)
	for _, s := range [...]string{table, column, row} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return b
}

func seal(a cipher.AEAD, entropy io.Reader, plain, ad []byte) []byte {
	if entropy == nil {
		entropy = rand.Reader
	}
	out := make([]byte, 1+nonceSize, overhead+len(plain))
	out[0] = version
	if _, err := io.ReadFull(entropy, out[1:]); err != nil {
		panic("seal: no entropy: " + err.Error()) // crypto/rand never fails (Go 1.24)
	}
	return a.Seal(out, out[1:1+nonceSize], plain, ad)
}

func open(a cipher.AEAD, sealed, ad []byte) ([]byte, error) {
	if len(sealed) < overhead || sealed[0] != version {
		return nil, ErrSealed
	}
	plain, err := a.Open(nil, sealed[1:1+nonceSize], sealed[1+nonceSize:], ad)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}
