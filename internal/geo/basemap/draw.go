package basemap

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"slices"
)

// maxTiles bounds the tiles of one picture; at the largest size a good archive needs about half as many.
const maxTiles = 256

// The shapes of a picture, in the order in which they are painted.
const (
	shapeLand = iota
	shapeLakes
	shapeCounty
	shapeState
	shapeCountry
	shapeCount
)

// drawing is a picture being made; sizes are device pixels.
type drawing struct {
	*canvas
	view          view
	width, height int
	scale         int
	shades        shades
	fonts         fonts
	shapes        [shapeCount][][]point
	labels        []label
	clusters      []Cluster
	clip          [2][]point
}

// Draw writes picture p to w as a PNG. It holds about nine bytes of memory for each device pixel while it works, so callers bound how many pictures are
// drawn at once. The error wraps ErrPicture if p asks for what cannot be drawn, ErrFormat if the archive is damaged, or is ctx's when that ends first.
func (a *Archive) Draw(ctx context.Context, w io.Writer, p Picture) error {
	if err := p.check(); err != nil {
		return fmt.Errorf("draw map: %w", err)
	}
	set, err := a.fontSet()
	if err != nil {
		return fmt.Errorf("draw map: %w", err)
	}
	d := &drawing{
		view: newView(p.Box, p.Width, p.Height), width: p.Width * p.Scale, height: p.Height * p.Scale,
		scale: p.Scale, shades: lightShades(), fonts: set,
	}
	if p.Dark {
		d.shades = darkShades()
	}
	d.canvas = newCanvas(d.width, d.height, d.shades.water)
	if err := d.gather(ctx, a); err != nil {
		return fmt.Errorf("draw map: %w", err)
	}
	d.paintShapes()
	d.paintAreas(p.Areas)
	if err := d.paintOverlay(p, a.credit); err != nil {
		return fmt.Errorf("draw map: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("draw map: %w", err)
	}
	d.img.Palette = make(color.Palette, len(d.colors))
	for i, c := range d.colors {
		d.img.Palette[i] = c
	}
	// The best compression takes eight times as long and saves six percent.
	enc := png.Encoder{CompressionLevel: png.DefaultCompression}
	if err := enc.Encode(w, d.img); err != nil {
		return fmt.Errorf("write map picture: %w", err)
	}
	return nil
}

// zoom picks the level whose tiles come out between 256 and 512 CSS pixels wide, or the nearest that the archive has.
func (a *Archive) zoom(v view) int {
	z := int(math.Ceil(math.Log2(v.world / 512)))
	return min(max(z, a.head.minZoom), a.head.maxZoom)
}

// gather reads the tiles under the picture and sorts their features into shapes and labels.
func (d *drawing) gather(ctx context.Context, a *Archive) error {
	z := a.zoom(d.view)
	n := float64(int(1) << z)
	x0, x1 := int(math.Floor(d.view.left*n)), int(math.Ceil((d.view.left+d.view.width/d.view.world)*n))
	y0, y1 := int(math.Floor(d.view.top*n)), int(math.Ceil((d.view.top+d.view.height/d.view.world)*n))
	y0, y1 = max(y0, 0), min(y1, int(n))
	if tiles := (x1 - x0) * (y1 - y0); tiles > maxTiles {
		return fmt.Errorf("the archive begins at zoom %d, this picture would need %d of its tiles: %w", a.head.minZoom, tiles, ErrPicture)
	}
	for x := x0; x < x1; x++ {
		for y := y0; y < y1; y++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := d.addTile(a, z, x, y); err != nil {
				return err
			}
		}
	}
	return nil
}

// addTile reads tile y of column x, which may lie on a repetition of the world to the left or right.
func (d *drawing) addTile(a *Archive, z, x, y int) error {
	data, encoding, ok, err := a.Tile(z, x&(1<<z-1), y)
	if err != nil || !ok {
		return err
	}
	if encoding == "gzip" {
		if data, err = decompress(data, compressionGzip, maxTileRaw); err != nil {
			return fmt.Errorf("unpack tile %d/%d/%d: %w", z, x, y, err)
		}
	}
	size := d.view.world * float64(d.scale) / float64(int(1)<<z) // of the tile, device pixels
	left := (float64(x)/float64(int(1)<<z) - d.view.left) * d.view.world * float64(d.scale)
	top := (float64(y)/float64(int(1)<<z) - d.view.top) * d.view.world * float64(d.scale)
	// What lies more than a line's width outside the picture need not be painted.
	area := rect{float32(left), float32(top), float32(left + size), float32(top + size)}.
		intersect(rect{-4, -4, float32(d.width) + 4, float32(d.height) + 4})
	if area.empty() {
		return nil
	}
	err = decodeTile(data, drawn, func(f *feature) {
		k := float32(size) / f.extent
		for _, part := range f.parts {
			for i := range part {
				part[i] = point{float32(left) + part[i].x*k, float32(top) + part[i].y*k}
			}
		}
		d.addFeature(f, area)
	})
	if err != nil {
		return fmt.Errorf("read tile %d/%d/%d: %w", z, x, y, err)
	}
	return nil
}

// drawn says whether a tile layer is drawn at all.
func drawn(layer string) bool {
	switch layer {
	case "land", "lakes", "borders", "labels", "places":
		return true
	}
	return false
}

// addFeature sorts a feature, already in device pixels, into the picture's shapes or labels.
func (d *drawing) addFeature(f *feature, area rect) {
	switch {
	case f.kind == geomPoint:
		for _, part := range f.parts {
			if l, ok := collectLabel(f, float64(part[0].x), float64(part[0].y)); ok && inside(part[:1], area) {
				d.labels = append(d.labels, l)
			}
		}
	case f.kind == geomPolygon && f.layer == "land":
		d.addRings(shapeLand, f.parts, area)
	case f.kind == geomPolygon && f.layer == "lakes":
		d.addRings(shapeLakes, f.parts, area)
	case f.kind == geomLine && f.layer == "borders":
		shape := shapeCountry
		switch f.props.kind {
		case "state":
			shape = shapeState
		case "county":
			shape = shapeCounty
		}
		for _, part := range f.parts {
			for i := 1; i < len(part); i++ {
				if a, b, ok := clipSegment(part[i-1], part[i], area); ok {
					d.shapes[shape] = append(d.shapes[shape], []point{a, b})
				}
			}
		}
	}
}

func (d *drawing) addRings(shape int, rings [][]point, area rect) {
	for _, ring := range rings {
		if out := clipRing(ring, area, &d.clip); len(out) > 2 {
			d.shapes[shape] = append(d.shapes[shape], slices.Clone(out))
		}
	}
}

// paintShapes paints land, lakes and borders, thinnest first.
func (d *drawing) paintShapes() {
	px := float32(d.scale)
	country := 1.1 * px
	if d.view.world < 1500 { // small countries would drown in their borders
		country = 0.7 * px
	}
	for shape, style := range [shapeCount]struct {
		color color.RGBA
		width float32 // 0 fills
	}{
		shapeLand: {color: d.shades.land}, shapeLakes: {color: d.shades.water}, shapeCounty: {d.shades.county, 0.8 * px},
		shapeState: {d.shades.state, 0.9 * px}, shapeCountry: {d.shades.country, country},
	} {
		if len(d.shapes[shape]) == 0 {
			continue
		}
		for _, ps := range d.shapes[shape] {
			if style.width == 0 {
				d.polygon(ps)
			} else {
				d.stroke(ps[0], ps[1], style.width)
			}
		}
		d.flush(d.ink(style.color))
	}
}

// paintOverlay paints names, markers and credit. Room goes to markers first, then to the credit, then to names.
func (d *drawing) paintOverlay(p Picture, credit string) error {
	room := newOccupancy(d.width, d.height, d.scale)
	d.clusters = Clusters(p)
	k := float64(d.scale)
	for _, c := range d.clusters {
		r := int(math.Ceil(c.R * k))
		x, y := int(c.X*k), int(c.Y*k)
		room.take(image.Rect(x-r, y-r, x+r, y+r))
	}
	paintCredit := func() {}
	if p.Credit {
		var err error
		if paintCredit, err = d.placeCredit(credit, room); err != nil {
			return err
		}
	}
	if err := d.writeLabels(room); err != nil {
		return err
	}
	if err := d.paintMarkers(d.clusters); err != nil {
		return err
	}
	paintCredit()
	return nil
}

// placeCredit finds a corner for the credit, the lower right one if markers leave it free, and returns what paints it there. It is painted last: a map
// may not be shown without it.
func (d *drawing) placeCredit(credit string, room *occupancy) (paint func(), err error) {
	letters, err := newLettering(d.fonts.regular, 9*float64(d.scale), 0)
	if err != nil {
		return nil, err
	}
	text, ok := letters.spell(credit)
	pad := 4 * d.scale
	w, h := letters.width(text)+2*pad, letters.height()+2*pad
	if !ok || text == "" || w > d.width || h > d.height {
		return func() {}, nil
	}
	right, bottom := d.width-w, d.height-h
	corners := []image.Point{{right, bottom}, {0, bottom}, {right, 0}, {0, 0}}
	at := corners[max(slices.IndexFunc(corners, func(c image.Point) bool { return room.free(image.Rect(c.X, c.Y, c.X+w, c.Y+h)) }), 0)]
	strip := image.Rect(at.X, at.Y, at.X+w, at.Y+h)
	room.take(strip)
	return func() {
		d.fade(strip, d.ink(d.shades.land), 190)
		mask, baseline := letters.mask(text, 0)
		d.stamp(mask, strip.Min.X+pad, strip.Max.Y-pad-baseline, d.ink(d.shades.country1))
	}, nil
}

// paintMarkers paints the circles, smallest on top, with their counts.
func (d *drawing) paintMarkers(clusters []Cluster) error {
	k := float64(d.scale)
	letters, err := newLettering(d.fonts.bold, 11*k, 0)
	if err != nil {
		return err
	}
	ring, body, number := d.ink(d.shades.ring), d.ink(d.shades.marker), d.ink(d.shades.number)
	for _, c := range clusters {
		// Whole pixels make equal circles equal in every byte, which is what a PNG's compression finds.
		x, y, r := math.Floor(c.X*k)+0.5, math.Floor(c.Y*k)+0.5, math.Round(c.R*k)
		d.disc(x, y, r+1.5*k, ring)
		d.disc(x, y, r, body)
		if c.Count < 2 {
			continue
		}
		text := countText(c.Count)
		mask, baseline := letters.mask(text, 0)
		left := int(math.Round(x - float64(letters.width(text))/2))
		d.stamp(mask, left, int(math.Round(y+float64(letters.height())/2))-baseline, number)
	}
	return nil
}
