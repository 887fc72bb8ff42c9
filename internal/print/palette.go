package print

import (
	"image"
	"image/color"
	"maps"
	"slices"
)

// colours are enough for a few inks and the steps between them at the edges of
// letters; so few take four bits each.
const colours = 16

// flat is the picture in the colours that it has most of, none like another. It
// weighs a quarter of what the same picture in all colours weighs.
func flat(img *image.RGBA) *image.Paletted {
	count := map[color.RGBA]int{}
	each(img, func(_ int, c color.RGBA) { count[c]++ })
	most := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		if d := count[b] - count[a]; d != 0 {
			return d
		}
		return number(a) - number(b)
	})
	out := image.NewPaletted(img.Rect, nil)
	for _, c := range most {
		if len(out.Palette) == colours {
			break
		}
		if !slices.ContainsFunc(out.Palette, func(o color.Color) bool { return alike(o.(color.RGBA), c) }) { //nolint:forcetypeassert // set here
			out.Palette = append(out.Palette, c)
		}
	}
	index := make(map[color.RGBA]uint8, len(most))
	for _, c := range most {
		index[c] = uint8(out.Palette.Index(c)) //nolint:gosec // below colours
	}
	var last color.RGBA
	at := index[last]
	each(img, func(i int, c color.RGBA) {
		if c != last {
			last, at = c, index[c]
		}
		out.Pix[i] = at
	})
	return out
}

// alike says that nobody tells two colours apart at the edge of a letter.
func alike(a, b color.RGBA) bool {
	d := func(x, y uint8) int { return (int(x) - int(y)) * (int(x) - int(y)) }
	return d(a.R, b.R)+d(a.G, b.G)+d(a.B, b.B) < 600
}

func number(c color.RGBA) int { return int(c.R)<<16 | int(c.G)<<8 | int(c.B) }

// each goes through the pixels of a picture without transparency.
func each(img *image.RGBA, do func(i int, c color.RGBA)) {
	for i := range len(img.Pix) / 4 {
		p := img.Pix[i*4 : i*4+4 : i*4+4]
		do(i, color.RGBA{p[0], p[1], p[2], p[3]})
	}
}
