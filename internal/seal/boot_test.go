package seal_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"convoke/internal/seal"
)

func TestBootKeyIsMadeOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "boot.key")
	if _, err := seal.LoadBootKey(path, false); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("absent: %v", err)
	}
	got := make([]seal.BootKey, 12)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			k, err := seal.LoadBootKey(path, true)
			if err != nil {
				t.Error(err)
			}
			got[i] = k
		})
	}
	wg.Wait()
	for _, k := range got {
		if k != got[0] || k == (seal.BootKey{}) {
			t.Fatal("racers got different keys")
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 || info.Size() != 65 {
		t.Errorf("mode %o, %d bytes", info.Mode().Perm(), info.Size())
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("files left behind: %v", left)
	}
}

func TestBootKeyIsRefused(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("0a", 32)
	for name, c := range map[string]struct {
		text string
		mode fs.FileMode
		want string
	}{
		"readable by others": {good + "\n", 0o644, "chmod 600"},
		"empty":              {"", 0o600, "64 hexadecimal"},
		"short":              {good[2:] + "\n", 0o600, "64 hexadecimal"},
		"not hex":            {"xy" + good[2:] + "\n", 0o600, "64 hexadecimal"},
		"zeros":              {strings.Repeat("0", 64), 0o600, "zeros"},
		"huge":               {strings.Repeat("0", 2000), 0o600, "too long"},
	} {
		path := filepath.Join(t.TempDir(), "boot.key")
		if err := os.WriteFile(path, []byte(c.text), c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := seal.LoadBootKey(path, true)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), good[2:]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBootKeyDoesNotPrint(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(verb, seal.BootKey{0xab}); strings.Contains(got, "ab00") || strings.Contains(got, "171") {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}
