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
)

// sender is who mail comes from.
type sender struct {
	from            string // the header's value
	address, domain string
	bounces         [2]string // where bounces go, before and after the token; empty for nowhere
}

func parseSender(from, bounces string) (sender, error) {
	a, err := netmail.ParseAddress(from)
	if err != nil {
		return sender{}, errors.New("the sender must be one mail address, alone or as Name <post@example.org>")
	}
	if !ascii(a.Address) {
		return sender{}, errors.New("the sender's address must be in ASCII letters")
	}
	s := sender{address: a.Address, domain: a.Address[strings.LastIndexByte(a.Address, '@')+1:]}
	if s.from = "<" + a.Address + ">"; a.Name != "" {
		s.from = phrase(a.Name) + " " + s.from
	}
	if bounces == "" {
		return s, nil
	}
	local, domain, _ := strings.Cut(bounces, "@")
	if b, err := netmail.ParseAddress(bounces); err != nil || b.Address != bounces || !ascii(bounces) || len(local) > maxLocal-maxToken-1 {
		return sender{}, errors.New("the address of bounces must be one bare mail address in ASCII letters, with at most 15 before the @")
	}
	s.bounces = [2]string{local + "+", "@" + domain}
	return s, nil
}

// Domain is what follows the @ of a sender as [SMTPOptions] take it.
func Domain(from string) (string, error) {
	s, err := parseSender(from, "")
	return s.domain, err
}

const (
	maxLocal   = 64 // letters before the @ (RFC 5321, section 4.5.3.1.1)
	maxToken   = 48
	maxAddress = 254 // RFC 5321, section 4.5.3.1.3, without the brackets
	maxThread  = 10
)

// envelope is whom a message comes from and goes to on its way.
type envelope struct {
	from, to string
	utf8     bool // an address that needs RFC 6531
	dots     bool // some lines begin with one
}

// compose writes a message into h with exactly the headers that are needed, lines
// ended by CR LF, and makes its envelope.
func (s sender) compose(h *header, m Message, known *texts, now time.Time, entropy io.Reader) (envelope, error) {
	env := envelope{from: s.address, to: m.To, utf8: !ascii(m.To)}
	if !usable(m.To) {
		return env, &Error{Step: StepAddress}
	}
	if m.Bounce != "" && s.bounces[0] != "" {
		if len(m.Bounce) > maxToken || !only(m.Bounce, func(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }) {
			return env, &Error{Step: StepCompose, cause: errors.New("the token for bounces is none")}
		}
		env.from = s.bounces[0] + m.Bounce + s.bounces[1]
	}
	id, err := messageID(m.ID, entropy)
	if err != nil {
		return env, err
	}
	h.add("From", s.from)
	h.addr("To", m.To)
	if usable(m.ReplyTo) {
		h.addr("Reply-To", m.ReplyTo)
	}
	h.add("Subject", encoded(oneLine(m.Subject)))
	h.WriteString("Date: ")
	h.Write(now.UTC().AppendFormat(h.AvailableBuffer(), "Mon, 02 Jan 2006 15:04:05 -0700\r\n"))
	h.addr("Message-ID", id, "@", s.domain)
	h.thread(m.Thread, s.domain)
	if err := h.unsubscribe(m.Unsubscribe); err != nil {
		return env, &Error{Step: StepCompose, cause: err}
	}
	h.add("Auto-Submitted", "auto-generated") // RFC 3834, section 5
	h.add("MIME-Version", "1.0")
	content, err := known.of(m)
	if err != nil {
		return env, &Error{Step: StepCompose, cause: err}
	}
	h.Write(content.bytes)
	env.dots = content.dots // lines of the header never do
	return env, nil
}

// usable reports whether an address is bare and none but itself. Most are of a few
// letters only, and need no parser.
func usable(a string) bool {
	if len(a) > maxAddress {
		return false
	}
	local, domain, ok := strings.Cut(a, "@")
	if ok && dotted(local, func(c byte) bool { return idByte(c) || c == '_' || c == '+' }) && dotted(domain, idByte) {
		return true
	}
	to, err := netmail.ParseAddress(a)
	return err == nil && to.Address == a && !strings.ContainsFunc(a, unicode.IsControl)
}

// Address reads what somebody typed as an address: one that is bare, and at most 254 bytes.
func Address(typed string) (bare string, ok bool) {
	a, err := netmail.ParseAddress(strings.TrimSpace(typed))
	if err != nil || a.Name != "" || len(a.Address) > maxAddress || strings.ContainsAny(a.Address, " \"\r\n\x00") {
		return "", false
	}
	return a.Address, true
}

// thread names the messages before this one (RFC 5322, section 3.6.4).
func (h *header) thread(ids []string, domain string) {
	var refs []string
	for _, id := range ids {
		if validID(id) {
			refs = append(refs, "<"+id+"@"+domain+">")
		}
	}
	if len(refs) == 0 {
		return
	}
	if len(refs) > maxThread {
		refs = append(refs[:1], refs[len(refs)-maxThread+1:]...)
	}
	h.add("In-Reply-To", refs[len(refs)-1])
	h.add("References", strings.Join(refs, " "))
}

func (h *header) unsubscribe(address string) error {
	if address == "" {
		return nil
	}
	a, err := webAddress(address)
	if err != nil {
		return err
	}
	h.addr("List-Unsubscribe", a)
	if strings.HasPrefix(a, "https:") {
		h.add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	return nil
}

// messageID is the left side of a Message-ID (RFC 5322, section 3.6.4).
func messageID(id string, entropy io.Reader) (string, error) {
	if validID(id) {
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

func validID(id string) bool { return len(id) <= 64 && dotted(id, idByte) }

// idByte reports one of letters, digits, dots and hyphens.
func idByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.'
}

func only(s string, ok func(c byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

// dotted reports words of some bytes with single dots between them (RFC 5322, section
// 3.2.3).
func dotted(s string, ok func(c byte) bool) bool {
	return s != "" && s[0] != '.' && s[len(s)-1] != '.' && !strings.Contains(s, "..") && only(s, ok)
}
