package subscriptions

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"convoke/internal/clock"
	"convoke/internal/fault"
	"convoke/internal/fetch"
	"convoke/internal/i18n"
	"convoke/internal/notify/hook"
	"convoke/internal/notify/ntfy"
	"convoke/internal/notify/sms"
	"convoke/internal/notify/webpush"
)

// Push is the channel of browsers, and of apps that speak UnifiedPush. A contact is a
// subscription as webpush.Parse reads it.
type Push struct {
	Sender  *webpush.Sender
	Clock   clock.Clock
	Locales *i18n.Bundle
}

// PushWay is how people choose it.
func PushWay(p Push) Way {
	return Way{Code: "push", Name: i18n.Mark("This browser"), Label: i18n.Mark("What the browser gave"), Type: "text", Proof: ByKeys, Channel: p, Ahead: ahead}
}

// ahead agrees on a key with a device.
func ahead(contact string) (webpush.Prepared, error) {
	to, err := webpush.Parse([]byte(contact))
	if err != nil {
		return webpush.Prepared{}, err
	}
	return webpush.Prepare(to)
}

// Parse implements Channel.
func (Push) Parse(typed string) (string, error) {
	if _, err := webpush.Parse([]byte(typed)); err != nil {
		return "", fault.Invalid(fault.Field("contact", "alerts.push", "This browser gave no address for messages."))
	}
	return strings.TrimSpace(typed), nil
}

// keepFor is how long a push service keeps what has no end.
const keepFor = 24 * time.Hour

// pushed is what the worker of the site reads (static/keep/sw.js), and programs that speak
// UnifiedPush.
type pushed struct {
	Title string `json:"title"`
	Body  string `json:"body"`
	URL   string `json:"url"`
	Tag   string `json:"tag"` // a message takes the place of the one that has it
	Lang  string `json:"lang"`
	Dir   string `json:"dir"`
	// Renotify makes what takes a place as loud as what had it.
	Renotify bool   `json:"renotify"`
	Leave    string `json:"leave"`
	Leaving  string `json:"leaving"` // what stands on the button that leads there
	Move     string `json:"move"`    // takes another contact that is to have the next one
}

// Prepare implements Channel. What costs most, agreeing on a key with the device, is done here
// unless it was done ahead.
func (c Push) Prepare(p Parcel) (func(context.Context) error, error) {
	to, err := webpush.Parse([]byte(p.Contact))
	if err != nil {
		return nil, ErrGone
	}
	key := p.Ahead
	if key == nil || !key.For(to) { // the browser has moved since
		fresh, err := webpush.Prepare(to)
		if err != nil {
			return nil, ErrGone
		}
		key = &fresh
	}
	link := p.Link
	if link == "" {
		link = p.Manage
	}
	body, err := json.Marshal(pushed{p.Title, p.Short, link, p.Tag, p.Lang, p.Dir, p.Tag != "", p.Leave, c.Locales.Match(p.Lang).T("Leave"), p.Manage + "/push"})
	if err != nil {
		return nil, err
	}
	m := webpush.Message{Payload: body, TTL: keepFor, Topic: p.Tag}
	if p.Urgent {
		m.Urgency = webpush.High
	}
	return func(ctx context.Context) error {
		if !p.Until.IsZero() {
			m.TTL = max(p.Until.Sub(c.Clock.Now()), time.Second)
		}
		return failed(c.Sender.Send(ctx, to, key, m))
	}, nil
}

// Ntfy is the channel of topics of ntfy servers. Whoever knows the topic reads it.
type Ntfy struct {
	Over  http.RoundTripper // made for addresses of strangers
	Clock clock.Clock
}

// NtfyWay is how people choose it.
func NtfyWay(c Ntfy) Way {
	return Way{
		Code: "ntfy", Name: i18n.Mark("ntfy"), Label: i18n.Mark("Address of the topic"), Type: "url", Channel: c,
		Hint: i18n.Mark("As in https://ntfy.sh/name. Everybody who knows the name can read it, so take one that nobody guesses."),
	}
}

// Parse implements Channel.
func (Ntfy) Parse(typed string) (string, error) {
	t, err := ntfy.Parse(strings.TrimSpace(typed))
	if err != nil {
		return "", strange(err, fault.Field("contact", "alerts.ntfy", "This is not the address of an ntfy topic, as in https://ntfy.sh/name."))
	}
	return t.String(), nil
}

// strange tells of an address that no server of the public internet has, else f.
func strange(err error, f fault.FieldError) error {
	if errors.Is(err, fetch.ErrAddress) {
		f = fault.Field("contact", "alerts.address", "This address is not on the public internet.")
	}
	return fault.Invalid(f)
}

// Prepare implements Channel.
func (c Ntfy) Prepare(p Parcel) (func(context.Context) error, error) {
	to, err := ntfy.Parse(p.Contact)
	if err != nil {
		return nil, ErrGone
	}
	m := ntfy.Message{Title: p.Title, Text: p.Short + "\n\n" + p.Manage, Click: p.Link}
	if p.Urgent {
		m.Priority = ntfy.High
	}
	return func(ctx context.Context) error { return failed(ntfy.Send(ctx, c.Over, to, m, c.Clock.Now())) }, nil
}

// Hook is the channel of programs.
type Hook struct {
	By    hook.Poster
	Clock clock.Clock
}

// HookWay is how people choose it.
func HookWay(c Hook) Way {
	return Way{
		Code: "hook", Name: i18n.Mark("A program of yours"), Label: i18n.Mark("Address that takes the messages"), Type: "url", Channel: c,
		Hint: i18n.Mark("It gets JSON, signed as Standard Webhooks says. The first message leads to the page where you confirm, and see the key."),
	}
}

// Parse implements Channel.
func (Hook) Parse(typed string) (string, error) {
	typed = strings.TrimSpace(typed)
	if err := fetch.Check(typed); err != nil || len(typed) > 1000 {
		return "", strange(err, fault.Field("contact", "alerts.hook", "Please write an address that begins with https://."))
	}
	return typed, nil
}

// told is what a program gets.
type told struct {
	Title   string     `json:"title"`
	Short   string     `json:"short"`
	Lines   []string   `json:"lines"`
	URL     string     `json:"url,omitempty"`
	Lang    string     `json:"lang"`
	Drill   bool       `json:"drill"`
	Urgent  bool       `json:"urgent"`
	Expires *time.Time `json:"expires,omitempty"`
	Chain   string     `json:"chain"`
	Manage  string     `json:"manage"`
	Leave   string     `json:"leave"`
}

// Prepare implements Channel.
func (c Hook) Prepare(p Parcel) (func(context.Context) error, error) {
	t := told{Title: p.Title, Short: p.Short, Lines: p.Lines, URL: p.Link, Lang: p.Lang, Drill: p.Drill, Urgent: p.Urgent, Chain: p.Tag, Manage: p.Manage, Leave: p.Leave}
	if !p.Expires.IsZero() {
		t.Expires = &p.Expires
	}
	body, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		_, err := hook.Send(ctx, c.By, p.Contact, p.Key, hook.Message{ID: p.ID, Body: body}, c.Clock.Now())
		return failed(err)
	}, nil
}

// SMS is the channel of text messages.
type SMS struct {
	Gateway *sms.Gateway
	Clock   clock.Clock
	Locales *i18n.Bundle
	Answers bool // the gateway hands on what people answer, so that STOP ends it
}

// SMSWay is how people choose it.
func SMSWay(c SMS) Way {
	return Way{
		Code: "sms", Name: i18n.Mark("Text message"), Label: i18n.Mark("Telephone number"), Type: "tel", Proof: ByCode, Channel: c, AtOnce: 16,
		Hint: i18n.Mark("With its country, as in +49 170 1234567. Networks can read text messages."),
	}
}

// Parse implements Channel.
func (SMS) Parse(typed string) (string, error) {
	n, err := sms.ParseNumber(typed)
	if err != nil {
		return "", fault.Invalid(fault.Field("contact", "alerts.number", "This is not a telephone number with its country, as in +49 170 1234567."))
	}
	return string(n), nil
}

// Prepare implements Channel.
func (c SMS) Prepare(p Parcel) (func(context.Context) error, error) {
	text := p.Short
	switch {
	case strings.Contains(text, p.Manage) || p.Tag == notes && p.Link == "":
	case c.Answers:
		text += " " + c.Locales.Match(p.Lang).T("Answer STOP to leave.")
	default:
		text += " " + p.Manage
	}
	return func(ctx context.Context) error {
		return failed(c.Gateway.Send(ctx, sms.Number(p.Contact), text, c.Clock.Now()))
	}, nil
}
