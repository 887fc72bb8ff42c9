package inbound

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// The bounds of what messages are made of.
const (
	maxDepth = 6
	maxParts = 50
)

var errMessage = errors.New("this is no message")

// parse reads a message's header, and gives its body.
func parse(raw []byte) (textproto.MIMEHeader, io.Reader, error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, nil, errMessage // the cause quotes it
	}
	return textproto.MIMEHeader(m.Header), m.Body, nil
}

// part is a piece of a message that is no collection of others.
type part struct {
	kind   string // as in "text/plain", lower case
	params map[string]string
	header textproto.MIMEHeader
	body   io.Reader // not decoded
}

// walk shows the parts in their order, until show returns false or there are too
// many. A message that ends too early is read as far as it goes.
func walk(h textproto.MIMEHeader, body io.Reader, show func(part) bool) {
	left := maxParts
	var into func(h textproto.MIMEHeader, body io.Reader, depth int) bool
	into = func(h textproto.MIMEHeader, body io.Reader, depth int) bool {
		if left--; left < 0 || depth > maxDepth {
			return false
		}
		kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
		if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
			kind, params = "text/plain", nil // RFC 2045, section 5.2
		}
		if !strings.HasPrefix(kind, "multipart/") || params["boundary"] == "" {
			return show(part{kind, params, h, body})
		}
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if err != nil {
				return true
			}
			if !into(p.Header, p, depth+1) {
				return false
			}
		}
	}
	into(h, body, 0)
}

// read decodes at most n bytes of a part.
func (p part) read(n int64) []byte {
	body := p.body
	switch strings.ToLower(strings.TrimSpace(p.header.Get("Content-Transfer-Encoding"))) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	out, _ := io.ReadAll(io.LimitReader(body, n)) // what can be read counts
	return out
}

// text is a part as text in UTF-8 with line feeds, of at most n bytes as it came.
func (p part) text(n int64) string {
	b := p.read(n)
	if !utf8.Valid(b) {
		if e := charset(p.params["charset"]); e != nil {
			if u, err := e.NewDecoder().Bytes(b); err == nil {
				b = u
			}
		}
	}
	s := strings.ReplaceAll(strings.ToValidUTF8(string(b), "\uFFFD"), "\r\n", "\n")
	return strings.ReplaceAll(s, "\x00", "")
}

// charset is what a name of the days before UTF-8 means; nil for UTF-8. What is
// not known is read as most such letters are written.
func charset(name string) encoding.Encoding {
	switch strings.ToLower(name) {
	case "utf-8", "utf8":
		return nil
	case "windows-1250", "iso-8859-2":
		return charmap.Windows1250
	case "windows-1251":
		return charmap.Windows1251
	case "koi8-r":
		return charmap.KOI8R
	case "windows-1256":
		return charmap.Windows1256
	case "iso-8859-15":
		return charmap.ISO8859_15
	}
	return charmap.Windows1252
}
