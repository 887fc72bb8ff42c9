package notify

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"

	"github.com/wneessen/go-mail"
	"golang.org/x/text/language"
)

// sender is who mail comes from.
type sender struct{ name, address, domain string }

func parseSender(from string) (sender, error) {
	a, err := netmail.ParseAddress(from)
	if err != nil {
		return sender{}, errors.New("the sender must be one mail address, alone or as Name <post@example.org>")
	}
	if !ascii(a.Address) {
		return sender{}, errors.New("the sender's address must be in ASCII letters")
	}
	return sender{name: a.Name, address: a.Address, domain: a.Address[strings.LastIndexByte(a.Address, '@')+1:]}, nil
}

// build makes a message with exactly the headers that are needed: the library's
// own Message-ID would name this machine, and its User-Agent the software.
func (s sender) build(m Message, now time.Time, entropy io.Reader) (*mail.Msg, error) {
	to, err := netmail.ParseAddress(m.To)
	if err != nil || to.Address != m.To || strings.ContainsAny(m.To, "\r\n\x00") {
		return nil, &Error{Step: StepAddress}
	}
	out := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithCharset(mail.CharsetUTF8), mail.WithEncoding(mail.EncodingQP))
	if err := out.FromFormat(s.name, s.address); err != nil {
		return nil, fmt.Errorf("send mail: our own address: %w", err)
	}
	if err := out.To("<" + m.To + ">"); err != nil {
		return nil, &Error{Step: StepAddress} // the cause quotes it
	}
	id, err := messageID(m.ID, entropy)
	if err != nil {
		return nil, err
	}
	out.SetMessageIDWithValue(id + "@" + s.domain)
	out.SetDateWithValue(now)
	out.Subject(oneLine(m.Subject))
	out.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834, section 5
	if t, err := language.Parse(m.Lang); err == nil && t != language.Und {
		out.SetGenHeader(mail.HeaderContentLang, t.String()) // RFC 3282
	}
	out.SetBodyString(mail.TypeTextPlain, clean(m.Text))
	return out, nil
}

// messageID is the left side of a Message-ID (RFC 5322, section 3.6.4).
func messageID(id string, entropy io.Reader) (string, error) {
	if id != "" && len(id) <= 64 && strings.Trim(id, idChars) == "" && strings.Trim(id, ".") == id && !strings.Contains(id, "..") {
		return id, nil
	}
	if entropy == nil {
		entropy = rand.Reader
	}
	var b [16]byte
	if _, err := io.ReadFull(entropy, b[:]); err != nil {
		return "", fmt.Errorf("send mail: make a message id: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

const idChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-."

// oneLine joins lines and drops what a header must not hold.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(s), " ")
}

// clean keeps text, line breaks and tabs.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
	return strings.TrimRight(s, "\n") + "\n"
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}
