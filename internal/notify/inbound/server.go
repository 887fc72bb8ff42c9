package inbound

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The bounds of connections.
const (
	maxConnections = 8
	maxRecipients  = 20 // of one message
	maxCommands    = 1000
	idleTimeout    = time.Minute
	wholeTimeout   = 10 * time.Minute
)

// Serve takes mail on l until ctx ends, and then waits for what is under way.
// More than eight connections at a time are told to come again.
func (o Options) Serve(ctx context.Context, l net.Listener) error {
	if o.idle == 0 {
		o.idle = idleTimeout
	}
	var busy sync.WaitGroup
	defer busy.Wait()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	slots := make(chan struct{}, maxConnections)
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				conn.Close()
			}
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("listen for mail: %w", err)
		}
		if err != nil { // as when no file is left for it
			o.Log.Warn("a mail server could not be answered", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
			continue
		}
		select {
		case slots <- struct{}{}:
			busy.Go(func() { o.serve(ctx, conn); <-slots })
		default:
			_ = conn.SetDeadline(time.Now().Add(time.Second))
			_, _ = conn.Write([]byte("421 4.3.2 too many connections, please come again\r\n"))
			conn.Close()
		}
	}
}

// session is one connection.
type session struct {
	o     Options
	conn  net.Conn
	r     *bufio.Reader
	w     *bufio.Writer
	until time.Time

	greeted, lmtp, begun bool
	from                 string
	to                   []string
}

// serve answers one connection.
func (o Options) serve(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	s := &session{o: o, conn: conn, r: bufio.NewReader(conn), w: bufio.NewWriter(conn), until: time.Now().Add(wholeTimeout)}
	s.say(220, s.o.Name)
	for range maxCommands {
		line, err := s.line()
		if errors.Is(err, bufio.ErrBufferFull) {
			s.say(500, "5.5.6 the line is too long")
			_ = s.w.Flush()
			return
		}
		if err != nil || !s.command(ctx, line) {
			_ = s.w.Flush()
			return
		}
	}
	s.say(421, "4.7.0 that was enough for once")
	_ = s.w.Flush()
}

// line reads a command. What was answered goes out first, unless another command
// is there already (RFC 2920).
func (s *session) line() (string, error) {
	if err := s.flush(); err != nil {
		return "", err
	}
	b, err := s.r.ReadSlice('\n')
	return strings.TrimRight(string(b), "\r\n"), err
}

func (s *session) flush() error {
	end := time.Now().Add(s.o.idle)
	if end.After(s.until) {
		end = s.until
	}
	if err := s.conn.SetDeadline(end); err != nil {
		return err
	}
	if b, _ := s.r.Peek(s.r.Buffered()); bytes.IndexByte(b, '\n') >= 0 {
		return nil
	}
	return s.w.Flush()
}

func (s *session) say(code int, text string) {
	s.w.WriteString(strconv.Itoa(code) + " " + text + "\r\n")
}

func (s *session) tell(a answer) { s.say(a.code, a.text) }

// command does one command. It returns false at the end of the connection.
func (s *session) command(ctx context.Context, line string) bool {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb = strings.ToUpper(verb); verb {
	case "LHLO", "EHLO", "HELO":
		s.hello(verb)
	case "MAIL":
		s.mail(rest)
	case "RCPT":
		s.rcpt(rest)
	case "DATA":
		return s.data(ctx)
	case "RSET":
		s.reset()
		s.say(250, "2.0.0 forgotten")
	case "NOOP":
		s.say(250, "2.0.0 yes")
	case "QUIT":
		s.say(221, "2.0.0 bye")
		return false
	default:
		s.say(500, "5.5.1 this is not understood")
	}
	return true
}

func (s *session) reset() { s.begun, s.from, s.to = false, "", nil }

func (s *session) hello(verb string) {
	s.reset()
	s.greeted, s.lmtp = true, verb == "LHLO"
	if verb == "HELO" {
		s.say(250, s.o.Name)
		return
	}
	s.w.WriteString("250-" + s.o.Name + "\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n")
	s.say(250, "SIZE "+strconv.Itoa(maxMessage))
}

func (s *session) mail(rest string) {
	address, params, ok := path(rest, "FROM:")
	switch {
	case !s.greeted || s.begun:
		s.say(503, "5.5.1 this comes at the wrong time")
	case !ok:
		s.say(501, "5.5.2 this is no address")
	case declared(params) > maxMessage:
		s.say(552, "5.3.4 the message is too large")
	default:
		s.begun, s.from = true, address
		s.say(250, "2.1.0 yes")
	}
}

func (s *session) rcpt(rest string) {
	address, _, ok := path(rest, "TO:")
	switch {
	case !s.begun:
		s.say(503, "5.5.1 this comes at the wrong time")
	case !ok:
		s.say(501, "5.5.2 this is no address")
	case len(s.to) >= maxRecipients || len(s.to) > 0 && !s.lmtp: // SMTP has one answer for all
		s.say(452, "4.5.3 one after the other, please")
	default:
		if _, _, ok := s.o.box(address); !ok {
			s.tell(noSuchBox)
			return
		}
		s.to = append(s.to, address)
		s.say(250, "2.1.5 yes")
	}
}

// path reads an address in angle brackets, and what follows it.
func path(rest, prefix string) (address, params string, ok bool) {
	if len(rest) < len(prefix) || !strings.EqualFold(rest[:len(prefix)], prefix) {
		return "", "", false
	}
	rest, ok = strings.CutPrefix(strings.TrimLeft(rest[len(prefix):], " "), "<")
	if !ok {
		return "", "", false
	}
	address, params, ok = strings.Cut(rest, ">")
	return address, params, ok && len(address) <= 320
}

// declared is the size that a sender says its message has (RFC 1870); 0 when it
// does not.
func declared(params string) int {
	for p := range strings.FieldsSeq(strings.ToUpper(params)) {
		if v, ok := strings.CutPrefix(p, "SIZE="); ok {
			n, err := strconv.Atoi(v)
			if err != nil {
				return maxMessage + 1
			}
			return n
		}
	}
	return 0
}

// data takes a message, and answers once, or in LMTP once for each recipient.
func (s *session) data(ctx context.Context) bool {
	if len(s.to) == 0 {
		s.say(503, "5.5.1 to whom?")
		return true
	}
	s.say(354, "go on")
	raw, err := s.message()
	if errors.Is(err, errTooLarge) {
		for range s.to {
			s.say(552, "5.3.4 the message is too large")
		}
		return false
	}
	if err != nil {
		return false
	}
	for _, to := range s.to {
		s.tell(s.o.take(ctx, s.from, to, raw))
	}
	s.reset()
	return true
}

var errTooLarge = errors.New("the message is too large")

// message reads up to the line with a dot alone. Only CR LF ends lines: a dot
// between bare line feeds is text, or one message could hold the commands of
// another.
func (s *session) message() ([]byte, error) {
	if err := s.flush(); err != nil {
		return nil, err
	}
	var out []byte
	for begin := true; ; { // of a line
		if err := s.flush(); err != nil { // more time
			return nil, err
		}
		b, err := s.r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		if begin && string(b) == ".\r\n" {
			return out, nil
		}
		if begin && len(b) > 0 && b[0] == '.' {
			b = b[1:]
		}
		ends := len(b) > 1 && string(b[len(b)-2:]) == "\r\n" || len(b) == 1 && b[0] == '\n' && len(out) > 0 && out[len(out)-1] == '\r'
		if out = append(out, b...); len(out) > maxMessage {
			return nil, errTooLarge
		}
		begin = ends
	}
}
