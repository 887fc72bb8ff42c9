package inbound

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxPage is how much of a page is read, in bytes.
const maxPage = 256 << 10

// blanks keeps the line breaks of a page's source from being lines.
var blanks = strings.NewReplacer("\n", " ", "\r", " ", "\u00a0", " ")

// textOf is what somebody reads of a page: its text by lines, of at most maxText bytes.
// What is quoted begins with >, as in plain text.
func textOf(page string) string {
	z := html.NewTokenizer(strings.NewReader(page))
	var out strings.Builder
	hidden, quoted := 0, 0
	for out.Len() < maxText {
		kind := z.Next()
		if kind == html.ErrorToken {
			return strings.TrimSpace(out.String())
		}
		if kind == html.TextToken && hidden == 0 {
			out.WriteString(blanks.Replace(string(z.Text())))
		}
		if kind != html.StartTagToken && kind != html.EndTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		step := 1
		if kind == html.EndTagToken {
			step = -1
		}
		name, _ := z.TagName()
		switch atom.Lookup(name) {
		case atom.Head, atom.Title, atom.Style, atom.Script:
			hidden = max(hidden+step, 0)
		case atom.Body:
			hidden = 0
		case atom.Blockquote:
			quoted = max(quoted+step, 0)
			out.WriteString("\n" + strings.Repeat("> ", min(quoted, 1)))
		case atom.Br, atom.P, atom.Div, atom.Tr, atom.Li, atom.H1, atom.H2, atom.H3:
			out.WriteString("\n" + strings.Repeat("> ", min(quoted, 1)))
		}
	}
	return strings.ToValidUTF8(out.String()[:maxText], "")
}
