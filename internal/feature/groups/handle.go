package groups

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"convoke/internal/fault"
)

// The length of a group's handle in characters.
const (
	minHandle = 3
	maxHandle = 30
)

// reserved are handles that are parts of addresses, or that could be taken for
// the node itself.
func reserved() []string {
	return []string{
		"about", "admin", "all", "api", "convoke", "events", "groups", "help", "me", "mine", "moderator", "new",
		"node", "official", "operator", "security", "setup", "staff", "support", "system", "team",
	}
}

// foldHandle brings what was typed into the form that is stored: lower case,
// full-width letters made plain, without a leading "@". Folding twice changes
// nothing.
func foldHandle(s string) string {
	s = norm.NFKC.String(strings.ToLower(norm.NFKC.String(s)))
	return strings.TrimFunc(s, func(r rune) bool { return r == '@' || r == ' ' || r == '\t' || r == '\n' || r == '\r' })
}

// checkHandle returns the message for a folded handle, or false when it will do.
// There is no dot in it: /groups/HANDLE.json is another format of the page.
func checkHandle(h string) (fault.FieldError, bool) {
	switch {
	case h == "":
		return fault.Field("handle", "handle.missing", "Choose a handle."), true
	case len(h) < minHandle || len(h) > maxHandle:
		return fault.Field("handle", "handle.length", "A handle has {min} to {max} characters.", "min", minHandle, "max", maxHandle), true
	case !handleShape(h):
		return fault.Field("handle", "group.handle_shape",
			"A handle starts with a letter and has only the letters a to z, digits, hyphens and underscores."), true
	case slices.Contains(reserved(), h):
		return fault.Field("handle", "handle.reserved", "This handle is kept free. Choose another one."), true
	}
	return fault.FieldError{}, false
}

func handleShape(h string) bool {
	for i := range len(h) {
		c := h[i]
		letter := c >= 'a' && c <= 'z'
		other := c >= '0' && c <= '9' || c == '_' || c == '-'
		if !letter && (i == 0 || !other) {
			return false
		}
	}
	return h != ""
}
