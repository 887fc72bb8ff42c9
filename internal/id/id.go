// Package id makes identifiers: ULIDs for rows, and secrets for links that
// must not be guessed.
//
// A ULID (https://github.com/ulid/spec) is 26 characters of Crockford base32:
// 48 bits of milliseconds, then 80 random bits. They sort by time of making,
// and they are public: whoever holds one learns that time.
package id

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"io"
	"sync"

	"convoke/internal/clock"
)

// The kinds of identifier, so that one is not passed for another.
type (
	// Person names an account.
	Person string
	// Group names a group.
	Group string
	// Event names an event.
	Event string
	// Campaign names a campaign.
	Campaign string
)

// crockford is the alphabet of ULIDs, in lower case for pleasant addresses.
const crockford = "0123456789abcdefghjkmnpqrstvwxyz"

var encoding = base32.NewEncoding(crockford).WithPadding(base32.NoPadding)

// Source makes identifiers from a clock and a stream of random bytes.
// It is safe for concurrent use.
type Source struct {
	clock   clock.Clock
	mu      sync.Mutex
	entropy io.Reader
}

// NewSource returns a source. A nil entropy means crypto/rand; tests pass a
// seeded stream.
func NewSource(c clock.Clock, entropy io.Reader) *Source {
	if entropy == nil {
		entropy = rand.Reader
	}
	return &Source{clock: c, entropy: entropy}
}

// New returns a fresh ULID in lower case, 26 characters.
func (s *Source) New() string {
	var b [16]byte
	ms := uint64(s.clock.Now().UnixMilli())
	binary.BigEndian.PutUint16(b[0:2], uint16(ms>>32))
	binary.BigEndian.PutUint32(b[2:6], uint32(ms))
	s.read(b[6:])
	return encodeULID(b)
}

// Secret returns 128 random bits as 26 characters, for links and cookies.
// Whoever stores one stores only its [Hash].
func (s *Source) Secret() string {
	var b [16]byte
	s.read(b[:])
	return encoding.EncodeToString(b[:])
}

// SecretOf writes 16 bytes that nobody can guess in the form of a secret.
func SecretOf(b []byte) string { return encoding.EncodeToString(b[:16]) }

// Bytes fills and returns n random bytes.
func (s *Source) Bytes(n int) []byte {
	b := make([]byte, n)
	s.read(b)
	return b
}

func (s *Source) read(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := io.ReadFull(s.entropy, b); err != nil {
		// crypto/rand never fails on a supported system (Go 1.24); a test's
		// stream that ends is a broken test.
		panic("id: no entropy: " + err.Error())
	}
}

// Hash is SHA-256 of a secret, cut to 16 bytes: what is stored instead of it.
// The secrets have 128 bits themselves, so a longer hash would add nothing.
func Hash(secret string) []byte {
	h := sha256.Sum256([]byte(secret))
	return h[:16]
}

// Code is how people call what has a secret with that hash, as in "kq4m-7d2x":
// the first 40 bits. It opens nothing.
func Code(hash []byte) string {
	s := encoding.EncodeToString(hash[:5])
	return s[:4] + "-" + s[4:]
}

// ValidSecret reports whether s has the form that [Source.Secret] makes, so
// that nonsense is refused before the database is asked.
func ValidSecret(s string) bool { return valid(s) }

// Valid reports whether s has the form that [Source.New] makes.
func Valid(s string) bool { return valid(s) && s[0] <= '7' }

func valid(s string) bool {
	if len(s) != 26 {
		return false
	}
	_, err := encoding.DecodeString(s)
	return err == nil
}

// encodeULID writes 128 bits as the ULID specification does: 26 characters of
// five bits, of which the first carries only three.
func encodeULID(b [16]byte) string {
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	var out [26]byte
	for i := 25; i >= 0; i-- {
		out[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out[:])
}
