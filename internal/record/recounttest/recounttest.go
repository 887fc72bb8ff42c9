// Package recounttest counts a record again in tests, by both verifiers: package verify
// and contrib/verify/verify.py, which share nothing but docs/record.md.
package recounttest

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/record"
	"convoke/internal/record/tally"
	"convoke/internal/record/verify"
)

// Result is what a closed poll came to.
type Result struct {
	Box    string
	Result *tally.Result
}

// Record exports a record and counts it again.
func Record(t testing.TB, r *record.Record) []Result {
	t.Helper()
	dir, ctx := t.TempDir(), context.WithoutCancel(t.Context())
	err := r.Anchor(ctx)
	if err == nil {
		err = r.Export(ctx, nil, func(path string, b []byte) error {
			file := filepath.Join(dir, filepath.FromSlash(path))
			return errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, b, 0o600))
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return Target(t, dir)
}

// Target counts what a folder, a file or a node at an address has. Both verifiers have to find it
// right, and each poll decided alike.
func Target(t testing.TB, target string) []Result {
	t.Helper()
	src, only, closer, err := verify.Open(target)
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close() //nolint:errcheck // only read
	r, err := verify.Verify(context.WithoutCancel(t.Context()), src, verify.Options{Box: only})
	if err != nil || !r.Right() {
		t.Fatalf("counted again: %+v, %v", r, err)
	}
	first := []Result{}
	for _, b := range r.Boxes {
		first = append(first, Result{b.ID, b.Result})
	}
	if d := cmp.Diff(first, second(t, target)); d != "" {
		t.Errorf("first (-) and second (+) verifier differ:\n%s", d)
	}
	return first
}

// second runs verify.py.
func second(t testing.TB, target string) (out []Result) {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("python3 is missing: scripts/setup-debian installs it")
		}
		t.Skip("python3 is missing")
	}
	b, err := exec.CommandContext(context.WithoutCancel(t.Context()), "python3", "-I", program(t), "--json", target).CombinedOutput()
	var report struct{ Boxes []Result }
	if err == nil {
		err = json.Unmarshal(b, &report)
	}
	if err != nil {
		t.Fatalf("the second verifier: %v\n%s", err, b)
	}
	return report.Boxes
}

// program is verify.py, from the folder of any test.
func program(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		file := filepath.Join(dir, "contrib", "verify", "verify.py")
		if _, err := os.Stat(file); err == nil {
			return file
		}
		if up := filepath.Dir(dir); up != dir {
			dir = up
			continue
		}
		t.Fatal("contrib/verify/verify.py is missing")
	}
}
