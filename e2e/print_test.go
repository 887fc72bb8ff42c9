package e2e

import (
	"bytes"
	"image/color"
	"image/png"
	"regexp"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/page"
)

// onPaper: what people print comes without what only a screen can use, on paper
// that is white for those with a dark screen too, and on no more sheets than it
// takes.
func onPaper(t *testing.T, s *Instance) {
	p := Browser(t, PageOptions{Base: s.URL, NoScript: true})
	p.Goto("/events?near=Leipzig")
	event := p.Attr(".events h3 a", "href")
	p.Goto("/events?when=past&near=Chicago")
	past := p.Attr(".events h3 a", "href")
	for _, c := range []struct {
		path  string
		sheet int // at most
	}{
		{event, 2},
		{past, 2},
		{event + "/print?lang=en", 1},
		{"/campaigns/open-doors", 3},
		{"/campaigns/open-doors/print?lang=en", 1},
		{"/petitions/keep-the-library-open-on-sundays", 2},
		{"/pledges/a-tool-for-the-garden-day", 2},
		{"/calendar", 2},
		{"/turnout", 3},
	} {
		for _, dark := range []bool{false, true} {
			p := Browser(t, PageOptions{Base: s.URL, Print: true, Dark: dark, Width: 794, Height: 1123})
			p.Goto(c.path)
			p.hasStatus(t, 200)
			p.onlyForPaper(t)
			p.NoOverflow(t)
			p.NoErrors(t)
			p.Screenshot("print-" + regexp.MustCompile(`\W+`).ReplaceAllString(c.path, "-") + strconv.FormatBool(dark))
			if n := p.sheets(t); n < 1 || n > c.sheet {
				t.Errorf("%s goes to %d sheets, want at most %d", c.path, n, c.sheet)
			}
			raw, err := p.picture()
			if err != nil {
				t.Fatal(err)
			}
			m, err := png.Decode(bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			if white := share(m, color.RGBA{255, 255, 255, 255}); white < 0.5 {
				t.Errorf("%s, dark %v: %.0f%% of the paper is white", c.path, dark, 100*white)
			}
		}
	}
}

// onlyForPaper fails the test for what is on the page and cannot be used on paper.
func (p *Page) onlyForPaper(t *testing.T) {
	t.Helper()
	left, err := p.inWorld(`JSON.stringify([...document.querySelectorAll("nav, footer.site, form, button, input, select, textarea, .skip, .no-print, .map-open")]
		.filter(e => e.checkVisibility() && e.getClientRects().length).map(e => e.outerHTML.slice(0, 120)))`)
	if err != nil {
		t.Fatalf("look through %s: %v", p.URL(), err)
	}
	for _, e := range left {
		t.Errorf("%s prints %s", p.URL(), e)
	}
}

// aSheet is a page in a PDF as Chromium writes it; "/Pages" is the list of them.
var aSheet = regexp.MustCompile(`/Type\s*/Page\b`)

// sheets is how many sheets of A4 the page goes to.
func (p *Page) sheets(t *testing.T) int {
	t.Helper()
	r, err := ask(p, page.PrintToPDF, page.PrintToPDFParams{PaperWidth: 8.27, PaperHeight: 11.69})
	if err != nil {
		t.Fatalf("print %s: %v", p.URL(), err)
	}
	if !bytes.HasPrefix(r.Data, []byte("%PDF-")) {
		t.Fatalf("%s does not print to a PDF", p.URL())
	}
	return len(aSheet.FindAll(r.Data, -1))
}
