package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// keptWorld is a Kept whose every dial ends at one HTTP/2 server.
type keptWorld struct {
	*Kept
	mu     sync.Mutex
	dialed []string
}

func newKeptWorld(t *testing.T, h http.Handler, answers ...[]netip.Addr) *keptWorld {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	w := &keptWorld{}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		w.mu.Lock()
		w.dialed = append(w.dialed, address)
		w.mu.Unlock()
		return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
	}
	w.Kept = NewKeptOver(&names{answers: answers}, dial, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func (w *keptWorld) post(t *testing.T, address, body string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := w.RoundTrip(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res, string(b), err
}

func TestKeptKeepsItsConnection(t *testing.T) {
	t.Parallel()
	w := newKeptWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/away" {
			http.Redirect(rw, r, "https://127.0.0.1/secret", http.StatusTemporaryRedirect)
			return
		}
		rw.WriteHeader(http.StatusCreated)
		_, _ = rw.Write(append(b, " over "+r.Proto...))
	}), addrs("93.184.216.34"))
	for range 5 {
		res, b, err := w.post(t, "https://example.com/x", "this")
		if err != nil || res.StatusCode != http.StatusCreated || b != "this over HTTP/2.0" {
			t.Fatalf("%v %q", err, b)
		}
	}
	if len(w.dialed) != 1 {
		t.Errorf("dialled %d times for five requests", len(w.dialed))
	}
	if res, _, err := w.post(t, "https://example.com/away", ""); err != nil || res.StatusCode != http.StatusTemporaryRedirect {
		t.Errorf("a redirect: %v", err)
	}
	for i := range 100 {
		if _, _, err := w.post(t, "https://example.com/"+strings.Repeat("y", i), ""); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.dialed) > lanes {
		t.Errorf("dialled %d times for many paths", len(w.dialed))
	}
}

func TestKeptIsGuarded(t *testing.T) {
	t.Parallel()
	never := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was reached") })
	w := newKeptWorld(t, never, addrs("93.184.216.34", "10.0.0.1"))
	for address, want := range map[string]error{
		"https://example.com/x":      ErrAddress, // one of its addresses is private
		"https://127.0.0.1/x":        ErrAddress,
		"https://[::ffff:10.0.0.1]/": ErrAddress,
		"http://example.com/x":       ErrURL,
		"webcal://example.com/x":     ErrURL,
		"https://example.com:8443/x": ErrURL,
		"https://me@example.com/x":   ErrURL,
	} {
		if _, _, err := w.post(t, address, "x"); !errors.Is(err, want) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if len(w.dialed) > 0 {
		t.Errorf("dialled %v", w.dialed)
	}
}

// A name that leads elsewhere later is judged again with the next connection.
func TestKeptRebinding(t *testing.T) {
	t.Parallel()
	w := newKeptWorld(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), addrs("93.184.216.34"), addrs("192.168.0.1"))
	for range 2 {
		if _, _, err := w.post(t, "https://example.com/x", ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.post(t, "https://example.com/x", ""); !errors.Is(err, ErrAddress) {
		t.Errorf("the second answer: %v", err)
	}
	if len(w.dialed) != 1 || w.dialed[0] != "93.184.216.34:443" {
		t.Errorf("dialled %v", w.dialed)
	}
}

func TestKeptNoProxyFromTheEnvironment(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	w := newKeptWorld(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), addrs("93.184.216.34"))
	if _, _, err := w.post(t, "https://example.com/x", ""); err != nil {
		t.Errorf("a proxy was used: %v", err)
	}
}

// A server that never ends its answer, or never begins it, costs its own request
// and no other.
func TestKeptHostileServers(t *testing.T) {
	t.Parallel()
	var written atomic.Int64
	w := newKeptWorld(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/endless":
			for r.Context().Err() == nil {
				n, err := rw.Write(make([]byte, 1<<10))
				if written.Add(int64(n)); err != nil {
					return
				}
			}
		case "/drip":
			_, _ = rw.Write([]byte("."))
			_ = http.NewResponseController(rw).Flush()
			<-r.Context().Done()
		case "/stall":
			<-r.Context().Done()
		case "/headers":
			rw.Header().Set("X-Long", strings.Repeat("x", 64<<10))
		}
	}), addrs("93.184.216.34"))
	if _, b, err := w.post(t, "https://example.com/endless", ""); err != nil || len(b) != maxKeptAnswer {
		t.Errorf("an endless answer: %d bytes, %v", len(b), err)
	}
	if n := written.Load(); n > 256<<10 {
		t.Errorf("an endless answer sent %d bytes", n)
	}
	if _, _, err := w.post(t, "https://example.com/headers", ""); err == nil {
		t.Error("endless headers were taken")
	}
	w.timeout = 100 * time.Millisecond
	for _, path := range []string{"/stall", "/drip"} {
		start := time.Now()
		if _, _, err := w.post(t, "https://example.com"+path, ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", path, err)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s took %v", path, d)
		}
	}
	w.timeout = timeout
	if _, _, err := w.post(t, "https://example.com/fine", ""); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
