package media

import (
	"image"
	"image/draw"
)

// fit returns the size of a w by h picture scaled down to at most maxW wide
// and twice that high, never below one pixel.
func fit(w, h, maxW int) (int, int) {
	maxH := 2 * maxW
	if w > maxW {
		w, h = maxW, (h*maxW+w/2)/w
	}
	if h > maxH {
		w, h = (w*maxH+h/2)/h, maxH
	}
	return max(w, 1), max(h, 1)
}

// shrink scales m down so that it has at most the given width once it is
// turned upright. Each new pixel is the mean of the area that it covers,
// weighted by opacity. It works row by row, so that it takes little memory
// beyond the result; the kernels of x/image/draw would take 32 bytes for each
// old row and new column.
func shrink(m image.Image, orientation, maxWidth int) *image.RGBA {
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	dw, dh := w, h
	if orientation >= 5 {
		dh, dw = fit(h, w, maxWidth)
	} else {
		dw, dh = fit(w, h, maxWidth)
	}
	out := image.NewRGBA(image.Rect(0, 0, dw, dh))
	if dw == w && dh == h {
		draw.Draw(out, out.Rect, m, b.Min, draw.Src)
		return out
	}
	row := image.NewRGBA(image.Rect(0, 0, w, 1))
	sums := make([]uint64, 4*dw)
	cols := spans{w, dw}
	loaded := -1
	for dy := range dh {
		clear(sums)
		// In units of 1/dh of an old row, the new row covers [top, top+h).
		top := dy * h
		for y := top / dh; y*dh < top+h; y++ {
			if y != loaded {
				draw.Draw(row, row.Rect, m, image.Pt(b.Min.X, b.Min.Y+y), draw.Src)
				loaded = y
			}
			weight := min((y+1)*dh, top+h) - max(y*dh, top)
			cols.add(sums, row.Pix, uint64(weight)) //nolint:gosec // positive
		}
		area := uint64(w) * uint64(h) //nolint:gosec // positive
		dst := out.Pix[dy*out.Stride:]
		for i, s := range sums {
			dst[i] = byte((s + area/2) / area) //nolint:gosec // a mean of bytes
		}
	}
	return out
}

// spans maps old columns to new ones.
type spans struct{ w, dw int }

// add adds a row of old pixels, each weighted by what it covers of each new
// one, in units of 1/dw of an old column, and by weight.
func (s spans) add(sums []uint64, pix []byte, weight uint64) {
	for dx := range s.dw {
		left := dx * s.w
		right := left + s.w
		var r, g, b, a uint64
		for x := left / s.dw; x*s.dw < right; x++ {
			c := uint64(min((x+1)*s.dw, right) - max(x*s.dw, left)) //nolint:gosec // positive
			p := pix[4*x : 4*x+4 : 4*x+4]
			r += c * uint64(p[0])
			g += c * uint64(p[1])
			b += c * uint64(p[2])
			a += c * uint64(p[3])
		}
		t := sums[4*dx : 4*dx+4 : 4*dx+4]
		t[0] += weight * r
		t[1] += weight * g
		t[2] += weight * b
		t[3] += weight * a
	}
}

// upright turns and mirrors m as Exif orientation o asks.
func upright(m *image.RGBA, o int) *image.RGBA {
	if o == 1 {
		return m
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	dw, dh := w, h
	if o >= 5 {
		dw, dh = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, dw, dh))
	for y := range dh {
		for x := range dw {
			sx, sy := source(o, x, y, w, h)
			copy(out.Pix[out.PixOffset(x, y):][:4], m.Pix[m.PixOffset(sx, sy):][:4])
		}
	}
	return out
}

// source is the stored pixel that belongs at x, y of the upright picture; w
// and h are the stored size.
func source(o, x, y, w, h int) (int, int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, h - 1 - x
	case 7:
		return w - 1 - y, h - 1 - x
	case 8:
		return w - 1 - y, x
	}
	return x, y
}
