package web_test

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/klauspost/compress/zstd"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

//go:embed testdata/page.html
var files embed.FS

type data struct {
	Form *web.Form
	Text string
}

var page = web.NewPage[data](files, "testdata/page.html")

// oneSession knows the cookie "olga".
type oneSession struct{}

func (oneSession) Session(_ context.Context, secret string) (web.Session, bool, error) {
	return web.Session{ID: "s1", Actor: authz.Actor{Person: "olga", Handle: "olga"}}, secret == "olga", nil
}

func site(t *testing.T, static ...fs.FS) (*web.Site, *clock.Manual) {
	t.Helper()
	b, err := i18n.Load(true)
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewManual(time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC))
	s, err := web.New(web.Options{
		Clock: c, IDs: id.NewSource(c, nil), Locales: b, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Hosts: []string{"convoke.test"}, Dev: true,
	}, oneSession{}, static...)
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func do(s http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://convoke.test"+path, strings.NewReader(body))
	if body == "" && method == http.MethodGet {
		r.Body = http.NoBody
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

const form = "application/x-www-form-urlencoded"

func TestGuards(t *testing.T) {
	t.Parallel()
	s, _ := site(t)
	wrote := false
	s.Handle("POST /form", func(c *web.Call) error {
		if _, err := c.Form(); err != nil {
			return err
		}
		wrote = true
		return c.SeeOther("/done")
	})
	s.Handle("GET /private", func(*web.Call) error { return web.ErrNotFound() })
	chunked := httptest.NewRequest(http.MethodPost, "http://convoke.test/form", io.NopCloser(strings.NewReader("a=1")))
	chunked.ContentLength = -1
	w := httptest.NewRecorder()
	s.ServeHTTP(w, chunked)
	if w.Code != http.StatusLengthRequired || w.Header().Get("Connection") != "close" {
		t.Errorf("chunked body: %d", w.Code)
	}
	for name, c := range map[string]struct {
		method, path, body string
		header             []string
		want               int
	}{
		"another site":   {"POST", "/form", "a=1", []string{"Content-Type", form, "Sec-Fetch-Site", "cross-site"}, 403},
		"sister site":    {"POST", "/form", "a=1", []string{"Content-Type", form, "Origin", "https://other.convoke.test"}, 403},
		"null origin":    {"POST", "/form", "a=1", []string{"Content-Type", form, "Origin", "null"}, 403},
		"foreign name":   {"GET", "/private", "", []string{"Host", "evil.example"}, 421},
		"control":        {"GET", "/a%00b", "", nil, 400},
		"line break":     {"GET", "/a%0d%0ab", "", nil, 400},
		"broken UTF-8":   {"GET", "/a%ff", "", nil, 400},
		"NUL in query":   {"GET", "/private?q=a%00", "", nil, 400},
		"broken query":   {"GET", "/private?q=%ed%a0%80", "", nil, 400},
		"broken name":    {"GET", "/private?%ff=1", "", nil, 400},
		"raw bytes":      {"GET", "/private?q=\xff", "", nil, 400},
		"plain query":    {"GET", "/private?q=%C3%9F+%25&%zz", "", nil, 404},
		"not a form":     {"POST", "/form", "{}", []string{"Content-Type", "application/json"}, 400},
		"too large":      {"POST", "/form", "a=" + strings.Repeat("x", 300<<10), []string{"Content-Type", form}, 413},
		"bad characters": {"POST", "/form", "a=%ff", []string{"Content-Type", form}, 400},
		"bad escape":     {"POST", "/form", "a=%zz", []string{"Content-Type", form}, 400},
		"method":         {"POST", "/private", "a=1", []string{"Content-Type", form}, 405},
		"absent":         {"GET", "/nowhere", "", nil, 404},
	} {
		if w := do(s, c.method, c.path, c.body, c.header...); w.Code != c.want {
			t.Errorf("%s: %d, want %d", name, w.Code, c.want)
		}
	}
	if wrote {
		t.Error("a refused request wrote")
	}
	if w := do(s, "POST", "/form", "a=1", "Content-Type", form); w.Code != 303 || !wrote {
		t.Errorf("an honest form: %d", w.Code)
	}
	a, b := do(s, "GET", "/private", ""), do(s, "GET", "/nowhere", "")
	if cut(a) != cut(b) {
		t.Error("absent and forbidden differ:\n" + cut(a) + "\n" + cut(b))
	}
	for _, h := range []string{"Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options"} {
		if a.Header().Get(h) == "" {
			t.Errorf("no %s", h)
		}
	}
}

// cut removes what names the request: its number and its address.
func cut(w *httptest.ResponseRecorder) string {
	s := w.Body.String()
	if i := strings.Index(s, "this number: "); i >= 0 {
		s = s[:i] + s[i+25:]
	}
	return strings.NewReplacer("/private", "/x", "/nowhere", "/x").Replace(s)
}

func TestProblemJSON(t *testing.T) {
	t.Parallel()
	s, _ := site(t)
	s.Handle("GET /x.json", func(*web.Call) error {
		return fault.Invalid(fault.Field("title", "event.title_missing", "Give the event a title."))
	})
	s.Handle("GET /boom", func(*web.Call) error { return errors.New("secret cause") })
	s.Handle("GET /panic", func(*web.Call) error { panic("secret cause") })
	w := do(s, "GET", "/x.json", "")
	if w.Code != 422 || w.Header().Get("Content-Type") != "application/problem+json" ||
		!strings.Contains(w.Body.String(), `"pointer":"#/title"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, p := range []string{"/boom", "/panic"} {
		if w := do(s, "GET", p, ""); w.Code != 500 || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s", p, w.Code, w.Body)
		}
	}
}

func TestCachedPages(t *testing.T) {
	t.Parallel()
	s, now := site(t)
	n := 0
	s.Handle("GET /page", func(c *web.Call) error {
		return c.Cached([]string{"thing"}, time.Hour, func() error {
			n++
			return page.Render(c, data{Text: strings.Repeat("words ", 300)})
		})
	})
	a := do(s, "GET", "/page", "", "Accept-Encoding", "gzip")
	b := do(s, "GET", "/page", "", "Accept-Encoding", "zstd, gzip")
	if n != 1 || a.Header().Get("Content-Encoding") != "gzip" || b.Header().Get("Content-Encoding") != "zstd" {
		t.Fatalf("rendered %d times, %q, %q", n, a.Header().Get("Content-Encoding"), b.Header().Get("Content-Encoding"))
	}
	if e := a.Header().Get("ETag"); e == b.Header().Get("ETag") || strings.HasPrefix(e, "W/") {
		t.Errorf("ETags %s and %s", e, b.Header().Get("ETag"))
	}
	if w := do(s, "GET", "/page", "", "If-None-Match", a.Header().Get("ETag")); w.Code != 304 || w.Body.Len() > 0 {
		t.Errorf("with the ETag: %d, %d bytes", w.Code, w.Body.Len())
	}
	if w := do(s, "GET", "/page", "", "Accept-Encoding", "gzip;q=0"); w.Header().Get("Content-Encoding") != "" {
		t.Error("an encoding that was refused was sent")
	}
	if w := do(s, "GET", "/page", "", "Accept-Language", "es"); n != 2 || !strings.Contains(w.Body.String(), `lang="es"`) {
		t.Errorf("another language: rendered %d times", n)
	}
	if w := do(s, "GET", "/page", "", "Cookie", "convoke=olga"); n != 3 || w.Header().Get("Cache-Control") != "no-store" ||
		!strings.Contains(w.Body.String(), "olga") {
		t.Errorf("signed in: rendered %d times, %s", n, w.Header().Get("Cache-Control"))
	}
	if w := do(s, "GET", "/page", ""); strings.Contains(w.Body.String(), "olga") || n != 3 {
		t.Error("a visitor sees somebody's own page")
	}
	s.Cache().Touch([]string{"other", "thing~"})
	do(s, "GET", "/page", "")
	if n != 3 {
		t.Error("another tag or a soft touch within a second rendered again")
	}
	now.Add(1100 * time.Millisecond)
	do(s, "GET", "/page", "")
	if n != 4 {
		t.Error("a soft touch was forgotten after a second")
	}
	s.Cache().Touch([]string{"thing"})
	do(s, "GET", "/page", "")
	if n != 5 {
		t.Error("a touch was ignored")
	}
	s.Cache().Touch([]string{"*"})
	do(s, "GET", "/page", "")
	now.Add(time.Hour)
	do(s, "GET", "/page", "")
	if n != 7 {
		t.Errorf("rendered %d times, want 7: all touched, then too old", n)
	}
}

// What anybody writes behind an address must neither be rendered anew nor stand
// on the page that others get.
func TestParametersOfCachedPages(t *testing.T) {
	t.Parallel()
	s, _ := site(t)
	n := 0
	s.Handle("GET /page", func(c *web.Call) error {
		return c.Cached([]string{"thing"}, time.Hour, func() error {
			n++
			return page.Render(c, data{Text: "kind " + strings.Join(c.Query()["kind"], "+") + ", of " + c.R.URL.RequestURI()})
		}, "kind", "after")
	})
	for want, all := range map[string][]string{
		"<p>kind , of /page</p>": {"/page", "/page?", "/page?x=1", "/page?x=2&Kind=a&%zz"},
		"<p>kind a&#43;b, of /page?after=1&amp;kind=a&amp;kind=b</p>": {"/page?after=1&kind=a&kind=b", "/page?kind=a&x=9&kind=b&after=1", "/page?after=%31&kind=a&kind=b", "/page?after=1&kind=a&kind=b&"},
	} {
		for _, address := range all {
			if body := do(s, "GET", address, "").Body.String(); !strings.Contains(body, want) || strings.Contains(body, "x=1") || strings.Contains(body, "x=9") {
				t.Errorf("%s: not %q\n%s", address, want, body)
			}
		}
	}
	if n != 2 {
		t.Errorf("rendered %d times, want 2", n)
	}
}

// A write while a page is rendered makes that rendering stale.
func TestTouchDuringRendering(t *testing.T) {
	t.Parallel()
	s, _ := site(t)
	n := 0
	s.Handle("GET /page", func(c *web.Call) error {
		return c.Cached([]string{"thing"}, time.Hour, func() error {
			if n++; n == 1 {
				s.Cache().Touch([]string{"thing"})
			}
			return page.Render(c, data{})
		})
	})
	do(s, "GET", "/page", "")
	do(s, "GET", "/page", "")
	if n != 2 {
		t.Errorf("rendered %d times, want 2", n)
	}
}

func TestFormsKeepWhatWasTyped(t *testing.T) {
	t.Parallel()
	s, _ := site(t)
	s.Handle("POST /form", func(c *web.Call) error {
		f, err := c.Form()
		if err != nil {
			return err
		}
		if f.Accepts(fault.Invalid(fault.Field("title", "x", "Too short."))) {
			return page.RenderForm(c, f, data{Form: f, Text: f.Line("title")})
		}
		return nil
	})
	w := do(s, "POST", "/form", "title=%3Cb%3E+a%E2%80%AE%07b+%0A", "Content-Type", form)
	body := w.Body.String()
	if w.Code != 422 || !strings.Contains(body, "Too short.") || !strings.Contains(body, `value="&lt;b&gt;`) ||
		!strings.Contains(body, `aria-invalid="true"`) || !strings.Contains(body, "<title>Error:") {
		t.Errorf("%d\n%s", w.Code, body)
	}
	if !strings.Contains(body, "<p>&lt;b&gt; ab</p>") {
		t.Error("control and direction marks were kept in the clean line")
	}
}

func TestLocalAddresses(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"/events?x=1": "/events?x=1", "//evil.example": "/", "https://evil.example": "/", `/\evil.example`: "/", "": "/", "javascript:1": "/",
	} {
		if got := web.Local(in, "/"); got != want {
			t.Errorf("Local(%q) = %q", in, got)
		}
	}
}

func TestStaticFiles(t *testing.T) {
	t.Parallel()
	s, _ := site(t)
	address := regexp.MustCompile(`/static/app\.css\?v=[^"]+`).FindString(do(s, "GET", "/none", "").Body.String())
	w := do(s, "GET", address, "", "Accept-Encoding", "gzip")
	if w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	// The old file must not be kept under the address that a new one will have.
	for _, other := range []string{"", "?v=", "?v=1", "?v=AAAAAAAA"} {
		if w := do(s, "GET", "/static/app.css"+other, ""); w.Code != 200 || w.Header().Get("Cache-Control") != "public, no-cache" || w.Header().Get("Etag") == "" {
			t.Errorf("%q: %d %v", other, w.Code, w.Header())
		}
	}
	if w := do(s, "GET", "/static/../web.go", ""); w.Code == 200 {
		t.Error("a file outside was served")
	}
}

// The files of a folder load each other with the version they came with, so the
// version must change with each of them.
func TestVersionOfAFolder(t *testing.T) {
	t.Parallel()
	s, _ := site(t)
	b, err := os.ReadFile("static/map/map.js")
	if err != nil {
		t.Fatal(err)
	}
	if w := do(s, "GET", "/static/map/map.js?v=any", ""); w.Body.String() != string(b) || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%d %q", w.Code, w.Header())
	}
	url := func(view string) string {
		more := fstest.MapFS{"sub/map.js": {Data: []byte("same")}, "sub/view.js": {Data: []byte(view)}}
		page := &struct{ fs.FS }{fstest.MapFS{"p.html": {Data: []byte(`{{define "title"}}x{{end}}{{define "main"}}[{{asset "sub/map.js"}}]{{end}}`)}}} // a key of the compiled pages, which a map cannot be
		s, _ := site(t, more)
		show := web.NewPage[struct{}](page, "p.html")
		s.Handle("GET /p", func(c *web.Call) error { return show.Render(c, struct{}{}) })
		_, rest, _ := strings.Cut(do(s, "GET", "/p", "").Body.String(), "[")
		to, _, _ := strings.Cut(rest, "]")
		if w := do(s, "GET", to, ""); !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %v", to, w.Header())
		}
		return to
	}
	if a, b := url("one"), url("two"); a == b || !strings.HasPrefix(a, "/static/sub/map.js?v=") {
		t.Errorf("%q, then %q", a, b)
	}
}

// TestVendored compares what a browser gets with the sums of the files as their
// makers published them, as gzip and without.
func TestVendored(t *testing.T) {
	s, _ := site(t)
	sums, err := os.ReadFile("static/map/CHECKSUMS")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(sums)) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		n++
		for _, encoding := range []string{"", "gzip", "zstd", "zstd, gzip"} {
			w := do(s, "GET", "/static/map/"+name+"?v=1", "", "Accept-Encoding", encoding)
			body := io.Reader(w.Body)
			switch got := w.Header().Get("Content-Encoding"); got {
			case "gzip":
				if body, err = gzip.NewReader(body); err != nil {
					t.Fatal(err)
				}
			case "zstd":
				r, err := zstd.NewReader(body)
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				body = r
			}
			all, err := io.ReadAll(body)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%x", sha256.Sum256(all)); w.Code != 200 || got != sum {
				t.Errorf("%s asked for as %q: %d, sum %s, want %s", name, encoding, w.Code, got, sum)
			}
		}
	}
	if n != 4 {
		t.Errorf("CHECKSUMS names %d files, want 4", n)
	}
}
