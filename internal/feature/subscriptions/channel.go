package subscriptions

import (
	"context"
	"errors"
	"time"

	"convoke/internal/notify/failure"
	"convoke/internal/notify/webpush"
)

// Said is an alert, or a note about a subscription, in one language.
type Said struct {
	Title string
	// Short is at most 160 characters, without anything private: for SMS and push.
	Short string
	Lines []string
	// Link is an absolute address where more is said.
	Link          string
	Drill, Urgent bool
	Expires       time.Time // zero is never
}

// Parcel is what one recipient gets.
type Parcel struct {
	Said
	Contact string
	Lang    string // BCP 47
	Dir     string // "ltr" or "rtl"
	// Manage is the address of their own page, Leave that of one click (RFC 8058).
	Manage, Leave string
	// ID is the same when the same is sent again, 32 hexadecimal digits; Tag is that of all
	// of a chain, so that a device can show the newest in place of the one before.
	ID, Tag string
	// Bounce comes back with a message that could not be delivered; see [Service.Bounced].
	Bounce string
	// Until is how long the service may try to deliver it: longer than what it says holds,
	// where it puts right what they were told. Zero is as long as it likes.
	Until time.Time
	// Key signs what goes to a program, 32 bytes: whoever has the link can see it.
	Key []byte
	// Ahead is what the way did ahead for this recipient, nil if nothing.
	Ahead *webpush.Prepared
}

// Channel hands messages over to one kind of service. Implementations are safe for
// concurrent use.
type Channel interface {
	// Parse cleans what somebody typed; its fault is beside the field "contact".
	Parse(typed string) (contact string, err error)
	// Prepare does what needs no network, as encryption, and returns what hands the message
	// over. Errors of both are those below; none holds the contact.
	Prepare(p Parcel) (send func(ctx context.Context) error, err error)
}

// How sending fails. Any other error says nothing about whether the message arrived: it is
// sent again, and counts as heard when the alert is corrected.
var (
	// ErrGone says that there is nobody any more: the subscription is deleted.
	ErrGone = errors.New("the recipient is gone")
	// ErrRefused says that this message cannot be delivered, however often it is tried.
	ErrRefused = errors.New("the message is refused")
)

// Later says that the service did not take the message, and may in a while.
type Later struct{ After time.Duration } // 0 is unknown

// Error implements error.
func (l Later) Error() string { return "the service does not take the message now" }

// failed says what an error of package failure means here.
func failed(err error) error {
	var e *failure.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &e):
		return err
	case e.Kind == failure.Gone:
		return ErrGone
	case e.Kind == failure.Later && e.Status != 0:
		return Later{e.After}
	case e.Kind == failure.Later: // without an answer nobody knows
		return err
	}
	return ErrRefused
}

// Proof is how somebody shows that a contact is theirs.
type Proof int

// The proofs.
const (
	ByLink Proof = iota // they press a button behind the link of the first message
	ByCode              // they type the number in it
	ByKeys              // their browser made the contact: that it takes the first message is enough
)

// Way is a channel as people choose it. Name, Label and Hint are marked for translation.
type Way struct {
	Code    string // "email"; at most 16 letters
	Name    string
	Label   string // of the field for the contact
	Hint    string
	Type    string // of that field: "email", "tel", "url" or "text"
	Proof   Proof
	Channel Channel
	// AtOnce bounds the messages that are in the air at the same time; 0 is 256.
	AtOnce int
	// Ahead does what of one message to a contact can be done before there is one; nil where
	// nothing can.
	Ahead func(contact string) (webpush.Prepared, error)
}
