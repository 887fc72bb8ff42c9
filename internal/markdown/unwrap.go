package markdown

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// Unwrap makes of Markdown as other programs read it what [Render] shows alike:
// there, a line break within a paragraph is a space, and here it is kept. So the
// lines of a paragraph become one, but for breaks that are meant, with two
// spaces or a backslash at the end of a line. A source over [MaxBytes] stays as
// it is.
func Unwrap(src string) string {
	if len(src) > MaxBytes {
		return src
	}
	src = clean(src)
	b := []byte(src)
	var breaks []lineBreak
	doc := theEngine().markdown.Parser().Parse(text.NewReader(b))
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering && (t.SoftLineBreak() || t.HardLineBreak()) {
			if br, ok := breakAt(n, t.Segment.Stop, b); ok {
				br.hard = t.HardLineBreak()
				breaks = append(breaks, br)
			}
		}
		return ast.WalkContinue, nil
	})
	var out strings.Builder
	at := 0
	for _, br := range breaks {
		if br.from < at {
			continue
		}
		out.WriteString(src[at:br.from])
		between := src[br.from:br.to]
		switch i := strings.IndexByte(between, '\n'); {
		case !br.hard:
			out.WriteByte(' ')
		case i >= 0:
			out.WriteString(between[i:])
		}
		at = br.to
	}
	out.WriteString(src[at:])
	return out.String()
}

// lineBreak is from where the text of a line ends to where that of the next
// begins, behind its indent and marks.
type lineBreak struct {
	from, to int
	hard     bool
}

// breakAt finds the lines around a position in the block that n stands in.
func breakAt(n ast.Node, at int, src []byte) (lineBreak, bool) {
	for n != nil && n.Type() != ast.TypeBlock {
		n = n.Parent()
	}
	if n == nil {
		return lineBreak{}, false
	}
	lines := n.Lines()
	for i := 0; i+1 < lines.Len(); i++ {
		if l := lines.At(i); at < l.Start || at > l.Stop {
			continue
		}
		next := lines.At(i + 1).Start
		for next < len(src) && (src[next] == ' ' || src[next] == '\t') {
			next++
		}
		return lineBreak{from: at, to: next}, at <= next
	}
	return lineBreak{}, false
}
