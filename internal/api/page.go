package api

import (
	"embed"
	"time"

	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

type pageData struct {
	Base   string // of the examples
	Scopes []scopeView
}

type scopeView struct{ Code, Name string }

var indexPage = web.NewPage[pageData](pages, "pages/index.html")

// page is for people: what the API is, with examples to copy.
func (a *API) page(c *web.Call) error {
	return c.Cached([]string{"site"}, 24*time.Hour, func() error {
		d := pageData{Base: c.BaseURL()}
		for _, s := range Scopes() {
			d.Scopes = append(d.Scopes, scopeView{string(s), c.Locale.T(s.Name())})
		}
		return indexPage.Render(c, d)
	})
}
