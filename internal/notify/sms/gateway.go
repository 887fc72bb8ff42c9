package sms

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"convoke/internal/notify/failure"
)

// Settings describe a gateway. In URL and Body stand {to} for the number with its +,
// {digits} for it without, and {text}; what replaces them is escaped for where it
// stands. All of them may hold secrets.
type Settings struct {
	URL     string   // http:// or https://
	Method  string   // "" is POST
	Headers []string // each "Name: value"
	Body    string   // JSON when it begins with { or [ or the Content-Type says so, else a form
	Taken   []int    // statuses that say it took the message; none means 200 to 299
}

// Bounds of one request.
const (
	timeout   = 20 * time.Second
	maxAnswer = 64 << 10
)

// Gateway sends. It is safe for concurrent use.
type Gateway struct {
	s         Settings
	header    http.Header
	json      bool
	address   string // host:port
	encrypted bool
	http      *http.Client
}

// New checks the settings. Its errors say what to change and quote nothing.
func New(s Settings) (*Gateway, error) {
	g := &Gateway{s: s, header: http.Header{"User-Agent": {"Convoke"}}}
	switch s.Method {
	case "":
		g.s.Method = http.MethodPost
	case http.MethodGet, http.MethodPost, http.MethodPut:
	default:
		return nil, errors.New("the method must be POST, GET or PUT")
	}
	for _, h := range s.Headers {
		name, value, ok := strings.Cut(h, ":")
		if name = strings.TrimSpace(name); !ok || name == "" || strings.ContainsAny(name, " \t\"(),/;<=>?@[]{}\\") {
			return nil, errors.New(`each header must be like "Name: value"`)
		}
		g.header.Add(name, strings.TrimSpace(value))
	}
	if err := g.content(); err != nil {
		return nil, err
	}
	authority, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(s.URL, "https://"), "http://"), "/")
	u, err := url.Parse(replacer("+1", "x", queryEscape).Replace(s.URL))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.Contains(authority, "{") {
		return nil, errors.New("the address must begin with https:// or http:// and have {to} and {text} only behind the host")
	}
	g.encrypted = u.Scheme == "https"
	port := "80"
	if g.encrypted {
		port = "443"
	}
	g.address = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
	if all := s.URL + s.Body; !strings.Contains(all, "{text}") || !strings.Contains(all, "{to}") && !strings.Contains(all, "{digits}") {
		return nil, errors.New("address and body must have {text}, and {to} or {digits}")
	}
	for _, status := range s.Taken {
		if status < 200 || status > 599 {
			return nil, errors.New("the statuses must be numbers from 200 to 599")
		}
	}
	g.http = &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSHandshakeTimeout: timeout, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4, MaxConnsPerHost: 16,
			IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
		},
	}
	return g, nil
}

// content finds out what the body is.
func (g *Gateway) content() error {
	const form, object = "application/x-www-form-urlencoded", "application/json"
	body := strings.TrimSpace(g.s.Body)
	kind := g.header.Get("Content-Type")
	if kind == "" && body != "" {
		if kind = form; body[0] == '{' || body[0] == '[' {
			kind = object
		}
		g.header.Set("Content-Type", kind)
	}
	kind, _, _ = mime.ParseMediaType(kind)
	g.json = kind == object || strings.HasSuffix(kind, "+json")
	if body != "" && !g.json && kind != form {
		return errors.New("the Content-Type must be " + object + " or " + form)
	}
	_, err := url.ParseQuery(g.fill(body, "+1", "x"))
	if body != "" && g.json && !json.Valid([]byte(g.fill(body, "+1", "x"))) || !g.json && err != nil {
		return errors.New("the body must be JSON or a form")
	}
	return nil
}

// Address is where the gateway listens, as host:port, and whether it is spoken to over
// TLS.
func (g *Gateway) Address() (hostPort string, encrypted bool) { return g.address, g.encrypted }

// Send gives the gateway one message; now is for one that asks to wait until a time.
// The error is one of package failure, or nil when the gateway has taken it. What the
// operator can mend (a key that is wrong, no credit left) is failure.Later, so that
// messages wait for it.
func (g *Gateway) Send(ctx context.Context, to Number, text string, now time.Time) error {
	req, err := g.request(ctx, to, text)
	if err != nil {
		return failure.New(failure.Permanent, "the request cannot be made")
	}
	res, err := g.http.Do(req)
	if err != nil {
		return failure.Unreached(req.URL.Hostname(), err)
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, maxAnswer) // so that the connection can be kept
	if slices.Contains(g.s.Taken, res.StatusCode) || len(g.s.Taken) == 0 && res.StatusCode/100 == 2 {
		return nil
	}
	e := &failure.Error{Kind: failure.Permanent, Host: req.URL.Hostname(), Status: res.StatusCode}
	var answer *failure.Error
	if errors.As(failure.Answer(e.Host, res.StatusCode, res.Header, now), &answer) {
		e = answer
	}
	switch res.StatusCode {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		e.Kind = failure.Later
	}
	return e
}

func (g *Gateway) request(ctx context.Context, to Number, text string) (*http.Request, error) {
	address := replacer(to, text, queryEscape).Replace(g.s.URL)
	req, err := http.NewRequestWithContext(ctx, g.s.Method, address, strings.NewReader(g.fill(g.s.Body, to, text)))
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	req.Header = g.header.Clone()
	return req, nil
}

// fill makes the body.
func (g *Gateway) fill(body string, to Number, text string) string {
	if g.json {
		return replacer(to, text, jsonEscape).Replace(body)
	}
	return replacer(to, text, url.QueryEscape).Replace(body)
}

// replacer goes over a template once, so that a text with {to} in it stays as it is.
func replacer(to Number, text string, escape func(string) string) *strings.Replacer {
	return strings.NewReplacer("{to}", escape(string(to)), "{digits}", to.digits(), "{text}", escape(text))
}

// queryEscape is right in a path too, where + is no space.
func queryEscape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// jsonEscape escapes for between quotes.
func jsonEscape(s string) string {
	b, _ := json.Marshal(s) // text always has a form
	return string(b[1 : len(b)-1])
}
