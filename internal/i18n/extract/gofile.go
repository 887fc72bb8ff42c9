package extract

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"

	"convoke/internal/i18n/po"
)

// shape says which arguments of a call are which; -1 for none.
type shape struct{ context, id, plural, values int }

// shapeOf knows the calls that show texts. pkg is the identifier before the
// dot, "" for none.
func shapeOf(pkg, name string) (shape, bool) {
	switch name {
	case "T":
		return shape{-1, 0, -1, 1}, true
	case "C":
		return shape{0, 1, -1, 2}, true
	case "N":
		return shape{-1, 0, 1, 3}, true
	case "fail": // a parser of a form: field, code, message
		return shape{-1, 2, -1, 3}, true
	case "Fail": // web.Form: field, message
		return shape{-1, 1, -1, 2}, true
	case "Mark":
		return shape{-1, 0, -1, -1}, pkg == "i18n" || pkg == ""
	}
	if pkg != "fault" {
		return shape{}, false
	}
	switch name {
	case "Malformed", "Unauthenticated", "Forbidden", "NotFound", "Conflict", "Gone",
		"TooLarge", "RateLimited", "Unavailable", "Invalid", "Internal", "NotAllowed",
		"LengthRequired", "Misdirected":
		return shape{-1, 1, -1, 2}, true
	case "Field", "New":
		return shape{-1, 2, -1, 3}, true
	}
	return shape{}, false
}

func goFile(name string, src []byte, found func(use)) error {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, src, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if u, ok := callUse(n); ok {
				u.file, u.line = name, set.Position(n.Pos()).Line
				found(u)
			}
		case *ast.CompositeLit:
			if id, ok := faultLiteral(n, f.Name.Name); ok {
				found(use{file: name, line: set.Position(n.Pos()).Line, msg: Message{Key: po.Key{ID: id}}})
			}
		}
		return true
	})
	return nil
}

func callUse(call *ast.CallExpr) (use, bool) {
	pkg, name := nameOf(call.Fun)
	s, ok := shapeOf(pkg, name)
	if !ok {
		return use{}, false
	}
	var u use
	for _, part := range []struct {
		at int
		to *string
	}{{s.context, &u.msg.Context}, {s.id, &u.msg.ID}, {s.plural, &u.msg.Plural}} {
		if part.at < 0 {
			continue
		}
		if part.at >= len(call.Args) {
			return use{}, false
		}
		if *part.to, ok = literal(call.Args[part.at]); !ok {
			return use{}, false
		}
	}
	if s.values < 0 || call.Ellipsis.IsValid() {
		return u, true
	}
	u.checks = true
	for i := s.values; i < len(call.Args); i += 2 {
		n, ok := literal(call.Args[i])
		u.checks = u.checks && ok
		u.names = append(u.names, n)
	}
	return u, true
}

// nameOf splits the called expression; for x.y.T the package is "y".
func nameOf(fun ast.Expr) (pkg, name string) {
	switch f := fun.(type) {
	case *ast.Ident:
		return "", f.Name
	case *ast.SelectorExpr:
		_, pkg = nameOf(f.X)
		return pkg, f.Sel.Name
	}
	return "", ""
}

// literal evaluates a string literal, or several joined by +.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.ParenExpr:
		return literal(e.X)
	case *ast.BinaryExpr:
		x, okX := literal(e.X)
		y, okY := literal(e.Y)
		return x + y, e.Op == token.ADD && okX && okY
	}
	return "", false
}

// faultLiteral finds Msg: "..." in fault.Error{} and fault.FieldError{}.
func faultLiteral(lit *ast.CompositeLit, inPackage string) (string, bool) {
	pkg, name := nameOf(lit.Type)
	if name != "Error" && name != "FieldError" {
		return "", false
	}
	if pkg != "fault" && (pkg != "" || inPackage != "fault") {
		return "", false
	}
	for _, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if k, ok := kv.Key.(*ast.Ident); ok && k.Name == "Msg" {
			return literal(kv.Value)
		}
	}
	return "", false
}
