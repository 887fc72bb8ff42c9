package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Bounds of one request.
const (
	timeout  = 10 * time.Second
	MaxBytes = 5 << 20 // the longest answer
	port     = "443"
)

// Why something was not fetched.
var (
	ErrURL      = errors.New("the address must begin with https:// and name no other port, user or password")
	ErrAddress  = errors.New("this name leads to an address that is not on the public internet")
	ErrRedirect = errors.New("the server sends on to another address; give that one instead")
	ErrStatus   = errors.New("the server did not answer with the file")
	ErrTooLarge = errors.New("the file is larger than 5 MiB")

	ErrUnchanged = errors.New("the file is the same as before")
)

// Resolver turns a name into addresses; [net.DefaultResolver] is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// guard opens connections to public addresses only.
type guard struct {
	resolver Resolver
	dial     Dialer
}

// Client fetches files. It is safe for concurrent use.
type Client struct {
	http *http.Client
}

// New returns a client that asks r for addresses; nil means the system's
// resolver.
func New(r Resolver) *Client {
	return newClient(r, plainDial(), nil)
}

func plainDial() Dialer {
	d := &net.Dialer{Timeout: timeout}
	return d.DialContext
}

func newClient(r Resolver, dial Dialer, config *tls.Config) *Client {
	return &Client{&http.Client{
		Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
		Transport: &http.Transport{
			Proxy:                  nil, // never from the environment
			DialContext:            newGuard(r, dial).dialPublic,
			TLSClientConfig:        config,
			DisableKeepAlives:      true,
			ForceAttemptHTTP2:      true,
			MaxResponseHeaderBytes: 64 << 10,
		},
	}}
}

func newGuard(r Resolver, dial Dialer) *guard {
	if r == nil {
		r = net.DefaultResolver
	}
	return &guard{r, dial}
}

// NewOver is [New] for programs that bring their own network, such as tests: dial is
// given addresses that were judged, and leads where it wants. config may be nil.
func NewOver(r Resolver, dial Dialer, config *tls.Config) *Client {
	return newClient(r, dial, config)
}

// Get returns the file at an https:// address, at most [MaxBytes] of it;
// webcal://, by which calendars are offered, means the same. accept is the media
// type that is asked for. Errors of this package say what is wrong in words for
// the person who gave the address.
func (c *Client) Get(ctx context.Context, address, accept string) ([]byte, error) {
	b, _, err := c.GetNewer(ctx, address, accept, Version{})
	return b, err
}

// Version is by what a server tells whether a file has changed: its validators
// (RFC 9110, section 8.8) as it sent them, each at most 200 bytes long; "" for none.
type Version struct{ ETag, Modified string }

// GetNewer is [Client.Get] for a file that was read before. It returns [ErrUnchanged]
// when the server says that it still is what it was in the version had.
func (c *Client) GetNewer(ctx context.Context, address, accept string, had Version) (b []byte, now Version, err error) {
	u, err := check(address)
	if err != nil {
		return nil, now, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, now, fmt.Errorf("%w: %w", ErrURL, err)
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("User-Agent", "Convoke")
	if had.ETag != "" {
		req.Header.Set("If-None-Match", had.ETag)
	}
	if had.Modified != "" {
		req.Header.Set("If-Modified-Since", had.Modified)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, now, fmt.Errorf("fetch from %s: %w", u.Hostname(), err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusNotModified && had != Version{}:
		return nil, had, ErrUnchanged
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return nil, now, ErrRedirect
	case res.StatusCode != http.StatusOK:
		return nil, now, fmt.Errorf("%w: %s", ErrStatus, res.Status)
	}
	// One byte more than allowed tells a file that is too large from one that
	// just fits. The transport has unpacked gzip: the bound is on what comes out.
	b, err = io.ReadAll(io.LimitReader(res.Body, MaxBytes+1))
	if err == nil {
		err = ctx.Err() // some servers end a file well when the line is cut
	}
	if err != nil {
		return nil, now, fmt.Errorf("read from %s: %w", u.Hostname(), err)
	}
	if len(b) > MaxBytes {
		return nil, now, ErrTooLarge
	}
	return b, Version{short(res.Header.Get("ETag")), short(res.Header.Get("Last-Modified"))}, nil
}

// short drops a validator that nobody wants to keep.
func short(s string) string {
	if len(s) > 200 {
		return ""
	}
	return s
}

// check accepts https://name/path and nothing that could mean something else.
func check(address string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return nil, ErrURL
	}
	if u.Scheme == "webcal" || u.Scheme == "webcals" {
		u.Scheme = "https"
	}
	if !plain(u) {
		return nil, ErrURL
	}
	u.Fragment = ""
	return u, nil
}

// plain reports whether an address is https://name/path and no more.
func plain(u *url.URL) bool {
	return u.Scheme == "https" && u.Hostname() != "" && u.User == nil && u.Opaque == "" && (u.Port() == "" || u.Port() == port)
}

// dialPublic resolves, judges and dials the same address. A name of which any
// address is not public is refused as a whole: an honest name has no such one.
func (g *guard) dialPublic(ctx context.Context, network, address string) (net.Conn, error) {
	host, p, err := net.SplitHostPort(address)
	if err != nil || p != port {
		return nil, ErrURL
	}
	addrs, err := g.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		if !Public(a) {
			return nil, ErrAddress
		}
	}
	var errs []error
	for _, a := range addrs {
		conn, err := g.dial(ctx, network, netip.AddrPortFrom(a.Unmap(), 443).String())
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

func (g *guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	addrs, err := g.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("find the address of %s: %w", host, err)
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("%s has no address", host)
	}
	return addrs[:min(len(addrs), 4)], nil
}
