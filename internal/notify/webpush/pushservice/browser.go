package pushservice

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"convoke/internal/notify/webpush"
)

// Browser is one device with one subscription. It is safe for concurrent use.
type Browser struct {
	endpoint, server string
	key              *ecdh.PrivateKey
	auth             []byte

	mu       sync.Mutex
	messages []Message
	answers  Answer
}

// Message is one that came, decrypted.
type Message struct {
	Text           []byte
	TTL            time.Duration
	Urgency, Topic string
	Size           int    // of the body, encrypted and padded
	Sender         string // its public key, in base64url
}

// Answer is how a push service answers; the zero Answer is 201 (RFC 8030, section 5).
type Answer struct {
	Status     int
	RetryAfter string // as in the header
	Location   string // where a redirect leads
	Stall      bool   // no answer before the sender leaves
	Endless    bool   // a body that does not end before the sender leaves
}

func newBrowser(server string) (*Browser, error) {
	k, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of a browser: %w", err)
	}
	b := &Browser{server: server, key: k, auth: make([]byte, webpush.AuthSize)}
	_, _ = rand.Read(b.auth) // never fails (Go 1.24)
	return b, nil
}

// Subscription is what the browser gives to who may send to it.
func (b *Browser) Subscription() webpush.Subscription {
	return webpush.Subscription{Endpoint: b.endpoint, P256DH: b.key.PublicKey().Bytes(), Auth: slices.Clone(b.auth)}
}

// JSON is the same as PushSubscription.toJSON of the Push API writes it.
func (b *Browser) JSON() string {
	e := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"endpoint":%q,"expirationTime":null,"keys":{"p256dh":%q,"auth":%q}}`, b.endpoint, e(b.key.PublicKey().Bytes()), e(b.auth))
}

// Messages are those that came, in their order.
func (b *Browser) Messages() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.messages)
}

// Answer makes the service answer so from now on.
func (b *Browser) Answer(a Answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers = a
}

func (b *Browser) answer() Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.answers
}

func (a Answer) bad() bool { return a != (Answer{}) && a.Status != http.StatusCreated }

func (a Answer) write(w http.ResponseWriter, r *http.Request) {
	if a.Stall {
		<-r.Context().Done()
		return
	}
	if a.RetryAfter != "" {
		w.Header().Set("Retry-After", a.RetryAfter)
	}
	if a.Location != "" {
		w.Header().Set("Location", a.Location)
	}
	w.WriteHeader(max(a.Status, http.StatusOK))
	for a.Endless && r.Context().Err() == nil {
		if _, err := w.Write(make([]byte, 1<<10)); err != nil {
			return
		}
	}
}
