package identity

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

type always struct{}

func (always) Allow(string, string) (bool, time.Duration) { return true, 0 }

type never struct{}

func (never) Allow(string, string) (bool, time.Duration) { return false, 90 * time.Second }

func clientOf(r *http.Request) string { return r.RemoteAddr }

func testLog(t testing.TB) *slog.Logger { return slog.New(slog.NewTextHandler(t.Output(), nil)) }

var loadLocales = sync.OnceValues(func() (*i18n.Bundle, error) { return i18n.Load(true) })

func locales(t testing.TB) *i18n.Bundle {
	t.Helper()
	b, err := loadLocales()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// node is a running site with the feature's routes, on SQLite.
type node struct {
	*Service
	t      *testing.T
	site   *web.Site
	clock  *clock.Manual
	groups *fakeGroups
}

func newNode(t *testing.T) *node {
	t.Helper()
	c := clock.NewManual(dbtest.Now)
	s, g := newService(t, dbtest.Open(t, dbtest.SQLite(t), c), c)
	site, err := web.New(web.Options{Clock: c, IDs: id.NewSource(c, nil), Log: testLog(t), Locales: s.Locales}, s)
	if err != nil {
		t.Fatal(err)
	}
	s.Mount(site)
	return &node{s, t, site, c, g}
}

// browser is one visitor with a cookie jar.
type browser struct {
	*node
	cookies map[string]*http.Cookie
}

func (n *node) browser() *browser { return &browser{n, map[string]*http.Cookie{}} }

// as is a browser with a session.
func (n *node) as(secret string) *browser {
	b := n.browser()
	b.cookies["convoke"] = &http.Cookie{Name: "convoke", Value: secret}
	return b
}

type answer struct {
	status   int
	body     string
	header   http.Header
	location string
	doc      *html.Node
}

func (b *browser) get(path string) answer { return b.do(http.MethodGet, path, nil) }

func (b *browser) post(path string, pairs ...string) answer {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, path, v)
}

func (b *browser) do(method, path string, form url.Values) answer {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequestWithContext(b.t.Context(), method, "http://localhost"+path, body)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, k := range b.cookies {
		r.AddCookie(k)
	}
	w := httptest.NewRecorder()
	b.site.ServeHTTP(w, r)
	for _, k := range w.Result().Cookies() {
		b.cookies[k.Name] = k
		if k.MaxAge < 0 {
			delete(b.cookies, k.Name)
		}
	}
	a := answer{status: w.Code, body: w.Body.String(), header: w.Header(), location: w.Header().Get("Location")}
	doc, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		b.t.Fatal(err)
	}
	a.doc = doc
	if w.Code >= 500 {
		b.t.Errorf("%s %s: status %d", method, path, w.Code)
	}
	return a
}

// want checks the status, and where a redirect leads.
func (a answer) want(t *testing.T, status int, location string) answer {
	t.Helper()
	if a.status != status || a.location != location {
		t.Errorf("status %d to %q, want %d to %q\n%s", a.status, a.location, status, location, a.text("main"))
	}
	return a
}

var simple = regexp.MustCompile(`^([a-z0-9]*)(?:#([\w-]+))?(?:\.([\w-]+))?(?:\[([\w-]+)=([^\]]*)\])?$`)

// all finds elements by a chain of simple selectors: "tag#id.class[attr=value]".
func (a answer) all(selector string) []*html.Node {
	found := []*html.Node{a.doc}
	for _, part := range strings.Fields(selector) {
		m := simple.FindStringSubmatch(part)
		if m == nil {
			panic("selector " + part)
		}
		var next []*html.Node
		for _, root := range found {
			for n := range root.Descendants() {
				if n.Type == html.ElementNode && fits(n, m) {
					next = append(next, n)
				}
			}
		}
		found = next
	}
	return found
}

func fits(n *html.Node, m []string) bool {
	return (m[1] == "" || n.Data == m[1]) && (m[2] == "" || attr(n, "id") == m[2]) &&
		(m[3] == "" || strings.Contains(" "+attr(n, "class")+" ", " "+m[3]+" ")) && (m[4] == "" || has(n, m[4]) && attr(n, m[4]) == m[5])
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// text is what the first element that fits says, with single spaces; "" when
// there is none.
func (a answer) text(selector string) string {
	for _, n := range a.all(selector) {
		var out []string
		for d := range n.Descendants() {
			if d.Type == html.TextNode {
				out = append(out, d.Data)
			}
		}
		return strings.Join(strings.Fields(strings.Join(out, " ")), " ")
	}
	return ""
}

// attr is an attribute of the first element that fits.
func (a answer) attr(selector, name string) string {
	for _, n := range a.all(selector) {
		return attr(n, name)
	}
	return ""
}
