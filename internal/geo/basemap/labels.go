package basemap

import (
	"cmp"
	"image"
	"math"
	"slices"
	"strings"
)

// A name's class decides its lettering and who gives way to whom.
const (
	classCountry = iota
	classState
	classPlace
)

// label is a name that might be written.
type label struct {
	text   string
	class  int
	weight float64 // more important is larger
	x, y   float64 // device pixels
}

const (
	labelCell       = 4    // side of an occupancy cell, CSS pixels
	areaPerLabel    = 8000 // square CSS pixels: a calm picture has room between names
	labelCandidates = 600  // tried at most
)

// occupancy remembers, in cells, where something lies already.
type occupancy struct {
	cell          int // device pixels
	width, height int // of the picture, device pixels
	columns       int
	taken         []bool
}

func newOccupancy(width, height, scale int) *occupancy {
	o := &occupancy{cell: labelCell * scale, width: width, height: height}
	o.columns = (width + o.cell - 1) / o.cell
	o.taken = make([]bool, o.columns*((height+o.cell-1)/o.cell))
	return o
}

// free says whether r lies wholly in the picture and touches nothing.
func (o *occupancy) free(r image.Rectangle) bool {
	if !r.In(image.Rect(0, 0, o.width, o.height)) {
		return false
	}
	for y := r.Min.Y / o.cell; y <= (r.Max.Y-1)/o.cell; y++ {
		for x := r.Min.X / o.cell; x <= (r.Max.X-1)/o.cell; x++ {
			if o.taken[y*o.columns+x] {
				return false
			}
		}
	}
	return true
}

func (o *occupancy) take(r image.Rectangle) {
	r = r.Intersect(image.Rect(0, 0, o.width, o.height))
	if r.Empty() {
		return
	}
	for y := r.Min.Y / o.cell; y <= (r.Max.Y-1)/o.cell; y++ {
		for x := r.Min.X / o.cell; x <= (r.Max.X-1)/o.cell; x++ {
			o.taken[y*o.columns+x] = true
		}
	}
}

// collectLabel turns a point feature into a label, if it has a name.
func collectLabel(f *feature, x, y float64) (label, bool) {
	l := label{text: f.props.name, class: classPlace, weight: f.props.pop, x: x, y: y}
	if f.layer == "labels" {
		l.weight = f.props.rank
		switch f.props.kind {
		case "country":
			l.class = classCountry
			l.text = strings.ToUpper(l.text)
		case "state":
			l.class = classState
		default:
			return label{}, false
		}
	}
	return l, l.text != "" && len(l.text) <= 80
}

// rankLabels puts the most important first and drops repetitions, which come from tiles that overlap.
func rankLabels(ls []label) []label {
	slices.SortFunc(ls, func(a, b label) int {
		return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(b.weight, a.weight), cmp.Compare(a.text, b.text), cmp.Compare(a.x, b.x))
	})
	ls = slices.CompactFunc(ls, func(a, b label) bool {
		return a.text == b.text && a.class == b.class && math.Abs(a.x-b.x) < 4 && math.Abs(a.y-b.y) < 4
	})
	return ls[:min(len(ls), labelCandidates)]
}

// writeLabels writes as many names as there is calm room for. Countries and states stand on their point; towns stand beside a dot.
func (d *drawing) writeLabels(o *occupancy) error {
	styles, err := d.letterings()
	if err != nil {
		return err
	}
	left := max(d.width*d.height/(d.scale*d.scale)/areaPerLabel, 3)
	names := map[string]bool{}
	for _, l := range rankLabels(d.labels) {
		if left == 0 {
			break
		}
		style := styles[l.class]
		text, ok := style.letters.spell(l.text)
		if !ok || names[text] {
			continue
		}
		at, dot, ok := d.placeLabel(o, l, style.letters.width(text), style.letters.height())
		if !ok {
			continue
		}
		if dot {
			d.disc(l.x, l.y, 2*float64(d.scale), style.back)
			d.disc(l.x, l.y, 1.5*float64(d.scale), style.dot)
		}
		d.write(style, text, at)
		names[text] = true
		left--
	}
	return nil
}

// placeLabel finds a free place for a name, reserves it, and returns the left end of its baseline. dot says whether the point itself is free to be marked:
// a town under a marker is named beside the marker.
func (d *drawing) placeLabel(o *occupancy, l label, width, height int) (at image.Point, dot, ok bool) {
	x, y := int(math.Round(l.x)), int(math.Round(l.y))
	k := d.scale
	point := image.Rect(x-2*k, y-2*k, x+2*k, y+2*k)
	gap := 5 * k
	dot = l.class == classPlace && o.free(point)
	if !dot {
		if c, under := d.markerAt(l.x, l.y); under {
			x, y, gap = int(math.Round(c.X*float64(k))), int(math.Round(c.Y*float64(k))), int(math.Ceil((c.R+7)*float64(k)))
			if l.class == classCountry && c.R > 14 {
				return image.Point{}, false, false // pushed that far, the name would stand in another country
			}
		} else if l.class == classPlace {
			return image.Point{}, false, false
		}
	}
	spots := []image.Point{{x - width/2, y + height/2}, {x - width/2, y - gap}, {x - width/2, y + gap + height}}
	if l.class == classPlace {
		spots = []image.Point{{x + gap, y + height/2}, {x - gap - width, y + height/2}, spots[1], spots[2]}
	}
	pad := 3 * k
	for _, at := range spots {
		if r := image.Rect(at.X-pad, at.Y-height-pad, at.X+width+pad, at.Y+pad); o.free(r) {
			o.take(r)
			if dot {
				o.take(point)
			}
			return at, dot, true
		}
	}
	return image.Point{}, false, false
}

// markerAt finds the marker that covers a point given in device pixels.
func (d *drawing) markerAt(x, y float64) (Cluster, bool) {
	for _, c := range d.clusters {
		if math.Hypot(c.X-x/float64(d.scale), c.Y-y/float64(d.scale)) < c.R+5 {
			return c, true
		}
	}
	return Cluster{}, false
}

// write sets text with a halo; at is the left end of the baseline.
func (d *drawing) write(s labelStyle, text string, at image.Point) {
	margin := 2 * d.scale
	m, baseline := s.letters.mask(text, margin)
	d.stamp(halo(m, d.scale+d.scale/2), at.X-margin, at.Y-baseline, s.back)
	d.stamp(m, at.X-margin, at.Y-baseline, s.front)
}

// labelStyle is how one class of names is written.
type labelStyle struct {
	letters          *lettering
	front, back, dot ink
}

func (d *drawing) letterings() ([3]labelStyle, error) {
	px := float64(d.scale)
	country, err := newLettering(d.fonts.medium, 10.5*px, 1.2*px)
	if err != nil {
		return [3]labelStyle{}, err
	}
	state, err := newLettering(d.fonts.regular, 11*px, 0.4*px)
	if err != nil {
		return [3]labelStyle{}, err
	}
	place, err := newLettering(d.fonts.regular, 11.5*px, 0)
	if err != nil {
		return [3]labelStyle{}, err
	}
	back := d.ink(d.shades.land)
	return [3]labelStyle{
		classCountry: {letters: country, front: d.ink(d.shades.country1), back: back},
		classState:   {letters: state, front: d.ink(d.shades.state1), back: back},
		classPlace:   {letters: place, front: d.ink(d.shades.place), back: back, dot: d.ink(d.shades.placeDot)},
	}, nil
}
