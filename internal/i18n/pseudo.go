package i18n

import (
	"strings"
	"unicode"
)

// pseudoLocales are English made strange, for finding faults in pages.
func pseudoLocales() []*Locale {
	accented := english()
	accented.name, accented.open, accented.close = "Ƥšéûðö", "⟦", "⟧"
	xa := newLocale("en-XA", accented)
	xa.shape = accent

	mirrored := english()
	mirrored.name, mirrored.rtl = "\u202eoduesP\u202c", true
	xb := newLocale("ar-XB", mirrored)
	xb.shape = mirror
	return []*Locale{xa, xb}
}

// shaped makes a text of this package strange when the locale is a pseudo one.
func (l *Locale) shaped(s string) string {
	if l.shape == nil {
		return s
	}
	return l.table.open + l.shape(s) + l.table.close
}

// accent replaces letters by accented look-alikes and lengthens each word by
// about a third, as much as translations of English commonly grow.
func accent(s string) string {
	const plain, marked = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
		"åƀçðéƒĝĥîĵķļɱñöþɋŕšţûṽŵẋýžÅƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞɊŔŠŢÛṼŴẊÝŽ"
	looks := []rune(marked)
	var b strings.Builder
	word := 0
	pad := func() {
		b.WriteString(strings.Repeat("~", (word+2)/3))
		word = 0
	}
	for _, r := range s {
		if i := strings.IndexRune(plain, r); i >= 0 {
			b.WriteRune(looks[i])
			word++
			continue
		}
		pad()
		b.WriteRune(r)
	}
	pad()
	return b.String()
}

// mirror shows each word right to left, as Android's pseudo locale does: the
// words are wrapped one by one, so that lines still break between them.
func mirror(s string) string {
	const rlm, rlo, pdf = "\u200f", "\u202e", "\u202c"
	var b strings.Builder
	in := false
	for _, r := range s {
		if letter := unicode.IsLetter(r); letter != in {
			if in = letter; in {
				b.WriteString(rlm + rlo)
			} else {
				b.WriteString(pdf + rlm)
			}
		}
		b.WriteRune(r)
	}
	if in {
		b.WriteString(pdf + rlm)
	}
	return b.String()
}
