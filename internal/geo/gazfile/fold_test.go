package gazfile_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"convoke/internal/geo/gazfile"

	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                     "",
		"springfield":          "springfield",
		"  St.  Louis ":        "st louis",
		"Saint-Étienne":        "saint etienne",
		"Köln":                 "koln",
		"Straße":               "strasse",
		"ẞ":                    "ss",
		"Łódź":                 "lodz",
		"Ærøskøbing":           "aeroskobing",
		"Coeur d'Alene":        "coeur d alene",
		"Hawaiʻi":              "hawai i",
		"İstanbul":             "istanbul",
		"ΑΘΉΝΑΣ":               "αθηνασ",
		"Санкт-Петербург":      "санкт петербург",
		"서울":                   "서울",
		"が":                    "が",
		"हिन्दी":               "हिन्दी",
		"العَرَبِيَّة":         "العربية",
		"co\u00adoperate":      "cooperate",
		"①②":                   "12",
		"ﬁne":                  "fine",
		"\xff\xfeabc":          "abc",
		"a\tb\nc":              "a b c",
		"!?.":                  "",
		"N.Y.C.":               "n y c",
		"e\u0301":              "e",
		"Ｗｉｄｅ":                 "wide",
		"50 % off":             "50 off",
		"under_score":          "under score",
		strings.Repeat(" ", 5): "",
		"Trailing ":            "trailing",
		"don’t":                "don t",
	} {
		if got := gazfile.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func checkFolded(t interface {
	Helper()
	Fatalf(string, ...any)
}, in string,
) {
	t.Helper()
	once := gazfile.Fold(in)
	if twice := gazfile.Fold(once); twice != once {
		t.Fatalf("Fold(%q) = %q, but folded again %q", in, once, twice)
	}
	if !utf8.ValidString(once) || strings.Join(strings.Fields(once), " ") != once {
		t.Fatalf("Fold(%q) = %q is not clean", in, once)
	}
}

func TestFoldTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { checkFolded(t, rapid.String().Draw(t, "text")) })
	for r := rune(0); r <= utf8.MaxRune; r++ {
		checkFolded(t, string(r))
	}
}

func FuzzFold(f *testing.F) {
	f.Add("Saint-Étienne")
	f.Add("\u1100\u1161\u0301\xff")
	f.Fuzz(func(t *testing.T, in string) { checkFolded(t, in) })
}

func TestNameKey(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"Saint Louis", "St. Louis", "st louis", "ST LOUIS"},
		{"Mount Vernon", "Mt. Vernon"},
		{"Fort Worth", "Ft Worth"},
		{"O'Fallon", "Ofallon", "O’Fallon"},
		{"Winston-Salem", "winston salem"},
		{"The Bronx", "Bronx"},
	} {
		for _, name := range same[1:] {
			if a, b := gazfile.NameKey(same[0]), gazfile.NameKey(name); a != b {
				t.Errorf("%q is filed as %q, %q as %q", same[0], a, name, b)
			}
		}
	}
	if gazfile.NameKey("The") != "the" {
		t.Error("a name that is only an article vanished")
	}
}
