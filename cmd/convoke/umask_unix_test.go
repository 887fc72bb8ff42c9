//go:build unix

package main

import (
	"io/fs"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestFilesBelongToTheOwnerAlone begins where a new file is for everybody.
func TestFilesBelongToTheOwnerAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "node")
	c := exec.CommandContext(t.Context(), "sh", "-c",
		`umask 0; convoke migrate --data "$1" && convoke backup --data "$1" "$1/out" && convoke export --data "$1" -o "$1/events.csv"`, "sh", dir)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	seen := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		seen[e.Name()] = true
		if p := info.Mode().Perm(); p&0o077 != 0 {
			t.Errorf("%s has mode %04o", path, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"convoke.db", "keys.db", "boot.key", "backup.key", "backup.last", "out", "out.keys", "events.csv"} {
		if !seen[name] {
			t.Errorf("%s was not looked at", name)
		}
	}
}
