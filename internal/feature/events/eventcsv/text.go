package eventcsv

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// clean makes a cell one line of valid UTF-8: bytes outside UTF-8 are read as
// Windows-1252, UTF-8 that was once read as Windows-1252 is put right, control
// and direction-changing characters go, runs of space become one. repaired
// says that letters were changed.
func clean(s string) (out string, repaired bool) {
	if plain(s) {
		return s, false
	}
	if !utf8.ValidString(s) {
		s, repaired = fromWindows(s), true
	}
	for range 3 { // texts that went through the mistake three times exist
		t, ok := unMojibake(s)
		if !ok {
			break
		}
		s, repaired = t, true
	}
	var b strings.Builder
	space := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
		case unicode.IsControl(r) || hidden(r):
		default:
			if space {
				b.WriteByte(' ')
				space = false
			}
			b.WriteRune(r)
		}
	}
	return b.String(), repaired
}

// plain is the quick way out: printable ASCII with single inner spaces.
func plain(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || c == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			return false
		}
	}
	return true
}

// hidden characters turn the direction of the text around them (UAX #9) or
// mark a byte order.
func hidden(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0xfeff
}

// fromWindows reads the bytes that are not UTF-8 as Windows-1252.
func fromWindows(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			r = charmap.Windows1252.DecodeByte(s[0])
		}
		b.WriteRune(r)
		s = s[n:]
	}
	return b.String()
}

// unMojibake undoes one pass of "UTF-8 read as Windows-1252 or Latin-1": the
// three characters of "â€™" are the bytes of one apostrophe. Only sequences
// that yield a common character count, because an É before a closing quotation
// mark would also form one.
func unMojibake(s string) (string, bool) {
	if !strings.ContainsAny(s, "ÂÃâð") {
		return s, false
	}
	var b strings.Builder
	found := false
	rs := []rune(s)
	for i := 0; i < len(rs); {
		if r, n := garbled(rs[i:]); n > 0 {
			b.WriteRune(r)
			i += n
			found = true
			continue
		}
		// What is left of a garbled no-break space whose second half became
		// an ordinary space.
		if found && rs[i] == 'Â' && (i+1 == len(rs) || rs[i+1] == ' ') {
			i++
			continue
		}
		b.WriteRune(rs[i])
		i++
	}
	return b.String(), found
}

// garbled returns the character whose UTF-8 bytes the first n runes stand for,
// or n = 0.
func garbled(rs []rune) (r rune, n int) {
	switch rs[0] {
	case 'Â', 'Ã':
		n = 2
	case 'â':
		n = 3
	case 'ð':
		n = 4
	}
	if n == 0 || len(rs) < n {
		return 0, 0
	}
	buf := make([]byte, 0, 4)
	for _, c := range rs[:n] {
		b, ok := windowsByte(c)
		if !ok {
			return 0, 0
		}
		buf = append(buf, b)
	}
	r, size := utf8.DecodeRune(buf)
	if size != n || !common(r) {
		return 0, 0
	}
	return r, n
}

// windowsByte is the byte that c has in Windows-1252, where the five bytes
// without a character, and all of C1, stand for themselves.
func windowsByte(c rune) (byte, bool) {
	if c >= 0x80 && c < 0xa0 {
		return byte(c), true
	}
	return charmap.Windows1252.EncodeRune(c)
}

// common says whether r is likely in a text: Latin letters and signs, dashes,
// quotation marks, bullets, the euro and trade mark signs, emoji. C1 controls
// are in, as the middle state of a text garbled twice.
func common(r rune) bool {
	return r >= 0x80 && r <= 0xff || r >= 0x2010 && r <= 0x203a || r == 0x20ac || r == 0x2122 || r >= 0x1f000
}

var (
	mailPattern  = regexp.MustCompile(`[\pL\pN._%+-]+@[\pL\pN-]+(?:\.[\pL\pN-]+)*\.\pL{2,}`)
	phonePattern = regexp.MustCompile(`(?:\+\d[\d ().-]{7,}\d|(?:\b1[ .-])?(?:\(\d{3}\) ?|\b\d{3}[ .-])\d{3}[ .-]\d{4}\b)`)
)

// removed stands where an address or a number was.
const removed = "(removed)"

// hidePersonal replaces e-mail addresses and phone numbers.
func hidePersonal(s string) (string, bool) {
	out := s
	if strings.Contains(s, "@") {
		out = mailPattern.ReplaceAllString(out, removed)
	}
	if digits(s) >= 9 {
		out = phonePattern.ReplaceAllString(out, removed)
	}
	return out, out != s
}

func digits(s string) (n int) {
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

// cutAt shortens s to at most limit characters, the last one being "…".
func cutAt(s string, limit int) string {
	if len(s) <= limit || utf8.RuneCountInString(s) <= limit {
		return s
	}
	n := 0
	for i := range s {
		if n++; n == limit {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

// markdown escapes a text on one line so that CommonMark with the usual
// extensions (tables, strike-through, bare links) shows it literally inside a
// paragraph. See CommonMark 0.31, section 2.4.
func markdown(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch c {
		case '\\', '`', '*', '_', '[', ']', '<', '>', '&', '~', '|':
			b.WriteByte('\\')
		case ':': // http://
			if strings.HasPrefix(s[i+1:], "//") {
				b.WriteByte('\\')
			}
		case '.': // www.
			if i >= 3 && strings.EqualFold(s[i-3:i], "www") {
				b.WriteByte('\\')
			}
		case '@': // an address that no pattern above has caught
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}
