package po_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"convoke/internal/i18n/po"
)

const sample = `# A translation.
msgid ""
msgstr ""
"Language: es\n"
"Plural-Forms: nplurals=2; plural=n != 1;\n"

# For the button.
#. from the code
#: a.go b.html
#, fuzzy, c-format
#| msgid "Old"
msgctxt "button"
msgid "Open"
msgstr "Abrir"
msgid "Two\n"
"lines \"quoted\" \\ and\ttab"
msgstr ""
"Dos\n"
"líneas"

msgid "{n} place"
msgid_plural "{n} places"
msgstr[0] "{n} plaza"
msgstr[1] "{n} plazas"

#~ msgid "Gone"
#~ msgstr "Ido"
`

func TestParse(t *testing.T) {
	t.Parallel()
	f, err := po.Parse([]byte("\ufeff" + strings.ReplaceAll(sample, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	want := []*po.Entry{
		{
			Key: po.Key{Context: "button", ID: "Open"}, Str: []string{"Abrir"},
			Comments: []string{"For the button."}, Notes: []string{"from the code"},
			Refs: []string{"a.go", "b.html"}, Flags: []string{"fuzzy", "c-format"},
		},
		{Key: po.Key{ID: "Two\nlines \"quoted\" \\ and\ttab"}, Str: []string{"Dos\nlíneas"}},
		{Key: po.Key{ID: "{n} place"}, Plural: "{n} places", Str: []string{"{n} plaza", "{n} plazas"}},
	}
	if d := cmp.Diff(want, f.Entries, cmpopts.IgnoreUnexported(po.Entry{})); d != "" {
		t.Error(d)
	}
	if f.Header["Language"] != "es" || f.Comments[0] != "A translation." {
		t.Errorf("header %v, comments %v", f.Header, f.Comments)
	}
	if !f.Entries[0].Fuzzy() || f.Entries[0].Translated() || !f.Entries[2].Translated() {
		t.Error("fuzzy or translated is wrong")
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"not UTF-8":                "msgid \"\xff\"\nmsgstr \"\"",
		"line 3: \"A\" is already": "msgid \"A\"\nmsgstr \"\"\nmsgid \"A\"\nmsgstr \"b\"\nmsgid \"B\"",
		"belongs to nothing":       "\"x\"",
		"unknown escape":           `msgid "\q"`,
		"needs a backslash":        `msgid "a"b"`,
		"ends in a backslash":      `msgid "a\"`,
		"quoted string":            `msgid a`,
		"before msgid":             `msgstr "a"`,
		"without a msgstr":         `msgid "a"`,
		"without a msgid":          `msgctxt "a"`,
		"two contexts":             "msgctxt \"a\"\nmsgctxt \"b\"",
		"expected msgstr[0]":       "msgid \"a\"\nmsgid_plural \"b\"\nmsgstr[1] \"c\"",
		"second msgstr":            "msgid \"a\"\nmsgstr \"b\"\nmsgstr \"c\"",
		"empty msgid":              "msgctxt \"a\"\nmsgid \"\"\nmsgstr \"b\"",
		"out of place":             "msgid \"a\"\nmsgid_plural \"b\"\nmsgid_plural \"c\"",
		"empty msgid_plural":       "msgid \"a\"\nmsgid_plural \"\"\nmsgstr[0] \"c\"",
		"more than 6": "msgid \"a\"\nmsgid_plural \"b\"\nmsgstr[0] \"\"\nmsgstr[1] \"\"\nmsgstr[2] \"\"\n" +
			"msgstr[3] \"\"\nmsgstr[4] \"\"\nmsgstr[5] \"\"\nmsgstr[6] \"\"",
	} {
		_, err := po.Parse([]byte(in))
		if err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(name, "line 3: ")) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("msgctxt \"a\"\n# x\nmsgid \"b\"\nmsgstr \"c\""))
	f.Add([]byte("#, fuzzy\n\nmsgid \"\"\nmsgstr \"a: b\\n\""))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := po.Parse(data)
		if err != nil {
			return
		}
		out := a.Bytes()
		b, err := po.Parse(out)
		if err != nil {
			t.Fatalf("own output: %v\n%s", err, out)
		}
		texts := cmp.FilterPath(func(p cmp.Path) bool {
			switch p.Last().String() {
			case ".Comments", ".Notes", ".Refs", ".Flags":
				return true
			}
			return false
		}, cmp.Ignore())
		if d := cmp.Diff(a.Entries, b.Entries, texts, cmpopts.IgnoreUnexported(po.Entry{})); d != "" {
			t.Fatal(d)
		}
		if again := b.Bytes(); !bytes.Equal(out, again) {
			t.Fatalf("not canonical:\n%s\n%s", out, again)
		}
	})
}

// TestPluralCLDR compares the rules in use with the tables of x/text.
func TestPluralCLDR(t *testing.T) {
	t.Parallel()
	forms := map[string][]plural.Form{
		"nplurals=2; plural=n != 1;": {plural.One, plural.Other},
		"nplurals=3; plural=n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2": {
			plural.One, plural.Few, plural.Many,
		},
		"nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;": {
			plural.Zero, plural.One, plural.Two, plural.Few, plural.Many, plural.Other,
		},
	}
	for lang, header := range map[string]string{
		"en": "nplurals=2; plural=n != 1;",
		"ru": "nplurals=3; plural=n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2",
		"ar": "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;",
	} {
		rule, err := po.ParsePlural(header)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 2000 {
			want := plural.Cardinal.MatchPlural(language.Make(lang), n, 0, 0, 0, 0)
			if got := forms[header][rule.Form(int64(n))]; got != want {
				t.Fatalf("%s: %d is %v, want %v", lang, n, got, want)
			}
		}
	}
}

func TestPluralOperators(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]int{
		"7 - 2 * 3":                   1,
		"(n + 8) / 4 == 2":            1,
		"!(n == 0)":                   0,
		"!n":                          1,
		"5 / n":                       0,
		"5 % n":                       0,
		"n < 1 && 2 > 1 || 0":         1,
		"1 <= 1 ? 2 >= 3 ? 0 : 3 : 1": 3,
		"0 || 0 && 1":                 0,
	} {
		p, err := po.ParsePlural("nplurals=6; plural=(" + rule + ") % 6;")
		if err != nil {
			t.Errorf("%s: %v", rule, err)
			continue
		}
		if got := p.Form(0); got != want {
			t.Errorf("%s is %d, want %d", rule, got, want)
		}
	}
	for _, bad := range []string{
		"", "nplurals=2;", "nplurals=0; plural=0;", "nplurals=7; plural=0;", "nplurals=2; plural=n;",
		"nplurals=2; plural=n = 1;", "nplurals=2; plural=(n;", "nplurals=2; plural=n ? 1;",
		"nplurals=2; plural=m;", "nplurals=2; plural=99999999999999999999;", "nplurals=2; plural=1 1;",
		"nplurals=2; plural=" + strings.Repeat("(", 500),
	} {
		if _, err := po.ParsePlural(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzParsePlural(f *testing.F) {
	f.Add("nplurals=3; plural=n == 1 ? 0 : n != 0 && n % 1000000 == 0 ? 1 : 2;", int64(-5))
	f.Add("nplurals=2; plural=((((n))))>1", int64(1<<62))
	f.Fuzz(func(t *testing.T, header string, n int64) {
		p, err := po.ParsePlural(header)
		if err != nil {
			return
		}
		if got := p.Form(n); got < 0 || got >= p.Count() {
			t.Fatalf("form %d of %d", got, p.Count())
		}
	})
}
