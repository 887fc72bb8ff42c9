package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"convoke/internal/fault"
	"convoke/internal/web"
)

// Version of the API's description. It grows with every change.
const Version = "1.5.0"

// maxBody bounds what is sent, as it does for forms.
const maxBody = 256 << 10

// Options of an [API].
type Options struct {
	Site   *web.Site
	Tokens Tokens
	Keys   Keys
	// Limit slows a flood from one token, or from one corner of the network.
	Limit Limiter
	// Client names the corner of the network a request comes from, coarsely, or
	// "" when it cannot be told.
	Client func(r *http.Request) string
}

// Limiter says how often somebody may ask; see package ratelimit.
type Limiter interface {
	Allow(bucket, subject string) (ok bool, retryAfter time.Duration)
}

// API is all operations. Add them before the first request.
type API struct {
	Options
	doc  *huma.OpenAPI
	spec func() ([]byte, error)
}

// New mounts the description and the page about the API.
func New(o Options) *API {
	a := &API{Options: o, doc: &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Convoke", Version: Version, Description: about,
			License: &huma.License{Name: "AGPL-3.0-or-later", Identifier: "AGPL-3.0-or-later"},
		},
		Servers: []*huma.Server{{URL: "/"}},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
			SecuritySchemes: map[string]*huma.SecurityScheme{tokenScheme: {
				Type: "http", Scheme: "bearer", Description: "A token made on /me/tokens.",
			}},
		},
	}}
	a.spec = sync.OnceValues(a.describe)
	o.Site.Handle("GET /api/openapi.json", a.openAPI)
	o.Site.Handle("GET /api", a.page)
	return a
}

const (
	tokenScheme = "token"
	mediaType   = "application/json"

	about = "Everything the pages do that a program may do. Lists are read page by page: pass the member `next` " +
		"of one page as the parameter `after` of the next one, until there is none. " +
		"Answers to GET carry an ETag; send it back as If-None-Match and get 304 while nothing has changed. " +
		"Errors are application/problem+json (RFC 9457) with a stable `code` and, for each member or parameter that " +
		"is wrong, its JSON pointer. Their words are in the language of Accept-Language."
)

// schemaName names a type in the description: apiEvent is Event. Two types of one
// name stop the program when it starts.
func schemaName(t reflect.Type, hint string) string {
	return strings.ReplaceAll(huma.DefaultSchemaNamer(t, hint), "Api", "")
}

// Op is one operation.
type Op struct {
	Method, Path string // as in [http.ServeMux], below /api/v1
	ID           string // "listEvents"
	Tag          string // what it is about: "events"
	Summary, Doc string
	// Scope is what a token must allow.
	Scope Scope
	// Open operations need no token, and see what a visitor sees.
	Open bool
	// Status of success; 0 is 200, or 204 when nothing is answered.
	Status int
	// Keyed operations take an Idempotency-Key; see [API.Key].
	Keyed bool
	// Cache says what the answer to a visitor shows; see [web.Call.Cached]. nil
	// keeps nothing.
	Cache func(c *web.Call) (tags []string, ttl time.Duration)
	// Formats are other media types that a GET can answer with.
	Formats []Format
}

// Format is the answer of an operation in another media type.
type Format struct {
	Type string // "application/hal+json"
	body reflect.Type
	make func(c *web.Call) (any, error)
}

// As makes a format of T.
func As[T any](mediaType string, h func(c *web.Call) (T, error)) Format {
	return Format{mediaType, reflect.TypeFor[T](), func(c *web.Call) (any, error) { return h(c) }}
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"Pass it as the parameter after; absent on the last page."`
}

// PageOf is a page that is never null. next is "" on the last one.
func PageOf[T any](items []T, next string) Page[T] {
	if items == nil {
		items = []T{}
	}
	return Page[T]{items, next}
}

// Add adds an operation that answers with a T. The tags path and query of I's
// members name parameters, and Body is what is sent.
func Add[I, T any](a *API, op Op, h func(c *web.Call, in *I) (T, error)) {
	a.add(op, a.answering(op, reflect.TypeFor[T]()), reflect.TypeFor[I](), func(c *web.Call, in any) (any, error) { return h(c, in.(*I)) })
}

// Do adds an operation that answers with nothing but its success.
func Do[I any](a *API, op Op, h func(c *web.Call, in *I) error) {
	op.Status = cmp.Or(op.Status, http.StatusNoContent)
	o := a.operation(op)
	o.Responses[strconv.Itoa(op.Status)] = &huma.Response{Description: http.StatusText(op.Status)}
	a.add(op, o, reflect.TypeFor[I](), func(c *web.Call, in any) (any, error) { return nil, h(c, in.(*I)) })
}

// File adds an operation that answers with a file: h sends it, or returns an error
// before anything is sent.
func File[I any](a *API, op Op, mediaType string, h func(c *web.Call, in *I) error) {
	o := a.operation(op)
	o.Responses["200"] = &huma.Response{
		Description: "The file.",
		Content:     map[string]*huma.MediaType{mediaType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
	}
	a.add(op, o, reflect.TypeFor[I](), func(c *web.Call, in any) (any, error) { return sent{}, h(c, in.(*I)) })
}

// sent is the answer of a handler that has sent its own.
type sent struct{}

// add describes an operation and makes it a route of the site.
func (a *API) add(op Op, o huma.Operation, t reflect.Type, h func(c *web.Call, in any) (any, error)) {
	in := newInput(a.doc.Components.Schemas, t, &o)
	a.doc.AddOperation(&o)
	a.route(op, o.Path, func(c *web.Call) (any, error) {
		v := reflect.New(t)
		if err := in.read(c, v.Elem()); err != nil {
			return nil, err
		}
		return h(c, v.Interface())
	})
}

// Upload adds an operation, a PUT, that takes a picture: the file "picture" of a
// multipart form, which is read when h runs. may is asked before the work of
// reading it.
func Upload[I, T any](a *API, op Op, may func(c *web.Call) error, h func(c *web.Call, in *I) (T, error)) {
	Add(a, op, func(c *web.Call, in *I) (T, error) {
		err := may(c)
		if err == nil {
			_, err = c.Form()
		}
		if err != nil {
			var none T
			return none, err
		}
		return h(c, in)
	})
	a.doc.Paths["/api/v1"+op.Path].Put.RequestBody = &huma.RequestBody{
		Required: true,
		Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"picture"}, Properties: map[string]*huma.Schema{
				"picture": {Type: huma.TypeString, Format: "binary", Description: "JPEG, PNG, GIF or WebP. It is made anew, without what a camera wrote into it."},
			},
		}}},
	}
}

// ErrNoPicture is what [Upload] gets without a file.
func ErrNoPicture() error {
	return fault.Invalid(fault.Field("picture", "picture.missing", "Send a picture as the file “picture”."))
}

// operation describes op for huma.
func (a *API) operation(op Op) huma.Operation {
	problem := a.doc.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	h := huma.Operation{
		OperationID: op.ID, Method: op.Method, Path: "/api/v1" + op.Path, Summary: op.Summary, Description: op.Doc, Tags: []string{op.Tag},
		Responses: map[string]*huma.Response{"default": {
			Description: "What is wrong.",
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: problem}},
		}},
		Security: []map[string][]string{{tokenScheme: {string(op.Scope)}}},
	}
	if op.Open {
		h.Security = append([]map[string][]string{{}}, h.Security...)
	}
	if op.Method == http.MethodGet {
		h.Responses["304"] = &huma.Response{Description: "Nothing has changed since the ETag that was sent."}
		h.Parameters = append(h.Parameters, &huma.Param{
			Name: "If-None-Match", In: "header", Description: "The ETag of an answer that is at hand.", Schema: &huma.Schema{Type: "string"},
		})
	}
	if len(op.Formats) > 0 {
		content := map[string]*huma.MediaType{"application/json": {}}
		for _, f := range op.Formats {
			content[f.Type] = &huma.MediaType{Schema: a.doc.Components.Schemas.Schema(f.body, true, "")}
		}
		h.Responses["200"] = &huma.Response{Content: content}
	}
	if op.Keyed {
		h.Parameters = append(h.Parameters, &huma.Param{
			Name: keyHeader, In: "header", Required: true, Schema: &huma.Schema{Type: "string"},
			Description: fmt.Sprintf("Chosen by the client, and the same for every repetition of one request: %d to %d characters, "+
				"and without a token at least %d that nobody can guess.", minKey, maxKey, minOpenKey),
		})
	}
	return h
}

// answering is an operation whose success carries a t.
func (a *API) answering(op Op, t reflect.Type) huma.Operation {
	h := a.operation(op)
	status := cmp.Or(op.Status, http.StatusOK)
	code := strconv.Itoa(status)
	if h.Responses[code] == nil {
		h.Responses[code] = &huma.Response{Content: map[string]*huma.MediaType{mediaType: {}}}
	}
	h.Responses[code].Description = http.StatusText(status)
	h.Responses[code].Content[mediaType].Schema = a.doc.Components.Schemas.Schema(t, true, op.ID+"Response")
	return h
}

// describe encodes the description.
func (a *API) describe() ([]byte, error) {
	b, err := json.MarshalIndent(a.doc, "", " ")
	if err != nil {
		return nil, fmt.Errorf("describe the API: %w", err)
	}
	return append(b, '\n'), nil
}

// OpenAPI is the description, once all operations are added.
func (a *API) OpenAPI() ([]byte, error) { return a.spec() }

func (a *API) openAPI(c *web.Call) error {
	return c.Cached([]string{"site"}, 24*time.Hour, func() error {
		b, err := a.spec()
		if err != nil {
			return err
		}
		return c.Write(http.StatusOK, "application/vnd.oai.openapi+json;version=3.1", b)
	})
}
