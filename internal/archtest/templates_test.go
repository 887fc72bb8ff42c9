package archtest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"
)

// allowedWords are the texts that are the same in every language.
var allowedWords = []string{"Convoke", "http://", "https://"}

// templateProblems finds in one page template what the content policy would
// refuse (inline style, script and handlers), what would ask another server, and
// words that do not go through the catalogues. Within the markup everything in
// {{actions}} is left out, so only {{t "Words"}} can bring words.
func templateProblems(path, text string) []string {
	var out []string
	line := 1
	complain := func(format string, args ...any) {
		out = append(out, fmt.Sprintf("%s:%d: ", path, line)+fmt.Sprintf(format, args...))
	}
	markup, err := withoutActions(text)
	if err != nil {
		complain("%v", err)
		return out
	}
	z := html.NewTokenizer(strings.NewReader(markup))
	data := false // inside a script element that only carries data
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return out
		}
		raw := string(z.Raw())
		tok := z.Token()
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			data = tok.Data == "script" && attr(tok, "type") == "application/ld+json"
			for _, p := range tagProblems(tok, data) {
				complain("%s", p)
			}
			// What stands in a tag's own element is judged as its text: the
			// tokenizer gives it next.
			if tok.Data == "script" && !data && attr(tok, "src") == "" && !has(tok, "src") {
				complain("inline script")
			}
		case html.TextToken:
			if word := words(tok.Data); word != "" && !data {
				complain("%q is not in the catalogues; write {{t %q}}", word, word)
			}
		case html.EndTagToken:
			data = false
		}
		line += strings.Count(raw, "\n")
	}
}

func attr(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(t html.Token, name string) bool {
	return slices.ContainsFunc(t.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// tagProblems judges a start tag by itself.
func tagProblems(t html.Token, data bool) []string {
	var out []string
	if t.Data == "style" {
		out = append(out, "inline style element")
	}
	for _, a := range t.Attr {
		value := strings.ToLower(strings.TrimSpace(a.Val))
		switch {
		case a.Key == "style":
			out = append(out, "style attribute")
		case strings.HasPrefix(a.Key, "on"):
			out = append(out, "handler attribute "+a.Key)
		case strings.HasPrefix(value, "javascript:"):
			out = append(out, "script in "+a.Key)
		case loads(t.Data, a.Key) && foreign(value):
			out = append(out, fmt.Sprintf("%s loads from another server: %s", a.Key, a.Val))
		case spoken(t, a.Key) && words(a.Val) != "":
			out = append(out, fmt.Sprintf("%s=%q is not in the catalogues", a.Key, a.Val))
		}
	}
	return out
}

// loads reports whether the browser fetches an attribute's address by itself.
// A link that a person follows may lead anywhere.
func loads(tag, key string) bool {
	switch key {
	case "src", "srcset", "poster", "data", "background", "imagesrcset":
		return true
	case "href", "xlink:href":
		return tag == "link" || tag == "use" || tag == "image"
	}
	return false
}

func foreign(value string) bool {
	return strings.Contains(value, "http:") || strings.Contains(value, "https:") || strings.HasPrefix(value, "//") ||
		strings.Contains(value, " //")
}

// spoken reports whether people read or hear an attribute.
func spoken(t html.Token, key string) bool {
	switch key {
	case "alt", "title", "placeholder", "aria-label", "aria-description", "aria-roledescription", "aria-valuetext", "label":
		return true
	case "value":
		return t.Data == "input" && slices.Contains([]string{"submit", "button", "reset"}, attr(t, "type"))
	case "content":
		return t.Data == "meta" && slices.Contains([]string{"description", "og:title", "og:description"}, attr(t, "name")+attr(t, "property"))
	}
	return false
}

// words is the part of a text that has letters and is not allowed, or empty.
func words(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if slices.Contains(allowedWords, text) || !strings.ContainsFunc(text, unicode.IsLetter) {
		return ""
	}
	return text
}

// withoutActions blanks template actions out, keeping line breaks. It knows
// strings, so that braces within them end nothing.
func withoutActions(text string) (string, error) {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "{{")
		b.WriteString(before)
		if !ok {
			return b.String(), nil
		}
		end := actionEnd(rest)
		if end < 0 {
			return "", fmt.Errorf("an action is not closed: {{%.40s", rest)
		}
		b.WriteString(strings.Repeat("\n", strings.Count(rest[:end], "\n")))
		text = rest[end:]
	}
}

// actionEnd is where the text after {{ goes on behind }}.
func actionEnd(s string) int {
	if comment := strings.TrimLeft(strings.TrimPrefix(s, "-"), " \n\t"); strings.HasPrefix(comment, "/*") {
		i := strings.Index(s, "*/")
		if i < 0 {
			return -1
		}
		j := strings.Index(s[i:], "}}")
		if j < 0 {
			return -1
		}
		return i + j + 2
	}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"', '\'', '`':
			n := quoted.FindString(s[i:])
			if n == "" {
				return -1
			}
			i += len(n) - 1
		case '}':
			if strings.HasPrefix(s[i:], "}}") {
				return i + 2
			}
		}
	}
	return -1
}

var quoted = regexp.MustCompile("^(\"(?:[^\"\\\\\n]|\\\\.)*\"|'(?:[^'\\\\\n]|\\\\.)*'|`[^`]*`)")

func TestTemplateRulesCanFail(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`<h1>{{t "Events"}}</h1>`:                                          "",
		`<p>{{t "Ends with }} braces"}} 12 · {{.N}}</p>`:                   "",
		`<p>{{/* a "remark */}}</p>`:                                       "",
		"{{define `x`}}<tr><td>{{.}}</td></tr>{{end}}":                     "",
		`<a href="https://example.org/{{.X}}">{{.Name}}</a>`:               "",
		`<img src="/map.png" alt="{{t "Map"}}">`:                           "",
		`<input type="hidden" name="key" value="{{.Key}}">`:                "",
		`<option value="rally" {{if .On}}selected{{end}}>{{.L}}</option>`:  "",
		`<script src="/app.js" defer></script>`:                            "",
		`<script type="application/ld+json">{"name": {{.Name}}}</script>`:  "",
		`<a href="/">Convoke</a>`:                                          "",
		`<h1>Events</h1>`:                                                  `x:1: "Events" is not in the catalogues`,
		"<p>{{t\n\"A\"}}</p>\n<p>Words</p>":                                `x:3: "Words"`,
		`<p>{{t "Near"}} you</p>`:                                          `"you"`,
		`<td>Total</td>`:                                                   `"Total"`,
		`<title>Events</title>`:                                            `"Events"`,
		`<img src="/a.png" alt="A map">`:                                   `alt="A map"`,
		`<input placeholder="Place">`:                                      `placeholder=`,
		`<button aria-label="Close">×</button>`:                            `aria-label=`,
		`<input type="submit" value="Send">`:                               `value="Send"`,
		`<meta name="description" content="All events">`:                   `content=`,
		`<p style="color:red">{{t "A"}}</p>`:                               `style attribute`,
		`<style>p{}</style>`:                                               `inline style element`,
		`<button onclick="go()">{{t "A"}}</button>`:                        `handler attribute onclick`,
		`<script>go()</script>`:                                            `inline script`,
		`<a href="javascript:go()">{{t "A"}}</a>`:                          `script in href`,
		`<img src="https://tiles.example/1.png" alt="">`:                   `src loads from another server`,
		`<img src="/a" srcset="/a 1x, //b.example/a 2x" alt="">`:           `srcset loads`,
		`<link rel="stylesheet" href="//fonts.example/x.css">`:             `href loads`,
		`<p>{{t "A"</p>`:                                                   `not closed`,
		`<script type="application/ld+json">{}</script><p>Loose words</p>`: `"Loose words"`,
	} {
		got := strings.Join(templateProblems("x", text), "\n")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s\n\tgives %q, want %q", text, got, want)
		}
	}
}
