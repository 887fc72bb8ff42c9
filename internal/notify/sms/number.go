package sms

import (
	"errors"
	"strings"
)

// ErrNumber says that something is no telephone number with its country.
var ErrNumber = errors.New("this is not a telephone number with its country, as in +49 170 1234567")

// Number is a telephone number of ITU-T E.164: + and 8 to 15 digits.
type Number string

// digits is the number without its +.
func (n Number) digits() string { return strings.TrimPrefix(string(n), "+") }

// zeros are the digit 0 in scripts whose digits stand on telephones.
var zeros = [...]rune{'0', '٠', '۰', '०', '০', '０'}

// ParseNumber reads a number as people write it: with + or 00 before the country,
// with spaces, hyphens, dots, slashes and brackets, and in the digits of their
// script. A zero in brackets, as in +44 (0) 20, is left out. It returns [ErrNumber].
func ParseNumber(s string) (Number, error) {
	if len(s) > 100 {
		return "", ErrNumber
	}
	var b strings.Builder
	for _, r := range strings.ReplaceAll(s, "(0)", "") {
		switch d, ok := digit(r); {
		case ok:
			b.WriteByte('0' + d)
		case (r == '+' || r == '＋') && b.Len() == 0:
			b.WriteByte('+')
		case !separator(r):
			return "", ErrNumber
		}
	}
	n := b.String()
	if rest, ok := strings.CutPrefix(n, "00"); ok {
		n = "+" + rest
	}
	if len(n) < 1+8 || len(n) > 1+15 || n[0] != '+' || n[1] == '0' {
		return "", ErrNumber
	}
	return Number(n), nil
}

func digit(r rune) (byte, bool) {
	for _, zero := range zeros {
		if r >= zero && r <= zero+9 {
			return byte(r - zero), true
		}
	}
	return 0, false
}

// separator takes in what marks the direction of writing, which comes along when a
// number is copied.
func separator(r rune) bool {
	return strings.ContainsRune(" \t\u00a0\u202f-‐‑–.()/", r) || r == '\u200e' || r == '\u200f' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}
