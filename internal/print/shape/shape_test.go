package shape

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/harfbuzz"
	"github.com/go-text/typesetting/language"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"convoke/internal/print/fonts"
)

// second is a complete shaper with the same font.
type second struct {
	own    *Font
	font   *harfbuzz.Font
	script language.Script
}

func load(t testing.TB, family fonts.Family, tag string, script language.Script) []second {
	t.Helper()
	regular, bold, err := family.Unpack()
	if err != nil {
		t.Fatal(err)
	}
	var out []second
	for _, ttf := range [][]byte{regular, bold} {
		own, err := New(ttf, tag)
		if err != nil {
			t.Fatal(err)
		}
		face, err := font.ParseTTF(bytes.NewReader(ttf))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, second{own, harfbuzz.NewFont(face), script})
	}
	return out
}

func (s *second) shape(text []rune) (out []Glyph, width int) {
	b := harfbuzz.NewBuffer()
	b.AddRunes(text, 0, -1)
	b.Props = harfbuzz.SegmentProperties{Direction: harfbuzz.RightToLeft, Script: s.script, Language: "und"}
	b.Flags = harfbuzz.RemoveDefaultIgnorables
	b.Shape(s.font, nil)
	for i, g := range b.Info {
		out = append(out, Glyph{ID: uint16ID(g.Glyph), X: width + int(b.Pos[i].XOffset), Y: int(b.Pos[i].YOffset)})
		width += int(b.Pos[i].XAdvance)
	}
	return out, width
}

// differs compares the two.
func (s *second) differs(text string) string {
	word := []rune(norm.NFC.String(text))
	got, width := s.own.Shape(word)
	want, full := s.shape(word)
	if width == full && slices.Equal(got, want) {
		return ""
	}
	return fmt.Sprintf("%q %x:\n got %v %d\nwant %v %d", text, word, got, width, want, full)
}

func TestWordsAreSetAsAnotherShaperSetsThem(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		family fonts.Family
		tag    string
		script language.Script
		words  string
	}{
		{fonts.Arabic, "arab", language.Arabic, "تنظيف النهر الله لا إلى الآن سلام بَلَدِيَّةٌ مُحَمَّدٌ لِلَّهِ لَا لأنّ اجتماعـات می‌خواهم گردهمایی پاکیزگی کتاب‌ها ہفتہ بڑے ٹھیک ڈاک لڑکی ئۇيغۇر كوردی ڕۆژ دەنگدان سنڌي ښوونځی ګډون یہاں اُردُو بچّے"},
		{fonts.Hebrew, "hebr", language.Hebrew, "נהר שָׁלוֹם אסיפה בְּרֵאשִׁית צ׳רנוביץ׳ תנ״ך"},
	} {
		for _, s := range load(t, x.family, x.tag, x.script) {
			for word := range strings.FieldsSeq(x.words) {
				if d := s.differs(word); d != "" {
					t.Error(d)
				}
			}
		}
	}
}

// scripture reports signs of recitation and chant, whose order among other marks
// fonts leave open; and the hamza below, which is not added to a letter by itself.
func scripture(r rune) bool {
	return r >= 0x591 && r <= 0x5af || r == 0x5bd || r == 0x5c4 || r == 0x5c5 || r == 0x655 || r >= 0x610 && r <= 0x61a || r >= 0x6d6 && r <= 0x6ed || r >= 0x8ca
}

// letters are those of a font that make words, of some blocks.
func letters(f *Font, from, to rune) (bases, marks []rune) {
	for r := from; r <= to; r++ {
		if f.index(r) == 0 || scripture(r) || norm.NFC.String(string(r)) != string(r) {
			continue
		}
		if markOrder(r) > 0 {
			marks = append(marks, r)
		} else if Joined(r) {
			bases = append(bases, r)
		}
	}
	return bases, marks
}

func TestAnyLettersAreSetAsAnotherShaperSetsThem(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		family   fonts.Family
		tag      string
		script   language.Script
		from, to rune
	}{{fonts.Arabic, "arab", language.Arabic, 0x600, 0x8ff}, {fonts.Hebrew, "hebr", language.Hebrew, 0x591, 0x5f4}} {
		all := load(t, x.family, x.tag, x.script)
		bases, marks := letters(all[0].own, x.from, x.to)
		t.Log(x.tag, len(bases), len(marks))
		letter := rapid.Custom(func(t *rapid.T) string {
			s := string(rapid.SampledFrom(bases).Draw(t, "letter"))
			for _, m := range rapid.SliceOfN(rapid.SampledFrom(marks), 0, 3).Draw(t, "marks") {
				s += string(m)
			}
			if x.family == fonts.Arabic && rapid.IntRange(0, 15).Draw(t, "break") == 0 {
				s += string(nonJoiner)
			}
			return s
		})
		rapid.Check(t, func(t *rapid.T) {
			word := strings.Join(rapid.SliceOfN(letter, 1, 8).Draw(t, "word"), "")
			for _, s := range all {
				if d := s.differs(word); d != "" {
					t.Fatal(d)
				}
			}
		})
	}
}

func uint16ID(g harfbuzz.GID) sfnt.GlyphIndex { return sfnt.GlyphIndex(g) }
