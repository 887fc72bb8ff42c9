package identity

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"convoke/internal/fault"
)

// The length of a handle in characters.
const (
	minHandle = 3
	maxHandle = 30
)

// reserved are handles that could be taken for the node's own voice or for a
// part of an address.
func reserved() []string {
	return []string{
		"about", "admin", "administrator", "all", "api", "convoke", "everyone", "groups", "help", "me", "moderator",
		"new", "node", "official", "operator", "root", "security", "setup", "sign-in", "sign-out", "staff", "support",
		"system", "team", "visitor",
	}
}

// foldHandle brings what was typed into the form that is stored: lower case,
// full-width letters made plain, without a leading "@". Folding twice changes
// nothing.
func foldHandle(s string) string {
	s = norm.NFKC.String(strings.ToLower(norm.NFKC.String(s)))
	return strings.TrimFunc(s, func(r rune) bool { return r == '@' || r == ' ' || r == '\t' || r == '\n' || r == '\r' })
}

// parseHandle returns the handle to store, or the message for the field
// "handle".
func parseHandle(typed string) (string, error) {
	h := foldHandle(typed)
	var bad fault.FieldError
	switch {
	case h == "":
		bad = fault.Field("handle", "handle.missing", "Choose a handle.")
	case len(h) < minHandle || len(h) > maxHandle:
		bad = fault.Field("handle", "handle.length", "A handle has {min} to {max} characters.", "min", minHandle, "max", maxHandle)
	case !handleShape(h):
		bad = fault.Field("handle", "handle.shape",
			"A handle starts with a letter and has only the letters a to z, digits, dots, hyphens and underscores.")
	case slices.Contains(reserved(), h):
		bad = fault.Field("handle", "handle.reserved", "This handle is kept free. Choose another one.")
	default:
		return h, nil
	}
	return "", fault.Invalid(bad)
}

// handleShape: a letter, then letters, digits, dots, underscores and hyphens,
// all of them plain.
func handleShape(h string) bool {
	for i := range len(h) {
		c := h[i]
		letter := c >= 'a' && c <= 'z'
		other := c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
		if !letter && (i == 0 || !other) {
			return false
		}
	}
	return h != ""
}
