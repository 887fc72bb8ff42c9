package api

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"convoke/internal/web"
)

// route makes an operation a route of the site. Nothing is sent before h has succeeded,
// so an error is answered as everywhere.
func (a *API) route(op Op, path string, h func(c *web.Call) (any, error)) {
	a.Site.Handle(op.Method+" "+path, func(c *web.Call) error {
		if err := a.enter(c, op); err != nil {
			return err
		}
		if f := asked(c, op.Formats); f != nil {
			return serveFormat(c, f)
		}
		serve := func() error {
			out, err := h(c)
			if err != nil {
				return err
			}
			return answer(c, op, out)
		}
		if op.Cache == nil {
			return serve()
		}
		tags, ttl := op.Cache(c)
		// An operation refuses parameters that it does not have, and that is not kept.
		return c.Cached(tags, ttl, serve, slices.Collect(maps.Keys(c.Query()))...)
	})
}

// answer sends what an operation has made.
func answer(c *web.Call, op Op, out any) error {
	if _, ok := out.(sent); ok {
		return nil
	}
	if op.Status == http.StatusNoContent {
		c.Header().Set("Cache-Control", "no-store")
		c.W.WriteHeader(op.Status)
		return nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(out); err != nil {
		return fmt.Errorf("encode the answer of %s: %w", op.ID, err)
	}
	body := bytes.TrimRight(b.Bytes(), "\n")
	// The cache of public pages adds the validator of what it keeps.
	kept := op.Cache != nil && c.Actor().Visitor()
	if op.Method == http.MethodGet && c.Header().Get("Cache-Control") == "" && !kept && unchanged(c, body) {
		return nil
	}
	return c.Write(cmp.Or(op.Status, http.StatusOK), mediaType, body)
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
