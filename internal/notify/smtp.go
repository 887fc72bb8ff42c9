package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"time"

	"github.com/wneessen/go-mail"

	"convoke/internal/clock"
)

// SMTPOptions say which server takes the mail and who it comes from.
type SMTPOptions struct {
	// URL is smtps://user:password@host:465, or smtp://host:587, which must
	// offer STARTTLS. User and password are optional. To this very machine
	// (localhost, 127.0.0.1, ::1) smtp:// speaks without encryption.
	URL string
	// From is the sender, as in "Riverside Neighbours <post@example.org>" or
	// the address alone.
	From  string
	Clock clock.Clock // of the Date header
	// Entropy makes message ids; nil means crypto/rand.
	Entropy io.Reader
	// Roots are the authorities that the server's certificate is checked
	// against; nil means the system's.
	Roots *x509.CertPool
	// Timeout bounds one message, connecting included; 0 means 20 seconds.
	Timeout time.Duration
}

const (
	defaultTimeout = 20 * time.Second
	// kept is how long a connection stays open for the next message.
	kept = 10 * time.Second
	// mostMessages is how many messages go over one connection: servers grow
	// suspicious of long ones.
	mostMessages = 100
)

// SMTP is a [Sender] through a mail server (RFC 5321). It has at most one
// connection, used by one message at a time and kept open for ten seconds.
type SMTP struct {
	server  server
	from    sender
	clock   clock.Clock
	entropy io.Reader
	timeout time.Duration
	kept    time.Duration
	tls     *tls.Config
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	// slot holds the session, or nil when there is none. Who takes it may
	// send, and puts back what is left.
	slot chan *session
}

// NewSMTP returns a sender. It does not connect. Its errors do not hold the
// password.
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	srv, err := parseServer(o.URL)
	if err != nil {
		return nil, fmt.Errorf("set up mail: %w", err)
	}
	from, err := parseSender(o.From)
	if err != nil {
		return nil, fmt.Errorf("set up mail: %w", err)
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	s := &SMTP{
		server: srv, from: from, clock: o.Clock, entropy: o.Entropy, timeout: o.Timeout, kept: kept,
		tls:  &tls.Config{ServerName: srv.host, RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		dial: (&net.Dialer{}).DialContext,
		slot: make(chan *session, 1),
	}
	s.slot <- nil
	return s, nil
}

// Send implements [Sender]. It waits for its turn, then takes at most the
// timeout.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	msg, err := s.from.build(m, s.clock.Now(), s.entropy)
	if err != nil {
		return err
	}
	var c *session
	select {
	case c = <-s.slot:
	case <-ctx.Done():
		return fmt.Errorf("send mail: wait for other messages: %w", ctx.Err())
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	c, err = s.ready(ctx, c)
	if err != nil {
		s.slot <- nil
		return connectError(ctx, err)
	}
	err = c.send(ctx, msg, ascii(m.To))
	if broken(err) || c.sent >= mostMessages {
		c.close(err == nil)
		c = nil
	}
	s.put(c)
	return err
}

// broken reports whether the connection is of no more use after err: nothing
// was answered, or the server is leaving (421).
func broken(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Code == 0 || e.Code == 421)
}

// put gives the slot back, and lets the session end when nobody uses it.
func (s *SMTP) put(c *session) {
	if c != nil {
		c.idle = time.AfterFunc(s.kept, func() {
			select {
			case now := <-s.slot:
				if now == c {
					c.close(true)
					now = nil
				}
				s.slot <- now
			default: // in use
			}
		})
	}
	s.slot <- c
}

// Close ends the connection, if there is one. A later Send opens a new one.
func (s *SMTP) Close() error {
	c := <-s.slot
	if c != nil {
		c.idle.Stop()
		c.close(true)
	}
	s.slot <- nil
	return nil
}

// ready returns c when it still lives, or a new session.
func (s *SMTP) ready(ctx context.Context, c *session) (*session, error) {
	if c != nil {
		c.idle.Stop()
		if c.alive(ctx) {
			return c, nil
		}
		c.close(false)
	}
	return s.open(ctx)
}

// open connects, secures the connection and signs in.
func (s *SMTP) open(ctx context.Context) (*session, error) {
	c := &session{timeout: s.timeout}
	opts := []mail.Option{
		mail.WithPort(s.server.port), mail.WithTimeout(s.timeout), mail.WithTLSConfig(s.tls),
		mail.WithHELO(s.from.domain), // the library would tell this machine's name
		mail.WithTLSPolicy(mail.NoTLS),
		// One message needs neither a NOOP before it nor a RSET behind it; an
		// error of the latter would send it twice.
		mail.WithoutNoop(), mail.WithoutRset(),
		mail.WithDialContextFunc(func(ctx context.Context, network, _ string) (net.Conn, error) {
			conn, err := s.connect(ctx, network)
			c.hold(conn)
			return conn, err
		}),
	}
	if s.server.startTLS {
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.server.tls {
		opts = append(opts, mail.WithSSL())
	}
	if s.server.user != "" {
		// A password in plain is safe here: the connection is encrypted and its
		// certificate checked, or stays on this machine.
		opts = append(opts, mail.WithUsername(s.server.user), mail.WithPassword(s.server.pass),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthSCRAMSHA256))
	}
	var err error
	if c.client, err = mail.NewClient(s.server.host, opts...); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, c.abort)
	c.smtp, err = c.client.DialToSMTPClientWithContext(ctx)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		c.abort() // the library leaves it open
		return nil, err
	}
	return c, nil
}

func (s *SMTP) connect(ctx context.Context, network string) (net.Conn, error) {
	conn, err := s.dial(ctx, network, s.server.address())
	if err != nil || !s.server.tls {
		return conn, err
	}
	t := tls.Client(conn, s.tls)
	if err := t.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return t, nil
}

// connectError keeps what an operator needs to mend the connection: the reply
// code, or the network's error, which names the server alone.
func connectError(ctx context.Context, err error) error {
	e := &Error{Step: StepConnect}
	var reply *textproto.Error
	switch {
	case errors.As(err, &reply):
		e.Code = reply.Code
	case ctx.Err() != nil:
		e.cause = ctx.Err()
	default:
		e.cause = err
	}
	return e
}
