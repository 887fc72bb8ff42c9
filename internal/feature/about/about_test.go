package about

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"about": aboutPage.Check, "connection": connectionPage.Check, "sources": sourcesPage.Check,
	})
}

func site(t *testing.T, w *Web) *web.Site {
	t.Helper()
	s := webtest.New(t, clock.NewManual(dbtest.Now), nil)
	w.Mount(s)
	return s
}

func TestWhatIsKept(t *testing.T) {
	t.Parallel()
	with := webtest.NewBrowser(t, site(t, &Web{Mail: true})).Get("/about").Want(t, 200, "").Text("main")
	without := webtest.NewBrowser(t, site(t, &Web{})).Get("/about").Want(t, 200, "").Text("main")
	if with == "" || with == without {
		t.Errorf("the page does not tell whether mail is kept: %s", with)
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	all, calls := []Source{
		{Name: "Town calendar", Credit: "Town of <b>Springfield</b>", URL: "https://example.org/list", Sample: true, Imported: dbtest.Now},
		{Name: "Careless list", URL: "javascript:alert(1)", Imported: dbtest.Now},
	}, 0
	s := site(t, &Web{Credits: []string{"Mapmakers & Co"}, Sources: func(context.Context) ([]Source, error) {
		calls++
		return all, nil
	}})
	b := webtest.NewBrowser(t, s)
	for _, path := range []string{"/about/sources", "/about/sample"} {
		a := b.Get(path).Want(t, 200, "")
		for _, want := range []string{"Town calendar", "Town of <b>Springfield</b>", "Mapmakers & Co", "Careless list"} {
			if !strings.Contains(a.Text("main"), want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
		if len(a.All("main a[href=https://example.org/list]")) != 1 || strings.Contains(a.Body, `href="javascript:`) {
			t.Errorf("%s: the links are wrong:\n%s", path, a.Body)
		}
	}
	b.Get("/about/sources")
	if calls != 2 {
		t.Errorf("the list was read %d times for two pages", calls)
	}
	all = all[:1]
	s.Cache().Touch([]string{"sources"})
	if strings.Contains(b.Get("/about/sources").Text("main"), "Careless") {
		t.Error("a source that is gone stays on the page")
	}
}

func TestSourcesCannotBeRead(t *testing.T) {
	t.Parallel()
	s := site(t, &Web{Sources: func(context.Context) ([]Source, error) { return nil, errors.New("private cause") }})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost/about/sources", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), "private cause") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

func TestConnection(t *testing.T) {
	t.Parallel()
	b := webtest.NewBrowser(t, site(t, &Web{Onion: "abcdef.onion"}))
	a := b.Get("/about/connection", "Accept-Language", "de-<i>CH</i>").Want(t, 200, "")
	if !strings.Contains(a.Text("main"), "de-<i>CH</i>") || !strings.Contains(a.Text("main"), "abcdef.onion") {
		t.Errorf("the page does not tell: %s", a.Text("main"))
	}
	if cc := a.Header.Get("Cache-Control"); cc != "no-store" {
		t.Errorf("what one reader sent may be kept: %q", cc)
	}
}
