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
)

// picture draws l with so many pixels a millimetre.
func picture(f fonts, l layout, url string, dots float64) ([]byte, error) {
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
		if err := write(img, f, t, dots); err != nil {
			return nil, err
		}
	}
	// Whole pixels for each module, in the lower right corner of the code's room.
	module := px(l.code.w) / code.Size
	slack := px(l.code.w) - module*code.Size
	at := image.Pt(px(l.code.x)+slack, px(l.code.y)+slack)
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				draw.Draw(img, image.Rect(x*module, y*module, (x+1)*module, (y+1)*module).Add(at), image.Black, image.Point{}, draw.Src)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("encode png: %w", err)
	}
	return b.Bytes(), nil
}

func colour(i ink) image.Image {
	r, g, b := i.rgb()
	return image.NewUniform(color.RGBA{r, g, b, 255})
}

func write(img draw.Image, f fonts, t run, dots float64) error {
	ttf := f.regular
	if t.bold {
		ttf = f.bold
	}
	face, err := opentype.NewFace(ttf, &opentype.FaceOptions{Size: t.size * dots, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return fmt.Errorf("make lettering: %w", err)
	}
	d := font.Drawer{Dst: img, Src: colour(t.ink), Face: face, Dot: fixed.Point26_6{X: fixed.Int26_6(t.x * dots * 64), Y: fixed.Int26_6(t.y * dots * 64)}}
	d.DrawString(t.text)
	return nil
}
