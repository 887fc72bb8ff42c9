package i18n

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/i18n/po"
)

const testUK = `
msgid ""
msgstr ""
"Language: uk\n"
"Plural-Forms: nplurals=3; plural=n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2;\n"

msgid "Open"
msgstr "Відкрито"

msgid "Of another version"
msgstr "Іншої версії"
`

func folderBundle(t *testing.T, files map[string]string) (b *Bundle, dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	b, err := load(fstest.MapFS{
		"locales/es.po": {Data: []byte(testES)}, "locales/convoke.pot": {Data: []byte(testES)},
	}, dir, false)
	if err != nil {
		t.Fatal(err)
	}
	return b, dir
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func say(t *testing.T, b *Bundle, tag, text string) string {
	t.Helper()
	l, ok := b.Locale(tag)
	if !ok {
		t.Fatalf("no locale %s", tag)
	}
	return l.T(text)
}

func TestFolder(t *testing.T) {
	t.Parallel()
	over := strings.NewReplacer("Abierto", "Está abierto", `msgstr "Abrir"`, `msgstr ""`, "una persona", "una persona en {place}").Replace(testES)
	b, dir := folderBundle(t, map[string]string{"uk.po": testUK, "es.po": over, "read.me": "x"})
	if p := b.Problems(); len(p) > 0 {
		t.Fatal(p)
	}
	if got := say(t, b, "uk", "Open"); got != "Відкрито" {
		t.Errorf("a new language says %q", got)
	}
	if got := say(t, b, "es", "Open"); got != "Está abierto" {
		t.Errorf("a text that was replaced is %q", got)
	}
	es, _ := b.Locale("es")
	if got := es.C("button", "Open"); got != "Abrir" {
		t.Errorf("an empty text hides the program's: %q", got)
	}
	uk, _ := b.Locale("uk")
	if uk.Complete() != 20 || uk.Date(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)) != "субота, 21 листопада 2026 р." {
		t.Errorf("%d %%, %s", uk.Complete(), uk.Date(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)))
	}
	if b.Match("uk-UA,uk;q=0.8,en;q=0.5") != uk {
		t.Error("a browser does not get the new language")
	}
	if b.Changed() {
		t.Error("a folder nobody touched has changed")
	}

	// A mistake leaves the language as it was, and is told.
	write(t, filepath.Join(dir, "uk.po"), strings.Replace(testUK, "Відкрито", "Відкрито {x}", 1))
	if !b.Changed() {
		t.Error("a change is not noticed")
	}
	if err := b.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := say(t, b, "uk", "Open"); got != "Відкрито" {
		t.Errorf("after a mistake it says %q", got)
	}
	if p := b.Problems(); len(p) != 1 || !strings.Contains(p[0], "uk.po") || !strings.Contains(p[0], "has no {x}") {
		t.Errorf("problems: %q", p)
	}
	if b.Changed() {
		t.Error("the same mistake is read again and again")
	}

	// Mended, it is taken; removed, the language is gone and the program's is back.
	old := uk.Key()
	write(t, filepath.Join(dir, "uk.po"), strings.Replace(testUK, "Відкрито", "Відчинено", 1))
	if err := os.Remove(filepath.Join(dir, "es.po")); err != nil {
		t.Fatal(err)
	}
	if err := b.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := say(t, b, "uk", "Open") + say(t, b, "es", "Open"); got != "ВідчиненоAbierto" {
		t.Errorf("mended: %q", got)
	}
	if uk, _ := b.Locale("uk"); uk.Key() == old {
		t.Error("another reading has the same key, so old pages would stay")
	}
}

func TestFolderRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"uk.po":   {"msgid", "po: line 1"},
		"fr.po":   {testUK, "header Language"},
		"en.po":   {strings.Replace(testUK, "Language: uk", "Language: en", 1), "another language than English"},
		"a_b.po":  {strings.Replace(testUK, "Language: uk", "Language: a_b", 1), "not the tag"},
		"es.po":   {strings.Replace(testUK, "Language: uk", "Language: es", 1) + "\nmsgid \"one person\"\nmsgid_plural \"{n} people in {place}\"\nmsgstr[0] \"a\"\n", "1 plural forms, the language has 3"},
		"de.po":   {strings.Replace(testUK, "Language: uk", "Language: de", 1) + "\nmsgctxt \"button\"\nmsgid \"Open\"\nmsgstr \"<b>auf</b>\"\n", "without HTML"},
		"it.po":   {strings.Replace(testUK, "Language: uk", "Language: it", 1) + "\nmsgctxt \"button\"\nmsgid \"Open\"\nmsgstr \"\u202eapri\"\n", "hidden character"},
		"nl.po":   {strings.Replace(testUK, "Language: uk", "Language: nl", 1) + "\nmsgctxt \"button\"\nmsgid \"Open\"\nmsgstr \"\u2068open\"\n", "hidden character"},
		"rule.po": {strings.NewReplacer("Language: uk", "Language: rule", "nplurals=3", "nplurals=1").Replace(testUK), "plural rule"},
	} {
		b, _ := folderBundle(t, map[string]string{name: c.text})
		if p := b.Problems(); len(p) != 1 || !strings.Contains(p[0], c.want) {
			t.Errorf("%s: %q, want %q", name, p, c.want)
		}
		if got := say(t, b, "es", "Open"); got != "Abierto" {
			t.Errorf("%s: Spanish says %q", name, got)
		}
	}
}

func TestALanguageWithoutATable(t *testing.T) {
	t.Parallel()
	text := strings.Replace(testUK, "Language: uk\\n\"", "Language: ckb\\n\"\n\"X-Language-Name: کوردی\\n\"", 1)
	b, _ := folderBundle(t, map[string]string{"ckb.po": text})
	l, ok := b.Locale("ckb")
	if !ok {
		t.Fatal(b.Problems())
	}
	day := time.Date(2026, 11, 5, 9, 7, 0, 0, time.UTC)
	got := []string{l.Name(), l.Dir(), l.DateShort(day), l.Time(day), l.Month(day)}
	if d := cmp.Diff([]string{"کوردی", "rtl", "2026-11-5", "9:07", "2026-11"}, got); d != "" {
		t.Error(d)
	}
}

func TestPut(t *testing.T) {
	t.Parallel()
	b, dir := folderBundle(t, map[string]string{"uk.po": testUK})
	for _, c := range []struct {
		tag   string
		key   po.Key
		forms []string
	}{
		{"uk", po.Key{Context: "button", ID: "Open"}, []string{"Відкрити"}},
		{"uk", po.Key{ID: "Open"}, []string{"Відчинено"}},
		{"uk", po.Key{ID: "one person"}, []string{"{n} людина", "{n} людини", "{n} людей у {place}"}},
		{"es", po.Key{ID: "Guess"}, []string{"Adivina"}},
	} {
		err := b.Put(c.tag, c.key, c.forms, "Олена")
		if wrong := c.key.ID == "one person"; wrong != (err != nil) {
			t.Errorf("%s: %v", c.key.ID, err) // {place} is missing in two forms
		}
	}
	if err := b.Put("uk", po.Key{ID: "one person"}, []string{"{n} людина в {place}", "{n} людини в {place}", "{n} людей у {place}"}, ""); err != nil {
		t.Error(err)
	}
	uk, _ := b.Locale("uk")
	if got := uk.C("button", "Open") + " " + uk.T("Open") + " " + uk.N("one person", "{n} people in {place}", 22, "place", "X"); got != "Відкрити Відчинено 22 людини в X" {
		t.Errorf("says %q", got)
	}
	if got := say(t, b, "es", "Guess") + say(t, b, "es", "Open"); got != "AdivinaAbierto" {
		t.Errorf("Spanish says %q", got)
	}
	data, err := os.ReadFile(filepath.Join(dir, "uk.po"))
	if err != nil || !strings.Contains(string(data), "Of another version") {
		t.Errorf("what was in the file is lost: %v\n%s", err, data)
	}
	for _, bad := range []error{
		b.Put("en", po.Key{ID: "Open"}, []string{"x"}, ""), b.Put("uk", po.Key{ID: "Nowhere"}, []string{"x"}, ""),
		b.Put("tlh", po.Key{ID: "Open"}, []string{"x"}, ""), b.Put("uk", po.Key{ID: "Open"}, []string{"{x}"}, ""),
	} {
		if bad == nil {
			t.Error("was taken")
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".new-*")); len(left) > 0 || b.Changed() {
		t.Errorf("left over: %q", left)
	}
	// What is downloaded can be put into a folder as it is.
	out := b.Catalogue(uk).Bytes()
	if r := b.Check("uk.po", out); len(r.Errors) > 0 || r.Done != 3 || r.All != 5 {
		t.Errorf("%+v\n%s", r, out)
	}
}

func TestVariants(t *testing.T) {
	t.Parallel()
	es := locale(t, "es")
	m := es.Marked()
	if got := m.T("Guess") + m.T("Open") + m.N("a", "{n} b", 3); got != "⟦Guess⟧Abierto⟦3 b⟧" {
		t.Errorf("marked: %s", got)
	}
	if m != es.Marked() || m.Key() == es.Key() || m.Marked() != m {
		t.Error("the marked locale is not one of its own")
	}
	for _, tag := range []string{"en", "en-XA"} {
		if l := locale(t, tag); l.Marked() != l || l.Translatable() || !l.Has(po.Key{ID: "x"}) {
			t.Errorf("%s: can be translated", tag)
		}
	}
	r, seen := es.Recording()
	if r.T("Open")+r.C("button", "Open")+r.N("a", "b", 2)+r.T("Open") != "AbiertoAbrirbAbierto" || !r.Records() || es.Records() {
		t.Error("a recording locale says something else")
	}
	if d := cmp.Diff([]po.Key{{ID: "Open"}, {Context: "button", ID: "Open"}, {ID: "a"}}, seen.Keys()); d != "" {
		t.Error(d)
	}
	ar := locale(t, "ar")
	var got [][]int
	for i := range ar.Count() {
		got = append(got, ar.Samples(i))
	}
	if d := cmp.Diff([][]int{{0}, {1}, {2}, {3, 4, 5}, {11, 12, 13}, {100, 101, 102}}, got); d != "" {
		t.Error(d)
	}
	if got := ar.Fill("{n} في {place}", 12); got != "١٢ في {place}" {
		t.Errorf("filled: %q", got)
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	b, _ := folderBundle(t, nil)
	f, err := b.Start("eo", "Esperanto", "nplurals=2; plural=n != 1;")
	if err != nil {
		t.Fatal(err)
	}
	if r := b.Check("eo.po", f.Bytes()); len(r.Errors) > 0 || r.Done != 0 || r.All != 5 {
		t.Errorf("%+v", r)
	}
	for _, bad := range [][2]string{{"en", "nplurals=1; plural=0;"}, {"EO", "nplurals=1; plural=0;"}, {"eo", "x"}} {
		if _, err := b.Start(bad[0], "", bad[1]); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
