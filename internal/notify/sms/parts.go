package sms

import "strings"

// The default alphabet of 3GPP TS 23.038, section 6.2.1, and those of its extension,
// which take the room of two.
const (
	basic    = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	extended = "\f^{}\\[~]|€"
)

// Marked writes the marks that the default alphabet lacks as those that it has: one of
// them would make the whole text cost twice as much.
func Marked(text string) string {
	return strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`, "‘", "'", "’", "'", "–", "-", "—", "-", "…", "...", "\u00a0", " ").Replace(text)
}

// Parts counts the messages that a text is sent and paid as, and reports whether it is
// in UCS-2 because the default alphabet lacks a letter. A single message has room for
// 160 letters or 70 units of UTF-16, each of several for 153 or 67 (3GPP TS 23.040,
// section 9.2.3.24.1); nothing is split inside of a letter.
func Parts(text string) (n int, unicode bool) {
	for _, r := range text {
		unicode = unicode || !strings.ContainsRune(basic, r) && !strings.ContainsRune(extended, r)
	}
	single, room := 160, 153
	if unicode {
		single, room = 70, 67
	}
	all, used := 0, room // of the last part
	for _, r := range text {
		width := 1
		if unicode && r > 0xffff || !unicode && strings.ContainsRune(extended, r) {
			width = 2
		}
		all += width
		if used += width; used > room {
			n, used = n+1, width
		}
	}
	if all > 0 && all <= single {
		n = 1
	}
	return n, unicode
}
