package webtest

import (
	"context"
	"io/fs"
	"log/slog"
	"path"
	"strings"
	"sync"
	"testing"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

var load = sync.OnceValues(func() (*i18n.Bundle, error) { return i18n.Load(true) })

// Locales are all languages, and those that are made up to find mistakes. They
// are loaded once.
func Locales(t testing.TB) *i18n.Bundle {
	t.Helper()
	b, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Log writes to the test's output.
func Log(t testing.TB) *slog.Logger { return slog.New(slog.NewTextHandler(t.Output(), nil)) }

// New returns a site without routes, in all [Locales]. A nil sessions signs
// nobody in.
func New(t testing.TB, c clock.Clock, sessions web.Sessions) *web.Site {
	t.Helper()
	if sessions == nil {
		sessions = nobody{}
	}
	s, err := web.New(web.Options{Clock: c, IDs: id.NewSource(c, nil), Log: Log(t), Locales: Locales(t)}, sessions)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

type nobody struct{}

func (nobody) Session(context.Context, string) (web.Session, bool, error) {
	return web.Session{}, false, nil
}

// Check is the method of a [web.Page] that executes its template.
type Check func(*web.Site, *i18n.Locale) error

// Pages executes every page against its type in all [Locales]. The checks are
// named after their files in the folder "pages" of files, without ".html"; a
// page that is missing among them fails the test.
func Pages(t *testing.T, files fs.FS, checks map[string]Check) {
	t.Helper()
	for _, problem := range missing(t, files, checks) {
		t.Error(problem)
	}
	site := New(t, clock.NewManual(dbtest.Now), nil)
	for _, l := range Locales(t).Locales() {
		for name, check := range checks {
			if err := check(site, l); err != nil {
				t.Errorf("%s in %s: %v", name, l.Tag(), err)
			}
		}
	}
}

// missing names the pages without a check. A file without "main" is a part of
// others.
func missing(t testing.TB, files fs.FS, checks map[string]Check) []string {
	t.Helper()
	all, err := fs.Glob(files, "pages/*.html")
	if err != nil || len(all) == 0 {
		t.Fatalf("no pages found: %v", err)
	}
	var out []string
	for _, file := range all {
		text, err := fs.ReadFile(files, file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(path.Base(file), ".html")
		if checks[name] == nil && strings.Contains(string(text), `{{define "main"}}`) {
			out = append(out, file+" is not checked")
		}
	}
	return out
}
