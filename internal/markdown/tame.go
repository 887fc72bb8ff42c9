package markdown

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// maxBlocks and maxInlines bound how deep elements are nested. A reader needs
// three or four levels; browsers and HTML parsers fail at some hundreds, and
// 16 kB of ">" make 16 thousand.
const maxBlocks, maxInlines = 12, 20

// tame changes a syntax tree into one that is fit to show. A picture becomes
// a link, unless that would put a link within a link.
type tame struct{}

// Transform implements parser.ASTTransformer.
func (tame) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	// Collected first: a tree must not change while it is walked.
	var s survey
	_ = ast.Walk(doc, s.visit) // visit returns no error
	for _, f := range s.nodes {
		if _, image := f.node.(*ast.Image); image && (f.linked || s.outer[f.node]) || tooDeep(f.node, f.depth) {
			unwrap(f.node)
			continue
		}
		tameNode(f.node, reader.Source())
	}
}

// survey lists the nodes of a tree in their order.
type survey struct {
	nodes []found
	outer map[ast.Node]bool // the links and images with another within
	depth int
	open  []ast.Node // links and images around the present node
	links int        // of which are links
}

type found struct {
	node   ast.Node
	depth  int
	linked bool // stands within a link
}

func (s *survey) visit(n ast.Node, entering bool) (ast.WalkStatus, error) {
	_, isLink := n.(*ast.Link)
	_, isAuto := n.(*ast.AutoLink)
	_, isImage := n.(*ast.Image)
	if entering {
		s.nodes = append(s.nodes, found{n, s.depth, s.links > 0})
		s.depth++
	} else {
		s.depth--
	}
	if !isLink && !isAuto && !isImage {
		return ast.WalkContinue, nil
	}
	links := 0
	if isLink {
		links = 1
	}
	if !entering {
		s.open, s.links = s.open[:len(s.open)-1], s.links-links
		return ast.WalkContinue, nil
	}
	if len(s.open) > 0 {
		if s.outer == nil {
			s.outer = map[ast.Node]bool{}
		}
		s.outer[s.open[len(s.open)-1]] = true
	}
	s.open, s.links = append(s.open, n), s.links+links
	return ast.WalkContinue, nil
}

// tooDeep tells whether an element stands too deep to be one. A list goes at
// the same depth as all of its items do, or none.
func tooDeep(n ast.Node, depth int) bool {
	switch n.(type) {
	case *ast.Blockquote, *ast.List:
		return depth >= maxBlocks
	case *ast.ListItem:
		return depth > maxBlocks
	case *ast.Emphasis, *ast.Link, *ast.Image:
		return depth >= maxInlines
	}
	return false
}

// unwrap puts the children of n in its place.
func unwrap(n ast.Node) {
	parent := n.Parent()
	for c := n.FirstChild(); c != nil; c = n.FirstChild() {
		n.RemoveChild(n, c)
		parent.InsertBefore(parent, n, c)
	}
	parent.RemoveChild(parent, n)
}

func tameNode(n ast.Node, source []byte) {
	switch n := n.(type) {
	case *ast.Heading:
		n.Level = min(n.Level+2, 6)
	case *ast.Image:
		link := ast.NewLink()
		link.Destination, link.Title = n.Destination, n.Title
		for c := n.FirstChild(); c != nil; c = n.FirstChild() {
			n.RemoveChild(n, c)
			link.AppendChild(link, c)
		}
		if link.FirstChild() == nil {
			link.AppendChild(link, ast.NewString(n.Destination))
		}
		n.Parent().ReplaceChild(n.Parent(), n, link)
		tameLink(link, link.Destination, source)
	case *ast.Link:
		tameLink(n, n.Destination, source)
	case *ast.AutoLink:
		tameLink(n, autoURL(n, source), source)
	}
}

func autoURL(n *ast.AutoLink, source []byte) []byte {
	u := n.URL(source)
	if n.AutoLinkType == ast.AutoLinkEmail && !bytes.HasPrefix(bytes.ToLower(u), []byte("mailto:")) {
		u = append([]byte("mailto:"), u...)
	}
	return u
}

// tameLink marks a link that leads somewhere allowed; of any other only its
// text stays.
func tameLink(n ast.Node, destination, source []byte) {
	if allowed(string(destination)) {
		n.SetAttributeString("rel", []byte(rel))
		return
	}
	parent := n.Parent()
	if auto, ok := n.(*ast.AutoLink); ok {
		parent.ReplaceChild(parent, n, ast.NewString(auto.Label(source)))
		return
	}
	unwrap(n)
}

// allowed tells whether a link may lead to a destination: an absolute URL of
// the web with a host, or a mail address.
func allowed(destination string) bool {
	u, err := url.Parse(destination)
	if err != nil {
		return false
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		return u.Host != ""
	case "mailto":
		return u.Opaque != ""
	}
	return false
}
