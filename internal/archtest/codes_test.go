package archtest

import (
	"go/ast"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	codeText = regexp.MustCompile(`^[a-z_]+\.[a-z0-9_]+$`)
	wholeRow = regexp.MustCompile("(?m)^\\| `([a-z0-9_.]+)` \\| \\d{3} \\| .+ \\|$")
	fieldRow = regexp.MustCompile("(?m)^\\| `([a-z0-9_.]+)` \\| .+ \\|$")
)

// literalText is the value of string literals that are joined by +, "" for anything else.
func literalText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return s
		}
	case *ast.BinaryExpr:
		return literalText(e.X) + literalText(e.Y)
	}
	return ""
}

// codes are those of faults in a file.
type codes struct {
	whole, fields map[string]bool
	// made are put together elsewhere: they may be documented.
	made map[string]bool
}

func newCodes() codes {
	return codes{map[string]bool{}, map[string]bool{}, map[string]bool{"form.invalid": true, "internal": true, "translate.invalid": true}}
}

// add finds the codes of a file: each is a literal in a call, with its text behind it. It is
// of a field unless the call is one of package fault for a whole fault.
func (c codes) add(s source) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			to := c.fields
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name != "Field" {
				if pkg, ok := sel.X.(*ast.Ident); ok && s.imported(pkg.Name) == "convoke/internal/fault" {
					to = c.whole
				}
			}
			for i := range len(n.Args) - 1 {
				if code := literalText(n.Args[i]); codeText.MatchString(code) && strings.Contains(literalText(n.Args[i+1]), " ") {
					to[code] = true
				}
			}
		case *ast.ValueSpec: // fact.Obstacle
			if kind, ok := n.Type.(*ast.Ident); ok && kind.Name == "Obstacle" && len(n.Values) == 1 {
				c.made["proposal."+literalText(n.Values[0])] = true
			}
		}
		return true
	})
}

// problems compares docs/errors.md with the codes, each table with its own.
func (c codes) problems(text string) []string {
	first, second, _ := strings.Cut(text, "\n## What is wrong with one field\n")
	return append(c.compare(wholeRow.FindAllStringSubmatch(first, -1), c.whole), c.compare(fieldRow.FindAllStringSubmatch(second, -1), c.fields)...)
}

func (c codes) compare(rows [][]string, codes map[string]bool) (out []string) {
	seen := map[string]bool{}
	for _, row := range rows {
		code := row[1]
		switch {
		case seen[code]:
			out = append(out, "docs/errors.md has a code twice: "+code)
		case !codes[code] && !c.made[code]:
			out = append(out, "docs/errors.md has a code of nothing: "+code)
		}
		seen[code] = true
	}
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		if !seen[code] {
			out = append(out, "docs/errors.md lacks a code: "+code)
		}
	}
	return out
}

func TestErrorCodesCanFail(t *testing.T) {
	t.Parallel()
	s, err := parse("internal/feature/x/x.go", `package x
import "convoke/internal/fault"
func f() {
	_ = fault.Conflict("x.over", "It is "+"over.")
	_ = fault.Invalid(fault.Field("day", "x.day", "Write a day."))
	p.fail("day", "x.past", "It is past.")
	open("x.html", "r")
}
const Unclear Obstacle = "subject"
`)
	if err != nil {
		t.Fatal(err)
	}
	c := newCodes()
	c.add(s)
	whole, fields := "| `x.over` | 409 | It is over. |\n", "| `x.day` | Write a day. |\n| `x.past` | It is past. |\n"
	for name, test := range map[string]struct {
		whole, fields string
		want          int
	}{
		"all":            {whole, fields, 0},
		"made":           {whole, fields + "| `proposal.subject` | Say what. |\n", 0},
		"one missing":    {"", fields, 1},
		"field missing":  {whole, "| `x.day` | Write a day. |\n", 1},
		"other table":    {whole + "| `x.day` | 422 | Write a day. |\n", fields, 1},
		"twice":          {whole + whole, fields, 1},
		"of nothing":     {whole, fields + "| `x.gone` | It is gone. |\n", 1},
		"without status": {"| `x.over` | It is over. |\n", fields, 1},
	} {
		if got := c.problems(test.whole + "\n## What is wrong with one field\n" + test.fields); len(got) != test.want {
			t.Errorf("%s: %q, want %d problems", name, got, test.want)
		}
	}
}

func TestErrorCodes(t *testing.T) {
	t.Parallel()
	c := newCodes()
	eachSource(t, func(s source) []string {
		if !s.test() && !strings.HasPrefix(s.path, "internal/cap/") { // nobody is answered what is wrong with a feed
			c.add(s)
		}
		return nil
	})
	each(t, func(path string) bool { return path == "docs/errors.md" }, func(_, text string) {
		for _, p := range c.problems(text) {
			t.Error(p)
		}
	})
}
