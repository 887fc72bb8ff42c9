package petitions

import (
	"crypto/sha256"
	"encoding/hex"
	"unicode/utf8"

	"convoke/internal/fault"
	"convoke/internal/plaintext"
	"convoke/internal/record/leaf"
)

// agreed is what people agree to, as its hash is taken: canonical JSON.
type agreed struct {
	V         int    `json:"v"` // 1
	Addressee string `json:"addressee"`
	Lang      string `json:"lang"`
	Title     string `json:"title"`
	Text      string `json:"text"` // Markdown
}

// said is an entry, as its hash is taken.
type said struct {
	V       int    `json:"v"`
	Kind    string `json:"kind"`
	Day     int    `json:"day"`
	Text    string `json:"text"`
	URL     string `json:"url,omitempty"`
	Ref     string `json:"ref,omitempty"`
	Refused bool   `json:"refused,omitempty"`
}

// Canonical is the text as it is hashed.
func (t *Text) Canonical() ([]byte, error) {
	return leaf.Canonical(agreed{1, t.Addressee, t.Lang, t.Title, t.Markdown})
}

// Canonical is the entry as it is hashed.
func (e *Entry) Canonical() ([]byte, error) {
	return leaf.Canonical(said{1, e.Kind, e.Day, e.Markdown, e.URL, e.Ref, e.Refused})
}

// hashOf is hexadecimal SHA-256 of a salt, itself hexadecimal, and a text.
func hashOf(salt string, text []byte) (string, error) {
	b, err := hex.DecodeString(salt)
	if err != nil {
		return "", err
	}
	h := sha256.Sum256(append(b, text...))
	return hex.EncodeToString(h[:]), nil
}

// checkPublic refuses a text that is too long, or that leads to somebody: what is
// shown beside a petition is no list of whom to call.
func checkPublic(name, text string, limit int) (fault.FieldError, bool) {
	if utf8.RuneCountInString(text) > limit {
		return fault.Field(name, "form.long", "This is too long: at most {limit} characters, please.", "limit", limit), false
	}
	s := plaintext.Judged(text)
	switch {
	case plaintext.HasContact(s):
		return fault.Field(name, "petition.contact", "This looks like an e-mail address, an account or a link. Please leave it out: everybody can read this."), false
	case plaintext.HasPhone(s):
		return fault.Field(name, "petition.phone", "This looks like a phone number. Please leave it out: everybody can read this."), false
	}
	return fault.FieldError{}, true
}
