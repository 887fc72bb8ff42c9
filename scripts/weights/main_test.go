package main

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name string, n int) {
		t.Helper()
		b := make([]byte, n)
		rand.Read(b) // does not compress
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want bool, says string) {
		t.Helper()
		all, err := measure(dir, filepath.Join(dir, "program"))
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if got := report(&out, all); got != want || !strings.Contains(out.String(), says) {
			t.Errorf("within limits: %v, want %v:\n%s", got, want, out.String())
		}
	}
	if _, err := measure(dir, ""); err == nil {
		t.Error("an empty folder has no weight to judge")
	}
	write("program", 1000)
	write("app.css", 11_000)
	write("app.js", 7_000)
	write("map/maplibre.js", 90_000)
	check(true, "ok    style")
	write("more.js", 1_100)
	check(false, "FAIL  script")
	write("more.js", 1)
	write("passkey.js", 800)
	write("recount.js", 800) // never beside passkey.js
	check(true, "ok    script")
	write("record.js", 500)
	write("take.js", 500)
	check(false, "FAIL  script")
	write("take.js", 100)
	write("app.css", 12_001)
	check(false, "FAIL  style")
}
