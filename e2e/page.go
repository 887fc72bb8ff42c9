package e2e

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"
)

// Goto opens an address, or a path below the base, and waits until it is
// loaded. The address of a file to download is an error here.
func (p *Page) Goto(address string) {
	p.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = p.o.Base + address
	}
	if err := p.do(chromedp.Navigate(address)); err != nil {
		p.t.Fatalf("go to %s: %v", address, err)
	}
}

// Reload asks for the page on show again.
func (p *Page) Reload() {
	p.t.Helper()
	if err := p.do(chromedp.Reload()); err != nil {
		p.t.Fatalf("reload: %v", err)
	}
}

// Back goes back one page in the visitor's history.
func (p *Page) Back() {
	p.t.Helper()
	h, err := ask(p, page.GetNavigationHistory, cdp.Empty{})
	if err != nil {
		p.t.Fatalf("read the history: %v", err)
	}
	if h.CurrentIndex == 0 {
		p.t.Fatal("there is no page to go back to")
	}
	before := p.net.loads()
	to := page.NavigateToHistoryEntryParams{EntryID: h.Entries[h.CurrentIndex-1].ID}
	if _, err := ask(p, page.NavigateToHistoryEntry, to); err != nil {
		p.t.Fatalf("go back: %v", err)
	}
	p.net.settle(before, time.Second)
}

// URL is the address of the page on show.
func (p *Page) URL() string {
	p.t.Helper()
	h, err := ask(p, page.GetNavigationHistory, cdp.Empty{})
	if err != nil {
		p.t.Fatalf("read the address: %v", err)
	}
	return h.Entries[h.CurrentIndex].URL
}

// Path is the address without the base.
func (p *Page) Path() string {
	p.t.Helper()
	return strings.TrimPrefix(p.URL(), p.o.Base)
}

// Status is the HTTP status of the page on show.
func (p *Page) Status() int { return p.net.status() }

// Title is the text of the title element.
func (p *Page) Title() string {
	p.t.Helper()
	return p.Text("title")
}

// Text waits for the first element that matches a CSS selector and gives its
// text with white space folded. What has the hidden attribute is left out; what
// a style sheet hides is not.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	var text string
	ok := until(func() bool {
		markup, found := p.markup(selector)
		if found {
			text = textOf(markup, p.o.NoScript)
		}
		return found
	})
	if !ok {
		p.t.Fatalf("%s has no %s", p.URL(), selector)
	}
	return text
}

// HTML is the markup of the page as it is now.
func (p *Page) HTML() string {
	p.t.Helper()
	markup, ok := p.markup("html")
	if !ok {
		p.t.Fatalf("%s is not an HTML page", p.URL())
	}
	return markup
}

// HasText waits until the page shows a text, white space folded.
func (p *Page) HasText(text string) {
	p.t.Helper()
	if !until(func() bool { return strings.Contains(p.body(), fold(text)) }) {
		p.t.Fatalf("%s does not say %q; it says:\n%s", p.URL(), text, p.body())
	}
}

// HasNoText waits until the page does not show a text.
func (p *Page) HasNoText(text string) {
	p.t.Helper()
	if !until(func() bool { return !strings.Contains(p.body(), fold(text)) }) {
		p.t.Fatalf("%s still says %q", p.URL(), text)
	}
}

// Count is how many elements match a CSS selector now.
func (p *Page) Count(selector string) int {
	p.t.Helper()
	var n int
	var err error
	// A page that is being replaced has no root, or loses it: ask again.
	ok := until(func() bool {
		var doc dom.GetDocumentResult
		if doc, err = ask(p, dom.GetDocument, dom.GetDocumentParams{}); err != nil {
			return false
		}
		var all dom.QuerySelectorAllResult
		all, err = ask(p, dom.QuerySelectorAll, dom.QuerySelectorAllParams{NodeID: doc.Root.NodeID, Selector: selector})
		if err == nil {
			n = len(all.NodeIDs)
		}
		return err == nil
	})
	if !ok {
		p.t.Fatalf("look for %s: %v", selector, err)
	}
	return n
}

// Attr waits for the first element that matches a CSS selector and gives an
// attribute, empty when it has none.
func (p *Page) Attr(selector, name string) string {
	p.t.Helper()
	var value string
	ok := until(func() bool {
		id, found := p.query(selector)
		if !found {
			return false
		}
		a, err := ask(p, dom.GetAttributes, dom.GetAttributesParams{NodeID: id})
		if err != nil {
			return false
		}
		value = attribute(a.Attributes, name)
		return true
	})
	if !ok {
		p.t.Fatalf("%s has no %s", p.URL(), selector)
	}
	return value
}

// attribute finds a name in a flat list of names and values.
func attribute(pairs []string, name string) string {
	for pair := range slices.Chunk(pairs, 2) {
		if pair[0] == name && len(pair) == 2 {
			return pair[1]
		}
	}
	return ""
}

func (p *Page) body() string {
	markup, _ := p.markup("body")
	return textOf(markup, p.o.NoScript)
}

// query finds an element now. A page that is being replaced has none.
func (p *Page) query(selector string) (cdp.NodeID, bool) {
	doc, err := ask(p, dom.GetDocument, dom.GetDocumentParams{})
	if err != nil {
		return 0, false
	}
	n, err := ask(p, dom.QuerySelector, dom.QuerySelectorParams{NodeID: doc.Root.NodeID, Selector: selector})
	return n.NodeID, err == nil && n.NodeID != 0
}

func (p *Page) markup(selector string) (string, bool) {
	id, ok := p.query(selector)
	if !ok {
		return "", false
	}
	m, err := ask(p, dom.GetOuterHTML, dom.GetOuterHTMLParams{NodeID: id})
	return m.OuterHTML, err == nil
}

// textOf is what markup says to a reader; what stands in noscript, only to one
// without script.
func textOf(markup string, noScript bool) string {
	// Context matters: a fragment that starts with <tr> or <option> would lose
	// it inside a body, so the tokenizer reads it and no tree is built.
	z := html.NewTokenizer(strings.NewReader(markup))
	var b strings.Builder
	skip := skipper{noScript: noScript}
	for {
		switch z.Next() {
		case html.ErrorToken:
			return fold(b.String())
		case html.TextToken:
			if !skip.on() {
				b.Write(z.Text())
			}
		case html.StartTagToken:
			tok := z.Token()
			if tok.Data == "noscript" {
				z.NextIsNotRawText()
			}
			skip.open(tok)
			if !inline(tok.Data) {
				b.WriteByte(' ')
			}
		case html.EndTagToken:
			tok := z.Token()
			skip.close(tok.Data)
			if !inline(tok.Data) {
				b.WriteByte(' ')
			}
		case html.SelfClosingTagToken:
			b.WriteByte(' ')
		}
	}
}

// skipper tells whether the tokenizer is inside an element that nobody reads.
type skipper struct {
	noScript bool
	tag      string
	depth    int
}

func (s *skipper) on() bool { return s.depth > 0 }

func (s *skipper) open(t html.Token) {
	if s.depth > 0 {
		if t.Data == s.tag {
			s.depth++
		}
		return
	}
	hidden := slices.ContainsFunc(t.Attr, func(a html.Attribute) bool { return a.Key == "hidden" })
	switch t.Data {
	case "script", "style", "template":
		hidden = true
	case "noscript":
		hidden = hidden || !s.noScript
	}
	if hidden && !void(t.Data) {
		s.tag, s.depth = t.Data, 1
	}
}

func (s *skipper) close(tag string) {
	if s.depth > 0 && tag == s.tag {
		s.depth--
	}
}

// void are the elements without an end tag.
func void(tag string) bool {
	return slices.Contains([]string{
		"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
	}, tag)
}

// inline are the elements that do not part words.
func inline(tag string) bool {
	return slices.Contains([]string{
		"a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "dfn", "em", "i", "kbd", "mark", "q", "s", "small",
		"span", "strong", "sub", "sup", "time", "u", "var", "wbr",
	}, tag)
}

// fold makes one space of every run of white space.
func fold(s string) string { return strings.Join(strings.Fields(s), " ") }

func (p *Page) String() string { return fmt.Sprintf("%s (%d)", p.URL(), p.Status()) }
