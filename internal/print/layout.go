package print

import (
	"cmp"
	"strings"

	"convoke/internal/print/shape"
)

// Sheet is what a poster says. Every field but Title and URL may be empty.
type Sheet struct {
	Lang   string // of the title and the text, BCP 47
	Name   string // of that language, as its speakers call it
	Kicker string // what it is, in a word
	Notice string // that it is cancelled, say
	Title  string
	Day    string
	Hours  string
	Zone   string
	Where  string
	Text   string // some sentences, plain
	By     string
	Access string
	Scan   string // what is behind the code
	URL    string
}

// Address is the URL as people type it.
func (s *Sheet) Address() string {
	return strings.TrimSuffix(strings.TrimPrefix(s.URL, "https://"), "/")
}

// ink is one of the three colours of a sheet.
type ink int

const (
	black ink = iota
	accent
	white
)

// rgb is the ink's colour. The accent is that of the site's pages.
func (i ink) rgb() (r, g, b uint8) {
	switch i {
	case accent:
		return 0x0b, 0x6e, 0x69
	case white:
		return 255, 255, 255
	}
	return 0, 0, 0
}

// Everything that is placed is in millimetres from the upper left corner.
type (
	// run is a line of text; x and y are the left end of its baseline.
	run struct {
		text string
		bold bool
		size float64
		x, y float64
		ink  ink
		rtl  bool // its words go from right to left
	}
	// bar is a filled rectangle.
	bar struct {
		x, y, w, h float64
		ink        ink
	}
	// layout is a page with everything in its place.
	layout struct {
		w, h   float64
		margin float64
		bars   []bar
		runs   []run
		code   bar // where the QR code is
	}
)

// style is the measures of one format.
type style struct {
	w, h, margin float64
	k            float64 // large lettering, 1 on a poster
	body         float64 // small lettering
	side         float64 // of the QR code
	lines        int     // of the text, at most
}

// composer places one sheet.
type composer struct {
	*ruler
	style
	layout
	s Sheet
}

func (m *ruler) compose(s Sheet, st style) layout {
	for _, f := range []*string{&s.Kicker, &s.Notice, &s.Title, &s.Day, &s.Hours, &s.Zone, &s.Where, &s.Text, &s.By, &s.Access, &s.Scan} {
		*f, _ = m.clean(*f)
	}
	m.rtl, _ = shape.RightToLeft(cmp.Or(s.Notice, s.Kicker) + s.Title)
	c := composer{ruler: m, style: st, s: s}
	// The text gives way before the title becomes small.
	for _, t := range [...]struct {
		size  float64
		lines int
		title float64 // the least that it must leave
	}{{7.6, 7, 24}, {6.6, 7, 20}, {5.6, 7, 18}, {5.6, 5, 16}, {5.6, 3, 14}, {5.6, 2, 12}, {5.6, 0, 0}} {
		c.layout = layout{w: st.w, h: st.h, margin: st.margin}
		if c.place(t.size, min(t.lines, st.lines)) >= t.title*st.k {
			break
		}
	}
	return c.turned()
}

// turned is the layout, mirrored for those who read from right to left.
func (c *composer) turned() layout {
	l := c.layout
	if !c.rtl {
		return l
	}
	for i, b := range l.bars {
		l.bars[i].x = l.w - b.x - b.w
	}
	for i, r := range l.runs {
		l.runs[i].x = l.w - r.x - c.width(r.text, r.bold, r.size)
	}
	l.code.x = l.w - l.code.x - l.code.w
	return l
}

// inner is the width between the margins.
func (c *composer) inner() float64 { return c.style.w - 2*c.style.margin }

// place fills the page with at most so many lines of text in at most that size,
// and returns the size of the title.
func (c *composer) place(size float64, lines int) float64 {
	k := c.k
	top := c.head()
	bottom := c.foot()
	bottom -= 7 * k
	body := c.fit(c.s.Text, room{max: size * c.body, min: 5.6 * c.body, leading: 1.38, lines: lines, width: c.inner(), height: 60 * c.body})
	bottom = c.up(body, bottom, black, 5*k)
	where := c.fit(c.s.Where, room{bold: true, max: 10.5 * k, min: 6 * c.body, leading: 1.2, lines: 3, width: c.inner(), height: 40 * k})
	bottom = c.up(where, bottom, black, 6*k)
	bottom = c.band(bottom)
	title := c.fit(c.s.Title, room{bold: true, max: 46 * k, min: 8 * k, leading: 1.04, lines: 6, width: c.inner(), height: bottom - top - 7*k})
	// A capital's top stands where the room begins.
	y := top + title.size*title.rise()
	for _, row := range title.rows {
		c.write(row, title, c.style.margin, y, black)
		y += title.size * title.leading
	}
	return title.size
}

// head is the rule at the top with the kicker and the notice, and returns where
// the title may begin.
func (c *composer) head() float64 {
	k, m := c.k, c.style.margin
	c.bars = append(c.bars, bar{m, m, c.inner(), 2.6 * k, black})
	y := m + 2.6*k + 8*k
	if c.s.Notice != "" {
		t := c.fit(c.s.Notice, room{bold: true, max: 9 * k, min: 5 * k, leading: 1.2, lines: 4, width: c.inner() - 8*k, height: 30 * k})
		c.bars = append(c.bars, bar{m, m, c.inner(), 2.6*k + t.tall() + 5*k, black})
		return c.down(t, m+4*k, m+4*k, white) + 12*k
	}
	if c.s.Kicker != "" {
		t := c.fit(c.s.Kicker, room{bold: true, max: 6.4 * c.body, min: 4 * c.body, leading: 1.1, lines: 1, width: c.inner(), height: 20 * k})
		y = c.down(t, m, y-3*k, accent) + 6*k
	}
	return y
}

// foot is the code and what stands beside it, and returns where it begins.
func (c *composer) foot() float64 {
	k, b, m := c.k, c.body, c.style.margin
	c.code = bar{x: m + c.inner() - c.side, y: c.style.h - m - c.side, w: c.side, h: c.side}
	top := c.code.y - c.side/8 // the code needs white around it
	c.bars = append(c.bars, bar{m, top, c.inner(), 0.7 * k, black})
	width := c.inner() - c.side - c.side/6
	left := c.side
	put := func(s string, r room, gap float64) {
		r.width, r.height = width, left
		t := c.fit(s, r)
		if len(t.rows) == 0 {
			return
		}
		c.down(t, m, c.code.y+c.side-left-0.2*t.size, black)
		left -= t.tall() + gap
	}
	put(c.s.Scan, room{bold: true, max: 5.4 * b, min: 3.6 * b, leading: 1.2, lines: 2}, 1*b)
	put(c.s.Address(), room{bold: true, address: true, max: 5.4 * b, min: 2.6 * b, leading: 1.2, lines: 4}, 3*b)
	put(c.s.By, room{max: 4.2 * b, min: 3.4 * b, leading: 1.3, lines: 3}, 1.5*b)
	put(c.s.Access, room{max: 4.2 * b, min: 3.4 * b, leading: 1.3, lines: 5}, 0)
	return top
}

// band is the day and the time, white on the accent, above bottom.
func (c *composer) band(bottom float64) float64 {
	k, m := c.k, c.style.margin
	width := c.inner() - 12*k
	large := room{bold: true, max: 15 * k, min: 6 * k, leading: 1.14, width: width, height: 40 * k}
	// A date in one line is read at once, even when it is smaller.
	line := func(s string) text {
		r := large
		r.lines = 2
		if c.width(s, true, 8.5*k) <= width {
			r.lines = 1
		}
		return c.fit(s, r)
	}
	day, hours := line(c.s.Day), line(c.s.Hours)
	zone := c.fit(c.s.Zone, room{max: 4.6 * c.body, min: 3.4 * c.body, leading: 1.3, lines: 1, width: width, height: 20 * k})
	if len(day.rows)+len(hours.rows)+len(zone.rows) == 0 {
		return bottom
	}
	tall := day.tall() + hours.tall() + zone.tall() + 9*k
	y := bottom - tall
	c.bars = append(c.bars, bar{m, y, c.inner(), tall, accent})
	y = c.down(day, m+6*k, y+3.6*k, white)
	y = c.down(hours, m+6*k, y, white)
	c.down(zone, m+6*k, y, white)
	return bottom - tall
}

// down writes t from y on and returns where it ends.
func (c *composer) down(t text, x, y float64, i ink) float64 {
	for _, row := range t.rows {
		c.write(row, t, x, y+t.size*(0.5*t.leading+0.36), i)
		y += t.size * t.leading
	}
	return y
}

// up writes t so that it ends at y, and returns where it begins, with a gap.
func (c *composer) up(t text, y float64, i ink, gap float64) float64 {
	if len(t.rows) == 0 {
		return y
	}
	c.down(t, c.style.margin, y-t.tall(), i)
	return y - t.tall() - gap
}

func (c *composer) write(row string, t text, x, y float64, i ink) {
	c.runs = append(c.runs, run{row, t.bold, t.size, x, y, i, t.rtl})
}
