package webpush

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"convoke/internal/seal"
)

// KeyScope is the scope of the vault from whose key the node's own follows.
const KeyScope = "webpush"

// LoadKey returns the key by which push services know this node; the first call
// makes it. Browsers bind a subscription to it, so it stays: it follows from the key
// of its scope in the vault, which is kept and backed up as all keys are. A P-256 key
// is 32 bytes below the order of the group (FIPS 186-5, appendix A.2.2).
func LoadKey(ctx context.Context, v *seal.Vault) (*ecdsa.PrivateKey, error) {
	k, err := v.Key(ctx, KeyScope)
	if err != nil {
		return nil, fmt.Errorf("find the key of push messages: %w", err)
	}
	for i := 0; ; i++ { // one of 2^32 is no key
		try := strconv.Itoa(i)
		d := append(k.Tag("vapid 1", try), k.Tag("vapid 2", try)...)
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d); err == nil {
			return key, nil
		}
	}
}

// How long a token is good (RFC 8292, section 2: at most 24 hours), and how long
// before its end it is used no more.
const (
	tokenLife  = 12 * time.Hour
	tokenSpare = 2 * time.Hour
	maxTokens  = 1024 // origins of which tokens are kept
)

// tokens makes the header that says who sends, one for each push service and some
// hours, since a signature for each message would cost more than the message.
type tokens struct {
	key     *ecdsa.PrivateKey
	public  string // in base64url
	subject string

	mu   sync.Mutex
	kept map[string]token // by origin
}

type token struct {
	header string
	until  time.Time
}

func newTokens(key *ecdsa.PrivateKey, subject string) (*tokens, error) {
	public, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("write the key of push messages: %w", err)
	}
	return &tokens{key: key, public: base64.RawURLEncoding.EncodeToString(public), subject: subject, kept: map[string]token{}}, nil
}

// header is the value of Authorization for an origin, as in
// "https://push.example.net".
func (t *tokens) header(origin string, now time.Time) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if k, ok := t.kept[origin]; ok && now.Before(k.until) && now.After(k.until.Add(-tokenLife)) {
		return k.header, nil
	}
	// In whole hours, so that it does not tell when this node sent to others.
	expires := now.Truncate(time.Hour).Add(tokenLife)
	signed, err := t.sign(origin, expires)
	if err != nil {
		return "", err
	}
	if len(t.kept) >= maxTokens { // somebody makes up services: a signature is cheap
		clear(t.kept)
	}
	k := token{"vapid t=" + signed + ", k=" + t.public, expires.Add(-tokenSpare)}
	t.kept[origin] = k
	return k.header, nil
}

// sign makes a JSON Web Token with ES256 (RFC 7515, RFC 7518 section 3.4).
func (t *tokens) sign(origin string, expires time.Time) (string, error) {
	claims, err := json.Marshal(struct {
		Audience string `json:"aud"`
		Expires  int64  `json:"exp"`
		Subject  string `json:"sub"`
	}{origin, expires.Unix(), t.subject})
	if err != nil {
		return "", fmt.Errorf("write a token: %w", err)
	}
	b64 := base64.RawURLEncoding
	text := b64.EncodeToString([]byte(`{"typ":"JWT","alg":"ES256"}`)) + "." + b64.EncodeToString(claims)
	hash := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, t.key, hash[:])
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	var sig [64]byte
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return text + "." + b64.EncodeToString(sig[:]), nil
}
