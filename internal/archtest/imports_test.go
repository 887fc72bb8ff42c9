package archtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const module = "convoke"

// base are the packages that everything may rest on, because they rest on
// nothing.
var base = []string{
	module + "/internal/fact", module + "/internal/fault", module + "/internal/clock", module + "/internal/id",
}

// pkg is what go list tells of a package.
type pkg struct {
	ImportPath                         string
	Name                               string
	Dir                                string
	Doc                                string
	GoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports, XTestImports []string
}

// feature is the name of the slice that a path belongs to, or empty.
func feature(path string) string {
	rest, ok := strings.CutPrefix(path, module+"/internal/feature/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

func within(path, folder string) bool {
	return path == module+"/"+folder || strings.HasPrefix(path, module+"/"+folder+"/")
}

// free are the folders that may import anything.
func free(path string) bool {
	return within(path, "cmd") || within(path, "internal/app") || within(path, "internal/bench") || within(path, "e2e") || within(path, "scripts")
}

// importProblems applies the table of who may import whom. Tests keep to it
// too, but for [base], whose tests may use testing libraries.
func importProblems(p pkg) []string {
	var out []string
	for _, to := range p.Imports {
		if why := forbidden(p.ImportPath, to); why != "" {
			out = append(out, fmt.Sprintf("%s imports %s: %s", p.ImportPath, to, why))
		}
		if slices.Contains(base, p.ImportPath) && !standard(to) && !slices.Contains(base, to) {
			out = append(out, fmt.Sprintf("%s imports %s: the base rests on the standard library and itself", p.ImportPath, to))
		}
	}
	for _, to := range slices.Concat(p.TestImports, p.XTestImports) {
		if why := forbidden(p.ImportPath, to); why != "" {
			out = append(out, fmt.Sprintf("a test of %s imports %s: %s", p.ImportPath, to, why))
		}
	}
	return out
}

func forbidden(from, to string) string {
	switch {
	case free(from):
		return ""
	case within(to, "internal/app"), within(to, "cmd"), within(to, "e2e"):
		return "only the program's edge may"
	case feature(from) != "" && feature(to) != "" && feature(from) != feature(to):
		return "features do not know each other; declare an interface and let app supply it"
	case feature(from) == "" && feature(to) != "":
		return "the platform knows no feature"
	}
	return ""
}

// standard reports whether a path is of the standard library: its first part
// has no dot and is not this module.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && first != module
}

// testingProblems finds production code that imports testing or a package for
// tests. Packages for tests are those whose name ends in test, and the harness.
func testingProblems(p pkg) []string {
	if strings.HasSuffix(p.Name, "test") || within(p.ImportPath, "e2e") {
		return nil
	}
	var out []string
	for _, to := range p.Imports {
		last := to[strings.LastIndexByte(to, '/')+1:]
		ours := strings.HasPrefix(to, module+"/") && strings.HasSuffix(last, "test")
		if to == "testing" || strings.HasPrefix(to, "testing/") || ours || slices.Contains(testLibraries, to) {
			out = append(out, fmt.Sprintf("%s imports %s, which is for tests", p.ImportPath, to))
		}
	}
	return out
}

var testLibraries = []string{"net/http/httptest", "pgregory.net/rapid", "github.com/google/go-cmp/cmp"}

func TestImportRulesCanFail(t *testing.T) {
	t.Parallel()
	in := func(from, to string) pkg {
		return pkg{ImportPath: module + "/" + from, Name: from[strings.LastIndexByte(from, '/')+1:], Imports: []string{to}}
	}
	for _, c := range []struct {
		p    pkg
		want int
	}{
		{in("internal/feature/events", "convoke/internal/web"), 0},
		{in("internal/feature/events", "convoke/internal/feature/events/card"), 0},
		{in("internal/feature/events", "convoke/internal/feature/groups"), 1},
		{in("internal/feature/events/card", "convoke/internal/feature/groups"), 1},
		{in("internal/feature/events", "convoke/internal/app"), 1},
		{in("internal/web", "convoke/internal/feature/events"), 1},
		{in("internal/web", "convoke/internal/app"), 1},
		{in("internal/web", "convoke/internal/db"), 0},
		{in("internal/app", "convoke/internal/feature/events"), 0},
		{in("cmd/convoke", "convoke/internal/app"), 0},
		{in("internal/fact", "convoke/internal/id"), 0},
		{in("internal/fact", "convoke/internal/db"), 1},
		{in("internal/fault", "errors"), 0},
		{in("internal/clock", "golang.org/x/text/language"), 1},
		{pkg{ImportPath: "convoke/internal/web", XTestImports: []string{"convoke/internal/feature/events"}}, 1},
		{pkg{ImportPath: "convoke/internal/feature/a", TestImports: []string{"convoke/internal/feature/b"}}, 1},
	} {
		if got := importProblems(c.p); len(got) != c.want {
			t.Errorf("%+v: %d problems, want %d: %v", c.p, len(got), c.want, got)
		}
	}
	for _, c := range []struct {
		p    pkg
		want int
	}{
		{in("internal/web", "testing"), 1},
		{in("internal/web", "testing/fstest"), 1},
		{in("internal/web", "net/http/httptest"), 1},
		{in("internal/web", "convoke/internal/db/dbtest"), 1},
		{in("internal/db/dbtest", "testing"), 0},
		{in("e2e", "testing"), 0},
		{in("internal/web", "net/http"), 0},
		{in("internal/web", "example.org/latest"), 0},
	} {
		if got := testingProblems(c.p); len(got) != c.want {
			t.Errorf("%+v: %d problems, want %d: %v", c.p, len(got), c.want, got)
		}
	}
}
