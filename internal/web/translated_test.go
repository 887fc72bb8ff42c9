package web_test

import (
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
	"convoke/internal/i18n"
	"convoke/internal/i18n/po"
	"convoke/internal/id"
	"convoke/internal/web"
)

const half = `msgid ""
msgstr ""
"Language: uk\n"
"Plural-Forms: nplurals=1; plural=0;\n"

msgid "Events"
msgstr "Події"

msgid "Breadcrumbs"
msgstr "Шлях"
`

// halfSite is a site in Ukrainian, most of which is missing.
func halfSite(t *testing.T) (*web.Site, *i18n.Bundle, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "uk.po")
	if err := os.WriteFile(file, []byte(half), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := i18n.Open(filepath.Dir(file), false)
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewManual(dbtest.Now)
	s, err := web.New(web.Options{Clock: c, IDs: id.NewSource(c, nil), Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Locales: b}, noSessions{})
	if err != nil {
		t.Fatal(err)
	}
	pages := t.TempDir() // a file system that can be a key, as embedded ones are
	text := `{{define "title"}}{{t "Groups"}}{{end}}{{define "main"}}` +
		`<h1 title="{{t "Groups"}}">{{t "Events"}}</h1><p>{{t "Groups"}} and {{n "{n} event" "{n} events" 3}}</p>` +
		`<select><option value="a>b">{{t "Groups"}}</option></select><textarea>{{t "Groups"}}</textarea>{{end}}`
	if err := os.WriteFile(filepath.Join(pages, "p.html"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	page := web.NewPage[struct{}](os.DirFS(pages), "p.html")
	s.Handle("GET /page", func(c *web.Call) error {
		return c.Cached([]string{"x"}, 1<<40, func() error { return page.Render(c, struct{}{}) })
	})
	s.Handle("GET /lost", func(*web.Call) error { return web.ErrNotFound() })
	return s, b, file
}

type noSessions struct{ web.Sessions }

func ask(t *testing.T, s *web.Site, path string) string {
	t.Helper()
	r := httptest.NewRequest("GET", "http://localhost"+path, nil)
	r.Header.Set("Accept-Language", "uk")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Body.String()
}

func TestEnglishIsTaggedAsEnglish(t *testing.T) {
	t.Parallel()
	s, _, _ := halfSite(t)
	page := ask(t, s, "/page")
	for _, want := range []string{
		`<html lang="uk" dir="ltr">`, `<h1 title="Groups">Події</h1>`,
		`<p><span lang="en" dir="ltr">Groups</span> and <span lang="en" dir="ltr">3 events</span></p>`,
		`<option value="a>b">Groups</option>`, `<textarea>Groups</textarea>`, `<title>Groups · Convoke</title>`,
		`href="/translate/uk?page=%2Fpage"`, `0 % translated`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("lacks %s", want)
		}
	}
	if strings.ContainsAny(page, "\ue0f0\ue0f1⟦") {
		t.Error("marks are left in the page")
	}
	if marked := ask(t, s, "/page?mark=1"); !strings.Contains(marked, "⟦Groups⟧") || !strings.Contains(marked, ">Події<") {
		t.Errorf("marked: %s", marked)
	}
}

func TestTextsOfAPage(t *testing.T) {
	t.Parallel()
	s, b, _ := halfSite(t)
	uk, _ := b.Locale("uk")
	keys, status, err := s.Texts(t.Context(), "/page", uk)
	if err != nil || status != 200 {
		t.Fatal(status, err)
	}
	if d := cmp.Diff([]po.Key{{ID: "Groups"}, {ID: "Skip to content"}}, keys[:2]); d != "" {
		t.Error(d)
	}
	for path, want := range map[string]int{"/lost": 404, "/nowhere": 404, "/static/app.css": 404} {
		if _, status, err := s.Texts(t.Context(), path, uk); err != nil || status != want {
			t.Errorf("%s: %d %v", path, status, err)
		}
	}
}

func TestReloadedTranslationsShow(t *testing.T) {
	t.Parallel()
	s, b, file := halfSite(t)
	if page := ask(t, s, "/page"); !strings.Contains(page, ">Події<") {
		t.Fatal(page)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(half, "Події", "Заходи", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.Reload(); err != nil {
		t.Fatal(err)
	}
	s.Reloaded()
	if page := ask(t, s, "/page"); !strings.Contains(page, ">Заходи<") {
		t.Error("a cached page shows the old translation")
	}
}
