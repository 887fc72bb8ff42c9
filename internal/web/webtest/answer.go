package webtest

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Answer is a response that has arrived whole.
type Answer struct {
	Status   int
	Body     string
	Header   http.Header
	Location string     // where a redirect leads, or ""
	Doc      *html.Node // the body when it is HTML, else an empty page
}

// Want checks the status, and where a redirect leads ("" for none). It returns
// the answer.
func (a Answer) Want(t testing.TB, status int, location string) Answer {
	t.Helper()
	at := a.Location
	if !strings.Contains(location, "saved=") { // it only tells the browser which draft to forget
		at, _, _ = strings.Cut(at, "?saved=")
	}
	if a.Status != status || at != location {
		t.Errorf("status %d to %q, want %d to %q\n%s", a.Status, a.Location, status, location, a.Text("main"))
	}
	return a
}

var simple = regexp.MustCompile(`^([a-z0-9]*)(?:#([\w-]+))?(?:\.([\w-]+))?(?:\[([\w-]+)=([^\]]*)\])?$`)

// All finds elements by a chain of simple selectors, each inside the one before:
// "tag#id.class[attr=value]", every part of it optional.
func (a Answer) All(selector string) []*html.Node {
	found := []*html.Node{a.Doc}
	for _, part := range strings.Fields(selector) {
		m := simple.FindStringSubmatch(part)
		if m == nil {
			panic("selector " + part)
		}
		var next []*html.Node
		for _, root := range found {
			for n := range root.Descendants() {
				if n.Type == html.ElementNode && fits(n, m) {
					next = append(next, n)
				}
			}
		}
		found = next
	}
	return found
}

func fits(n *html.Node, m []string) bool {
	return (m[1] == "" || n.Data == m[1]) && (m[2] == "" || Attr(n, "id") == m[2]) &&
		(m[3] == "" || strings.Contains(" "+Attr(n, "class")+" ", " "+m[3]+" ")) && (m[4] == "" || has(n, m[4]) && Attr(n, m[4]) == m[5])
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// Attr is an attribute of n, "" when it has none of that name.
func Attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Text is what n and all inside it say, with single spaces.
func Text(n *html.Node) string {
	var out []string
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			out = append(out, d.Data)
		}
	}
	return strings.Join(strings.Fields(strings.Join(out, " ")), " ")
}

// Text is what the first element that fits says, with single spaces; "" when
// there is none.
func (a Answer) Text(selector string) string {
	for _, n := range a.All(selector) {
		return Text(n)
	}
	return ""
}

// Attr is an attribute of the first element that fits.
func (a Answer) Attr(selector, name string) string {
	for _, n := range a.All(selector) {
		return Attr(n, name)
	}
	return ""
}
