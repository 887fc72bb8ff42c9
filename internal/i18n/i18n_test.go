package i18n

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const testES = `
msgid ""
msgstr ""
"Language: es\n"
"Plural-Forms: nplurals=3; plural=n == 1 ? 0 : n != 0 && n % 1000000 == 0 ? 1 : 2;\n"

msgid "Hello, {name}. {when}"
msgstr "{when}: hola, {name}."

msgctxt "button"
msgid "Open"
msgstr "Abrir"

msgid "Open"
msgstr "Abierto"

#, fuzzy
msgid "Guess"
msgstr "Falso"

msgid "one person"
msgid_plural "{n} people in {place}"
msgstr[0] "una persona"
msgstr[1] "{n} de personas en {place}"
msgstr[2] "{n} personas en {place}"
`

const testAR = `
msgid ""
msgstr ""
"Language: ar\n"
"Plural-Forms: nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;\n"

msgid "one person"
msgid_plural "{n} people in {place}"
msgstr[0] "لا أحد"
msgstr[1] "شخص"
msgstr[2] "شخصان"
msgstr[3] "{n} أشخاص"
msgstr[4] "{n} شخصًا"
msgstr[5] "{n} شخص"
`

func testBundle(t *testing.T) *Bundle {
	t.Helper()
	b, err := load(fstest.MapFS{
		"locales/es.po": {Data: []byte(testES)},
		"locales/ar.po": {Data: []byte(testAR)},
		// The template has every text; its translations do not matter.
		"locales/convoke.pot": {Data: []byte(testES)},
	}, "", true)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func locale(t *testing.T, tag string) *Locale {
	t.Helper()
	l, ok := testBundle(t).Locale(tag)
	if !ok {
		t.Fatalf("no locale %s", tag)
	}
	return l
}

func TestTexts(t *testing.T) {
	t.Parallel()
	en, es, ar := locale(t, "en"), locale(t, "ES"), locale(t, "ar")
	const one, other = "one person", "{n} people in {place}"
	type kind string
	for i, c := range []struct{ got, want string }{
		{en.T("Hello, {name}. {when}", "name", "Ana", "when", 1200), "Hello, Ana. 1,200"},
		{es.T("Hello, {name}. {when}", "name", "Ana", "when", 12000), "12.000: hola, Ana."},
		{es.T("Guess"), "Guess"},
		{es.T("Not there {x}"), "Not there {x}"},
		{es.T("{a}{b}{a}", "a", "{b}", "b", kind("B")), "{b}B{b}"},
		{es.T("{ {} {a b} {a", "a", 1), "{ {} {a b} {a"},
		{es.T("{a}", "a"), "{a}"},
		{es.T("{a}", 7, "x", "a", nil), ""},
		{es.T("{a}", "a", uint8(7)), "7"},
		{es.T("{a}", "a", 2.5), "2,5"},
		{es.T("{a}", "a", time.Second), "1s"},
		{es.T("Open"), "Abierto"},
		{es.C("button", "Open"), "Abrir"},
		{es.C("door", "Open"), "Open"},
		{en.N(one, other, 1), "one person"},
		{en.N(one, other, 0, "place", "Leipzig"), "0 people in Leipzig"},
		{en.N(one, other, 1500, "place", "Leipzig"), "1,500 people in Leipzig"},
		{en.N(one, other, 2, "n", "two", "place", "X"), "two people in X"},
		{es.N(one, other, 1), "una persona"},
		{es.N(one, other, 1000000, "place", "Leipzig"), "1.000.000 de personas en Leipzig"},
		{es.N(one, other, 0, "place", "Leipzig"), "0 personas en Leipzig"},
		{es.N("a", "{n} b", 3), "3 b"},
		{ar.N(one, other, 2), "شخصان"},
		{ar.N(one, other, 11), "١١ شخصًا"},
		{es.T(one), "una persona"},
		// Values that run the other way are isolated, addresses are not.
		{en.T("{a} 3", "a", "שלום"), "\u2068שלום\u2069 3"},
		{en.T("{a}", "a", "a@שלום"), "a@שלום"},
		{ar.T("{a}", "a", "Leipzig"), "\u2068Leipzig\u2069"},
		{ar.T("{a}", "a", "https://x.example"), "https://x.example"},
	} {
		if c.got != c.want {
			t.Errorf("%d: got %q, want %q", i, c.got, c.want)
		}
	}
	if es.Complete() != 80 || en.Complete() != 100 {
		t.Errorf("complete: es %d, en %d", es.Complete(), en.Complete())
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	en, es, ar := locale(t, "en"), locale(t, "es"), locale(t, "ar")
	for i, c := range []struct{ got, want string }{
		{en.Number(0), "0"},
		{en.Number(999), "999"},
		{en.Number(1000), "1,000"},
		{en.Number(-1234567), "-1,234,567"},
		{en.Number(-9223372036854775808), "-9,223,372,036,854,775,808"},
		{es.Number(1000), "1000"},
		{es.Number(10000), "10.000"},
		{ar.Number(1234), "١٬٢٣٤"},
		{en.Range(1000, 2500), "1,000–2,500"},
		{en.Range(7, 7), "7"},
		{en.Kilometers(25.4), "25\u00a0km"},
		{en.Kilometers(2.0), "2\u00a0km"},
		{es.Kilometers(2.54), "2,5\u00a0km"},
		{en.Kilometers(9.97), "10\u00a0km"},
		{en.Kilometers(-0.01), "0\u00a0km"},
		{es.Kilometers(12345), "12.345\u00a0km"},
	} {
		if c.got != c.want {
			t.Errorf("%d: got %q, want %q", i, c.got, c.want)
		}
	}
}

func TestNumberGroups(t *testing.T) {
	t.Parallel()
	en := locale(t, "en")
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64().Draw(t, "n")
		parts := strings.Split(strings.TrimPrefix(en.Number(n), "-"), ",")
		for i, p := range parts {
			if len(p) > 3 || i > 0 && len(p) != 3 || p == "" {
				t.Fatalf("%d is %s", n, en.Number(n))
			}
		}
	})
}

func TestDates(t *testing.T) {
	t.Parallel()
	en, es, ar := locale(t, "en"), locale(t, "es"), locale(t, "ar")
	evening := time.Date(2026, 11, 21, 18, 5, 0, 0, time.UTC)
	midnight := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	for i, c := range []struct{ got, want string }{
		{en.Date(evening), "Saturday, November 21, 2026"},
		{es.Date(evening), "sábado, 21 de noviembre de 2026"},
		{ar.Date(evening), "السبت، ٢١ نوفمبر ٢٠٢٦"},
		{en.DateShort(evening), "Nov 21, 2026"},
		{es.DateShort(midnight), "1 sept 2026"},
		{en.Time(evening), "6:05 PM"},
		{en.Time(midnight), "12:00 AM"},
		{en.Time(midnight.Add(12 * time.Hour)), "12:00 PM"},
		{en.Time(midnight.Add(9 * time.Hour)), "9:00 AM"},
		{es.Time(evening), "18:05"},
		{es.Time(midnight), "0:00"},
		{ar.Time(evening), "٦:٠٥ م"},
		{en.Month(evening), "November 2026"},
		{es.Month(evening), "noviembre de 2026"},
		{en.T("{d}", "d", evening), "Nov 21, 2026"},
	} {
		if c.got != c.want {
			t.Errorf("%d: got %q, want %q", i, c.got, c.want)
		}
	}
	if d := cmp.Diff([]string{"lun", "mar", "mié", "jue", "vie", "sáb", "dom"}, es.Weekdays()); d != "" {
		t.Error(d)
	}
	if en.Weekdays()[0] != "Sun" || en.FirstWeekday() != time.Sunday || ar.FirstWeekday() != time.Saturday {
		t.Error("first weekday is wrong")
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	b := testBundle(t)
	for _, c := range []struct {
		want  string
		prefs []string
	}{
		{"en", nil},
		{"en", []string{"", "xx", "*", "de"}},
		{"es", []string{"es"}},
		{"es", []string{"", "es-MX,es;q=0.9,en;q=0.8"}},
		{"en", []string{"en-GB,en;q=0.9,es;q=0.5"}},
		{"es", []string{"de;q=0.9, es;q=0.5"}},
		{"en", []string{"en", "es"}},
		{"ar", []string{"ar-EG", "es"}},
		{"es", []string{"not a tag!", "es"}},
		{"en-XA", []string{"EN-xa"}},
		{"en", []string{"en-XA,en"}},
		{"es", []string{"es," + strings.Repeat("de-", 100000)}},
		{"es", []string{strings.Repeat("x", 100000), "es"}},
	} {
		if got := b.Match(c.prefs...).Tag(); got != c.want {
			t.Errorf("%.60q: got %s, want %s", c.prefs, got, c.want)
		}
	}
}

func FuzzMatch(f *testing.F) {
	b, err := Load(true)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("es-MX,es;q=0.9,en;q=0.8")
	f.Add("*;q=0")
	f.Fuzz(func(t *testing.T, header string) {
		if b.Match(header) == nil {
			t.Fatal("no locale")
		}
	})
}

func TestLocales(t *testing.T) {
	t.Parallel()
	var got []string
	for _, l := range testBundle(t).Locales() {
		got = append(got, l.Tag()+" "+l.Dir())
		if l.Name() == "" {
			t.Errorf("%s has no name", l.Tag())
		}
	}
	if d := cmp.Diff([]string{"en ltr", "ar rtl", "es ltr", "en-XA ltr", "ar-XB rtl"}, got); d != "" {
		t.Error(d)
	}
	b, err := Load(false)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := b.Locale("en-XA"); ok {
		t.Error("a pseudo locale is offered outside development")
	}
}

func TestPseudo(t *testing.T) {
	t.Parallel()
	xa, xb := locale(t, "en-XA"), locale(t, "ar-XB")
	if got, want := xa.T("Hello, {name}.", "name", "Ana"), "⟦Ĥéļļö~~, Ana.⟧"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := xb.N("a", "{n} to go", 3), "3 \u200f\u202eto\u202c\u200f \u200f\u202ego\u202c\u200f"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	day := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	if got := xa.DateShort(day); got != "⟦Ṁåý~ 1, 2026⟧" {
		t.Errorf("got %q", got)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]struct{ name, from, to string }{
		"header Language":     {"es", "Language: es", "Language: en"},
		"Plural-Forms":        {"es", "nplurals=3; plural=", ""},
		"add them to tables":  {"qu", "Language: es", "Language: qu"},
		"3 forms, the langua": {"es", "? 0 : n != 0 && n % 1000000 == 0 ? 1 : 2", ""},
		"locale e_":           {"es-_", "Language: es", "Language: es-_"},
		"second catalogue":    {"en", "Language: es", "Language: en"},
		"po: line":            {"es", "msgctxt", "what"},
	} {
		data := strings.Replace(testES, f.from, f.to, 1)
		if want == "3 forms, the langua" {
			data = strings.Replace(data, "nplurals=3", "nplurals=2", 1)
		}
		_, err := load(fstest.MapFS{
			"locales/" + f.name + ".po": {Data: []byte(data)}, "locales/convoke.pot": {Data: []byte(testES)},
		}, "", false)
		if err == nil || !strings.Contains(err.Error(), strings.TrimSuffix(want, " e_")) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

func TestSort(t *testing.T) {
	t.Parallel()
	es := locale(t, "es")
	got := []string{"Ward 10", "ñu", "nube", "Ángel", "oso", "angel", "Ward 2", "Árbol"}
	var wg sync.WaitGroup
	for range 4 { // collators are not shareable; ours must be
		wg.Go(func() { es.Sort(slices.Clone(got)) })
	}
	wg.Wait()
	es.Sort(got)
	want := []string{"angel", "Ángel", "Árbol", "nube", "ñu", "oso", "Ward 2", "Ward 10"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !es.Less("angel", "Ángel") || es.Less("a", "a") {
		t.Error("Less disagrees")
	}
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	if d := cmp.Diff([]string{"a", "b_1"}, Placeholders("{b_1} {a} {a} {} {no no}")); d != "" {
		t.Error(d)
	}
}
