package basemap

// rect is a rectangle in device pixels.
type rect struct{ x0, y0, x1, y1 float32 }

func (r rect) intersect(o rect) rect {
	return rect{max(r.x0, o.x0), max(r.y0, o.y0), min(r.x1, o.x1), min(r.y1, o.y1)}
}

func (r rect) empty() bool { return r.x0 >= r.x1 || r.y0 >= r.y1 }

// clipRing cuts a ring down to r (Sutherland and Hodgman's algorithm): tiles overlap a little, and each may paint only its own square. Cuts of
// neighbouring tiles run along the same line in opposite directions, so the rasterizer sees no seam. The result shares
// memory with in or buf.
func clipRing(in []point, r rect, buf *[2][]point) []point {
	if inside(in, r) {
		return in
	}
	for side := range 4 {
		out := buf[side&1][:0]
		for i, b := range in {
			a := in[(i+len(in)-1)%len(in)]
			da, db := distance(a, r, side), distance(b, r, side)
			if (da >= 0) != (db >= 0) {
				t := da / (da - db)
				out = append(out, point{a.x + (b.x-a.x)*t, a.y + (b.y-a.y)*t})
			}
			if db >= 0 {
				out = append(out, b)
			}
		}
		buf[side&1], in = out, out
	}
	return in
}

// distance says how far p lies inside one side of r; negative is outside.
func distance(p point, r rect, side int) float32 {
	switch side {
	case 0:
		return p.x - r.x0
	case 1:
		return r.x1 - p.x
	case 2:
		return p.y - r.y0
	}
	return r.y1 - p.y
}

func inside(ps []point, r rect) bool {
	for _, p := range ps {
		if p.x < r.x0 || p.x > r.x1 || p.y < r.y0 || p.y > r.y1 {
			return false
		}
	}
	return true
}

// clipSegment cuts a segment down to r; ok is false if nothing is left.
func clipSegment(a, b point, r rect) (from, to point, ok bool) {
	for side := range 4 {
		da, db := distance(a, r, side), distance(b, r, side)
		switch {
		case da < 0 && db < 0:
			return a, b, false
		case da < 0:
			t := da / (da - db)
			a = point{a.x + (b.x-a.x)*t, a.y + (b.y-a.y)*t}
		case db < 0:
			t := da / (da - db)
			b = point{a.x + (b.x-a.x)*t, a.y + (b.y-a.y)*t}
		}
	}
	return a, b, true
}
