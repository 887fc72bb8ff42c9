package markdown

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	rhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
	"golang.org/x/net/html"
)

// MaxBytes is the longest source. It bounds time too: the parser takes time
// that grows with the square of some inputs.
const MaxBytes = 16 << 10

// ErrTooLong: the source has more than [MaxBytes] bytes.
var ErrTooLong = errors.New("markdown: text is too long")

// rel of every link: no credit for the linked site, no handle on our window.
const rel = "nofollow noopener ugc"

// engine is what Render needs; it does not change once made.
type engine struct {
	markdown goldmark.Markdown
	policy   *bluemonday.Policy
}

var theEngine = sync.OnceValue(newEngine)

func newEngine() engine {
	p := parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800),
			// Without the two HTML parsers, HTML is text.
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(parser.NewEmphasisParser(), 500),
			util.Prioritized(extension.NewLinkifyParser(
				extension.WithLinkifyAllowedProtocols([]string{"http:", "https:"}),
			), 999),
		),
		parser.WithParagraphTransformers(util.Prioritized(parser.LinkReferenceParagraphTransformer, 100)),
		parser.WithASTTransformers(util.Prioritized(tame{}, 100)),
	)
	return engine{
		markdown: goldmark.New(goldmark.WithParser(p), goldmark.WithRendererOptions(rhtml.WithHardWraps())),
		policy:   newPolicy(),
	}
}

func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "strong", "em", "code", "pre", "blockquote",
		"ul", "ol", "li", "h3", "h4", "h5", "h6", "a")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	p.AllowAttrs("href", "title").OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile("^" + rel + "$")).OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto")
	p.RequireParseableURLs(true)
	return p
}

// Render returns the HTML of src. The only error that is the writer's is
// [ErrTooLong]. The HTML has no classes, ids or styles, and elements are nested
// to a bounded depth; every link has rel="nofollow noopener ugc" and leads to
// http, https or mailto.
func Render(src string) (template.HTML, error) {
	if len(src) > MaxBytes {
		return "", ErrTooLong
	}
	e := theEngine()
	var b bytes.Buffer
	if err := e.markdown.Convert([]byte(clean(src)), &b); err != nil {
		return "", fmt.Errorf("markdown: render: %w", err)
	}
	return template.HTML(e.policy.SanitizeReader(&b).String()), nil //nolint:gosec // just sanitized
}

// clean drops what is not text: broken UTF-8 and control characters.
func clean(src string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(src, "\ufffd"))
}

// Plain returns the text of src without its markup, of at most limit characters;
// a longer one is cut between words and ends in "…". It is one line, and one more
// for each item of a list, which begins with "- ". It is for feeds and calendars. Of a source over [MaxBytes] it
// reads the beginning.
func Plain(src string, limit int) string {
	if len(src) > MaxBytes {
		src = strings.ToValidUTF8(src[:MaxBytes], "")
	}
	out, err := Render(src)
	if err != nil {
		return ""
	}
	var b strings.Builder
	for z := html.NewTokenizer(strings.NewReader(string(out))); ; {
		kind := z.Next()
		name, _ := z.TagName()
		switch {
		case kind == html.ErrorToken: // the end; a string cannot fail to be read
			return shorten(foldLines(b.String()), limit)
		case kind == html.TextToken:
			b.WriteString(strings.ReplaceAll(string(z.Text()), "\n", " "))
		case kind == html.StartTagToken && string(name) == "li":
			b.WriteString("\n- ")
		case kind == html.EndTagToken && (string(name) == "ul" || string(name) == "ol"):
			b.WriteByte('\n')
		case !inline(string(name)):
			b.WriteByte(' ')
		}
	}
}

// foldLines makes one space of every run of spaces, and drops empty lines.
func foldLines(s string) string {
	var out []string
	for line := range strings.Lines(s) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

func inline(tag string) bool {
	return tag == "a" || tag == "em" || tag == "strong" || tag == "code"
}

func shorten(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	if limit < 1 {
		return ""
	}
	r := []rune(s)[:limit]
	cut := strings.TrimRightFunc(string(r[:limit-1]), unicode.IsSpace)
	// Between words, unless that would leave less than half.
	if i := strings.LastIndexAny(cut, " \n"); !unicode.IsSpace(r[limit-1]) && i > len(cut)/2 {
		cut = cut[:i]
	}
	return strings.TrimRightFunc(cut, func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSpace(r) }) + "…"
}
