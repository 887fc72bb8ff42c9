package shape

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-text/typesetting/bidi"
	"pgregory.net/rapid"
)

func visual(line string, rtl bool) string {
	text := []rune(line)
	levels := Levels(text, rtl)
	var out []rune
	for _, i := range Visual(levels) {
		r := text[i]
		if levels[i]%2 == 1 {
			r = Mirror(r)
		}
		out = append(out, r)
	}
	return string(out)
}

func TestOrderOfALine(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		line string
		rtl  bool
		want string
	}{
		{"Assembly", false, "Assembly"},
		{"نهر", true, "رهن"},
		{"في Leipzig غدا", true, "ادغ Leipzig يف"},
		{"by نهر and", false, "by رهن and"},
		{"10:00–13:00", true, "13:00–10:00"},
		{"الساعة 10:30 (CET)", true, "(CET) 10:30 ةعاسلا"},
		{"نهر 12 غدا", false, "ادغ 12 رهن"},
		{"٢٠٢٦/١١/٢٨", true, "٢٠٢٦/١١/٢٨"},
		{"قل «نعم»!", true, "!«معن» لق"},
		{"convoke.example.org/events/1", false, "convoke.example.org/events/1"},
	} {
		if got := visual(x.line, x.rtl); got != x.want {
			t.Errorf("%q: %q, want %q", x.line, got, x.want)
		}
	}
	for text, want := range map[string][2]bool{"12 نهر": {true, true}, "a نهر": {false, true}, "12:00": {}, "שלום": {true, true}} {
		if rtl, ok := RightToLeft(text); rtl != want[0] || ok != want[1] {
			t.Errorf("%q: %v %v", text, rtl, ok)
		}
	}
}

// Another implementation of the whole algorithm finds the same directions.
func TestAnyLineIsOrderedAsAnotherOrdersIt(t *testing.T) {
	t.Parallel()
	piece := rapid.SampledFrom([]rune("abZä نهرא 012٣۴ (([]{})«».,:;/-+–…%€$#&@!?،؟·\u064e\u0308\u00a0"))
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SliceOfN(piece, 1, 24).Draw(t, "line")
		for _, x := range []struct {
			rtl   bool
			first rune
		}{{false, '\u200e'}, {true, '\u200f'}} {
			var p bidi.Paragraph
			runs := p.Segment(slices.Concat([]rune{x.first}, line), bidi.Neutral)
			var want []uint8
			for i := range runs.NumRuns() {
				r := runs.Run(i)
				for range r.End - r.Start {
					want = append(want, uint8(r.Level)%2)
				}
			}
			got := Levels(line, x.rtl)
			for i := range got {
				got[i] %= 2
			}
			if !slices.Equal(got, want[1:]) {
				t.Fatalf("%q %v:\n got %v\nwant %v", strings.ToValidUTF8(string(line), ""), x.rtl, got, want[1:])
			}
		}
	})
}
