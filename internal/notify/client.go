package notify

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"
)

// client is one connection to a mail server (RFC 5321).
type client struct {
	conn net.Conn
	r    *bufio.Reader

	pipelining, utf8, startTLS bool     // what the server offers (RFC 2920, 6531, 3207)
	auth                       []string // the ways to sign in (RFC 4954)

	dirty bool // a refused message is still to be forgotten
	sent  int
	idle  *time.Timer // ends it; set while it rests
}

// reply is what the server answers; its words are not kept.
type reply struct {
	code   int
	status string // of a refusal, enhanced (RFC 2034); may be empty
}

var (
	errBroken   = errors.New("the connection broke or the server did not answer in time")
	errNotReply = errors.New("the server does not speak SMTP")
	errNoUTF8   = errors.New("the server takes no addresses in other than ASCII letters (SMTPUTF8)")
)

const mostLines = 100 // of one reply

// read takes one reply and gives the text of each line to line, which may be nil.
func (c *client) read(line func(string)) (r reply, err error) {
	for range mostLines {
		b, err := c.r.ReadSlice('\n')
		if err != nil {
			return r, err
		}
		b = bytes.TrimRight(b, "\r\n")
		code := 0
		for i := 0; i < 3 && i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
			code = code*10 + int(b[i]-'0')
		}
		if code < 200 || code > 599 || r.code != 0 && code != r.code || len(b) > 3 && b[3] != ' ' && b[3] != '-' {
			return r, errNotReply
		}
		text := b[min(4, len(b)):]
		if r.code == 0 {
			if r.code = code; code >= 400 {
				r.status = enhanced(string(text))
			}
		}
		if line != nil {
			line(string(text))
		}
		if len(b) == 3 || b[3] == ' ' {
			return r, nil
		}
	}
	return r, errNotReply
}

// enhanced is the status at the beginning of a text, as in "5.1.1 No such box".
func enhanced(text string) string {
	s, _, _ := strings.Cut(text, " ")
	parts := strings.Split(s, ".")
	if len(s) > 9 || len(parts) != 3 || !strings.Contains("245", parts[0]) {
		return ""
	}
	for _, p := range parts {
		if p == "" || strings.Trim(p, "0123456789") != "" {
			return ""
		}
	}
	return s
}

// say sends one line and takes the reply, which must be of the class want: 2 or 3.
func (c *client) say(text string, want int) error {
	if _, err := io.WriteString(c.conn, text+"\r\n"); err != nil {
		return err
	}
	return c.expect(want, nil)
}

func (c *client) expect(want int, line func(string)) error {
	r, err := c.read(line)
	if err == nil && r.code/100 != want {
		err = &Error{Step: StepConnect, Code: r.code, Status: r.status}
	}
	return err
}

// hello tells our name and asks what the server can do.
func (c *client) hello(name string) error {
	if _, err := io.WriteString(c.conn, "EHLO "+name+"\r\n"); err != nil {
		return err
	}
	c.pipelining, c.utf8, c.startTLS, c.auth = false, false, false, nil
	return c.expect(2, func(text string) {
		words := strings.Fields(strings.ToUpper(text))
		switch {
		case len(words) == 0:
		case words[0] == "PIPELINING":
			c.pipelining = true
		case words[0] == "SMTPUTF8":
			c.utf8 = true
		case words[0] == "STARTTLS":
			c.startTLS = true
		case words[0] == "AUTH":
			c.auth = words[1:]
		}
	})
}

// begin greets, secures the connection and signs in.
func (c *client) begin(ctx context.Context, s server, name string, t *tls.Config) error {
	if err := c.expect(2, nil); err != nil {
		return err
	}
	if err := c.hello(name); err != nil {
		return err
	}
	if s.startTLS {
		if !c.startTLS {
			return ErrNoTLS
		}
		if err := c.say("STARTTLS", 2); err != nil {
			return err
		}
		if c.r.Buffered() > 0 { // said before the key was agreed on: by whom, nobody knows
			return errNotReply
		}
		conn := tls.Client(c.conn, t)
		if err := conn.HandshakeContext(ctx); err != nil {
			return err
		}
		c.conn = conn
		c.r.Reset(conn)
		if err := c.hello(name); err != nil {
			return err
		}
	}
	if s.user == "" {
		return nil
	}
	return c.signIn(s.user, s.pass)
}

// signIn sends the password in plain, which is safe here: the connection is
// encrypted and its certificate checked, or stays on this machine.
func (c *client) signIn(user, pass string) error {
	code := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	if slices.Contains(c.auth, "PLAIN") { // RFC 4616
		return c.say("AUTH PLAIN "+code("\x00"+user+"\x00"+pass), 2)
	}
	if !slices.Contains(c.auth, "LOGIN") {
		return ErrNoSignIn
	}
	for _, line := range []string{"AUTH LOGIN", code(user)} {
		if err := c.say(line, 3); err != nil {
			return err
		}
	}
	return c.say(code(pass), 2)
}

// stale is the error of a rested connection that ended before the server said
// anything to a new message: it can be sent over another.
type stale struct{ error }

// deliver sends one message. Where the server allows it, sender, recipient and
// the wish to send go in one piece; each reply still tells which of them it is
// about. Errors are of type *Error or stale.
func (c *client) deliver(ctx context.Context, env envelope, msg []byte) error {
	first := c.sent == 0
	c.sent++
	if env.utf8 && !c.utf8 {
		return &Error{Step: StepRecipient, cause: errNoUTF8}
	}
	failed, broken := c.offer(env)
	if broken != nil {
		if !first && (failed == nil || failed.Code == 421) && ctx.Err() == nil {
			return stale{broken}
		}
		return breakdown(ctx, failed, broken)
	}
	if failed != nil {
		return failed
	}
	// Lines that begin with a dot get another, and one alone ends it all (RFC
	// 5321, section 4.5.2).
	if env.dots {
		msg = bytes.ReplaceAll(msg, []byte("\r\n."), []byte("\r\n.."))
	}
	msg = append(msg, ".\r\n"...)
	if _, err := c.conn.Write(msg); err != nil {
		return breakdown(ctx, nil, err)
	}
	r, err := c.read(nil)
	if err != nil {
		return breakdown(ctx, nil, err)
	}
	if r.code/100 != 2 {
		c.dirty = true
		return &Error{Step: StepMessage, Code: r.code, Status: r.status}
	}
	return nil
}

// offer says from whom and to whom a message is, and that it comes. failed is
// the first refusal; err is set where the connection is of no more use.
func (c *client) offer(env envelope) (failed *Error, err error) {
	from := "MAIL FROM:<" + env.from + ">"
	if env.utf8 {
		from += " SMTPUTF8"
	}
	all := [...]string{"RSET", from, "RCPT TO:<" + env.to + ">", "DATA"}
	each := [...]string{StepConnect, StepSender, StepRecipient, StepMessage}
	lines, steps := all[1:], each[1:]
	if c.dirty {
		lines, steps = all[:], each[:]
		c.dirty = false
	}
	if c.pipelining {
		if _, err := io.WriteString(c.conn, strings.Join(lines, "\r\n")+"\r\n"); err != nil {
			return nil, err
		}
	}
	var r reply
	for i, line := range lines {
		if !c.pipelining {
			if failed != nil {
				break
			}
			if _, err := io.WriteString(c.conn, line+"\r\n"); err != nil {
				return failed, err
			}
		}
		if r, err = c.read(nil); err != nil {
			return failed, err
		}
		ok := r.code/100 == 2
		if line == "DATA" {
			ok = r.code == 354
		}
		if !ok && failed == nil {
			failed = &Error{Step: steps[i], Code: r.code, Status: r.status}
		}
		if r.code == 421 {
			return failed, errBroken
		}
	}
	if failed == nil {
		return nil, nil
	}
	c.dirty = true
	if r.code != 354 {
		return failed, nil
	}
	// It waits for a message that nobody is to get; an empty one ends that (RFC
	// 2920, section 3.1).
	if _, err := io.WriteString(c.conn, ".\r\n"); err != nil {
		return failed, err
	}
	_, err = c.read(nil)
	return failed, err
}

// breakdown is the error of a connection that is of no more use: what the server
// refused before, or that nothing more was heard.
func breakdown(ctx context.Context, failed *Error, err error) error {
	if failed != nil {
		return failed
	}
	e := &Error{Step: StepMessage, cause: errBroken}
	switch {
	case ctx.Err() != nil:
		e.cause = ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		e.cause = context.DeadlineExceeded
	case errors.Is(err, errNotReply):
		e.cause = errNotReply
	}
	return e
}

// close ends the session, politely or at once.
func (c *client) close(politely bool) {
	if politely && c.conn.SetDeadline(time.Now().Add(time.Second)) == nil {
		_ = c.say("QUIT", 2) // the messages are delivered; nothing depends on it
	}
	c.conn.Close()
}
