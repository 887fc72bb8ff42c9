package identity

import (
	"convoke/internal/fault"
	"convoke/internal/handle"
)

// handles are the rules of a person's handle. The reserved ones could be taken
// for the node's own voice, or for a part of an address.
func handles() handle.Rules {
	return handle.Rules{Dots: true, Reserved: []string{"administrator", "everyone", "root", "sign-in", "sign-out", "visitor"}}
}

// parseHandle returns the handle to store, or the message for the field
// "handle".
func parseHandle(typed string) (string, error) {
	h := foldHandle(typed)
	if bad, is := handles().Check(h); is {
		return "", fault.Invalid(bad)
	}
	return h, nil
}

// foldHandle is [handle.Fold] where a parameter has the package's name.
func foldHandle(s string) string { return handle.Fold(s) }
