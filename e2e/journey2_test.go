package e2e

import (
	"bytes"
	"image/png"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// onionName has the form of an onion service's address. Nobody has its key.
const onionName = "conv2okeconv3okeconv4okeconv5okeconv6okeconv7okeconv2oad.onion"

// seen is what a visitor over Tor comes by: how many events the list has, words
// to search for, what they find, and the event to go to.
type seen struct {
	events              int
	words, found, event string
}

// TestTorOnPostgres is journey 2 on the other engine, without the sample, which
// takes a minute to load there.
func TestTorOnPostgres(t *testing.T) {
	t.Parallel()
	s := Server(t, ServerOptions{Postgres: true, Env: []string{"CONVOKE_ONION=" + onionName}})
	o := Browser(t, PageOptions{Base: s.URL, NoScript: true})
	o.Goto(s.SetupLink(t))
	o.answerSetUp(t)
	startGroup(t, o)
	o.addEvent(t, cleanUp, time.Now().AddDate(0, 0, 7))
	inBothWays(t, func(t *testing.T, noScript bool) {
		overTor(t, s, noScript, seen{1, "two hundred bulbs", cleanUp, cleanUp})
	})
}

// overTor is journey 2 as far as events go: a browser over plain HTTP, at a name
// that no browser trusts as it trusts localhost; without scripts, as it comes
// at its safest, and with them.
//
// A browser cannot be told to draw no SVG, so every page is looked through for
// it instead.
func overTor(t *testing.T, s *Instance, noScript bool, on seen) {
	base := "http://" + onionName
	p := Browser(t, PageOptions{Base: base, NoScript: noScript, Width: 1000, Height: 900})
	p.throughProxy(t, s)
	look := func() {
		t.Helper()
		p.hasStatus(t, 200)
		p.Axe(t)
		p.NoOverflow(t)
		p.NoThirdParty(t)
		p.NoErrors(t)
		plain(t, p)
	}
	p.Goto("/")
	look()
	staticMap(t, p, s)
	p.Fill("Near", "Leipzig")
	p.ClickRole("button", "Find events")
	look()
	if n := p.Count(".events > li"); n < on.events {
		t.Errorf("the list has %d events", n)
	}
	staticMap(t, p, s)
	p.ClickRole("link", "Closer")
	look()
	p.ClickRole("link", "Calendar")
	look()
	p.ClickRole("link", "Events")
	p.Fill("Words", on.words)
	p.ClickRole("button", "Find events")
	look()
	p.HasRole("link", on.found)
	p.Goto("/about/connection")
	p.HasText("Over Tor, to our onion address.")
	look()

	p.Goto("/events?near=Leipzig")
	p.ClickRole("link", on.event)
	look()
	p.ClickRole("link", "I’m coming")
	look()
	p.ClickRole("button", "Keep my place")
	p.HasText("Your place is kept.")
	look()
	link := p.Text("#link")
	if !strings.HasPrefix(link, base+"/events/") {
		t.Errorf("over the onion address the private link is %q", link)
	}
	p.Goto(link)
	p.ClickRole("button", "I can’t come")
	p.HasRole("heading", "You are not coming")
	look()
	if c := p.cookies(t); len(c) > 0 {
		t.Errorf("a visitor got the cookies %q", c)
	}

	// What is open to all does not name the onion address, except where a
	// visitor asks about the connection.
	for _, path := range []string{"/", "/events", "/events?near=Leipzig", "/about"} {
		if f := fetch(t, s.URL+path); strings.Contains(f.body, ".onion") {
			t.Errorf("%s names the onion address", path)
		}
	}
}

// throughProxy gives the visitor a new tab whose every request comes to the
// node with the name that the visitor typed, as the Tor service delivers it.
func (p *Page) throughProxy(t *testing.T, s *Instance) {
	t.Helper()
	node, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(node)
		r.Out.Host = r.In.Host
	}}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect || r.Host != onionName {
			http.Error(w, "only the node", http.StatusForbidden)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	parent, err := browser()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext(func(c *target.CreateBrowserContextParams) {
		c.ProxyServer = proxy.URL
	}))
	t.Cleanup(cancel)
	p.ctx, p.net = ctx, newRecorder()
	if err := p.prepare(); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
}

var wantsScript = regexp.MustCompile(`(?i)javascript|enable script|<svg|image/svg|\.svg\b|captcha`)

// plain fails the test when a page needs what this visitor has switched off.
func plain(t *testing.T, p *Page) {
	t.Helper()
	markup := p.HTML()
	if m := wantsScript.FindString(markup); m != "" {
		t.Errorf("%s has %q", p.URL(), m)
	}
	if strings.Contains(markup, "<noscript") {
		t.Errorf("%s has a word for those without script", p.URL())
	}
	for _, c := range p.Controls("link", "button") {
		if c.Name == "" {
			t.Errorf("%s has a %s without a name", p.URL(), c.Role)
		}
	}
}

// staticMap fails the test unless the page shows the map as a picture.
func staticMap(t *testing.T, p *Page, s *Instance) {
	t.Helper()
	img := fetch(t, s.URL+p.Attr("[data-map] img", "src"))
	pic, err := png.Decode(bytes.NewReader([]byte(img.body)))
	if err != nil {
		t.Errorf("the map of %s: %d %v", p.URL(), img.status, err)
		return
	}
	if n := colours(pic); n < 4 {
		t.Errorf("the map of %s has %d colours", p.URL(), n)
	}
	if w := p.Weight(t); w.Image < len(img.body)/2 {
		t.Errorf("%s did not load its map: %v", p.URL(), w)
	}
}

// TestOnionLocation: who comes over the open internet is told of the onion
// service, by a header and only over HTTPS.
func TestOnionLocation(t *testing.T) {
	t.Parallel()
	s := Server(t, ServerOptions{Env: []string{"CONVOKE_ONION=" + onionName}, Args: []string{"--base-url", "https://events.example.org"}})
	at := listening(t, s)
	for _, c := range []struct{ host, want string }{
		{"events.example.org", "http://" + onionName + "/events?q=a%20b"},
		{onionName, ""},
	} {
		f := fetch(t, at+"/events?q=a%20b", func(r *http.Request) { r.Host = c.host })
		if got := f.header.Get("Onion-Location"); f.status != 200 || got != c.want {
			t.Errorf("%s: status %d, Onion-Location %q, want %q", c.host, f.status, got, c.want)
		}
	}
	if f := fetch(t, at+"/", func(r *http.Request) { r.Host = "stranger.example.net" }); f.status != 421 {
		t.Errorf("an unknown name is answered %d", f.status)
	}
}

// listening is where the program takes requests, which is not the address that
// it says when it stands behind another server.
func listening(t *testing.T, s *Instance) string {
	t.Helper()
	for i, a := range s.cmd.Args {
		if a == "--listen" {
			if _, _, err := net.SplitHostPort(s.cmd.Args[i+1]); err != nil {
				t.Fatal(err)
			}
			return "http://" + s.cmd.Args[i+1]
		}
	}
	t.Fatalf("the program was started as %q in %s", s.cmd.Args, os.Getenv("PWD"))
	return ""
}
