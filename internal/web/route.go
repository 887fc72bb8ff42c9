package web

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"convoke/internal/fault"
)

// maxForm bounds an ordinary request body.
const maxForm = 256 << 10

type route struct {
	site    *Site
	pattern string
	handle  func(*Call) error
}

// ServeHTTP implements the part of a request that knows its route.
func (rt route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &Call{W: w, R: r, site: rt.site, pattern: rt.pattern}
	defer c.removeUploads()
	err := c.begin()
	if err == nil {
		err = rt.run(c)
	}
	if err != nil {
		c.fail(err)
	}
}

// removeUploads deletes what a form's files left on the disk. The server does it
// only for the request that it made itself, and ours is a copy with a context.
func (c *Call) removeUploads() {
	if f := c.R.MultipartForm; f != nil {
		if err := f.RemoveAll(); err != nil {
			c.site.opt.Log.Warn("remove uploaded files", "route", c.pattern, "error", err)
		}
	}
}

func (rt route) run(c *Call) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p) // the server closes the connection, see [Call.Cut]
		default:
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return rt.handle(c)
}

// ServeHTTP checks what is the same for every route, then finds the route.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.opt.Observe != nil {
		start := time.Now()
		sw := &statusWriter{ResponseWriter: w, status: 200}
		w = sw
		defer func() { s.opt.Observe(r.Pattern, sw.status, time.Since(start)) }()
	}
	s.headers(w, r)
	c := &Call{W: w, R: r, site: s}
	if err := s.guard(w, r); err != nil {
		w.Header().Set("Connection", "close")
		_ = c.begin()
		c.fail(err)
		return
	}
	if _, pattern := s.mux.Handler(r); pattern == "" {
		_ = c.begin()
		c.fail(s.noRoute(r))
		return
	}
	s.mux.ServeHTTP(w, r)
}

// headers are sent with every response (threats.md, "Identity and web").
func (s *Site) headers(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	// One allocation for all, because this is done for every request.
	v := [...]string{policy, "same-origin", "nosniff", "geolocation=(), camera=(), microphone=(), interest-cohort=()"}
	h["Content-Security-Policy"] = v[0:1:1]
	// Not "no-referrer": over plain HTTP it makes browsers send "Origin: null",
	// which the cross-origin check must refuse.
	h["Referrer-Policy"] = v[1:2:2]
	h["X-Content-Type-Options"] = v[2:3:3]
	h["Cross-Origin-Resource-Policy"] = v[1:2:2]
	h["Permissions-Policy"] = v[3:4:4]
	if s.secure(r) {
		// Over plain HTTP browsers leave it out, and complain.
		h["Cross-Origin-Opener-Policy"] = v[1:2:2]
		h.Set("Strict-Transport-Security", "max-age=31536000")
		if s.opt.Onion != "" {
			h.Set("Onion-Location", "http://"+s.opt.Onion+r.URL.RequestURI())
		}
	}
}

// policy is the content policy of every answer, and mapPolicy that of a page with
// a map: the buttons in the map library's style sheet are data, and its worker is
// started through the "default" Trusted Types policy that map/view.js declares.
// recountPolicy is that of the page that counts a record again, and of its worker:
// neither can send anything, which the page promises.
const (
	policy        = basePolicy + "; connect-src 'self'; img-src 'self'; worker-src 'none'; trusted-types 'none'"
	mapPolicy     = basePolicy + "; connect-src 'self'; img-src 'self' data:; worker-src 'self'; trusted-types default"
	recountPolicy = basePolicy + "; connect-src 'none'; img-src 'self'; worker-src 'self'; trusted-types recount"

	basePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; manifest-src 'self'; form-action 'self'; " +
		"base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)

// AllowMap lets the page do what the map that can be moved needs.
func (c *Call) AllowMap() { c.Header().Set("Content-Security-Policy", mapPolicy) }

// AllowRecount lets the page count a record again in a worker, and send nothing.
func (c *Call) AllowRecount() { c.Header().Set("Content-Security-Policy", recountPolicy) }

// AllowFrame lets other sites show the page in a frame; it must have no form
// and nothing of who reads it.
func (c *Call) AllowFrame() {
	c.Header().Set("Content-Security-Policy", strings.Replace(policy, "frame-ancestors 'none'", "frame-ancestors *", 1))
	c.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// guard refuses requests that no form or link of ours makes.
func (s *Site) guard(w http.ResponseWriter, r *http.Request) error {
	if !s.knownHost(r.Host) {
		return fault.New(fault.KindMisdirected, "web.host", "This server does not answer to that name.")
	}
	if !cleanPath(r.URL.Path) || !cleanQuery(r.URL.RawQuery) {
		return fault.Malformed("web.path", "This address cannot be read.")
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	if r.ContentLength < 0 {
		return fault.New(fault.KindLengthRequired, "web.length", "The server needs to know the length of what is sent.")
	}
	if err := s.cross.Check(r); err != nil {
		return fault.Because(fault.Forbidden("web.cross_origin",
			"This form was sent from another site, so nothing was done. Please open the page here and try again."), err)
	}
	return nil
}

// cleanPath refuses control characters and broken UTF-8, which ServeMux passes.
func cleanPath(p string) bool {
	for _, r := range p {
		if r < 0x20 || r == 0x7f || r == '\uFFFD' {
			return false
		}
	}
	return true
}

// cleanQuery refuses what one database engine would store and the other not:
// NUL and broken UTF-8. No form of ours sends them.
func cleanQuery(raw string) bool {
	if !strings.Contains(raw, "%") {
		return utf8.ValidString(raw)
	}
	v, _ := url.ParseQuery(raw) // pairs that cannot be read are left out everywhere
	for k, vs := range v {
		for _, s := range append(vs, k) {
			if !utf8.ValidString(s) || strings.Contains(s, "\x00") {
				return false
			}
		}
	}
	return true
}

func (s *Site) noRoute(r *http.Request) error {
	for _, m := range []string{http.MethodGet, http.MethodPost} {
		if m == r.Method {
			continue
		}
		other := r.Clone(r.Context())
		other.Method = m
		if _, p := s.mux.Handler(other); p != "" {
			return fault.New(fault.KindNotAllowed, "web.method", "This page cannot be used in that way.")
		}
	}
	return ErrNotFound()
}

// ErrNotFound is what anybody gets for a thing that is absent, or that they may
// not know exists: always the same.
func ErrNotFound() error {
	return fault.NotFound("web.not_found", "There is nothing here, or it is not public.")
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(code int) {
	w.status = code
	w.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// wantsJSON reports whether a program asks, so that errors are problem+json.
func wantsJSON(r *http.Request) bool {
	p := r.URL.Path
	if strings.HasSuffix(p, ".json") || strings.HasSuffix(p, ".geojson") || strings.HasPrefix(p, "/api/") {
		return true
	}
	a := r.Header.Get("Accept")
	return strings.Contains(a, "json") && !strings.Contains(a, "text/html")
}
