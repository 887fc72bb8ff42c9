package extract

import (
	"strings"
	"text/template/parse"

	"convoke/internal/i18n/po"
)

func templateFile(name string, src []byte, found func(use)) error {
	t := parse.New(name)
	t.Mode = parse.SkipFuncCheck
	set := map[string]*parse.Tree{}
	if _, err := t.Parse(string(src), "", "", set); err != nil {
		return err
	}
	w := templateWalker{name: name, src: string(src), found: found}
	for _, tree := range set {
		w.list(tree.Root)
	}
	return nil
}

type templateWalker struct {
	name, src string
	found     func(use)
}

func (w *templateWalker) list(l *parse.ListNode) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		w.node(n)
	}
}

func (w *templateWalker) node(n parse.Node) {
	switch n := n.(type) {
	case *parse.ListNode:
		w.list(n)
	case *parse.ActionNode:
		w.pipe(n.Pipe)
	case *parse.TemplateNode:
		w.pipe(n.Pipe)
	case *parse.IfNode:
		w.branch(&n.BranchNode)
	case *parse.RangeNode:
		w.branch(&n.BranchNode)
	case *parse.WithNode:
		w.branch(&n.BranchNode)
	}
}

func (w *templateWalker) branch(b *parse.BranchNode) {
	w.pipe(b.Pipe)
	w.list(b.List)
	w.list(b.ElseList)
}

func (w *templateWalker) pipe(p *parse.PipeNode) {
	if p == nil {
		return
	}
	for i, c := range p.Cmds {
		w.command(c)
		// {{"Text" | t}}
		if i > 0 && len(c.Args) == 1 && len(p.Cmds[i-1].Args) == 1 {
			if s, ok := p.Cmds[i-1].Args[0].(*parse.StringNode); ok && calledName(c.Args[0]) == "T" {
				w.emit(c, use{msg: message("", s.Text, ""), checks: true})
			}
		}
	}
}

func (w *templateWalker) command(c *parse.CommandNode) {
	for _, a := range c.Args {
		switch a := a.(type) {
		case *parse.PipeNode:
			w.pipe(a)
		case *parse.ChainNode:
			if p, ok := a.Node.(*parse.PipeNode); ok {
				w.pipe(p)
			}
		}
	}
	s, ok := shapeOf("", calledName(c.Args[0]))
	if !ok || s.values < 0 {
		return
	}
	text := func(i int) (string, bool) {
		if i < 0 {
			return "", true
		}
		if i+1 >= len(c.Args) {
			return "", false
		}
		n, ok := c.Args[i+1].(*parse.StringNode)
		if !ok {
			return "", false
		}
		return n.Text, true
	}
	context, ok1 := text(s.context)
	id, ok2 := text(s.id)
	plural, ok3 := text(s.plural)
	if !ok1 || !ok2 || !ok3 {
		return
	}
	u := use{msg: message(context, id, plural), checks: true}
	for i := s.values; i+1 < len(c.Args); i += 2 {
		n, ok := text(i)
		u.checks = u.checks && ok
		u.names = append(u.names, n)
	}
	w.emit(c, u)
}

func (w *templateWalker) emit(at parse.Node, u use) {
	pos := min(int(at.Position()), len(w.src))
	u.file, u.line = w.name, 1+strings.Count(w.src[:pos], "\n")
	w.found(u)
}

func message(context, id, plural string) Message {
	return Message{Key: po.Key{Context: context, ID: id}, Plural: plural}
}

// calledName is T, C or N for a function t, c or n, and for a method so named.
func calledName(n parse.Node) string {
	var name string
	switch n := n.(type) {
	case *parse.IdentifierNode:
		return strings.ToUpper(n.Ident)
	case *parse.FieldNode:
		name = n.Ident[len(n.Ident)-1]
	case *parse.VariableNode:
		if len(n.Ident) > 1 {
			name = n.Ident[len(n.Ident)-1]
		}
	case *parse.ChainNode:
		name = n.Field[len(n.Field)-1]
	}
	return name
}
