package i18n_test

import (
	"archive/zip"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"convoke/internal/i18n/extract"
	"convoke/internal/i18n/po"
)

// TestCatalogues fails when a text of the program has no translation, or a
// catalogue has one too many. To mend it:
//
//	go run ./internal/i18n/potool update
//
// and translate what is then empty. Once more packs what was translated.
func TestCatalogues(t *testing.T) {
	t.Parallel()
	c, err := extract.Find(os.DirFS("../.."), "internal", "cmd")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Messages) == 0 {
		t.Fatal("found no texts at all")
	}
	for _, p := range c.Problems {
		t.Error(p)
	}
	pot, err := os.ReadFile("locales/convoke.pot")
	if err != nil {
		t.Fatal(err)
	}
	if string(pot) != string(extract.Template(c).Bytes()) {
		t.Error("convoke.pot is not what the program says: running nodes would not know its texts")
	}
	packed(t)
	files, err := filepath.Glob("locales/*.po")
	if err != nil || len(files) == 0 {
		t.Fatalf("no catalogues: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := po.Parse(data)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, p := range extract.Check(c, f) {
			t.Errorf("%s: %s", filepath.Base(file), p)
		}
	}
}

// packed fails when the program carries other catalogues than those in the folder.
func packed(t *testing.T) {
	t.Helper()
	z, err := zip.OpenReader("catalogues.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files, err := filepath.Glob("locales/*")
	if err != nil || len(files) != len(z.File) {
		t.Errorf("%d files are packed of %d: %v", len(z.File), len(files), err)
	}
	for _, file := range files {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := fs.ReadFile(z, file); err != nil || string(got) != string(want) {
			t.Errorf("%s is not packed as it is (potool update): %v", file, err)
		}
	}
}
