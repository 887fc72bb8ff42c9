// Package inbound takes mail from the operator's own mail server, over LMTP (RFC
// 2033) or SMTP (RFC 5321): what came back because it could not be delivered, and
// letters to a few named addresses. It is no mail server for the world: nobody
// signs in, nothing is passed on, and everything is bounded. No address reaches
// a log.
package inbound

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// Options say what is taken, and who hears of it.
type Options struct {
	// Name is how the listener calls itself, a host.
	Name string
	// Domains are those whose addresses are taken, as in "example.org".
	Domains []string
	// Bounce is the part before the plus sign of addresses that mail comes back to,
	// as in "bounce"; see notify.SMTPOptions. Empty takes none.
	Bounce string
	// Bounced hears that the message with a token came back. permanent says that
	// the address will not take the next one either, as far as can be told; status
	// is the enhanced status (RFC 3463), as in "5.1.1", or empty. One message may
	// come back twice. An error lets the mail server try again.
	Bounced func(ctx context.Context, token string, permanent bool, status string) error
	// Boxes take letters, by the part before the @ or a plus sign, as in "report".
	// An error lets the mail server try again, unless it has a method Permanent
	// that returns true: then the letter goes back to its writer.
	Boxes map[string]func(ctx context.Context, l Letter) error
	Log   *slog.Logger

	idle time.Duration // how long a line may take; 0 is a minute
}

// Letter is a message to one of the boxes. Nothing in it is proven: anybody can
// write any sender.
type Letter struct {
	From string // bare address; may be empty
	// ReturnPath is the address that the mail server says it came from, and never
	// empty: answers go there (RFC 3834, section 4).
	ReturnPath string
	Subject    string // one line of at most 300 characters
	// Text is the first part in plain text, or else what is to be read of the first in
	// HTML, in UTF-8 with line feeds, of at most 64 KiB. It is empty where there is none.
	Text   string
	Images []Image // at most 5
}

// Image is an attached picture as it came.
type Image struct {
	Type string // image/jpeg, image/png, image/webp or image/gif, as the letter says
	Data []byte // at most 5 MiB
}

// The bounds of what is taken.
const (
	maxMessage    = 8 << 20 // bytes
	maxText       = 64 << 10
	maxImage      = 5 << 20
	maxImages     = 5
	maxSubject    = 300 // characters
	maxToken      = 48
	handleTimeout = 30 * time.Second
)

// answer is a reply to a recipient or a message.
type answer struct {
	code int
	text string // with an enhanced status
}

// The answers, with the statuses of RFC 3463.
var (
	taken     = answer{250, "2.0.0 taken"}
	noSuchBox = answer{550, "5.1.1 no such address here"}
	tryAgain  = answer{451, "4.3.0 please try again later"}
	unread    = answer{554, "5.6.0 this is no message that can be read"}
	refused   = answer{554, "5.7.1 this message is not taken"}
)

// box says whose an address is: a box's name, or a token of a bounce, in lower
// case. ok is false for an address that is none of ours.
func (o Options) box(address string) (name, token string, ok bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 || !slices.Contains(o.Domains, strings.ToLower(address[at+1:])) {
		return "", "", false
	}
	local, plus, _ := strings.Cut(strings.ToLower(address[:at]), "+")
	if local == o.Bounce && o.Bounce != "" {
		return "", plus, plus != "" && len(plus) <= maxToken && strings.Trim(plus, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
	}
	return local, "", o.Boxes[local] != nil
}

// take hands a message over to whom it is for. A panic is an error that goes by.
func (o Options) take(ctx context.Context, from, to string, raw []byte) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			o.Log.Error("taking mail panicked", "stack", string(debug.Stack())) // the value may quote it
			a = tryAgain
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, handleTimeout)
	defer cancel()
	name, token, ok := o.box(to)
	if !ok {
		return noSuchBox
	}
	var err error
	if token != "" {
		b := readBounce(from, raw)
		if !b.failed { // late, delivered, or an answer of somebody who is away
			return taken
		}
		err = o.Bounced(ctx, token, b.permanent, b.status)
	} else {
		l, e := readLetter(raw)
		switch {
		case errors.Is(e, errAutomatic), e == nil && robot(from):
			return taken // no program gets an answer, or two of them never end
		case e != nil:
			return unread
		}
		l.ReturnPath = from
		err = o.Boxes[name](ctx, l)
	}
	if err == nil {
		return taken
	}
	if p, ok := errors.AsType[interface {
		error
		Permanent() bool
	}](err); ok && p.Permanent() {
		return refused
	}
	o.Log.Error("mail that came in cannot be kept", "bounce", token != "", "error", err)
	return tryAgain
}
