// Package about is the pages that say in plain words what this node keeps, what
// it saw of the reader's visit, and where its data come from. It owns no table.
package about

import (
	"context"
	"embed"
	"time"

	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Source is a list of events that was imported.
type Source struct {
	Name, Credit, URL string
	Sample            bool
	Imported          time.Time
}

// Web is the pages.
type Web struct {
	// Sources lists what was imported.
	Sources func(ctx context.Context) ([]Source, error)
	// Credits are the owners of bundled data, to be named.
	Credits []string
	// Mail says whether this node can send e-mail.
	Mail bool
	// Onion is this node's onion address, or "".
	Onion string
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /about", w.about)
	site.Handle("GET /about/connection", w.connection)
	site.Handle("GET /about/sample", w.sources)
	site.Handle("GET /about/sources", w.sources)
}

type aboutData struct{ Mail bool }

var aboutPage = web.NewPage[aboutData](pages, "pages/about.html")

func (w *Web) about(c *web.Call) error {
	return c.Cached([]string{"site"}, time.Hour, func() error { return aboutPage.Render(c, aboutData{w.Mail}) })
}

type connectionData struct {
	Encrypted, Tor bool
	Onion          string
	Language       string
	SignedIn       bool
}

var connectionPage = web.NewPage[connectionData](pages, "pages/connection.html")

// connection tells the reader what this one request gave away. Nothing of it is
// kept.
func (w *Web) connection(c *web.Call) error {
	host := c.R.Host
	d := connectionData{
		Encrypted: len(c.BaseURL()) > 8 && c.BaseURL()[:8] == "https://",
		Tor:       len(host) > 6 && host[len(host)-6:] == ".onion", Onion: w.Onion,
		Language: c.R.Header.Get("Accept-Language"), SignedIn: !c.Actor().Visitor(),
	}
	return connectionPage.Render(c, d)
}

type sourcesData struct {
	Sources []Source
	Credits []string
}

var sourcesPage = web.NewPage[sourcesData](pages, "pages/sources.html")

func (w *Web) sources(c *web.Call) error {
	return c.Cached([]string{"site", "sources"}, time.Hour, func() error {
		s, err := w.Sources(c.Context())
		if err != nil {
			return err
		}
		return sourcesPage.Render(c, sourcesData{s, w.Credits})
	})
}
