package door

import (
	"bytes"
	"encoding/base32"
	"strings"
)

// A code is the beginning of what is stored of a sign-up's secret: enough to
// find it, of no use to change it. Without i, l, o and u nothing in it is taken
// for something else.
const (
	shortBytes = 5  // 40 bits, eight characters: what people show
	longBytes  = 15 // 24 characters, where two sign-ups share those
	hashBytes  = 16
	maxTyped   = 64
)

var encoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// longCode tells also two sign-ups apart that share an [id.Code].
func longCode(hash []byte) string { return encoding.EncodeToString(hash[:longBytes]) }

// parseCode reads a code as people type it: capitals, spaces and hyphens do not
// matter, nor whether a nought is an o, or a one an i or l.
func parseCode(typed string) ([]byte, bool) {
	if len(typed) > maxTyped {
		return nil, false
	}
	s := strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '\t', '\u00a0', '\u2010', '\u2011', '\u2013', '\u2212':
			return -1
		case 'o', 'O':
			return '0'
		case 'i', 'I', 'l', 'L':
			return '1'
		}
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, typed)
	if len(s) != encoding.EncodedLen(shortBytes) && len(s) != encoding.EncodedLen(longBytes) {
		return nil, false
	}
	b, err := encoding.DecodeString(s)
	return b, err == nil
}

// span is the first and the last hash that begin so.
func span(prefix []byte) (from, to []byte) {
	pad := hashBytes - len(prefix)
	return append(bytes.Clone(prefix), make([]byte, pad)...), append(bytes.Clone(prefix), bytes.Repeat([]byte{0xff}, pad)...)
}
