package e2e

import (
	"strconv"
	"testing"
)

// TestNavigationOfAPhone: on the smallest screen the places of the node take two
// lines at most, in every language that comes with the program, and each of them
// can be reached.
func TestNavigationOfAPhone(t *testing.T) {
	t.Parallel()
	s := Server(t, ServerOptions{})
	for _, lang := range []string{"en", "es", "ar"} {
		p := Browser(t, PageOptions{Base: s.URL, NoScript: true, Width: 320, Height: 640, Language: lang})
		p.Goto("/groups")
		const lines = `JSON.stringify([...new Set([...document.querySelectorAll(".site-nav a")].map((a) => Math.round(a.getBoundingClientRect().top)))].map(String))`
		tops, err := p.inWorld(lines)
		if err != nil {
			t.Fatal(err)
		}
		if len(tops) > 2 {
			t.Errorf("%s: the navigation takes %d lines", lang, len(tops))
		}
		for i := range p.Count(".site-nav a") {
			at := ".site-nav li:nth-child(" + strconv.Itoa(i+1) + ") a"
			if href := p.Attr(at, "href"); fetch(t, s.URL+href).status != 200 {
				t.Errorf("%s leads nowhere", href)
			}
		}
		p.NoOverflow(t)
		p.Axe(t)
	}
}
