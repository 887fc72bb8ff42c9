package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// maxLines is the length of file that nobody wants to read.
const maxLines = 600

// source is one Go file.
type source struct {
	path string // from the module's root
	text string
	fset *token.FileSet
	file *ast.File
}

func parse(path, text string) (source, error) {
	s := source{path: path, text: text, fset: token.NewFileSet()}
	var err error
	s.file, err = parser.ParseFile(s.fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
	return s, err
}

func (s source) test() bool      { return strings.HasSuffix(s.path, "_test.go") }
func (s source) generated() bool { return ast.IsGenerated(s.file) }

func (s source) at(p token.Pos) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(p).Line)
}

// imported is the path behind a name in the file, or empty.
func (s source) imported(name string) string {
	for _, i := range s.file.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			continue
		}
		as := strings.TrimSuffix(path, "/v2")
		as = as[strings.LastIndexByte(as, '/')+1:]
		if i.Name != nil {
			as = i.Name.Name
		}
		if as == name {
			return path
		}
	}
	return ""
}

// selects calls found for every use of something of another package.
func (s source) selects(found func(pos token.Pos, path, name string)) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok {
			if path := s.imported(x.Name); path != "" {
				found(sel.Pos(), path, sel.Sel.Name)
			}
		}
		return true
	})
}

func lengthProblems(s source) []string {
	n := strings.Count(s.text, "\n")
	if n <= maxLines || s.generated() {
		return nil
	}
	return []string{fmt.Sprintf("%s has %d lines; split it by use case below %d", s.path, n, maxLines)}
}

// inFeature reports whether a file is production code of a feature.
func inFeature(s source) bool {
	return strings.HasPrefix(s.path, "internal/feature/") && !s.test() && !s.inTestPackage()
}

func (s source) inTestPackage() bool { return strings.HasSuffix(s.file.Name.Name, "test") }

// purityProblems finds time, chance and detached contexts in a feature: they
// are given to it, so that a test can hold them.
func purityProblems(s source) []string {
	if !inFeature(s) {
		return nil
	}
	instead := map[string]string{
		"time.Now": "tx.Now or the clock", "time.Since": "the clock", "time.Until": "the clock",
		"context.Background": "the caller's context", "context.TODO": "the caller's context",
	}
	var out []string
	s.selects(func(pos token.Pos, path, name string) {
		if use, ok := instead[path+"."+name]; ok {
			out = append(out, fmt.Sprintf("%s uses %s.%s; use %s", s.at(pos), path, name, use))
		}
	})
	for _, i := range s.file.Imports {
		if path, err := strconv.Unquote(i.Path.Value); err == nil && strings.HasPrefix(path, "math/rand") {
			out = append(out, fmt.Sprintf("%s imports %s; use id.Source", s.at(i.Pos()), path))
		}
	}
	return out
}

// stateProblems finds init functions and package variables that somebody could
// change: maps, slices and pointers.
func stateProblems(s source) []string {
	if !inFeature(s) {
		return nil
	}
	var out []string
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.Name == "init" {
				out = append(out, s.at(d.Pos())+" has an init function; do it in New")
			}
		case *ast.GenDecl:
			if d.Tok == token.VAR {
				out = append(out, s.variables(d)...)
			}
		}
	}
	return out
}

func (s source) variables(d *ast.GenDecl) []string {
	var out []string
	for _, spec := range d.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for i, name := range v.Names {
			var value ast.Expr
			if i < len(v.Values) {
				value = v.Values[i]
			}
			if name.Name != "_" && (mutableType(v.Type) || mutableValue(value)) {
				out = append(out, fmt.Sprintf("%s: package variable %s can be changed by anybody; use a function, an array or a field",
					s.at(name.Pos()), name.Name))
			}
		}
	}
	return out
}

func mutableType(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.MapType, *ast.StarExpr, *ast.ChanType:
		return true
	case *ast.ArrayType:
		return e.Len == nil
	}
	return false
}

func mutableValue(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CompositeLit:
		return mutableType(e.Type)
	case *ast.UnaryExpr:
		return e.Op == token.AND
	case *ast.CallExpr:
		if f, ok := e.Fun.(*ast.Ident); ok {
			return f.Name == "make" || f.Name == "new"
		}
		return mutableType(e.Fun) // []byte("...")
	}
	return false
}

// errorProblems finds code outside web and api that answers a request with an
// error by itself: it would miss the reader's language and the error page.
func errorProblems(s source) []string {
	if s.test() || s.inTestPackage() || !strings.HasPrefix(s.path, "internal/") ||
		strings.HasPrefix(s.path, "internal/web/") || strings.HasPrefix(s.path, "internal/api/") {
		return nil
	}
	var out []string
	s.selects(func(pos token.Pos, path, name string) {
		if path == "net/http" && (name == "Error" || name == "NotFound" || name == "NotFoundHandler") {
			out = append(out, fmt.Sprintf("%s calls http.%s; return a fault", s.at(pos), name))
		}
	})
	ast.Inspect(s.file, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if !ok || len(c.Args) != 1 {
			return true
		}
		if sel, ok := c.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "WriteHeader" && errorStatus(c.Args[0]) {
			out = append(out, s.at(c.Pos())+" writes an error status; return a fault")
		}
		return true
	})
	return out
}

// errorStatus reports whether an expression is plainly 400 or more: a number,
// or a named status that is none of the good ones.
func errorStatus(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		n, err := strconv.Atoi(e.Value)
		return err == nil && n >= 400
	case *ast.SelectorExpr:
		good := []string{
			"StatusOK", "StatusCreated", "StatusAccepted", "StatusNoContent", "StatusPartialContent", "StatusNotModified",
			"StatusSeeOther", "StatusFound", "StatusMovedPermanently", "StatusTemporaryRedirect", "StatusPermanentRedirect",
		}
		return strings.HasPrefix(e.Sel.Name, "Status") && !slices.Contains(good, e.Sel.Name)
	}
	return false
}

// commentProblems finds exported names without a comment.
func commentProblems(s source) []string {
	if !strings.HasPrefix(s.path, "internal/") || s.test() || s.generated() || s.file.Name.Name == "main" {
		return nil
	}
	var out []string
	missing := func(id *ast.Ident, comments ...*ast.CommentGroup) {
		for _, c := range comments {
			if c != nil && strings.TrimSpace(c.Text()) != "" {
				return
			}
		}
		if id.IsExported() {
			out = append(out, fmt.Sprintf("%s: %s has no comment", s.at(id.Pos()), id.Name))
		}
	}
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || ast.IsExported(receiver(d.Recv)) && !wellKnown(d.Name.Name) {
				missing(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					missing(spec.Name, spec.Doc, groupDoc(d), spec.Comment)
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						missing(name, spec.Doc, d.Doc, spec.Comment)
					}
				}
			}
		}
	}
	return out
}

// groupDoc is the comment of a declaration that stands alone: in a group each
// type needs its own.
func groupDoc(d *ast.GenDecl) *ast.CommentGroup {
	if d.Lparen.IsValid() {
		return nil
	}
	return d.Doc
}

func receiver(l *ast.FieldList) string {
	if len(l.List) == 0 {
		return ""
	}
	e := l.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// wellKnown are methods that say everything by the interface they serve.
func wellKnown(name string) bool {
	return slices.Contains([]string{
		"Error", "Unwrap", "String", "Read", "Write", "Close", "ServeHTTP", "Len", "Less", "Swap", "Push", "Pop",
		"Scan", "Value", "MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText", "LogValue",
	}, name)
}

func TestSourceRulesCanFail(t *testing.T) {
	t.Parallel()
	const feat = "internal/feature/events/service.go"
	for name, c := range map[string]struct {
		path, text string
		rule       func(source) []string
		want       int
	}{
		"short file":          {feat, "package a\n", lengthProblems, 0},
		"long file":           {feat, "package a\n" + strings.Repeat("\n", 600), lengthProblems, 1},
		"long generated file": {feat, "// Code generated by x. DO NOT EDIT.\n\npackage a\n" + strings.Repeat("\n", 600), lengthProblems, 0},

		"now":               {feat, `package a; import "time"; var _ = time.Now()`, purityProblems, 1},
		"now as a value":    {feat, `package a; import "time"; func f() { g(time.Now) }`, purityProblems, 1},
		"now renamed":       {feat, `package a; import t "time"; var _ = t.Now()`, purityProblems, 1},
		"since":             {feat, `package a; import "time"; func f(x time.Time) { _ = time.Since(x) }`, purityProblems, 1},
		"a field named now": {feat, `package a; func f(time struct{ Now int }) { _ = time.Now }`, purityProblems, 0},
		"rand":              {feat, `package a; import "math/rand/v2"; var _ = rand.N(3)`, purityProblems, 1},
		"crypto/rand":       {feat, `package a; import "crypto/rand"; var _ = rand.Text()`, purityProblems, 0},
		"background":        {feat, `package a; import "context"; var _ = context.Background()`, purityProblems, 1},
		"now in a test":     {"internal/feature/events/x_test.go", `package a; import "time"; var _ = time.Now()`, purityProblems, 0},
		"now in clock":      {"internal/clock/clock.go", `package a; import "time"; var _ = time.Now()`, purityProblems, 0},

		"init":            {feat, `package a; func init() {}`, stateProblems, 1},
		"init method":     {feat, `package a; type T int; func (T) init() {}`, stateProblems, 0},
		"map":             {feat, `package a; var m = map[string]int{}`, stateProblems, 1},
		"slice":           {feat, `package a; var m = []string{"a"}`, stateProblems, 1},
		"slice by type":   {feat, `package a; var m []string`, stateProblems, 1},
		"pointer":         {feat, `package a; var m = &T{}`, stateProblems, 1},
		"pointer by type": {feat, `package a; var m *T`, stateProblems, 1},
		"make":            {feat, `package a; var m = make(chan int)`, stateProblems, 1},
		"bytes":           {feat, `package a; var m = []byte("x")`, stateProblems, 1},
		"in a group":      {feat, `package a; var ( x = 1; m = new(T) )`, stateProblems, 1},
		"array":           {feat, `package a; var m = [...]string{"a"}`, stateProblems, 0},
		"a page":          {feat, `package a; var page = web.NewPage[Data](pages, "x.html")`, stateProblems, 0},
		"interface check": {feat, `package a; var _ I = (*T)(nil)`, stateProblems, 0},
		"in a function":   {feat, `package a; func f() { var m = map[int]int{}; _ = m }`, stateProblems, 0},
		"map in platform": {"internal/web/x.go", `package a; var m = map[string]int{}`, stateProblems, 0},

		"http.Error":         {feat, `package a; import "net/http"; func f(w http.ResponseWriter) { http.Error(w, "", 500) }`, errorProblems, 1},
		"http.NotFound":      {feat, `package a; import "net/http"; var _ = http.NotFound`, errorProblems, 1},
		"error status":       {feat, `package a; func f(w W) { w.WriteHeader(http.StatusNotFound) }`, errorProblems, 1},
		"error number":       {feat, `package a; func f(w W) { w.WriteHeader(404) }`, errorProblems, 1},
		"good status":        {feat, `package a; func f(w W) { w.WriteHeader(http.StatusNotModified) }`, errorProblems, 0},
		"http.Error in web":  {"internal/web/x.go", `package a; import "net/http"; func f(w http.ResponseWriter) { http.Error(w, "", 500) }`, errorProblems, 0},
		"http.Error in a db": {"internal/db/x.go", `package a; import "net/http"; var _ = http.Error`, errorProblems, 1},

		"function":             {feat, "package a\nfunc F() {}", commentProblems, 1},
		"function said":        {feat, "package a\n// F does.\nfunc F() {}", commentProblems, 0},
		"directive only":       {feat, "package a\n//go:noinline\nfunc F() {}", commentProblems, 1},
		"method":               {feat, "package a\n// T is.\ntype T int\nfunc (t *T) M() {}", commentProblems, 1},
		"generic method":       {feat, "package a\n// T is.\ntype T[A any] int\nfunc (t *T[A]) M() {}", commentProblems, 1},
		"method of a hidden":   {feat, "package a\ntype t int\nfunc (t *t) M() {}", commentProblems, 0},
		"well-known method":    {feat, "package a\n// T is.\ntype T int\nfunc (t T) String() string { return \"\" }", commentProblems, 0},
		"type":                 {feat, "package a\ntype T int", commentProblems, 1},
		"type in a group":      {feat, "package a\n// Some.\ntype (\n\tT int\n)", commentProblems, 1},
		"type with a remark":   {feat, "package a\ntype (\n\tT int // is\n)", commentProblems, 0},
		"constants in a group": {feat, "package a\n// The kinds.\nconst (\n\tA = 1\n\tB = 2\n)", commentProblems, 0},
		"constant":             {feat, "package a\nconst (\n\tA = 1\n\tB = 2 // said\n)", commentProblems, 1},
		"command":              {"internal/geo/gazgen/main.go", "package main\nfunc F() {}", commentProblems, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := parse(c.path, c.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.rule(s); len(got) != c.want {
				t.Errorf("%d problems, want %d: %v", len(got), c.want, got)
			}
		})
	}
}
