// Package handle holds the rules of handles, the short names of people and
// groups in addresses. What differs between the two is in [Rules].
package handle

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"convoke/internal/fault"
)

// The length of a handle in characters, all of which are ASCII.
const (
	Min = 3
	Max = 30
)

// Rules are what differs from one sort of handle to another.
type Rules struct {
	// Dots may stand in it. They may not where the handle is part of an address
	// with formats, such as /groups/HANDLE.json.
	Dots bool
	// Reserved are further handles that are kept free, folded.
	Reserved []string
}

// Reserved are handles that nobody may have: they are parts of addresses, or
// could be taken for the node's own voice.
func Reserved() []string {
	return []string{
		"about", "admin", "all", "api", "convoke", "groups", "help", "me", "moderator", "new", "node", "official",
		"operator", "security", "setup", "staff", "support", "system", "team",
	}
}

// Fold brings what was typed into the form that is stored: lower case,
// full-width letters made plain, without a leading "@". Folding twice changes
// nothing. What it returns need not be a handle; see [Rules.Check].
func Fold(s string) string {
	s = norm.NFKC.String(strings.ToLower(norm.NFKC.String(s)))
	return strings.TrimFunc(s, func(r rune) bool { return r == '@' || r == ' ' || r == '\t' || r == '\n' || r == '\r' })
}

// Check returns the message for the field "handle" and true when the folded h
// will not do.
func (r Rules) Check(h string) (fault.FieldError, bool) {
	switch {
	case h == "":
		return fault.Field("handle", "handle.missing", "Choose a handle."), true
	case len(h) < Min || len(h) > Max:
		return fault.Field("handle", "handle.length", "A handle has {min} to {max} characters.", "min", Min, "max", Max), true
	case !r.shape(h) && r.Dots:
		return fault.Field("handle", "handle.shape",
			"A handle starts with a letter and has only the letters a to z, digits, dots, hyphens and underscores."), true
	case !r.shape(h):
		return fault.Field("handle", "handle.shape_no_dots",
			"A handle starts with a letter and has only the letters a to z, digits, hyphens and underscores."), true
	case slices.Contains(Reserved(), h) || slices.Contains(r.Reserved, h):
		return fault.Field("handle", "handle.reserved", "This handle is kept free. Choose another one."), true
	}
	return fault.FieldError{}, false
}

// shape: a letter, then letters, digits, underscores, hyphens and perhaps dots,
// all of them plain.
func (r Rules) shape(h string) bool {
	for i := range len(h) {
		c := h[i]
		letter := c >= 'a' && c <= 'z'
		other := c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' && r.Dots
		if !letter && (i == 0 || !other) {
			return false
		}
	}
	return h != ""
}
