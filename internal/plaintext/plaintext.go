// Package plaintext cleans what people typed, and finds in it what would lead a
// reader to somebody.
package plaintext

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Line is s as one line of text: trimmed, in Unicode normal form C, without
// control and direction-changing characters.
func Line(s string) string { return strings.Join(strings.Fields(clean(s, false)), " ") }

// Text is [Line] for several lines: line breaks are kept as "\n".
func Text(s string) string {
	return strings.TrimSpace(clean(strings.ReplaceAll(s, "\r\n", "\n"), true))
}

// clean removes what could deceive a reader: control characters, and marks that
// reverse the direction of text ("Trojan Source", CVE-2021-42574). The normal form comes last:
// what stood between a letter and its accent is gone by then.
func clean(s string, lines bool) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && lines, r == '\t':
			return r
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0xFEFF:
			if r == '\n' {
				return ' '
			}
			return -1
		}
		return r
	}, s))
}
