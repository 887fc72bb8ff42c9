package webtest

import (
	"testing"
	"testing/fstest"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
	"convoke/internal/i18n"
	"convoke/internal/web"
)

func TestBrowser(t *testing.T) {
	t.Parallel()
	s := New(t, clock.NewManual(dbtest.Now), nil)
	s.Handle("GET /page", func(c *web.Call) error {
		return c.Write(200, "text/html", []byte(`<main id=main><p class="a b">one <b>two</b></p><p lang=en>three</p></main>`))
	})
	s.Handle("POST /form", func(c *web.Call) error {
		f, err := c.Form()
		if err != nil {
			return err
		}
		c.SignIn(f.Raw("secret"))
		return c.SeeOther("/page?" + f.Raw("x"))
	})
	b := NewBrowser(t, s)
	b.Post("/form", "x", "1=2", "secret", "abc").Want(t, 303, "/page?1=2")
	if b.Cookies["convoke"].Value != "abc" {
		t.Errorf("cookies: %v", b.Cookies)
	}
	b.PostFile("/form", "f", "a.txt", []byte("x"), "x", "3").Want(t, 303, "/page?3")
	if len(b.Cookies) != 0 {
		t.Errorf("a cookie that was removed stays: %v", b.Cookies)
	}
	a := b.Get("/page").Want(t, 200, "")
	for selector, want := range map[string]string{
		"main p.b": "one two", "main p b": "two", "p[lang=en]": "three", "#main": "one two three", "p[lang=]": "", "h1": "",
	} {
		if got := a.Text(selector); got != want {
			t.Errorf("%s says %q, want %q", selector, got, want)
		}
	}
	if len(a.All("p")) != 2 || a.Attr("main p", "class") != "a b" {
		t.Error("not all elements are found")
	}
}

func TestAForgottenPageIsFound(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"pages/a.html":     {Data: []byte(`{{define "title"}}a{{end}}{{define "main"}}{{.}}{{end}}`)},
		"pages/b.html":     {Data: []byte(`{{define "main"}}b{{end}}`)},
		"pages/parts.html": {Data: []byte(`{{define "part"}}c{{end}}`)},
	}
	check := map[string]Check{"a": func(*web.Site, *i18n.Locale) error { return nil }}
	if got := missing(t, files, check); len(got) != 1 || got[0] != "pages/b.html is not checked" {
		t.Errorf("missing: %q", got)
	}
}
