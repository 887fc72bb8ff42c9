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
	"testing"
)

// maxShot is what one picture of the documentation may weigh.
const maxShot = 200 << 10

// shots saves pictures of the main pages for docs/screenshots, when CONVOKE_SHOTS
// names a folder.
func shots(t *testing.T, s *Instance, o organizer) {
	if os.Getenv(EnvShots) == "" {
		t.Skip("set " + EnvShots + " to save pictures")
	}
	for _, size := range []struct {
		name   string
		width  int64
		height int64
	}{{"phone", 390, 844}, {"desk", 1280, 900}} {
		for _, dark := range []bool{false, true} {
			p := Browser(t, PageOptions{Base: s.URL, Dark: dark, Width: size.width, Height: size.height})
			suffix := "-" + size.name
			if dark {
				suffix += "-dark"
			}
			w := shooter{t, p, suffix}
			w.walk(dark, o)
		}
	}
}

type shooter struct {
	t      *testing.T
	p      *Page
	suffix string
}

func (w shooter) walk(dark bool, o organizer) {
	p := w.p
	p.Goto("/")
	w.save("home")
	p.Goto("/events?near=Leipzig")
	w.save("events")
	p.ClickRole("link", cleanUp)
	w.save("event")
	if dark {
		return
	}
	p.ClickRole("link", "I’m coming")
	w.save("sign-up")
	p.Fill("How many are you?", "2")
	p.ClickRole("button", "Keep my place")
	w.save("private-link")
	p.ClickRole("button", "I can’t come")
	p.Goto("/events?near=Chicago&when=past")
	p.Goto(p.Attr(".events h3 a", "href"))
	w.save("past")
	p.Goto("/calendar")
	w.save("calendar")
	p.Goto("/turnout")
	w.save("turnout")
	p.Goto("/groups/riverside")
	w.save("group")
	p.signIn(w.t, o, "/groups/mine")
	w.save("mine")
	p.Goto("/me")
	w.save("me")
	p.Goto("/operator")
	w.save("operator")
}

// save writes a picture with few colours, which is small.
func (w shooter) save(name string) {
	w.t.Helper()
	raw, err := w.p.picture()
	if err != nil {
		w.t.Fatal(err)
	}
	pic, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		w.t.Fatal(err)
	}
	var out bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&out, reduced(pic)); err != nil {
		w.t.Fatal(err)
	}
	if out.Len() > maxShot {
		w.t.Errorf("%s%s is a picture of %d bytes", name, w.suffix, out.Len())
	}
	dir := os.Getenv(EnvShots)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+w.suffix+".png"), out.Bytes(), 0o644); err != nil {
		w.t.Fatal(err)
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
