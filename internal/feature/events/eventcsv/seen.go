package eventcsv

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
)

// maxSeen bounds the memory of [seen].
const maxSeen = 2_000_000

// seen remembers rows and identifiers by 8 bytes of a SHA-256 each.
type seen struct {
	rows map[uint64]struct{}
	uids map[uint64]struct{}
	max  int
}

func newSeen(limit int) *seen {
	return &seen{rows: make(map[uint64]struct{}), uids: make(map[uint64]struct{}), max: limit}
}

// full says that no further rows are remembered.
func (s *seen) full() bool { return len(s.rows) >= s.max }

// repeated says whether a row with this hash has been there, and remembers it.
func (s *seen) repeated(h uint64) bool {
	if _, ok := s.rows[h]; ok {
		return true
	}
	if !s.full() {
		s.rows[h] = struct{}{}
	}
	return false
}

// unique returns uid, or with "-2", "-3"... the first that is still free.
func (s *seen) unique(uid string) string {
	out := uid
	for n := 2; ; n++ {
		h := hash64(out)
		if _, ok := s.uids[h]; !ok {
			if len(s.uids) < s.max {
				s.uids[h] = struct{}{}
			}
			return out
		}
		out = uid + "-" + strconv.Itoa(n)
	}
}

// hash256 keeps the borders between the parts.
func hash256(parts ...string) [32]byte {
	n := 0
	for _, p := range parts {
		n += len(p) + 1
	}
	buf := make([]byte, 0, n)
	for _, p := range parts {
		buf = append(append(buf, p...), 0x1f)
	}
	return sha256.Sum256(buf)
}

func hash64(parts ...string) uint64 {
	h := hash256(parts...)
	return binary.BigEndian.Uint64(h[:8])
}

// hashUID makes an identifier from the cells that identify an event. Case and
// the number of spaces do not count, so that retyping a cell keeps it.
func hashUID(parts ...string) string {
	for i, p := range parts {
		parts[i] = strings.ToLower(p)
	}
	h := hash256(parts...)
	return "h" + hex.EncodeToString(h[:8])
}

var repeatSuffix = regexp.MustCompile(`-\d{1,4}$`)

// baseID is the id without the number of its repeat.
func baseID(id string) string { return repeatSuffix.ReplaceAllString(id, "") }
