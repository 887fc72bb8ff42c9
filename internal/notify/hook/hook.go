// Package hook sends a message to a program of somebody's own, signed as Standard
// Webhooks 1.0.0 says (https://www.standardwebhooks.com), so that the program can tell
// that it comes from here, and is neither changed nor old.
package hook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"convoke/internal/notify/failure"
)

// Poster sends to addresses of strangers and returns the status of the answer;
// *fetch.Client does.
type Poster interface {
	Post(ctx context.Context, address string, header http.Header, body []byte) (status int, err error)
}

// Message is what is sent.
type Message struct {
	// ID stays the same when a message is sent again, so that a receiver takes it
	// once. It has no dot.
	ID   string
	Body []byte // JSON
}

// Send tries once; now is when. status is that of the answer, or 0. The error is one of
// package failure, or nil when the receiver has taken the message.
func Send(ctx context.Context, by Poster, address string, key []byte, m Message, now time.Time) (status int, err error) {
	u, err := url.Parse(address)
	if err != nil { // it quotes the address
		return 0, failure.New(failure.Permanent, "the address cannot be read")
	}
	if status, err = by.Post(ctx, address, sign(key, m, now), m.Body); err != nil {
		return 0, failure.Unreached(u.Hostname(), err)
	}
	return status, failure.Answer(u.Hostname(), status, nil, now)
}

// sign makes the headers of one attempt.
func sign(key []byte, m Message, now time.Time) http.Header {
	at := strconv.FormatInt(now.Unix(), 10)
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.%s", m.ID, at, m.Body)
	return http.Header{
		"Content-Type": {"application/json"}, "Webhook-Id": {m.ID}, "Webhook-Timestamp": {at},
		"Webhook-Signature": {"v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))},
	}
}

// SecretText is the signing key as libraries of Standard Webhooks take it; a key has
// 24 to 64 bytes.
func SecretText(key []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(key) }
