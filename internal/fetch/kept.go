package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"hash/maphash"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	maxKeptAnswer = 4 << 10 // bytes of a body that are read
	lanes         = 4       // connections over which one HTTP/2 server is spoken to
)

// Kept sends many small requests to servers that strangers name, by the rules of
// [Client] but over connections that are kept, with HTTP/2 (RFC 9113) where the
// server has it. It is an [http.RoundTripper] that is safe for concurrent use.
//
// Whatever a server does, a request ends within ten seconds, and of the answer at
// most 4 KiB come back, as a body that lies in memory: a longer one is cut. So one
// that stalls or never ends costs its own request some time and some KiB. A redirect
// is an answer like others.
//
// A connection stays what it was judged to be when it was opened, so a name that
// resolves differently later gains nothing.
type Kept struct {
	lanes   [lanes]*http.Transport
	seed    maphash.Seed
	timeout time.Duration
}

// NewKept returns one that asks r for addresses; nil means the system's resolver.
func NewKept(r Resolver) *Kept { return NewKeptOver(r, plainDial(), nil) }

// Dialer opens a connection, as net.Dialer.DialContext does.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// NewKeptOver is [NewKept] for programs that bring their own network, such as tests
// and benchmarks: dial is given addresses that were judged, and leads where it wants.
// config may be nil.
func NewKeptOver(r Resolver, dial Dialer, config *tls.Config) *Kept {
	k := &Kept{seed: maphash.MakeSeed(), timeout: timeout}
	g := newGuard(r, dial)
	for i := range k.lanes {
		k.lanes[i] = &http.Transport{
			Proxy: nil, // never from the environment
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				ctx, cancel := context.WithTimeout(ctx, timeout) // it outlives the request that asked for it
				defer cancel()
				return g.dialPublic(ctx, network, address)
			},
			TLSClientConfig:        config.Clone(),
			TLSHandshakeTimeout:    timeout,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true,
			MaxIdleConns:           1024,
			MaxIdleConnsPerHost:    16,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: 16 << 10,
			WriteBufferSize:        8 << 10,
			ReadBufferSize:         4 << 10,
			HTTP2: &http.HTTP2Config{
				// A server that takes few requests at once makes them wait, and does
				// not get a connection for each.
				StrictMaxConcurrentRequests:   true,
				MaxReceiveBufferPerConnection: 64 << 10,
				MaxReceiveBufferPerStream:     2 * maxKeptAnswer,
				SendPingTimeout:               timeout,
				PingTimeout:                   timeout / 2,
				WriteByteTimeout:              timeout,
			},
		}
	}
	return k
}

// RoundTrip implements [http.RoundTripper]. Its errors are those of [Client] and of
// net/http, and may quote the server.
func (k *Kept) RoundTrip(req *http.Request) (*http.Response, error) {
	if !plain(req.URL) {
		if req.Body != nil {
			_ = req.Body.Close() // as the interface asks
		}
		return nil, ErrURL
	}
	ctx, cancel := context.WithTimeout(req.Context(), k.timeout)
	defer cancel()
	// What goes to one path goes over one connection: who is alone with a server
	// opens one, and a crowd uses all.
	lane := k.lanes[maphash.String(k.seed, req.URL.Path)%lanes]
	res, err := lane.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	if res.ContentLength == 0 { // most answers: nothing is to be read
		return res, nil
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxKeptAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	return res, nil
}

// Close closes the connections that are not in use.
func (k *Kept) Close() error {
	for _, t := range k.lanes {
		t.CloseIdleConnections()
	}
	return nil
}
