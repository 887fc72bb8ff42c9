package notify

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// session is one connection to the mail server.
type session struct {
	client  *mail.Client
	smtp    *smtp.Client
	timeout time.Duration
	sent    int
	idle    *time.Timer // ends it; set while it rests in the slot

	mu   sync.Mutex // abort may come from another goroutine while dialling
	conn net.Conn
}

func (c *session) hold(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = conn
}

// abort cuts the line, so that whatever waits on it returns.
func (c *session) abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		c.conn.Close()
	}
}

// alive asks a rested connection whether the server is still there.
func (c *session) alive(ctx context.Context) bool {
	defer context.AfterFunc(ctx, c.abort)()
	return c.smtp.UpdateDeadline(c.timeout) == nil && c.smtp.Noop() == nil
}

// close ends the session, politely or at once.
func (c *session) close(politely bool) {
	if politely && c.smtp.UpdateDeadline(time.Second) == nil {
		_ = c.smtp.Quit() // the messages are delivered; nothing depends on it
	}
	c.abort()
}

// send delivers one message. Errors are of type *Error.
func (c *session) send(ctx context.Context, msg *mail.Msg, plain bool) error {
	defer context.AfterFunc(ctx, c.abort)()
	c.sent++
	// A server on the way that cannot do SMTPUTF8 (RFC 6531) would return a
	// message that asks for it, so only an address that needs it does.
	c.smtp.SkipSMTPUTF8(plain)
	err := c.client.SendWithSMTPClient(c.smtp, msg)
	if err == nil || msg.IsDelivered() {
		return nil
	}
	e := &Error{Step: StepMessage}
	var why *mail.SendError
	if errors.As(err, &why) {
		e.Code, e.Status, e.Step = why.ErrorCode(), why.EnhancedStatusCode(), stepOf(why.Reason)
	}
	if e.Code == 0 {
		e.cause = ctx.Err()
		if e.cause == nil {
			e.cause = errors.New("the connection broke or the server did not answer in time")
		}
	}
	return e
}

func stepOf(r mail.SendErrReason) string {
	switch r {
	case mail.ErrSMTPMailFrom, mail.ErrGetSender:
		return StepSender
	case mail.ErrSMTPRcptTo, mail.ErrGetRcpts:
		return StepRecipient
	case mail.ErrConnCheck:
		return StepConnect
	default:
		return StepMessage
	}
}
