package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"convoke/internal/web"
)

// adapter makes huma's operations routes of the site.
type adapter struct{ api *API }

// Handle implements huma.Adapter.
func (a adapter) Handle(h *huma.Operation, handler func(huma.Context)) {
	op, ok := h.Metadata["op"].(Op)
	if !ok {
		panic("api: an operation was added without Add or Do")
	}
	a.api.Site.Handle(h.Method+" "+h.Path, func(c *web.Call) error {
		if err := a.api.enter(c, op); err != nil {
			return err
		}
		if f := asked(c, op.Formats); f != nil {
			return serveFormat(c, f)
		}
		serve := func() error { return serve(c, h, handler, op.Cache != nil && c.Actor().Visitor()) }
		if op.Cache == nil {
			return serve()
		}
		tags, ttl := op.Cache(c)
		// An operation refuses parameters that it does not have, and that is not kept.
		return c.Cached(tags, ttl, serve, slices.Collect(maps.Keys(c.Query()))...)
	})
}

// ServeHTTP implements huma.Adapter; requests come through the site.
func (a adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.api.Site.ServeHTTP(w, r) }

// serve runs one operation and sends what it answers. Nothing is sent before it
// has succeeded, so an error is answered as everywhere. kept says that the cache
// of public pages adds the validator.
func serve(c *web.Call, h *huma.Operation, handler func(huma.Context), kept bool) error {
	x := &call{op: h, call: c, status: h.DefaultStatus}
	handler(x)
	if x.err != nil || x.sent {
		return x.err
	}
	if x.status == http.StatusNoContent {
		c.Header().Set("Cache-Control", "no-store")
		c.W.WriteHeader(x.status)
		return nil
	}
	body := bytes.TrimRight(x.body.Bytes(), "\n")
	if h.Method == http.MethodGet && c.Header().Get("Cache-Control") == "" && !kept && unchanged(c, body) {
		return nil
	}
	return c.Write(x.status, "application/json", body)
}

// unchanged sets the validator of an answer that the cache of public pages does
// not see, and answers with 304 when the client has it. It is weak because the
// same answer may be sent compressed.
func unchanged(c *web.Call, body []byte) bool {
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	c.Header().Set("ETag", "W/"+tag)
	c.Header().Set("Cache-Control", "private, no-cache")
	for part := range strings.SplitSeq(c.R.Header.Get("If-None-Match"), ",") {
		if p := strings.TrimPrefix(strings.TrimSpace(part), "W/"); p == tag || p == "*" {
			c.W.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}

// asked finds the format that the client asks for by its name; wildcards and
// everything else are JSON as described first.
func asked(c *web.Call, all []Format) *Format {
	if len(all) == 0 {
		return nil
	}
	for part := range strings.SplitSeq(c.R.Header.Get("Accept"), ",") {
		name, _, err := mime.ParseMediaType(part)
		for i := range all {
			if err == nil && name == all[i].Type {
				return &all[i]
			}
		}
	}
	return nil
}

func serveFormat(c *web.Call, f *Format) error {
	v, err := f.make(c)
	if err != nil {
		return err
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", f.Type, err)
	}
	if unchanged(c, b) {
		return nil
	}
	return c.Write(http.StatusOK, f.Type, b)
}

// call is one request as huma sees it. It implements huma.Context.
type call struct {
	op     *huma.Operation
	call   *web.Call
	status int
	body   bytes.Buffer
	err    error // what the operation failed with
	sent   bool  // it has answered by itself
}

type callKey struct{}

// callOf is the call that an operation's context belongs to.
func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

func (x *call) Operation() *huma.Operation { return x.op }
func (x *call) Context() context.Context   { return context.WithValue(x.call.Context(), callKey{}, x) }
func (x *call) TLS() *tls.ConnectionState  { return x.call.R.TLS }
func (x *call) Method() string             { return x.call.R.Method }
func (x *call) Host() string               { return x.call.R.Host }
func (x *call) RemoteAddr() string         { return "" } // nobody needs it
func (x *call) URL() url.URL               { return *x.call.R.URL }
func (x *call) Param(name string) string   { return x.call.Param(name) }
func (x *call) Query(name string) string   { return x.call.Query().Get(name) }
func (x *call) Header(name string) string  { return x.call.R.Header.Get(name) }
func (x *call) BodyReader() io.Reader      { return x.call.R.Body }
func (x *call) BodyWriter() io.Writer      { return &x.body }
func (x *call) Status() int                { return x.status }
func (x *call) SetStatus(code int)         { x.status = code }

func (x *call) Version() huma.ProtoVersion {
	r := x.call.R
	return huma.ProtoVersion{Proto: r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor}
}

func (x *call) EachHeader(f func(name, value string)) {
	for name, all := range x.call.R.Header {
		for _, v := range all {
			f(name, v)
		}
	}
}

// GetMultipartForm implements huma.Context; no operation takes a form.
func (x *call) GetMultipartForm() (*multipart.Form, error) {
	return nil, errors.New("no operation takes a form")
}

// SetReadDeadline implements huma.Context; the server has its own.
func (x *call) SetReadDeadline(time.Time) error { return nil }

// SetHeader and AppendHeader are not used: operations set headers on the call,
// and the type of what is sent is always the same.
func (x *call) SetHeader(string, string) {}

// AppendHeader implements huma.Context.
func (x *call) AppendHeader(string, string) {}
