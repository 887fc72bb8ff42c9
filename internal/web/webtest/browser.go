package webtest

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Host is the name under which a [Browser] reaches the site.
const Host = "localhost"

// Browser is one visitor with a jar of cookies. It follows no redirect. An
// answer with status 500 or more fails the test.
type Browser struct {
	T       testing.TB
	Site    http.Handler
	Cookies map[string]*http.Cookie // by name
}

// NewBrowser returns a browser that has never been here.
func NewBrowser(t testing.TB, site http.Handler) *Browser {
	return &Browser{T: t, Site: site, Cookies: map[string]*http.Cookie{}}
}

// WithSession puts a session's secret into the jar, under the name that a site
// without HTTPS uses, and returns b.
func (b *Browser) WithSession(secret string) *Browser {
	b.Cookies["convoke"] = &http.Cookie{Name: "convoke", Value: secret}
	return b
}

// Get asks for a path with its query. header holds names and values in turn.
func (b *Browser) Get(path string, header ...string) Answer {
	b.T.Helper()
	return b.Do(http.MethodGet, path, nil, header...)
}

// Post sends a form of names and values in turn.
func (b *Browser) Post(path string, pairs ...string) Answer {
	b.T.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return b.Do(http.MethodPost, path, strings.NewReader(v.Encode()), "Content-Type", "application/x-www-form-urlencoded")
}

// PostFile sends a form of names and values in turn, and one file.
func (b *Browser) PostFile(path, field, name string, data []byte, pairs ...string) Answer {
	b.T.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := w.WriteField(pairs[i], pairs[i+1]); err != nil {
			b.T.Fatal(err)
		}
	}
	f, err := w.CreateFormFile(field, name)
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		b.T.Fatal(err)
	}
	return b.Do(http.MethodPost, path, &body, "Content-Type", w.FormDataContentType())
}

// Do sends any request. The length of a body is declared when body is a
// [bytes.Buffer], [bytes.Reader] or [strings.Reader].
func (b *Browser) Do(method, path string, body io.Reader, header ...string) Answer {
	b.T.Helper()
	r := httptest.NewRequestWithContext(b.T.Context(), method, "http://"+Host+path, body)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	for _, k := range b.Cookies {
		r.AddCookie(k)
	}
	w := httptest.NewRecorder()
	b.Site.ServeHTTP(w, r)
	for _, k := range w.Result().Cookies() {
		b.Cookies[k.Name] = k
		if k.MaxAge < 0 {
			delete(b.Cookies, k.Name)
		}
	}
	a := Answer{Status: w.Code, Body: w.Body.String(), Header: w.Header(), Location: w.Header().Get("Location")}
	page := ""
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		page = a.Body
	}
	var err error
	if a.Doc, err = html.Parse(strings.NewReader(page)); err != nil {
		b.T.Fatal(err)
	}
	if w.Code >= 500 {
		b.T.Errorf("%s %s: status %d", method, path, w.Code)
	}
	return a
}
