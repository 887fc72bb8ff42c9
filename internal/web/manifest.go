package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// keepWorker is the file behind /sw.js, the worker of kept pages and pushed
// messages (decision 0058). At the root it may be registered for any part of the
// site; it is registered for /events alone.
const keepWorker = "keep/sw.js"

// workerPolicy lets the worker ask this site, and do nothing else.
const workerPolicy = "default-src 'none'; connect-src 'self'"

// AllowKeep lets the page start the worker that keeps it on the reader's device.
// Call it after [Call.AllowMap].
func (c *Call) AllowKeep() {
	p := c.Header().Get("Content-Security-Policy")
	if p == "" {
		p = policy
	}
	c.Header().Set("Content-Security-Policy", strings.NewReplacer(
		"worker-src 'none'", "worker-src 'self'",
		"trusted-types 'none'", "trusted-types keep",
		"trusted-types default", "trusted-types default keep",
	).Replace(p))
}

func (s *static) serveWorker(w http.ResponseWriter, r *http.Request) {
	w.Header().Del("Permissions-Policy")
	w.Header().Set("Content-Security-Policy", workerPolicy)
	s.files[keepWorker].serve(w, r, http.StatusOK, "no-cache")
}

// webManifest is what a browser needs to put the site among the programs of a
// device (https://www.w3.org/TR/appmanifest/).
type webManifest struct {
	Name       string         `json:"name"`
	Lang       string         `json:"lang"`
	Dir        string         `json:"dir"`
	ID         string         `json:"id"`
	Start      string         `json:"start_url"`
	Scope      string         `json:"scope"`
	Display    string         `json:"display"`
	Theme      string         `json:"theme_color"`
	Background string         `json:"background_color"`
	Icons      []manifestIcon `json:"icons"`
}

type manifestIcon struct {
	Src     string `json:"src"`
	Sizes   string `json:"sizes"`
	Type    string `json:"type"`
	Purpose string `json:"purpose"`
}

// paper is the light background of pages in app.css; the layout has the dark one.
const paper = "#f6f1e6"

// manifest begins at the events, where the worker of kept pages answers without a
// connection.
func (s *Site) manifest(c *Call) error {
	info := s.Info()
	l := s.opt.Locales.Match(info.Language)
	m := webManifest{
		Name: info.Name, Lang: l.Tag(), Dir: l.Dir(), ID: "/", Start: "/events", Scope: "/", Display: "standalone",
		Theme: paper, Background: paper,
	}
	for _, icon := range icons() {
		src, err := s.static.url(icon.file)
		if err != nil {
			return err
		}
		m.Icons = append(m.Icons, manifestIcon{src, fmt.Sprintf("%dx%[1]d", icon.size), "image/png", icon.purpose})
	}
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode manifest: %w", err)
	}
	c.Header().Set("Cache-Control", "public, max-age=3600")
	return c.Write(http.StatusOK, "application/manifest+json", b)
}

// icon is a picture of the site's mark; a maskable one is cut to the shape that a
// device likes, down to a circle of four fifths.
type icon struct {
	file    string
	size    int // pixels
	purpose string
}

func icons() []icon {
	return []icon{{"icon-192.png", 192, "any"}, {"icon-512.png", 512, "any"}, {"icon-mask.png", 512, "maskable"}}
}
