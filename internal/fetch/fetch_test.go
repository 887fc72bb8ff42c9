package fetch

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

func TestPublic(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"93.184.216.34": true, "8.8.8.8": true, "2606:2800:220:1::1": true, "2a00:1450::1": true, "1.1.1.1": true,
		"172.15.255.255": true, "172.32.0.1": true, "100.63.255.255": true, "100.128.0.1": true, "223.255.255.255": true,
		"0.0.0.0": false, "0.1.2.3": false, "10.1.2.3": false, "100.64.0.1": false, "100.127.255.255": false, "127.0.0.1": false, "127.255.0.1": false,
		"169.254.169.254": false, "172.16.0.1": false, "172.31.255.255": false, "192.0.0.170": false, "192.0.2.1": false,
		"192.88.99.1": false, "192.168.1.1": false, "198.18.0.1": false, "198.19.255.255": false, "198.51.100.1": false,
		"203.0.113.9": false, "224.0.0.1": false, "239.255.255.250": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:8.8.8.8": true, "::7f00:1": false,
		"64:ff9b::a00:1": false, "64:ff9b:1::1": false, "100::1": false, "2001::1": false, "2001:db8::1": false, "2002:7f00:1::": false,
		"fc00::1": false, "fd12:3456::1": false, "fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "ff02::1": false, "4000::1": false,
		"5f00::1": false, "3fff::1": false, "2606:2800:220:1::1%eth0": false,
	} {
		if got := Public(netip.MustParseAddr(s)); got != want {
			t.Errorf("%s is public: %v", s, got)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

// names is a resolver that gives each answer once, then the last for ever.
type names struct {
	mu      sync.Mutex
	answers [][]netip.Addr
	asked   int
}

func (n *names) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	i := min(n.asked, len(n.answers)-1)
	n.asked++
	return n.answers[i], nil
}

func addrs(ss ...string) []netip.Addr {
	out := make([]netip.Addr, len(ss))
	for i, s := range ss {
		out[i] = netip.MustParseAddr(s)
	}
	return out
}

// world is a client whose every dial ends at one test server, and the addresses
// that it dialled.
type world struct {
	*Client
	mu     sync.Mutex
	dialed []string
}

func newWorld(t *testing.T, h http.Handler, answers ...[]netip.Addr) *world {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	w := &world{}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		w.mu.Lock()
		w.dialed = append(w.dialed, address)
		w.mu.Unlock()
		return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
	}
	w.Client = newClient(&names{answers: answers}, dial, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})
	return w
}

func file(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/cal.ics":
		_, _ = w.Write([]byte("BEGIN:VCALENDAR " + r.Header.Get("Accept") + r.Header.Get("Cookie")))
	case "/away":
		http.Redirect(w, r, "https://127.0.0.1/secret", http.StatusFound)
	case "/fits":
		_, _ = w.Write(make([]byte, MaxBytes))
	case "/large":
		_, _ = w.Write(make([]byte, MaxBytes+1))
	case "/bomb":
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		for range MaxBytes>>10 + 1 {
			_, _ = z.Write(make([]byte, 1<<10))
		}
		_ = z.Close()
	default:
		http.NotFound(w, r)
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, http.HandlerFunc(file), addrs("93.184.216.34"))
	for address, want := range map[string]error{
		"https://example.com/cal.ics":           nil,
		" webcal://example.com/cal.ics ":        nil,
		"https://example.com:443/cal.ics":       nil,
		"https://example.com/fits":              nil,
		"https://example.com/large":             ErrTooLarge,
		"https://example.com/bomb":              ErrTooLarge,
		"https://example.com/away":              ErrRedirect,
		"https://example.com/none":              ErrStatus,
		"http://example.com/cal.ics":            ErrURL,
		"https://example.com:8443/cal.ics":      ErrURL,
		"https://me:secret@example.com/cal.ics": ErrURL,
		"file:///etc/hostname":                  ErrURL,
		"https:///cal.ics":                      ErrURL,
		"gopher://example.com/":                 ErrURL,
		"https:example.com":                     ErrURL,
		"":                                      ErrURL,
		"https://127.0.0.1/":                    ErrAddress,
		"https://[::1]/":                        ErrAddress,
		"https://[::ffff:169.254.169.254]/":     ErrAddress,
		"https://[fe80::1%25eth0]/":             ErrAddress,
		"https://10.0.0.1:443/":                 ErrAddress,
	} {
		b, err := w.Get(t.Context(), address, "text/calendar")
		if !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", address, err, want)
		}
		if err == nil && strings.Contains(address, "cal.ics") && string(b) != "BEGIN:VCALENDAR text/calendar" {
			t.Errorf("%q: %q", address, b)
		}
	}
	for _, a := range w.dialed {
		if a != "93.184.216.34:443" {
			t.Errorf("dialled %s", a)
		}
	}
}

// The answer of the resolver that was judged is the one that is dialled: the
// second one, a private address, is never used.
func TestRebinding(t *testing.T) {
	t.Parallel()
	w := newWorld(t, http.HandlerFunc(file), addrs("93.184.216.34"), addrs("192.168.0.1"))
	if _, err := w.Get(t.Context(), "https://example.com/cal.ics", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Get(t.Context(), "https://example.com/cal.ics", ""); !errors.Is(err, ErrAddress) {
		t.Errorf("the second answer: %v", err)
	}
	if len(w.dialed) != 1 || w.dialed[0] != "93.184.216.34:443" {
		t.Errorf("dialled %v", w.dialed)
	}
	mixed := newWorld(t, http.HandlerFunc(file), addrs("93.184.216.34", "10.0.0.1"))
	if _, err := mixed.Get(t.Context(), "https://example.com/cal.ics", ""); !errors.Is(err, ErrAddress) || len(mixed.dialed) > 0 {
		t.Errorf("a name with one private address: %v, dialled %v", err, mixed.dialed)
	}
	none := newWorld(t, http.HandlerFunc(file), nil)
	if _, err := none.Get(t.Context(), "https://example.com/cal.ics", ""); err == nil {
		t.Error("a name without an address was fetched")
	}
}

func TestNoProxyFromTheEnvironment(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	w := newWorld(t, http.HandlerFunc(file), addrs("93.184.216.34"))
	if _, err := w.Get(t.Context(), "https://example.com/cal.ics", ""); err != nil {
		t.Errorf("a proxy was used: %v", err)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("https://example.com/x")
	f.Add("webcal://a@b:443/")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := check(s)
		if err != nil {
			return
		}
		if u.Scheme != "https" || u.User != nil || u.Hostname() == "" || u.Port() != "" && u.Port() != "443" {
			t.Errorf("%q gives %v", s, u)
		}
	})
}

// TestGetNewer asks a server only for what has changed, and believes none that says so
// unasked.
func TestGetNewer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/liar" || r.Header.Get("If-None-Match") == `"1"` && r.Header.Get("If-Modified-Since") == "then" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Last-Modified", "then")
		if r.URL.Path == "/long" {
			w.Header().Set("ETag", strings.Repeat("x", 201))
		}
		_, _ = w.Write([]byte("file"))
	}), addrs("8.8.8.8"))
	b, v, err := w.GetNewer(t.Context(), "https://a.example.com/x", "text/plain", Version{})
	if err != nil || string(b) != "file" || v != (Version{`"1"`, "then"}) {
		t.Fatalf("%q %v %v", b, v, err)
	}
	if b, again, err := w.GetNewer(t.Context(), "https://a.example.com/x", "text/plain", v); !errors.Is(err, ErrUnchanged) || b != nil || again != v {
		t.Errorf("unchanged: %q %v %v", b, again, err)
	}
	if _, v, err := w.GetNewer(t.Context(), "https://a.example.com/long", "text/plain", Version{}); err != nil || v != (Version{"", "then"}) {
		t.Errorf("a long validator: %v %v", v, err)
	}
	if _, err := w.Get(t.Context(), "https://a.example.com/liar", "text/plain"); !errors.Is(err, ErrRedirect) {
		t.Errorf("unasked: %v", err)
	}
}
