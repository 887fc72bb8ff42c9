package sms

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"mime"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxInbound is the longest message of a gateway that is read, in bytes.
const MaxInbound = 16 << 10

// ErrInbound says that what a gateway posted is no message.
var ErrInbound = errors.New("this is no message of the gateway")

// Inbound describes how a gateway hands on what people write.
type Inbound struct {
	Secret string // in the address that the gateway posts to; "" takes nothing
	From   string // field of the number, "" is "from"; dots lead into JSON, as in "data.from"
	Text   string // field of the text, "" is "text"
}

// Message is what somebody wrote.
type Message struct {
	From Number
	Text string
}

// Allowed reports whether an address holds the secret. It takes as long for any.
func (in Inbound) Allowed(secret string) bool {
	a, b := sha256.Sum256([]byte(in.Secret)), sha256.Sum256([]byte(secret))
	return in.Secret != "" && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Parse reads a body of at most MaxInbound bytes: JSON when its Content-Type says so,
// else a form, such as a query is one. It returns [ErrInbound], or [ErrNumber] when
// nobody can be answered: networks write from names and short numbers.
func (in Inbound) Parse(contentType string, body []byte) (m Message, err error) {
	if len(body) > MaxInbound || !utf8.Valid(body) {
		return m, ErrInbound
	}
	kind, _, _ := mime.ParseMediaType(contentType)
	find := formFields
	if kind == "application/json" || strings.HasSuffix(kind, "+json") {
		find = jsonFields
	}
	field, err := find(body)
	if err != nil {
		return m, ErrInbound
	}
	from, ok := field(cmp.Or(in.From, "from"))
	text, also := field(cmp.Or(in.Text, "text"))
	if !ok || !also || !utf8.ValidString(text) {
		return m, ErrInbound
	}
	m.Text = text
	if m.From, err = ParseNumber(from); err != nil { // many leave out the +
		m.From, err = ParseNumber("+" + strings.TrimSpace(from))
	}
	return m, err
}

func formFields(body []byte) (func(string) (string, bool), error) {
	v, err := url.ParseQuery(string(body))
	return func(name string) (string, bool) { return v.Get(name), v.Has(name) }, err
}

func jsonFields(body []byte) (func(string) (string, bool), error) {
	var top any
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	if err := d.Decode(&top); err != nil {
		return nil, err
	}
	return func(path string) (string, bool) {
		at := top
		for _, name := range strings.Split(path, ".") {
			switch x := at.(type) {
			case map[string]any:
				at = x[name]
			case []any: // a list of one message: "messages.0.from"
				i, err := strconv.Atoi(name)
				if err != nil || i < 0 || i >= len(x) {
					return "", false
				}
				at = x[i]
			default:
				return "", false
			}
		}
		switch x := at.(type) {
		case string:
			return x, true
		case json.Number:
			return x.String(), true
		}
		return "", false
	}, nil
}
