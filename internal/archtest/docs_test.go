package archtest

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var (
	fence    = regexp.MustCompile("(?ms)^[ \t]*```.*?^[ \t]*```[ \t]*$")
	codeSpan = regexp.MustCompile("`[^`\n]+`")
	linked   = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)`)
	heading  = regexp.MustCompile(`(?m)^#{1,6} +(.+?)\s*$`)
	// codePath is a file or folder of the program as prose names it.
	codePath = regexp.MustCompile(`^(internal|cmd|e2e|scripts|packaging)/[\w./-]+$`)
)

// library answers about the files of the repository, as paths from its root.
type library struct {
	exists func(path string) bool
	read   func(path string) string
}

// docsProblems finds links in one Markdown file that lead nowhere, and names of
// code that is not there.
func docsProblems(file, text string, lib library) []string {
	var out []string
	prose := fence.ReplaceAllString(text, "")
	for _, span := range codeSpan.FindAllString(prose, -1) {
		name := strings.Trim(span, "`")
		if codePath.MatchString(name) && !lib.exists(path.Clean(name)) {
			out = append(out, fmt.Sprintf("%s names %s, which is not there", file, name))
		}
	}
	for _, m := range linked.FindAllStringSubmatch(codeSpan.ReplaceAllString(prose, ""), -1) {
		if p := linkProblem(file, m[1], lib); p != "" {
			out = append(out, fmt.Sprintf("%s links to %s: %s", file, m[1], p))
		}
	}
	return out
}

// linkProblem says what is wrong with a relative link, or "".
func linkProblem(file, link string, lib library) string {
	u, err := url.Parse(link)
	if err != nil {
		return "it cannot be read"
	}
	if u.IsAbs() || u.Host != "" {
		return ""
	}
	if strings.HasPrefix(u.Path, "/") {
		return "it begins with a slash, which leads out of the repository"
	}
	to := file
	if u.Path != "" {
		to = path.Join(path.Dir(file), u.Path)
	}
	if strings.HasPrefix(to, "..") || !lib.exists(to) {
		return "there is no such file"
	}
	if u.Fragment == "" || !strings.HasSuffix(to, ".md") {
		return ""
	}
	for _, h := range heading.FindAllStringSubmatch(fence.ReplaceAllString(lib.read(to), ""), -1) {
		if anchor(h[1]) == u.Fragment {
			return ""
		}
	}
	return "there is no such heading"
}

// anchor is the name that sites which show Markdown give to a heading.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

func TestDocsRulesCanFail(t *testing.T) {
	t.Parallel()
	there := map[string]string{
		"README.md": "", "docs/a.md": "# A\n## How long, exactly?\n```\n# not a heading\n```\n", "internal/web/call.go": "", "internal/web": "", "LICENSE": "",
	}
	lib := library{
		exists: func(p string) bool { _, ok := there[p]; return ok },
		read:   func(p string) string { return there[p] },
	}
	for text, want := range map[string]int{
		"[a](a.md), [up](../README.md), [far](https://example.org/x), [here](#how-long-exactly)": 0,
		"[a](a.md#how-long-exactly) and ![picture](../LICENSE)":                                  0,
		"`internal/web/call.go`, `internal/web/`, `internal/feature/*`, `make test`":             0,
		"```\n[x](gone.md) `internal/gone`\n```":                                                 0,
		"`[x](gone.md)` is how a link is written":                                                0,
		"[x](gone.md)":                   1,
		"![x](shots/gone.png)":           1,
		"[x](a.md#gone)":                 1,
		"[x](a.md#not-a-heading)":        1,
		"[x](../../outside.md)":          1,
		"[x](/docs/a.md)":                1,
		"see `internal/web/gone.go`":     1,
		"[x](gone.md) and `cmd/gone.go`": 2,
	} {
		if got := docsProblems("docs/a.md", text, lib); len(got) != want {
			t.Errorf("%q: %d problems, want %d: %q", text, len(got), want, got)
		}
	}
}

func TestDocs(t *testing.T) {
	t.Parallel()
	dir, err := root()
	if err != nil {
		t.Fatal(err)
	}
	lib := library{
		exists: func(p string) bool {
			_, err := os.Stat(filepath.Join(dir, filepath.FromSlash(p)))
			return err == nil
		},
		read: func(p string) string {
			b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(p)))
			if err != nil {
				t.Error(err)
			}
			return string(b)
		},
	}
	markdown := func(path string) bool { return strings.HasSuffix(path, ".md") && !foreignText(path) }
	each(t, markdown, func(path, text string) {
		for _, p := range docsProblems(path, text, lib) {
			t.Error(p)
		}
	})
}
