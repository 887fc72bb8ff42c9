// Package slug makes parts of addresses and names of files out of titles.
package slug

import (
	"strings"

	"convoke/internal/geo"
)

// Length bounds what is made of a title.
const Length = 60

// Of keeps plain letters and digits of s, and cuts between words: "Öffnet die
// Brücke!" becomes "offnet-die-brucke". It is "" when no letter of s is plain.
func Of(s string, limit int) string {
	var words []string
	n := 0
	for _, w := range strings.Fields(geo.Fold(s)) {
		w = strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, w)
		if w == "" {
			continue
		}
		w = w[:min(len(w), limit)]
		if n += len(w) + 1; n > limit+1 {
			break
		}
		words = append(words, w)
	}
	return strings.Join(words, "-")
}

// Valid reports whether s is of the kind that [Of] makes.
func Valid(s string, limit int) bool {
	return s != "" && len(s) <= limit && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && strings.Trim(s, "-") == s
}
