package i18n_test

import (
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
// and translate what is then empty.
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
