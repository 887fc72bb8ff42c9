package media

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"pgregory.net/rapid"
)

// TestOrientation derives what is expected from the definition of the tag:
// which visual side the stored first row and first column are.
func TestOrientation(t *testing.T) {
	t.Parallel()
	sides := []string{"", "TL", "TR", "BR", "BL", "LT", "RT", "RB", "LB"}
	want := quadrants(64, 32)
	for o := 1; o <= 8; o++ {
		row, col := sides[o][0], sides[o][1]
		w, h := 64, 32
		if o >= 5 {
			w, h = 32, 64
		}
		stored := image.NewRGBA(image.Rect(0, 0, w, h))
		for r := range h {
			for c := range w {
				at := map[byte]int{row: r, col: c} // distance from that side
				x, fromLeft := at['L']
				if !fromLeft {
					x = 63 - at['R']
				}
				y, fromTop := at['T']
				if !fromTop {
					y = 31 - at['B']
				}
				stored.Set(c, r, want.At(x, y))
			}
		}
		block := exif(binary.LittleEndian, "II", uint16(o))
		for name, data := range map[string][]byte{
			"png":  withChunks(encodeAs(t, "png", stored), chunk("eXIf", block)),
			"jpeg": withSegments(encodeAs(t, "jpeg", stored), segment(0xe1, append([]byte("Exif\x00\x00"), block...))),
		} {
			p, err := normalize(t, data, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := jpeg.Decode(bytes.NewReader(p.Data))
			if err != nil {
				t.Fatal(err)
			}
			for _, at := range []image.Point{{16, 8}, {48, 8}, {16, 24}, {48, 24}} {
				if !near(got.At(at.X, at.Y), want.At(at.X, at.Y)) {
					t.Errorf("%s %d: %v is %v, want %v", name, o, at, got.At(at.X, at.Y), want.At(at.X, at.Y))
				}
			}
		}
	}
}

func near(a, b color.Color) bool {
	r1, g1, b1, _ := a.RGBA()
	r2, g2, b2, _ := b.RGBA()
	far := func(x, y uint32) bool { return max(x, y)-min(x, y) > 0x2800 }
	return !far(r1, r2) && !far(g1, g2) && !far(b1, b2)
}

// TestShrinkKeepsMean: area averaging neither loses nor invents light.
func TestShrinkKeepsMean(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 60).Draw(t, "w"), rapid.IntRange(1, 60).Draw(t, "h")
		to := rapid.IntRange(1, 60).Draw(t, "to")
		o := rapid.IntRange(1, 8).Draw(t, "o")
		m := image.NewGray(image.Rect(3, 5, 3+w, 5+h))
		sum := 0
		for i := range m.Pix {
			m.Pix[i] = rapid.Byte().Draw(t, "p")
			sum += int(m.Pix[i])
		}
		out := upright(shrink(m, o, to), o)
		dw, dh := out.Rect.Dx(), out.Rect.Dy()
		if dw > to || dh > 2*to {
			t.Fatalf("%d × %d", dw, dh)
		}
		got := 0
		for i := 0; i < len(out.Pix); i += 4 {
			got += int(out.Pix[i])
		}
		diff := float64(got)/float64(dw*dh) - float64(sum)/float64(w*h)
		if diff > 0.51 || diff < -0.51 {
			t.Fatalf("mean moved by %f", diff)
		}
	})
}
