package backup

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// texts writes one text into each file.
func texts(s ...string) func([]io.Writer) error {
	return func(w []io.Writer) error {
		for i, text := range s {
			if _, err := io.WriteString(w[i], text); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestFilesAreWholeOrNotThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pair := []string{filepath.Join(dir, "b"), filepath.Join(dir, "k")}
	holds := func(a, b string) {
		t.Helper()
		if got := string(must(os.ReadFile(pair[0]))) + "|" + string(must(os.ReadFile(pair[1]))); got != a+"|"+b {
			t.Errorf("the files hold %q", got)
		}
		if left := files3(t, dir); len(left) != 2 {
			t.Errorf("files are left: %v", left)
		}
	}
	broken := errors.New("broken on purpose")
	half := func(w []io.Writer) error { return errors.Join(texts("half")(w), broken) }
	if err := WriteFiles(pair, half); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if left := files3(t, dir); len(left) != 0 {
		t.Errorf("files are left: %v", left)
	}
	if err := WriteFiles(pair, texts(ageMark+" one", ageMark+" 1")); err != nil {
		t.Fatal(err)
	}
	if err := WriteFiles(pair, half); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	holds(ageMark+" one", ageMark+" 1")
	if err := WriteFiles(pair, texts(ageMark+" two", "2")); err != nil {
		t.Fatal(err)
	}
	holds(ageMark+" two", "2")
	never := func([]io.Writer) error { t.Error("it was written"); return nil }
	if err := WriteFiles(pair, never); err == nil || !strings.Contains(err.Error(), pair[1]) {
		t.Errorf("a file that is no backup was replaced: %v", err)
	}
	holds(ageMark+" two", "2")
	if err := WriteFiles([]string{pair[0], filepath.Join(dir, "..", filepath.Base(dir), "b")}, never); err == nil {
		t.Error("one file holds both")
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if err := WriteFiles([]string{pair[0], filepath.Join(link, "b")}, never); err == nil {
		t.Error("one file holds both, by two names")
	}
}

// The keys get their name first: where the main file cannot get its own, the
// keys are newer than it, and never older.
func TestTheLastFileIsReplacedFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pair := []string{filepath.Join(dir, "b"), filepath.Join(dir, "k")}
	inTheWay := func(w []io.Writer) error {
		return errors.Join(texts("new", "new")(w), os.MkdirAll(filepath.Join(pair[0], "in the way"), 0o700))
	}
	if err := WriteFiles(pair, inTheWay); err == nil {
		t.Fatal("a folder was replaced")
	}
	if got, err := os.ReadFile(pair[1]); err != nil || string(got) != "new" {
		t.Errorf("the keys are %q, %v", got, err)
	}
	if left := files3(t, dir); len(left) != 1 {
		t.Errorf("files are left: %v", left)
	}
}
