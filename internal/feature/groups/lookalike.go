package groups

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// confusable maps characters to the one they are mistaken for: a small part of
// the Unicode confusables (Unicode Technical Standard 39, confusables.txt), of
// the scripts that imitate Latin letters.
func confusable() *strings.Replacer {
	return strings.NewReplacer(
		"0", "o", "1", "l", "5", "s", "8", "b", "|", "l", "!", "l", "i", "l", "j", "l", "q", "g",
		"rn", "m", "vv", "w", "cl", "d",
		// Cyrillic
		"а", "a", "в", "b", "е", "e", "к", "k", "м", "m", "н", "h", "о", "o", "р", "p", "с", "c", "т", "t", "у", "y",
		"х", "x", "ѕ", "s", "і", "l", "ј", "l", "ԁ", "d", "һ", "h", "ԛ", "g", "ԝ", "w", "ь", "b", "п", "n", "г", "r",
		// Greek
		"α", "a", "β", "b", "ε", "e", "η", "n", "ι", "l", "κ", "k", "ν", "v", "ο", "o", "ρ", "p", "τ", "t", "υ", "u",
		"χ", "x", "ω", "w", "γ", "y", "ϲ", "c",
	)
}

// skeleton is what a name looks like: two names with the same skeleton are
// easily taken for each other. Case, accents, spaces and punctuation do not
// count.
func skeleton(s string) string {
	s = strings.ToLower(norm.NFKC.String(s))
	s = strings.Map(func(r rune) rune {
		if unicode.IsMark(r) || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '|' && r != '!' {
			return -1
		}
		return r
	}, norm.NFD.String(s))
	r := confusable()
	// A replacement can make a new pair: "cІ" becomes "cl", which becomes "d".
	for range 3 {
		next := r.Replace(s)
		if next == s {
			break
		}
		s = next
	}
	return s
}
