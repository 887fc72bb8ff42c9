package e2e

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
)

// nothingMoves visits pages that arrive in packets with a pause after each, as
// on a slow phone: what comes first must stay where it is.
func (w *site) nothingMoves(t *testing.T) {
	base := slowly(t, w.s)
	for _, width := range []int64{320, 1280} {
		p := Browser(t, PageOptions{Base: base, Width: width, Height: 800})
		c := network.SetCookieParams{Name: w.cookie.Name, Value: w.cookie.Value, URL: base}
		if _, err := ask(p, network.SetCookie, c); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/", "/me", "/calendar", "/groups/canal-street/members", w.event, w.event + "/edit"} {
			p.Goto(path)
			p.hasStatus(t, 200)
			p.still(t)
		}
	}
}

// slowly passes a node's answers on, its pages one packet after the other.
func slowly(t *testing.T, s *Instance) string {
	t.Helper()
	node, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := httptest.NewServer(&httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(node)
			r.Out.Host = node.Host
			if !strings.HasPrefix(r.In.URL.Path, "/static/") {
				r.Out.Header.Set("Accept-Encoding", "identity")
			}
		},
		ModifyResponse: func(r *http.Response) error {
			if strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
				r.Body = &packets{r.Body, bufio.NewReader(r.Body), time.Tick(40 * time.Millisecond), r.Request.Context().Done()}
			}
			return nil
		},
	})
	t.Cleanup(p.Close)
	return p.URL
}

// packets gives its text in pieces that end with a tag, one for each beat of the
// wire, which is every few frames; it ends when the browser has gone on.
type packets struct {
	io.Closer
	in   *bufio.Reader
	wire <-chan time.Time
	gone <-chan struct{}
}

func (s *packets) Read(p []byte) (n int, err error) {
	const packet = 1400
	select {
	case <-s.wire:
	case <-s.gone:
		return 0, io.ErrUnexpectedEOF
	}
	for n < len(p) && (n < packet || p[n-1] != '>') {
		if p[n], err = s.in.ReadByte(); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
