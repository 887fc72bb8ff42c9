package identity

import (
	"strings"

	"convoke/internal/id"
)

const (
	codes      = 10 // made at once
	codeLength = 16 // characters of five bits each: nobody can try 80 bits
)

// drawCode makes a recovery code, as in "7x3k-90qa-f2mm-c81d".
func drawCode(random func(n int) []byte) string {
	c := id.SecretOf(random(16))[:codeLength]
	var parts []string
	for i := 0; i < len(c); i += 4 {
		parts = append(parts, c[i:i+4])
	}
	return strings.Join(parts, "-")
}

// normalCode is what is hashed of a code: what people mistake for each other is
// the same, and spaces and hyphens do not matter. It is "" for what cannot be a
// code.
func normalCode(typed string) string {
	if len(typed) > maxPass {
		return ""
	}
	c := strings.Map(func(r rune) rune {
		switch {
		case r == 'o':
			return '0'
		case r == 'i' || r == 'l':
			return '1'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, strings.ToLower(typed))
	if len(c) != codeLength {
		return ""
	}
	return c
}

func codeHash(p id.Person, code string) []byte { return id.Hash(string(p) + " " + normalCode(code)) }
