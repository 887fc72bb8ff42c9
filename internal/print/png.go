package print

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"

	"convoke/internal/print/fonts"
)

// picture draws l with so many pixels a millimetre.
func (m *ruler) picture(l layout, url string, dots float64) ([]byte, error) {
	code, err := encode(url)
	if err != nil {
		return nil, err
	}
	px := func(mm float64) int { return int(math.Round(mm * dots)) }
	img := image.NewRGBA(image.Rect(0, 0, px(l.w), px(l.h)))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	for _, b := range l.bars {
		draw.Draw(img, image.Rect(px(b.x), px(b.y), px(b.x+b.w), px(b.y+b.h)), colour(b.ink), image.Point{}, draw.Src)
	}
	for _, t := range l.runs {
		if err := m.write(img, t, dots); err != nil {
			return nil, err
		}
	}
	// Whole pixels for each module, in the lower outer corner of the code's room.
	module := px(l.code.w) / code.Size
	slack := px(l.code.w) - module*code.Size
	at := image.Pt(px(l.code.x), px(l.code.y)+slack)
	if l.code.x > l.w/2 {
		at.X += slack
	}
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				draw.Draw(img, image.Rect(x*module, y*module, (x+1)*module, (y+1)*module).Add(at), image.Black, image.Point{}, draw.Src)
			}
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, flat(img)); err != nil {
		return nil, fmt.Errorf("encode png: %w", err)
	}
	return b.Bytes(), nil
}

func colour(i ink) image.Image {
	r, g, b := i.rgb()
	return image.NewUniform(color.RGBA{r, g, b, 255})
}

// write sets a line.
func (m *ruler) write(img *image.RGBA, t run, dots float64) error {
	size, ink := t.size*dots, colour(t.ink)
	var letters font.Face
	for _, part := range m.set(t.text, t.bold, t.rtl) {
		x, y := t.x*dots+part.x*size, t.y*dots
		if part.family != fonts.European {
			// As much of the picture as marks and descenders may reach.
			area := image.Rect(0, int(y-1.6*size), img.Rect.Dx(), int(y+size)).Intersect(img.Rect)
			pen := pngPen{vector.NewRasterizer(area.Dx(), area.Dy())}
			if err := m.trace(pen, part.family, t.bold, part.glyphs, x, y-float64(area.Min.Y), size); err != nil {
				return fmt.Errorf("draw letters: %w", err)
			}
			pen.Draw(img, area, ink, image.Point{})
			continue
		}
		if letters == nil {
			var err error
			if letters, err = opentype.NewFace(m.face(fonts.European, t.bold).font, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone}); err != nil {
				return fmt.Errorf("make lettering: %w", err)
			}
		}
		d := font.Drawer{Dst: img, Src: ink, Face: letters, Dot: fixed.Point26_6{X: fixed.Int26_6(x * 64), Y: fixed.Int26_6(y * 64)}}
		d.DrawString(part.text)
	}
	return nil
}

// pngPen draws outlines as pixels.
type pngPen struct{ *vector.Rasterizer }

func (p pngPen) MoveTo(x, y float64) { p.Rasterizer.MoveTo(float32(x), float32(y)) }

func (p pngPen) LineTo(x, y float64) { p.Rasterizer.LineTo(float32(x), float32(y)) }

func (p pngPen) QuadTo(cx, cy, x, y float64) {
	p.Rasterizer.QuadTo(float32(cx), float32(cy), float32(x), float32(y))
}

func (p pngPen) Close() { p.ClosePath() }
