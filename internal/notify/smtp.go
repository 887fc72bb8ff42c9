package notify

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"convoke/internal/clock"
	"convoke/internal/notify/dkim"
)

// SMTPOptions say which server takes the mail and who it comes from.
type SMTPOptions struct {
	// URL is smtps://user:password@host:465, or smtp://host:587, which must
	// offer STARTTLS. User and password are optional. To this very machine
	// (localhost, 127.0.0.1, ::1) smtp:// speaks without encryption.
	URL string
	// From is the sender, as in "Riverside Neighbours <post@example.org>" or
	// the address alone.
	From string
	// Bounces is where mail that cannot be delivered comes back, as in
	// "bounce@example.org", of which each message with a token gets an address of
	// its own: bounce+TOKEN@example.org. Empty means that it comes back to From.
	Bounces string
	// Keys sign every message, each with a signature of its own. Their domain is
	// that of From.
	Keys  []dkim.Key
	Clock clock.Clock // of the Date header
	// Entropy makes message ids; nil means crypto/rand.
	Entropy io.Reader
	// Roots are the authorities that the server's certificate is checked
	// against; nil means the system's.
	Roots *x509.CertPool
	// Timeout bounds one message, connecting included; 0 means 20 seconds.
	Timeout time.Duration
	// Connections is how many there are at most at a time; 0 means 4.
	Connections int
}

const (
	defaultTimeout     = 20 * time.Second
	defaultConnections = 4
	// kept is how long a connection stays open for the next message.
	kept = 10 * time.Second
	// mostMessages is how many messages go over one connection: servers grow
	// suspicious of long ones.
	mostMessages = 500
)

// SMTP is a [Sender] through a mail server (RFC 5321). It has a few connections,
// each used by one message at a time and kept open for ten seconds.
type SMTP struct {
	server  server
	from    sender
	keys    []dkim.Key
	texts   texts
	drafts  sync.Pool // of *header, to be written over
	clock   clock.Clock
	entropy io.Reader
	timeout time.Duration
	kept    time.Duration
	tls     *tls.Config
	dial    func(ctx context.Context, network, address string) (net.Conn, error)

	turns, bulk chan struct{} // who may send; bulk leaves one for the others
	mu          sync.Mutex
	resting     []*client // the last was used last
}

// NewSMTP returns a sender. It does not connect. Its errors do not hold the
// password.
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	srv, err := parseServer(o.URL)
	if err != nil {
		return nil, fmt.Errorf("set up mail: %w", err)
	}
	from, err := parseSender(o.From, o.Bounces)
	if err != nil {
		return nil, fmt.Errorf("set up mail: %w", err)
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Connections <= 0 {
		o.Connections = defaultConnections
	}
	return &SMTP{
		server: srv, from: from, texts: texts{known: map[string]*text{}}, keys: o.Keys, clock: o.Clock, entropy: o.Entropy, timeout: o.Timeout, kept: kept,
		tls:   &tls.Config{ServerName: srv.host, RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		dial:  (&net.Dialer{}).DialContext,
		turns: make(chan struct{}, o.Connections), bulk: make(chan struct{}, max(1, o.Connections-1)),
	}, nil
}

// Send implements [Sender]. It waits for its turn, then takes at most the
// timeout.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	h, ok := s.drafts.Get().(*header)
	if !ok {
		h = new(header)
	}
	defer s.drafts.Put(h)
	env, msg, err := s.write(h, m)
	if err != nil {
		return err
	}
	if err := s.turn(ctx, m.Bulk); err != nil {
		return fmt.Errorf("send mail: wait for other messages: %w", err)
	}
	defer s.endTurn(m.Bulk)
	until := time.Now().Add(s.timeout) // of the sockets, whose clock is the machine's
	for {
		c := s.rested()
		if c == nil {
			if c, err = s.open(ctx, until); err != nil {
				return connectError(ctx, err)
			}
		}
		if err := c.conn.SetDeadline(until); err != nil {
			c.close(false)
			continue
		}
		stop := context.AfterFunc(ctx, func() { c.conn.Close() })
		err := c.deliver(ctx, env, msg)
		stop()
		if errors.As(err, new(stale)) {
			c.close(false)
			continue // with another that rests, and at last with a new one
		}
		s.put(c, err)
		return err
	}
}

// write makes a message as it goes over the line, signed. It may lie in h.
func (s *SMTP) write(h *header, m Message) (envelope, []byte, error) {
	now := s.clock.Now()
	h.Reset()
	env, err := s.from.compose(h, m, &s.texts, now, s.entropy)
	msg := h.Bytes()
	if err != nil || len(s.keys) == 0 {
		return env, msg, err
	}
	var signed []byte
	for _, k := range s.keys {
		f, err := k.Field(msg, now)
		if err != nil {
			return env, nil, err
		}
		signed = append(signed, f...)
	}
	return env, append(signed, msg...), nil
}

// turn waits until there is a connection to use, or ctx ends.
func (s *SMTP) turn(ctx context.Context, bulk bool) error {
	if bulk {
		select {
		case s.bulk <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	select {
	case s.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		if bulk {
			<-s.bulk
		}
		return ctx.Err()
	}
}

func (s *SMTP) endTurn(bulk bool) {
	<-s.turns
	if bulk {
		<-s.bulk
	}
}

// rested is the connection that was used last, or nil when none is open.
func (s *SMTP) rested() *client {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.resting)
	if n == 0 {
		return nil
	}
	c := s.resting[n-1]
	s.resting = s.resting[:n-1]
	c.idle.Stop()
	return c
}

// put lets c rest until somebody uses it or its time is over, or ends it when it
// is of no more use after err.
func (s *SMTP) put(c *client, err error) {
	if broken(err) || c.sent >= mostMessages {
		c.close(err == nil)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resting = append(s.resting, c)
	if c.idle == nil {
		c.idle = time.AfterFunc(s.kept, func() { s.end(c) })
		return
	}
	c.idle.Reset(s.kept)
}

// end closes c when it still rests.
func (s *SMTP) end(c *client) {
	s.mu.Lock()
	i := slices.Index(s.resting, c)
	if i >= 0 {
		s.resting = slices.Delete(s.resting, i, i+1)
	}
	s.mu.Unlock()
	if i >= 0 {
		c.close(true)
	}
}

// broken reports whether the connection is of no more use after err: nothing
// was answered, or the server is leaving (421).
func broken(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Code == 0 && !errors.Is(err, errNoUTF8) || e.Code == 421)
}

// Close ends the connections that rest. A later Send opens a new one.
func (s *SMTP) Close() error {
	for c := s.rested(); c != nil; c = s.rested() {
		c.close(true)
	}
	return nil
}

// open connects, secures the connection and signs in, all until a time.
func (s *SMTP) open(ctx context.Context, until time.Time) (*client, error) {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	conn, err := s.dial(ctx, "tcp", s.server.address())
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	if s.server.tls {
		t := tls.Client(conn, s.tls)
		err, conn = t.HandshakeContext(ctx), t
	}
	c := &client{conn: conn, r: bufio.NewReader(conn)}
	if err == nil {
		err = c.begin(ctx, s.server, s.from.domain, s.tls)
	}
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

// connectError keeps what an operator needs to mend the connection: the reply
// code, or the network's error, which names the server alone.
func connectError(ctx context.Context, err error) error {
	var refused *Error
	switch {
	case errors.As(err, &refused):
		return refused
	case ctx.Err() != nil:
		return &Error{Step: StepConnect, cause: ctx.Err()}
	}
	return &Error{Step: StepConnect, cause: err}
}
