package events

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// markup recognises a description that a calendar program has made of HTML,
// which RFC 5545 does not know but several programs write.
var markup = regexp.MustCompile(`(?i)</(p|a|div|span|b|i|u|li|ul|ol|html|body|strong|em)>|<br ?/?>`)

// plainText takes the words out of HTML; other text stays as it is.
func plainText(s string) string {
	if !markup.MatchString(s) {
		return s
	}
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(s))
	for skip := ""; ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return strings.TrimSpace(b.String())
		}
		t := z.Token()
		switch {
		case skip != "":
			if kind == html.EndTagToken && t.Data == skip {
				skip = ""
			}
		case kind == html.TextToken:
			b.WriteString(t.Data)
		case kind == html.StartTagToken && (t.DataAtom == atom.Script || t.DataAtom == atom.Style):
			skip = t.Data
		case t.DataAtom == atom.Br, t.DataAtom == atom.Li && kind == html.StartTagToken:
			b.WriteString("\n")
		case kind == html.EndTagToken && (t.DataAtom == atom.P || t.DataAtom == atom.Div || t.DataAtom == atom.Ul || t.DataAtom == atom.Ol):
			b.WriteString("\n\n")
		}
	}
}

// plainMarkdown escapes plain text so that Markdown shows it as it is, line by
// line (CommonMark 0.31, section 2.4). Web addresses are left alone and become
// links.
func plainMarkdown(s string) string {
	var b strings.Builder
	blank := true // no line yet, or an empty one
	for text := range strings.Lines(strings.ReplaceAll(s, "\r\n", "\n")) {
		text = strings.Join(strings.Fields(text), " ")
		if text == "" {
			if !blank {
				b.WriteString("\n")
			}
			blank = true
			continue
		}
		blank = false
		for i, word := range strings.Split(text, " ") {
			if i > 0 {
				b.WriteByte(' ')
			}
			writeWord(&b, word, i == 0)
		}
		b.WriteByte('\n')
	}
	return strings.TrimSpace(b.String())
}

// writeWord escapes one word; first says that it begins a line, where some
// characters open a block.
func writeWord(b *strings.Builder, word string, first bool) {
	if strings.HasPrefix(word, "https://") || strings.HasPrefix(word, "http://") {
		b.WriteString(word)
		return
	}
	number := first
	for i := range len(word) {
		c := word[i]
		switch c {
		case '\\', '`', '*', '_', '[', ']', '<', '>', '&', '~', '|':
			b.WriteByte('\\')
		case '#', '-', '+', '=':
			if first && i == 0 {
				b.WriteByte('\\')
			}
		case '.', ')':
			if number && i > 0 { // "1." opens a list
				b.WriteByte('\\')
			}
		}
		number = number && c >= '0' && c <= '9'
		b.WriteByte(c)
	}
}
