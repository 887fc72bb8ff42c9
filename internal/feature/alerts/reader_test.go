package alerts

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/web/webtest"
)

// towns is a gazetteer with two towns that networks watch, one of which is the name of three,
// and others elsewhere.
type towns struct{}

func (towns) Find(string, int) []geo.Place { return nil }

func (towns) Named(q string, _ int) []geo.Place {
	switch geo.Fold(q) {
	case "leipzig", "leipzig germany", "51 34 12 37":
		return []geo.Place{town("Leipzig", 51.34, 12.37)}
	case "halle":
		return []geo.Place{town("Halle", 51.48, 11.97), town("Halle", 50.73, 4.24)}
	case "buena vista":
		return []geo.Place{town("Buena Vista", 51.40, 12.30)}
	case "halle belgium":
		return []geo.Place{town("Halle", 50.73, 4.24)}
	case "neustadt":
		return []geo.Place{town("Neustadt", 51.30, 12.30), town("Neustadt", 51.45, 12.45)}
	}
	return nil
}

func testReader(t testing.TB) (*reader, *i18n.Locale) {
	t.Helper()
	b := webtest.Locales(t)
	en, _ := b.Locale("en")
	return &reader{newLexicon(b.Locales()), towns{}, func(c geo.GridCell) bool {
		return geo.Distance(c.Middle(), geo.Point{Lat: 51.34, Lon: 12.37}) < 60
	}}, en
}

// TestReader reads what people may write, and asks where it cannot be sure.
func TestReader(t *testing.T) {
	t.Parallel()
	r, en := testReader(t)
	for _, c := range []struct{ text, want string }{ // category, place, how, minutes, note; or what is missing
		{"FIRE Leipzig seen now smoke from roof", "fire|Leipzig|seen|0|smoke from roof"},
		{"fire, Leipzig, Germany, seen. Smoke from a roof. It grows!", "fire|Leipzig|seen|0|Smoke from a roof. It grows!"},
		{"Fire and smoke in Leipzig heard", "fire|Leipzig|heard|0|"},
		{"road closed, 51.34, 12.37, I saw, 20 min ago, the bridge", "road|Leipzig|seen|30|the bridge"},
		{"heard: fire in Leipzig", "fire|Leipzig|heard|0|"},
		{"Leipzig; seen; road; since ٢ hours", "road|Leipzig|seen|120|"},
		{"heard 5min ago fire Leipzig", "fire|Leipzig|heard|15|"},
		{"Leipzig fire seen", "!category,place,first_hand"},
		{"Leipzig seen fire engines pass", "!category"},
		{"fire Leipzig seen 5 min", "fire|Leipzig|seen|0|5 min"},
		{"fire Leipzig seen 9 hours ago", "fire|Leipzig|seen|540|"},
		{"fire, by the market, Leipzig, seen, heard a bang", "fire|Leipzig|seen|0|by the market, heard a bang"},
		{"fire, Buena Vista, seen", "fire|Buena Vista|seen|0|"},
		{"fire, Halle, seen", "fire|Halle|seen|0|"}, // of the three only one is watched
		{"fire, Halle, Belgium, seen", "!place"},    // and that is another one
		{"fire, Halle, Belgium burns, seen", "!place"},
		{"fire, Neustadt, seen", "!place"},
		{"fire, Halle, Leipzig, seen", "!place"},
		{"fire, road, Leipzig, seen", "!category"},
		{"fire, Leipzig, seen, heard", "!first_hand"},
		{"fire, Leipzig, not seen", "!first_hand"},
		{"fire Leipzig not seen", "!place,first_hand"},
		{"Leipzig is on fire, seen", "!category,place"},
		{"fire between Halle and Leipzig, seen", "!place"},
		{"no fire, Leipzig, seen", "!category"},
		{"FIRE Plaza Mayor seen", "!place,first_hand"},
		{"Thank you!", "!category,place,first_hand"},
		{"", "!category,place,first_hand"},
		{"🔥", "!category,place,first_hand"},
	} {
		got := r.read(c.text, 0, en)
		said := strings.Join([]string{got.Category, got.Place.Name, got.How, got.Ago, got.Note}, "|")
		if m := got.missing(); len(m) > 0 {
			said = "!" + strings.Join(m, ",")
		}
		if want := c.want; said != want {
			t.Errorf("%q: %q, not %q", c.text, said, want)
		}
	}
	if got := r.read("نص آخر", 0, en); got.Locale.Tag() != "ar" {
		t.Errorf("Arabic letters are of %s", got.Locale.Tag())
	}
	const subject = "A report from Sam\n"
	if got := r.read(subject+"fire Leipzig seen\nIt grows", len(subject), en); len(got.missing()) > 0 || got.Note != "A report from Sam It grows" {
		t.Errorf("behind a subject: %+v", got)
	}
}

// TestEveryWord: each phrase of each language means one thing, as a message that begins with
// it does.
func TestEveryWord(t *testing.T) {
	t.Parallel()
	r, en := testReader(t)
	for _, l := range r.locales {
		if strings.Contains(l.Tag(), "-X") {
			continue // pseudo locales have marks within words
		}
		for _, c := range Categories() {
			for _, w := range append(items(l.T(c.Words)), c.Code, l.T(c.Name), strings.ToUpper(l.T(c.Name))) {
				for _, how := range items(l.T(seenWords())) {
					got := r.read(w+" Leipzig "+how, 0, en)
					if got.Category != c.Code || got.How != "seen" || len(got.missing()) > 0 || got.Note != "" {
						t.Errorf("%s: %q, %q: %+v", l.Tag(), w, how, got)
					}
				}
			}
		}
	}
}

// TestReaderGuessesNothing: whatever is mixed, a reading that lacks nothing has its category
// and place in the text, and neither any other of them as a field by itself.
func TestReaderGuessesNothing(t *testing.T) {
	t.Parallel()
	r, en := testReader(t)
	kinds := map[string]string{"fire": "fire", "Smoke": "fire", "road": "road", "Road or transit closure": "road", "storm": "weather"}
	spots := map[string]string{"Leipzig": "Leipzig", "51.34, 12.37": "Leipzig", "Halle": "Halle", "Buena Vista": "Buena Vista", "Halle, Belgium": "", "Neustadt": ""}
	rapid.Check(t, func(t *rapid.T) {
		pool := []string{"seen", "heard", "now", "10 min ago", "no", "in", "near", "it grows", "by the market", "maybe"}
		pool = slices.Concat(pool, slices.Sorted(maps.Keys(kinds)), slices.Sorted(maps.Keys(spots)))
		fields := rapid.SliceOfN(rapid.SampledFrom(pool), 0, 8).Draw(t, "fields")
		marks := rapid.SliceOfN(rapid.SampledFrom([]string{" ", ", ", "\n", ". "}), len(fields), len(fields)).Draw(t, "marks")
		var text strings.Builder
		for i, f := range fields {
			text.WriteString(f + marks[i])
		}
		got := r.read(text.String(), 0, en)
		if len(got.missing()) > 0 {
			return
		}
		what, where := false, false
		for i, f := range fields {
			what, where = what || kinds[f] == got.Category, where || spots[f] == got.Place.Name
			alone := (i == 0 || marks[i-1] != " ") && (i == len(fields)-1 || marks[i] != " ")
			if k := kinds[f]; alone && k != "" && k != got.Category {
				t.Fatalf("%q is taken for %s", text.String(), got.Category)
			}
			if p, ok := spots[f]; ok && alone && p != "" && p != got.Place.Name {
				t.Fatalf("%q is taken for %s", text.String(), got.Place.Name)
			}
		}
		if !what || !where {
			t.Fatalf("%q is taken for %s, %s", text.String(), got.Category, got.Place.Name)
		}
	})
}

func FuzzReader(f *testing.F) {
	for _, s := range []string{"FIRE Leipzig seen now smoke", "road, -51.34, 12.37; heard 5min ago", "ADD kq4m7-d2x8p it grows", "حريق، Leipzig", "a.b c - d\u2067x"} {
		f.Add(s, 0)
		f.Add(s, 6)
	}
	r, en := testReader(f)
	f.Fuzz(func(t *testing.T, text string, body int) {
		got := r.read(text, body, en)
		if len(got.missing()) > 0 {
			return
		}
		if _, ok := categoryOf(got.Category); !ok || len(got.Note) > len(text) || !r.watched(geo.GridAt(got.Place.Point)) || got.Locale == nil {
			t.Errorf("%q: %+v", text, got)
		}
		for _, field := range got.fields {
			if !strings.Contains(text, field) {
				t.Errorf("%q is not of %q", field, text)
			}
		}
	})
}
