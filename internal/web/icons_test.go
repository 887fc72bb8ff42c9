package web

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "draw the icons again")

// mark draws the ring of eight dots of favicon.png, larger. A maskable one has
// paper behind it and fits into the circle that every device leaves.
func mark(size int, maskable bool) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	half, scale := float64(size)/2, 1.0
	if maskable {
		scale = 0.75
	}
	ring, dot := half*0.72*scale, half*0.225*scale
	back, teal := color.NRGBA{}, color.NRGBA{R: 14, G: 132, B: 126, A: 255}
	if maskable {
		back = color.NRGBA{R: 0xf6, G: 0xf1, B: 0xe6, A: 255}
	}
	for y := range size {
		for x := range size {
			cover := 0.0
			for k := range 8 {
				sin, cos := math.Sincos(float64(k) * math.Pi / 4)
				d := math.Hypot(float64(x)+0.5-half-ring*sin, float64(y)+0.5-half-ring*cos)
				cover = max(cover, min(1, 0.5+dot-d))
			}
			// In steps, so that few colours make a small file.
			cover = math.Round(cover*7) / 7
			mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*(1-cover) + float64(b)*cover)) }
			if maskable {
				img.SetNRGBA(x, y, color.NRGBA{mix(back.R, teal.R), mix(back.G, teal.G), mix(back.B, teal.B), 255})
			} else if cover > 0 {
				img.SetNRGBA(x, y, color.NRGBA{teal.R, teal.G, teal.B, mix(0, 255)})
			}
		}
	}
	return paletted(img)
}

func paletted(img *image.NRGBA) image.Image {
	p := image.NewPaletted(img.Bounds(), nil)
	at := map[color.NRGBA]uint8{}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			c := img.NRGBAAt(x, y)
			if _, ok := at[c]; !ok {
				at[c] = uint8(len(at))
				p.Palette = append(p.Palette, c)
			}
			p.SetColorIndex(x, y, at[c])
		}
	}
	return p
}

// TestIcons compares the files with what draws them.
func TestIcons(t *testing.T) {
	t.Parallel()
	for _, i := range icons() {
		want := mark(i.size, i.purpose == "maskable")
		path := filepath.Join("static", i.file)
		if *update {
			var b bytes.Buffer
			if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, want); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if got.Bounds() != want.Bounds() {
			t.Fatalf("%s is %v", i.file, got.Bounds())
		}
		for y := range i.size {
			for x := range i.size {
				if color.NRGBAModel.Convert(got.At(x, y)) != color.NRGBAModel.Convert(want.At(x, y)) {
					t.Fatalf("%s differs at %d, %d: draw it with -update", i.file, x, y)
				}
			}
		}
	}
}
