package identity

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/sethvargo/go-diceware/diceware"
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"convoke/internal/fault"
)

const (
	// words of a passphrase: 7 of 7776 are 90 bits.
	passWords = 7
	listWords = 7776 // 6^5: the large list of the EFF is numbered by five dice
	// maxPass bounds what is read of a typed passphrase: seven words of the
	// list have at most 7*9 letters.
	maxPass = 512
)

// draw picks a passphrase from random bytes. Two bytes at a time make a number
// below 65536; those from 8*7776 on are thrown away, so that every word is
// equally likely.
func draw(random func(n int) []byte) string {
	list := diceware.WordListEffLarge()
	words := make([]string, 0, passWords)
	for len(words) < passWords {
		n := int(binary.BigEndian.Uint16(random(2)))
		if n >= 8*listWords {
			continue
		}
		words = append(words, list.WordAt(dice(n%listWords)))
	}
	return strings.Join(words, " ")
}

// dice writes a number below 7776 as five dice: 0 is 11111, 7775 is 66666.
func dice(n int) int {
	out := 0
	for range 5 {
		out = out*10 + n/1296 + 1
		n = n % 1296 * 6
	}
	return out
}

// normalPass is what is hashed of a passphrase: its letters in lower case.
// Spaces, line breaks, hyphens and the numbers of a list do not matter.
// Normalizing twice changes nothing.
func normalPass(typed string) string {
	if len(typed) > maxPass {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(strings.ToLower(norm.NFKC.String(typed))))
}

// The cost of a guess, as OWASP's password storage guide gives it for argon2id.
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonThreads = 1
	argonKey     = 32
	argonSalt    = 16
)

const (
	// hashesAtOnce bounds the memory: each takes 19 MiB.
	hashesAtOnce = 2
	// hashesWaiting bounds the queue; a flood is told to come back instead of
	// making everybody wait.
	hashesWaiting = 64
)

// hasher makes and checks argon2id hashes, few at a time. It is safe for
// concurrent use.
type hasher struct {
	running chan struct{}
	waiting chan struct{}
}

func newHasher() *hasher {
	return &hasher{running: make(chan struct{}, hashesAtOnce), waiting: make(chan struct{}, hashesAtOnce+hashesWaiting)}
}

// key runs argon2id when its turn comes.
func (h *hasher) key(ctx context.Context, pass string, salt []byte) ([]byte, error) {
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return nil, fault.After(fault.Unavailable("sign_in.busy",
			"Very many people are signing in just now. Please try again in a moment."), 10*time.Second)
	}
	select {
	case h.running <- struct{}{}:
		defer func() { <-h.running }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(normalPass(pass)), salt, argonTime, argonMemory, argonThreads, argonKey), nil
}

// hash returns the PHC string of a passphrase
// (https://github.com/P-H-C/phc-string-format).
func (h *hasher) hash(ctx context.Context, pass string, salt []byte) (string, error) {
	k, err := h.key(ctx, pass, salt)
	if err != nil {
		return "", err
	}
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		b.EncodeToString(salt), b.EncodeToString(k)), nil
}

// verify compares a passphrase with a stored hash. An empty hash stands for an
// account that does not exist: it costs the same and is never right.
func (h *hasher) verify(ctx context.Context, pass, stored string) (bool, error) {
	salt, want := make([]byte, argonSalt), make([]byte, argonKey)
	known := stored != ""
	if known {
		var err error
		if salt, want, err = parsePHC(stored); err != nil {
			return false, err
		}
	}
	got, err := h.key(ctx, pass, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known && normalPass(pass) != "", nil
}

// parsePHC reads what hash writes. Other costs are refused: a change of cost
// brings its own migration.
func parsePHC(s string) (salt, key []byte, err error) {
	head := fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory, argonTime, argonThreads)
	rest, ok := strings.CutPrefix(s, head)
	a, b, two := strings.Cut(rest, "$")
	if !ok || !two {
		return nil, nil, errors.New("stored passphrase has an unknown form")
	}
	if salt, err = base64.RawStdEncoding.DecodeString(a); err != nil {
		return nil, nil, fmt.Errorf("read salt: %w", err)
	}
	if key, err = base64.RawStdEncoding.DecodeString(b); err != nil {
		return nil, nil, fmt.Errorf("read hash: %w", err)
	}
	if len(salt) != argonSalt || len(key) != argonKey {
		return nil, nil, errors.New("stored passphrase has a wrong length")
	}
	return salt, key, nil
}
