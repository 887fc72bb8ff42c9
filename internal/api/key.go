package api

import (
	"context"
	"strings"

	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Keys makes a keyed hash under a secret of this node.
type Keys interface {
	Tag(ctx context.Context, purpose, value string) ([]byte, error)
}

const (
	keyHeader = "Idempotency-Key"
	minKey    = 8
	maxKey    = 200
	// minOpenKey is 128 random bits in base64: without a token the key alone
	// keeps what it makes apart from everybody else's.
	minOpenKey = 22
)

// Key is what stands for a form's key: the same for every repetition of one
// request of one token with one Idempotency-Key at one address, and guessed by
// nobody who does not know them.
func (a *API) Key(c *web.Call) (string, error) {
	key := strings.TrimSpace(c.R.Header.Get(keyHeader))
	g, signed := GrantOf(c)
	who, least := "token "+g.ID, minKey
	if !signed {
		who, least = "anybody", minOpenKey
	}
	if len(key) < least || len(key) > maxKey {
		return "", fault.Malformed("api.key",
			"Send an Idempotency-Key of {min} to {max} characters, which is new for each request and the same when you repeat one.",
			"min", least, "max", maxKey)
	}
	tag, err := a.Keys.Tag(c.Context(), "idempotency key", strings.Join([]string{who, c.R.Method, c.R.URL.Path, key}, "\n"))
	if err != nil {
		return "", err
	}
	return id.SecretOf(tag), nil
}

// Keyed is the [API.Key] of a request and its body as a [Form].
func (a *API) Keyed(c *web.Call, body any) (string, *web.Form, error) {
	key, err := a.Key(c)
	if err != nil {
		return "", nil, err
	}
	f, err := Form(c, body)
	return key, f, err
}

// ErrKeyReused is what a feature answers when it can tell that a key stood for
// another request.
func ErrKeyReused() error {
	return fault.Conflict("api.key_reused", "This Idempotency-Key was used for another request. Take a new one for this.")
}
