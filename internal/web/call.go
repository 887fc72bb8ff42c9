package web

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/fault"
	"convoke/internal/i18n"
)

// Call is one request and its response.
type Call struct {
	W       http.ResponseWriter
	R       *http.Request
	Locale  *i18n.Locale
	Session Session
	site    *Site
	pattern string
	capture *capture // while a page for the cache is rendered
	renew   string   // the session's secret, until its cookie is renewed
	id      string   // see [Call.RequestID]
}

type capture struct {
	status int
	ctype  string
	header http.Header
	body   bytes.Buffer
	until  time.Time // see [Call.ShownUntil]
}

// begin finds who asks and in which language.
func (c *Call) begin() error {
	prefs := make([]string, 0, 4)
	var err error
	if len(c.R.Header["Cookie"]) > 0 {
		err = c.session()
		if k, e := c.R.Cookie(langCookie); e == nil {
			prefs = append(prefs, k.Value)
		}
	}
	if c.site.opt.Dev {
		prefs = append([]string{c.R.URL.Query().Get("pseudo")}, prefs...)
	}
	prefs = append(prefs, c.Session.Locale, c.R.Header.Get("Accept-Language"), c.site.Info().Language)
	c.Locale = c.site.opt.Locales.Match(prefs...)
	if strings.Contains(c.R.URL.RawQuery, "mark=1") && c.Query().Get("mark") == "1" {
		c.Locale = c.Locale.Marked()
	}
	if l, ok := c.Context().Value(asLocale{}).(*i18n.Locale); ok {
		c.Locale = l
	}
	return err
}

func (c *Call) session() error {
	k, err := c.R.Cookie(c.cookieName())
	if err != nil || k.Value == "" {
		return nil
	}
	s, ok, err := c.site.sessions.Session(c.Context(), k.Value)
	if err != nil {
		return err
	}
	if ok {
		c.Session = s
		c.renew = k.Value
	}
	return nil
}

// RequestID names the request in logs and on error pages. It is made when it is
// first asked for: most requests need none.
func (c *Call) RequestID() string {
	if c.id == "" {
		c.id = c.site.opt.IDs.Secret()[:12]
	}
	return c.id
}

// Context carries cancellation.
func (c *Call) Context() context.Context { return c.R.Context() }

// Actor is who asks.
func (c *Call) Actor() authz.Actor { return c.Session.Actor }

// Param is a wildcard of the route.
func (c *Call) Param(name string) string { return c.R.PathValue(name) }

// Query is the address's query.
func (c *Call) Query() url.Values { return c.R.URL.Query() }

// BaseURL is where this node is reached, without a trailing slash.
func (c *Call) BaseURL() string { return c.site.BaseURL(c.R) }

// Now is the current time.
func (c *Call) Now() time.Time { return c.site.opt.Clock.Now() }

// NewKey is a fresh 128-bit secret for a form: it makes a retry harmless.
func (c *Call) NewKey() string { return c.site.opt.IDs.Secret() }

// SeeOther answers a form with the page to show next.
func (c *Call) SeeOther(to string) error {
	c.W.Header().Set("Cache-Control", "no-store")
	http.Redirect(c.W, c.R, to, http.StatusSeeOther)
	return nil
}

// Local cleans a return address: only a path of this site is followed.
func Local(to, otherwise string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") ||
		strings.ContainsAny(to, "\\\r\n\t") {
		return otherwise
	}
	return to
}

const (
	langCookie = "lang"
	plainName  = "convoke"
)

func (c *Call) cookieName() string {
	if c.site.secure(c.R) {
		return "__Host-" + plainName
	}
	return plainName
}

// SignIn gives this browser the session's secret; an empty one signs it out.
func (c *Call) SignIn(secret string) {
	k := &http.Cookie{
		Name: c.cookieName(), Value: secret, Path: "/", HttpOnly: true,
		Secure: c.site.secure(c.R), SameSite: http.SameSiteLaxMode, MaxAge: 30 * 24 * 3600,
	}
	if secret == "" {
		k.MaxAge = -1
	}
	http.SetCookie(c.W, k)
}

// SetLanguage remembers the reader's choice in their browser.
func (c *Call) SetLanguage(tag string) {
	http.SetCookie(c.W, &http.Cookie{
		Name: langCookie, Value: tag, Path: "/", HttpOnly: true,
		Secure: c.site.secure(c.R), SameSite: http.SameSiteLaxMode, MaxAge: 365 * 24 * 3600,
	})
}

// RequireActor returns a fault that leads a visitor to the sign-in page.
func (c *Call) RequireActor() error {
	if c.Actor().Visitor() {
		return fault.Unauthenticated("authz.sign_in", "Please sign in first.")
	}
	return nil
}

// Write sends a complete response. Every page and feed ends here.
func (c *Call) Write(status int, contentType string, body []byte) error {
	if c.capture != nil {
		c.capture.status, c.capture.ctype = status, contentType
		c.capture.body.Write(body)
		return nil
	}
	h := c.W.Header()
	h.Set("Content-Type", contentType)
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	if c.renew != "" && h.Get("Cache-Control") == "no-store" && len(h["Set-Cookie"]) == 0 {
		// The cookie lives as long as the session: 30 days from its last use.
		// It goes nowhere where a shared cache could keep it.
		c.SignIn(c.renew)
	}
	if len(body) >= 1024 && compressible(contentType) {
		v := &blob{body: body}
		enc := v.encoding(c.R.Header.Get("Accept-Encoding"), false)
		if enc != "" {
			h.Set("Content-Encoding", enc)
		}
		h.Set("Vary", "Accept-Encoding, Accept-Language, Cookie")
		body = v.in(enc, false)
	}
	h.Set("Content-Length", itoa(len(body)))
	c.W.WriteHeader(status)
	if c.R.Method == http.MethodHead {
		return nil
	}
	_, _ = c.W.Write(body) // the reader left: nothing to do
	return nil
}

// Header is the response's header, also while a page for the cache is made.
func (c *Call) Header() http.Header {
	if c.capture != nil {
		return c.capture.header
	}
	return c.W.Header()
}

func compressible(ctype string) bool {
	return strings.HasPrefix(ctype, "text/") || strings.Contains(ctype, "json") || strings.Contains(ctype, "xml") ||
		strings.Contains(ctype, "javascript")
}
