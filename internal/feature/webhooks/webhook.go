package webhooks

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"convoke/internal/fault"
	"convoke/internal/fetch"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

const (
	maxHooks    = 5 // of one group
	maxURL      = 500
	maxTries    = 10 // of one delivery
	maxFailures = 10 // deliveries given up in a row
	keepFor     = 7 * 24 * time.Hour
)

// Kind is what a message says.
type Kind string

// The kinds. A ping is sent when a webhook is made, so that its owner can see
// that signatures fit.
const (
	Ping           Kind = "ping"
	EventPublished Kind = "event.published"
	EventChanged   Kind = "event.changed"
	EventCancelled Kind = "event.cancelled"
	GroupChanged   Kind = "group.changed"
	Statement      Kind = "statement.published"
)

// kinds that can be chosen, each with its English name.
var kinds = [...]struct {
	kind Kind
	name string
}{
	{EventPublished, i18n.Mark("An event was published")},
	{EventChanged, i18n.Mark("A public event was changed")},
	{EventCancelled, i18n.Mark("An event was cancelled")},
	{Statement, i18n.Mark("A statement was published")},
	{GroupChanged, i18n.Mark("The group’s page was changed")},
}

// State is where a delivery stands.
type State string

// The states.
const (
	Pending   State = "pending"
	Delivered State = "delivered"
	Failed    State = "failed"
)

// Webhook is one address.
type Webhook struct {
	ID       string
	Group    id.Group
	URL      string
	Kinds    []Kind
	Failures int
	Disabled bool
	Created  time.Time // a day
}

// Delivery is one message to one address.
type Delivery struct {
	ID      string
	Webhook string
	Kind    Kind
	Body    []byte
	State   State
	Tries   int
	Status  int // of the last answer; 0 for none
	Created time.Time
	Tried   time.Time // zero before the first time
}

// Input is a webhook as typed.
type Input struct {
	URL   string
	Kinds []string
}

func (in Input) parse() (Webhook, error) {
	var bad []fault.FieldError
	h := Webhook{URL: in.URL}
	switch {
	case utf8.RuneCountInString(in.URL) > maxURL:
		bad = append(bad, fault.Field("url", "form.long", "This is too long: at most {limit} characters, please.", "limit", maxURL))
	case errors.Is(fetch.Check(in.URL), fetch.ErrAddress):
		bad = append(bad, fault.Field("url", "webhook.address", "This address is not on the public internet, so we send nothing there."))
	case fetch.Check(in.URL) != nil:
		bad = append(bad, fault.Field("url", "webhook.url", "Write a full address that begins with https:// and names no other port."))
	}
	for _, k := range kinds {
		if slices.Contains(in.Kinds, string(k.kind)) {
			h.Kinds = append(h.Kinds, k.kind)
		}
	}
	if len(h.Kinds) == 0 {
		bad = append(bad, fault.Field("kinds", "webhook.kinds", "Choose at least one thing to hear of."))
	}
	return h, fault.Invalid(bad...)
}

// message is what is sent: what happened, when, and where to read more.
type message struct {
	Type      Kind      `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      thing     `json:"data"`
}

type thing struct {
	ID   string `json:"id"`
	Page string `json:"page"`
	API  string `json:"api"`
}

func (m message) encode() ([]byte, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode message: %w", err)
	}
	return b, nil
}
