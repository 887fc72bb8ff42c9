package print

import (
	"context"
	"time"

	"convoke/internal/fault"
	"convoke/internal/i18n"
)

// Press draws sheets, two at once. A process has one.
type Press struct {
	fonts   *typecase
	locales *i18n.Bundle
	slots   chan struct{}
	wait    time.Duration
}

// New returns the process's press.
func New(locales *i18n.Bundle) *Press {
	return &Press{fonts: &typecase{}, locales: locales, slots: make(chan struct{}, 2), wait: 10 * time.Second}
}

// Locales are those in which the words on a sheet can be.
func (p *Press) Locales() []*i18n.Locale { return p.locales.Locales() }

// Locale is the one of a language; ok is false when there is no catalogue of
// it. A sheet then has no words but its own.
func (p *Press) Locale(lang string) (l *i18n.Locale, ok bool) { return p.locales.Locale(lang) }

// Fits reports whether the bundled fonts can write all of s.
func (p *Press) Fits(s Sheet) bool {
	m := newRuler(p.fonts)
	title, _ := m.clean(s.Title)
	all := title != ""
	for _, t := range []string{s.Kicker, s.Notice, s.Title, s.Day, s.Hours, s.Zone, s.Where, s.Text, s.By, s.Access, s.Scan, s.URL} {
		_, ok := m.clean(t)
		all = all && ok
	}
	return all
}

// Paper is a size of paper.
type Paper struct {
	Code, Name    string
	Width, Height float64 // millimetres
}

// Papers are those that a printer may hold, the most common first.
func Papers() []Paper { return []Paper{{"a4", "A4", 210, 297}, {"letter", "Letter", 215.9, 279.4}} }

// paper is the first one for a code that is unknown.
func paper(code string) Paper {
	all := Papers()
	for _, p := range all {
		if p.Code == code {
			return p
		}
	}
	return all[0]
}

func posterStyle(p Paper) style {
	return style{w: p.Width, h: p.Height, margin: 14, k: 1, body: 1, side: 50, lines: 7}
}

// flyerStyle is a quarter of the paper. Its small lettering is larger than half
// of a poster's, to be read in the hand.
func flyerStyle(p Paper) style {
	return style{w: p.Width / 2, h: p.Height / 2, margin: 8, k: 0.5, body: 0.62, side: 30, lines: 5}
}

// pictureStyle is for a telephone: 1080 by 1350 pixels at ten a millimetre.
func pictureStyle() style {
	return style{w: 108, h: 135, margin: 7, k: 0.53, body: 0.7, side: 31, lines: 3}
}

// Poster is one page.
func (p *Press) Poster(ctx context.Context, s Sheet, size Paper) ([]byte, error) {
	return p.draw(ctx, func() ([]byte, error) {
		m := newRuler(p.fonts)
		return m.pdf(m.compose(s, posterStyle(size)), s.Title, s.Lang, s.URL, false)
	})
}

// Flyer is one page with four flyers and marks to cut along.
func (p *Press) Flyer(ctx context.Context, s Sheet, size Paper) ([]byte, error) {
	return p.draw(ctx, func() ([]byte, error) {
		m := newRuler(p.fonts)
		return m.pdf(m.compose(s, flyerStyle(size)), s.Title, s.Lang, s.URL, true)
	})
}

// Picture is a PNG of 1080 by 1350 pixels.
func (p *Press) Picture(ctx context.Context, s Sheet) ([]byte, error) {
	return p.draw(ctx, func() ([]byte, error) {
		m := newRuler(p.fonts)
		return m.picture(m.compose(s, pictureStyle()), s.URL, 10)
	})
}

// flyerDots is a resolution in pixels a millimetre in which small letters print
// well.
const flyerDots = 12

// FlyerPicture is one flyer as PNG, in the size of a quarter of the paper.
func (p *Press) FlyerPicture(ctx context.Context, s Sheet, size Paper) ([]byte, error) {
	return p.draw(ctx, func() ([]byte, error) {
		m := newRuler(p.fonts)
		return m.picture(m.compose(s, flyerStyle(size)), s.URL, flyerDots)
	})
}

// QRPage is the code of an address as PDF, sharp in every size.
func (p *Press) QRPage(ctx context.Context, url string) ([]byte, error) {
	return p.draw(ctx, func() ([]byte, error) { return qrPDF(url) })
}

// QR is the code of an address as PNG.
func (p *Press) QR(ctx context.Context, url string) ([]byte, error) {
	return p.draw(ctx, func() ([]byte, error) { return qrPNG(url) })
}

// draw waits for its turn, but not long: the cache fills whatever becomes of the
// reader, so that those who have left would wait on.
func (p *Press) draw(ctx context.Context, f func() ([]byte, error)) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, p.wait)
	defer cancel()
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
		return f()
	case <-ctx.Done():
		return nil, fault.After(fault.Unavailable("print.busy", "Many posters are being drawn just now. Please try again in a minute."), time.Minute)
	}
}
