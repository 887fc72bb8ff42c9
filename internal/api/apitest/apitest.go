// Package apitest calls the API as a program does, and holds every answer
// against the description that the site serves. For tests only.
package apitest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"convoke/internal/api"
	"convoke/internal/authz"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Client is one program.
type Client struct {
	T      testing.TB
	Site   http.Handler
	Token  string // "" has none
	router routers.Router
	done   map[string]bool // operations that have answered as described, and succeeded
}

// New fetches the description from the site, proves it, and returns a client
// without a token.
func New(t testing.TB, site http.Handler) *Client {
	t.Helper()
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/api/openapi.json", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("the description: %d %s", w.Code, w.Body)
	}
	r, err := routerOf(w.Body.String())
	if err != nil {
		t.Fatal(err)
	}
	return &Client{T: t, Site: site, router: r, done: map[string]bool{}}
}

// proven are the routers of descriptions, by their text: tests open the same node many
// times, and to prove its description takes longer than to open it.
var proven sync.Map

func routerOf(description string) (routers.Router, error) {
	if r, ok := proven.Load(description); ok {
		return r.(routers.Router), nil
	}
	doc, err := openapi3.NewLoader().LoadFromData([]byte(description))
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("the description is not valid: %w", err)
	}
	r, err := gorillamux.NewRouter(doc)
	if err == nil {
		proven.Store(description, r)
	}
	return r, err
}

// Done tells whether an operation, by its id, has succeeded for this program or the
// same one with another token.
func (c *Client) Done(operation string) bool { return c.done[operation] }

// As is the same program with another token.
func (c *Client) As(token string) *Client {
	d := *c
	d.Token = token
	return &d
}

// Answer is what came back.
type Answer struct {
	T      testing.TB
	Status int
	Header http.Header
	Body   []byte
}

// Get asks for a path below /api/v1. header holds names and values in turn.
func (c *Client) Get(path string, header ...string) Answer {
	c.T.Helper()
	return c.Do(http.MethodGet, path, nil, header...)
}

// File is a body that is sent as the one file of a form.
type File struct {
	Field, Name string
	Data        []byte
}

func (f File) form(t testing.TB) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile(f.Field, f.Name)
	if err == nil {
		_, err = part.Write(f.Data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

// Do sends body as JSON, unless it is nil or a [File], and fails the test when the request
// that succeeds or any answer is not as described.
func (c *Client) Do(method, path string, body any, header ...string) Answer {
	c.T.Helper()
	var sent []byte
	kind := "application/json"
	if raw, ok := body.(string); ok {
		sent = []byte(raw)
	} else if f, ok := body.(File); ok {
		kind, sent = f.form(c.T)
	} else if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			c.T.Fatal(err)
		}
	}
	request := func() *http.Request {
		r := httptest.NewRequestWithContext(c.T.Context(), method, "http://localhost/api/v1"+path, bytes.NewReader(sent))
		if body != nil {
			r.Header.Set("Content-Type", kind)
		}
		if c.Token != "" {
			r.Header.Set("Authorization", "Bearer "+c.Token)
		}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return r
	}
	w := httptest.NewRecorder()
	c.Site.ServeHTTP(w, request())
	a := Answer{c.T, w.Code, w.Header(), w.Body.Bytes()}
	c.check(request(), a)
	return a
}

// check holds one exchange against the description.
func (c *Client) check(r *http.Request, a Answer) {
	c.T.Helper()
	in := c.checkAnswer(r, a)
	if in == nil || a.Status >= 300 {
		return
	}
	if err := openapi3filter.ValidateRequest(c.T.Context(), in); err != nil {
		c.T.Errorf("%s %s was accepted, and is not as described: %v", r.Method, r.URL, err)
	}
}

// checkAnswer holds an answer against the description, and returns the request that it
// answers as the description has it, or nil.
func (c *Client) checkAnswer(r *http.Request, a Answer) *openapi3filter.RequestValidationInput {
	c.T.Helper()
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		if a.Status < 400 {
			c.T.Errorf("%s %s is not described: %v", r.Method, r.URL, err)
		}
		return nil
	}
	in := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: a.Status, Header: a.Header, Options: in.Options,
		Body: io.NopCloser(bytes.NewReader(a.Body)),
	}
	if err := openapi3filter.ValidateResponse(c.T.Context(), out); err != nil {
		c.T.Errorf("%s %s: the answer is not as described: %v\n%s", r.Method, r.URL, err, a.Body)
	} else if a.Status < 300 {
		c.done[route.Operation.OperationID] = true
	}
	return in
}

// Checked is a site whose answers of the API, to whoever asks, are held against its
// description.
func Checked(t testing.TB, site http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/v1/") {
			site.ServeHTTP(w, r)
			return
		}
		got := httptest.NewRecorder()
		site.ServeHTTP(got, r)
		New(t, site).checkAnswer(r, Answer{t, got.Code, got.Header(), got.Body.Bytes()})
		maps.Copy(w.Header(), got.Header())
		w.WriteHeader(got.Code)
		_, _ = w.Write(got.Body.Bytes()) // a recorder takes all
	})
}

// Want checks the status and, with out not nil, reads the answer into it.
func (a Answer) Want(status int, out any) Answer {
	a.T.Helper()
	if a.Status != status {
		a.T.Fatalf("status %d, want %d: %s", a.Status, status, a.Body)
	}
	if out != nil {
		if err := json.Unmarshal(a.Body, out); err != nil {
			a.T.Fatalf("%v: %s", err, a.Body)
		}
	}
	return a
}

// Refused checks that the answer is a problem with a status and a code, and, for
// each pointer and code in turn, that it says so of a member.
func (a Answer) Refused(status int, code string, fields ...string) {
	a.T.Helper()
	var p api.Problem
	if err := json.Unmarshal(a.Body, &p); err != nil || a.Status != status || p.Status != status || p.Code != code ||
		a.Header.Get("Content-Type") != "application/problem+json" || p.RequestID == "" {
		a.T.Errorf("status %d %s, want %d %s\n%s", a.Status, a.Header.Get("Content-Type"), status, code, a.Body)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		found := false
		for _, f := range p.Errors {
			found = found || f.Pointer == fields[i] && f.Code == fields[i+1] && f.Detail != ""
		}
		if !found {
			a.T.Errorf("nothing says %s of %s: %s", fields[i+1], fields[i], a.Body)
		}
	}
}

// Node is an API on a site, with tokens that are made up: "olga" is a token of
// olga with every scope, "olga read events:write" one with these two.
func Node(t testing.TB, site *web.Site) *api.API {
	t.Helper()
	return api.New(api.Options{Site: site, Tokens: names{}, Keys: hash{}, Limit: free{}, Client: func(*http.Request) string { return "" }})
}

type names struct{}

func (names) Grant(_ context.Context, secret string) (api.Grant, bool, error) {
	parts := strings.Fields(secret)
	if len(parts) == 0 || parts[0] == "nobody" {
		return api.Grant{}, false, nil
	}
	g := api.Grant{ID: "token of " + parts[0], Actor: authz.Actor{Person: id.Person(parts[0]), Handle: parts[0], Operator: true}}
	for _, s := range parts[1:] {
		g.Scopes = append(g.Scopes, api.Scope(s))
	}
	if len(parts) == 1 {
		g.Scopes = api.Scopes()
	}
	return g, true, nil
}

type hash struct{}

func (hash) Tag(_ context.Context, purpose, value string) ([]byte, error) {
	sum := sha256.Sum256([]byte(purpose + "\x00" + value))
	return sum[:16], nil
}

type free struct{}

func (free) Allow(string, string) (bool, time.Duration) { return true, 0 }
