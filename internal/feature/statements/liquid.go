package statements

import (
	"regexp"
	"slices"
	"strings"
)

// cleaner turns the text of a post into plain Markdown and notes what it had to
// change. It never fails: what it does not understand it leaves out and names.
type cleaner struct {
	site  string // begins addresses on the site that the post comes from; may be ""
	notes []note
}

// note is something that was changed: a code of the report and what it is about.
type note struct{ code, value string }

func (c *cleaner) note(code, value string) {
	value = strings.Join(strings.Fields(value), " ")
	if r := []rune(value); len(r) > 80 {
		value = string(r[:80]) + "…"
	}
	if n := (note{code, value}); !slices.Contains(c.notes, n) {
		c.notes = append(c.notes, n)
	}
}

func (c *cleaner) clean(src string) string {
	s := outsideCode(c.liquid(src), func(s string) string { return c.html(c.attributes(s)) })
	s = emptyLink.ReplaceAllString(s, "$1")
	return strings.TrimSpace(outsideCode(s, c.links))
}

// liquid takes out the tags of the template language that Jekyll and others run
// over posts. Where a tag plainly stands for an address or a word, that stays.
func (c *cleaner) liquid(src string) string {
	var out strings.Builder
	for {
		m := liquidTag.FindStringIndex(src)
		if m == nil {
			out.WriteString(src)
			return out.String()
		}
		out.WriteString(src[:m[0]])
		tag := src[m[0]:m[1]]
		inner := strings.TrimSpace(strings.Trim(tag[2:len(tag)-2], "-"))
		src = src[m[1]:]
		if strings.HasPrefix(tag, "{{") {
			c.note(codeLiquid, tag)
			out.WriteString(c.output(inner, out.String()))
			continue
		}
		var text string
		text, src = c.tag(tag, inner, src)
		out.WriteString(text)
	}
}

// tag gives what stands for {% inner %}, and what follows it.
func (c *cleaner) tag(tag, inner, rest string) (text, after string) {
	name, args, _ := strings.Cut(inner, " ")
	switch name {
	case "raw":
		text, after = until(rest, "endraw")
		return text, after
	case "comment":
		_, after = until(rest, "endcomment")
		return "", after
	case "highlight":
		return "```" + strings.TrimSpace(args) + "\n", rest
	case "endhighlight":
		return "\n```", rest
	}
	c.note(codeLiquid, tag)
	words := quotedText.FindAllStringSubmatch(args, -1)
	switch name {
	case "image", "img", "picture", "figure":
		if len(words) > 0 {
			return unquote(words[len(words)-1]), rest // what it shows
		}
	case "link":
		if path := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(args), "/"), ".md"); c.site != "" && path != "" {
			return c.site + "/" + path, rest
		}
	}
	for _, w := range words {
		if s := unquote(w); isWeb(s) {
			return "<" + s + ">", rest
		}
	}
	return "", rest
}

// output gives what stands for {{ inner }}; before is the text so far.
func (c *cleaner) output(inner, before string) string {
	value, filters, _ := strings.Cut(inner, "|")
	value = strings.TrimSpace(value)
	switch value {
	case "site.url", "site.baseurl", "site.github.url":
		if value == "site.baseurl" && strings.HasSuffix(before, c.site) {
			return "" // {{ site.url }}{{ site.baseurl }}
		}
		return c.site
	}
	m := quotedText.FindStringSubmatch(inner)
	if m == nil || !strings.HasPrefix(inner, m[0]) {
		return ""
	}
	lit := unquote(m)
	switch {
	case strings.HasPrefix(lit, "/"):
		return c.site + lit
	case !isWeb(lit) || strings.HasSuffix(before, "(") || strings.HasSuffix(before, "<"):
		return lit
	}
	if w := quotedText.FindStringSubmatch(filters); w != nil {
		return "[" + strings.Join(strings.Fields(unquote(w)), " ") + "](" + lit + ")"
	}
	return "<" + lit + ">"
}

// until cuts s at {% name %}; without one it takes everything.
func until(s, name string) (before, after string) {
	m := regexp.MustCompile(`\{%-?\s*` + name + `\s*-?%\}`).FindStringIndex(s)
	if m == nil {
		return s, ""
	}
	return s[:m[0]], s[m[1]:]
}

var (
	liquidTag  = regexp.MustCompile(`(?s)\{\{.*?\}\}|\{%.*?%\}`)
	quotedText = regexp.MustCompile(`"([^"]*)"|'([^']*)'`)
	emptyLink  = regexp.MustCompile(`!?\[([^\[\]]*)\]\(\s*\)`)
	attributes = regexp.MustCompile(`\{:[^{}\n]*\}`)
	anyTag     = regexp.MustCompile(`(?s)<!--.*?-->|</?([a-zA-Z][a-zA-Z0-9-]*)(\s[^<>]*)?/?>`)
	linkTarget = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)`)
	attrText   = regexp.MustCompile(`(?i)\b(href|src|alt)\s*=\s*(?:"([^"]*)"|'([^']*)')`)
)

func unquote(m []string) string { return m[1] + m[2] }

func isWeb(s string) bool { return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") }

// attributes takes out the {: ...} with which kramdown styles what stands before.
func (c *cleaner) attributes(s string) string {
	return attributes.ReplaceAllStringFunc(s, func(m string) string {
		c.note(codeAttributes, m)
		return ""
	})
}

// html keeps of HTML what Markdown can say as well. The rest would be shown as
// the text that it is.
func (c *cleaner) html(s string) string {
	for _, name := range []string{"script", "style", "iframe"} {
		whole := regexp.MustCompile(`(?is)<` + name + `\b[^>]*>.*?</` + name + `\s*>`)
		s = whole.ReplaceAllStringFunc(s, func(string) string {
			c.note(codeHTML, name)
			return ""
		})
	}
	var open []string // addresses of the links around; "" for one that leads nowhere
	return anyTag.ReplaceAllStringFunc(s, func(tag string) string {
		m := anyTag.FindStringSubmatch(tag)
		name := strings.ToLower(m[1])
		if name != "" {
			c.note(codeHTML, name)
		}
		closing := strings.HasPrefix(tag, "</")
		switch name {
		case "a":
			return anchor(closing, m[2], &open)
		case "img":
			return attr(m[2], "alt")
		case "b", "strong":
			return "**"
		case "i", "em":
			return "*"
		case "code":
			return "`"
		case "br":
			return "\n"
		case "li":
			if !closing {
				return "\n- "
			}
		case "p", "div", "blockquote", "ul", "ol", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "section", "table", "tr":
			return "\n\n"
		}
		return ""
	})
}

func anchor(closing bool, attrs string, open *[]string) string {
	if !closing {
		href := attr(attrs, "href")
		if !isWeb(href) && !strings.HasPrefix(href, "mailto:") {
			href = ""
		}
		*open = append(*open, href)
		if href == "" {
			return ""
		}
		return "["
	}
	n := len(*open)
	if n == 0 {
		return ""
	}
	href := (*open)[n-1]
	*open = (*open)[:n-1]
	if href == "" {
		return ""
	}
	return "](" + href + ")"
}

func attr(attrs, name string) string {
	for _, m := range attrText.FindAllStringSubmatch(attrs, -1) {
		if strings.EqualFold(m[1], name) {
			return m[2] + m[3]
		}
	}
	return ""
}

// links completes addresses that hold only on the site the post comes from.
// Without the name of that site they are shown as text.
func (c *cleaner) links(s string) string {
	return linkTarget.ReplaceAllStringFunc(s, func(m string) string {
		to := linkTarget.FindStringSubmatch(m)[1]
		if isWeb(to) || strings.HasPrefix(to, "mailto:") || strings.HasPrefix(to, "#") {
			return m
		}
		if c.site != "" && strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") {
			return strings.Replace(m, to, c.site+to, 1)
		}
		c.note(codeRelative, to)
		return m
	})
}

// outsideCode changes what is neither between fences nor in a code span.
func outsideCode(s string, change func(string) string) string {
	var out, text strings.Builder
	flush := func() {
		out.WriteString(outsideSpans(text.String(), change))
		text.Reset()
	}
	fence := ""
	for line := range strings.Lines(s) {
		mark := fenceOf(line)
		switch {
		case fence == "" && mark != "":
			flush()
			fence = mark
			out.WriteString(line)
		case fence != "":
			out.WriteString(line)
			if strings.HasPrefix(mark, fence) && strings.Trim(strings.TrimSpace(line), fence[:1]) == "" {
				fence = ""
			}
		default:
			text.WriteString(line)
		}
	}
	flush()
	return out.String()
}

// fenceOf is the run of ``` or ~~~ that begins a line, or "".
func fenceOf(line string) string {
	line = strings.TrimLeft(line, " ")
	for _, c := range []string{"`", "~"} {
		if n := len(line) - len(strings.TrimLeft(line, c)); n >= 3 {
			return strings.Repeat(c, n)
		}
	}
	return ""
}

// outsideSpans is [outsideCode] for the runs of backquotes in a text.
func outsideSpans(s string, change func(string) string) string {
	var out strings.Builder
	at := 0 // from here on nothing is written yet
	for i := 0; i < len(s); {
		if s[i] != '`' {
			i++
			continue
		}
		n := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
		end := spanEnd(s[i+n:], n)
		if end < 0 {
			i += n
			continue
		}
		out.WriteString(change(s[at:i]))
		at = i + n + end
		out.WriteString(s[i:at])
		i = at
	}
	out.WriteString(change(s[at:]))
	return out.String()
}

// spanEnd is where the text ends behind a run of exactly n backquotes, or -1. A
// span does not go beyond its paragraph.
func spanEnd(s string, n int) int {
	if i := strings.Index(s, "\n\n"); i >= 0 {
		s = s[:i]
	}
	for i := 0; i < len(s); {
		if s[i] != '`' {
			i++
			continue
		}
		k := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
		if i += k; k == n {
			return i
		}
	}
	return -1
}
