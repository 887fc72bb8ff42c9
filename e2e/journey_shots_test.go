package e2e

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// maxShot is what one picture of the documentation may weigh.
const maxShot = 200 << 10

// TestShots saves pictures of the main pages, in a phone's width and a desk's,
// when CONVOKE_SHOTS names a folder. Its node is its own: no test leaves traces
// in it, and it has no pseudo-languages.
func TestShots(t *testing.T) {
	if os.Getenv(EnvShots) == "" {
		t.Skip("set " + EnvShots + " to save pictures")
	}
	t.Parallel()
	s := Server(t, ServerOptions{Demo: true})
	w := survey(t, s, setUp(t, s))
	w.fill(t)
	for _, wide := range []bool{false, true} {
		for _, dark := range []bool{false, true} {
			w.walk(t, wide, dark)
		}
	}
}

// walk takes the pictures of one size and scheme; of the dark one, few.
func (w *site) walk(t *testing.T, wide, dark bool) {
	o := PageOptions{Base: w.s.URL, Dark: dark, Width: 390, Height: 844}
	suffix := "-phone"
	if wide {
		o.Width, o.Height, suffix = 1280, 900, "-desk"
	}
	if dark {
		suffix += "-dark"
	}
	p := Browser(t, o)
	p.Goto("/")
	p.shot(t, "home"+suffix)
	p.Goto("/events?near=Leipzig")
	p.ClickRole("link", cleanUp)
	p.shot(t, "event"+suffix)
	if dark {
		return
	}
	p.ClickRole("link", "I’m coming")
	p.shot(t, "sign-up"+suffix)
	p.Fill("How many are you?", "2")
	p.ClickRole("button", "Keep my place")
	p.shot(t, "private-link"+suffix)
	p.ClickRole("button", "I can’t come")
	for _, c := range []struct{ name, path string }{
		{"calendar", "/calendar"}, {"turnout", "/turnout"}, {"group", "/groups/riverside"}, {"campaign", "/campaigns/open-doors"},
		{"pledge", "/pledges/a-tool-for-the-garden-day"}, {"recount", "/record/recount"}, {"statement", w.said},
		{"rides", w.ride}, {"door", w.door}, {"petition", "/petitions/keep-the-library-open-on-sundays"},
	} {
		p.Goto(c.path)
		p.shot(t, c.name+suffix)
	}
	p.ClickRole("link", "Sign")
	p.shot(t, "sign"+suffix)
	if wide { // on a phone it is a list of days, and very long
		p.Goto(w.vigil + "/rota")
		p.shot(t, "rota"+suffix)
	}
	p.signIn(t, w.o, w.event+"/edit")
	p.shot(t, "edit"+suffix)
	for _, c := range []struct{ name, path string }{
		{"template", "/groups/canal-street/events/new?template=march"}, {"prepare", w.event + "/programme"}, {"messages", w.event + "/messages"},
		{"times", w.vigil + "/timeslots"}, {"roles", w.event + "/roles"}, {"doors", w.today + "/doors"}, {"translate", "/translate/es?page=/turnout&q=day"},
	} {
		p.Goto(c.path)
		p.shot(t, c.name+suffix)
	}
	o.Language = "ar"
	p = Browser(t, o)
	p.Goto(w.event)
	p.shot(t, "event-ar"+suffix)
}

// fill gives pages something to show that else are nearly empty.
func (w *site) fill(t *testing.T) {
	t.Helper()
	p := Browser(t, PageOptions{Base: w.s.URL, NoScript: true})
	event := strings.Join(strings.SplitN(w.ride, "/", 4)[:3], "/")
	for _, x := range [][2]string{{"Dresden, Germany", "Main station, south side"}, {"Berlin, Germany", "Südkreuz, east exit"}} {
		p.Goto(event + "/attend")
		p.ClickRole("button", "Keep my place")
		mine, _, _ := strings.Cut(p.Path(), "?")
		p.Goto(mine + "/ride/offer")
		p.Fill("From which town?", x[0])
		p.Fill("Where do you meet?", x[1])
		p.Fill("It leaves at", "08:15")
		p.Fill("Seats for others", "3")
		p.ClickRole("button", "Save")
		p.hasStatus(t, 200)
	}
	p.signIn(t, w.o, "/groups/canal-street/statements/new?campaign=spring-cleaning")
	p.Fill("Title", "Forty sacks from the canal")
	p.Fill("Text", "On Saturday **sixty people** cleaned the bank from the lock to the bridge.\n\n- forty sacks of litter\n- nine bicycles\n\nThank you all.")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)
	w.said = p.place()
}

// shot saves the page as a picture with few colours, which is small.
func (p *Page) shot(t *testing.T, name string) {
	t.Helper()
	raw, err := p.picture()
	if err != nil {
		t.Fatal(err)
	}
	pic, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&out, reduced(pic)); err != nil {
		t.Fatal(err)
	}
	if out.Len() > maxShot {
		t.Errorf("%s is a picture of %d bytes", name, out.Len())
	}
	dir := os.Getenv(EnvShots)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// reduced paints a picture with the 256 colours that it has most of. A page is
// flat, so nothing is dithered.
func reduced(m image.Image) *image.Paletted {
	count := map[color.RGBA]int{}
	b := m.Bounds()
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(m.At(x, y)).(color.RGBA) }
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	out := image.NewPaletted(b, palette(count))
	index := map[color.RGBA]uint8{}
	for c := range count {
		index[c] = uint8(out.Palette.Index(c))
	}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			out.SetColorIndex(x, y, index[at(x, y)])
		}
	}
	return out
}

// palette takes the most frequent colours, and leaves out those that the eye
// takes for one already taken.
func palette(count map[color.RGBA]int) color.Palette {
	all := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		if d := cmp.Compare(count[b], count[a]); d != 0 {
			return d
		}
		return cmp.Compare(int(a.R)<<16|int(a.G)<<8|int(a.B), int(b.R)<<16|int(b.G)<<8|int(b.B))
	})
	near := func(a, b color.RGBA) bool {
		d := func(x, y uint8) int { return (int(x) - int(y)) * (int(x) - int(y)) }
		return d(a.R, b.R)+d(a.G, b.G)+d(a.B, b.B) < 200
	}
	var out color.Palette
	for _, c := range all {
		if len(out) == 256 {
			break
		}
		if !slices.ContainsFunc(out, func(o color.Color) bool { return near(o.(color.RGBA), c) }) {
			out = append(out, c)
		}
	}
	return out
}
