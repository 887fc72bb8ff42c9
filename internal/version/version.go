// Package version is what texts in several languages have in common: which
// version a reader sees, what the page says about it, the form that adds one, and
// how a version that is older than its original is known.
//
// What is written in one language is the original and counts. A version says the
// same in another language. It keeps a hash of what it was made of, so that a
// later change of the original shows, and the name that its translator may have
// left to be shown.
package version

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"convoke/internal/fault"
	"convoke/internal/plaintext"
	"convoke/internal/web"
)

// MaxCredit bounds the name of who translated, in characters.
const MaxCredit = 80

// Unknown is the language of an original that does not say its own.
const Unknown = "und"

// Meta is what is kept of a version beside its words.
type Meta struct {
	Lang   string // ISO 639
	Credit string // who translated; "" says nothing
	Of     string // [Hash] of the original it was made of; "" is not known
}

// Older reports whether the original has changed since; now is its [Hash].
func (m Meta) Older(now string) bool { return m.Of != "" && m.Of != now }

// Hash names what an original says, part by part.
func Hash(parts ...string) string {
	h := sha256.New()
	for _, s := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Known reports whether a version can be in this language.
func Known(code string) bool { return Name(code) != "" }

// Name is what a language is called by its speakers; "" when it is none that can
// be chosen. Of es-MX it is that of es.
func Name(code string) string {
	for _, l := range web.Languages() {
		if l.Value == Base(code) {
			return l.Label
		}
	}
	return ""
}

// Base is a language without its region: es of es-MX.
func Base(code string) string {
	base, _, _ := strings.Cut(code, "-")
	return strings.ToLower(base)
}

// Dir is the direction of a language's script, for the dir attribute; "auto"
// when it is not known.
func Dir(code string) string {
	tag, err := language.Parse(code)
	if code == "" || code == Unknown || err != nil {
		return "auto"
	}
	script, _ := tag.Script()
	if slices.Contains([]string{"Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Rohg"}, script.String()) {
		return "rtl"
	}
	return "ltr"
}

// Choose is the first of the wanted languages that there is a text in: the
// original's, or that of a version; else the original's.
func Choose(original string, all []Meta, wanted ...string) string {
	for _, w := range wanted {
		if w == "" {
			continue
		}
		if w == original || Base(w) == Base(original) {
			return original
		}
		for _, m := range all {
			if m.Lang == w {
				return m.Lang
			}
		}
	}
	return original
}

// Check refuses what cannot be the name of a translator: one that is too long,
// or that leads to somebody.
func Check(field, credit string) (string, []fault.FieldError) {
	credit = strings.Join(strings.Fields(plaintext.Line(credit)), " ")
	judged := plaintext.Judged(credit)
	switch {
	case utf8.RuneCountInString(credit) > MaxCredit:
		return credit, []fault.FieldError{fault.Field(field, "form.long", "This is too long: at most {limit} characters, please.", "limit", MaxCredit)}
	case plaintext.HasContact(judged) || plaintext.HasPhone(judged):
		return credit, []fault.FieldError{fault.Field(field, "version.contact", "This looks like an address or a phone number. Write a name only: everybody can read it.")}
	}
	return credit, nil
}
