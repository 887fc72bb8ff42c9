// Package notifytest has a mail server for tests: it takes every message, keeps
// it in memory, and refuses what it is told to refuse.
package notifytest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"convoke/internal/notify"
)

// Host is the name in the certificate of a server with TLS, beside 127.0.0.1.
const Host = "mail.example.org"

// Mail is a message that the server took.
type Mail struct {
	Hello   string      // the name that the client gave for itself
	From    string      // of the envelope
	To      []string    // of the envelope
	Header  mail.Header // as it came, encoded
	Subject string      // decoded
	Text    string      // decoded, with plain line feeds; of two forms the plain one
	HTML    string      // the other form, decoded; empty when there is one only
	Raw     string
}

// Server is a mail server on this machine.
type Server struct {
	listener   net.Listener
	implicit   bool
	user, pass string
	roots      *x509.CertPool

	mu       sync.Mutex
	mails    []Mail
	sessions int
	open     int
	rcpt     func(address string) error
	data     func() error
	changed  chan struct{} // closed and replaced at each change
}

// Option changes a server before it starts.
type Option func(*Server, *smtp.Server)

// TLS lets the server speak TLS from the first byte, as smtps:// wants.
func TLS() Option { return func(s *Server, _ *smtp.Server) { s.implicit = true } }

// StartTLS lets the server offer STARTTLS.
func StartTLS() Option {
	return func(s *Server, srv *smtp.Server) { srv.TLSConfig = s.certificate() }
}

// Login lets the server offer a sign-in, and refuse every other one. The URL
// then holds user and password.
func Login(user, pass string) Option {
	return func(s *Server, srv *smtp.Server) {
		s.user, s.pass, srv.AllowInsecureAuth = user, pass, true
	}
}

// Sink starts a server that ends with the test.
func Sink(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s := &Server{changed: make(chan struct{}), roots: x509.NewCertPool()}
	srv := smtp.NewServer(smtp.BackendFunc(s.session))
	srv.Domain, srv.EnableSMTPUTF8 = Host, true
	srv.ErrorLog = log.New(io.Discard, "", 0)
	srv.ReadTimeout, srv.WriteTimeout = time.Minute, time.Minute
	for _, o := range opts {
		o(s, srv)
	}
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	l := s.listener
	if s.implicit {
		l = tls.NewListener(l, s.certificate())
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		// Close knows the listener only once Serve has begun.
		err := errors.Join(srv.Close(), s.listener.Close(), <-done)
		if err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("mail server: %v", err)
		}
	})
	return s
}

// URL is the server's address as notify.SMTPOptions takes it.
func (s *Server) URL() string {
	u := url.URL{Scheme: "smtp", Host: s.Addr()}
	if s.implicit {
		u.Scheme = "smtps"
	}
	if s.user != "" {
		u.User = url.UserPassword(s.user, s.pass)
	}
	return u.String()
}

// Addr is the server's IP address and port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Roots trust the server's certificate.
func (s *Server) Roots() *x509.CertPool { return s.roots }

// Messages are those taken so far, in the order in which they came.
func (s *Server) Messages() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Wait returns the messages as soon as there are n, or those that came when ctx
// ends, with its error.
func (s *Server) Wait(ctx context.Context, n int) ([]Mail, error) {
	err := s.until(ctx, func() bool { return len(s.mails) >= n })
	return s.Messages(), err
}

// Sessions is how many connections there have been.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions
}

// WaitClosed returns as soon as no connection is open.
func (s *Server) WaitClosed(ctx context.Context) error {
	return s.until(ctx, func() bool { return s.open == 0 })
}

// OnRecipient lets f decide about each recipient from now on; nil takes all.
// See [Reply].
func (s *Server) OnRecipient(f func(address string) error) {
	s.change(func() { s.rcpt = f })
}

// OnData lets f decide about each message from now on; nil takes all.
func (s *Server) OnData(f func() error) {
	s.change(func() { s.data = f })
}

// Reply is a refusal: a code, an enhanced status as in "5.1.1", and words.
func Reply(code int, status, words string) error {
	e := &smtp.SMTPError{Code: code, Message: words, EnhancedCode: smtp.NoEnhancedCode}
	if _, err := fmt.Sscanf(status, "%d.%d.%d", &e.EnhancedCode[0], &e.EnhancedCode[1], &e.EnhancedCode[2]); err != nil {
		panic("notifytest: status " + status)
	}
	return e
}

func (s *Server) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Server) until(ctx context.Context, ok func() bool) error {
	for {
		s.mu.Lock()
		yes, changed := ok(), s.changed
		s.mu.Unlock()
		if yes {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// certificate makes one for [Host] and 127.0.0.1 that the server's roots trust.
func (s *Server) certificate() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: Host},
		DNSNames: []string{Host}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		panic(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		panic(err)
	}
	s.roots.AddCert(c)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
}

// session is what the server knows of one connection.
type session struct {
	s      *Server
	conn   *smtp.Conn
	authed bool
	mail   Mail
}

func (s *Server) session(conn *smtp.Conn) (smtp.Session, error) {
	s.change(func() { s.sessions++; s.open++ })
	if s.user == "" {
		return &session{s: s, conn: conn}, nil
	}
	return &authSession{session{s: s, conn: conn}}, nil
}

func (c *session) Reset() { c.mail = Mail{} }

func (c *session) Logout() error {
	c.s.change(func() { c.s.open-- })
	return nil
}

func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	if c.s.user != "" && !c.authed {
		return smtp.ErrAuthRequired
	}
	c.mail = Mail{Hello: c.conn.Hostname(), From: from}
	return nil
}

func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.s.mu.Lock()
	f := c.s.rcpt
	c.s.mu.Unlock()
	if f != nil {
		if err := f(to); err != nil {
			return err
		}
	}
	c.mail.To = append(c.mail.To, to)
	return nil
}

func (c *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.s.mu.Lock()
	f := c.s.data
	c.s.mu.Unlock()
	if f != nil {
		if err := f(); err != nil {
			return err
		}
	}
	m := c.mail
	if err := m.parse(raw); err != nil {
		return Reply(554, "5.6.0", "this is no message: "+err.Error())
	}
	c.s.change(func() { c.s.mails = append(c.s.mails, m) })
	return nil
}

func (m *Mail) parse(raw []byte) error {
	p, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	m.Raw, m.Header = string(raw), p.Header
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(p.Header.Get("Subject")); err != nil {
		return err
	}
	kind, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		m.Text, err = decoded(p.Header.Get, p.Body)
		return err
	}
	r := multipart.NewReader(p.Body, params["boundary"])
	for _, to := range []*string{&m.Text, &m.HTML} {
		part, err := r.NextRawPart()
		if err != nil {
			return err
		}
		if *to, err = decoded(part.Header.Get, part); err != nil {
			return err
		}
	}
	return nil
}

// decoded is a text, of the kinds that our own messages have.
func decoded(header func(string) string, body io.Reader) (string, error) {
	switch strings.ToLower(header("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	return strings.ReplaceAll(string(text), "\r\n", "\n"), err
}

// authSession is a session that offers a sign-in.
type authSession struct{ session }

// AuthMechanisms implements smtp.AuthSession.
func (*authSession) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth implements smtp.AuthSession.
func (c *authSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, pass string) error {
		if user != c.s.user || pass != c.s.pass {
			return Reply(535, "5.7.8", "wrong password of "+user)
		}
		c.authed = true
		return nil
	}), nil
}

// Plain is the text that a message has for mailboxes without HTML.
func Plain(m notify.Message) string {
	if len(m.Body.Parts) == 0 {
		return m.Text
	}
	text, _, err := m.Body.Render(m.Subject, m.Lang)
	if err != nil {
		return "the message cannot be written: " + err.Error()
	}
	return text
}
