package print

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"convoke/internal/print/fonts"
)

func arabic() Sheet {
	return Sheet{
		Lang: "ar", Name: "العربية", Kicker: "اجتماع", Title: "اجتماع أهالي ضفّة النهر", Day: "السبت، 28 نوفمبر 2026", Hours: "10:00–13:00",
		Zone: "توقيت Berlin (CET)", Where: "البوابة الشمالية، Leipzig، Sachsen", Text: "نلتقي لنسمع كل الخطط. أحضروا كرسيًّا، وأخبروا الجيران (حتى 12 سنة).",
		By: "تنظيم: جيران Riverside", Access: "سهولة الوصول: بلا درجات، رعاية أطفال.", Scan: "التفاصيل والتسجيل",
		URL: "https://convoke.example.org/events/01kb2x7m9q3v5w8y0z1a2b3c4d",
	}
}

// The files are those that the table in DATA.md names, unchanged.
func TestFontsAreWhatTheirTableSays(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("fonts/DATA.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []fonts.Family{fonts.European, fonts.Arabic, fonts.Hebrew} {
		regular, bold, err := f.Unpack()
		if err != nil {
			t.Fatal(err)
		}
		for _, ttf := range [][]byte{regular, bold} {
			if sum := fmt.Sprintf("%x", sha256.Sum256(ttf)); !bytes.Contains(table, []byte(sum)) {
				t.Errorf("family %d: %s is not in the table", f, sum)
			}
		}
		if _, err := unpack(f); err != nil {
			t.Error(err)
		}
	}
}

// A process that draws nothing keeps no font.
func TestFontsAreNotKept(t *testing.T) {
	t.Parallel()
	p := newPress(t)
	if !p.Fits(arabic()) {
		t.Fatal("Arabic does not fit")
	}
	for range 3 {
		runtime.GC()
	}
	for i := range p.fonts.families {
		if p.fonts.families[i].Value() != nil {
			t.Errorf("family %d is kept", i)
		}
	}
}

// A letter has another form at the beginning, in the middle and at the end of a
// word, and lam with alef is one.
func TestLettersJoin(t *testing.T) {
	t.Parallel()
	m := newRuler(newPress(t).fonts)
	ids := func(s string) (out []int) {
		for _, p := range m.set(s, false, true) {
			for _, g := range p.glyphs {
				out = append(out, int(g.id))
			}
		}
		return out
	}
	alone, word := ids("ه"), ids("ههه") // from left to right: final, medial, initial
	if len(alone) != 1 || len(word) != 3 {
		t.Fatalf("%v %v", alone, word)
	}
	seen := map[int]bool{alone[0]: true}
	for _, id := range word {
		if seen[id] {
			t.Errorf("two forms are one: %v %v", alone, word)
		}
		seen[id] = true
	}
	if n := len(ids("لا")); n != 1 {
		t.Errorf("lam and alef are %d glyphs", n)
	}
	if a, b := ids("نهر"), ids("ن ه ر"); slices.Equal(a, b) || len(a) != 3 {
		t.Errorf("joined %v, apart %v", a, b)
	}
	// A non-joiner parts letters, and is nothing itself.
	if a, b := ids("می\u200cخواهم"), ids("میخواهم"); slices.Equal(a, b) || len(a) != 7 {
		t.Errorf("%v %v", a, b)
	}
}

func TestLinesRunFromRightToLeft(t *testing.T) {
	t.Parallel()
	m := newRuler(newPress(t).fonts)
	show := func(line string, rtl bool) (out []string) {
		x := math.Inf(-1)
		for _, p := range m.set(line, true, rtl) {
			if p.x < x {
				t.Errorf("%q: %v lies left of %v", line, p.x, x)
			}
			x = p.x
			if p.family == fonts.European {
				out = append(out, p.text)
				continue
			}
			out = append(out, strings.Repeat("*", len(p.glyphs)))
		}
		return out
	}
	for _, x := range []struct {
		line string
		rtl  bool
		want []string
	}{
		{"نهر", true, []string{"***"}},
		{"دور 12 Riverside (CET)", true, []string{"Riverside (CET) 12 ", "***"}},
		{"10:00–13:00", true, []string{"13:00–10:00"}},
		{"10:00–13:00", false, []string{"10:00–13:00"}},
		{"by نهر 12, and", false, []string{"by 12 ", "***", ", and"}},
	} {
		got := show(x.line, x.rtl)
		if strings.Join(got, "") != strings.Join(x.want, "") {
			t.Errorf("%q: %q, want %q", x.line, got, x.want)
		}
	}
	l := m.compose(arabic(), posterStyle(paper("a4")))
	if right := l.code.x + l.code.w; l.code.x != 14 || right > l.w/2 {
		t.Errorf("the code stands at %v", l.code.x)
	}
	for _, r := range l.runs {
		if end := r.x + m.width(r.text, r.bold, r.size); math.Abs(end-(l.w-14)) > 0.01 && r.ink != white {
			t.Errorf("%q ends at %v", r.text, end)
		}
	}
	// Arabic words on a sheet in English do not turn the sheet round.
	s := meeting()
	s.Title = "نهر"
	if l := m.compose(s, posterStyle(paper("a4"))); l.code.x < l.w/2 || m.rtl {
		t.Error("the sheet is turned round")
	}
}

// What is measured is what is drawn, in any order.
func TestALineIsAsWideAsItIsMeasured(t *testing.T) {
	t.Parallel()
	m := newRuler(newPress(t).fonts)
	letter := rapid.SampledFrom([]rune("abÄ 12٣۴نهرلاپگ\u064e\u0651\u200c،؟()-/:שלו"))
	rapid.Check(t, func(t *rapid.T) {
		line, _ := m.clean(string(rapid.SliceOfN(letter, 1, 20).Draw(t, "line")))
		for _, rtl := range []bool{false, true} {
			end := 0.0
			for _, p := range m.set(line, false, rtl) {
				end = p.x
				if p.family == fonts.European {
					end += m.width(p.text, false, 1)
					continue
				}
				end += m.wide(p.glyphs)
			}
			if line != "" && math.Abs(end-m.width(line, false, 1)) > 1e-6 {
				t.Fatalf("%q: drawn %v, measured %v", line, end, m.width(line, false, 1))
			}
		}
	})
}

// wide is where the last glyph with a width ends.
func (m *ruler) wide(glyphs []glyph) (end float64) {
	for _, w := range m.words {
		if len(w.glyphs) > 0 && len(glyphs) > 0 && &w.glyphs[0] == &glyphs[0] {
			return w.width
		}
	}
	return 0
}

func TestArabicHasItsRoom(t *testing.T) {
	t.Parallel()
	m := newRuler(newPress(t).fonts)
	word := rapid.StringMatching(`[ابتجدرسعفكلمنهويةأپگ]{1,14}|[A-Za-z0-9]{1,8}|[٠-٩]{1,4}|[(),.:–،]`)
	words := func(n int) *rapid.Generator[string] {
		return rapid.Map(rapid.SliceOfN(word, 0, n), func(w []string) string { return strings.Join(w, " ") })
	}
	rapid.Check(t, func(t *rapid.T) {
		s := Sheet{
			Kicker: words(4).Draw(t, "kicker"), Notice: words(24).Draw(t, "notice"), Title: "نهر " + words(25).Draw(t, "title"),
			Day: words(10).Draw(t, "day"), Hours: words(10).Draw(t, "hours"), Zone: words(6).Draw(t, "zone"), Where: words(25).Draw(t, "where"),
			Text: words(60).Draw(t, "text"), By: words(60).Draw(t, "by"), Access: words(60).Draw(t, "access"), Scan: words(8).Draw(t, "scan"),
			URL: "https://convoke.example.org/events/1",
		}
		for name, st := range styles() {
			l := m.compose(s, st)
			if found := problems(m, l); len(found) > 0 {
				t.Fatalf("%s: %q", name, found)
			}
		}
	})
}

var said = regexp.MustCompile(`/ActualText <feff([0-9a-f]+)>`)

// content is the drawing of all pages.
func content(t *testing.T, b []byte) string {
	t.Helper()
	var out strings.Builder
	for _, m := range stream.FindAllSubmatch(b, -1) {
		if z, err := zlib.NewReader(bytes.NewReader(m[1])); err == nil {
			page, _ := io.ReadAll(z)
			out.Write(page)
		}
	}
	return out.String()
}

func TestArabicFiles(t *testing.T) {
	t.Parallel()
	p, s := newPress(t), arabic()
	poster, err := p.Poster(t.Context(), s, paper("a4"))
	if err != nil {
		t.Fatal(err)
	}
	pdfText(t, poster) // the file is whole
	page := content(t, poster)
	// The words are outlines: curves between the text that says them and its end.
	if n := strings.Count(page, " c\n"); n < 1000 {
		t.Errorf("%d curves", n)
	}
	var words string
	for _, m := range said.FindAllStringSubmatch(page, -1) {
		for i := 0; i+4 <= len(m[1]); i += 4 {
			var u rune
			if _, err := fmt.Sscanf(m[1][i:i+4], "%x", &u); err != nil {
				t.Fatal(err)
			}
			words += string(u)
		}
		words += " "
	}
	for _, want := range []string{s.Title, s.Day, s.Where, s.By, s.Scan} {
		if !strings.Contains(words, want) {
			t.Errorf("%q is not in %q", want, words)
		}
	}
	flyer, err := p.Flyer(t.Context(), s, paper("letter"))
	if err != nil {
		t.Fatal(err)
	}
	if n, one := strings.Count(content(t, flyer), "/ActualText"), strings.Count(page, "/ActualText"); n < 4*one/2 || n%4 != 0 {
		t.Errorf("%d lines on four flyers, %d on a poster", n, one)
	}
	if again, err := p.Poster(t.Context(), s, paper("a4")); err != nil || !bytes.Equal(again, poster) {
		t.Errorf("the same sheet gives other bytes: %v", err)
	}

	b, err := p.Picture(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	st := pictureStyle()
	code, err := encode(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	px := int(10*st.side) / code.Size
	if got := readCode(t, img, int(10*st.margin)+px*code.Size, int(10*(st.h-st.margin)), px, code.Size); got != s.URL {
		t.Errorf("the picture says %q", got)
	}
	// The title begins at the right: there is ink there, and at the left there is none.
	title := newRuler(p.fonts).compose(s, st).runs[0]
	if dark(img, image.Rect(900, int(10*(title.y-title.size)), 1010, int(10*title.y))) == 0 {
		t.Error("there is no word at the right")
	}
}

func dark(img image.Image, in image.Rectangle) (n int) {
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if r, _, _, _ := img.At(x, y).RGBA(); r < 0x8000 {
				n++
			}
		}
	}
	return n
}

func TestSheetsToSignInArabic(t *testing.T) {
	t.Parallel()
	s := SignSheet{
		Lang: "ar", Kicker: "عريضة", Title: "أنقذوا حديقة النهر", To: "إلى: مجلس المدينة", Text: "نطلب أن تبقى الحديقة مفتوحة للجميع (12 فدانًا).", By: "جيران النهر",
		Until: "حتى 31 ديسمبر 2026", Columns: [3]string{"الاسم", "البلدة", "التوقيع"}, Foot: "وقّع مرة واحدة فقط.", URL: "https://convoke.example.org/petitions/x",
		CodeName: "ورقة", Codes: []string{"ABCD-1234", "EFGH-5678"},
	}
	b, err := newPress(t).SignSheets(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(pdfText(t, b), " "); !strings.Contains(got, "ABCD-1234") || !strings.Contains(got, "EFGH-5678") {
		t.Errorf("the codes are not in %q", got)
	}
	if n := strings.Count(content(t, b), "/ActualText"); n < 20 {
		t.Errorf("%d lines", n)
	}
	s.Title = "नदी"
	if _, err := newPress(t).SignSheets(t.Context(), s); err != ErrLetters { //nolint:errorlint // it is returned as it is
		t.Errorf("got %v", err)
	}
}

func BenchmarkArabicPoster(b *testing.B) {
	p := newPress(b)
	for b.Loop() {
		if _, err := p.Poster(b.Context(), arabic(), paper("a4")); err != nil {
			b.Fatal(err)
		}
	}
}
