package notify

import (
	"context"
	"errors"
	"fmt"
)

// Message is one e-mail to one person. No field can add a line to the header,
// whatever is in it.
type Message struct {
	// To is a bare address, as in "sam@example.org".
	To string
	// Subject is one line; line breaks in it become spaces.
	Subject string
	// Text is the body as plain text alone, lines of any length. It is used
	// where Body has no parts.
	Text string
	// Body is said once and sent as plain text and as HTML.
	Body Body
	// Lang is the BCP 47 tag of subject and text; it may be empty.
	Lang string
	// ID makes the Message-ID: 1 to 64 letters, digits, dots and hyphens. A
	// message that is sent again keeps its ID, so that a mailbox can drop the
	// second copy. When it is empty or no such text, a random one is taken.
	ID string
	// Thread lists the IDs of the messages that this one follows, oldest first,
	// so that mailboxes show them together (RFC 5322, section 3.6.4). Of more
	// than ten, the first and the last nine are named.
	Thread []string
	// Unsubscribe is an address that ends such messages to this reader; mailboxes
	// show a button for it (RFC 2369). A POST to an https address must do so by
	// itself, with neither cookie nor question (RFC 8058). It may be empty.
	Unsubscribe string
	// ReplyTo is a bare address that takes answers, where that is not the sender's; it may
	// be empty.
	ReplyTo string
	// Bounce is a token of 1 to 48 lower-case letters and digits that comes back
	// with the message when it cannot be delivered, where the operator has set up
	// the return path ([SMTPOptions.Bounces]); see package inbound. It may be
	// empty.
	Bounce string
	// Class says how it is waited for. Package outbox limits how many of a class
	// one address gets.
	Class Class
	// Bulk says that many get such a message and that nobody waits for it: one
	// connection is always left for the others. It goes quickest where Subject,
	// Text and Body are the same for all who read Lang.
	Bulk bool
}

// Class is how a message is waited for.
type Class int

// The classes of messages.
const (
	// News is what can wait until tomorrow.
	News Class = iota
	// Asked is what somebody waits for who typed the address just now, and who
	// may not be its owner.
	Asked
	// Access is the same where its owner cannot get in without: a link to sign in,
	// a code to vote.
	Access
	// Soon is what its reader must know in time, though nobody has shown that the address
	// is theirs, such as an event that is called off.
	Soon
	// Urgent is what its reader must know in time, and has an address for that, such as an
	// alert.
	Urgent
)

// Sender sends messages. Implementations are safe for concurrent use.
type Sender interface {
	// Send returns when a mail server has taken responsibility for m. An error
	// that is [ErrPermanent] would come again at each new try. No error holds
	// the address of m.
	Send(ctx context.Context, m Message) error
}

// ErrPermanent says that trying again is of no use: the address is none, the
// message cannot be written, or the server refused the recipient or the message
// with a reply of 500 to 599 (RFC 5321, section 4.2.1).
var ErrPermanent = errors.New("trying again is of no use")

// The steps at which sending can fail.
const (
	StepAddress   = "address"   // the recipient's address cannot be used
	StepCompose   = "compose"   // a link or a token in the message cannot be used
	StepConnect   = "connect"   // the server was not reached, or it did not let us in
	StepSender    = "sender"    // it refused our address
	StepRecipient = "recipient" // it refused the recipient
	StepMessage   = "message"   // it refused the message, or the connection broke
)

// Error tells how sending failed, without the recipient and the server's words.
type Error struct {
	Step   string // one of the steps
	Code   int    // the reply (RFC 5321, section 4.2); 0 when there was none
	Status string // the enhanced status (RFC 3463), as in "5.1.1"; may be empty
	cause  error  // never with words of the server; may be nil
}

// Error implements error.
func (e *Error) Error() string {
	s := "send mail: " + e.Step
	if e.Code != 0 {
		s += fmt.Sprintf(": the server answered %d", e.Code)
	}
	if e.Status != "" {
		s += " " + e.Status
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	if e.Permanent() {
		s += ": " + ErrPermanent.Error()
	}
	return s
}

// Permanent reports whether a new try would fail too. A refused sign-in or a
// refused sender is not permanent: an operator can mend it, and the messages
// that wait then still go out.
func (e *Error) Permanent() bool {
	switch e.Step {
	case StepAddress, StepCompose:
		return true
	case StepRecipient, StepMessage:
		return e.Code >= 500 && e.Code <= 599
	}
	return false
}

// Unwrap gives the cause, and [ErrPermanent] when the failure is that.
func (e *Error) Unwrap() []error {
	var out []error
	if e.cause != nil {
		out = append(out, e.cause)
	}
	if e.Permanent() {
		out = append(out, ErrPermanent)
	}
	return out
}
