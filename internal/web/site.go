package web

import (
	"context"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// Session is a signed-in browser.
type Session struct {
	ID     string // public name, for the list of one's sessions
	Actor  authz.Actor
	Locale string
	// Proved is when its owner last proved who they are; see [Call.Proved].
	Proved time.Time
	// Passkeys says that they have some, with which they can prove it.
	Passkeys bool
}

// Sessions finds the session of a cookie. ok is false for an unknown, expired
// or revoked one.
type Sessions interface {
	Session(ctx context.Context, secret string) (s Session, ok bool, err error)
}

// Info is what every page shows of the node. It changes rarely.
type Info struct {
	Name     string
	Language string // default locale
	Sample   bool   // shows imported sample data, and must say so
}

// Options of a [Site].
type Options struct {
	BaseURL *url.URL // nil: derived from the request
	Listen  string
	Hosts   []string // further names under which this node answers
	Onion   string   // "abc...xyz.onion" or ""
	Dev     bool
	Clock   clock.Clock
	IDs     *id.Source
	Log     *slog.Logger
	Locales *i18n.Bundle
	// MaxUpload bounds an uploaded file in bytes; 0 is 10 MiB.
	MaxUpload int64
	// CacheBytes bounds the rendered pages kept; 0 is 32 MiB.
	CacheBytes int
	// Observe is told of every finished request: its route pattern, never its
	// path.
	Observe func(pattern string, status int, took time.Duration)
}

// Site is the node's web edge.
type Site struct {
	opt      Options
	mux      *http.ServeMux
	static   *static
	cache    *Cache
	sessions Sessions
	info     atomic.Pointer[Info]
	hosts    map[string]bool
	tmplMu   sync.Mutex
	tmpl     map[tmplKey]*compiled
	cross    *http.CrossOriginProtection
	nav      []NavItem
	patterns []string
}

// NavItem is one link of the header.
type NavItem struct{ Href, Text string } // Text is English, marked for translation

// New returns a site without routes.
func New(o Options, sessions Sessions, files ...fs.FS) (*Site, error) {
	if o.CacheBytes == 0 {
		o.CacheBytes = 32 << 20
	}
	if o.MaxUpload == 0 {
		o.MaxUpload = 10 << 20
	}
	s := &Site{
		opt: o, mux: http.NewServeMux(), sessions: sessions,
		cache: NewCache(o.CacheBytes, o.Clock), tmpl: map[tmplKey]*compiled{},
		cross: http.NewCrossOriginProtection(), hosts: map[string]bool{},
	}
	s.info.Store(&Info{Name: "Convoke", Language: "en"})
	st, err := loadStatic(files...)
	if err != nil {
		return nil, err
	}
	s.static = st
	s.allowHosts()
	s.mux.Handle("GET /static/", http.HandlerFunc(s.static.serve))
	s.mux.Handle("GET /sw.js", http.HandlerFunc(s.static.serveWorker))
	s.Handle("GET /manifest.webmanifest", s.manifest)
	return s, nil
}

// SetInfo replaces what every page shows and drops all rendered pages.
func (s *Site) SetInfo(i Info) {
	s.info.Store(&i)
	s.cache.Touch([]string{"*"})
}

// Reloaded drops everything that was made with other translations than those
// there are now.
func (s *Site) Reloaded() {
	s.tmplMu.Lock()
	s.tmpl = map[tmplKey]*compiled{}
	s.tmplMu.Unlock()
	s.cache.Touch([]string{"*"})
}

// Info returns what every page shows.
func (s *Site) Info() Info { return *s.info.Load() }

// Cache is the cache of rendered pages; the database's touched tags go there.
func (s *Site) Cache() *Cache { return s.cache }

// Nav adds a link to the header, in the order of the calls.
func (s *Site) Nav(href, text string) { s.nav = append(s.nav, NavItem{href, text}) }

// Handle adds a route, in the notation of [http.ServeMux].
func (s *Site) Handle(pattern string, h func(*Call) error) {
	s.patterns = append(s.patterns, pattern)
	s.mux.Handle(pattern, route{s, pattern, h})
}

// Patterns lists the routes that [Site.Handle] was given, in that order.
func (s *Site) Patterns() []string { return slices.Clone(s.patterns) }

// Raw adds a handler that writes its own responses: tiles, pictures, metrics.
func (s *Site) Raw(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

func (s *Site) allowHosts() {
	add := func(h string) {
		if h != "" {
			s.hosts[strings.ToLower(h)] = true
		}
	}
	add("localhost")
	add(s.opt.Onion)
	for _, h := range s.opt.Hosts {
		add(h)
	}
	if s.opt.BaseURL != nil {
		add(s.opt.BaseURL.Hostname())
	}
	if h, _, err := net.SplitHostPort(s.opt.Listen); err == nil {
		add(h)
	}
}

// knownHost refuses names that are not ours, so that a foreign name pointed
// here (DNS rebinding, a poisoned cache) shows nothing. Addresses are no names.
func (s *Site) knownHost(hostport string) bool {
	h := hostport
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		h = host
	}
	h = strings.ToLower(strings.Trim(h, "[]"))
	return s.hosts[h] || net.ParseIP(h) != nil
}

// BaseURL is where this node is reached, without a trailing slash: as
// configured, else as the request says.
func (s *Site) BaseURL(r *http.Request) string {
	if s.opt.Onion != "" && strings.HasPrefix(r.Host, s.opt.Onion) {
		return "http://" + r.Host
	}
	if s.opt.BaseURL != nil {
		return strings.TrimSuffix(s.opt.BaseURL.String(), "/")
	}
	return "http://" + r.Host
}

// secure reports whether cookies and transport of this request are HTTPS.
func (s *Site) secure(r *http.Request) bool {
	return s.opt.BaseURL != nil && s.opt.BaseURL.Scheme == "https" && !strings.HasSuffix(r.Host, ".onion") &&
		strings.EqualFold(hostOnly(r.Host), s.opt.BaseURL.Hostname())
}

func hostOnly(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		return h
	}
	return hostport
}
