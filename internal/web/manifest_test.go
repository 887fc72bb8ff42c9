package web_test

import (
	"bytes"
	"encoding/json"
	"image/png"
	"strconv"
	"strings"
	"testing"

	"convoke/internal/web"
)

// TestManifest reads what the layout links to, and each icon.
func TestManifest(t *testing.T) {
	t.Parallel()
	s, _ := site(t)
	s.SetInfo(web.Info{Name: "Nachbarn <3", Language: "ar"})
	s.Handle("GET /page", func(c *web.Call) error { return page.Render(c, data{Form: c.NewForm()}) })
	shown := do(s, "GET", "/page", "")
	if !strings.Contains(shown.Body.String(), `<link rel="manifest" href="/manifest.webmanifest">`) ||
		!strings.Contains(shown.Header().Get("Content-Security-Policy"), "manifest-src 'self'") {
		t.Errorf("the page does not lead to it: %s", shown.Header().Get("Content-Security-Policy"))
	}
	w := do(s, "GET", "/manifest.webmanifest", "")
	var m struct {
		Name, Lang, Dir, ID, Scope, Display string
		Start                               string `json:"start_url"`
		Theme                               string `json:"theme_color"`
		Background                          string `json:"background_color"`
		Icons                               []struct{ Src, Sizes, Type, Purpose string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil || w.Header().Get("Content-Type") != "application/manifest+json" {
		t.Fatalf("%v: %s %s", err, w.Header().Get("Content-Type"), w.Body)
	}
	if m.Name != "Nachbarn <3" || m.Lang != "ar" || m.Dir != "rtl" || m.ID != "/" || m.Start != "/events" || m.Scope != "/" || m.Display != "standalone" {
		t.Errorf("%+v", m)
	}
	if !strings.Contains(shown.Body.String(), `<meta name="theme-color" content="`+m.Theme+`" media="(prefers-color-scheme: light)">`) || m.Background != m.Theme {
		t.Errorf("the colours differ: %+v", m)
	}
	have := map[string]bool{}
	for _, icon := range m.Icons {
		w := do(s, "GET", icon.Src, "")
		if w.Code != 200 || w.Header().Get("Content-Type") != icon.Type {
			t.Fatalf("%s: %d %s", icon.Src, w.Code, w.Header().Get("Content-Type"))
		}
		c, err := png.DecodeConfig(bytes.NewReader(w.Body.Bytes()))
		if size := strings.Split(icon.Sizes, "x"); err != nil || strconv.Itoa(c.Width) != size[0] || strconv.Itoa(c.Height) != size[1] {
			t.Errorf("%s is %dx%d, said to be %s: %v", icon.Src, c.Width, c.Height, icon.Sizes, err)
		}
		have[icon.Sizes+" "+icon.Purpose] = true
	}
	if !have["192x192 any"] || !have["512x512 any"] || !have["512x512 maskable"] {
		t.Errorf("icons: %v", have)
	}
}

// TestWorkerOfKeptPages: it is at the root, looked up each time, and can ask this
// site alone.
func TestWorkerOfKeptPages(t *testing.T) {
	t.Parallel()
	s, _ := site(t)
	w := do(s, "GET", "/sw.js", "")
	h := w.Header()
	if w.Code != 200 || !strings.HasPrefix(h.Get("Content-Type"), "text/javascript") || h.Get("Cache-Control") != "no-cache" ||
		h.Get("Content-Security-Policy") != "default-src 'none'; connect-src 'self'" {
		t.Errorf("%d %v", w.Code, h)
	}
	if strings.Contains(w.Body.String(), "console.") || !strings.Contains(w.Body.String(), `addEventListener("push"`) {
		t.Error("it is not the worker, or it writes things down")
	}
}

// TestAllowKeep: a page may start that worker, with a map and without, and nothing
// else is loosened.
func TestAllowKeep(t *testing.T) {
	t.Parallel()
	s, _ := site(t)
	for path, allow := range map[string]func(*web.Call){
		"/plain": func(*web.Call) {}, "/keep": (*web.Call).AllowKeep, "/map": (*web.Call).AllowMap,
		"/both": func(c *web.Call) { c.AllowMap(); c.AllowKeep() },
	} {
		s.Handle("GET "+path, func(c *web.Call) error {
			return c.Cached([]string{"x"}, 0, func() error { allow(c); return page.Render(c, data{Form: c.NewForm()}) })
		})
	}
	policy := func(path string) string { return do(s, "GET", path, "").Header().Get("Content-Security-Policy") }
	worker := func(p, types string) string {
		return strings.NewReplacer("worker-src 'none'", "worker-src 'self'", "trusted-types 'none'", "trusted-types "+types, "trusted-types default", "trusted-types default "+types).Replace(p)
	}
	if p := policy("/plain"); !strings.Contains(p, "worker-src 'none'") || policy("/keep") != worker(p, "keep") || policy("/both") != worker(policy("/map"), "keep") {
		t.Errorf("%s\n%s\n%s\n%s", p, policy("/keep"), policy("/map"), policy("/both"))
	}
}
