package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"convoke/internal/i18n/extract"
)

func TestUpdateAndCheck(t *testing.T) {
	t.Parallel()
	c, err := extract.Find(fstest.MapFS{"cmd/a.go": {Data: []byte(`package a; var _ = l.T("New")`)}}, "cmd")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	es, pot := filepath.Join(dir, "es.po"), filepath.Join(dir, "convoke.pot")
	const head = "msgid \"\"\nmsgstr \"\"\n\"Language: es\\n\"\n\"Plural-Forms: nplurals=2; plural=n != 1;\\n\"\n"
	if err := os.WriteFile(es, []byte(head), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := update(c, []string{es}, pot, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "es.po: 1 texts, 1 to translate") {
		t.Errorf("said %q", &out)
	}
	got, err := os.ReadFile(es)
	if err != nil {
		t.Fatal(err)
	}
	if want := head + "\nmsgid \"New\"\nmsgstr \"\"\n"; string(got) != want {
		t.Errorf("wrote %s", got)
	}
	if f, err := read(pot); err != nil || len(f.Entries) != 1 || !slices.Equal(f.Entries[0].Refs, []string{"cmd/a.go"}) {
		t.Errorf("the template: %+v, %v", f, err)
	}
	out.Reset()
	if err := check(c, []string{es}, &out); err == nil || !strings.Contains(out.String(), "is not translated") {
		t.Errorf("check: %v, %q", err, &out)
	}
	done := strings.Replace(string(got), "msgid \"New\"\nmsgstr \"\"", "msgid \"New\"\nmsgstr \"Nuevo\"", 1)
	if err := os.WriteFile(es, []byte(done), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := check(c, []string{es}, &out); err != nil {
		t.Error(err)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"help"}, {"update", "x"}} {
		if err := run(args, &bytes.Buffer{}); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
}
