package app_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"convoke/internal/app"
)

const someUkrainian = `msgid ""
msgstr ""
"Language: uk\n"
"Plural-Forms: nplurals=3; plural=n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2;\n"

msgid "Groups"
msgstr "Групи"
`

// TestTranslationsOfARunningNode: a file is noticed, and read at once when
// somebody asks; a broken one changes nothing.
func TestTranslationsOfARunningNode(t *testing.T) {
	t.Parallel()
	cfg := settings(t, "")
	s := start(t, cfg)
	reload := make(chan os.Signal, 1)
	s.Reload = reload
	ctx, stop := context.WithCancel(t.Context())
	g, _ := errgroup.WithContext(ctx)
	g.Go(func() error { return s.Serve(ctx, io.Discard, io.Discard) })
	defer func() {
		stop()
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	}()
	title := func() string {
		return s.visitor().Get("/groups", "Accept-Language", "uk").Text("h1")
	}
	if got := title(); got != "Groups" {
		t.Fatal(got)
	}
	folder := app.LocalesFolder(cfg)
	write := func(text string) {
		t.Helper()
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "uk.po"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	until := func(want string) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); title() != want; {
			if time.Now().After(end) {
				t.Fatalf("the title is %q, want %q", title(), want)
			}
		}
	}
	write(someUkrainian)
	until("Групи") // noticed by itself
	write(strings.Replace(someUkrainian, "Групи", "Гурти", 1))
	reload <- os.Interrupt // any signal of that channel
	until("Гурти")
	write("msgid")
	s.ReloadTranslations()
	until("Гурти")
}
