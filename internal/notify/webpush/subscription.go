package webpush

import (
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"convoke/internal/fetch"
)

// Lengths in bytes.
const (
	PublicSize = 65 // a P-256 point, uncompressed (SEC 1, section 2.3.3)
	AuthSize   = 16 // RFC 8291, section 3.2
	// MaxEndpoint bounds an endpoint; those of push services have 100 to 600 bytes.
	MaxEndpoint = 1024
	// maxText bounds a subscription as JSON.
	maxText = 2 * MaxEndpoint
)

// ErrSubscription says that something is no subscription that can be sent to.
var ErrSubscription = errors.New("this is not a subscription for push messages")

// Subscription is where and how to reach one device: all of it is secret.
type Subscription struct {
	Endpoint string // https:// on port 443, at most MaxEndpoint bytes, ASCII
	P256DH   []byte // the device's public key, PublicSize bytes
	Auth     []byte // AuthSize bytes
}

// Parse reads a subscription as browsers write it (PushSubscription.toJSON of the
// Push API): {"endpoint": "https://...", "keys": {"p256dh": "...", "auth": "..."}}
// with keys in base64url. Other members are ignored. It returns [ErrSubscription], or
// fetch.ErrURL or fetch.ErrAddress for an endpoint that cannot be.
func Parse(text []byte) (Subscription, error) {
	var in struct {
		Endpoint string `json:"endpoint"`
		Keys     struct {
			P256DH string `json:"p256dh"`
			Auth   string `json:"auth"`
		} `json:"keys"`
	}
	if len(text) > maxText || json.Unmarshal(text, &in) != nil {
		return Subscription{}, ErrSubscription
	}
	return New(in.Endpoint, in.Keys.P256DH, in.Keys.Auth)
}

// New is [Parse] for the three texts, as a form has them.
func New(endpoint, p256dh, auth string) (Subscription, error) {
	s := Subscription{Endpoint: endpoint}
	if len(p256dh)+len(auth) > maxText {
		return Subscription{}, ErrSubscription
	}
	var err, other error
	s.P256DH, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(p256dh, "="))
	s.Auth, other = base64.RawURLEncoding.DecodeString(strings.TrimRight(auth, "="))
	if err != nil || other != nil {
		return Subscription{}, ErrSubscription
	}
	if err := s.Check(); err != nil {
		return Subscription{}, err
	}
	return s, nil
}

// Check reports what is wrong with a subscription; see [Parse].
func (s Subscription) Check() error {
	if len(s.Endpoint) > MaxEndpoint || len(s.Auth) != AuthSize {
		return ErrSubscription
	}
	for i := range len(s.Endpoint) {
		if c := s.Endpoint[i]; c <= ' ' || c > '~' {
			return ErrSubscription
		}
	}
	if err := fetch.Check(s.Endpoint); err != nil {
		return err
	}
	_, err := s.key()
	return err
}

// key is the device's public key; it is on the curve.
func (s Subscription) key() (*ecdh.PublicKey, error) {
	if len(s.P256DH) != PublicSize {
		return nil, ErrSubscription
	}
	k, err := ecdh.P256().NewPublicKey(s.P256DH)
	if err != nil {
		return nil, ErrSubscription
	}
	return k, nil
}
