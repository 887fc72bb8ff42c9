package basemap

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// steps is how many shades an edge between two colours may have. More makes files larger before it makes edges smoother.
const steps = 8

// ink is an index into a canvas's palette.
type ink = uint8

// canvas paints on a palette image directly: each colour that an edge needs enters the palette when it first appears, so the picture needs no
// quantising afterwards and a memory of one byte per pixel.
type canvas struct {
	img    *image.Paletted
	mask   *image.Alpha
	ras    *vector.Rasterizer
	mixes  map[uint32]ink
	colors []color.RGBA
}

func newCanvas(width, height int, ground color.RGBA) *canvas {
	c := &canvas{
		img:   image.NewPaletted(image.Rect(0, 0, width, height), nil),
		mask:  image.NewAlpha(image.Rect(0, 0, width, height)),
		ras:   vector.NewRasterizer(width, height),
		mixes: map[uint32]ink{},
	}
	c.ink(ground) // index 0, which the image is full of already
	return c
}

// ink returns the palette's index for a colour: the colour itself, one that nobody could tell from it, or the nearest when the palette is full.
func (c *canvas) ink(want color.RGBA) ink {
	best, nearest := 0, math.MaxInt
	for i, have := range c.colors {
		dr, dg, db := int(have.R)-int(want.R), int(have.G)-int(want.G), int(have.B)-int(want.B)
		if d := dr*dr + dg*dg + db*db; d < nearest {
			best, nearest = i, d
		}
	}
	if nearest <= 6 || len(c.colors) == 256 {
		return ink(best)
	}
	c.colors = append(c.colors, want)
	return ink(len(c.colors) - 1)
}

// over returns the colour of ground covered by top to a degree of 0 to 255.
func (c *canvas) over(ground, top ink, cover uint8) ink {
	level := (int(cover)*steps + 127) / 255
	switch level {
	case 0:
		return ground
	case steps:
		return top
	}
	key := uint32(ground)<<16 | uint32(top)<<8 | uint32(level)
	if m, ok := c.mixes[key]; ok {
		return m
	}
	a, b := c.colors[ground], c.colors[top]
	blend := func(a, b uint8) uint8 { return uint8((int(a)*(steps-level) + int(b)*level + steps/2) / steps) }
	m := c.ink(color.RGBA{R: blend(a.R, b.R), G: blend(a.G, b.G), B: blend(a.B, b.B), A: 255})
	c.mixes[key] = m
	return m
}

// flush paints everything added to the rasterizer since the last flush.
func (c *canvas) flush(top ink) { c.wash(top, 255) }

// wash paints it so that the ground shows through, to a degree of 0 to 255.
func (c *canvas) wash(top ink, most uint8) {
	c.ras.DrawOp = draw.Src // the mask still holds what was painted before
	c.ras.Draw(c.mask, c.mask.Rect, image.Opaque, image.Point{})
	for i, cover := range c.mask.Pix {
		if cover != 0 {
			c.img.Pix[i] = c.over(c.img.Pix[i], top, uint8(int(cover)*int(most)/255))
		}
	}
	c.ras.Reset(c.mask.Rect.Dx(), c.mask.Rect.Dy())
}

// stamp paints a mask whose upper left corner lies at x, y.
func (c *canvas) stamp(mask *image.Alpha, x, y int, top ink) {
	at := mask.Rect.Sub(mask.Rect.Min).Add(image.Pt(x, y))
	for py := max(at.Min.Y, 0); py < min(at.Max.Y, c.img.Rect.Max.Y); py++ {
		for px := max(at.Min.X, 0); px < min(at.Max.X, c.img.Rect.Max.X); px++ {
			if cover := mask.Pix[(py-y)*mask.Stride+px-x]; cover != 0 {
				i := py*c.img.Stride + px
				c.img.Pix[i] = c.over(c.img.Pix[i], top, cover)
			}
		}
	}
}

// disc paints a circle; the distance of a pixel's middle from the edge is its coverage.
func (c *canvas) disc(cx, cy, r float64, top ink) {
	for y := max(int(cy-r-1), 0); y <= min(int(cy+r+1), c.img.Rect.Max.Y-1); y++ {
		for x := max(int(cx-r-1), 0); x <= min(int(cx+r+1), c.img.Rect.Max.X-1); x++ {
			inside := r - math.Hypot(float64(x)+0.5-cx, float64(y)+0.5-cy) + 0.5
			if inside > 0 {
				i := y*c.img.Stride + x
				c.img.Pix[i] = c.over(c.img.Pix[i], top, uint8(255*min(inside, 1)))
			}
		}
	}
}

// fade paints a rectangle to a degree of 0 to 255.
func (c *canvas) fade(r image.Rectangle, top ink, cover uint8) {
	r = r.Intersect(c.img.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := c.img.Pix[y*c.img.Stride+r.Min.X : y*c.img.Stride+r.Max.X]
		for i := range row {
			row[i] = c.over(row[i], top, cover)
		}
	}
}

// polygon adds a ring to the rasterizer.
func (c *canvas) polygon(ring []point) {
	if len(ring) < 3 {
		return
	}
	c.ras.MoveTo(ring[0].x, ring[0].y)
	for _, p := range ring[1:] {
		c.ras.LineTo(p.x, p.y)
	}
	c.ras.ClosePath()
}

// stroke adds a line of the given width to the rasterizer, one rectangle per segment. All turn the same way, so that where two meet they add up and
// never cancel out.
func (c *canvas) stroke(a, b point, width float32) {
	dx, dy := b.x-a.x, b.y-a.y
	length := float32(math.Hypot(float64(dx), float64(dy)))
	if length == 0 {
		return
	}
	nx, ny := -dy/length*width/2, dx/length*width/2
	c.polygon([]point{{a.x + nx, a.y + ny}, {a.x - nx, a.y - ny}, {b.x - nx, b.y - ny}, {b.x + nx, b.y + ny}})
}
