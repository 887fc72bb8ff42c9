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
	runs(img, func(from, to int, c color.RGBA) { count[c] += to - from })
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
	runs(img, func(from, to int, c color.RGBA) {
		at := index[c]
		for i := from; i < to; i++ {
			out.Pix[i] = at
		}
	})
	return out
}

// alike says that nobody tells two colours apart at the edge of a letter.
func alike(a, b color.RGBA) bool {
	d := func(x, y uint8) int { return (int(x) - int(y)) * (int(x) - int(y)) }
	return d(a.R, b.R)+d(a.G, b.G)+d(a.B, b.B) < 600
}

func number(c color.RGBA) int { return int(c.R)<<16 | int(c.G)<<8 | int(c.B) }

// runs goes through a picture without transparency, by pixels of one colour that
// follow each other: most do.
func runs(img *image.RGBA, do func(from, to int, c color.RGBA)) {
	at := func(i int) color.RGBA {
		p := img.Pix[i*4 : i*4+4 : i*4+4]
		return color.RGBA{p[0], p[1], p[2], p[3]}
	}
	n := len(img.Pix) / 4
	for from := 0; from < n; {
		to, c := from+1, at(from)
		for to < n && at(to) == c {
			to++
		}
		do(from, to, c)
		from = to
	}
}
