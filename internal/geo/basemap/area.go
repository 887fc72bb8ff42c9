package basemap

import "slices"

// Cover, of 255, of what is tinted and of the lines around it.
const (
	tint    = 96
	outline = 128
)

// paintAreas tints areas and outlines them.
func (d *drawing) paintAreas(all []Area) {
	if len(all) == 0 {
		return
	}
	k := float64(d.scale)
	picture := rect{0, 0, float32(d.width), float32(d.height)}
	var rings [][]point
	for _, a := range all {
		var ring []point
		for _, p := range a.Ring {
			x, y := d.view.project(p)
			ring = append(ring, point{float32(x * k), float32(y * k)})
		}
		if ring = clipRing(ring, picture, &d.clip); len(ring) == 0 {
			continue
		}
		ring = slices.Clone(ring) // it lies in the buffer
		rings = append(rings, ring)
		if a.Filled {
			d.polygon(ring)
		}
	}
	d.wash(d.ink(d.shades.marker), tint)
	// Lines that two areas share are drawn twice, and cover no more for it.
	for _, ring := range rings {
		for i := range ring {
			d.stroke(ring[i], ring[(i+1)%len(ring)], float32(d.scale)*0.8)
		}
	}
	d.wash(d.ink(d.shades.marker), outline)
}
