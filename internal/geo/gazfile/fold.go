package gazfile

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold makes texts comparable: case and diacritics disappear, compatibility
// forms become plain, everything that is neither letter, digit nor mark
// becomes one space, and the ends are trimmed. Folding twice changes nothing.
//
// Diacritics are taken from Latin, Greek, Cyrillic, Hebrew and Arabic, where
// readers leave them out; the vowel signs of Indic and Thai scripts and the
// Japanese voicing marks carry the word and stay.
func Fold(s string) string {
	if isFoldedASCII(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range norm.NFKD.String(s) {
		if dropped(r) {
			continue
		}
		r = unicode.ToLower(r)
		letters := spelled(r)
		if letters == "" && !partOfWord(r) {
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		if letters != "" {
			b.WriteString(letters)
			continue
		}
		b.WriteRune(r)
	}
	// Decomposed Hangul and kana come back together.
	return norm.NFC.String(b.String())
}

// isFoldedASCII reports whether s needs no work, which most look-ups don't.
func isFoldedASCII(s string) bool {
	prev := byte(' ')
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case c == ' ' && prev != ' ':
		default:
			return false
		}
		prev = c
	}
	return prev != ' ' || s == ""
}

// dropped reports the runes that vanish without parting a word.
func dropped(r rune) bool {
	switch {
	case r < 0x80:
		return false
	case r >= 0x0300 && r <= 0x036F, // combining diacritics
		r >= 0x0591 && r <= 0x05C7 && unicode.Is(unicode.Mn, r), // Hebrew points
		r >= 0x0610 && r <= 0x061A,                              // Arabic signs
		r >= 0x064B && r <= 0x065F, r == 0x0670,                 // Arabic vowels
		r == 0x0640: // Arabic tatweel
		return true
	}
	return unicode.Is(unicode.Cf, r)
}

// spelled gives the plain spelling of lower-case letters that have no
// decomposition, or "".
func spelled(r rune) string {
	switch r {
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	case 'ø':
		return "o"
	case 'đ', 'ð':
		return "d"
	case 'ħ':
		return "h"
	case 'ı':
		return "i"
	case 'ł':
		return "l"
	case 'ŋ':
		return "ng"
	case 'ŧ':
		return "t"
	case 'þ':
		return "th"
	case 'ς':
		return "σ"
	}
	return ""
}

// partOfWord reports letters, digits and the marks that were not dropped.
func partOfWord(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
	case r >= 0x02B9 && r <= 0x02BF: // okina and its kin: letters to Unicode, apostrophes to people
		return false
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// NameKey is the form under which names are filed: folded, the usual abbreviations
// unified ("Saint" and "St.", "Mount" and "Mt.", "Fort" and "Ft."), a leading
// "the" left out, and without spaces, so that "O'Fallon" and "Ofallon" or
// "Battle Ground" and "Battleground" meet.
func NameKey(name string) string { return WordsKey(strings.Fields(Fold(name))) }

// WordsKey is [NameKey] of words that are already folded.
func WordsKey(words []string) string {
	if len(words) > 1 && words[0] == "the" {
		words = words[1:]
	}
	var b strings.Builder
	for _, w := range words {
		short, _ := Abbreviate(w)
		b.WriteString(short)
	}
	return b.String()
}

// Abbreviate gives the unified form of a folded word and whether it differs.
func Abbreviate(w string) (string, bool) {
	switch w {
	case "saint":
		return "st", true
	case "sainte":
		return "ste", true
	case "mount":
		return "mt", true
	case "fort":
		return "ft", true
	}
	return w, false
}
