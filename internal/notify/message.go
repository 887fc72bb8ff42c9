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
	bounces         string // where bounces go, with %s for the token; empty for nowhere
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
	s.bounces = local + "+%s@" + domain
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
}

// compose writes a message into h with exactly the headers that are needed, lines
// ended by CR LF, and makes its envelope.
func (s sender) compose(h *header, m Message, known *texts, now time.Time, entropy io.Reader) (envelope, error) {
	env := envelope{from: s.address, to: m.To, utf8: !ascii(m.To)}
	if !usable(m.To) {
		return env, &Error{Step: StepAddress}
	}
	if m.Bounce != "" && s.bounces != "" {
		if len(m.Bounce) > maxToken || strings.Trim(m.Bounce, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return env, &Error{Step: StepCompose, cause: errors.New("the token for bounces is none")}
		}
		env.from = strings.Replace(s.bounces, "%s", m.Bounce, 1)
	}
	id, err := messageID(m.ID, entropy)
	if err != nil {
		return env, err
	}
	h.add("From", s.from)
	h.add("To", "<"+m.To+">")
	h.add("Subject", encoded(oneLine(m.Subject)))
	h.add("Date", now.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	h.add("Message-ID", "<"+id+"@"+s.domain+">")
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
	h.Write(content)
	return env, nil
}

// usable reports whether an address is bare and none but itself. Most are of a few
// letters only, and need no parser.
func usable(a string) bool {
	if len(a) > maxAddress {
		return false
	}
	local, domain, ok := strings.Cut(a, "@")
	if ok && local != "" && domain != "" && strings.Trim(local, idChars+"_+") == "" && strings.Trim(domain, idChars) == "" &&
		strings.Trim(local, ".") == local && strings.Trim(domain, ".") == domain && !strings.Contains(a, "..") {
		return true
	}
	to, err := netmail.ParseAddress(a)
	return err == nil && to.Address == a && !strings.ContainsFunc(a, unicode.IsControl)
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
	h.add("List-Unsubscribe", "<"+a+">")
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

func validID(id string) bool {
	return id != "" && len(id) <= 64 && strings.Trim(id, idChars) == "" && strings.Trim(id, ".") == id && !strings.Contains(id, "..")
}

const idChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-."
