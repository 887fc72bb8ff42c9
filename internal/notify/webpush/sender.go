package webpush

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"convoke/internal/clock"
	"convoke/internal/notify/failure"
)

// Urgency says how much of a battery a message is worth (RFC 8030, section 5.3).
type Urgency string

// The urgencies.
const (
	VeryLow Urgency = "very-low"
	Low     Urgency = "low"
	Normal  Urgency = "normal"
	High    Urgency = "high"
)

// Message is one message to one device.
type Message struct {
	Payload []byte        // what the device reads: at most MaxPayload bytes, better Ordinary
	TTL     time.Duration // how long the push service keeps it for a device that is off; in whole seconds
	Urgency Urgency       // "" is Normal
	// Topic makes a later message replace an earlier one of the same topic that still
	// waits: up to 32 letters of base64url (RFC 8030, section 5.4), or "". The push
	// service reads it.
	Topic string
}

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// Sender sends messages. It is safe for concurrent use.
type Sender struct {
	over   http.RoundTripper
	tokens *tokens
	clock  clock.Clock
}

// NewSender returns one that sends over a transport which must be made for
// addresses of strangers, as *fetch.Kept is, and signs with key (see [LoadKey]).
// subject is where a push service finds who runs this node: its https:// address, or
// a mailto: one (RFC 8292, section 2.1).
func NewSender(over http.RoundTripper, key *ecdsa.PrivateKey, subject string, c clock.Clock) (*Sender, error) {
	t, err := newTokens(key, subject)
	if err != nil {
		return nil, err
	}
	return &Sender{over, t, c}, nil
}

// PublicKey is the key that a browser needs to subscribe (applicationServerKey of
// the Push API), in base64url.
func (s *Sender) PublicKey() string { return s.tokens.public }

// Send encrypts a message and gives it to the push service of the subscription. p is
// used up; nil makes a fresh one. It returns nil when the service has taken the
// message, and else an error of package failure, of which failure.Gone asks to forget
// the subscription.
func (s *Sender) Send(ctx context.Context, to Subscription, p *Prepared, m Message) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.Endpoint, nil)
	if err != nil { // it quotes the endpoint
		return failure.New(failure.Permanent, ErrSubscription.Error())
	}
	if len(m.Topic) > 32 || strings.Trim(m.Topic, base64url) != "" {
		return failure.New(failure.Permanent, "a topic has up to 32 letters of base64url")
	}
	if p == nil {
		fresh, err := Prepare(to)
		if err != nil {
			return failure.New(failure.Permanent, err.Error())
		}
		p = &fresh
	}
	body, err := p.Encrypt(m.Payload)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	auth, err := s.tokens.header("https://"+strings.TrimSuffix(strings.ToLower(req.URL.Host), ":443"), now)
	if err != nil {
		return err
	}
	req.Header, req.ContentLength = m.header(auth), int64(len(body))
	// A connection may end just then: net/http sends once more, and needs it again.
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	req.Body, _ = req.GetBody()
	res, err := s.over.RoundTrip(req)
	if err != nil {
		return failure.Unreached(req.URL.Hostname(), err)
	}
	defer res.Body.Close()
	return failure.Answer(req.URL.Hostname(), res.StatusCode, res.Header, now)
}

func (m Message) header(auth string) http.Header {
	ttl := strconv.FormatInt(int64(max(0, m.TTL)/time.Second), 10)
	h, values := make(http.Header, 8), [...]string{auth, "aes128gcm", "application/octet-stream", ttl, "Convoke", string(m.Urgency), m.Topic}
	for i, name := range [...]string{"Authorization", "Content-Encoding", "Content-Type", "Ttl", "User-Agent", "Urgency", "Topic"} {
		if values[i] != "" {
			h[name] = values[i : i+1 : i+1]
		}
	}
	return h
}
