// Package wallet is what a participant keeps: one code, from which follow the keys
// and the blinding of every roll and slot, so that the code alone brings everything
// back on another device.
//
// It has no state and imports nothing of the server: clients use it.
package wallet

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"convoke/internal/record/blind"
	"convoke/internal/record/leaf"
)

// letters of codes: digits and small letters without i, l, o and u.
const letters = "0123456789abcdefghjkmnpqrstvwxyz"

// Sizes of a code in letters of five bits: 125 random bits and a check letter.
const (
	randomLetters = 25
	codeLetters   = randomLetters + 1
	streamSize    = 2048
)

// ErrCode says that a text is no code, or has a typing mistake.
var ErrCode = errors.New("this is no code; please check each letter")

// Code is a participant's secret.
type Code struct{ text string }

// New makes a code from 25 random bytes of r, crypto/rand.Reader but in tests.
func New(r io.Reader) (Code, error) {
	b := make([]byte, randomLetters)
	if _, err := io.ReadFull(r, b); err != nil {
		return Code{}, fmt.Errorf("make a code: %w", err)
	}
	for i := range b {
		b[i] = letters[b[i]&31]
	}
	return Code{string(append(b, check(b)))}, nil
}

// check is the letter that finds typing mistakes: five bits of SHA-256.
func check(b []byte) byte {
	h := sha256.Sum256(append([]byte("convoke wallet 1 check\n"), b...))
	return letters[h[0]&31]
}

// Parse reads a code as people type it: in groups, in capitals, with o for 0 and
// i or l for 1.
func Parse(s string) (Code, error) {
	var b []byte
	for _, r := range strings.ToLower(s) {
		switch {
		case r == 'o':
			b = append(b, '0')
		case r == 'i' || r == 'l':
			b = append(b, '1')
		case r < 128 && strings.IndexByte(letters, byte(r)) >= 0:
			b = append(b, byte(r))
		case r == ' ' || r == '-' || r == '\n' || r == '\r' || r == '\t':
		default:
			return Code{}, ErrCode
		}
	}
	if len(b) != codeLetters || check(b[:randomLetters]) != b[randomLetters] {
		return Code{}, ErrCode
	}
	return Code{string(b)}, nil
}

// String is the code in groups, to be written down.
func (c Code) String() string {
	return c.text[:5] + "-" + c.text[5:10] + "-" + c.text[10:15] + "-" + c.text[15:20] + "-" + c.text[20:]
}

// derive is HKDF-SHA256 (RFC 5869) of the code for one use: no salt, info is
// "convoke wallet 1\n", the origin of the roll, "\n", the slot in decimal, "\n", and
// the use.
func (c Code) derive(roll string, slot uint8, use string, size int) []byte {
	b, err := hkdf.Key(sha256.New, []byte(c.text), nil, fmt.Sprintf("convoke wallet 1\n%s\n%d\n%s", roll, slot, use), size)
	if err != nil {
		panic("wallet: " + err.Error()) // of fixed sizes
	}
	return b
}

// Part is what a code is for one slot of a roll.
type Part struct {
	Key    ed25519.PrivateKey
	stream []byte

	code Code
	roll string
	slot uint8
}

// Part derives what belongs to a slot. roll is the origin of the roll's log.
func (c Code) Part(roll string, slot uint8) *Part {
	return &Part{ed25519.NewKeyFromSeed(c.derive(roll, slot, "key", ed25519.SeedSize)), c.derive(roll, slot, "blind", streamSize), c, roll, slot}
}

// Public is the key that takes part.
func (p *Part) Public() leaf.Key { return leaf.Key(p.Key.Public().(ed25519.PublicKey)) }

// Request is the blinded token for the slot's key; the same each time.
func (p *Part) Request(k *blind.VerifyKey, registrar string, roll leaf.ID, slot uint8) (*blind.Blinded, error) {
	in := blind.Input(p.Key.Public().(ed25519.PublicKey), blind.Challenge(registrar, roll, slot), k)
	return blind.Blind(k, in, bytes.NewReader(p.stream))
}

// Sign is the leaf that signs a petition with a credential.
func (p *Part) Sign(auth []byte) []byte {
	l := leaf.Sign{Key: p.Public()}
	copy(l.Auth[:], auth)
	return l.Encode()
}

// Say is the leaf that says something in the box of that origin. auth is empty
// when the key has taken part there before.
func (p *Part) Say(origin string, auth []byte, counter uint32, body []byte) []byte {
	l := leaf.Say{Key: p.Public(), Auth: auth, Counter: counter, Body: body}
	copy(l.Sig[:], ed25519.Sign(p.Key, leaf.Signed(origin, counter, body)))
	return l.Encode()
}
