package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// aroundChicago has a lake, and more events than one answer carries.
const aroundChicago = "/events?near=Chicago&when=past&radius_km=250"

// inks are the colours of the map that moves, as view.js has them.
type inks struct{ water, land, marker color.RGBA }

var (
	lightInks = inks{color.RGBA{0xd3, 0xe2, 0xe6, 255}, color.RGBA{0xf7, 0xf4, 0xed, 255}, color.RGBA{0x0b, 0x6e, 0x69, 255}}
	darkInks  = inks{color.RGBA{0x15, 0x1b, 0x20, 255}, color.RGBA{0x25, 0x2b, 0x30, 255}, color.RGBA{0x4f, 0xd1, 0xc5, 255}}
)

// openMaps: the map that moves opens, draws and can be used, as every visitor
// has it; who cannot have it keeps the picture.
func openMaps(t *testing.T, s *Instance) {
	for _, c := range []struct {
		name string
		o    PageOptions
	}{
		{"phone", PageOptions{Width: 390, Height: 844}},
		{"desk", PageOptions{}},
		{"phone-dark", PageOptions{Width: 390, Height: 844, Dark: true}},
		{"desk-dark", PageOptions{Dark: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Base = s.URL
			p := Browser(t, c.o)
			p.openMap(t, aroundChicago)
			p.mapShows(t, 5)
			p.Screenshot("map-" + c.name)
		})
	}
	t.Run("use", func(t *testing.T) { useMap(t, s) })
	t.Run("nowebgl", func(t *testing.T) { flatMap(t, s) })
}

// openMap presses the button that the script adds to the picture.
func (p *Page) openMap(t *testing.T, path string) {
	t.Helper()
	p.Goto(path)
	before := p.Weight(t)
	p.ClickRole("button", "Open the map")
	p.has(t, 1, "[data-map-open] canvas")
	p.has(t, 1, "[data-map] img") // the picture stays under it
	if after := p.Weight(t); after.Script <= before.Script {
		t.Errorf("the map's library is not fetched when it is asked for: before %v, after %v", before, after)
	}
	if c, _ := p.Focused(); c.Name != "Map of events" {
		t.Errorf("the keyboard is at %v, not on the map", c)
	}
	p.HasRole("button", "Closer")
	p.HasRole("button", "Wider")
	p.HasText("Natural Earth, US Census Bureau, GeoNames")
	p.Axe(t)
	p.NoOverflow(t)
	p.NoThirdParty(t)
	p.NoErrors(t)
}

// mapShows waits until the map has drawn its land and its water, which come with
// the tiles, and at least so many markers, which come with the events.
func (p *Page) mapShows(t *testing.T, markers int) image.Image {
	t.Helper()
	ink := lightInks
	if p.o.Dark {
		ink = darkInks
	}
	var m image.Image
	var land, water float64
	var found []image.Rectangle
	if !until(func() bool {
		m, _ = p.mapPicture(t)
		land, water, found = share(m, ink.land), share(m, ink.water), blobs(m, ink.marker)
		return land > 0.2 && water > 0.02 && len(found) >= markers
	}) {
		t.Fatalf("the map of %s shows %.0f%% land, %.0f%% water and %d markers", p.URL(), 100*land, 100*water, len(found))
	}
	return m
}

// useMap moves the map by mouse and by keyboard, and asks it what it shows.
func useMap(t *testing.T, s *Instance) {
	p := Browser(t, PageOptions{Base: s.URL, Width: 360, Height: 740})
	p.openMap(t, aroundChicago)
	m := p.mapShows(t, 5)
	if n := len(p.windows(t, 1)); n != 1 {
		t.Errorf("the map asked for %d windows before it was moved", n)
	}
	if !until(func() bool { return len(p.asked("/events.geojson?", "after=")) > 0 }) {
		t.Error("the map shows the first answer and not the rest")
	}

	_, at := p.mapPicture(t)
	from := chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, at.X+100, at.Y+120, chromedp.ButtonLeft)
	over := chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at.X+250, at.Y+120, chromedp.ButtonLeft)
	to := chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, at.X+250, at.Y+120, chromedp.ButtonLeft)
	if err := p.do(from, over, to); err != nil {
		t.Fatal(err)
	}
	w := p.windows(t, 2)
	if west, was := edge(t, w[1]), edge(t, w[0]); west >= was {
		t.Errorf("drawn to the east, the map asks for %s after %s", w[1], w[0])
	}
	lake := share(m, lightInks.water)
	if !until(func() bool {
		m, _ = p.mapPicture(t)
		return share(m, lightInks.water) < lake/2 && share(m, lightInks.land) > 0.2
	}) {
		t.Error("the lake is still there")
	}
	if n := len(blobs(m, lightInks.marker)); n < 5 {
		t.Errorf("the window next to it has %d markers", n)
	}
	p.Press("ArrowLeft")
	p.windows(t, 3)

	// A cluster of several towns parts when it is pressed: the map comes closer.
	// While events still come in, a press can miss.
	p.openMap(t, aroundChicago)
	p.mapShows(t, 5)
	if !until(func() bool {
		p.pressMarker(t)
		w = p.windows(t, 1)
		return width(t, w[len(w)-1]) < width(t, w[0])*0.9
	}) {
		t.Errorf("clusters were pressed, and the map shows %q", w)
	}

	// One place holds four events, which no closer look parts.
	p.openMap(t, "/events?near=Leipzig")
	if !until(func() bool { m, _ := p.mapPicture(t); return len(blobs(m, lightInks.marker)) == 1 }) {
		t.Fatal("the map does not show the events of Leipzig")
	}
	p.pressMarker(t)
	p.has(t, 4, ".map-popup a")
	p.HasRole("link", cleanUp)
	p.inFrame(t, ".map-popup")
	p.Screenshot("map-popup")
	p.Axe(t)
	p.Press("Escape")
	p.has(t, 0, ".map-popup")
	p.pressMarker(t)
	p.ClickRole("link", cleanUp)
	p.HasRole("heading", cleanUp)
	p.NoThirdParty(t)
	p.NoErrors(t)
}

// flatMap: without WebGL the button says why, without script there is none, and
// both times the picture stays.
func flatMap(t *testing.T, s *Instance) {
	p := Browser(t, PageOptions{Base: s.URL, NoWebGL: true})
	p.Goto(aroundChicago)
	p.ClickRole("button", "Open the map")
	p.HasText("This browser cannot show the moving map. The picture and the list show the same.")
	p.has(t, 0, "[data-map] canvas, .map-open")
	staticMap(t, p, s)
	p.Axe(t)
	p.NoErrors(t)
	q := Browser(t, PageOptions{Base: s.URL, NoScript: true})
	q.Goto(aroundChicago)
	q.has(t, 0, "[data-map] canvas, .map-open")
	staticMap(t, q, s)
}

// pressMarker clicks the largest marker of a light map.
func (p *Page) pressMarker(t *testing.T) {
	t.Helper()
	m, at := p.mapPicture(t)
	all := blobs(m, lightInks.marker)
	if len(all) == 0 {
		t.Fatal("the map has no marker")
	}
	r := slices.MaxFunc(all, func(a, b image.Rectangle) int { return a.Dx()*a.Dy() - b.Dx()*b.Dy() })
	x, y := at.X+float64(r.Min.X+r.Max.X)/2, at.Y+float64(r.Min.Y+r.Max.Y)/2
	if err := p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y), chromedp.MouseClickXY(x, y)); err != nil {
		t.Fatal(err)
	}
}

// windows are those that the map asked the events of, in order; it waits until
// there are so many.
func (p *Page) windows(t *testing.T, want int) []string {
	t.Helper()
	var out []string
	if !until(func() bool {
		out = nil
		for _, address := range p.asked("/events.geojson?") {
			u, err := url.Parse(address)
			if err == nil && !u.Query().Has("after") {
				out = append(out, u.Query().Get("bbox"))
			}
		}
		return len(out) >= want
	}) {
		t.Fatalf("the map asked for the windows %q, want %d", out, want)
	}
	return out
}

// asked are the answered requests of the page on show whose address has all parts.
func (p *Page) asked(parts ...string) []string {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	var out []string
	for _, q := range p.net.requests[p.net.first:] {
		if q.done && q.status == 200 && !slices.ContainsFunc(parts, func(s string) bool { return !strings.Contains(q.url, s) }) {
			out = append(out, q.url)
		}
	}
	return out
}

// mapPicture is the map as it is drawn now, and where it lies in the window.
func (p *Page) mapPicture(t *testing.T) (image.Image, page.Viewport) {
	t.Helper()
	look, err := ask(p, page.GetLayoutMetrics, cdp.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	at := p.where(t, ".map-frame canvas")
	clip := at // on the page, not in the window
	clip.X, clip.Y = at.X+look.CSSVisualViewport.PageX, at.Y+look.CSSVisualViewport.PageY
	c, err := ask(p, page.CaptureScreenshot, page.CaptureScreenshotParams{Clip: &clip})
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(c.Data))
	if err != nil {
		t.Fatal(err)
	}
	return m, at
}

// where the first element that matches a CSS selector lies in the window.
func (p *Page) where(t *testing.T, selector string) page.Viewport {
	t.Helper()
	id, ok := p.query(selector)
	if !ok {
		t.Fatalf("%s has no %s", p.URL(), selector)
	}
	box, err := ask(p, dom.GetBoxModel, dom.GetBoxModelParams{NodeID: id})
	if err != nil {
		t.Fatal(err)
	}
	m := box.Model
	return page.Viewport{X: m.Border[0], Y: m.Border[1], Width: float64(m.Width), Height: float64(m.Height), Scale: 1}
}

// inFrame waits until an element lies wholly within the map.
func (p *Page) inFrame(t *testing.T, selector string) {
	t.Helper()
	var in, out page.Viewport
	if !until(func() bool {
		in, out = p.where(t, selector), p.where(t, ".map-frame")
		return in.X >= out.X && in.Y >= out.Y && in.X+in.Width <= out.X+out.Width && in.Y+in.Height <= out.Y+out.Height
	}) {
		t.Errorf("%s at %v sticks out of the map at %v", selector, in, out)
	}
}

// share is the part of a picture that has a colour.
func share(m image.Image, ink color.RGBA) float64 {
	b, n := m.Bounds(), 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if color.RGBAModel.Convert(m.At(x, y)) == ink {
				n++
			}
		}
	}
	return float64(n) / float64(b.Dx()*b.Dy())
}

// blobs are the boxes around the connected patches of a colour that are as
// large as the marker of one event, from end to end.
func blobs(m image.Image, ink color.RGBA) []image.Rectangle {
	const smallest = 9
	seen := map[image.Point]bool{}
	var out []image.Rectangle
	b := m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if r := patch(m, ink, image.Pt(x, y), seen); r.Dx() >= smallest && r.Dy() >= smallest {
				out = append(out, r)
			}
		}
	}
	return out
}

// patch is the box around the patch of a colour that a point belongs to.
func patch(m image.Image, ink color.RGBA, start image.Point, seen map[image.Point]bool) image.Rectangle {
	var box image.Rectangle
	for next := []image.Point{start}; len(next) > 0; {
		at := next[len(next)-1]
		next = next[:len(next)-1]
		if seen[at] || !at.In(m.Bounds()) || color.RGBAModel.Convert(m.At(at.X, at.Y)) != ink {
			continue
		}
		seen[at] = true
		box = box.Union(image.Rectangle{Min: at, Max: at.Add(image.Pt(1, 1))})
		next = append(next, at.Add(image.Pt(1, 0)), at.Add(image.Pt(-1, 0)), at.Add(image.Pt(0, 1)), at.Add(image.Pt(0, -1)))
	}
	return box
}

// edge is the western edge of a window, and width how wide it is, in degrees.
func edge(t *testing.T, window string) float64 {
	t.Helper()
	return degrees(t, window)[0]
}

func width(t *testing.T, window string) float64 {
	t.Helper()
	d := degrees(t, window)
	return d[2] - d[0]
}

func degrees(t *testing.T, window string) [4]float64 {
	t.Helper()
	var d [4]float64
	if _, err := fmt.Sscanf(window, "%f,%f,%f,%f", &d[0], &d[1], &d[2], &d[3]); err != nil {
		t.Fatalf("the window %q: %v", window, err)
	}
	return d
}
