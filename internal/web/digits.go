package web

import "strings"

// zeros begin the digits that keyboards write: Arabic-Indic, Persian,
// Devanagari, Bengali, full-width.
var zeros = [...]rune{0x0660, 0x06F0, 0x0966, 0x09E6, 0xFF10}

// digit is the digit of ASCII that r stands for, or r itself.
func digit(r rune) rune {
	for _, z := range zeros {
		if r >= z && r <= z+9 {
			return '0' + r - z
		}
	}
	return r
}

// Digits is s with the digits of ASCII, for text in which only its numbers, days
// and times are read.
func Digits(s string) string { return strings.Map(digit, s) }

// onlyDigits is [Digits] of what is nothing but digits and the marks between
// them, without the marks of direction that keyboards put there; other text, in
// which digits are part of what somebody wrote, stays.
func onlyDigits(s string) string {
	if isASCII(s) {
		return s
	}
	found := false
	out := strings.Map(func(r rune) rune {
		switch d := digit(r); {
		case d >= '0' && d <= '9':
			found = true
			return d
		case r == 0x200E, r == 0x200F, r == 0x061C:
			return -1
		case r == 0x066B: // the Arabic decimal sign
			return '.'
		case r == 0x2212: // minus
			return '-'
		case strings.ContainsRune("-+:/., ", r):
			return r
		}
		return other
	}, s)
	if !found || strings.ContainsRune(out, other) {
		return s
	}
	return strings.TrimSpace(out)
}

// other stands for what is no part of a number.
const other = '\uFFFD'

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
