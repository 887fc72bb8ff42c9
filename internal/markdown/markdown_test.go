package markdown_test

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"

	"convoke/internal/markdown"
)

func render(t testing.TB, src string) string {
	t.Helper()
	out, err := markdown.Render(src)
	if err != nil {
		t.Fatalf("%.60q: %v", src, err)
	}
	return string(out)
}

func TestRender(t *testing.T) {
	t.Parallel()
	const link = ` rel="nofollow noopener ugc"`
	for _, c := range []struct{ src, want string }{
		{"", ""},
		{"Plain & simple\nnext line", "<p>Plain &amp; simple<br>\nnext line</p>"},
		{"# One\n\n## Two\n\n###### Six\n\nSetext\n===", "<h3>One</h3>\n<h4>Two</h4>\n<h6>Six</h6>\n<h3>Setext</h3>"},
		{"*a* **b** `c<d`", "<p><em>a</em> <strong>b</strong> <code>c&lt;d</code></p>"},
		{"- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"},
		{"3. a", "<ol start=\"3\">\n<li>a</li>\n</ol>"},
		{"> q\n\n---", "<blockquote>\n<p>q</p>\n</blockquote>\n<hr>"},
		{"```js\na<b\n```", "<pre><code>a&lt;b\n</code></pre>"},
		{"[t](https://a.example/?x=1&y=2 \"T\")", `<p><a href="https://a.example/?x=1&amp;y=2" title="T"` + link + `>t</a></p>`},
		{"[t](mailto:a@b.example)", `<p><a href="mailto:a@b.example"` + link + `>t</a></p>`},
		{"<https://a.example>", `<p><a href="https://a.example"` + link + `>https://a.example</a></p>`},
		{"at https://a.example.", `<p>at <a href="https://a.example"` + link + `>https://a.example</a>.</p>`},
		{"write a@b.example", `<p>write <a href="mailto:a@b.example"` + link + `>a@b.example</a></p>`},
		{"![alt *x*](https://a.example/p.png)", `<p><a href="https://a.example/p.png"` + link + `>alt <em>x</em></a></p>`},
		{"![](https://a.example/p.png)", `<p><a href="https://a.example/p.png"` + link + `>https://a.example/p.png</a></p>`},
		{"[![a](https://a.example/p.png)](https://b.example)", `<p><a href="https://b.example"` + link + `>a</a></p>`},
		{"![a [b](https://b.example)](https://a.example)", `<p>a <a href="https://b.example"` + link + `>b</a></p>`},
		{"[t][r]\n\n[r]: https://a.example", `<p><a href="https://a.example"` + link + `>t</a></p>`},
		// What leads elsewhere keeps its text alone.
		{"[t *u*](javascript:alert(1))", "<p>t <em>u</em></p>"},
		{"[t](/admin) [u](#x) [v](//a.example) [w](http:) [x](mailto:)", "<p>t u v w x</p>"},
		{"<javascript:alert(1)> <ftp://a.example>", "<p>javascript:alert(1) ftp://a.example</p>"},
		// HTML is text.
		{"a <b>c</b>", "<p>a &lt;b&gt;c&lt;/b&gt;</p>"},
		{"<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"},
		{"a\x00b\x1bc\xff", "<p>abc\ufffd</p>"},
	} {
		got := strings.ReplaceAll(strings.TrimSpace(render(t, c.src)), "<br/>", "<br>")
		got = strings.ReplaceAll(got, "<hr/>", "<hr>")
		if got != c.want {
			t.Errorf("%q:\ngot  %s\nwant %s", c.src, got, c.want)
		}
	}
}

func TestTooLong(t *testing.T) {
	t.Parallel()
	if _, err := markdown.Render(strings.Repeat("a", markdown.MaxBytes+1)); !errors.Is(err, markdown.ErrTooLong) {
		t.Errorf("got %v", err)
	}
	render(t, strings.Repeat("a", markdown.MaxBytes))
}

// unsafe says what is wrong with rendered HTML, "" for nothing.
func unsafe(out string) string {
	tags := []string{
		"p", "br", "hr", "strong", "em", "code", "pre", "blockquote",
		"ul", "ol", "li", "h3", "h4", "h5", "h6", "a",
	}
	depth, deepest, inLink := 0, 0, false
	for z := html.NewTokenizer(strings.NewReader(out)); ; {
		switch z.Next() {
		case html.ErrorToken:
			if deepest > 40 || depth != 0 {
				return "nesting"
			}
			return ""
		case html.CommentToken, html.DoctypeToken:
			return "a comment or doctype"
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "a" {
				inLink = false
			}
			depth--
		case html.StartTagToken, html.SelfClosingTagToken:
			tok := z.Token()
			if tok.Data == "a" {
				if inLink {
					return "a link in a link"
				}
				inLink = true
			}
			if tok.Data != "br" && tok.Data != "hr" {
				depth++
				deepest = max(deepest, depth)
			}
			if !slices.Contains(tags, tok.Data) {
				return "element " + tok.Data
			}
			if p := unsafeAttributes(tok); p != "" {
				return p
			}
		}
	}
}

func unsafeAttributes(tok html.Token) string {
	values := map[string]string{}
	for _, a := range tok.Attr {
		values[a.Key] = a.Val
		switch {
		case tok.Data == "a" && (a.Key == "href" || a.Key == "title" || a.Key == "rel"):
		case tok.Data == "ol" && a.Key == "start" && regexp.MustCompile(`^\d+$`).MatchString(a.Val):
		default:
			return "attribute " + a.Key + " of " + tok.Data
		}
	}
	href, isLink := values["href"]
	if !isLink {
		return ""
	}
	if values["rel"] != "nofollow noopener ugc" {
		return "rel " + values["rel"]
	}
	u, err := url.Parse(href)
	if err != nil || !slices.Contains([]string{"http", "https", "mailto"}, u.Scheme) {
		return "link to " + href
	}
	return ""
}

func payloads() []string {
	return []string{
		`<script>alert(1)</script>`, `<ScRiPt src=//x.example></sCrIpT>`, `<img src=x onerror=alert(1)>`,
		`<svg/onload=alert(1)>`, `<svg><script>alert(1)</script></svg>`, `<iframe srcdoc="<script>alert(1)</script>">`,
		`"><script>alert(1)</script>`, `' onmouseover='alert(1)`, `" onmouseover="alert(1)`, `<a href="javascript:alert(1)">x</a>`,
		`javascript:alert(1)`, `JaVaScRiPt:alert(1)`, `java&#115;cript:alert(1)`, `java&Tab;script:alert(1)`, "java\tscript:alert(1)",
		"java\nscript:alert(1)", `&#x6A;avascript:alert(1)`, `javascript&colon;alert(1)`, "\x01javascript:alert(1)",
		" javascript:alert(1)", `data:text/html,<script>alert(1)</script>`, `data:text/html;base64,PHNjcmlwdD4=`,
		`vbscript:msgbox(1)`, `file:///etc/passwd`, `https://x.example/"onclick="alert(1)`, `https://x.example/'><script>`,
		`http://[::1]"><script>`, `https:javascript:alert(1)`, `//x.example/a`, `\\x.example`, `blob:https://x.example/1`,
		`<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`, `<style>@import '//x.example'</style>`,
		`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<!--><script>alert(1)</script>-->`, `<![CDATA[<script>]]>`,
		`<?php echo 1 ?>`, `<form action=javascript:alert(1)><input type=submit>`, `<base href=//x.example>`,
		`<meta http-equiv=refresh content="0;url=javascript:alert(1)">`, `<object data=javascript:alert(1)>`,
		`<p style="background:url(javascript:alert(1))">`, "<img\nsrc=x\nonerror=alert(1)>", `&lt;script&gt;alert(1)&lt;/script&gt;`,
		`&#60;script&#62;`, `\<script>`, "`<script>`", `{onclick=alert(1)}`, `{#id .class onclick=alert(1)}`, "\u202ejavascript:alert(1)",
		`mailto:a@b.example"onclick=alert(1)`, `https://a.example\@b.example`, `</p></div></main><script>alert(1)</script>`,
	}
}

func constructs() []string {
	return []string{
		"%", "# %", "%\n===", "> %", "- %", "1. %", "    %", "```\n%\n```", "```%\nx\n```", "~~~ %", "`%`", "*%*", "**%**",
		"[%](https://a.example)", "[x](%)", "[x](<%>)", "[x](https://a.example \"%\")", "[x](https://a.example '%')",
		"[x](https://a.example (%))", "![%](https://a.example)", "![x](%)", "![](%)", "![x](https://a.example \"%\")",
		"[x]: %\n\n[x]", "[x]: <%>\n\n[x]", "[x]: https://a.example \"%\"\n\n[x]", "[%]: https://a.example\n\n[%]", "<%>",
		"https://a.example/%", "www.a.example/%", "a@b.example%", "[![%](%)](%)", "[x][%]", "\\%", "&%;", "%  \nx", "a\n%",
		"[x](https://a.example/%)", "[x](mailto:%)", "* * *\n%", "| % |\n|-|\n| % |", "[^%]: %", "~~%~~",
	}
}

// TestHostile puts every payload in every construct.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, c := range constructs() {
		for _, p := range payloads() {
			src := strings.ReplaceAll(c, "%", p)
			out := render(t, src)
			if problem := unsafe(out); problem != "" {
				t.Errorf("%q: %s in %s", src, problem, out)
			}
		}
	}
}

// TestNests: depth of the result is bounded, and its lists stay lists.
func TestNests(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{">", "> ", "- ", "1. ", "> - ", "*a **b ", "_a __b "} {
		for _, n := range []int{1, 5, 11, 12, 13, 14, 30, 2000} {
			src := strings.Repeat(unit, n) + "end"
			if strings.Contains(unit, "*") {
				src += strings.Repeat("** *", n)
			}
			if strings.Contains(unit, "_") {
				src += strings.Repeat("__ _", n)
			}
			if len(src) > markdown.MaxBytes {
				continue
			}
			out := render(t, src)
			if problem := unsafe(out); problem != "" {
				t.Errorf("%q × %d: %s", unit, n, problem)
			}
			if !strings.Contains(out, "end") {
				t.Errorf("%q × %d: the text is lost", unit, n)
			}
			opened := strings.Count(out, "<ul>") + strings.Count(out, "<ol>")
			if items := strings.Count(out, "<li>"); items < opened || opened == 0 && items > 0 {
				t.Errorf("%q × %d: %d lists, %d items", unit, n, opened, items)
			}
		}
	}
}

// TestTime holds the worst known inputs to a generous bound: they take under
// 200 ms, and took 11 s where the length is not bounded.
func TestTime(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{
		"![x](", "[", "[x](", "[](", "](", "[a](b", "[a](\"", "[a]: b\n", "*", "*a ", "_a *b ", "`", "`` ` ", "<", "<a", "<http:", "<a@",
		">", "> ", "- ", "+ ", "1) ", "> - ", "\\", "&", "#", "a\n=\n", "```\n", "http://a", "www.", "www.a.", "a@", "a@a.", "(", "x](",
		"[x](((((", "[[a](b)]", "[^", "a\n", "- a\n", "\t",
	} {
		src := strings.Repeat(unit, markdown.MaxBytes/len(unit))
		start := time.Now()
		render(t, src)
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("%q took %v", unit, d)
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		src   string
		limit int
		want  string
	}{
		{"# Title\n\nSome *text* & [link](https://a.example).\n\n- a\n- b", 100, "Title Some text & link.\n- a\n- b"},
		{"Bring:\n\n1. gloves,\n   warm ones\n2. tools\n   - a spade\n\n   or two\n\nand *come*.\nAll of you", 100, "Bring:\n- gloves, warm ones\n- tools\n- a spade\nor two\nand come. All of you"},
		{"- one two\n- three", 12, "- one two…"},
		{"&lt;b&gt; \\*x\\* `c`", 100, "<b> *x* c"},
		{"wo*rd*s joined", 100, "words joined"},
		{"one\ntwo", 100, "one two"},
		{"exactly ten", 11, "exactly ten"},
		{"one two three", 10, "one two…"},
		{"one two, three", 9, "one two…"},
		{"abcdefghijkl", 5, "abcd…"},
		{"a bcdefghijkl", 8, "a bcdef…"},
		{"ñandúes corren", 9, "ñandúes…"},
		{"text", 0, ""},
		{"", 10, ""},
		{strings.Repeat("é", markdown.MaxBytes), 4, "ééé…"},
	} {
		if got := markdown.Plain(c.src, c.limit); got != c.want {
			t.Errorf("%.40q, %d: got %q, want %q", c.src, c.limit, got, c.want)
		}
	}
}

func FuzzRender(f *testing.F) {
	for i, c := range constructs() {
		f.Add(strings.ReplaceAll(c, "%", payloads()[i%len(payloads())]))
	}
	f.Fuzz(func(t *testing.T, src string) {
		out, err := markdown.Render(src)
		if errors.Is(err, markdown.ErrTooLong) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if problem := unsafe(string(out)); problem != "" {
			t.Fatalf("%s in %s", problem, out)
		}
		if !utf8.ValidString(string(out)) {
			t.Fatal("not UTF-8")
		}
		if p := markdown.Plain(src, 50); utf8.RuneCountInString(p) > 50 {
			t.Fatalf("%q is too long", p)
		}
	})
}
