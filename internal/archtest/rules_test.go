package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// root is the module's folder.
var root = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	return strings.TrimSpace(string(out)), err
})

// packages are all of the module.
var packages = sync.OnceValues(func() ([]pkg, error) {
	dir, err := root()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Name,Dir,Doc,GoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var all []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

// files are those under version control, or about to be, as paths from the root.
var files = sync.OnceValues(func() ([]string, error) {
	dir, err := root()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = dir
	if out, err := cmd.Output(); err == nil {
		return strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 }), nil
	}
	// A source archive has no history; every file of it counts.
	var all []string
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		all = append(all, filepath.ToSlash(rel))
		return err
	})
	return all, err
})

// each reads every file of the repository that is picked.
func each(t *testing.T, pick func(path string) bool, f func(path, text string)) {
	t.Helper()
	dir, err := root()
	if err != nil {
		t.Fatal(err)
	}
	all, err := files()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, path := range all {
		if !pick(path) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
		if errors.Is(err, os.ErrNotExist) {
			continue // removed and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
		f(path, string(text))
	}
	if n == 0 {
		t.Log("no file yet that this rule is about")
	}
}

func eachSource(t *testing.T, rule func(source) []string) {
	t.Helper()
	goFile := func(path string) bool {
		return strings.HasSuffix(path, ".go") && !strings.Contains(path, "testdata/")
	}
	each(t, goFile, func(path, text string) {
		s, err := parse(path, text)
		if err != nil {
			t.Error(err)
			return
		}
		for _, p := range rule(s) {
			t.Error(p)
		}
	})
}

func eachPackage(t *testing.T, rule func(pkg) []string) {
	t.Helper()
	all, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 5 {
		t.Fatalf("go list found only %d packages", len(all))
	}
	for _, p := range all {
		for _, problem := range rule(p) {
			t.Error(problem)
		}
	}
}

func TestImports(t *testing.T) {
	t.Parallel()
	eachPackage(t, importProblems)
}

func TestNoTestingInProduction(t *testing.T) {
	t.Parallel()
	eachPackage(t, testingProblems)
}

func TestPackagesAreDocumented(t *testing.T) {
	t.Parallel()
	eachPackage(t, func(p pkg) []string {
		if strings.TrimSpace(p.Doc) == "" && len(p.GoFiles) > 0 {
			return []string{p.ImportPath + " has no package comment"}
		}
		return nil
	})
}

func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	eachSource(t, lengthProblems)
}

func TestFeaturesArePure(t *testing.T) {
	t.Parallel()
	eachSource(t, purityProblems)
}

func TestFeaturesHoldNoState(t *testing.T) {
	t.Parallel()
	eachSource(t, stateProblems)
}

func TestErrorsAreAnsweredInOnePlace(t *testing.T) {
	t.Parallel()
	eachSource(t, errorProblems)
}

func TestExportsAreDocumented(t *testing.T) {
	t.Parallel()
	eachSource(t, commentProblems)
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	page := func(path string) bool {
		return strings.HasPrefix(path, "internal/") && strings.HasSuffix(path, ".html") &&
			strings.Contains(path, "/pages/") && !strings.Contains(path, "/testdata/")
	}
	each(t, page, func(path, text string) {
		for _, p := range templateProblems(path, text) {
			t.Error(p)
		}
	})
}

func TestNothingTellsOfItsMaker(t *testing.T) {
	t.Parallel()
	own := func(path string) bool { return !foreignText(path) }
	each(t, own, func(path, text string) {
		for _, p := range textProblems(path, text) {
			t.Error(p)
		}
	})
}
