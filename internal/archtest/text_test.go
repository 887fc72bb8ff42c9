package archtest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// tells are what gives away the machine, the person or the workplace that a
// file was written at. The patterns are put together from parts, so that this
// file does not match itself.
var tells = []struct {
	what string
	re   *regexp.Regexp
}{
	{"a home folder", regexp.MustCompile(`(^|[^\w.%{$-])/(home|Users)/[a-z][a-z0-9_-]*/`)},
	{"a home folder", regexp.MustCompile(`(^|[^\w.-])/` + `root/[a-z.]`)},
	{"a home folder", regexp.MustCompile(`(?i)\bc:\\+users\\+[a-z]`)},
	{"a working folder", regexp.MustCompile(`(^|[^\w.~-])/(w[o]rk|f[a]rm|w[o]rkspaces?)/`)},
	{"a scratch folder", regexp.MustCompile(`/tmp/` + `(c|ci)/`)},
	{"a workplace's talk", regexp.MustCompile(`(?i)\b(the arch` + `itect|another help` + `er|the bri` + `ef (says|asks|wants)|my ta` + `sk)\b`)},
	{"a package registry's host", regexp.MustCompile(`https?://[a-z.-]*` + `(proxy|registry|deb|sum)\.[a-z]+\.(org|io|com)`)},
}

// textProblems finds tells in one tracked file. Binary files are left out.
func textProblems(path, text string) []string {
	if strings.ContainsRune(text[:min(len(text), 8000)], 0) {
		return nil
	}
	var out []string
	for i, line := range strings.Split(text, "\n") {
		for _, t := range tells {
			if m := t.re.FindString(line); m != "" {
				out = append(out, fmt.Sprintf("%s:%d tells of %s: %.80s", path, i+1, t.what, strings.TrimSpace(m)))
			}
		}
	}
	return out
}

// foreignText reports whether a file was written by others and is kept as it
// came: real input for tests, licences, checksums, data and libraries.
func foreignText(path string) bool {
	return strings.Contains(path, "/testdata/") || strings.HasSuffix(path, "go.sum") ||
		strings.Contains(path, "/vendor/") || strings.HasSuffix(path, ".min.js")
}

func TestTextRulesCanFail(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"see /etc/convoke.toml and /var/lib/convoke":        0,
		"--data /srv/convoke, frame" + "work/x":             0,
		"ProtectHome=true":                                  0,
		"file " + "/home/" + "sam/convoke/main.go":          1,
		"\"/Users/" + "sam/x\"":                             1,
		"cache in /ro" + "ot/.cache":                        1,
		`C:\Use` + `rs\sam`:                                 1,
		"in /wo" + "rk/main":                                1,
		"line one\nin /fa" + "rm/x and /wo" + "rk/y":        1,
		"https://pro" + "xy.golang.org/x":                   1,
		"see /tmp" + "/c/notes":                             1,
		"The arch" + "itect wires it":                       1,
		"the bri" + "ef says so, briefly":                   1,
		"a brief description by an architect of it":         0,
		"\x00 binary /wo" + "rk/":                           0,
		"https://example.org/homework/ and frame.work/note": 0,
	} {
		if got := textProblems("x", text); len(got) != want {
			t.Errorf("%q: %d problems, want %d: %v", text, len(got), want, got)
		}
	}
}
