package pushservice

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"convoke/internal/clock"
	"convoke/internal/fetch"
)

// Service is a push service. It is safe for concurrent use.
type Service struct {
	clock  clock.Clock
	server *http.Server
	addr   string
	roots  *x509.CertPool
	close  func() error
	taken  atomic.Int64
	asked  atomic.Int64

	mu       sync.Mutex
	browsers []*Browser
}

// Start serves on a free port of 127.0.0.1; c judges tokens.
func Start(ctx context.Context, c clock.Clock) (*Service, error) {
	cert, roots, err := certificate()
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	l, err := listen(ctx)
	if err != nil {
		return nil, err
	}
	s := &Service{clock: c, addr: l.Addr().String(), roots: roots}
	s.server = &http.Server{
		Handler: http.HandlerFunc(s.serve), TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13},
		ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0),
	}
	done := make(chan error, 1)
	go func() { done <- s.server.ServeTLS(l, "", "") }()
	s.close = sync.OnceValue(func() error {
		err := s.server.Close()
		if end := <-done; !errors.Is(end, http.ErrServerClosed) {
			err = errors.Join(err, end)
		}
		return err
	})
	return s, nil
}

// Close stops the service and ends its connections. It may be repeated.
func (s *Service) Close() error { return s.close() }

// Transport is the product's own, except that every connection leads to this
// service, whatever the name, and that its certificate is trusted.
func (s *Service) Transport() *fetch.Kept { return transport(s.addr, s.roots) }

// Asked is how many requests came, and Taken how many messages were taken.
func (s *Service) Asked() int { return int(s.asked.Load()) }

// Taken is how many messages were taken.
func (s *Service) Taken() int { return int(s.taken.Load()) }

// browser finds who an address belongs to.
func (s *Service) browser(path string) *Browser {
	i, err := strconv.Atoi(path[strings.LastIndexByte(path, '/')+1:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || i < 0 || i >= len(s.browsers) {
		return nil
	}
	return s.browsers[i]
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	b := s.browser(r.URL.Path)
	if b == nil {
		Answer{Status: http.StatusNotFound}.write(w, r)
		return
	}
	a := b.answer()
	if a.bad() {
		a.write(w, r)
		return
	}
	if err := b.take(r, s.clock.Now()); err != nil {
		w.Header().Set("X-Why", err.Error())
		Answer{Status: http.StatusForbidden}.write(w, r)
		return
	}
	s.taken.Add(1)
	w.WriteHeader(http.StatusCreated)
}

// maxBody is what a push service must take (RFC 8030, section 7.2).
const maxBody = 4096

// take checks a request and keeps its message.
func (b *Browser) take(r *http.Request, now time.Time) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return err
	}
	key, err := vapid(r.Header.Get("Authorization"), "https://"+r.Host, now)
	if err != nil {
		return err
	}
	ttl, err := strconv.Atoi(r.Header.Get("Ttl"))
	if err != nil || ttl < 0 || r.Method != http.MethodPost || r.ProtoMajor != 2 || len(body) > maxBody ||
		r.Header.Get("Content-Encoding") != "aes128gcm" {
		return fmt.Errorf("%s over %s with a TTL of %q and %d bytes is no push message", r.Method, r.Proto, r.Header.Get("Ttl"), len(body))
	}
	text, err := open(b.key, b.auth, body)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.server != "" && b.server != key {
		return errors.New("the subscription is bound to another sender")
	}
	b.messages = append(b.messages, Message{
		Text: text, TTL: time.Duration(ttl) * time.Second, Urgency: r.Header.Get("Urgency"), Topic: r.Header.Get("Topic"), Size: len(body), Sender: key,
	})
	return nil
}

// Subscribe makes a browser with a subscription. server is the public key of the only
// sender that may use it, in base64url, or "" for any.
func (s *Service) Subscribe(server string) (*Browser, error) {
	b, err := newBrowser(server)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b.endpoint = fmt.Sprintf("https://%s/w/%s/%d", Host, base64.RawURLEncoding.EncodeToString(b.auth), len(s.browsers))
	s.browsers = append(s.browsers, b)
	return b, nil
}
