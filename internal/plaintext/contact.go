package plaintext

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Judged is text as it is judged by [HasContact], [HasPhone] and other rules: in
// compatibility form and lower case, with European digits, and without invisible
// characters between them.
func Judged(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Mn, r):
			return -1
		case unicode.IsDigit(r):
			return '0' + digit(r)
		case unicode.Is(unicode.Pd, r):
			return '-'
		case unicode.IsSpace(r):
			return ' '
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(text))
}

// digit is the value of a decimal digit of any script: Unicode has them in runs
// of ten.
func digit(r rune) rune {
	for _, x := range unicode.Nd.R16 {
		if uint32(r) >= uint32(x.Lo) && uint32(r) <= uint32(x.Hi) {
			return (r - rune(x.Lo)) % 10
		}
	}
	for _, x := range unicode.Nd.R32 {
		if uint32(r) >= x.Lo && uint32(r) <= x.Hi {
			return (r - rune(x.Lo)) % 10
		}
	}
	return 0
}

var (
	contactSign = regexp.MustCompile(`@|[(\[{] ?(?:at|arroba) ?[)\]}]|://|\bwww\.|///|\b(?:t|wa|signal)\.me\b|[a-z0-9]\.(?:com|org|net|info|de|es|fr|io|me|eu|uk|us)\b`)
	isoDate     = regexp.MustCompile(`(^|[^0-9])(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{4})($|[^0-9])`)
	digitRun    = regexp.MustCompile(`[0-9](?:[ ./()+-]*[0-9])*`)
)

// HasContact finds an e-mail address, an account or a link in a text that is
// [Judged].
func HasContact(s string) bool { return contactSign.MatchString(s) }

// HasPhone finds seven digits or more that belong together and are no date, in a
// text that is [Judged].
func HasPhone(s string) bool {
	for _, run := range digitRun.FindAllString(WithoutDates(s), -1) {
		n := 0
		for _, r := range run {
			if r >= '0' && r <= '9' {
				n++
			}
		}
		if n >= 7 {
			return true
		}
	}
	return false
}

// WithoutDates has a comma where s, which is [Judged], has a date in figures.
func WithoutDates(s string) string { return isoDate.ReplaceAllString(s, "$1,$2") }
