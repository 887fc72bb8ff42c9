package statements

import (
	"strings"
	"testing"

	"convoke/internal/day"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`{% image "a.png" "A bridge" %}`:                        "A bridge",
		`[{% image "a.png" 'A bridge' %}](https://b.example)`:   "[A bridge](https://b.example)",
		`[policy]({{ "/2014/policy/" | url }})`:                 "[policy](https://old.example/2014/policy/)",
		`![Badge]({{site.url}}/a.png){:height="100px"}`:         "![Badge](https://old.example/a.png)",
		`[x]({{ site.url }}{{ site.baseurl }}/a)`:               "[x](https://old.example/a)",
		"{{ \"https://v.example/1\" | embed: \"A\nfilm\" }}":    "[A film](https://v.example/1)",
		`{{ "https://v.example/1" }}`:                           "<https://v.example/1>",
		`[v]({{ "https://v.example/1" }})`:                      "[v](https://v.example/1)",
		`{% youtube "https://v.example/1" %}`:                   "<https://v.example/1>",
		`[about]({% link about.md %})`:                          "[about](https://old.example/about)",
		`[old post]({% post_url 2016-07-26-name %})`:            "old post",
		`a {% if x %}b{% endif %} {{ page.title }}c`:            "a b c",
		`{%- assign x = 1 -%}x{{- y -}}`:                        "x",
		`a{% comment %} hidden {% endcomment %}b`:               "ab",
		`{% raw %}{{ kept }}{% endraw %} {{ gone }}`:            "{{ kept }}",
		"{% highlight go %}\nx := 1\n{% endhighlight %}":        "```go\n\nx := 1\n\n```",
		`{{ open, { single } {} {%}`:                            "{{ open, { single } {} {%}",
		`[rel](/a/b) [far](https://c.example) [mail](mailto:x)`: "[rel](https://old.example/a/b) [far](https://c.example) [mail](mailto:x)",
		"{: .lead}\nText":                                       "Text",
		"`{: .kept}` and `<b>`":                                 "`{: .kept}` and `<b>`",
		"```\n<b>{: x}</b>\n```\n<b>y</b>":                      "```\n<b>{: x}</b>\n```\n**y**",
		"~~~~\n<i>\n~~~\n</i>\n~~~~":                            "~~~~\n<i>\n~~~\n</i>\n~~~~",
		`<a href="https://b.example">b</a>`:                     "[b](https://b.example)",
		`<a href="javascript:alert(1)">b</a> </a>`:              "b",
		`<a name=x>b</a><a href='mailto:x@b.example'>m</a>`:     "b[m](mailto:x@b.example)",
		`<img src="/a.png" alt="A map"> <br> x`:                 "A map \n x",
		`<script>alert("</p>")</script><style>p{}</style>x`:     "x",
		`<!-- a remark
over lines -->x`: "x",
		`<p>a</p><ul><li>b</li></ul>`:               "a\n\n\n\n\n- b",
		`<https://b.example> a < b > c <3 x@y`:      "<https://b.example> a < b > c <3 x@y",
		"unclosed `<b>x\n\nnew </b>":                "unclosed `**x\n\nnew **",
		`<ScRiPt src=x></sCrIpT ><IFRAME></iframe>`: "",
	} {
		c := cleaner{site: "https://old.example"}
		if got := c.clean(src); got != want {
			t.Errorf("%q becomes\n%q, want\n%q", src, got, want)
		}
	}
}

func TestWhatIsTakenOutIsNamed(t *testing.T) {
	t.Parallel()
	c := cleaner{}
	c.clean("{% include a.html %} {% include a.html %} {{ x }} <b>y</b><b>z</b> [r](/rel) {: .x} " + "{{ " + strings.Repeat("long ", 50) + "}}")
	var got []string
	for _, n := range c.notes {
		got = append(got, n.code+" "+n.value)
	}
	want := "liquid {% include a.html %}|liquid {{ x }}|liquid {{ " + strings.Repeat("long ", 15) + "lo…|attributes {: .x}|html b|relative /rel"
	if strings.Join(got, "|") != want {
		t.Errorf("%s", strings.Join(got, "|"))
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a/2026-01-02-bridge.md": "bridge 20260102 ", "bridge.es.md": "bridge 0 es", "18f-2015-09-22-vote.md": "18f--vote 20150922 ",
		"bridge.markdown": "bridge 0 ", "v1.2.md": "v1.2 0 ", "2026-13-45-x.md": "2026-13-45-x 0 ", "2026-01-02.md": " 20260102 ",
		`c:\posts\2026-01-02-x.md`: "x 20260102 ", ".es.md": ".es 0 ", "12026-01-02-x.md": "12026-01-02-x 0 ",
	} {
		base, on, lang := nameOf(name)
		if got := strings.Join([]string{strings.Trim(base, "-"), strings.ReplaceAll(day.ISO(on), "-", ""), lang}, " "); got != strings.Replace(want, " 0 ", "  ", 1) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestAHeadingThatRepeatsTheTitle(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"---\ntitle: Open it!\n---\n# Open it\n\nNow.": "Now.", "---\ntitle: Open\n---\n# Open it\n\nNow.": "# Open it\n\nNow.",
		"---\ntitle: A\n---\n# A": "# A", "---\ntitle: A\n---\nx\n\n# A": "x\n\n# A", "# A\n\nx": "x", "---\ntitle: A\nconvoke: 1\n---\n# A\n\nx": "# A\n\nx",
	} {
		p, _, err := readPost("a.md", []byte(src), defaults{lang: "en", today: 20260502})
		if err != nil || p.text.Markdown != want || len(p.text.HTML) == 0 {
			t.Errorf("%q becomes %q, %v", src, p.text.Markdown, err)
		}
	}
}

func TestDays(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int{
		"2015-06-11": 20150611, "2015-06-11 11:30:00 -4": 20150611, "2015-06-11T23:30:00-08:00": 20150611, "2015/06/11": 20150611, "2015-6-1": 20150601,
		"June 11, 2015": 20150611, "11 Jun 2015": 20150611, "Thu, 11 Jun 2015 11:30:00 -0400": 20150611, "": 0, "tomorrow": 0, "2015-13-01": 0, "0000-00-00": 0,
	} {
		if got, ok := anyDay(s); got != want || ok != (want != 0) {
			t.Errorf("%q is %d, %v", s, got, ok)
		}
	}
}

func FuzzReadPost(f *testing.F) {
	for _, s := range []string{
		"---\ntitle: A\ndate: 2026-01-02\n---\n{% image \"a\" \"b\" %} <a href=\"https://x.example\">y</a> `c`", "{{ \"/x\" | url }}{%raw%}{{x}}{%endraw%}",
		"```\n<b>\n", "{%", "{{", "<!--", "[x]({{", "---\ncorrections: [{date: 2026-01-02, note: x}]\nwithdrawn: {date: x}\n---\nx", "<script><script></script>", "{:}",
	} {
		f.Add("2026-01-02-x.es.md", []byte(s))
	}
	f.Fuzz(func(t *testing.T, name string, src []byte) {
		d := defaults{lang: "en", site: "https://old.example", today: 20260502}
		p, _, err := readPost(name, src, d)
		if err != nil {
			return
		}
		if !validSlug(p.slug) || p.text.Title == "" || p.text.Markdown == "" || p.day == 0 || !knownLanguage(p.text.Lang) || p.state == "" {
			t.Fatalf("%+v", p)
		}
		again, _, err := readPost(name, src, d)
		if err != nil || again.text.Markdown != p.text.Markdown || again.slug != p.slug {
			t.Fatalf("twice: %+v, %v", again, err)
		}
	})
}
