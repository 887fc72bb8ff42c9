package print

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"image"
	"image/png"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"pgregory.net/rapid"
	"rsc.io/qr/coding"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/web/webtest"
)

func newPress(t testing.TB) *Press {
	t.Helper()
	b, err := i18n.Load(false)
	if err != nil {
		t.Fatal(err)
	}
	return New(b)
}

func meeting() Sheet {
	return Sheet{
		Lang: "en", Name: "English", Kicker: "Assembly", Title: "Riverside assembly", Day: "Saturday, November 28, 2026", Hours: "10:00 AM–1:00 PM",
		Zone: "Berlin time (CET)", Where: "North gate, Leipzig, Sachsen", Text: "We meet to hear all plans. Bring a chair.",
		By: "Organized by Riverside Neighbours", Access: "Access: Step-free, Childcare.", Scan: "Details and sign-up",
		URL: "https://convoke.example.org/events/01kb2x7m9q3v5w8y0z1a2b3c4d",
	}
}

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{"print": printPage.Check})
}

// styles are all formats.
func styles() map[string]style {
	out := map[string]style{"picture": pictureStyle()}
	for _, p := range Papers() {
		out["poster "+p.Code], out["flyer "+p.Code] = posterStyle(p), flyerStyle(p)
	}
	return out
}

// box is what a line of letters covers, from the top of a capital to the lowest
// descender.
func (r run) box(m *ruler) bar {
	return bar{r.x, r.y - 0.72*r.size, m.width(r.text, r.bold, r.size), 0.96 * r.size, r.ink}
}

func (b bar) meets(o bar) bool {
	const slack = 0.12 // the tallest accents reach a little higher
	return b.x+slack < o.x+o.w && o.x+slack < b.x+b.w && b.y+slack < o.y+o.h && o.y+slack < b.y+b.h
}

func (b bar) within(o bar) bool {
	const slack = 1e-6
	return b.x >= o.x-slack && b.y >= o.y-slack && b.x+b.w <= o.x+o.w+slack && b.y+b.h <= o.y+o.h+slack
}

// problems finds lines that leave the page, cover each other or the code, or lie
// where their ink cannot be read.
func problems(m *ruler, l layout) []string {
	var out []string
	// Descenders of the last line may reach a little below the code.
	page := bar{l.margin, l.margin, l.w - 2*l.margin, l.h - 2*l.margin + 1, black}
	for i, r := range l.runs {
		b := r.box(m)
		if !b.within(page) {
			out = append(out, "outside: "+r.text)
		}
		if b.meets(l.code) {
			out = append(out, "on the code: "+r.text)
		}
		for _, o := range l.runs[:i] {
			if b.meets(o.box(m)) {
				out = append(out, "on each other: "+r.text+" / "+o.text)
			}
		}
		for _, o := range l.bars {
			if r.ink != white && b.meets(o) {
				out = append(out, "on a bar: "+r.text)
			}
		}
		if r.ink == white && !slices.ContainsFunc(l.bars, b.within) {
			out = append(out, "beside its bar: "+r.text)
		}
	}
	return out
}

func TestEverythingHasItsRoom(t *testing.T) {
	t.Parallel()
	m := newRuler(newPress(t).fonts)
	word := rapid.StringMatching(`[A-Za-zÄÖßŁñéЖφ0-9.,:–-]{1,40}`)
	words := func(n int) *rapid.Generator[string] {
		return rapid.Map(rapid.SliceOfN(word, 0, n), func(w []string) string { return strings.Join(w, " ") })
	}
	rapid.Check(t, func(t *rapid.T) {
		s := Sheet{
			Kicker: words(4).Draw(t, "kicker"), Notice: words(24).Draw(t, "notice"), Title: word.Draw(t, "first") + " " + words(25).Draw(t, "title"),
			Day: words(10).Draw(t, "day"), Hours: words(10).Draw(t, "hours"), Zone: words(6).Draw(t, "zone"), Where: words(25).Draw(t, "where"),
			Text: words(60).Draw(t, "text"), By: words(60).Draw(t, "by"), Access: words(60).Draw(t, "access"), Scan: words(8).Draw(t, "scan"),
			URL: "https://" + rapid.StringMatching(`[a-z0-9.-]{4,80}(/[a-z0-9]{1,40}){0,3}`).Draw(t, "url"),
		}
		for name, st := range styles() {
			l := m.compose(s, st)
			if found := problems(m, l); len(found) > 0 {
				t.Fatalf("%s: %q", name, found)
			}
		}
	})
}

func TestShortTextsAreWhole(t *testing.T) {
	t.Parallel()
	m := newRuler(newPress(t).fonts)
	for name, st := range styles() {
		s := meeting()
		all := ""
		for _, r := range m.compose(s, st).runs {
			all += r.text + " "
		}
		for _, want := range []string{s.Kicker, s.Title, s.Day, s.Hours, s.Zone, s.Where, s.Text, s.By, s.Access, s.Scan} {
			if !strings.Contains(all, want) {
				t.Errorf("%s: %q is not in %q", name, want, all)
			}
		}
		if !strings.Contains(strings.ReplaceAll(all, " ", ""), s.Address()) {
			t.Errorf("%s: the address is not whole in %q", name, all)
		}
	}
}

// Old and new time and place of what was moved are a long notice.
func TestNoticesAreWhole(t *testing.T) {
	t.Parallel()
	m := newRuler(newPress(t).fonts)
	for _, notice := range []string{
		"This event is cancelled.",
		"This event was moved. Old time: Nov 28, 2026, 10:00 AM (Berlin). New time: Nov 29, 2026, 10:00 AM (London). Old place: North gate, Leipzig. New place: Town hall, Leipzig.",
		"Esta actividad se ha movido. Hora anterior: 28 nov 2026, 10:00 (Berlin). Hora nueva: 29 nov 2026, 10:00 (London). Lugar anterior: Puerta norte, Leipzig. Lugar nuevo: Ayuntamiento, Leipzig.",
	} {
		for name, st := range styles() {
			s := meeting()
			s.Notice = notice
			l, all := m.compose(s, st), ""
			for _, r := range l.runs {
				all += r.text + " "
			}
			for _, want := range []string{notice, s.Title, s.Day, s.Where} {
				if !strings.Contains(all, want) {
					t.Errorf("%s: %q is not in %q", name, want, all)
				}
			}
			if found := problems(m, l); len(found) > 0 {
				t.Errorf("%s: %q", name, found)
			}
		}
	}
}

func TestCleanAndFits(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	m := newRuler(p.fonts)
	for in, want := range map[string]string{
		"Plain":           "Plain",
		"Cafe\u0301 ":     "Café",
		"a\n- b\t\u2009c": "a - b c",
		"\u2068Κοινό\u2069 Привет Việt":    "Κοινό Привет Việt",
		"Picnic 🎉👍🏽 1️⃣ ok":                "Picnic 1 ok",
		"می\u200cخواهم a\u200cb \u200cنهر": "می\u200cخواهم ab نهر",
		"no\u200bbreak\u00a0here \ufffd!":  "nobreak\u00a0here !",
	} {
		if got, ok := m.clean(in); got != want || !ok {
			t.Errorf("%q: %q, %v", in, got, ok)
		}
	}
	for title, want := range map[string]bool{
		"Riverside": true, "Ποτάμι": true, "Река": true, "Đường": true, "🎉": false, "": false,
		"نهر": true, "رودخانه": true, "دریا کنارے": true, "بَلَدِيَّة": true, "می‌خواهم": true, "נהר": true, "שָׁלוֹם": true, "नदी": false, "নদী": false, "แม่น้ำ": false, "河": false, "강": false, "ދުވަސް": false, "ܢܗܪܐ": false, "a\u064e": false, "q\u0323\u0301": false,
	} {
		s := meeting()
		s.Title = title
		if p.Fits(s) != want {
			t.Errorf("%q fits: %v", title, !want)
		}
	}
	s := meeting()
	s.By = "पड़ोसी"
	if p.Fits(s) {
		t.Error("letters of a group's name were not looked at")
	}
}

var (
	stream = regexp.MustCompile(`(?s)stream\r?\n(.*?)\r?\nendstream`)
	shown  = regexp.MustCompile(`(?s)\(((?:[^()\\]|\\.)*)\) ?Tj`)
	object = regexp.MustCompile(`(?m)^(\d{10}) 00000 n `)
)

// pdfText checks that every object is where the table at the end says, and
// returns the lines of text.
func pdfText(t *testing.T, b []byte) []string {
	t.Helper()
	_, tail, _ := bytes.Cut(b, []byte("\nstartxref\n"))
	at, err := strconv.Atoi(strings.Fields(string(tail))[0])
	if err != nil || !bytes.HasPrefix(b, []byte("%PDF-1.")) || !bytes.HasPrefix(b[at:], []byte("xref")) {
		t.Fatalf("not a whole PDF: %v", err)
	}
	for i, m := range object.FindAllSubmatch(b[at:], -1) {
		off, err := strconv.Atoi(string(m[1]))
		if err != nil || !bytes.HasPrefix(b[off:], []byte(strconv.Itoa(i+1)+" 0 obj")) {
			t.Fatalf("object %d is not at %d", i+1, off)
		}
	}
	var out []string
	for _, m := range stream.FindAllSubmatch(b, -1) {
		z, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue
		}
		page, err := io.ReadAll(z)
		if err != nil {
			continue
		}
		for _, s := range shown.FindAllSubmatch(page, -1) {
			raw := regexp.MustCompile(`(?s)\\(.)`).ReplaceAllFunc(s[1], func(e []byte) []byte {
				if e[1] == 'r' {
					return []byte{'\r'}
				}
				return e[1:]
			})
			var u []uint16
			for i := 0; i+1 < len(raw); i += 2 {
				u = append(u, uint16(raw[i])<<8|uint16(raw[i+1]))
			}
			out = append(out, string(utf16.Decode(u)))
		}
	}
	return out
}

func TestPDFHasTheWords(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	for _, title := range []string{"Riverside assembly", "Asamblea del río: ¿quién?", "Собрание у реки", "Συνέλευση", "Họp dân phố (1)"} {
		s := meeting()
		s.Title = title
		for _, size := range Papers() {
			poster, err := p.Poster(t.Context(), s, size)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(pdfText(t, poster), " "); !strings.Contains(got, title) || !strings.Contains(got, s.Hours) {
				t.Errorf("%q is not in %q", title, got)
			}
			flyer, err := p.Flyer(t.Context(), s, size)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(pdfText(t, flyer), " "); strings.Count(got, title) != 4 {
				t.Errorf("%q is not four times in %q", title, got)
			}
		}
	}
}

func TestTheSameSheetGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	for name, draw := range map[string]func() ([]byte, error){
		"pdf": func() ([]byte, error) { return p.Poster(t.Context(), meeting(), paper("letter")) },
		"png": func() ([]byte, error) { return p.Picture(t.Context(), meeting()) },
	} {
		a, err := draw()
		if err != nil {
			t.Fatal(err)
		}
		if b, err := draw(); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs: %v", name, err)
		}
	}
}

// readCode reads a code off a picture: the dark square whose lower right corner
// is at x, y and whose modules are px wide.
func readCode(t *testing.T, img image.Image, x, y, px, size int) string {
	t.Helper()
	plan, err := coding.NewPlan(coding.Version((size-17)/4), coding.M, 0)
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 4096)
	for row, line := range plan.Pixel {
		for col, p := range line {
			r, _, _, _ := img.At(x-(size-col)*px+px/2, y-(size-row)*px+px/2).RGBA()
			dark := r < 0x8000
			switch p.Role() {
			case coding.Data:
				// The plan's own black is the mask.
				if o := p.Offset(); dark != (p&coding.Black != 0) {
					data[o/8] |= 1 << (7 - o%8)
				}
			case coding.Position, coding.Alignment, coding.Timing, coding.Format:
				if dark != (p&coding.Black != 0) {
					t.Fatalf("the pattern is broken at %d, %d", col, row)
				}
			}
		}
	}
	// Bytes, with a length of eight bits in versions up to nine.
	if data[0]>>4 != 4 {
		t.Fatalf("mode %d", data[0]>>4)
	}
	n := int(data[0]<<4 | data[1]>>4)
	out := make([]byte, n)
	for i := range out {
		out[i] = data[i+1]<<4 | data[i+2]>>4
	}
	return string(out)
}

func TestCodesLeadToTheAddress(t *testing.T) {
	t.Parallel()
	p, s := newPress(t), meeting()
	code, err := encode(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	open := func(b []byte, err error) image.Image {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	img := open(p.QR(t.Context(), s.URL))
	side := img.Bounds().Dx()
	px := side / (code.Size + 2*quiet)
	if got := readCode(t, img, side-quiet*px, side-quiet*px, px, code.Size); got != s.URL {
		t.Errorf("qr.png says %q", got)
	}
	img = open(p.Picture(t.Context(), s))
	if img.Bounds().Dx() != 1080 || img.Bounds().Dy() != 1350 {
		t.Errorf("the picture is %v", img.Bounds())
	}
	st := pictureStyle()
	if got := readCode(t, img, int(10*(st.w-st.margin)), int(10*(st.h-st.margin)), int(10*st.side)/code.Size, code.Size); got != s.URL {
		t.Errorf("the picture says %q", got)
	}
	img = open(p.FlyerPicture(t.Context(), s, paper("a4")))
	if img.Bounds().Dx() != 105*flyerDots || img.Bounds().Dy() != 1782 {
		t.Errorf("the flyer is %v", img.Bounds())
	}
	st = flyerStyle(paper("a4"))
	if got := readCode(t, img, int(flyerDots*(st.w-st.margin)), int(flyerDots*(st.h-st.margin)), int(flyerDots*st.side)/code.Size, code.Size); got != s.URL {
		t.Errorf("the flyer says %q", got)
	}
}

// The code as PDF is dark where the code is, and nowhere else.
func TestTheCodeIsDrawnAsLines(t *testing.T) {
	t.Parallel()
	b, err := newPress(t).QRPage(t.Context(), meeting().URL)
	if err != nil {
		t.Fatal(err)
	}
	again, err := newPress(t).QRPage(t.Context(), meeting().URL)
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("the same address gives other bytes: %v", err)
	}
	other, err := newPress(t).QRPage(t.Context(), meeting().URL+"x")
	if err != nil || bytes.Equal(b, other) || !bytes.HasPrefix(b, []byte("%PDF-")) {
		t.Errorf("another address gives the same code: %v", err)
	}
}

func TestPressTurnsAwayWhoWaitsTooLong(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	p.wait = time.Millisecond
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	_, err := p.Poster(context.WithoutCancel(t.Context()), meeting(), paper(""))
	var f *fault.Error
	if !fault.HasCode(err, "print.busy") || !errors.As(err, &f) || f.RetryAfter == 0 {
		t.Errorf("got %v", err)
	}
	<-p.slots
	if _, err := p.Poster(t.Context(), meeting(), paper("")); err != nil {
		t.Error(err)
	}
}

func TestSmallWords(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"sábado": "Sábado", "": "", "élan": "Élan", "1 x": "1 x"} {
		if got := Capital(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	if got := Line("Bring:\n- a cup\n- soup\nThank you"); got != "Bring: a cup · soup Thank you" {
		t.Errorf("%q", got)
	}
	s := meeting()
	if got, want := s.share(), "Riverside assembly\nSaturday, November 28, 2026, 10:00 AM–1:00 PM, Berlin time (CET)\nNorth gate, Leipzig, Sachsen\n"+s.URL; got != want {
		t.Errorf("share text %q", got)
	}
	if got := (&Sheet{Title: "T", URL: "u"}).share(); got != "T\nu" {
		t.Errorf("share text %q", got)
	}
	if paper("none").Code != "a4" || paper("letter").Code != "letter" {
		t.Error("papers")
	}
}

func BenchmarkPoster(b *testing.B) {
	p := newPress(b)
	for b.Loop() {
		if _, err := p.Poster(b.Context(), meeting(), paper("a4")); err != nil {
			b.Fatal(err)
		}
	}
}
