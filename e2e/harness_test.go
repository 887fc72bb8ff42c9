package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The harness is tried on a small server of its own, with pages that are right
// and pages that are wrong in one way each.

const goodPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Harness &amp; tests</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/style.css"></head>
<body><header><a href="#main">Skip to content</a></header>
<main id="main"><h1>Good   page</h1>
<p>Three <b>bold</b> words.</p><p hidden>Nobody reads this.</p><noscript><p>Without script.</p></noscript>
<p id="live">before</p>
<ul><li><a href="/next">Go on</a></li></ul>
<form method="post" action="/answer">
<p><label for="near">Near</label> <input id="near" name="near" value="old"></p>
<p><label for="day">Day</label> <input id="day" name="day" type="date"></p>
<p><label for="text">What we need</label> <textarea id="text" name="text"></textarea></p>
<p><label for="size">People</label> <select id="size" name="size"><option>1 person<option disabled>none
<optgroup label="More"><option value="2">2 people<option value="3">3 people</optgroup></select></p>
<p><input type="checkbox" id="wheel" name="wheel"> <label for="wheel">Step-free</label></p>
<p><button>Find events</button></p>
</form></main>
<script src="/app.js"></script></body></html>`

const answerPage = `<!doctype html><html lang="en"><head><title>Answer</title>
<meta name="viewport" content="width=device-width"></head>
<body><main><h1>Answer</h1><p id="got">%s</p></main></body></html>`

const brokenPage = `<!doctype html><html><head><title></title><style>p{color:#999;background:#aaa}</style></head>
<body><p>pale</p><img src="/style.css"><div style="width:900px;height:1px" class="wide" id="bar"></div></body></html>`

const policy = "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; img-src *; form-action 'self'; " +
	"base-uri 'none'; require-trusted-types-for 'script'"

func scratch(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	serve := func(path, kind, body string) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Content-Security-Policy", policy)
			fmt.Fprint(w, body)
		})
	}
	serve("/{$}", "text/html; charset=utf-8", goodPage)
	serve("/next", "text/html; charset=utf-8", fmt.Sprintf(answerPage, "next"))
	serve("/broken", "text/html; charset=utf-8", brokenPage)
	serve("/style.css", "text/css", "body{font:1rem sans-serif;color:#111;background:#fff}"+strings.Repeat(" ", 5000))
	serve("/app.js", "text/javascript", `document.getElementById("live").textContent = "after"`)
	serve("/throws", "text/html", "<!doctype html><title>x</title><script src=/throw.js></script>")
	serve("/throw.js", "text/javascript", "console.warn('whispered'); throw new Error('planted')")
	serve("/scheme", "text/html", `<!doctype html><title>x</title><style>#d{display:none}@media(prefers-color-scheme:dark){#d{display:block}}</style><button id=d>Dark</button><button>Always</button>`)
	serve("/trap", "text/html", `<!doctype html><title>x</title><button>One</button><button id=two>Two</button><script src=/trap.js></script>`)
	serve("/trap.js", "text/javascript", `two.onblur = () => two.focus()`)
	mux.HandleFunc("POST /answer", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprintf(w, answerPage, r.PostForm.Encode())
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// complaints is a test that takes note of failures instead of failing.
type complaints struct {
	testing.TB
	said []string
}

func (c *complaints) Helper()        {}
func (c *complaints) Error(a ...any) { c.said = append(c.said, fmt.Sprint(a...)) }
func (c *complaints) Errorf(f string, a ...any) {
	c.said = append(c.said, fmt.Sprintf(f, a...))
}

func (c *complaints) want(t *testing.T, parts ...string) {
	t.Helper()
	all := strings.Join(c.said, "\n")
	for _, part := range parts {
		if !strings.Contains(all, part) {
			t.Errorf("no complaint with %q in:\n%s", part, all)
		}
	}
}

func TestJourney(t *testing.T) {
	t.Parallel()
	for _, noScript := range []bool{false, true} {
		t.Run(fmt.Sprintf("noscript=%v", noScript), func(t *testing.T) {
			t.Parallel()
			s := scratch(t)
			p := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 320, Height: 640})
			p.Goto("/")
			if got, want := p.Title(), "Harness & tests"; got != want {
				t.Errorf("title %q, want %q", got, want)
			}
			p.HasText("Three bold words.")
			p.HasNoText("Nobody reads this.")
			if noScript {
				p.HasText("before")
				p.HasText("Without script.")
			} else {
				p.HasText("after")
				p.HasNoText("Without script.")
			}
			p.Axe(t)
			p.NoOverflow(t)
			p.NoThirdParty(t)
			p.NoErrors(t)

			p.Fill("Near", "Leipzig & Köln")
			p.Fill("Day", "2026-05-02")
			p.Fill("What we need", "two\nlines")
			p.Select("People", "3 people")
			p.Check("Step-free", true)
			if !p.Checked("Step-free") {
				t.Error("the box is not marked")
			}
			if got := p.Value("Near"); got != "Leipzig & Köln" {
				t.Errorf("Near holds %q", got)
			}
			p.ClickRole("button", "Find events")
			want := "day=2026-05-02&near=Leipzig+%26+K%C3%B6ln&size=3&text=two%0D%0Alines&wheel=on"
			if got := p.Text("#got"); got != want {
				t.Errorf("the form sent\n%s, want\n%s", got, want)
			}
			if p.Status() != 422 || p.Path() != "/answer" {
				t.Errorf("on %v", p)
			}
			p.Axe(t) // the answer to a form, which cannot be asked for again
			p.Back()
			p.ClickRole("link", "Go on")
			p.HasRole("heading", "Answer")
			if p.Path() != "/next" || p.Status() != 200 {
				t.Errorf("on %v", p)
			}
		})
	}
}

func TestFillReplacesAndEmpties(t *testing.T) {
	t.Parallel()
	s := scratch(t)
	p := Browser(t, PageOptions{Base: s.URL, NoScript: true})
	p.Goto("/")
	p.Fill("Near", "")
	p.Fill("What we need", "one")
	p.Fill("What we need", "two")
	p.Select("People", "2 people")
	p.Select("People", "1 person")
	p.ClickRole("button", "Find events")
	if got, want := p.Text("#got"), "day=&near=&size=1+person&text=two"; got != want {
		t.Errorf("the form sent\n%s, want\n%s", got, want)
	}
}

func TestEnterSendsTheForm(t *testing.T) {
	t.Parallel()
	s := scratch(t)
	p := Browser(t, PageOptions{Base: s.URL, NoScript: true})
	p.Goto("/")
	p.Fill("Near", "x")
	p.Press("Enter")
	if p.Path() != "/answer" {
		t.Errorf("on %v", p)
	}
}

func TestFindsWhatIsBroken(t *testing.T) {
	t.Parallel()
	for _, noScript := range []bool{false, true} {
		t.Run(fmt.Sprintf("noscript=%v", noScript), func(t *testing.T) {
			t.Parallel()
			s := scratch(t)
			p := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 320, Height: 640})
			p.Goto("/broken")
			c := &complaints{TB: t}
			p.Axe(c)
			c.want(t, "color-contrast", "document-title", "html-has-lang", "image-alt")
			c = &complaints{TB: t}
			p.NoOverflow(c)
			c.want(t, "div.wide#bar ends at 908")
		})
	}
}

func TestFindsOtherServers(t *testing.T) {
	t.Parallel()
	other := scratch(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><title>x</title><link rel=stylesheet href="%s/style.css"><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">`, other.URL)
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	p := Browser(t, PageOptions{Base: s.URL, NoScript: true})
	p.Goto("/")
	c := &complaints{TB: t}
	p.NoThirdParty(c)
	if len(c.said) != 1 {
		t.Errorf("%d complaints: %v", len(c.said), c.said)
	}
	c.want(t, other.URL+"/style.css")
}

func TestFindsErrors(t *testing.T) {
	t.Parallel()
	s := scratch(t)
	p := Browser(t, PageOptions{Base: s.URL})
	p.Goto("/throws")
	c := &complaints{TB: t}
	p.NoErrors(c)
	c.want(t, "planted")
	c.want(t, "whispered")

	p = Browser(t, PageOptions{Base: s.URL})
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		fmt.Fprint(w, `<!doctype html><title>x</title><p style="color:red">Hello`)
	})
	strict := httptest.NewServer(mux)
	defer strict.Close()
	p.Goto(strict.URL)
	c = &complaints{TB: t}
	p.NoErrors(c)
	c.want(t, "Content Security Policy")
}

func TestWeight(t *testing.T) {
	t.Parallel()
	s := scratch(t)
	p := Browser(t, PageOptions{Base: s.URL})
	p.Goto("/next")
	p.Goto("/")
	p.HasText("after")
	w := p.Weight(t)
	if w.Style < 5000 || w.Style > 6000 || w.HTML < len(goodPage) || w.HTML > len(goodPage)+600 || w.Script < 50 {
		t.Errorf("weights %v", w)
	}
	if w.Requests < 3 || w.Total() < w.Style+w.HTML {
		t.Errorf("weights %v", w)
	}
	p.Goto("/next")
	if second := p.Weight(t); second.Style != 0 || second.HTML >= w.HTML {
		t.Errorf("the page before is weighed too: %v", second)
	}
}

func TestErrorPagesAreShown(t *testing.T) {
	t.Parallel()
	s := scratch(t)
	p := Browser(t, PageOptions{Base: s.URL, NoScript: true})
	p.Goto("/nowhere")
	p.HasText("404 page not found")
	if p.Status() != 404 {
		t.Errorf("status %d", p.Status())
	}
	if got := p.Count("main"); got != 0 {
		t.Errorf("%d mains", got)
	}
	p.Goto("/")
	if p.Status() != 200 || p.Count("li a") != 1 || p.Attr("li a", "href") != "/next" {
		t.Errorf("%v has %d links to %q", p, p.Count("li a"), p.Attr("li a", "href"))
	}
}

func TestTabOrder(t *testing.T) {
	t.Parallel()
	s := scratch(t)
	for _, noScript := range []bool{false, true} {
		p := Browser(t, PageOptions{Base: s.URL, NoScript: noScript})
		p.Goto("/")
		var names []string
		for _, c := range p.TabOrder() {
			names = append(names, c.Name)
		}
		want := []string{"Skip to content", "Go on", "Near", "Day", "What we need", "People", "Step-free", "Find events"}
		got := slices.DeleteFunc(names, func(s string) bool { return !slices.Contains(want, s) })
		if !slices.Equal(got, want) {
			t.Errorf("noscript=%v: the keyboard reaches %q, want %q", noScript, got, want)
		}
	}
}

func TestColourSchemeAndPictures(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(EnvShots, dir)
	s := scratch(t)
	for _, dark := range []bool{false, true} {
		p := Browser(t, PageOptions{Base: s.URL, Dark: dark, Width: 390, Height: 844})
		p.Goto("/scheme")
		if n := len(p.Controls("button")); (n == 2) != dark {
			t.Errorf("dark=%v: %d buttons", dark, n)
		}
		p.Goto("/")
		p.Screenshot("good")
		f, err := os.Open(filepath.Join(dir, "good.png"))
		if err != nil {
			t.Fatal(err)
		}
		pic, err := png.DecodeConfig(f)
		if err != nil || pic.Width != 390 || pic.Height < 844 {
			t.Errorf("the picture is %dx%d: %v", pic.Width, pic.Height, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestVisitorsShareNothing(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
		_, err := r.Cookie("a")
		fmt.Fprintf(w, "<!doctype html><title>x</title><p>known=%v language=%s</p>", err == nil, r.Header.Get("Accept-Language"))
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	one := Browser(t, PageOptions{Base: s.URL})
	one.Goto("/")
	one.HasText("known=false language=en")
	one.Reload()
	one.HasText("known=true")
	two := Browser(t, PageOptions{Base: s.URL, Language: "es"})
	two.Goto("/")
	two.HasText("known=false language=es")
}

func TestAxeIsUnchanged(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("testdata/axe/axe.min.js.sha256")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(axeSource))
	if !strings.HasPrefix(string(want), hex.EncodeToString(sum[:])+" ") {
		t.Errorf("axe.min.js has SHA-256 %x", sum)
	}
}

func TestTextOf(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"<p>a</p><p>b</p>":                              "a b",
		"a<b>b</b>c <br>d":                              "abc d",
		"<tr><td>1<td>2":                                "1 2",
		"x<script>y</script><style>z</style>":           "x",
		"<div hidden>a<div>b</div>c</div>d":             "d",
		"<input hidden>e":                               "e",
		"&lt;i&gt; &amp;&nbsp;m":                        "<i> & m",
		"<noscript><p>f</p></noscript>g":                "g",
		"<template><p>h</p></template><i>j</i>":         "j",
		"<p hidden>k</p><p>l</p><textarea>m</textarea>": "l m",
	} {
		if got := textOf(in, false); got != want {
			t.Errorf("textOf(%q) = %q, want %q", in, got, want)
		}
	}
	if got := textOf("<noscript><p>f</p></noscript>g", true); got != "f g" {
		t.Errorf("without script: %q", got)
	}
}
