// Package ntfy publishes messages to a topic of an ntfy server, which shows them on
// every phone that subscribed to it (https://docs.ntfy.sh/publish/).
//
// The server reads what is sent, and so does everybody who knows the topic's name: it
// is a secret of its owner. What must stay secret goes over Web Push instead, which
// the ntfy app speaks too (UnifiedPush).
package ntfy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"convoke/internal/fetch"
	"convoke/internal/notify/failure"
)

// MaxText is the longest text in bytes; a server makes a file of a longer one.
const MaxText = 4096

// maxTopic bounds the name of a topic.
const maxTopic = 64

// ErrTopic says that an address is no topic of an ntfy server.
var ErrTopic = errors.New("this is not the address of an ntfy topic, as in https://ntfy.sh/name")

// Topic is where messages go.
type Topic struct {
	server, name string
}

// Parse reads the address of a topic, as in "https://ntfy.sh/name": one name of up to
// 64 letters, digits, - and _. It returns [ErrTopic], or fetch.ErrURL or
// fetch.ErrAddress for what can be no address of a server.
func Parse(address string) (Topic, error) {
	if err := fetch.Check(address); err != nil {
		return Topic{}, err
	}
	u, err := url.Parse(address)
	if err != nil || u.RawQuery != "" || u.ForceQuery {
		return Topic{}, ErrTopic
	}
	name := strings.TrimPrefix(u.EscapedPath(), "/")
	if name == "" || len(name) > maxTopic ||
		strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return Topic{}, ErrTopic
	}
	return Topic{"https://" + strings.ToLower(u.Host), name}, nil
}

// String is the address, which is a secret.
func (t Topic) String() string { return t.server + "/" + t.name }

// Priority is how much a phone makes of a message.
type Priority int

// The priorities; 0 is Default.
const (
	Min     Priority = 1
	Low     Priority = 2
	Default Priority = 3
	High    Priority = 4
	Max     Priority = 5 // rings through "do not disturb"
)

// Message is one message: plain text, no Markdown.
type Message struct {
	Title    string
	Text     string // at most MaxText bytes
	Priority Priority
	Tags     []string // names of emoji, or words
	Click    string   // address that opens, or ""
}

// Send publishes a message; now is for a server that asks to wait until a time. by
// must be made for addresses of strangers, as *fetch.Kept is. The error is one of
// package failure, or nil when the server has taken it.
func Send(ctx context.Context, by http.RoundTripper, to Topic, m Message, now time.Time) error {
	if len(m.Text) > MaxText {
		return failure.New(failure.TooLarge, fmt.Sprintf("a text has at most %d bytes", MaxText))
	}
	// As JSON, since headers cannot carry every script.
	body, err := json.Marshal(struct {
		Topic    string   `json:"topic"`
		Message  string   `json:"message"`
		Title    string   `json:"title,omitempty"`
		Priority Priority `json:"priority,omitempty"`
		Tags     []string `json:"tags,omitempty"`
		Click    string   `json:"click,omitempty"`
		Markdown bool     `json:"markdown"`
	}{to.name, m.Text, m.Title, m.Priority, m.Tags, m.Click, false})
	if err != nil {
		return fmt.Errorf("write a message: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.server+"/", bytes.NewReader(body))
	if err != nil {
		return failure.New(failure.Permanent, ErrTopic.Error())
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Convoke")
	res, err := by.RoundTrip(req)
	if err != nil {
		return failure.Unreached(req.URL.Hostname(), err)
	}
	defer res.Body.Close()
	return failure.Answer(req.URL.Hostname(), res.StatusCode, res.Header, now)
}
